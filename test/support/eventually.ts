/** Waiting for the state of the world, without sleeps: polls, and says what it last saw when it gives up. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Patience {
  /** Give up after this; default 20 s, since a loaded machine takes its time. */
  readonly withinMs?: number;
  readonly everyMs?: number;
}

/** Resolves with the first value for which `check` does not throw; rejects with the last complaint. */
export async function eventually<T>(read: () => T | Promise<T>, check: (value: T) => void, { withinMs = 20_000, everyMs = 15 }: Patience = {}): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    let complaint: unknown;
    try {
      const value = await read();
      check(value);
      return value;
    } catch (error) {
      complaint = error;
    }
    if (performance.now() >= endMs) throw new Error(`not so within ${withinMs} ms; last: ${complaint instanceof Error ? complaint.message : String(complaint)}`, { cause: complaint });
    await delay(everyMs);
  }
}

/** Rejects as soon as `check` throws within `forMs`: for what must not happen. */
export async function consistently<T>(read: () => T | Promise<T>, check: (value: T) => void, forMs: number, everyMs = 20): Promise<void> {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    check(await read());
    await delay(everyMs);
  }
}
