/**
 * Binary heap of things that become due, with removal: an entry that was superseded leaves at once, so
 * that the heap holds at most one entry per live key however often keys come and go.
 */

/** What the heap keeps; `heapIndex` belongs to the heap: -1 while the entry is not in it. */
export interface Delayed {
  dueMs: number;
  heapIndex: number;
}

export interface DelayHeap<T extends Delayed> {
  readonly size: number;
  /** The entry that is due first. */
  peek(): T | undefined;
  /** Adds the entry, or moves it after its `dueMs` changed. */
  push(entry: T): void;
  /** Nothing happens when it is not in the heap. */
  remove(entry: T): void;
}

export function createDelayHeap<T extends Delayed>(): DelayHeap<T> {
  const heap: T[] = [];

  function place(entry: T, index: number): void {
    heap[index] = entry;
    entry.heapIndex = index;
  }

  function siftUp(entry: T): void {
    let index = entry.heapIndex;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as T;
      if (parent.dueMs <= entry.dueMs) break;
      place(parent, index);
      index = parentIndex;
    }
    place(entry, index);
  }

  function siftDown(entry: T): void {
    let index = entry.heapIndex;
    for (;;) {
      const child = earlierChild(index);
      if (child === undefined || child.dueMs >= entry.dueMs) break;
      const childIndex = child.heapIndex;
      place(child, index);
      index = childIndex;
    }
    place(entry, index);
  }

  function earlierChild(index: number): T | undefined {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    return left !== undefined && right !== undefined && right.dueMs < left.dueMs ? right : left;
  }

  return {
    get size() { return heap.length; },
    peek: () => heap[0],
    push(entry) {
      if (entry.heapIndex === -1) place(entry, heap.length);
      siftUp(entry);
      siftDown(entry);
    },
    remove(entry) {
      const index = entry.heapIndex;
      if (index === -1) return;
      entry.heapIndex = -1;
      const last = heap.pop() as T;
      if (last === entry) return;
      place(last, index);
      siftUp(last);
      siftDown(last);
    },
  };
}
