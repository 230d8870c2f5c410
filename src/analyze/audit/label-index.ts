/**
 * Who has which labels: finds what a selector selects among tens of thousands without looking at each, and names labels
 * that look like one that nobody has.
 */
import { holds, type Cube } from '../../netpol/cube.ts';
import type { Selector } from '../../netpol/rules.ts';
import { compared } from './finding.ts';

export interface Labelled { readonly labels: ReadonlyMap<string, string> }

export interface LabelIndex<T extends Labelled> {
  /** Those that the selector selects. */
  matching(selector: Selector): Iterable<T>;
  /** What the selector asks for that nobody has, for example `app=wbe`; of many values or keys all must be missing. */
  unknownIn(cube: Cube): UnknownLabel | undefined;
}

export interface UnknownLabel {
  readonly key: string;
  /** As people write it: `app=web`, `app in (web, api)`, or the key alone. */
  readonly text: string;
  /** Labels that exist and may have been meant, the likeliest first. */
  readonly similar: readonly string[];
}

export function indexLabels<T extends Labelled>(owners: readonly T[]): LabelIndex<T> {
  const byKey = new Map<string, Map<string, T[]>>();
  for (const owner of owners) {
    for (const [key, value] of owner.labels) {
      const values = byKey.get(key) ?? new Map<string, T[]>();
      byKey.set(key, values);
      const known = values.get(value);
      if (known === undefined) values.set(value, [owner]);
      else known.push(owner);
    }
  }

  /** The smallest list that holds all that can match. */
  function candidates(cube: Cube): readonly T[] {
    let best: readonly T[] | undefined;
    for (const [key, { values, negated, absent }] of cube) {
      if (negated || absent) continue;
      const found = [...values].flatMap((value) => byKey.get(key)?.get(value) ?? []);
      if (best === undefined || found.length < best.length) best = found;
    }
    return best ?? owners;
  }

  return {
    * matching({ cube }) {
      if (cube === undefined) return;
      for (const owner of candidates(cube)) {
        if ([...cube].every(([key, constraint]) => holds(constraint, owner.labels.get(key)))) yield owner;
      }
    },
    unknownIn(cube) {
      for (const [key, { values, negated, absent }] of cube) {
        if (absent) continue;
        const known = byKey.get(key);
        const wanted = negated ? [] : [...values];
        if (known !== undefined && (negated || wanted.some((value) => known.has(value)))) continue;
        return { key, text: labelText(key, wanted), similar: similarTo(key, wanted, byKey) };
      }
      return undefined;
    },
  };
}

/** Equal for equal labels. */
export function labelsKey(labels: ReadonlyMap<string, string>): string {
  return JSON.stringify([...labels].sort(([a], [b]) => compared(a, b)));
}

export function labelText(key: string, values: readonly string[]): string {
  if (values.length === 0) return key;
  return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(', ')})`;
}

const MOST_SIMILAR = 3;
/** More edits than this make another word. */
const MOST_EDITS = 2;

/** Other values of the key, or the value under another key, or a key that is almost the same. */
function similarTo(key: string, wanted: readonly string[], byKey: ReadonlyMap<string, ReadonlyMap<string, unknown>>): string[] {
  const [value] = wanted;
  const ofKey = byKey.get(key);
  if (ofKey !== undefined && value !== undefined) {
    return nearest(value, [...ofKey.keys()]).map((other) => labelText(key, [other]));
  }
  const sameValue = value === undefined ? [] : [...byKey].filter(([, values]) => values.has(value)).map(([other]) => labelText(other, [value])).sort(compared);
  const almost = byKey.size > MOST_COMPARED ? [] : nearest(key, [...byKey.keys()].filter((other) => edits(other, key) <= MOST_EDITS));
  return [...new Set([...sameValue, ...almost])].slice(0, MOST_SIMILAR);
}

function nearest(word: string, others: readonly string[]): string[] {
  if (others.length > MOST_COMPARED) return [];
  const ranked = others.map((other) => ({ other, distance: edits(other, word) })).sort((a, b) => a.distance - b.distance || compared(a.other, b.other));
  const near = ranked.filter(({ distance }) => distance <= MOST_EDITS);
  return (near.length > 0 ? near : ranked).slice(0, MOST_SIMILAR).map(({ other }) => other);
}

/** A key with thousands of values is an identity; none of them helps. */
const MOST_COMPARED = 1000;
const LONGEST = 64;

/** Insertions, deletions and replacements that make one word of the other. */
export function edits(a: string, b: string): number {
  const [from, to] = [a.slice(0, LONGEST), b.slice(0, LONGEST)];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, replaced));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
