/** What a part of the tests came to, and the line that says it. Pure. */
import type { Part } from './parts.ts';

/** Written by the reporter when a run ends. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly Skipped[];
  /** The tests behind `failed`, in the order in which they failed. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly title: string;
  /** The first lines of the error's message. */
  readonly message: string;
}

export interface Skipped {
  readonly title: string;
  /** From `skipBecause`; absent when it was not told that way. */
  readonly reason?: string;
  /** A title without a test: nobody wrote it. */
  readonly unwritten?: true;
}

export interface PartResult extends Counts {
  readonly part: Part;
  /** What went wrong beside tests that failed: a crash, a process that did not end. Counted as one failure. */
  readonly trouble?: string;
}

/** `N passed, N failed, N skipped`. */
export function countLine(results: readonly Omit<Counts, 'failures'>[]): string {
  const sum = (of: (result: Omit<Counts, 'failures'>) => number): number => results.reduce((total, result) => total + of(result), 0);
  return `${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed, ${sum(({ skipped }) => skipped.length)} skipped`;
}

/** Said of a test that skips itself without `skipBecause`. */
export const NO_REASON = 'the test says above why, or does not';
