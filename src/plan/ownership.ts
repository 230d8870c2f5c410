/**
 * What is ours. A namespace admin can write any label, so one label proves nothing.
 *
 * Ours to write, under a planned name: the three labels, or a managedFields entry of our manager, or that we once
 * saw it so (the store carries that over while the uid stays). Ours to delete: the labels, and the name in them.
 */
import { areOurLabels, FIELD_MANAGER } from '../api/names.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import type { WireReport } from '../kube/open-reports.ts';

export function isOurs(policy: PolicyRecord): boolean {
  return policy.writtenByUs || areOurLabels(policy.own);
}

/** What a baseline generated, unedited: labels are copied easily, and a copy under another name or with another spec is not ours to vouch for. */
export function isAsGenerated(policy: PolicyRecord): boolean {
  return isFullyLabelled(policy) && policy.templateHash === policy.specHash;
}

/** Carries our three labels, and the name that they say. Only these are ever deleted. */
export function isFullyLabelled(policy: PolicyRecord): boolean {
  return areOurLabels(policy.own) && policy.own.template === policy.name;
}

/** Of a report without our label: a managedFields entry of our manager says that the label was taken off. */
export function isOurReport({ metadata: { managedFields = [] } }: WireReport): boolean {
  return managedFields.some(({ manager }) => manager === FIELD_MANAGER);
}
