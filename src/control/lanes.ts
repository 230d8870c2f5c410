/**
 * Order of waiting keys: lanes by urgency, first in first out within a lane, and no lane starves.
 *
 * Promises: O(1) for add, remove and take, also with 100,000 keys. Holds a key in one lane at most, as
 * long as the caller removes it from the old lane first.
 */

/** Most urgent first: a namespace that has nothing yet, a policy that was touched, a failure, a routine look. */
export const LANES = ['new', 'drift', 'retry', 'resync'] as const;
export type Lane = (typeof LANES)[number];

/** A lane that was passed over this often goes next, whatever is more urgent. */
export const PASSED_OVER_LIMIT = 8;

export const isMoreUrgent = (a: Lane, b: Lane): boolean => LANES.indexOf(a) < LANES.indexOf(b);

export interface Lanes {
  readonly size: number;
  add(key: string, lane: Lane): void;
  remove(key: string, lane: Lane): void;
  take(): string | undefined;
}

export function createLanes(passedOverLimit = PASSED_OVER_LIMIT): Lanes {
  const lanes = LANES.map(() => ({ ...createFifo(), passedOver: 0 }));
  const laneOf = (lane: Lane) => lanes[LANES.indexOf(lane)] as (typeof lanes)[number];

  /** The most urgent lane that holds something, or the least urgent one that waited too long. */
  function nextLane() {
    const waiting = lanes.filter((lane) => lane.keys.size > 0);
    return waiting.findLast((lane) => lane.passedOver >= passedOverLimit) ?? waiting[0];
  }

  return {
    get size() { return lanes.reduce((sum, lane) => sum + lane.keys.size, 0); },
    add: (key, lane) => void laneOf(lane).keys.add(key),
    remove: (key, lane) => void laneOf(lane).keys.delete(key),
    take() {
      const next = nextLane();
      for (const lane of lanes) lane.passedOver = lane === next || lane.keys.size === 0 ? 0 : lane.passedOver + 1;
      return next?.take();
    },
  };
}

/**
 * A set in order of arrival. The iterator is kept between takes: a fresh one would walk over the holes
 * that earlier takes left, which makes emptying a large set quadratic.
 */
function createFifo() {
  const keys = new Set<string>();
  let iterator = keys.values();
  return {
    keys,
    take(): string | undefined {
      let next = iterator.next();
      if (next.done === true) {
        iterator = keys.values();
        next = iterator.next();
      }
      if (next.done === true) return undefined;
      keys.delete(next.value);
      return next.value;
    },
  };
}
