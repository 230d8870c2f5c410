/**
 * Says in the log what fails and when it works again, once per change and not once per attempt.
 *
 * Promises: a key is logged when it starts to fail, when it fails in another way, and when it recovers. When
 * many keys fail alike, only the first few of a minute get a line, and one line counts the others: an
 * API server that is away must not turn 20,000 keys into 20,000 lines. Memory: one entry per failing key.
 */
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
  readonly signature: string;
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

  /** Whether this failure still gets a line; closes windows that are over, with the line that counts the rest. */
  function mayLog(signature: string, nowMs: number): boolean {
    for (const [each, window] of windows) {
      if (nowMs - window.startMs < WINDOW_MS) continue;
      windows.delete(each);
      if (window.suppressed > 0) log.warn('More keys failed in the same way', { failure: each, keys: window.suppressed });
    }
    const window = windows.get(signature) ?? { startMs: nowMs, lines: 0, suppressed: 0 };
    windows.set(signature, window);
    if (window.lines >= LINES_PER_FAILURE) window.suppressed++;
    else window.lines++;
    return window.suppressed === 0;
  }

  return {
    failed(key, { error, needsSomebody }, nowMs) {
      const signature = signatureOf(error);
      const before = failing.get(key);
      if (before?.signature === signature) {
        before.attempts++;
        return;
      }
      const logged = mayLog(signature, nowMs);
      failing.set(key, { signature, sinceMs: before?.sinceMs ?? nowMs, attempts: (before?.attempts ?? 0) + 1, logged });
      if (logged) log[needsSomebody ? 'error' : 'warn']('Reconcile failed, will be retried', { key, error, needsSomebody });
    },
    gone: (key) => void failing.delete(key),
    settled(key, nowMs) {
      const before = failing.get(key);
      if (before === undefined) return;
      failing.delete(key);
      if (!before.logged) return;
      log.info('Reconcile works again', { key, failedAttempts: before.attempts, failedForMs: Math.round(nowMs - before.sinceMs) });
    },
  };
}

/** Alike are failures whose text differs only in numbers: versions, ports, times. At most 200 characters. */
function signatureOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.slice(0, 200).replaceAll(/\d+/g, '#');
}
