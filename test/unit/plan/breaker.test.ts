/** Never 1: the breaker for removals, in all its cases. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Held } from '../../../src/api/v1alpha1.ts';
import { BREAKER_WINDOW_MS, decideRemovals, stillCounted, type BreakerInput } from '../../../src/plan/breaker.ts';

const names = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `ns-${String(index + from).padStart(4, '0')}`);
const NOW = '2026-06-01T12:00:00Z';

/** `losing` of `holding` namespaces lose isolation now; `lost` did before. */
function input(losing: number, holding: number, rest: Partial<BreakerInput> = {}): BreakerInput {
  return {
    generation: 3, specHash: 'spec-3', confirm: undefined, losing: names(losing), holding, lost: 0, lostEarlier: 0, specIsNew: true, stored: undefined, remaining: undefined, now: NOW, ...rest,
  };
}
const held = (rest: Partial<Held> = {}): Held => ({ token: 'spec-3', generation: 3, namespaces: 50, since: '2026-06-01T11:00:00Z', ...rest });

describe('never 1: the limit', () => {
  const cases: readonly [string, number, number, number, 'goes' | 'held'][] = [
    ['nothing to lose', 0, 100, 0, 'goes'],
    ['10 of 50', 10, 50, 0, 'goes'],
    ['11 of 50: above 10, and above 10 %', 11, 50, 0, 'held'],
    ['11 of 109: 10 % of them is 10.9, so 11 is above', 11, 109, 0, 'held'],
    ['11 of 110: exactly 10 %', 11, 110, 0, 'goes'],
    ['100 of 1,000: exactly 10 %', 100, 1000, 0, 'goes'],
    ['101 of 1,000', 101, 1000, 0, 'held'],
    ['all of two', 2, 2, 0, 'held'],
    ['all of ten', 10, 10, 0, 'held'],
    ['one of one: a single namespace is no mass', 1, 1, 0, 'goes'],
    ['one of two', 1, 2, 0, 'goes'],
    ['the second of two within the window', 1, 1, 1, 'held'],
    ['the last of ten, after nine within the window', 1, 1, 9, 'held'],
    ['5 after 5, of 50', 5, 45, 5, 'goes'],
    ['6 after 5, of 50: together above 10', 6, 45, 5, 'held'],
    ['1 after 100, of 1,000: together above 10 % of those before', 1, 900, 100, 'held'],
    ['100 of 10,000 after 900', 100, 9100, 900, 'goes'],
  ];
  for (const [what, losing, holding, lost, outcome] of cases) {
    it(`${what}: ${outcome}`, () => {
      const { permitted, held: found, confirmed } = decideRemovals(input(losing, holding, { lost }));
      assert.deepEqual(permitted, outcome === 'goes' ? names(losing) : []);
      assert.equal(found?.namespaces, outcome === 'goes' ? undefined : losing);
      assert.equal(confirmed, false);
    });
  }
  it('what an earlier process let through counts until its time is over', () => {
    const recent = { namespaces: 7, until: NOW };
    assert.deepEqual([stillCounted(recent, Date.parse(NOW) - 1), stillCounted(recent, Date.parse(NOW)), stillCounted(undefined, 0)], [7, 0, 0]);
    assert.equal(stillCounted(recent, Date.parse(NOW) - 3 * BREAKER_WINDOW_MS), 0, 'a clock that was wrong');
  });
  it('what an earlier process let through may hold something still: in doubt it is held', () => {
    const isHeld = (losing: number, holding: number, lostEarlier: number) => decideRemovals(input(losing, holding, { lostEarlier })).held !== undefined;
    assert.deepEqual([isHeld(1, 3, 2), isHeld(1, 4, 2), isHeld(1, 40, 10), isHeld(1, 40, 9)], [true, false, true, false]);
  });
  it('rolls over ten minutes', () => assert.equal(BREAKER_WINDOW_MS, 600_000));
  it('agrees with its definition', () => {
    const small = fc.nat({ max: 300 });
    fc.assert(fc.property(small, small, small, (losing, others, lost) => {
      const total = losing + lost;
      const before = losing + others + lost;
      const over = losing > 0 && (total > Math.max(10, before * 0.1) || (total >= 2 && total === before));
      assert.equal(decideRemovals(input(losing, losing + others, { lost })).held !== undefined, over);
    }));
  });
});

