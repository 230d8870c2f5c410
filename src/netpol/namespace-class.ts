/**
 * The class of a namespace in a direction: that of its weakest pod, since one open pod is a way in.
 *
 * `unknown` says less than an open pod and more than a closed one: it counts where no pod is certainly open.
 */
import type { PodClassName } from './classify.ts';
import { CLASSES, type EffectiveClass } from './effective.ts';

export type NamespaceClassName = EffectiveClass | 'unknown';

/** Weakest first, as the class of a namespace counts them. */
export const NAMESPACE_CLASSES: readonly NamespaceClassName[] = [...CLASSES.slice(0, CLASSES.indexOf('restricted')), 'unknown', ...CLASSES.slice(CLASSES.indexOf('restricted'))];

/** `undefined` where no pod counts: hostNetwork pods do not. Then the class is that of a pod without labels. */
export function weakestOf(pods: Iterable<PodClassName>): NamespaceClassName | undefined {
  let weakest = NAMESPACE_CLASSES.length;
  for (const name of pods) if (name !== 'not-coverable') weakest = Math.min(weakest, NAMESPACE_CLASSES.indexOf(name));
  return NAMESPACE_CLASSES[weakest];
}

/** Whether a class means that something is kept out. */
export function isIsolated(name: PodClassName): boolean {
  return name === 'restricted' || name === 'closed';
}
