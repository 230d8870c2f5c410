/** Why nothing is known of isolation: the reason of a condition, and words that stay the same while nothing changes. Pure. */
import type { IsolationKnowledge, UnknownReason } from '../../plan/effect.ts';

/** One watch that has to be in order for anything to be known. */
export interface SourceState {
  readonly resource: string;
  /** Why it cannot be relied on; absent while it can. */
  readonly missing: { readonly text: string; /** It is not just the first list that takes its time. */ readonly isFailure: boolean } | undefined;
}

/** What stands in the way, in words; the first that there is gives the reason. */
export type Obstacles = Readonly<Record<UnknownReason, readonly string[]>>;

/** `undefined` where nothing stands in the way. */
export function whyUnknown(obstacles: Obstacles): Extract<IsolationKnowledge, { kind: 'Unknown' }> | undefined {
  const reason = REASONS.find((each) => obstacles[each].length > 0);
  return reason === undefined ? undefined : { kind: 'Unknown', reason, why: REASONS.flatMap((each) => obstacles[each]).join('; ') };
}

/** What somebody can put right comes first. */
const REASONS: readonly UnknownReason[] = ['NotReadable', 'EvaluationFailed', 'EvaluationLate'];

export function isSameKnowledge(a: IsolationKnowledge, b: IsolationKnowledge): boolean {
  if (a.kind !== 'Unknown' || b.kind !== 'Unknown') return a.kind === b.kind;
  return a.reason === b.reason && a.why === b.why;
}
