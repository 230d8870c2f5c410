/** The rows of the state gauges at one moment, from the memories and stores. Computed at scrape time, on the leader. */
import type { PolicyRecord } from '../kube/objects.ts';
import { COVERAGES } from '../plan/coverage.ts';
import type { CompiledBaseline, CompiledExemption } from '../plan/compile.ts';
import { isFullyLabelled } from '../plan/ownership.ts';
import type { Stores } from './control-parts.ts';
import type { Isolation } from './isolation/isolation.ts';
import { isolationRows } from './isolation/rows.ts';
import type { LeaderState } from './leadership.ts';
import { attentionRows, countRows, coverageRows, stateRows, type Row } from './summary.ts';

export interface StateRowsParts {
  readonly state: Pick<LeaderState, 'views' | 'memories' | 'gate' | 'lastFullScanMs'>;
  readonly isolation: Isolation;
  readonly stores: Stores;
  /** Up to how many namespaces, exemptions and baselines that are gone get a row of their own. */
  readonly limit: number;
  /** Monotonic milliseconds. */
  now(): number;
  wallMs(): number;
}

export function stateGaugeRows(parts: StateRowsParts) {
  const { state: { views, memories, gate }, isolation, stores, limit } = parts;
  const { baselines } = views.cluster();
  const names = baselines.map(({ name }) => name);
  const attention = attentionRows(memories, limit, parts.now(), (namespace) => isolation.of(namespace)?.effect);
  const scannedMs = parts.state.lastFullScanMs();
  return {
    namespaces: stateRows(names, memories),
    coverageNamespaces: coverageRows(memories, COVERAGES),
    ...isolationRows({ namespaces: stores.namespaces.all(), isolation, memories }),
    namespaceAttention: attention.rows,
    namespaceAttentionDropped: [{ labels: {}, value: attention.dropped }],
    policies: policyRows(baselines, stores.policies.all()),
    driftOpen: countRows<'baseline' | 'template'>(memories, ({ drifted }) => drifted),
    contendedPolicies: [{ labels: {}, value: sum(memories.all(), ([, { report }]) => report?.contended.length ?? 0) }],
    leftoverPolicies: withZeros(names, countRows<'baseline'>(memories, ({ leftovers }) => leftovers.map(({ baseline }) => ({ baseline })))),
    retainedPolicies: retainedRows(names, stores.policies.all(), limit),
    heldRemovals: names.map((baseline) => ({ labels: { baseline }, value: heldCount(baseline, gate) })),
    exemptions: baselines.flatMap((baseline) => exemptionRows(baseline, parts.wallMs())),
    exemptionExpiry: expiryRows(baselines, parts.wallMs(), limit),
    statusCondition: baselines.flatMap(conditionRows),
    lastFullScan: scannedMs === undefined ? [] : [{ labels: {}, value: scannedMs / 1000 }],
  };
}

/** Whoever may write policies may write any label: what no baseline says has no series of its own. Cannot be the name of anything. */
export const OTHER = '(other)';

export function policyRows(baselines: readonly CompiledBaseline[], policies: Iterable<PolicyRecord>): Row<'baseline' | 'template'>[] {
  const templatesOf = new Map(baselines.map(({ name, templates }) => [name, new Set(templates.map((template) => template.name))]));
  const counts = new Map<string, Row<'baseline' | 'template'> & { value: number }>();
  for (const policy of policies) {
    if (!isFullyLabelled(policy)) continue;
    const templates = templatesOf.get(policy.own.baseline ?? '');
    const baseline = templates === undefined ? OTHER : policy.own.baseline ?? OTHER;
    const template = templates?.has(policy.name) === true ? policy.name : OTHER;
    const key = `${baseline}/${template}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { labels: { baseline, template }, value: 1 });
    else known.value += 1;
  }
  return [...counts.values()];
}

/** Labelled for a baseline that does not exist, those with the most by name; the ones that exist are there at 0. */
export function retainedRows(names: readonly string[], policies: Iterable<PolicyRecord>, limit: number): Row<'baseline'>[] {
  const existing = new Set(names);
  const counts = new Map<string, number>();
  for (const policy of policies) {
    const { baseline } = policy.own;
    if (isFullyLabelled(policy) && baseline !== undefined && !existing.has(baseline)) counts.set(baseline, (counts.get(baseline) ?? 0) + 1);
  }
  const gone = [...counts].sort(([a, few], [b, many]) => many - few || (a < b ? -1 : 1)).map(([baseline, value]) => ({ labels: { baseline }, value }));
  const rest = sum(gone.slice(limit), ({ value }) => value);
  return [...names.map((baseline) => ({ labels: { baseline }, value: 0 })), ...gone.slice(0, limit), ...(rest > 0 ? [{ labels: { baseline: OTHER }, value: rest }] : [])];
}

function heldCount(baseline: string, gate: LeaderState['gate']): number {
  const { held, confirmed } = gate.heldFor(baseline);
  return held === undefined || confirmed ? 0 : held.namespaces;
}

function exemptionRows({ name, exemptions }: CompiledBaseline, nowMs: number): Row<'baseline' | 'state'>[] {
  const expired = exemptions.filter(({ expiresAtMs }) => expiresAtMs <= nowMs).length;
  return [
    { labels: { baseline: name, state: 'active' }, value: exemptions.length - expired },
    { labels: { baseline: name, state: 'expired' }, value: expired },
  ];
}

/** The ones that end next, or ended last; one row for each target, since labels must not repeat. */
function expiryRows(baselines: readonly CompiledBaseline[], nowMs: number, limit: number): Row<'baseline' | 'exemption'>[] {
  const ending = baselines.flatMap(({ name, exemptions }) => [...byTarget(exemptions)].map(([exemption, atMs]) => ({ labels: { baseline: name, exemption }, value: atMs / 1000 })));
  return ending.sort((a, b) => Math.abs(a.value * 1000 - nowMs) - Math.abs(b.value * 1000 - nowMs)).slice(0, limit);
}

function byTarget(exemptions: readonly CompiledExemption[]): ReadonlyMap<string, number> {
  const latest = new Map<string, number>();
  for (const { target, expiresAtMs } of exemptions) {
    if (Number.isFinite(expiresAtMs)) latest.set(target, Math.max(latest.get(target) ?? 0, expiresAtMs));
  }
  return latest;
}

function conditionRows({ name, record }: CompiledBaseline): Row<'baseline' | 'condition'>[] {
  return (record.status.conditions ?? []).map(({ type, status }) => ({ labels: { baseline: name, condition: type }, value: status === 'True' ? 1 : 0 }));
}

function withZeros(names: readonly string[], rows: readonly Row<'baseline'>[]): Row<'baseline'>[] {
  const present = new Set(rows.map(({ labels }) => labels.baseline));
  return [...rows, ...names.filter((name) => !present.has(name)).map((baseline) => ({ labels: { baseline }, value: 0 }))];
}

function sum<T>(items: Iterable<T>, count: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += count(item);
  return total;
}
