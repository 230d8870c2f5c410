/**
 * Changes that wait to be evaluated, the oldest first.
 *
 * Holds nothing of what was taken, also where there is always something left.
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

export function createBacklog(): Backlog {
  let waiting: Waiting[] = [];
  let next = 0;

  return {
    add: (one) => { waiting.push(one); },
    first: () => waiting[next],
    take() {
      const one = waiting[next];
      if (one === undefined) return undefined;
      next += 1;
      if (next === waiting.length || (next >= FEW && next * 2 >= waiting.length)) {
        waiting = waiting.slice(next);
        next = 0;
      }
      return one;
    },
    clear() { [waiting, next] = [[], 0]; },
    get size() { return waiting.length - next; },
    get held() { return waiting.length; },
  };
}
