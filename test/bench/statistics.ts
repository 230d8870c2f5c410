/**
 * Quantiles, and how sure their ratios are. Pure: the same samples and seed give the same interval.
 */

/** Linear between the two nearest ranks; `NaN` of nothing. `q` from 0 to 1. */
export function quantile(samples: readonly number[], q: number): number {
  return quantileOfSorted(Float64Array.from(samples).sort(), q);
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

function quantileOfSorted(sorted: Float64Array, q: number): number {
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** What was measured of subject and floor side by side, in the same seconds. */
export interface Pair {
  readonly subject: readonly number[];
  readonly floor: readonly number[];
}

export interface Ratio {
  readonly ratio: number;
  /** Bounds of the 95 % interval. */
  readonly low: number;
  readonly high: number;
}

/** Enough for two steady digits of a 95 % interval. */
const RESAMPLES = 1000;

/**
 * Ratio of a quantile of all subject samples to that of all floor samples, with a bootstrap interval.
 *
 * Draws pairs, then samples within each: a machine that was slow for one pair widens the interval, as it should.
 */
export function ratioOfQuantiles(pairs: readonly Pair[], q: number, seed = 1): Ratio {
  const random = seededRandom(seed);
  const of = (drawn: readonly Pair[]): number => pooled(drawn, 'subject', q) / pooled(drawn, 'floor', q);
  const ratios = Array.from({ length: RESAMPLES }, () => of(resample(pairs, random)
    .map(({ subject, floor }) => ({ subject: resample(subject, random), floor: resample(floor, random) }))));
  return { ratio: of(pairs), low: quantile(ratios, 0.025), high: quantile(ratios, 0.975) };
}

function pooled(pairs: readonly Pair[], side: keyof Pair, q: number): number {
  return quantile(pairs.flatMap((pair) => pair[side]), q);
}

/** As many as there are, drawn with replacement. */
function resample<T>(from: readonly T[], random: () => number): T[] {
  return from.map(() => from[Math.floor(random() * from.length)] as T);
}

/** Mulberry32: numbers from 0 up to 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
