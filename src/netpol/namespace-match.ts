/**
 * Does a selector select a namespace? `maybe` where nothing but the namespace's name is known, as of one that no manifest
 * declares: it may have any other label, and may have none.
 */
import { holds } from './cube.ts';
import { NAMESPACE_NAME_LABEL, type Namespace } from './model.ts';
import type { Selector } from './rules.ts';

export type Match = 'yes' | 'no' | 'maybe';

export function matchNamespace({ matches, cube }: Selector, { labels, labelsUnknown }: Namespace): Match {
  if (labelsUnknown !== true) return matches(labels) ? 'yes' : 'no';
  if (cube === undefined) return 'no';
  const name = cube.get(NAMESPACE_NAME_LABEL);
  if (name !== undefined && !holds(name, labels.get(NAMESPACE_NAME_LABEL))) return 'no';
  return cube.size > (name === undefined ? 0 : 1) ? 'maybe' : 'yes';
}
