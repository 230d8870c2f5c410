/**
 * What is ours. A namespace admin can write any label, so one label proves nothing.
 *
 * Ours to write: the three labels, or a managedFields entry of our manager, or that we once saw it so
 * (the store carries that over while the uid stays). Ours to delete: all labels, and the labelled name.
 */
import { PRODUCT } from '../api/names.ts';
import type { PolicyRecord } from '../kube/objects.ts';

export function isOurs(policy: PolicyRecord): boolean {
  return policy.writtenByUs || isFullyLabelled(policy);
}

/** Carries our three labels, and the name that they say. Only these are ever deleted. */
export function isFullyLabelled({ name, own }: PolicyRecord): boolean {
  return own.managedBy === PRODUCT && own.baseline !== undefined && own.template === name;
}
