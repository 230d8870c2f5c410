/** Condition types and the one way to set them; `metav1.Condition` conventions and kstatus. */
import type { Condition } from './v1alpha1.ts';

/** Always present. */
export const LASTING_CONDITIONS = ['Ready', 'TemplatesValid', 'NamespacesUpToDate', 'Drifted', 'Paused'] as const;
/** Abnormal-true: present only while True, as kstatus reads them. `DNSDetected` is there when asked for. */
export const PASSING_CONDITIONS = ['Reconciling', 'Stalled', 'Held', 'IsolationUnknown', 'DNSDetected'] as const;
export type ConditionType = (typeof LASTING_CONDITIONS)[number] | (typeof PASSING_CONDITIONS)[number];

export interface NewCondition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  /** Names one example and a count; never a time or a number that changes by itself. */
  readonly message: string;
}

/**
 * The list to store: sorted by type, `lastTransitionTime` kept while `status` is the same.
 * `now` is RFC 3339. Types that are not in `next` are dropped.
 */
export function mergeConditions(
  previous: readonly Condition[], next: readonly NewCondition[], observedGeneration: number, now: string,
): Condition[] {
  return [...next]
    .sort((a, b) => (a.type < b.type ? -1 : 1))
    .map((entry) => {
      const before = previous.find((old) => old.type === entry.type);
      const unchanged = before !== undefined && before.status === entry.status;
      return { ...entry, observedGeneration, lastTransitionTime: unchanged ? before.lastTransitionTime : now };
    });
}
