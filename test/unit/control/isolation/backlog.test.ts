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
});
