import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createLanes, isMoreUrgent, LANES, PASSED_OVER_LIMIT, type Lane } from '../../../src/control/lanes.ts';
import { createDelayHeap } from '../../../src/control/delay-heap.ts';
import { createWaitingKeys, type WaitingKeys } from '../../../src/control/waiting-keys.ts';

const takeAll = (waiting: Pick<WaitingKeys, 'take'>): string[] => {
  const keys: string[] = [];
  for (let next = waiting.take(); next !== undefined; next = waiting.take()) keys.push(next.key);
  return keys;
};

describe('lanes', () => {
  it('serves the urgent first and each lane in order of arrival', () => {
    const lanes = createLanes();
    for (const [key, lane] of [['a', 'resync'], ['b', 'drift'], ['c', 'new'], ['d', 'drift'], ['e', 'retry']] as const) lanes.add(key, lane);
    assert.deepEqual([1, 2, 3, 4, 5].map(() => lanes.take()), ['c', 'b', 'd', 'e', 'a']);
    assert.equal(lanes.take(), undefined);
  });

  it('passes no lane over more often than the limit', () => {
    const lanes = createLanes();
    for (const lane of ['drift', 'retry', 'resync'] as const) for (let i = 0; i < 100; i++) lanes.add(`${lane}-${i}`, lane);
    const served: string[] = [];
    for (let i = 0; i < 200; i++) {
      lanes.add(`new-${i}`, 'new');
      served.push(lanes.take()?.split('-')[0] ?? 'none');
    }
    for (const lane of LANES) {
      const gaps = served.join(' ').split(lane).map((gap) => gap.split(' ').filter((word) => word !== '').length);
      assert.ok(Math.max(...gaps) <= PASSED_OVER_LIMIT + LANES.length, `${lane} waited ${Math.max(...gaps)} turns`);
    }
  });

  it('is empty again after any mix of adding and removing', () => {
    const lanes = createLanes();
    lanes.add('a', 'new');
    lanes.add('b', 'new');
    lanes.remove('a', 'new');
    assert.equal(lanes.take(), 'b');
    assert.equal(lanes.take(), undefined);
    lanes.add('c', 'new');
    assert.equal(lanes.size, 1);
    assert.equal(lanes.take(), 'c');
  });
});

describe('delay heap', () => {
  it('gives entries in order of their time, whatever was moved or removed', () => {
    fc.assert(fc.property(
      fc.array(fc.record({ dueMs: fc.nat(50), later: fc.constantFrom('keep', 'move', 'remove'), to: fc.nat(50) }), { maxLength: 60 }),
      (plan) => {
        const heap = createDelayHeap<{ dueMs: number; heapIndex: number }>();
        const entries = plan.map(({ dueMs }) => ({ dueMs, heapIndex: -1 }));
        for (const entry of entries) heap.push(entry);
        const expected: number[] = [];
        plan.forEach(({ later, to }, index) => {
          const entry = entries[index];
          assert.ok(entry);
          if (later === 'remove') heap.remove(entry);
          if (later === 'move') {
            entry.dueMs = to;
            heap.push(entry);
          }
          if (later !== 'remove') expected.push(entry.dueMs);
        });
        assert.equal(heap.size, expected.length);
        const got: number[] = [];
        for (let next = heap.peek(); next !== undefined; next = heap.peek()) {
          got.push(next.dueMs);
          heap.remove(next);
          assert.equal(next.heapIndex, -1);
        }
        assert.deepEqual(got, expected.sort((a, b) => a - b));
      }));
  });
});

describe('waiting keys', () => {
  it('keeps a key once, in the more urgent lane, at the earlier time', () => {
    const waiting = createWaitingKeys();
    waiting.add('a', 'resync', 100, 0);
    waiting.add('a', 'drift', 500, 0);
    waiting.add('b', 'retry', 90, 0);
    assert.deepEqual([waiting.delayed, waiting.nextDueMs()], [2, 90]);
    waiting.mature(100);
    assert.deepEqual(takeAll(waiting), ['a', 'b']);
  });

  it('holds a taken key back until it is released', () => {
    const waiting = createWaitingKeys();
    waiting.add('a', 'new', 0, 0);
    assert.deepEqual(waiting.take(), { key: 'a', readySinceMs: 0 });
    waiting.add('a', 'drift', 5, 5);
    assert.equal(waiting.take(), undefined);
    waiting.release('a', 9);
    assert.deepEqual(waiting.take(), { key: 'a', readySinceMs: 5 });
    waiting.release('a', 9);
    assert.equal(waiting.take(), undefined);
  });

  it('agrees with a model that sorts a list', () => {
    const operation = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c', 'constructor', '__proto__'), lane: fc.constantFrom(...LANES), delay: fc.constantFrom(0, 0, 1, 7, 30) }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(10) }),
      fc.record({ kind: fc.constant('take' as const) }),
      fc.record({ kind: fc.constant('release' as const) }),
    );
    fc.assert(fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      let nowMs = 0;
      const waiting = createWaitingKeys();
      const model = new Map<string, { lane: Lane; dueMs: number }>();
      const taken: string[] = [];
      for (const step of operations) {
        switch (step.kind) {
          case 'pass':
            nowMs += step.ms;
            break;
          case 'add': {
            const before = model.get(step.key);
            const dueMs = Math.min(nowMs + step.delay, before?.dueMs ?? Infinity);
            const lane = before === undefined || isMoreUrgent(step.lane, before.lane) ? step.lane : before.lane;
            model.set(step.key, { lane, dueMs });
            waiting.add(step.key, step.lane, nowMs + step.delay, nowMs);
            break;
          }
          case 'release': {
            const key = taken.shift();
            if (key !== undefined) waiting.release(key, nowMs);
            break;
          }
          case 'take': {
            waiting.mature(nowMs);
            const ready = [...model].filter(([key, { dueMs }]) => dueMs <= nowMs && !taken.includes(key));
            const got = waiting.take();
            if (got === undefined) {
              assert.deepEqual(ready, []);
              break;
            }
            assert.ok(ready.some(([key]) => key === got.key), `${got.key} was not ready`);
            model.delete(got.key);
            taken.push(got.key);
          }
        }
        waiting.mature(nowMs);
        const readyNow = [...model].filter(([key, { dueMs }]) => dueMs <= nowMs && !taken.includes(key)).length;
        assert.equal(waiting.ready, readyNow);
        assert.equal(waiting.delayed, [...model.values()].filter(({ dueMs }) => dueMs > nowMs).length);
      }
    }), { numRuns: 500 });
  });
});
