/** What becomes of the policies of a namespace, as a whole: steps on the way are left out. */
import { TEMPLATE_HASH_ANNOTATION } from '../../api/names.ts';
import type { PolicyRecord } from '../../kube/objects.ts';
import type { DesiredPolicy } from '../../plan/claims.ts';
import { compare, describeDifferences, type FieldDifference } from '../../plan/drift.ts';
import { nameOf, type Write } from '../../plan/writes.ts';
import type { Settled } from './settle.ts';

export interface PolicyChange {
  readonly action: 'create' | 'change' | 'delete';
  readonly policy: string;
  /** In whose name it is written. */
  readonly baseline: string;
  /** `Missing`, `Modified`, `NotSelected`, …: as the operator's log has it. */
  readonly cause: string;
  /** Of a change; the values that it has and will have. */
  readonly differences: readonly FieldDifference[];
}

/** By name. */
export function changesIn(before: ReadonlyMap<string, PolicyRecord>, { writes }: Pick<Settled, 'writes'>): PolicyChange[] {
  const byName = Map.groupBy(writes, nameOf);
  return [...byName].flatMap(([name, steps]) => {
    const [first, last] = [steps[0], steps.at(-1)];
    const change = first === undefined || last === undefined ? undefined : changeOf(before.get(name), first, last);
    return change === undefined ? [] : [{ ...change, policy: name }];
  }).sort((a, b) => (a.policy < b.policy ? -1 : 1));
}

function changeOf(live: PolicyRecord | undefined, first: Write, last: Write): Omit<PolicyChange, 'policy'> | undefined {
  const { cause } = first;
  if (last.kind === 'Remove') return live === undefined ? undefined : { action: 'delete', baseline: last.baseline, cause, differences: [] };
  const { baseline } = last.policy;
  if (live === undefined) return { action: 'create', baseline, cause, differences: [] };
  return { action: 'change', baseline, cause, differences: differencesBetween(last.policy, live) };
}

function differencesBetween(wanted: DesiredPolicy, live: PolicyRecord): readonly FieldDifference[] {
  const comparison = compare(wanted, live);
  return comparison.kind === 'Equal' ? [] : comparison.differences;
}

/** One that is held: what is not written, and what of it is. */
export function heldChange(write: Write): PolicyChange {
  if (write.kind === 'Remove') return { action: 'delete', policy: write.live.name, baseline: write.baseline, cause: write.cause, differences: [] };
  const { policy, cause } = write;
  return { action: write.kind === 'Create' ? 'create' : 'change', policy: policy.name, baseline: policy.baseline, cause, differences: write.kind === 'Create' ? [] : write.differences };
}

/** `create allow-dns, default-deny`, then what is changed and how, then `delete allow-x`. */
export function changesText(changes: readonly PolicyChange[]): string[] {
  const named = (action: PolicyChange['action']): string[] => changes.filter((change) => change.action === action).map(({ policy }) => policy);
  const list = (action: PolicyChange['action']): string[] => (named(action).length === 0 ? [] : [`${action} ${named(action).join(', ')}`]);
  return [...list('create'), ...changes.filter(({ action }) => action === 'change').map(changeText), ...list('delete')];
}

/** `create allow-dns`, `change default-deny (spec.egress is …, should be …)`. The hash follows the spec and goes without saying. */
export function changeText({ action, policy, differences }: PolicyChange): string {
  const telling = differences.filter(({ field }) => field !== HASH_FIELD);
  const said = telling.length > 0 ? telling : differences;
  return `${action} ${policy}${said.length === 0 ? '' : ` (${describeDifferences(said)})`}`;
}
const HASH_FIELD = `metadata.annotations[${TEMPLATE_HASH_ANNOTATION}]`;
