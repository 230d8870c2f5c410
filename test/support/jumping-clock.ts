/** The real clock, but for what a scenario cannot wait for: it can be set forward, and what became due fires at once. */
import { sleepOn, systemClock, type Clock } from '../../src/control/clock.ts';

export interface JumpingClock extends Clock {
  /** Both clocks go forward by this much. */
  jump(ms: number): void;
}

interface Timer { readonly atMs: number; readonly fn: () => void; cancel: () => void }

export function jumpingClock(): JumpingClock {
  const timers = new Set<Timer>();
  let aheadMs = 0;
  const now = (): number => systemClock.now() + aheadMs;

  function arm(timer: Timer): void {
    timer.cancel = systemClock.setTimer(Math.max(0, timer.atMs - now()), () => {
      timers.delete(timer);
      timer.fn();
    });
  }

  const clock: JumpingClock = {
    now,
    wallMs: () => systemClock.wallMs() + aheadMs,
    random: systemClock.random,
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
    setTimer(ms, fn) {
      const timer: Timer = { atMs: now() + ms, fn, cancel: () => {} };
      timers.add(timer);
      arm(timer);
      return () => {
        timers.delete(timer);
        timer.cancel();
      };
    },
    jump(ms) {
      aheadMs += ms;
      for (const timer of timers) {
        timer.cancel();
        arm(timer);
      }
    },
  };
  return clock;
}
