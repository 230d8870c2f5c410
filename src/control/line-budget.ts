/**
 * Keeps the log readable when many things fail alike: the first few lines of a kind within a minute are written, and
 * one line counts the others. An API server that is away must not turn 20,000 keys into 20,000 lines.
 */
import { KubeError } from '../kube/errors.ts';
import type { Logger } from '../observe/logger.ts';

/** Lines of one kind within `WINDOW_MS`. */
export const LINES_PER_KIND = 5;
export const WINDOW_MS = 60_000;

export interface LineBudget {
  /** Whether a line of this kind may be written now; it is counted otherwise. */
  take(kind: string, nowMs: number): boolean;
  /** Says how many lines were kept back in the windows that are over. Also done by `take`. */
  close(nowMs: number): void;
}

interface Window {
  readonly startMs: number;
  lines: number;
  suppressed: number;
}

/** `message` of the line that counts the others. Memory: one entry for each kind of the last minute. */
export function createLineBudget(log: Pick<Logger, 'warn'>, message: string, linesPerKind = LINES_PER_KIND): LineBudget {
  const windows = new Map<string, Window>();

  function close(nowMs: number): void {
    for (const [failure, { startMs, suppressed }] of windows) {
      if (nowMs - startMs < WINDOW_MS) continue;
      windows.delete(failure);
      if (suppressed > 0) log.warn(message, { failure, keys: suppressed });
    }
  }

  return {
    close,
    take(kind, nowMs) {
      close(nowMs);
      const window = windows.get(kind) ?? { startMs: nowMs, lines: 0, suppressed: 0 };
      windows.set(kind, window);
      if (window.lines >= linesPerKind) window.suppressed++;
      else window.lines++;
      return window.suppressed === 0;
    },
  };
}

/** What is alike across objects: messages name them, so they say little about it. */
export function kindOfFailure(error: unknown): string {
  if (error instanceof KubeError) return [error.kind, error.code, error.reason].filter((part) => part !== undefined).join(' ');
  return error instanceof Error ? error.name : typeof error;
}
