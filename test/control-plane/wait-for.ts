/**
 * Waits for something to become true by asking again and again.
 * An error while asking counts as "not yet" and is told when time is up; a `GiveUp` ends the waiting at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Thrown by a check when waiting is pointless. */
export class GiveUp extends Error {}

const POLL_MS = 20;

/** Resolves when `check` gives true; rejects after `timeoutMs` milliseconds, naming `what` and the last error. */
export async function waitFor(what: string, timeoutMs: number, check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      if (await check()) return;
      last = undefined;
    } catch (error) {
      if (error instanceof GiveUp) throw error;
      last = error;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause: last });
}
