/**
 * One write against the API server, judged by the object that comes back.
 *
 * Throws a KubeError; knows nothing of order, retries or holds.
 */
import type { KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import { foreignMetadata, parsePolicy, type ForeignMetadata, type PolicyRecord, type WireNetworkPolicy } from '../kube/objects.ts';
import type { PolicyInterner } from '../kube/policy-interner.ts';
import { newBody, replacementBody, withoutOtherOwners } from '../plan/body.ts';
import type { DesiredPolicy } from '../plan/claims.ts';
import { compare, type FieldDifference } from '../plan/drift.ts';
import type { Write } from '../plan/writes.ts';
import type { WritableStore } from '../watch/store.ts';

export interface PerformParts {
  readonly client: Pick<KubeClient, 'createPolicy' | 'replacePolicy' | 'getPolicy' | 'removePolicy'>;
  readonly policies: Pick<WritableStore<PolicyRecord>, 'observeWrite' | 'observeRemoval' | 'beginRead'>;
  readonly intern: PolicyInterner;
}

export interface Performed {
  /** How the answer differs from what was sent; empty when it was taken as it is. */
  readonly mismatch: readonly FieldDifference[];
  /** Of the object that came back; absent where there is none. */
  readonly resourceVersion?: string;
}

export async function perform(namespace: string, write: Write, parts: PerformParts, signal: AbortSignal): Promise<Performed> {
  try {
    switch (write.kind) {
      case 'Create': return judged(write.policy, await parts.client.createPolicy(newBody(namespace, write.policy), signal), parts);
      case 'Update': return judged(write.policy, await replace(namespace, write, parts, signal), parts);
      case 'Remove': return await remove(namespace, write, parts, signal);
    }
  } catch (error) {
    if (isKubeError(error, 'AlreadyExists', 'Conflict')) await lookAgain(namespace, write, parts, signal);
    throw error;
  }
}

function judged(desired: DesiredPolicy, answer: WireNetworkPolicy, parts: PerformParts): Performed {
  const record = parsePolicy(answer, parts.intern, true);
  parts.policies.observeWrite(record);
  const comparison = compare(desired, record);
  return { mismatch: comparison.kind === 'Equal' ? [] : comparison.differences, resourceVersion: record.resourceVersion };
}

async function replace(namespace: string, write: Extract<Write, { kind: 'Update' }>, parts: PerformParts, signal: AbortSignal): Promise<WireNetworkPolicy> {
  const { live, policy, cause } = write;
  const foreign = live.foreign ?? await readForeign(namespace, live, parts, signal);
  const kept = cause === 'Adopted' ? withoutOtherOwners(foreign) : foreign;
  return parts.client.replacePolicy(replacementBody(namespace, policy, kept, live), signal);
}

/** The one read of a write: of a policy whose labels and annotations were not kept, since it was not ours. */
async function readForeign(namespace: string, live: PolicyRecord, parts: PerformParts, signal: AbortSignal): Promise<ForeignMetadata> {
  const { metadata } = await parts.client.getPolicy(namespace, live.name, signal);
  return foreignMetadata(metadata.labels, metadata.annotations);
}

async function remove(namespace: string, { live }: Extract<Write, { kind: 'Remove' }>, parts: PerformParts, signal: AbortSignal): Promise<Performed> {
  try {
    await parts.client.removePolicy({ namespace, name: live.name, uid: live.uid, resourceVersion: live.resourceVersion }, signal);
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error;
  }
  if (live.finalizers.length === 0) parts.policies.observeRemoval(namespace, live.name, live.uid);
  return { mismatch: [] };
}

/** The world is not as the store has it, and its event may never come: read it, so that the next plan is right. */
async function lookAgain(namespace: string, write: Write, parts: PerformParts, signal: AbortSignal): Promise<void> {
  const name = write.kind === 'Remove' ? write.live.name : write.policy.name;
  const read = parts.policies.beginRead(name, namespace);
  try {
    const wasOurs = write.kind !== 'Create' && write.live.writtenByUs;
    const found = await parts.client.getPolicy(namespace, name, signal);
    const sameObject = write.kind !== 'Create' && found.metadata.uid === write.live.uid;
    read.observe(parsePolicy(found, parts.intern, wasOurs && sameObject));
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error;
    if (write.kind !== 'Create') parts.policies.observeRemoval(namespace, name, write.live.uid);
  } finally {
    read.end();
  }
}
