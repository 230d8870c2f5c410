/** What a reflector does after each way in which a list or a watch can end. */
import assert from 'node:assert/strict';
import { KubeError, type KubeErrorKind } from '../../../src/kube/errors.ts';
import { SILENT } from '../../../src/kube/watching.ts';
import { afterEnd, afterList, DEFAULT_REFLECTOR_SETTINGS as settings, judgeList, nextMove, START, type End, type Next, type Position, type Verdict } from '../../../src/watch/reflector-step.ts';

const live: Position = { ...START, resumable: true };
const error = (kind: KubeErrorKind, reason?: string): KubeError => new KubeError(kind, { kind, reason });
const ended = (end: Partial<End> = {}): End => ({ move: 'Watch', livedMs: 0, progress: false, ...end });
const at = (nowMs = 0, random = 0.9999) => ({ nowMs, random, settings });
const after = (position: Position, end: Partial<End>, nowMs = 0): Next => afterEnd(position, ended(end), at(nowMs));
/** The same end again and again. */
function repeat(times: number, position: Position, end: Partial<End>): Next[] {
  const nexts: Next[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const next = after(position, end, turn * 1000);
    nexts.push(next);
    ({ position } = next);
  }
  return nexts;
}
const waits = (nexts: readonly Next[]): number[] => nexts.map(({ waitMs }) => Math.round(waitMs / 100) / 10);

describe('reflector step: moves', () => {
  it('starts with a streamed list, with pages where that was refused, and watches from then on', () => {
    assert.equal(nextMove(START), 'StreamList');
    for (const kind of ['Invalid', 'BadRequest'] as const) {
      const refused = after(START, { move: 'StreamList', error: error(kind) });
      assert.deepEqual([nextMove(refused.position), refused.waitMs], ['ListPages', 0]);
    }
    const listed = after({ ...START, pagesOnly: true }, { move: 'ListPages', verdict: 'Accept', progress: true });
    assert.deepEqual([nextMove(listed.position), listed.waitMs], ['Watch', 0]);
  });
  it('remembers the refusal for the next list', () => {
    const expired = after({ ...live, pagesOnly: true }, { error: error('Expired') });
    assert.equal(nextMove(expired.position), 'ListPages');
  });
  it('a refusal after the list was complete is about something else', () => {
    assert.equal(after(START, { move: 'StreamList', verdict: 'Accept', progress: true, error: error('BadRequest') }).position.pagesOnly, false);
  });
});

