/**
 * The plan of one namespace: the only place that decides.
 *
 * Operator, command line, metrics and page call this same function. It reads a view, writes nothing,
 * and planning a namespace that is as planned yields no write.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { resolveNames, type ResolvedName, type Scoped } from './claims.ts';
import { decide, type Decision } from './decide.ts';
import { findLeaving, findLosses, plannedDirections, scopesByName, type Leftover, type Loss } from './leaving.ts';
import { scopeOf } from './selection.ts';
import type { NamespaceView } from './view.ts';
import { inOrder, removalOf, writeFor, type Write } from './writes.ts';

/** One claimed name with what was decided about it. */
export interface PlannedName extends ResolvedName { readonly decision: Decision }

export interface NamespacePlan {
  readonly namespace: string;
  readonly uid: string;
  readonly terminating: boolean;
  /** Every baseline with its scope here, by precedence. */
  readonly scopes: readonly Scoped[];
  readonly names: readonly PlannedName[];
  readonly leftovers: readonly Leftover[];
  readonly retained: readonly string[];
  /** Isolation that carrying out the writes would take away and that may be an accident. */
  readonly losses: readonly Loss[];
  readonly writes: readonly Write[];
  /** When time alone changes the plan; milliseconds since the epoch. */
  readonly changesAtMs: number | undefined;
}

export function planNamespace(view: NamespaceView): NamespacePlan {
  const { namespace, policies, cluster, deleted, nowMs } = view;
  const scopes = cluster.baselines.map((baseline): Scoped => ({ baseline, scope: scopeOf(baseline, namespace, cluster, nowMs) }));
  const base = { namespace: namespace.name, uid: namespace.uid, terminating: namespace.terminating, scopes };
  if (namespace.terminating) return { ...base, ...NOTHING_PLANNED };
  const names = resolveNames(scopes, namespace.labels, policies)
    .map((resolved): PlannedName => ({ ...resolved, decision: decide(resolved, policies.get(resolved.name), deleted.has(resolved.name)) }));
  const byName = scopesByName(scopes);
  const { leftovers, retained } = findLeaving(policies, new Set(names.map(({ name }) => name)), byName);
  const losses = findLosses(policies, plannedDirections(scopes), byName);
  return { ...base, names, leftovers, retained, losses, writes: plannedWrites(view, names, leftovers, losses), changesAtMs: changesAt(scopes) };
}

const NOTHING_PLANNED = { names: [], leftovers: [], retained: [], losses: [], writes: [], changesAtMs: undefined } as const;


function plannedWrites(view: NamespaceView, names: readonly PlannedName[], leftovers: readonly Leftover[], losses: readonly Loss[]): Write[] {
  const writes: Write[] = [];
  for (const { name, desired, decision } of names) {
    const write = desired === undefined ? undefined : writeFor(desired, view.policies.get(name), decision, losses);
    if (write !== undefined) writes.push(write);
  }
  for (const leftover of leftovers) {
    if (leftover.removable) writes.push(removalOf(leftover, losses));
  }
  return inOrder(writes);
}

function changesAt(scopes: readonly Scoped[]): number | undefined {
  let earliest: number | undefined;
  for (const { scope } of scopes) {
    if (scope.kind !== 'Selected' || scope.changesAtMs === undefined) continue;
    if (earliest === undefined || scope.changesAtMs < earliest) earliest = scope.changesAtMs;
  }
  return earliest;
}

/** The directions of `plan` in which the baseline enforces here, for messages. */
export function enforcedDirections({ scope }: Scoped): Direction[] {
  return scope.kind === 'Selected' ? DIRECTIONS.filter((direction) => scope.enforced.has(direction)) : [];
}
