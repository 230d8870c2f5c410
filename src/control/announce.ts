/** What is worth an Event, in words that name the object, the cause and the next step. */
import type { EventRecorder } from '../apply/events.ts';
import type { BaselineStatus } from '../api/v1alpha1.ts';
import type { CompiledBaseline } from '../plan/compile.ts';
import type { LeaveReason } from '../plan/decide.ts';
import type { NamespaceReport } from '../plan/report.ts';
import type { Drift } from './record-plan.ts';
import type { PolicyWarning } from './record-write.ts';

export interface Announcer {
  statusWritten(baseline: CompiledBaseline, before: BaselineStatus, after: BaselineStatus): void;
  drift(found: Drift): void;
  policy(warning: PolicyWarning): void;
  conflict(report: NamespaceReport): void;
  expired(baseline: CompiledBaseline, target: string): void;
}

export function createAnnouncer(events: EventRecorder): Announcer {
  const regardingBaseline = ({ name, record }: CompiledBaseline) => ({ kind: 'NamespacePolicyBaseline', name, uid: record.uid } as const);
  return {
    statusWritten(baseline, before, after) {
      const regarding = regardingBaseline(baseline);
      const invalid = turnedTrue(before, after, 'Stalled');
      if (invalid?.reason === 'InvalidSpec') events.record({ regarding, type: 'Warning', reason: 'InvalidSpec', action: 'Plan', note: invalid.message });
      const held = turnedTrue(before, after, 'Held');
      if (held !== undefined) events.record({ regarding, type: 'Warning', reason: 'RemovalsHeld', action: 'Hold', note: held.message });
      if (!isApplied(after) || isApplied(before, after.observedGeneration)) return;
      const counts = after.namespaces;
      events.record({
        regarding, type: 'Normal', reason: 'BaselineApplied', action: 'Apply',
        note: `generation ${after.observedGeneration ?? 0} applied: ${counts?.protected ?? 0} of ${counts?.selected ?? 0} selected namespaces are protected`,
      });
    },
    drift(found) {
      const { namespace, policy, change, left, differences } = found;
      const what = change === 'deleted' ? `${policy} was deleted` : `${policy} was changed: ${differences}`;
      events.record({
        regarding: { kind: 'NetworkPolicy', namespace, name: policy }, type: 'Warning', reason: 'DriftDetected',
        action: left === undefined ? 'Repair' : 'Report', note: `${what}; ${left === undefined ? 'it is put right' : `it is left, since ${WHY_LEFT[left]}`} (baseline ${found.baseline})`,
      });
    },
    policy({ reason, namespace, policy, message, baseline }) {
      events.record({ regarding: { kind: 'NetworkPolicy', namespace, name: policy }, type: 'Warning', reason, action: 'Write', note: `${message} (baseline ${baseline})` });
    },
    conflict({ namespace, verdicts }) {
      for (const [baseline, verdict] of verdicts) {
        if (verdict.state !== 'conflicted') continue;
        events.record({
          regarding: { kind: 'Namespace', namespace, name: namespace }, type: 'Warning', reason: 'PolicyConflict', action: 'Plan', note: `${verdict.message} (baseline ${baseline})`,
        });
      }
    },
    expired(baseline, target) {
      events.record({
        regarding: regardingBaseline(baseline), type: 'Warning', reason: 'ExemptionExpired', action: 'Plan',
        note: `the exemption of ${target} has expired: ${baseline.spec.paused ? 'its policies return when the baseline is not paused any more' : 'its policies return'}; remove the entry, or give it a new expiresAt`,
      });
    },
  };
}

const WHY_LEFT: Record<LeaveReason, string> = {
  DriftWarned: 'driftPolicy is Warn',
  Paused: 'the baseline is paused',
  InvalidTemplate: 'its template cannot be used',
  ForeignPolicy: 'it is not ours',
};

function turnedTrue(before: BaselineStatus, after: BaselineStatus, type: string): { reason: string; message: string } | undefined {
  const isTrue = (status: BaselineStatus) => status.conditions?.find((condition) => condition.type === type && condition.status === 'True');
  const old = isTrue(before);
  const now = isTrue(after);
  return now !== undefined && old?.reason !== now.reason ? now : undefined;
}

function isApplied(status: BaselineStatus, generation = status.observedGeneration): boolean {
  return status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True' && condition.observedGeneration === generation) ?? false;
}
