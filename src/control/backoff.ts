/**
 * Waiting times after failures. Pure: randomness is a value.
 */

export interface BackoffLimits {
  readonly baseMs: number;
  readonly capMs: number;
}

/** First wait of a key that failed; doubles from here. */
export const BACKOFF_BASE_MS = 250;
/** First wait after a plan that met a world which had moved on: the watch is about to say so. */
export const REPLAN_BASE_MS = 10;
/** What heals by itself: network, 5xx, 429, conflicts. */
export const RETRY_CAP_MS = 60_000;
/** What a person must change first: 403, 422, quota. Still retried for ever. */
export const SLOW_RETRY_CAP_MS = 300_000;

/**
 * Wait before the next attempt after `failures` (1 or more) in a row, in milliseconds.
 *
 * Doubles from `baseMs`, never above `capMs`. `random` (0 up to 1) spreads the result over half to all
 * of it, so that keys which failed together do not return together.
 */
export function backoffMs(failures: number, { baseMs, capMs }: BackoffLimits, random: number): number {
  const fullMs = Math.min(capMs, baseMs * 2 ** Math.max(0, failures - 1));
  return fullMs * (1 + random) / 2;
}
