/**
 * Says in the log what fails and when it works again, once per change and not once per attempt.
 *
 * Promises: a key is logged when it starts to fail, when it fails in another way, and when it recovers. When
 * many keys fail alike, only the first few of a minute get a line (line-budget.ts). Memory: one entry per failing key.
 */
import { withoutNumbers } from '../api/text.ts';
import type { Logger } from '../observe/logger.ts';
import { createLineBudget, kindOfFailure } from './line-budget.ts';

export interface Failure {
  /** A person has to change something before it can succeed. */
  readonly needsSomebody: boolean;
  readonly error: unknown;
}

export interface FailureLog {
  failed(key: string, failure: Failure, nowMs: number): void;
  /** The key did its work. */
  settled(key: string, nowMs: number): void;
  /** There is nothing left to do for the key. */
  gone(key: string): void;
}

interface Failing {
  /** What failed and how, without numbers. */
  readonly text: string;
  readonly sinceMs: number;
  attempts: number;
  /** Whether anybody read about it; then its recovery is worth a line too. */
  readonly logged: boolean;
}

export function createFailureLog(log: Logger): FailureLog {
  const failing = new Map<string, Failing>();
  const budget = createLineBudget(log, 'More keys failed in the same way');

  return {
    failed(key, { error, needsSomebody }, nowMs) {
      const text = textOf(error);
      const before = failing.get(key);
      if (before?.text === text) {
        before.attempts++;
        return;
      }
      const logged = budget.take(kindOfFailure(error), nowMs);
      failing.set(key, { text, sinceMs: before?.sinceMs ?? nowMs, attempts: (before?.attempts ?? 0) + 1, logged });
      if (logged) log[needsSomebody ? 'error' : 'warn']('Reconcile failed, will be retried', { key, error, needsSomebody });
    },
    gone: (key) => void failing.delete(key),
    settled(key, nowMs) {
      budget.close(nowMs);
      const before = failing.get(key);
      failing.delete(key);
      if (before?.logged !== true) return;
      log.info('Reconcile works again', { key, failedAttempts: before.attempts, failedForMs: Math.round(nowMs - before.sinceMs) });
    },
  };
}

/** For one key: has it changed? At most 200 characters, and without versions, ports and times. */
function textOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return withoutNumbers(text.slice(0, 200));
}
