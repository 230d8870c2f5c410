/**
 * Whether a baseline concerns a namespace, and in which directions. One predicate for existing and new ones.
 *
 * The first check that applies decides and is the reason; there is no boolean beside it to disagree.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { NamespaceRecord } from '../kube/objects.ts';
import type { CompiledBaseline, CompiledExemption } from './compile.ts';
import type { ClusterView } from './view.ts';

export type Scope =
  | { readonly kind: 'Terminating' }
  | { readonly kind: 'Excluded'; readonly reason: 'SystemNamespace' | 'ExcludedByName' }
  | { readonly kind: 'Unselected' }
  | {
      readonly kind: 'Selected';
      /** Directions in which policies are written here: mode Enforce and not exempt. */
      readonly enforced: ReadonlySet<Direction>;
      /** Exempt now, of the directions in mode Enforce or Audit. */
      readonly exempt: ReadonlyMap<Direction, CompiledExemption>;
      /** The next time at which an exemption that applies here ends; milliseconds since the epoch. */
      readonly changesAtMs: number | undefined;
    };

export function scopeOf(baseline: CompiledBaseline, namespace: NamespaceRecord, cluster: ClusterView, nowMs: number): Scope {
  if (namespace.terminating) return TERMINATING;
  if (cluster.systemNamespaces.has(namespace.name)) return SYSTEM;
  if (baseline.excluded.has(namespace.name)) return EXCLUDED;
  if (!baseline.usable || !baseline.selects(namespace.labels)) return UNSELECTED;
  return selected(baseline, namespace, nowMs);
}

const TERMINATING: Scope = { kind: 'Terminating' };
const SYSTEM: Scope = { kind: 'Excluded', reason: 'SystemNamespace' };
const EXCLUDED: Scope = { kind: 'Excluded', reason: 'ExcludedByName' };
const UNSELECTED: Scope = { kind: 'Unselected' };
const NO_EXEMPTIONS: ReadonlyMap<Direction, CompiledExemption> = new Map();

function selected(baseline: CompiledBaseline, namespace: NamespaceRecord, nowMs: number): Scope {
  const applicable = baseline.exemptions.filter((exemption) => exemption.applies(namespace));
  const live = applicable.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  const exempt = live.length === 0 ? NO_EXEMPTIONS : exemptDirections(baseline, live);
  return {
    kind: 'Selected',
    enforced: new Set(DIRECTIONS.filter((direction) => baseline.modes[direction] === 'Enforce' && !exempt.has(direction))),
    exempt,
    changesAtMs: nextExpiry(live),
  };
}

/** For each direction the exemption that lasts longest. */
function exemptDirections(baseline: CompiledBaseline, live: readonly CompiledExemption[]): ReadonlyMap<Direction, CompiledExemption> {
  const longestFirst = [...live].sort((a, b) => b.expiresAtMs - a.expiresAtMs);
  const exempt = new Map<Direction, CompiledExemption>();
  for (const direction of DIRECTIONS) {
    const exemption = longestFirst.find(({ directions }) => directions.has(direction));
    if (exemption !== undefined && baseline.modes[direction] !== 'Disabled') exempt.set(direction, exemption);
  }
  return exempt;
}

function nextExpiry(live: readonly CompiledExemption[]): number | undefined {
  const next = Math.min(...live.map(({ expiresAtMs }) => expiresAtMs));
  return Number.isFinite(next) ? next : undefined;
}
