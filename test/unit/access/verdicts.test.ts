import assert from 'node:assert/strict';
import { LaneFull } from '../../../src/access/lane.ts';
import { createVerdicts, type VerdictLimits } from '../../../src/access/verdicts.ts';

const LIMITS: VerdictLimits = { yes: { forMs: 60_000, most: 3 }, no: { forMs: 10_000, most: 2 }, room: 2 };
const never = new AbortController().signal;

describe('verdicts', () => {
  let nowMs = 0;
  let asked: string[];
  const make = () => createVerdicts<string>(LIMITS, { now: () => nowMs, sleep: async (ms) => { asked.push(`pause ${ms}`); } });
  const answering = (key: string, answer: string | undefined) => async (): Promise<string | undefined> => {
    asked.push(key);
    return answer;
  };
  beforeEach(() => {
    nowMs = 0;
    asked = [];
  });

  it('ask again after a minute for a yes, after ten seconds for a no', async () => {
    const verdicts = make();
    const ask = async () => [await verdicts('a', answering('a', 'yes'), never), await verdicts('b', answering('b', undefined), never)];
    assert.deepEqual([await ask(), await ask()], [['yes', undefined], ['yes', undefined]]);
    assert.deepEqual(asked, ['a', 'b', 'pause 50'], 'who guesses is slowed down');
    nowMs = 9_999;
    await ask();
    assert.deepEqual(asked, ['a', 'b', 'pause 50']);
    nowMs = 10_000;
    await ask();
    assert.deepEqual(asked, ['a', 'b', 'pause 50', 'b', 'pause 50']);
    nowMs = 60_000;
    await ask();
    assert.deepEqual(asked.filter((each) => each !== 'pause 50'), ['a', 'b', 'b', 'a', 'b']);
  });

  it('a yes that became a no is a no', async () => {
    const verdicts = make();
    await verdicts('a', answering('a', 'yes'), never);
    nowMs = 60_000;
    assert.equal(await verdicts('a', answering('a', undefined), never), undefined);
    assert.equal(await verdicts('a', answering('a', 'yes'), never), undefined, 'remembered as no');
  });

  it('ask once, however many want to know', async () => {
    const verdicts = make();
    const gate = Promise.withResolvers<string>();
    const all = Array.from({ length: 20 }, () => verdicts('a', () => {
      asked.push('a');
      return gate.promise;
    }, never));
    gate.resolve('yes');
    assert.deepEqual(new Set(await Promise.all(all)), new Set(['yes']));
    assert.deepEqual(asked, ['a']);
  });

  it('a failure is told to all who wait, and asked again', async () => {
    const verdicts = make();
    const fails = () => Promise.reject(new Error('down'));
    const told = await Promise.allSettled([verdicts('a', fails, never), verdicts('a', fails, never)]);
    assert.deepEqual(told.map(({ status }) => status), ['rejected', 'rejected']);
    assert.equal(await verdicts('a', answering('a', 'yes'), never), 'yes');
  });

  it('forget what was kept longest ago', async () => {
    const verdicts = make();
    for (const key of ['a', 'b', 'c', 'd']) await verdicts(key, answering(key, 'yes'), never);
    for (const key of ['d', 'c', 'b', 'a']) await verdicts(key, answering(key, 'yes'), never);
    assert.deepEqual(asked, ['a', 'b', 'c', 'd', 'a']);
  });

  it('strangers in any number neither evict who is known nor hold up asking about them again', async () => {
    const verdicts = make();
    await verdicts('known', answering('known', 'yes'), never);
    for (let index = 0; index < 10; index += 1) await verdicts(`wrong${index}`, answering('wrong', undefined), never);
    const endless = new Promise<string>(() => {});
    const strangers = ['s1', 's2', 's3'].map((key) => verdicts(key, () => endless, never));
    await assert.rejects(verdicts('s4', () => endless, never), LaneFull, 'one is asked about, two wait');
    assert.equal(await verdicts('known', answering('known', 'yes'), never), 'yes');
    nowMs = 60_000;
    assert.equal(await verdicts('known', answering('known', 'still'), never), 'still');
    assert.equal(strangers.length, 3);
  });

  it('who gives up waiting makes room', async () => {
    const verdicts = make();
    const first = Promise.withResolvers<string>();
    const running = verdicts('a', () => first.promise, never);
    const leaving = new AbortController();
    const gone = verdicts('b', answering('b', 'yes'), leaving.signal);
    const waiting = verdicts('c', answering('c', 'yes'), never);
    leaving.abort(new Error('too long'));
    await assert.rejects(gone, /too long/);
    first.resolve('yes');
    assert.deepEqual([await running, await waiting, asked], ['yes', 'yes', ['c']]);
  });
});
