/** One class for all pods that the same policies make unknown, so that they are one group. */
import type { PodClass } from './classify.ts';
import type { PolicyRef } from './model.ts';

/** Forgets what it made of a class when that is so much: it only saves work. */
const LIMIT = 100;

/** `found` as it is without these policies. */
export function createUnknownClasses(): (found: PodClass, opaque: readonly PolicyRef[]) => PodClass {
  const made = new WeakMap<PodClass, Map<string, PodClass>>();
  return (found, opaque) => {
    const key = JSON.stringify(opaque);
    const ofFound = made.get(found) ?? new Map<string, PodClass>();
    const known = ofFound.get(key);
    if (known !== undefined) return known;
    if (ofFound.size >= LIMIT) ofFound.clear();
    const fresh: PodClass = { ...found, class: 'unknown', opaque };
    ofFound.set(key, fresh);
    made.set(found, ofFound);
    return fresh;
  };
}
