/** What each change of an object means for the classifier: what it is told, whom that concerns, and the cause that it is. */
import type { NamespaceRecord, PolicyRecord } from '../../kube/objects.ts';
import type { PodRecord } from '../../kube/pods.ts';
import type { Classifier, PolicyKey } from '../../netpol/classifier.ts';
import type { FamilyCount } from '../../netpol/family-count.ts';
import type { Policy } from '../../netpol/model.ts';
import { isAsGenerated } from '../../plan/ownership.ts';
import type { Change } from '../../watch/store.ts';
import { namespaceCause, otherCause, podCause, policyCause, type Cause } from './causes.ts';
import type { OtherPolicyRecord } from './other-policies.ts';

export interface Operation {
  /** Tells the classifier. */
  readonly apply: () => void;
  readonly cause: () => Cause;
  /** Whom to look at again beside those whose pods changed. */
  readonly touches: readonly string[] | 'all';
}

export interface OperationParts {
  readonly classifier: Classifier;
  readonly families: FamilyCount;
  /** Namespaces that exist. */
  readonly known: Set<string>;
}

/** `undefined` where nothing has changed that could matter. */
export interface Operations {
  namespace(change: Change<NamespaceRecord>): Operation;
  policy(change: Change<PolicyRecord>): Operation | undefined;
  pod(change: Change<PodRecord>): Operation;
  other(change: Change<OtherPolicyRecord>): Operation | undefined;
}

export function createOperations({ classifier, families, known }: OperationParts): Operations {
  /** One that cannot be read (a CRD that checks nothing) is one that is not evaluated. */
  function upsert(record: OtherPolicyRecord): void {
    try {
      classifier.upsertPolicy(record.policy);
    } catch {
      classifier.removePolicy(keyOf(record.policy));
      classifier.upsertPolicy(unreadable(record));
    }
  }

  return {
    namespace: (change) => ({ touches: [change.name], cause: () => namespaceCause(change), apply() {
      const { name, after } = change;
      if (after === undefined) {
        known.delete(name);
        classifier.removeNamespace(name);
      } else {
        known.add(name);
        classifier.upsertNamespace(after);
      }
    } }),
    policy(change) {
      const { name, namespace = '', before, after } = change;
      if (before !== undefined && after !== undefined && before.anySpec === after.anySpec && isAsGenerated(before) === isAsGenerated(after)) return undefined;
      return { touches: [namespace], cause: () => policyCause(change), apply() {
        if (after?.anySpec === undefined) classifier.removePolicy({ kind: 'NetworkPolicy', namespace, name });
        else classifier.upsertPolicy({ kind: 'NetworkPolicy', namespace, name, spec: after.anySpec });
        const tooLong = unreadable({ kind: 'NetworkPolicy', namespace, name });
        if (after !== undefined && after.anySpec === undefined) classifier.upsertPolicy(tooLong);
        else classifier.removePolicy(keyOf(tooLong));
      } };
    },
    pod: (change) => ({ touches: [], cause: () => podCause(change), apply() {
      const { name, namespace = '', before, after } = change;
      if (before !== undefined) families.remove(before);
      if (after !== undefined) families.add(after);
      if (after === undefined) classifier.removePod(namespace, name);
      else classifier.upsertPod(after);
    } }),
    other(change) {
      const { before, after, namespace } = change;
      if (before !== undefined && after !== undefined && isSamePolicy(before.policy, after.policy)) return undefined;
      return { touches: namespace === undefined ? 'all' : [namespace], cause: () => otherCause(change), apply() {
        if (before !== undefined) for (const key of keysOf(before)) if (after === undefined || key.kind !== after.policy.kind) classifier.removePolicy(key);
        if (after !== undefined) upsert(after);
      } };
    },
  };
}

/** Their specs as they are stored: agents write the status of such policies again and again. */
function isSamePolicy(a: Policy, b: Policy): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** It may mean anything for whom it concerns: one that cannot be read, or that is too long to be kept. */
function unreadable({ kind, namespace, name }: { readonly kind: string; readonly namespace?: string | undefined; readonly name: string }): Policy {
  return { kind: 'Opaque', apiKind: kind, namespace, name };
}

/** All under which the policy may be known. */
function keysOf(record: OtherPolicyRecord): PolicyKey[] {
  return record.policy.kind === 'Opaque' ? [keyOf(record.policy)] : [keyOf(record.policy), keyOf(unreadable(record))];
}

function keyOf(policy: Policy): PolicyKey {
  const { kind, name } = policy;
  if (kind === 'Opaque') return { kind, apiKind: policy.apiKind, namespace: policy.namespace, name };
  return kind === 'NetworkPolicy' ? { kind, namespace: policy.namespace, name } : { kind, name };
}