describe('never 1: what is held goes into status first', () => {
  it('nothing is permitted before the status says so, even with the right confirmation', () => {
    const { permitted, held: found } = decideRemovals(input(50, 100, { confirm: 'spec-3' }));
    assert.deepEqual(permitted, []);
    assert.deepEqual(found, { token: 'spec-3', generation: 3, namespaces: 50, since: NOW });
  });
  it('a change of the spec: the token is its hash, the same on every cluster', () => {
    assert.equal(decideRemovals(input(50, 100)).held?.token, decideRemovals(input(12, 13)).held?.token);
  });
  it('otherwise: of the namespaces and the generation', () => {
    const token = (losing: string[], generation = 3) => decideRemovals(input(0, 100, { losing, generation, specIsNew: false })).held?.token;
    assert.notEqual(token(names(20)), 'spec-3');
    assert.equal(token(names(20)), token(names(20)));
    assert.notEqual(token(names(20)), token(names(20, 1)));
    assert.notEqual(token(names(20)), token(names(20), 4));
  });
  it('what is held stays held while it shrinks below the limit: only a fix or a confirmation ends it', () => {
    assert.deepEqual(decideRemovals(input(3, 100, { stored: held() })).permitted, []);
    assert.equal(decideRemovals(input(0, 100, { stored: held() })).held, undefined);
  });
  it('it goes on being the same hold: token and time stay, the number follows', () => {
    assert.deepEqual(decideRemovals(input(40, 100, { stored: held(), specIsNew: false })).held, held({ namespaces: 40 }));
  });
  it('held by namespaces: another set is another token, of the same time', () => {
    const first = decideRemovals(input(20, 100, { specIsNew: false })).held ?? assert.fail();
    const more = decideRemovals(input(21, 100, { specIsNew: false, stored: first, now: '2026-06-01T12:05:00Z' })).held ?? assert.fail();
    assert.notEqual(more.token, first.token);
    assert.deepEqual([more.namespaces, more.since], [21, NOW]);
  });
  it('a new generation is judged anew: below the limit it goes, above it has a new token', () => {
    assert.deepEqual(decideRemovals(input(3, 100, { stored: held({ generation: 2 }) })).permitted, names(3));
    assert.equal(decideRemovals(input(50, 100, { stored: held({ generation: 2, token: 'spec-2' }), confirm: 'spec-2' })).held?.token, 'spec-3');
  });
});

describe('never 1: confirmation', () => {
  const confirmed = (losing: number, rest: Partial<BreakerInput> = {}) => decideRemovals(input(losing, 100, { stored: held(), confirm: 'spec-3', ...rest }));

  it('lets through what was held', () => assert.deepEqual(confirmed(50), { permitted: names(50), held: held(), confirmed: true }));
  it('at most that many', () => {
    const { permitted, confirmed: found } = confirmed(60);
    assert.deepEqual(permitted, names(50));
    assert.equal(found, true);
  });
  it('goes on with what is left of it', () => assert.deepEqual(confirmed(20, { remaining: 15 }).permitted, names(15)));
  it('status says what is left, so that a restart goes on where it was', () => {
    const running = confirmed(20, { remaining: 15 }).held ?? assert.fail();
    assert.equal(running.namespaces, 15);
    assert.deepEqual(confirmed(20, { stored: running, remaining: undefined }).permitted, names(15));
  });
  it('more than confirmed trips anew, with a token that the old confirmation does not fit', () => {
    const anew = confirmed(10, { remaining: 0 });
    assert.deepEqual([anew.permitted, anew.confirmed, anew.held?.namespaces], [[], false, 10]);
    assert.notEqual(anew.held?.token, 'spec-3');
    const next = confirmed(10, { stored: anew.held, remaining: undefined });
    assert.deepEqual([next.permitted, next.held?.token], [[], anew.held?.token]);
    assert.deepEqual(confirmed(10, { stored: anew.held, confirm: anew.held?.token, remaining: undefined }).permitted, names(10));
  });
  it('ends with the last one', () => assert.deepEqual(confirmed(0, { remaining: 0 }), { permitted: [], held: undefined, confirmed: false }));
  it('with a wrong token is none', () => assert.deepEqual(confirmed(50, { confirm: 'something' }).permitted, []));
  it('with an empty token is none', () => assert.deepEqual(confirmed(50, { confirm: '' }).permitted, []));
  it('of an earlier generation is none', () => assert.deepEqual(confirmed(50, { stored: held({ generation: 2 }) }).permitted, []));
  it('committed together with the change takes effect as soon as the status holds it', () => {
    const first = decideRemovals(input(50, 100, { confirm: 'spec-3' }));
    const second = decideRemovals(input(50, 100, { confirm: 'spec-3', stored: first.held }));
    assert.deepEqual([first.permitted.length, second.permitted.length, second.confirmed], [0, 50, true]);
  });
  it('after it, one more within the window is above the limit again', () => {
    assert.deepEqual(decideRemovals(input(1, 50, { lost: 50, specIsNew: false })).permitted, []);
  });
});

describe('never 1: laws', () => {
  const inputs = fc.record({
    losing: fc.nat({ max: 40 }).map((count) => names(count)), holding: fc.nat({ max: 200 }), lost: fc.nat({ max: 40 }), specIsNew: fc.boolean(),
    confirm: fc.constantFrom(undefined, 'spec-3', 'other'), remaining: fc.option(fc.nat({ max: 60 }), { nil: undefined }),
    stored: fc.option(fc.record({ token: fc.constantFrom('spec-3', 'other'), generation: fc.constantFrom(2, 3), namespaces: fc.nat({ max: 60 }), since: fc.constant(NOW) }), { nil: undefined }),
  }).map((rest) => input(0, rest.holding, rest));

  it('permits only what is to be lost, never more than was confirmed, and nothing that status does not hold', () => {
    fc.assert(fc.property(inputs, (value) => {
      const { permitted, held: found, confirmed } = decideRemovals(value);
      assert.ok(permitted.every((name) => value.losing.includes(name)));
      if (confirmed) {
        assert.ok(value.stored?.generation === value.generation && value.stored.token === value.confirm);
        assert.ok(permitted.length <= (value.remaining ?? value.stored.namespaces));
      }
      assert.equal(found !== undefined && !confirmed && permitted.length > 0, false, 'held and let through at once');
      assert.equal(value.losing.length > 0 && found === undefined && permitted.length < value.losing.length, false, 'neither held nor let through');
    }));
  });
  it('the same input has the same answer', () => fc.assert(fc.property(inputs, (value) => assert.deepEqual(decideRemovals(value), decideRemovals(value)))));
});
