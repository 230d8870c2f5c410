/** Stored label selectors to their compiled form. What the API server would refuse matches nothing. */
import { matcherOf } from '../api/selector.ts';
import type { LabelSelector } from '../api/network-policy.ts';
import { cubeOf, EVERYTHING } from './cube.ts';
import type { Selector } from './rules.ts';
import type { StoredSelector } from './stored.ts';

export const ANY: Selector = { matches: () => true, cube: EVERYTHING };

export function compileSelector(selector: StoredSelector | null | undefined): Selector {
  const cube = cubeOf(selector);
  if (cube === EVERYTHING) return ANY;
  return { matches: cube === undefined ? () => false : matcherOf(cleaned(selector)), cube };
}

function cleaned(selector: StoredSelector | null | undefined): LabelSelector {
  const matchExpressions = (selector?.matchExpressions ?? []).filter((found) => found !== null && found !== undefined);
  return { matchLabels: { ...selector?.matchLabels }, matchExpressions: matchExpressions as NonNullable<LabelSelector['matchExpressions']> };
}