describe('reflector step: a watch that ends', () => {
  it('in an ordinary way after a long time is opened again at once', () => {
    const next = after({ ...live, failures: 5 }, { livedMs: 1_800_000, progress: true });
    assert.deepEqual([nextMove(next.position), next.waitMs, next.position.failures], ['Watch', 0, 0]);
  });
  it('every second, with events, is opened again with a short wait and never listed', () => {
    const nexts = repeat(20, live, { livedMs: 1000, progress: true });
    assert.ok(nexts.every((next) => nextMove(next.position) === 'Watch' && next.waitMs > 0 && next.waitMs <= 1600));
  });
  it('at once and without an event backs off to 30 s', () => {
    assert.deepEqual(waits(repeat(8, live, {})), [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]);
  });
  for (const kind of ['Unavailable', 'Throttled', 'Unauthorized', 'Forbidden', 'Unexpected'] as const) {
    it(`with ${kind} resumes where it was, with backoff`, () => {
      const nexts = repeat(7, live, { error: error(kind) });
      assert.ok(nexts.every((next) => nextMove(next.position) === 'Watch'));
      assert.deepEqual(waits(nexts), [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30]);
    });
  }
  it('spreads waits over half to all', () => {
    const low = afterEnd(live, ended(), at(0, 0)).waitMs;
    assert.ok(low === settings.backoffMs / 2);
  });
  it('forgets failures after two minutes of health', () => {
    const next = after({ ...live, failures: 6 }, { livedMs: 120_000, progress: true, error: error('Unavailable') });
    assert.deepEqual([next.position.failures, Math.round(next.waitMs)], [1, 800]);
  });
  it('does not wait long for a port that refuses connections', () => {
    assert.deepEqual(waits(repeat(6, live, { error: error('Unavailable', 'ECONNREFUSED') })), [0.8, 1.6, 2, 2, 2, 2]);
  });
  it('because its version was forgotten lists at once, but not over and over', () => {
    const [first, ...more] = repeat(4, live, { error: error('Expired') });
    assert.deepEqual([first && nextMove(first.position), first?.waitMs], ['StreamList', 0]);
    assert.ok(more.every((next) => next.waitMs > 0));
  });
  it('and is listed and expires again in a circle, waits too', () => {
    const expired = after({ ...live, pagesOnly: true }, { error: error('Expired') });
    const listed = after(expired.position, { move: 'ListPages', verdict: 'Accept', progress: true });
    const again = after(listed.position, { error: error('Expired') });
    assert.ok(again.waitMs > 0);
  });
  it('because the kind is not served tries every half minute, from a list', () => {
    const nexts = repeat(5, live, { error: error('NotFound') });
    assert.ok(nexts.every((next) => nextMove(next.position) === 'StreamList' && next.waitMs >= 15_000 && next.waitMs <= 30_000));
  });
  it('because a kind that may come is not served yet tries again soon, then less and less often', () => {
    const impatient = { ...settings, missingFromMs: 400, missingMs: 5_000 };
    let position = START;
    const found = Array.from({ length: 6 }, () => {
      const next = afterEnd(position, ended({ move: 'StreamList', error: error('NotFound') }), { nowMs: 0, random: 1, settings: impatient });
      position = next.position;
      return next.waitMs;
    });
    assert.deepEqual(found, [400, 800, 1_600, 3_200, 5_000, 5_000]);
    assert.equal(afterList(position).missing, 0);
  });
  it('by bad frames resumes, and lists after the third at the same place', () => {
    assert.deepEqual(repeat(3, live, { error: error('Malformed') }).map((next) => nextMove(next.position)), ['Watch', 'Watch', 'StreamList']);
    const between = repeat(6, live, { error: error('Malformed'), progress: true });
    assert.ok(between.every((next) => nextMove(next.position) === 'Watch'));
  });
  it('because the server is behind tries the same version, then lists', () => {
    assert.deepEqual(repeat(3, live, { error: error('TooLargeResourceVersion') }).map((next) => nextMove(next.position)), ['Watch', 'Watch', 'StreamList']);
  });
  it('by complete silence lists: a version to come looks like that', () => {
    assert.equal(nextMove(after(live, { error: error('Unavailable', SILENT), livedMs: 150_000 }).position), 'StreamList');
    assert.equal(nextMove(after(live, { error: error('Unavailable', 'DeadConnection'), livedMs: 150_000, progress: true }).position), 'Watch');
  });
});

describe('reflector step: whether a list is believed', () => {
  const judge = (position: Position, list: [number, string], store: [number, string | undefined], nowMs = 0): Verdict =>
    judgeList(position, { size: list[0], version: list[1] }, { size: store[0], version: store[1] }, at(nowMs));

  it('the first one is, also when it is empty', () => {
    assert.equal(judge(START, [0, '5'], [0, undefined]), 'Accept');
  });
  it('one without anything needs a second', () => {
    assert.equal(judge(live, [0, '9'], [3, '5']), 'ConfirmEmpty');
    const next = after(live, { move: 'StreamList', verdict: 'ConfirmEmpty' });
    assert.deepEqual([nextMove(next.position), next.waitMs], ['StreamList', settings.confirmMs]);
    assert.equal(judge(next.position, [0, '9'], [3, '5']), 'Accept');
    const filled = after(next.position, { move: 'StreamList', verdict: 'Accept', progress: true });
    assert.equal(judge(filled.position, [0, '9'], [3, '5']), 'ConfirmEmpty');
  });
  it('one that is older than what was seen is not, until the server has stayed behind for two minutes', () => {
    assert.equal(judge(live, [3, '4'], [3, '5']), 'Stale');
    let position = live;
    for (const second of [10, 20, 30, 40]) ({ position } = after(position, { move: 'StreamList', verdict: 'Stale' }, second * 1000));
    assert.equal(nextMove(position), 'StreamList');
    assert.equal(judge(position, [3, '4'], [3, '5'], 129_000), 'Stale');
    assert.equal(judge(position, [3, '4'], [3, '5'], 130_000), 'Reset');
    assert.equal(judge(position, [0, '4'], [3, '5'], 130_000), 'ConfirmEmpty');
  });
  it('a server that caught up makes the time start anew', () => {
    let position = live;
    for (const second of [10, 20, 30]) ({ position } = after(position, { move: 'StreamList', verdict: 'Stale' }, second * 1000));
    ({ position } = after(position, { move: 'StreamList', verdict: 'Accept', progress: true }, 40_000));
    ({ position } = after(position, { move: 'StreamList', verdict: 'Stale' }, 200_000));
    assert.equal(judge(position, [3, '4'], [3, '5'], 201_000), 'Stale');
  });
});
