import assert from 'node:assert/strict';
import fc from 'fast-check';
import { backoffMs } from '../../../src/control/backoff.ts';
import { callWithin, sleepOn, systemClock } from '../../../src/control/clock.ts';
import { manualClock } from '../../support/clock.ts';

describe('clock', () => {
  it('keeps delays that setTimeout would cut to nothing', async () => {
    let fired = false;
    const cancels = [2 ** 31, 2 ** 33, Number.MAX_SAFE_INTEGER].map((ms) => systemClock.setTimer(ms, () => void (fired = true)));
    await systemClock.sleep(20);
    for (const cancel of cancels) cancel();
    assert.equal(fired, false);
  });

  it('runs and cancels timers, and sleeps', async () => {
    const fired: string[] = [];
    systemClock.setTimer(-5, () => fired.push('past'));
    systemClock.setTimer(5, () => fired.push('cancelled'))();
    const from = systemClock.now();
    await systemClock.sleep(10);
    assert.ok(systemClock.now() - from >= 9);
    assert.deepEqual(fired, ['past']);
  });

  it('wakes a sleeper with the reason of its signal, and leaves no timer behind', async () => {
    const clock = manualClock();
    const reason = new Error('stop');
    await assert.rejects(sleepOn(clock, 1000, AbortSignal.abort(reason)), reason);
    const abort = new AbortController();
    const sleeping = sleepOn(clock, 1000, abort.signal);
    abort.abort(reason);
    await assert.rejects(sleeping, reason);
    assert.equal(clock.timers, 0);
  });

  it('ends calls that do not listen', async () => {
    const clock = manualClock();
    const until = new AbortController();
    const late = assert.rejects(callWithin(1000, () => new Promise(() => {}), clock, until.signal), /no answer after 1 s/);
    await clock.advance(1000);
    await late;
    const stopped = assert.rejects(callWithin(1000, () => new Promise(() => {}), clock, until.signal), /stop/);
    until.abort(new Error('stop'));
    await stopped;
    await assert.rejects(callWithin(1000, async () => assert.fail('must not run'), clock, until.signal), /stop/);
    assert.equal(await callWithin(1000, async () => 7, clock, new AbortController().signal), 7);
    assert.equal(clock.timers, 0);
  });
});

describe('backoff', () => {
  it('doubles from the base to the cap, and is spread over half to all of it', () => {
    const limits = { baseMs: 250, capMs: 60_000 };
    const almost = 1 - Number.EPSILON;
    assert.deepEqual([1, 2, 3, 9, 1000].map((failures) => backoffMs(failures, limits, 0)), [125, 250, 500, 30_000, 30_000]);
    assert.deepEqual([1, 2, 3, 9, 1000].map((failures) => Math.round(backoffMs(failures, limits, almost))), [250, 500, 1000, 60_000, 60_000]);
    fc.assert(fc.property(fc.nat(5000), fc.double({ min: 0, max: almost, noNaN: true }), (failures, random) => {
      const ms = backoffMs(failures, limits, random);
      assert.ok(ms >= 125 && ms <= 60_000);
    }));
  });
});
