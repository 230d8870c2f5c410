/**
 * A clock that stands still until told to go on, for everything that takes a `Clock`.
 *
 * `advance` fires timers in the order of their time and lets promises settle between them, so that what a
 * timer started can set the next timer at its own time.
 */
import { sleepOn, type Clock } from '../../src/control/clock.ts';

export interface ManualClock extends Clock {
  /** Lets this much time pass, on both clocks. */
  advance(ms: number): Promise<void>;
  /** Lets pending promises settle without time passing. */
  settle(): Promise<void>;
  /** Sets the wall clock, as an administrator or NTP does; the monotonic clock does not notice. */
  setWallMs(ms: number): void;
  /** The machine slept: the wall clock went on, the monotonic one stood still. */
  suspend(ms: number): void;
  /** The process was stopped: time went on, but timers due meanwhile are still waiting to be fired. */
  freeze(ms: number): void;
  /** Timers that were set and neither fired nor cancelled. */
  readonly timers: number;
}

export interface ManualClockOptions {
  readonly wallMs?: number;
  /** Always the same number by default: tests of jitter pass their own. */
  readonly random?: () => number;
}

export function manualClock({ wallMs: startMs = Date.UTC(2026, 0, 1), random = () => 0.5 }: ManualClockOptions = {}): ManualClock {
  let nowMs = 1000;
  let wallMs = startMs;
  const timers = new Set<{ readonly atMs: number; readonly fn: () => void }>();

  function earliest(untilMs: number) {
    let first: { readonly atMs: number; readonly fn: () => void } | undefined;
    for (const timer of timers) if (timer.atMs <= untilMs && (first === undefined || timer.atMs < first.atMs)) first = timer;
    return first;
  }

  function pass(ms: number): void {
    nowMs += ms;
    wallMs += ms;
  }

  const clock: ManualClock = {
    now: () => nowMs,
    wallMs: () => wallMs,
    random,
    setTimer(ms, fn) {
      const timer = { atMs: nowMs + Math.max(0, ms), fn };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let timer = earliest(untilMs); timer !== undefined; timer = earliest(untilMs)) {
        timers.delete(timer);
        pass(Math.max(0, timer.atMs - nowMs));
        timer.fn();
        await settle();
      }
      pass(Math.max(0, untilMs - nowMs)); // what a timer did may have taken longer
    },
    settle,
    setWallMs: (ms) => void (wallMs = ms),
    suspend: (ms) => void (wallMs += ms),
    freeze: pass,
    get timers() { return timers.size; },
  };
  return clock;
}

/** Long enough for chains of promises; real input and output is not waited for. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
