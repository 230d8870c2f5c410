import assert from 'node:assert/strict';
import { median, quantile, ratioOfQuantiles, seededRandom, type Pair } from '../../bench/statistics.ts';

/** Latencies with a long tail, always the same for a seed. */
function latencies(count: number, scale: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => scale * (1 - Math.log(1 - random())));
}
const pairs = (floorScale: number, subjectScale: number): Pair[] => Array.from({ length: 4 }, (_, index) => ({
  floor: latencies(50, floorScale, index), subject: latencies(50, subjectScale, 100 + index),
}));

describe('bench statistics', () => {
  it('takes quantiles between the two nearest ranks', () => {
    assert.deepEqual([0, 0.25, 0.5, 0.99, 1].map((q) => quantile([40, 10, 30, 20, 50], q)), [10, 20, 30, 49.6, 50]);
    assert.equal(median([1, 2]), 1.5);
    assert.equal(median([7]), 7);
    assert.ok(Number.isNaN(median([])));
  });

  it('does not change what it is given', () => {
    const samples = [3, 1, 2];
    median(samples);
    assert.deepEqual(samples, [3, 1, 2]);
  });

  it('gives a ratio with an interval around it that holds the truth', () => {
    for (const q of [0.5, 0.99]) {
      const { ratio, low, high } = ratioOfQuantiles(pairs(5, 7), q);
      assert.ok(low <= ratio && ratio <= high, `${low} ${ratio} ${high}`);
      assert.ok(low <= 1.4 && 1.4 <= high, `${low} to ${high} misses 1.4`);
    }
  });

  it('is surer about the middle than about the tail', () => {
    const width = (q: number): number => { const { low, high } = ratioOfQuantiles(pairs(5, 7), q); return high - low; };
    assert.ok(width(0.5) < width(0.99));
  });

  it('is less sure when pairs differ from each other than when samples do', () => {
    const slowMinute: Pair[] = pairs(5, 5).map((pair, index) => (index === 0 ? { ...pair, subject: pair.subject.map((ms) => ms * 3) } : pair));
    const calm = ratioOfQuantiles(pairs(5, 5), 0.5);
    const shaken = ratioOfQuantiles(slowMinute, 0.5);
    assert.ok(shaken.high - shaken.low > calm.high - calm.low);
  });

  it('says the same twice', () => {
    assert.deepEqual(ratioOfQuantiles(pairs(5, 7), 0.99), ratioOfQuantiles(pairs(5, 7), 0.99));
  });

  it('takes one figure per pair, such as a throughput', () => {
    const throughput: Pair[] = [{ floor: [400], subject: [360] }, { floor: [420], subject: [336] }, { floor: [410], subject: [369] }];
    const { ratio, low, high } = ratioOfQuantiles(throughput, 0.5);
    assert.equal(ratio, 360 / 410);
    assert.ok(low >= 336 / 420 && high <= 369 / 400);
  });

  it('draws numbers evenly from 0 up to 1', () => {
    const random = seededRandom(42);
    const drawn = Array.from({ length: 10_000 }, random);
    assert.ok(drawn.every((number) => number >= 0 && number < 1));
    assert.ok(Math.abs(drawn.reduce((a, b) => a + b, 0) / drawn.length - 0.5) < 0.01);
    assert.notDeepEqual(Array.from({ length: 5 }, seededRandom(1)), Array.from({ length: 5 }, seededRandom(2)));
  });
});
