/** Never 5: bounded repair while another party undoes it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { afterMatch, afterMismatch, afterRepair, calmAtMs, isContended, isQuiet, NO_HISTORY, repairAtMs, type RepairHistory } from '../../../src/plan/contention.ts';

const MINUTE = 60_000;

/** Repairs as early as allowed while each is undone at once; returns the times. */
function fight(repairs: number, mayBeOpen: boolean): number[] {
  let history: RepairHistory = NO_HISTORY;
  let nowMs = 0;
  return Array.from({ length: repairs }, () => {
    nowMs = Math.max(nowMs, repairAtMs(history, mayBeOpen, nowMs));
    history = afterRepair(history, nowMs);
    return nowMs;
  });
}
const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, index) => (time - (times[index] ?? 0)) / 1000);

describe('never 5: repairs that are undone', () => {
  it('the first 10 go at once, then 1 s doubling to 60 s', () => {
    assert.deepEqual(gaps(fight(20, false)), [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
  });
  it('at most 5 s while the live policy is missing or may be more open', () => {
    assert.deepEqual(gaps(fight(16, true)).slice(9), [1, 2, 4, 5, 5, 5]);
  });
  it('10 in more than a minute are no fight', () => {
    let history = NO_HISTORY;
    for (let count = 0; count < 100; count += 1) history = afterRepair(history, count * 6_700);
    assert.equal(history.delayMs, 0);
    assert.equal(isContended(history, 100 * 6_700), false);
  });
  it('is told after the tenth within a minute', () => {
    let history = NO_HISTORY;
    for (let count = 0; count < 9; count += 1) history = afterRepair(history, count * 1000);
    assert.equal(isContended(history, 9000), false);
    assert.equal(isContended(afterRepair(history, 9000), 9000), true);
  });
  it('all is forgotten after 10 quiet minutes, not before', () => {
    let history = NO_HISTORY;
    for (let count = 0; count < 12; count += 1) history = afterRepair(history, 0);
    assert.equal(isContended(history, 10 * MINUTE - 1), true);
    assert.equal(isQuiet(history, 10 * MINUTE - 1), false);
    assert.equal(isContended(history, 10 * MINUTE), false);
    assert.equal(isQuiet(history, 10 * MINUTE), true);
    assert.equal(repairAtMs(history, false, 10 * MINUTE), 10 * MINUTE);
    assert.equal(afterRepair(history, 10 * MINUTE).delayMs, 0);
  });
  it('a fight that goes on at its slowest pace is never forgotten', () => {
    const times = fight(40, false);
    assert.ok(gaps(times).slice(-10).every((gap) => gap === 60));
  });
  it('nothing happened: nothing waits', () => {
    assert.equal(repairAtMs(NO_HISTORY, false, 123), 123);
    assert.equal(isContended(NO_HISTORY, 123), false);
  });
});

describe('never 5: responses that differ from what was sent', () => {
  const mismatches = (count: number, from: RepairHistory = NO_HISTORY): RepairHistory => Array.from({ length: count }).reduce<RepairHistory>((history) => afterMismatch(history, 1000), from);

  it('twice is let pass', () => assert.equal(repairAtMs(mismatches(2), true, 1000), 1000));
  it('three times pauses the object for minutes, even if it is open', () => {
    assert.equal(repairAtMs(mismatches(3), true, 1000), 1000 + 5 * MINUTE);
    assert.ok(isContended(mismatches(3), 1000));
  });
  it('a response that fits in between starts the count anew', () => {
    assert.equal(repairAtMs(mismatches(2, afterMatch(mismatches(2))), true, 1000), 1000);
    assert.equal(afterMatch(NO_HISTORY), NO_HISTORY);
  });
  it('counts a create and the repairs after it together', () => {
    let history = afterMismatch(NO_HISTORY, 1000);
    for (let count = 0; count < 2; count += 1) history = afterMismatch(afterRepair(history, 1000 + count), 1000 + count);
    assert.ok(history.pausedUntilMs > 1000);
  });
  it('after the pause it tries again, and is paused again', () => {
    const paused = mismatches(3);
    const nowMs = paused.pausedUntilMs;
    assert.equal(repairAtMs(paused, true, nowMs), nowMs);
    assert.equal(isContended(paused, nowMs), false);
    assert.ok(afterMismatch(afterMismatch(afterMismatch(paused, nowMs), nowMs), nowMs).pausedUntilMs > nowMs);
  });
});

describe('never 5: when a fight is over without an event', () => {
  const tired = (count: number): RepairHistory => Array.from({ length: count }).reduce<RepairHistory>((history) => afterRepair(history, 0), NO_HISTORY);
  it('no fight: never', () => assert.equal(calmAtMs(NO_HISTORY, 0), undefined));
  it('ten minutes after the last repair', () => assert.equal(calmAtMs(tired(12), 1000), 10 * MINUTE));
  it('with the end of the pause', () => {
    const paused = [1, 2, 3].reduce((history) => afterMismatch(history, 1000), NO_HISTORY);
    assert.equal(calmAtMs(paused, 1000), paused.pausedUntilMs);
  });
  it('is then, and not before', () => {
    const paused = [1, 2, 3].reduce((history) => afterMismatch(history, 0), tired(12));
    const atMs = calmAtMs(paused, 0) ?? assert.fail();
    assert.deepEqual([isContended(paused, atMs - 1), isContended(paused, atMs), calmAtMs(paused, atMs)], [true, false, undefined]);
  });
});

describe('never 5: laws', () => {
  const steps = fc.array(fc.record({ waitMs: fc.oneof(fc.nat({ max: 2000 }), fc.nat({ max: 20 * MINUTE })), differs: fc.boolean(), open: fc.boolean() }), { maxLength: 60 });
  it('at most 16 repairs in any minute, whoever undoes them when, and memory is bounded', () => {
    fc.assert(fc.property(steps, (undone) => {
      let history: RepairHistory = NO_HISTORY;
      let nowMs = 0;
      const times: number[] = [];
      for (const { waitMs, differs } of undone) {
        nowMs = Math.max(nowMs + waitMs, repairAtMs(history, false, nowMs + waitMs));
        times.push(nowMs);
        history = afterRepair(history, nowMs);
        history = differs ? afterMismatch(history, nowMs) : afterMatch(history);
        assert.ok(history.repairsMs.length <= 10);
      }
      for (const time of times) assert.ok(times.filter((other) => other >= time && other < time + MINUTE - 1).length <= 10 + 6, 'ten at once, then 1, 2, 4, 8, 16 and 32 s apart');
    }));
  });
  it('a repair is never put off for more than 60 s, or 5 s while it may be open, unless it is paused', () => {
    fc.assert(fc.property(steps, (undone) => {
      let history: RepairHistory = NO_HISTORY;
      let nowMs = 0;
      for (const { waitMs, open } of undone) {
        nowMs += waitMs;
        assert.ok(repairAtMs(history, open, nowMs) - nowMs <= (open ? 5_000 : 60_000));
        nowMs = Math.max(nowMs, repairAtMs(history, open, nowMs));
        history = afterRepair(history, nowMs);
      }
    }));
  });
});
