/**
 * Changes that wait to be evaluated, the oldest first.
 *
 * Where many wait, all of one object become the last of them, in the place of the first: an object that is changed faster than
 * it can be evaluated holds up nobody, and what waits is bounded by what there is. Holds nothing of what was taken.
 */
import type { Operation } from './operations.ts';

export interface Waiting {
  readonly operation: Operation;
  /** When it came. */
  readonly sinceMs: number;
}

export interface Backlog {
  add(waiting: Waiting): void;
  first(): Waiting | undefined;
  take(): Waiting | undefined;
  clear(): void;
  readonly size: number;
  /** What is held. */
  readonly held: number;
}

/** Below it moving what is left is not worth while. */
const FEW = 64;
/** Below it each change is evaluated, also one that is undone at once. */
const MANY = 1_000;

export function createBacklog(): Backlog {
  let waiting: Waiting[] = [];
  let next = 0;
  let mergeAt = MANY;

  /** Doubling what there may be until the next time: all of it costs no more than a fixed part of each change. */
  function merge(): void {
    const byObject = new Map<string, Waiting>();
    for (const one of waiting.slice(next)) {
      const { object } = one.operation;
      byObject.set(object, { operation: one.operation, sinceMs: byObject.get(object)?.sinceMs ?? one.sinceMs });
    }
    waiting = [...byObject.values()];
    next = 0;
    mergeAt = Math.max(MANY, 2 * waiting.length);
  }

  return {
    add(one) {
      waiting.push(one);
      if (waiting.length - next >= mergeAt) merge();
    },
    first: () => waiting[next],
    take() {
      const one = waiting[next];
      if (one === undefined) return undefined;
      next += 1;
      if (next === waiting.length || (next >= FEW && next * 2 >= waiting.length)) {
        waiting = waiting.slice(next);
        next = 0;
        mergeAt = Math.min(mergeAt, Math.max(MANY, 2 * waiting.length));
      }
      return one;
    },
    clear() { [waiting, next] = [[], 0]; },
    get size() { return waiting.length - next; },
    get held() { return waiting.length; },
  };
}
