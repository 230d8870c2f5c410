/**
 * Time and randomness as one argument, so that whoever waits can be tested without waiting.
 *
 * Promises: `now` never goes back and never jumps; `wallMs` is for timestamps and for dates that users write.
 * Must not: be read by pure code, which takes the time as a value.
 */

/** Each is a function of its own: it can be handed on without the clock. */
export interface Clock {
  /** Monotonic milliseconds with a fraction; only differences mean anything. May stand still while a machine sleeps. */
  readonly now: () => number;
  /** Milliseconds since the epoch; jumps when somebody sets the clock. */
  readonly wallMs: () => number;
  /** Rejects with the signal's reason as soon as it is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Calls `fn` once after `ms`, however long that is. Returns how to cancel it. */
  readonly setTimer: (ms: number, fn: () => void) => () => void;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

/** The longest delay that setTimeout keeps; anything above fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
  setTimer: startTimer,
  random: () => Math.random(),
};

/** `sleep` for any clock that has timers. */
export function sleepOn(clock: Pick<Clock, 'setTimer'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const wake = (): void => {
      signal?.removeEventListener('abort', abandon);
      resolve();
    };
    const cancel = clock.setTimer(ms, wake);
    function abandon(): void {
      cancel();
      reject(signal?.reason as Error);
    }
    signal?.addEventListener('abort', abandon, { once: true });
  });
}

/** Rejects after `ms` or with `until`, whichever comes first, also when `run` does not listen to its signal. */
export async function callWithin<T>(
  ms: number, run: (signal: AbortSignal) => Promise<T>, clock: Pick<Clock, 'setTimer'>, until: AbortSignal,
): Promise<T> {
  until.throwIfAborted();
  const own = new AbortController();
  const over = Promise.withResolvers<never>();
  const end = (reason: Error): void => {
    own.abort(reason);
    over.reject(reason);
  };
  const stop = (): void => end(until.reason as Error);
  const cancel = clock.setTimer(ms, () => end(new Error(`no answer after ${ms / 1000} s`)));
  until.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([run(own.signal), over.promise]);
  } finally {
    cancel();
    until.removeEventListener('abort', stop);
  }
}

/** Waits longer than setTimeout can in several legs. */
function startTimer(ms: number, fn: () => void): () => void {
  let timer: NodeJS.Timeout;
  const leg = (leftMs: number): void => {
    const thisLegMs = Math.min(leftMs, LONGEST_TIMEOUT_MS);
    timer = setTimeout(() => (leftMs > thisLegMs ? leg(leftMs - thisLegMs) : fn()), Math.ceil(thisLegMs));
  };
  leg(Math.max(0, ms));
  return () => clearTimeout(timer);
}
