/**
 * The plan of one namespace: the only place that decides.
 *
 * Operator, command line, metrics and page call this same function. It reads a view, writes nothing,
 * and planning a namespace that is as planned yields no write. What is held is done in part: part.ts.
 */
import { DEFAULT_DENY } from '../api/names.ts';
import type { Direction } from '../api/network-policy.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import { resolveNames, type ResolvedName, type Scoped } from './claims.ts';
import { decide, type Decision } from './decide.ts';
import { keptDirections } from './isolation.ts';
import { findLeaving, findLosses, plannedDirections, scopesByName, type Leftover, type Loss } from './leaving.ts';
import { bridged, keeping } from './part.ts';
import { scopeOf } from './selection.ts';
import type { NamespaceView } from './view.ts';
import { droppedDirections, inOrder, nameOf, removalOf, writeFor, type Write } from './writes.ts';

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
  /** Directions that stay or become isolated, whoever asks for it. */
  readonly isolated: ReadonlySet<Direction>;
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
  const kept = keptDirections(policies.get(DEFAULT_DENY), scopes);
  const { leftovers, retained } = findLeaving(policies, new Set(names.map(({ name }) => name)), byName);
  const isolated = plannedDirections(scopes, kept.keys());
  const losses = findLosses(policies, isolated, byName);
  const writes = inOrder(plannedWrites({ policies, names, leftovers, losses, kept }));
  return { ...base, names, leftovers, retained, isolated, losses, writes, changesAtMs: changesAt(scopes) };
}

const NOTHING_PLANNED = {
  names: [], leftovers: [], retained: [], isolated: new Set<Direction>(), losses: [], writes: [], changesAtMs: undefined,
} as const;

interface Findings {
  readonly policies: ReadonlyMap<string, PolicyRecord>;
  readonly names: readonly PlannedName[];
  readonly leftovers: readonly Leftover[];
  readonly losses: readonly Loss[];
  /** Directions that default-deny keeps for baselines of which nothing is removed. */
  readonly kept: ReadonlyMap<Direction, string>;
}

function plannedWrites({ policies, names, leftovers, losses, kept }: Findings): Write[] {
  const writes: Write[] = [];
  for (const { name, desired, decision } of names) {
    const write = desired === undefined ? undefined : writeFor(desired, policies.get(name), decision, losses);
    if (write !== undefined) writes.push(write);
  }
  const dropped = droppedBy(writes.find((write) => nameOf(write) === DEFAULT_DENY));
  const all = writes.map((write) => bridged(write, dropped));
  for (const leftover of leftovers) {
    if (!leftover.removable) continue;
    const removal = removalOf(leftover, losses);
    const write = nameOf(removal) === DEFAULT_DENY && kept.size > 0 ? keeping(removal, kept) : removal;
    if (write !== undefined) all.push(write);
  }
  return all;
}

/** Directions that default-deny isolates and will not any more. */
function droppedBy(deny: Write | undefined): ReadonlyMap<Direction, string> {
  if (deny?.kind !== 'Update') return new Map();
  return new Map(droppedDirections(deny).map((direction) => [direction, deny.live.own.baseline ?? deny.policy.baseline]));
}

function changesAt(scopes: readonly Scoped[]): number | undefined {
  let earliest: number | undefined;
  for (const { scope } of scopes) {
    if (scope.kind !== 'Selected' || scope.changesAtMs === undefined) continue;
    if (earliest === undefined || scope.changesAtMs < earliest) earliest = scope.changesAtMs;
  }
  return earliest;
}
