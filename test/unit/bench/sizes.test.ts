import assert from 'node:assert/strict';
import { helpText, parseOrder, SIZE_FLAGS, UsageError } from '../../bench/sizes.ts';

describe('bench flags', () => {
  it('has defaults', () => {
    const { sizes, jsonPath, profilePath, check, help } = parseOrder([]);
    assert.deepEqual(sizes, Object.fromEntries(Object.entries(SIZE_FLAGS).map(([name, { usual }]) => [name, usual])));
    assert.deepEqual([jsonPath, profilePath, check, help], [undefined, undefined, false, false]);
  });

  it('measures 10,000 namespaces at a cold start and a whole idle minute by default', () => {
    const { cold, idleSeconds } = parseOrder([]).sizes;
    assert.deepEqual([cold, idleSeconds], [10_000, 60]);
  });

  it('takes what was typed, also beside --quick', () => {
    const { sizes, jsonPath, check } = parseOrder(['--quick', '--cold', '2_000', '--pairs=3', '--json', 'out.json', '--check']);
    assert.deepEqual([sizes.cold, sizes.pairs, sizes.namespaces, jsonPath, check], [2000, 3, SIZE_FLAGS.namespaces.quick, 'out.json', true]);
  });

  it('repairs no more policies than it made', () => {
    assert.equal(parseOrder(['--samples', '7']).sizes.repairs, 7);
  });

  it('names every bad value at once', () => {
    assert.throws(() => parseOrder(['--pairs', '0', '--cold', 'many', '--idle-seconds', '1.5', '--namespaces', '']), (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.deepEqual(error.message.split('\n').map((line) => line.split(' ')[0]), ['--pairs', '--namespaces', '--cold', '--idle-seconds']);
      return true;
    });
    assert.throws(() => parseOrder(['--fast']), UsageError);
    assert.throws(() => parseOrder(['--pairs']), UsageError);
  });

  it('has every flag in its help', () => {
    for (const { flag } of Object.values(SIZE_FLAGS)) assert.ok(helpText().includes(`--${flag} N`), flag);
  });
});
