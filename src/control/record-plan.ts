/**
 * Takes down what a plan says: the report for status and metrics, drift counted once, losses for the breaker.
 *
 * Must not: write anything to the API server.
 */
import type { LeaveReason } from '../plan/decide.ts';
import type { NamespacePlan, PlannedName } from '../plan/plan.ts';
import { reportOn, type NamespaceReport } from '../plan/report.ts';
import type { NamespaceView } from '../plan/view.ts';
import { nameOf } from '../plan/writes.ts';
import { factsOf, policyMemory, tidy, type NamespaceMemory } from './namespace-memory.ts';
import type { RemovalGate } from './removal-gate.ts';

export type DriftChange = 'modified' | 'deleted';

export interface PlanRecorderParts {
  readonly gate: Pick<RemovalGate, 'note'>;
  /** Monotonic milliseconds. */
  now(): number;
  wallMs(): number;
  /** The status of this baseline may be another one now. */
  touchBaseline(name: string): void;
  onDrift(found: Drift): void;
  onProtected(secondsSinceCreation: number): void;
}

export interface Drift {
  readonly namespace: string;
  readonly policy: string;
  readonly baseline: string;
  readonly change: DriftChange;
  /** Why it stays as it is; `undefined` where it is put right. */
  readonly left: LeaveReason | undefined;
  readonly differences: string;
}

/** For this long a namespace may be pending without anybody hearing of it. */
export const YOUNG_MS = 5_000;

export function recordPlan(view: NamespaceView, plan: NamespacePlan, memory: NamespaceMemory, parts: PlanRecorderParts): void {
  const nowMs = parts.now();
  forgetSettled(plan, memory, view);
  countDrift(view, plan, memory, parts);
  tidy(memory, nowMs);
  const before = memory.report;
  const report = reportOn(view, plan, factsOf(memory, nowMs));
  memory.report = report;
  parts.gate.note(plan.namespace, plan.losses, plan.isolated);
  notePending(report, memory, nowMs);
  noteProtection(view, report, memory, parts);
  touchChanged(before, report, parts);
}

/** A refusal or a drift ends where the plan asks for no write of that name any more. */
function forgetSettled(plan: NamespacePlan, memory: NamespaceMemory, view: NamespaceView): void {
  if (memory.policies.size === 0) return;
  const written = new Set(plan.writes.map(nameOf));
  const drifting = new Set(plan.names.filter((name) => driftOf(name, view) !== undefined).map(({ name }) => name));
  for (const [name, remembered] of memory.policies) {
    if (!written.has(name)) {
      remembered.refusal = undefined;
      remembered.refused = undefined;
      remembered.failsSinceMs = undefined;
    }
    if (!drifting.has(name)) {
      remembered.driftCounted = undefined;
      remembered.driftSinceMs = undefined;
    }
  }
}

/** Once per version of the live object. What is found when a namespace is first looked at is catching up, not drift. */
function countDrift(view: NamespaceView, plan: NamespacePlan, memory: NamespaceMemory, parts: PlanRecorderParts): void {
  for (const planned of plan.names) {
    const found = driftOf(planned, view);
    if (found === undefined) continue;
    const remembered = policyMemory(memory, planned.name);
    if (remembered.driftCounted === found.version) continue;
    remembered.driftCounted = found.version;
    if (memory.appliedVersion === 0) continue;
    remembered.driftSinceMs ??= parts.now();
    parts.onDrift({
      namespace: plan.namespace, policy: planned.name, baseline: planned.claims[0].baseline.name,
      change: found.change, left: planned.decision.kind === 'Leave' ? planned.decision.reason : undefined, differences: found.differences,
    });
  }
}

function driftOf({ name, decision }: PlannedName, view: NamespaceView): { version: string; change: DriftChange; differences: string } | undefined {
  if (decision.kind === 'Create') return decision.cause === 'Deleted' ? { version: 'deleted', change: 'deleted', differences: '' } : undefined;
  const modified = (decision.kind === 'Update' && decision.cause === 'Modified') || (decision.kind === 'Leave' && decision.differences.length > 0);
  if (!modified) return undefined;
  const differences = decision.differences.map(({ field }) => field).join(', ');
  return { version: view.policies.get(name)?.resourceVersion ?? '', change: 'modified', differences };
}

/** The status looks again by itself when this has gone on for long enough. */
function notePending({ verdicts }: NamespaceReport, memory: NamespaceMemory, nowMs: number): void {
  const isPending = [...verdicts.values()].some(({ state }) => state === 'pending');
  memory.pendingSinceMs = isPending ? memory.pendingSinceMs ?? nowMs : undefined;
}

function noteProtection(view: NamespaceView, report: NamespaceReport, memory: NamespaceMemory, parts: PlanRecorderParts): void {
  if (!memory.protectionAwaited) return;
  const states = [...report.verdicts.values()].map(({ state }) => state);
  if (states.some((state) => state === 'pending' || state === 'failed' || state === 'drifted')) return;
  memory.protectionAwaited = false;
  if (states.includes('protected')) parts.onProtected(Math.max(0, parts.wallMs() - view.namespace.createdAtMs) / 1000);
}

function touchChanged(before: NamespaceReport | undefined, after: NamespaceReport, parts: PlanRecorderParts): void {
  const restIsSame = before !== undefined && besidesVerdicts(before) === besidesVerdicts(after);
  for (const [baseline, verdict] of after.verdicts) {
    const old = before?.verdicts.get(baseline);
    const same = restIsSame && old?.state === verdict.state && old.reason === verdict.reason && old.message === verdict.message;
    if (!same) parts.touchBaseline(baseline);
  }
}

/** What else of a report shows in a status. */
function besidesVerdicts({ owner, leftovers, retained }: NamespaceReport): string {
  return [owner, retained.length, ...leftovers.map(({ baseline, policy, reason }) => `${baseline} ${policy.name} ${reason}`)].join('\n');
}
