/**
 * Effective drift: pods that were there before and are more open or more closed now, though we wrote nothing. Pure.
 *
 * One entry for each namespace, direction and pair of classes, so that a policy over a thousand pods is one line.
 */
import type { Direction } from '../../api/network-policy.ts';
import type { PodClassName } from '../../netpol/classify.ts';
import type { ClassChange } from '../../netpol/classifier.ts';
import { CLASSES } from '../../netpol/effective.ts';
import type { Cause } from './causes.ts';

/** `unknown` and `known`: a policy that is not evaluated came to have a say, or has none any more; neither opened nor closed. */
export type DriftDirection = 'opened' | 'closed' | 'unknown' | 'known';

export interface EffectiveDrift {
  readonly namespace: string;
  readonly direction: Direction;
  readonly change: DriftDirection;
  readonly before: PodClassName;
  readonly after: PodClassName;
  readonly pods: number;
  /** Up to five, by name. */
  readonly examples: readonly string[];
  readonly cause: Cause;
}

const EXAMPLES = 5;

/** Nothing where the cause is ours. `counts` says of a namespace whether it is looked at: one on its way out is not. */
export function driftIn(changes: readonly ClassChange[], cause: Cause, counts: (namespace: string) => boolean): EffectiveDrift[] {
  if (cause.isOurs) return [];
  const groups = new Map<string, { readonly change: ClassChange; readonly names: string[] }>();
  for (const change of changes) {
    const { pod, direction, before, after } = change;
    if (before === undefined || after === undefined || before.class === after.class || !counts(pod.namespace)) continue;
    const key = [pod.namespace, direction, before.class, after.class].join(' ');
    const group = groups.get(key) ?? { change, names: [] };
    group.names.push(pod.name);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ change, names }) => entry(change, names, cause)).sort((a, b) => (a.namespace < b.namespace ? -1 : Number(a.namespace > b.namespace)));
}

function entry({ pod: { namespace }, direction, before, after }: ClassChange, names: readonly string[], cause: Cause): EffectiveDrift {
  const [from, to] = [before?.class ?? 'unknown', after?.class ?? 'unknown'];
  return { namespace, direction, change: changeOf(from, to), before: from, after: to, pods: names.length, examples: [...names].sort().slice(0, EXAMPLES), cause };
}

function changeOf(before: PodClassName, after: PodClassName): DriftDirection {
  const [from, to] = [before, after].map((name) => CLASSES.findIndex((each) => each === name)) as [number, number];
  if (to < 0) return 'unknown';
  if (from < 0) return 'known';
  return to < from ? 'opened' : 'closed';
}
