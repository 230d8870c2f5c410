/**
 * The status of a baseline from what is known of its namespaces: counts, conditions, the worst cases.
 *
 * Never grows with the cluster, holds no time and no number that changes by itself, so that nothing
 * is written while nothing changes.
 */
import { mergeConditions, type NewCondition } from '../api/conditions.ts';
import { clip } from '../api/text.ts';
import { WORST_LIMIT, type BaselineStatus, type Held, type NamespaceCounts, type RecentRemovals, type WorstCase } from '../api/v1alpha1.ts';
import type { CompiledBaseline } from './compile.ts';
import type { IsolationKnowledge, RowIsolation } from './effect.ts';
import { isOfIsolation, isolationIn, OVERRIDDEN, type IsolationNote, type StatusIsolation } from './status-isolation.ts';
import { NEEDS_ATTENTION, SELECTED, severity, STATES, type State, type Verdict, type VerdictReason } from './verdict.ts';

/** One namespace as the status of one baseline sees it. */
export interface StatusRow {
  readonly namespace: string;
  readonly verdict: Verdict;
  /** Leftover and overridden exemptions, which are no state of their own. */
  readonly note: { readonly reason: string; readonly message: string } | undefined;
  /** Whom to ask, by the baseline's ownerKey; empty where nobody is named. */
  readonly owner: string;
  /** Pending for less than 5 s: normal for a new namespace, and not worth a write. */
  readonly young: boolean;
  /** Absent while it is not known. */
  readonly isolation: RowIsolation | undefined;
}

export interface StatusInput {
  readonly baseline: CompiledBaseline;
  readonly rows: readonly StatusRow[];
  /** Every namespace was brought to this generation, or tried. */
  readonly processed: boolean;
  readonly held: Held | undefined;
  readonly heldConfirmed: boolean;
  readonly recentRemovals: RecentRemovals | undefined;
  /** Some of the namespaces that are held, sorted. */
  readonly heldNamespaces: readonly string[];
  readonly isolation: IsolationKnowledge;
  readonly now: string;
}

export const MESSAGE_LIMIT = 512;
export const OWNER_LIMIT = 128;
const CONDITION_MESSAGE_LIMIT = 2_048;

export function nextStatus(input: StatusInput): BaselineStatus {
  const { baseline, held, recentRemovals, now } = input;
  const generation = baseline.record.generation;
  const isolation = isolationIn(input.isolation, input.rows, baseline.record.status);
  const namespaces = { ...countStates(input.rows), ...isolation.counts };
  const worst = worstCases(input.rows, isolation.notes);
  return {
    observedGeneration: generation,
    conditions: mergeConditions(baseline.record.status.conditions ?? [], conditions(input, namespaces, worst), generation, now),
    namespaces,
    protected: `${namespaces.protected}/${namespaces.selected}`,
    isolated: namespaces.isolated === undefined ? 'unknown' : `${namespaces.isolated}/${namespaces.selected}`,
    ...(isolation.perDirection === undefined ? {} : { isolation: isolation.perDirection }),
    ...(held === undefined ? {} : { held }),
    ...(recentRemovals === undefined ? {} : { recentRemovals }),
    ...(worst.length === 0 ? {} : { worst }),
  };
}

/**
 * An earlier status with what the next process has to know of removals: for one that may never get round to saying how
 * things are. Whether something is held is said with the conditions; only how much is left of the same hold is said here.
 */
export function withRemovals({ recentRemovals: _before, ...status }: BaselineStatus, { held, recentRemovals }: Pick<StatusInput, 'held' | 'recentRemovals'>): BaselineStatus {
  const isSameHold = held !== undefined && status.held?.token === held.token;
  return { ...status, ...(isSameHold && { held }), ...(recentRemovals !== undefined && { recentRemovals }) };
}

