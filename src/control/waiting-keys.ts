/**
 * The keys that wait: each once, in its lane when it is ready, in the heap while its time has not come,
 * held back while it runs. Time is a value here; nothing starts by itself.
 *
 * Promises: a key that was added is either taken or still here; `add` merges to the more urgent lane and
 * the earlier time; nothing is kept of a key that is neither waiting nor taken.
 */
import { createDelayHeap, type Delayed } from './delay-heap.ts';
import { createLanes, isMoreUrgent, type Lane } from './lanes.ts';

export interface Taken {
  readonly key: string;
  readonly readySinceMs: number;
}

export interface WaitingKeys {
  /** Ready and not held back. */
  readonly ready: number;
  readonly delayed: number;
  add(key: string, lane: Lane, dueMs: number, nowMs: number): void;
  /** Makes ready whatever is due; call before `take`. */
  mature(nowMs: number): void;
  /** The next ready key, which is held back from here until `release`. */
  take(): Taken | undefined;
  /** The taken key may be taken again. */
  release(key: string, nowMs: number): void;
  /** When the next delayed key is due; Infinity when none is. */
  nextDueMs(): number;
}

interface Waiting extends Delayed {
  readonly key: string;
  lane: Lane;
  readySinceMs: number | undefined;
}

/** `onReady` is called once for each wait, when the key becomes ready, also while it is held back. */
export function createWaitingKeys(onReady: () => void = () => {}): WaitingKeys {
  const waiting = new Map<string, Waiting>();
  const taken = new Set<string>();
  const lanes = createLanes();
  const heap = createDelayHeap<Waiting>();

  function place(entry: Waiting, nowMs: number): void {
    if (entry.dueMs > nowMs) {
      heap.push(entry);
      return;
    }
    heap.remove(entry);
    if (entry.readySinceMs === undefined) {
      entry.readySinceMs = nowMs;
      onReady();
    }
    if (!taken.has(entry.key)) lanes.add(entry.key, entry.lane);
  }

  function merge(entry: Waiting, lane: Lane, dueMs: number): void {
    if (isMoreUrgent(lane, entry.lane)) {
      lanes.remove(entry.key, entry.lane);
      entry.lane = lane;
    }
    entry.dueMs = Math.min(entry.dueMs, dueMs);
  }

  return {
    get ready() { return lanes.size; },
    get delayed() { return heap.size; },
    add(key, lane, dueMs, nowMs) {
      let entry = waiting.get(key);
      if (entry !== undefined) {
        merge(entry, lane, dueMs);
      } else {
        entry = { key, lane, dueMs, readySinceMs: undefined, heapIndex: -1 };
        waiting.set(key, entry);
      }
      place(entry, nowMs);
    },
    mature(nowMs) {
      for (let due = heap.peek(); due !== undefined && due.dueMs <= nowMs; due = heap.peek()) place(due, nowMs);
    },
    take() {
      const key = lanes.take();
      if (key === undefined) return undefined;
      const readySinceMs = waiting.get(key)?.readySinceMs ?? 0;
      waiting.delete(key);
      taken.add(key);
      return { key, readySinceMs };
    },
    release(key, nowMs) {
      taken.delete(key);
      const touched = waiting.get(key);
      if (touched !== undefined) place(touched, nowMs);
    },
    nextDueMs: () => heap.peek()?.dueMs ?? Infinity,
  };
}
