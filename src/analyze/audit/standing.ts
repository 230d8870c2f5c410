/**
 * What a namespace is allowed to be: a system namespace, exempt from a baseline in some direction, or neither.
 *
 * The same predicate as the operator's. An exemption counts only where no other baseline enforces the direction.
 */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import type { BaselineRecord } from '../../kube/objects.ts';
import { compileBaseline } from '../../plan/compile.ts';
import { ownerOf } from '../../plan/report.ts';
import { scopeOf } from '../../plan/selection.ts';
import { clusterViewOf } from '../../plan/view.ts';
import type { SnapshotNamespace } from '../world.ts';

export interface Exemption {
  readonly direction: Direction;
  readonly baseline: string;
  readonly reason: string;
  /** RFC 3339; absent for one that does not end. */
  readonly expiresAt: string | undefined;
}

export interface Standing {
  readonly isSystem: boolean;
  readonly exemptions: readonly Exemption[];
  /** Whom a baseline's ownerKey names; empty where nobody is named, absent where no baseline asks for an owner. */
  readonly owner: string | undefined;
}

export interface StandingFacts {
  readonly baselines: readonly BaselineRecord[];
  readonly systemNamespaces: ReadonlySet<string>;
  /** Milliseconds since the epoch: exemptions end. */
  readonly nowMs: number;
}

export function createStanding({ baselines, systemNamespaces, nowMs }: StandingFacts): (namespace: SnapshotNamespace) => Standing {
  const cluster = clusterViewOf(baselines.map((record) => compileBaseline(record)), systemNamespaces, 1);
  return ({ name, labels, annotations, terminating }) => {
    const record = { name, labels, annotations, terminating, uid: '', resourceVersion: '', createdAtMs: 0 };
    const scopes = cluster.baselines.map((baseline) => ({ baseline, scope: scopeOf(baseline, record, cluster, nowMs) }));
    const selected = scopes.flatMap(({ baseline, scope }) => (scope.kind === 'Selected' ? [{ baseline, scope }] : []));
    const exemptions = DIRECTIONS.flatMap((direction): Exemption[] => {
      if (selected.some(({ scope }) => scope.enforced.has(direction))) return [];
      const found = selected.find(({ scope }) => scope.exempt.has(direction));
      const exemption = found?.scope.exempt.get(direction);
      if (found === undefined || exemption === undefined) return [];
      const { reason, expiresAtMs } = exemption;
      return [{ direction, baseline: found.baseline.name, reason, expiresAt: Number.isFinite(expiresAtMs) ? new Date(expiresAtMs).toISOString() : undefined }];
    });
    const owner = scopes.some(({ baseline }) => baseline.spec.ownerKey !== '') ? ownerOf(record, { scopes }) : undefined;
    return { isSystem: systemNamespaces.has(name), exemptions, owner };
  };
}

/** Whether to be open in this direction is as somebody wants it. */
export function isExcused({ isSystem, exemptions }: Standing, direction: Direction): boolean {
  return isSystem || exemptions.some((exempt) => exempt.direction === direction);
}
