/** What the memories of all namespaces say together: rows for the status of a baseline, and for the state gauges. */
import { DIRECTIONS } from '../api/network-policy.ts';
import type { Coverage } from '../plan/coverage.ts';
import { defeatText, overriddenIn, rowIsolation, type NamespaceEffect } from '../plan/effect.ts';
import type { Attention, NamespaceReport } from '../plan/report.ts';
import type { StatusRow } from '../plan/status.ts';
import { NEEDS_ATTENTION, severity, STATES, type State } from '../plan/verdict.ts';
import type { NamespaceMemories, NamespaceMemory } from './namespace-memory.ts';
import { YOUNG_MS } from './record-plan.ts';

/** Effects of namespaces as they are known; `undefined` while they are not. */
export type EffectOf = (namespace: string) => NamespaceEffect | undefined;

/** The namespaces as the status of one baseline sees them. */
export function statusRows(baseline: string, memories: NamespaceMemories, nowMs: number): StatusRow[] {
  const rows: StatusRow[] = [];
  for (const [namespace, memory] of memories.all()) {
    const verdict = memory.report?.verdicts.get(baseline);
    if (memory.report === undefined || verdict === undefined) continue;
    const isolation = rowIsolation(memory.report.enforced.get(baseline) ?? [], memory.report.coverage, memory.told?.effect);
    rows.push({ namespace, verdict, note: noteFor(baseline, memory.report), owner: memory.report.owner, young: isYoung(memory, nowMs), isolation });
  }
  return rows;
}

function noteFor(baseline: string, report: NamespaceReport): StatusRow['note'] {
  const leftover = report.leftovers.find((entry) => entry.baseline === baseline);
  if (leftover !== undefined) return { reason: 'Leftover', message: `${leftover.policy.name} is still there: ${leftover.reason}` };
  const verdict = report.verdicts.get(baseline);
  return verdict?.reason === 'ExemptionOverridden' ? { reason: verdict.reason, message: verdict.message } : undefined;
}

function isYoung({ pendingSinceMs }: NamespaceMemory, nowMs: number): boolean {
  return pendingSinceMs !== undefined && nowMs - pendingSinceMs < YOUNG_MS;
}

/** When the next namespace that is pending for this baseline has been so for long enough to be counted; Infinity when there is none. */
export function oldEnoughAtMs(baseline: string, memories: NamespaceMemories, nowMs: number): number {
  let atMs = Infinity;
  for (const [, memory] of memories.all()) {
    const isPending = memory.report?.verdicts.get(baseline)?.state === 'pending';
    if (isPending && isYoung(memory, nowMs)) atMs = Math.min(atMs, (memory.pendingSinceMs ?? nowMs) + YOUNG_MS);
  }
  return atMs;
}

/** Whether every namespace was brought to the cluster view of this version, or at least tried. */
export function isProcessed(sinceVersion: number, namespaces: Iterable<{ readonly name: string }>, memories: NamespaceMemories): boolean {
  for (const { name } of namespaces) {
    if ((memories.get(name)?.appliedVersion ?? 0) < sinceVersion) return false;
  }
  return true;
}

/** One value for one combination of labels. */
export interface Row<L extends string> {
  readonly labels: Readonly<Record<L, string>>;
  readonly value: number;
}

export function stateRows(baselines: readonly string[], memories: NamespaceMemories): Row<'baseline' | 'state'>[] {
  return baselines.flatMap((baseline) => {
    const counts = new Map<State, number>(STATES.map((state) => [state, 0]));
    for (const [, { report }] of memories.all()) {
      const state = report?.verdicts.get(baseline)?.state;
      if (state !== undefined) counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return [...counts].map(([state, value]) => ({ labels: { baseline, state }, value }));
  });
}

export function coverageRows(memories: NamespaceMemories, coverages: readonly Coverage[]): Row<'direction' | 'coverage'>[] {
  return DIRECTIONS.flatMap((direction) => {
    const counts = new Map<Coverage, number>(coverages.map((coverage) => [coverage, 0]));
    for (const [, { report }] of memories.all()) {
      const coverage = report?.coverage?.[direction];
      if (coverage !== undefined) counts.set(coverage, (counts.get(coverage) ?? 0) + 1);
    }
    return [...counts].map(([coverage, value]) => ({ labels: { direction, coverage }, value }));
  });
}

export interface AttentionRows {
  readonly rows: readonly Row<'namespace' | 'reason' | 'owner'>[];
  readonly dropped: number;
}

/** Worst first, so that what is dropped is the least bad. */
export function attentionRows(memories: NamespaceMemories, limit: number, nowMs: number, effectOf: EffectOf): AttentionRows {
  const found = [...memories.all()].flatMap(([namespace, memory]) => {
    const attention = attentionIn(memory, nowMs, effectOf(namespace));
    return attention === undefined ? [] : [{ namespace, owner: memory.report?.owner ?? '', ...attention }];
  });
  found.sort((a, b) => a.rank - b.rank || (a.namespace < b.namespace ? -1 : 1));
  const rows = found.slice(0, limit).map(({ namespace, reason, owner }) => ({ labels: { namespace, reason, owner }, value: 1 }));
  return { rows, dropped: found.length - rows.length };
}

export interface RankedAttention extends Attention {
  /** Lower is worse. */
  readonly rank: number;
}

/** Why somebody should look at a namespace, if anybody should; one that is pending for a moment needs nobody. */
export function attentionIn(memory: NamespaceMemory, nowMs: number, effect: NamespaceEffect | undefined): RankedAttention | undefined {
  const found = isYoung(memory, nowMs) || memory.report === undefined ? undefined : attentionTo(memory.report, effect);
  return found && { ...found, rank: rank(found) };
}

/** That its isolation is overridden comes after what is wrong with its policies, and before what is left over or bare. */
function attentionTo({ attention, coverage }: NamespaceReport, effect: NamespaceEffect | undefined): Attention | undefined {
  if (attention !== undefined && NEEDS_ATTENTION.has(attention.state)) return attention;
  const overridden = overriddenIn(coverage, effect);
  return effect === undefined || overridden.length === 0 ? attention : { ...OVERRIDDEN, message: defeatText(overridden, effect) };
}
const OVERRIDDEN = { state: 'protected', reason: 'Overridden' } as const;

/** Leftovers and bare namespaces carry states that come first in the list of states; they are the least bad. */
function rank({ state, reason }: Pick<Attention, 'state' | 'reason'>): number {
  if (reason === OVERRIDDEN.reason) return STATES.length - 0.5;
  const place = severity({ state });
  return place < severity({ state: 'failed' }) ? place + STATES.length : place;
}

/** Counts things per combination of labels, from every report. */
export function countRows<L extends string>(memories: NamespaceMemories, pick: (report: NamespaceReport) => Iterable<Readonly<Record<L, string>>>): Row<L>[] {
  const counts = new Map<string, { labels: Readonly<Record<L, string>>; value: number }>();
  for (const [, { report }] of memories.all()) {
    if (report === undefined) continue;
    for (const labels of pick(report)) {
      const key = JSON.stringify(labels);
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { labels, value: 1 });
      else known.value += 1;
    }
  }
  return [...counts.values()];
}
