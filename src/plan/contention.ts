/**
 * How often an object may be repaired while another party undoes it. A pure step over a small history.
 *
 * The first 10 repairs within a minute go at once; then 1 s doubling to 60 s, at most 5 s while the live
 * policy is missing or may be more open; all is forgotten after 10 quiet minutes.
 */

export interface RepairHistory {
  /** Times of the last repairs, oldest first, at most 10; monotonic milliseconds. */
  readonly repairsMs: readonly number[];
  /** Wait before the next repair; 0 while none is called for. */
  readonly delayMs: number;
  /** Consecutive responses that differed from what was sent. */
  readonly mismatches: number;
  readonly pausedUntilMs: number;
}

export const NO_HISTORY: RepairHistory = { repairsMs: [], delayMs: 0, mismatches: 0, pausedUntilMs: 0 };

const FREE_REPAIRS = 10;
const FREE_WINDOW_MS = 60_000;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;
const MAX_DELAY_WHILE_OPEN_MS = 5_000;
export const QUIET_MS = 10 * 60_000;
const MAX_MISMATCHES = 3;
const MISMATCH_PAUSE_MS = 5 * 60_000;

export function afterRepair(history: RepairHistory, nowMs: number): RepairHistory {
  const earlier = isQuiet(history, nowMs) ? { ...NO_HISTORY, mismatches: history.mismatches } : history;
  const repairsMs = [...earlier.repairsMs, nowMs].slice(-FREE_REPAIRS);
  const first = repairsMs[0] ?? nowMs;
  const tooMany = repairsMs.length === FREE_REPAIRS && nowMs - first < FREE_WINDOW_MS;
  const delayMs = earlier.delayMs > 0 ? Math.min(earlier.delayMs * 2, MAX_DELAY_MS) : tooMany ? FIRST_DELAY_MS : 0;
  return { ...earlier, repairsMs, delayMs };
}

/** A response that was not what was sent: a webhook, most likely. */
export function afterMismatch(history: RepairHistory, nowMs: number): RepairHistory {
  const mismatches = history.mismatches + 1;
  if (mismatches < MAX_MISMATCHES) return { ...history, mismatches };
  return { ...history, mismatches: 0, pausedUntilMs: nowMs + MISMATCH_PAUSE_MS };
}

export function afterMatch(history: RepairHistory): RepairHistory {
  return history.mismatches === 0 ? history : { ...history, mismatches: 0 };
}

/** The earliest time for the next repair; in the past when it may go at once. */
export function repairAtMs(history: RepairHistory, mayBeOpen: boolean, nowMs: number): number {
  if (history.pausedUntilMs > nowMs) return history.pausedUntilMs;
  if (history.delayMs === 0 || isQuiet(history, nowMs)) return nowMs;
  const delayMs = mayBeOpen ? Math.min(history.delayMs, MAX_DELAY_WHILE_OPEN_MS) : history.delayMs;
  return lastRepairMs(history) + delayMs;
}

export function isContended(history: RepairHistory, nowMs: number): boolean {
  return history.pausedUntilMs > nowMs || (history.delayMs > 0 && !isQuiet(history, nowMs));
}

/** When it is not contended any more if nobody does anything; `undefined` where it is not. */
export function calmAtMs(history: RepairHistory, nowMs: number): number | undefined {
  if (!isContended(history, nowMs)) return undefined;
  return Math.max(history.pausedUntilMs, history.delayMs > 0 ? lastRepairMs(history) + QUIET_MS : 0);
}

/** Nothing to remember any more. */
export function isQuiet(history: RepairHistory, nowMs: number): boolean {
  return history.pausedUntilMs <= nowMs && nowMs - lastRepairMs(history) >= QUIET_MS;
}

function lastRepairMs({ repairsMs }: RepairHistory): number {
  return repairsMs.at(-1) ?? Number.NEGATIVE_INFINITY;
}
