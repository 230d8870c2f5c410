/**
 * Says in the log what fails and when it works again, once per change and not once per attempt.
 *
 * Promises: a key is logged when it starts to fail, when it fails in another way, and when it recovers. When
 * many keys fail alike, only the first few of a minute get a line, and one line counts the others: an
 * API server that is away must not turn 20,000 keys into 20,000 lines. Memory: one entry per failing key.
 */
import { KubeError } from '../kube/errors.ts';
import type { Logger } from '../observe/logger.ts';

/** Keys with the same failure that get a line of their own within `WINDOW_MS`. */
export const LINES_PER_FAILURE = 5;
export const WINDOW_MS = 60_000;

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

interface Window {
  readonly startMs: number;
  lines: number;
  suppressed: number;
}

export function createFailureLog(log: Logger): FailureLog {
  const failing = new Map<string, Failing>();
  const windows = new Map<string, Window>();

  /** Ends windows that are over, with the line that counts what they kept back. Called on every end of a run. */
  function closeWindows(nowMs: number): void {
    for (const [failure, { startMs, suppressed }] of windows) {
      if (nowMs - startMs < WINDOW_MS) continue;
      windows.delete(failure);
      if (suppressed > 0) log.warn('More keys failed in the same way', { failure, keys: suppressed });
    }
  }

  function mayLog(kind: string, nowMs: number): boolean {
    const window = windows.get(kind) ?? { startMs: nowMs, lines: 0, suppressed: 0 };
    windows.set(kind, window);
    if (window.lines < LINES_PER_FAILURE) {
      window.lines++;
      return true;
    }
    window.suppressed++;
    return false;
  }

  return {
    failed(key, { error, needsSomebody }, nowMs) {
      const text = textOf(error);
      const before = failing.get(key);
      if (before?.text === text) {
        before.attempts++;
        return;
      }
      closeWindows(nowMs);
      const logged = mayLog(kindOf(error), nowMs);
      failing.set(key, { text, sinceMs: before?.sinceMs ?? nowMs, attempts: (before?.attempts ?? 0) + 1, logged });
      if (logged) log[needsSomebody ? 'error' : 'warn']('Reconcile failed, will be retried', { key, error, needsSomebody });
    },
    gone: (key) => void failing.delete(key),
    settled(key, nowMs) {
      closeWindows(nowMs);
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
  return text.slice(0, 200).replaceAll(/\d+/g, '#');
}

/** Across keys: messages name the object, so they say little about what is alike. */
function kindOf(error: unknown): string {
  if (error instanceof KubeError) return [error.kind, error.code, error.reason].filter((part) => part !== undefined).join(' ');
  return error instanceof Error ? error.name : typeof error;
}
