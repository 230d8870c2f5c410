/**
 * Does a cluster do what is expected of it? Every pair of ends is asked for, pods that no policy tells apart once.
 *
 * Promises: nothing passes that was not looked at: an expectation about nobody, or about more than can be looked at,
 * does not pass. A failure names an example, and for each side the rule, or the lack of one, that makes it so.
 */
import type { Answer } from '../../netpol/answer.ts';
import { evaluate } from '../../netpol/evaluate.ts';
import type { Cluster } from '../explain/cluster.ts';
import { caseOf, type Case } from '../explain/explanation.ts';
import type { Pair } from '../explain/pairs.ts';
import { counted, listed } from '../explain/words.ts';
import { distinctionsOf } from './classes.ts';
import type { Expectation } from './expectation.ts';
import { createAsker, groupsOf, isOnePod, type Groups } from './groups.ts';
import { endsOf } from './parties.ts';

/** `nobody`: no pod is like that; `skipped`: nobody, and that is allowed; `unanswered`: ambiguous, or too much to look at. */
export const OUTCOMES = ['passed', 'failed', 'unknown', 'nobody', 'unanswered', 'skipped'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Checked {
  readonly expectation: Expectation;
  readonly outcome: Outcome;
  /** One line. */
  readonly message: string;
  /** Pairs of ends, for each port that was named. */
  readonly pairs: number;
  /** Of those, the ones that are surely not as expected, on some port or for some address, and those that may not be. */
  readonly against: number;
  readonly unknown: number;
  /** One of those. */
  readonly example: Case | undefined;
  readonly notes: readonly string[];
}

export interface Checker { check(expectation: Expectation): Checked }

/** Some ten seconds. */
const MOST_QUESTIONS = 1_000_000;

export function createChecker(cluster: Cluster): Checker {
  const distinctions = distinctionsOf(cluster);
  return {
    check(expectation) {
      const ends = endsOf(cluster, expectation);
      if ('problem' in ends) return nothing(expectation, ends.absent === true ? emptyOutcome(expectation) : 'unanswered', ends.problem);
      const found = tally(cluster, expectation, groupsOf(ends, distinctions));
      if (found === undefined) return nothing(expectation, 'unanswered', 'there are more pairs of different ends than can be looked at: narrow the selectors');
      const left = ends.hostNetwork.length === 0 ? [] : [`Left out, as policies do not govern pods in the network of their node: ${listed(ends.hostNetwork)}.`];
      const [nobody] = ends.dead;
      if (expectation.expect === 'allowed' && nobody !== undefined && found.against === 0) return { ...nothing(expectation, 'unanswered', `to: ${nobody}`), notes: [...ends.notes, ...left] };
      return judged(cluster, expectation, found, [...ends.notes, ...ends.dead.map((each) => `Left out: ${each}.`), ...left]);
    },
  };
}

function emptyOutcome({ allowEmpty }: Expectation): Outcome {
  return allowEmpty ? 'skipped' : 'nobody';
}

function nothing(expectation: Expectation, outcome: Outcome, message: string): Checked {
  return { expectation, outcome, message, pairs: 0, against: 0, unknown: 0, example: undefined, notes: [] };
}

interface Finding { readonly pair: Pair; readonly answer: Answer }
interface Tally { readonly pairs: number; readonly against: number; readonly unknown: number; /** What is surely wrong comes first. */ readonly worst: Finding | undefined }

/** `undefined` where there is too much to ask. */
function tally(cluster: Cluster, { expect }: Expectation, groups: Groups): Tally | undefined {
  const { sources, targets } = groups;
  if (sources.length * targets.length > MOST_QUESTIONS) return undefined;
  const asker = createAsker(cluster, isOnePod(groups));
  const counts = { pairs: 0, against: 0, unknown: 0 };
  let [wrong, unsure]: (Finding | undefined)[] = [];
  let left = MOST_QUESTIONS;
  for (const source of sources) {
    for (const target of targets) {
      const { count, questions } = asker.between(source, target);
      left -= questions.length;
      if (left < 0) return undefined;
      const found = firstAgainst(cluster, questions, expect);
      counts.pairs += count;
      if (found === undefined) continue;
      const isUnsure = found.answer.verdict === 'unknown';
      counts[isUnsure ? 'unknown' : 'against'] += count;
      [wrong, unsure] = isUnsure ? [wrong, unsure ?? found] : [wrong ?? found, unsure];
    }
  }
  return { ...counts, worst: wrong ?? unsure };
}

/** The first answer that is wrong for sure, else the first that is unknown. */
function firstAgainst(cluster: Cluster, questions: readonly Pair[], expect: Expectation['expect']): Finding | undefined {
  let unsure: Finding | undefined;
  for (const pair of questions) {
    const answer = evaluate(cluster.world, pair.connection);
    if (answer.verdict === expect) continue;
    if (answer.verdict !== 'unknown') return { pair, answer };
    unsure ??= { pair, answer };
  }
  return unsure;
}

function judged(cluster: Cluster, expectation: Expectation, { worst, ...counts }: Tally, notes: readonly string[]): Checked {
  const example = worst === undefined ? undefined : caseOf(cluster, worst.answer, [worst.pair]);
  const found = { expectation, ...counts, example, notes };
  if (counts.pairs === 0) return { ...nothing(expectation, emptyOutcome(expectation), 'the two ends have no address of the same family'), notes };
  if (example === undefined) return { ...found, outcome: 'passed', message: `${counted(counts.pairs, 'pair')} ${expectation.expect}` };
  const outcome = counts.against > 0 ? 'failed' : 'unknown';
  return { ...found, outcome, message: `${counts.against || counts.unknown} of ${counted(counts.pairs, 'pair')} ${example.verdict}` };
}
