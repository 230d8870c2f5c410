/**
 * Results of all expectations as a summary, and as a value for programs: what `-o json` prints. Stable: fields are added,
 * and neither renamed nor removed, while `schemaVersion` stays. docs/cli.md describes it.
 */
import type { Cluster } from '../explain/cluster.ts';
import { caseDocument, SCHEMA_VERSION, sourceDocument } from '../explain/document.ts';
import { blameLines } from './blame.ts';
import { OUTCOMES, type Checked, type Outcome } from './check.ts';

export interface Result extends Checked {
  /** Where the expectation is written. */
  readonly file: string;
  readonly line: number;
  /** For people; empty where it is met. */
  readonly details: readonly string[];
}

export function resultOf(cluster: Cluster, checked: Checked, place: Pick<Result, 'file' | 'line'>): Result {
  const { example, expectation } = checked;
  return { ...checked, ...place, details: example === undefined ? [] : blameLines(cluster, example, expectation.expect) };
}

/** Whether a run with this result is clean. */
export function isMet(outcome: Outcome, allowUnknown: boolean): boolean {
  return outcome === 'passed' || outcome === 'skipped' || (outcome === 'unknown' && allowUnknown);
}

export type Counts = Readonly<Record<Outcome, number>>;

export function countsOf(results: readonly Pick<Result, 'outcome'>[]): Counts {
  return Object.fromEntries(OUTCOMES.map((outcome) => [outcome, results.filter((result) => result.outcome === outcome).length])) as Counts;
}

/** `2 passed, 1 failed`: only what there is. */
export function countsText(counts: Counts): string {
  return OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => `${counts[outcome]} ${OUTCOME_WORDS[outcome]}`).join(', ');
}

export const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = { passed: 'passed', failed: 'failed', unknown: 'unknown', nobody: 'about nobody', unanswered: 'not answered', skipped: 'skipped' };

export function resultsDocument(cluster: Cluster, results: readonly Result[], allowUnknown: boolean): object {
  return {
    kind: 'ExpectationResults', schemaVersion: SCHEMA_VERSION, ...sourceDocument(cluster),
    met: results.every(({ outcome }) => isMet(outcome, allowUnknown)),
    summary: countsOf(results),
    results: results.map((result) => ({
      name: result.expectation.name, file: result.file, line: result.line, expect: result.expectation.expect, outcome: result.outcome, message: result.message,
      pairs: result.pairs, against: result.against, unknown: result.unknown, details: result.details, notes: result.notes,
      ...(result.example !== undefined && { example: caseDocument(cluster, result.example) }),
    })),
  };
}
