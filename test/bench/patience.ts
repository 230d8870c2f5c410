/**
 * Waiting that always ends: with the result, with what went wrong elsewhere meanwhile, or with what did not come in time.
 */

/** The bench cannot go on; the message is for the person who started it. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}

export interface Patience {
  /** Rejects after `ms` with what `missing` then says, or as soon as anything failed. */
  within<T>(ms: number, promise: Promise<T>, missing: () => string): Promise<T>;
  /** A watch ended, a process died, somebody pressed Ctrl-C: whoever waits now or later is told. The first one counts. */
  fail(error: Error): void;
}

export function createPatience(): Patience {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  return {
    async within(ms, promise, missing) {
      const expiry = Promise.withResolvers<never>();
      const timer = setTimeout(() => { expiry.reject(new BenchError(`${missing()} (waited ${ms / 1000} s)`)); }, ms);
      try {
        return await Promise.race([promise, failure.promise, expiry.promise]);
      } finally {
        clearTimeout(timer);
      }
    },
    fail: (error) => { failure.reject(error); },
  };
}
