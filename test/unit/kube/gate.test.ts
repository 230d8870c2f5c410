/** One gate for all requests. */
import assert from 'node:assert/strict';
import { closedFor, createGate, LONGEST_CLOSURE_MS, OPEN, waitMsAt } from '../../../src/kube/gate.ts';
import { manualClock } from '../../support/clock.ts';

describe('gate: the step', () => {
  it('is open at first, and again when the time is over', () => {
    assert.equal(waitMsAt(OPEN, 0, 0.5), 0);
    const closed = closedFor(OPEN, 1000, 2000);
    assert.ok(waitMsAt(closed, 1000, 0) === 2000 && waitMsAt(closed, 2999, 0) === 1);
    assert.equal(waitMsAt(closed, 3000, 0.9), 0);
  });
  it('a shorter time does not open it earlier', () => {
    assert.deepEqual(closedFor(closedFor(OPEN, 0, 5000), 1000, 1000), { openAtMs: 5000 });
  });
  it('does not believe more than a minute', () => {
    assert.deepEqual(closedFor(OPEN, 0, 3_600_000), { openAtMs: LONGEST_CLOSURE_MS });
  });
  it('spreads those who waited', () => {
    const closed = closedFor(OPEN, 0, 1000);
    assert.ok(waitMsAt(closed, 0, 0.99) > waitMsAt(closed, 0, 0.1));
  });
});

describe('gate: waiting', () => {
  it('everybody waits for what one was told, also when it is told while they wait', async () => {
    const clock = manualClock({ random: () => 0 });
    const gate = createGate(clock);
    const never = new AbortController().signal;
    let passed = 0;
    const go = (): Promise<void> => gate.pass(never).then(() => { passed += 1; });
    await go();
    gate.close(1000);
    const waiting = [go(), go()];
    await clock.advance(500);
    gate.close(1000);
    await clock.advance(999);
    assert.equal(passed, 1);
    await clock.advance(1);
    await Promise.all(waiting);
    assert.equal(passed, 3);
  });
  it('an abort ends the wait', async () => {
    const clock = manualClock();
    const gate = createGate(clock);
    gate.close(1000);
    const aborting = new AbortController();
    const waiting = gate.pass(aborting.signal);
    aborting.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
  });
});