function countStates(rows: readonly StatusRow[]): NamespaceCounts {
  const counts = new Map<State, number>(STATES.map((state) => [state, 0]));
  let selected = 0;
  for (const { verdict: { state }, young } of rows) {
    if (SELECTED.has(state)) selected += 1;
    if (!(state === 'pending' && young)) counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const count = (state: State): number => counts.get(state) ?? 0;
  return {
    selected, protected: count('protected'), audited: count('audited'), pending: count('pending'),
    drifted: count('drifted'), conflicted: count('conflicted'), failed: count('failed'), exempt: count('exempt'),
  };
}

function worstCases(rows: readonly StatusRow[], notes: StatusIsolation['notes']): WorstCase[] {
  return rows
    .flatMap((row) => namedRow(row, notes.get(row.namespace)) ?? [])
    .sort((a, b) => a.rank - b.rank || severity(a.row.verdict) - severity(b.row.verdict) || (a.row.namespace < b.row.namespace ? -1 : 1))
    .slice(0, WORST_LIMIT)
    .map(({ row: { namespace, verdict, owner }, said: { reason, message } }) => {
      const owned = ` (owner: ${clip(owner, OWNER_LIMIT)})`;
      const asked = owner === '' || message.endsWith(owned) ? '' : owned;
      return { namespace, state: verdict.state, reason, message: clip(message, MESSAGE_LIMIT - asked.length) + asked };
    });
}

interface Named { readonly row: StatusRow; readonly rank: number; readonly said: { readonly reason: string; readonly message: string } }

/** The worst thing about a namespace that is worth naming: its state, that it is overridden, a note, that something is not known. */
function namedRow(row: StatusRow, isolation: IsolationNote | undefined): Named | undefined {
  const { verdict, note } = row;
  if (isWorthNaming(row)) return { row, rank: 0, said: verdict };
  if (isolation?.reason === OVERRIDDEN) return { row, rank: 1, said: isolation };
  if (note !== undefined) return { row, rank: 2, said: NEEDS_ATTENTION.has(verdict.state) ? verdict : note };
  return isolation === undefined ? undefined : { row, rank: 3, said: isolation };
}

/** Not as planned; leftovers and overridden exemptions come after these. */
function isWorthNaming({ verdict: { state }, young }: StatusRow): boolean {
  return NEEDS_ATTENTION.has(state) && !(state === 'pending' && young);
}

function conditions(input: StatusInput, counts: NamespaceCounts, worst: readonly WorstCase[]): NewCondition[] {
  const { baseline } = input;
  const planned = baseline.usable ? [templatesValid(input), upToDate(counts, worst), drifted(counts, worst)] : UNREADABLE;
  const found = [ready(input), ...planned, paused(baseline), ...passing(input)];
  if (baseline.spec.dns.discovery === 'Auto') {
    found.push({ type: 'DNSDetected', status: 'False', reason: 'NotSupported', message: 'dns.discovery: Auto is not supported yet; dns.peers and dns.ports, or their defaults, are used' });
  }
  return found.map((condition) => ({ ...condition, message: clip(condition.message, CONDITION_MESSAGE_LIMIT) }));
}

/** Nothing is planned for a baseline without a good spec, so nothing is known of its namespaces. */
const UNREADABLE: readonly NewCondition[] = (['TemplatesValid', 'NamespacesUpToDate', 'Drifted'] as const)
  .map((type) => ({ type, status: 'Unknown', reason: 'InvalidSpec', message: 'the spec cannot be used; see condition Stalled' }));

function ready(input: StatusInput): NewCondition {
  const { baseline, processed } = input;
  const type = 'Ready';
  const stalled = stalledBy(input);
  if (stalled !== undefined) return { type, status: 'False', ...stalled };
  if (!processed) return { type, status: 'False', reason: 'Progressing', message: 'not every namespace has been brought to this generation yet' };
  if (baseline.spec.paused) return { type, status: 'True', reason: 'Paused', message: 'paused: nothing is created, changed or deleted for this baseline' };
  return { type, status: 'True', reason: 'Succeeded', message: 'every namespace has been processed for this generation' };
}

/** What needs a human before this baseline can go on. */
function stalledBy(input: StatusInput): { reason: string; message: string } | undefined {
  const { baseline, rows, held, heldConfirmed } = input;
  if (baseline.problem !== undefined) {
    return { reason: 'InvalidSpec', message: `${baseline.problem}; ${baseline.usable ? 'the last good spec stays in force' : 'nothing is written or removed for it'}` };
  }
  if (held !== undefined && !heldConfirmed) return { reason: 'RemovalsHeld', message: heldMessage(held, input) };
  const forbidden = firstWith('Forbidden', rows);
  if (forbidden !== undefined) return { reason: 'Forbidden', message: `${forbidden.namespace}: ${forbidden.verdict.message}` };
  return undefined;
}

function heldMessage(held: Held, { baseline, heldNamespaces, recentRemovals }: StatusInput): string {
  const named = heldNamespaces.length === 0 ? '' : `, among them ${heldNamespaces.slice(0, 5).join(', ')}`;
  const before = recentRemovals === undefined ? '' : `, after ${recentRemovals.namespaces} in the last ten minutes`;
  return `${counted(held.namespaces)} would lose isolation${named}${before}; if that is meant: kubectl annotate --overwrite npb ${baseline.name} netbaseline.io/confirm=${held.token}`;
}

function counted(namespaces: number): string {
  return namespaces === 1 ? '1 namespace' : `${namespaces} namespaces`;
}

function passing(input: StatusInput): NewCondition[] {
  const { baseline, held, heldConfirmed, processed, isolation } = input;
  const found: NewCondition[] = [];
  const stalled = stalledBy(input);
  if (stalled !== undefined) found.push({ type: 'Stalled', status: 'True', ...stalled });
  else if (!processed) found.push({ type: 'Reconciling', status: 'True', reason: 'Progressing', message: 'bringing every namespace to this generation' });
  if (held !== undefined && !heldConfirmed) {
    found.push({ type: 'Held', status: 'True', reason: 'RemovalsHeld', message: heldMessage(held, input) });
  }
  found.push(...isolationUnknown(isolation, baseline));
  return found;
}

/** After a start, what the status said stays until that is known again. */
function isolationUnknown(isolation: IsolationKnowledge, { record: { status } }: CompiledBaseline): NewCondition[] {
  const type = 'IsolationUnknown';
  if (isolation.kind === 'Unknown') return [{ type, status: 'True', reason: isolation.reason, message: `what is really isolated is not known: ${isolation.why}` }];
  const before = isolation.kind === 'Starting' ? status.conditions?.find((condition) => condition.type === type) : undefined;
  return before === undefined ? [] : [{ type, status: before.status, reason: before.reason, message: before.message }];
}

function templatesValid({ baseline, rows }: StatusInput): NewCondition {
  const bad = baseline.templates.filter(({ problem }) => problem !== undefined);
  const [first] = bad;
  const type = 'TemplatesValid';
  const refused = firstWith('Invalid', rows);
  if (first === undefined && refused !== undefined) {
    return { type, status: 'False', reason: 'PolicyRefused', message: `a policy is refused; first: ${refused.namespace}: ${refused.verdict.message}` };
  }
  if (first === undefined) return { type, status: 'True', reason: 'Valid', message: 'every template can be rendered' };
  return { type, status: 'False', reason: 'InvalidTemplate', message: `${bad.length} of ${baseline.templates.length} templates cannot be used; first: ${first.name}: ${first.problem}` };
}

/** By name, so that the order of the rows does not matter. */
function firstWith(reason: VerdictReason, rows: readonly StatusRow[]): StatusRow | undefined {
  let first: StatusRow | undefined;
  for (const row of rows) {
    if (row.verdict.reason === reason && (first === undefined || row.namespace < first.namespace)) first = row;
  }
  return first;
}

function upToDate(counts: NamespaceCounts, worst: readonly WorstCase[]): NewCondition {
  const type = 'NamespacesUpToDate';
  const behind = counts.failed + counts.conflicted + counts.drifted + counts.pending;
  const first = worst.find(({ state }) => NEEDS_ATTENTION.has(state as State)) ?? worst.find(({ reason }) => !isOfIsolation(reason));
  const example = first === undefined ? '' : `; first: ${first.namespace} (${first.reason}: ${first.message})`;
  if (behind > 0) return { type, status: 'False', reason: first?.reason ?? 'Pending', message: `${behind} of ${counts.selected} namespaces are not as planned${example}` };
  return { type, status: 'True', reason: 'Succeeded', message: `every selected namespace is as planned${example}` };
}

function drifted(counts: NamespaceCounts, worst: readonly WorstCase[]): NewCondition {
  const type = 'Drifted';
  if (counts.drifted === 0) return { type, status: 'False', reason: 'InSync', message: 'no generated policy differs from its plan' };
  const first = worst.find(({ state }) => state === 'drifted');
  return { type, status: 'True', reason: first?.reason ?? 'Modified', message: `${counted(counts.drifted)}; first: ${first?.namespace ?? '?'}: ${first?.message ?? ''}` };
}

function paused({ usable, spec, record }: CompiledBaseline): NewCondition {
  const type = 'Paused';
  const isPaused = usable ? spec.paused : record.spec?.paused;
  if (isPaused === undefined) return { type, status: 'Unknown', reason: 'InvalidSpec', message: 'the spec cannot be read; see condition Stalled' };
  return isPaused
    ? { type, status: 'True', reason: 'Paused', message: 'spec.paused is true' }
    : { type, status: 'False', reason: 'NotPaused', message: 'spec.paused is false' };
}
