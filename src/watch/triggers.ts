/** Which change of an object is worth planning its namespace again, and how urgent that is. */
import type { NamespaceRecord, PolicyRecord, StringMap } from '../kube/objects.ts';
import type { Change } from './store.ts';

export type Urgency = 'new' | 'drift';

/** `undefined` where nothing that planning reads has changed. */
export function namespaceTrigger({ before, after }: Change<NamespaceRecord>): Urgency | undefined {
  if (after === undefined) return 'drift'; // gone: forgotten by its own key
  if (before === undefined || before.uid !== after.uid) return 'new';
  const same = before.terminating === after.terminating && sameStrings(before.labels, after.labels) && sameStrings(before.annotations, after.annotations);
  return same ? undefined : 'drift';
}

export function policyTrigger({ before, after }: Change<PolicyRecord>): Urgency | undefined {
  return before === after ? undefined : 'drift';
}

function sameStrings(a: StringMap, b: StringMap): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
