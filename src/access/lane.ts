/** A way that few may be on at once. */

/** Nobody may even wait any more. */
export class LaneFull extends Error {
  override readonly name = 'LaneFull';
}

/** Runs `work` when it is its turn; rejects with the signal's reason while it waits, and at once with `LaneFull`. */
export type Lane = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** At most `width` at once and `room` waiting, who go in the order in which they came. */
export function createLane(width: number, room: number): Lane {
  let running = 0;
  const waiting = new Set<() => void>();

  function turn(signal: AbortSignal): Promise<void> {
    if (waiting.size >= room) throw new LaneFull(`${waiting.size} are waiting already`);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(go);
        reject(signal.reason as Error);
      };
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      waiting.add(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** The place goes to who waits first, without being free in between. */
  function makeRoom(): void {
    const [next] = waiting;
    if (next === undefined) {
      running -= 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  return async (work, signal) => {
    signal.throwIfAborted();
    if (running < width) running += 1;
    else await turn(signal);
    try {
      return await work();
    } finally {
      makeRoom();
    }
  };
}
