/** The backlog: what came first is taken first, and nothing is held that was taken. */
import assert from 'node:assert/strict';
import { createBacklog, type Backlog } from '../../../../src/control/isolation/backlog.ts';
import type { Operation } from '../../../../src/control/isolation/operations.ts';

const operation = (object: string): Operation => ({ object, isOurs: false, touches: [], apply: () => undefined, cause: () => ({ kind: 'pod', text: object, isOurs: false }) });
const add = (backlog: Backlog, at: number): void => backlog.add({ operation: operation(String(at)), sinceMs: at });

describe('isolation: the backlog', () => {
  it('gives what came first, and its time', () => {
    const backlog = createBacklog();
    for (let at = 0; at < 300; at += 1) add(backlog, at);
    assert.equal(backlog.first()?.sinceMs, 0);
    const taken = Array.from({ length: 300 }, () => backlog.take());
    assert.deepEqual(taken.map((one) => [one?.sinceMs, one?.operation.object]), taken.map((_, at) => [at, String(at)]));
    assert.deepEqual([backlog.take(), backlog.first(), backlog.size, backlog.held], [undefined, undefined, 0, 0]);
  });

  it('does not hold what was taken where there is always something left', () => {
    const backlog = createBacklog();
    for (let at = 0; at < 100; at += 1) add(backlog, at);
    for (let at = 100; at < 50_000; at += 1) {
      add(backlog, at);
      assert.equal(backlog.take()?.sinceMs, at - 100);
      assert.ok(backlog.held <= 2 * backlog.size + 64, `${backlog.held} held, ${backlog.size} wait`);
    }
    assert.equal(backlog.size, 100);
  });

  it('one object that is changed again and again is one change, in its place, where many wait', () => {
    const backlog = createBacklog();
    const last = new Map<string, Operation>();
    const came = (object: string, sinceMs: number): void => {
      last.set(object, operation(object));
      backlog.add({ operation: last.get(object)!, sinceMs });
    };
    came('noisy', 0);
    for (let at = 1; at < 200_000; at += 1) came(at % 1_000 === 0 ? `quiet ${at}` : 'noisy', at);
    assert.ok(backlog.size < 2_000, `${backlog.size} wait`);
    const order: string[] = [];
    const applied = new Map<string, Operation>();
    for (let one = backlog.take(); one !== undefined; one = backlog.take()) {
      if (!applied.has(one.operation.object)) order.push(`${one.operation.object} since ${one.sinceMs}`);
      applied.set(one.operation.object, one.operation);
    }
    assert.deepEqual(order.slice(0, 3), ['noisy since 0', 'quiet 1000 since 1000', 'quiet 2000 since 2000']);
    assert.equal(order.length, 200);
    assert.ok([...last].every(([object, final]) => applied.get(object) === final), 'what counts is the last of each');
  });

  it('few are each evaluated, and many of different objects are all there', () => {
    const backlog = createBacklog();
    for (const at of [1, 2, 3]) backlog.add({ operation: operation('a'), sinceMs: at });
    assert.equal(backlog.size, 3);
    for (let at = 0; at < 5_000; at += 1) add(backlog, at);
    assert.equal(new Set(Array.from({ length: backlog.size }, () => backlog.take()?.operation.object)).size, 5_001);
  });
});
