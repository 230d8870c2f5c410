/** What each change of an object means for the classifier: what it is told, whom that concerns, and the cause that it is. */
import type { NamespaceRecord, PolicyRecord } from '../../kube/objects.ts';
import type { PodRecord } from '../../kube/pods.ts';
import type { Classifier, PolicyKey } from '../../netpol/classifier.ts';
import type { Policy } from '../../netpol/model.ts';
import { isAsGenerated } from '../../plan/ownership.ts';
import type { Change } from '../../watch/store.ts';
import { isOurs, namespaceCause, otherCause, podCause, policyCause, type Cause } from './causes.ts';
import type { OtherPolicyRecord } from './other-policies.ts';

export interface Operation {
  /** `NetworkPolicy shop/web`: the object that has changed. */
  readonly object: string;
  /** Our own write, or drift of one, which is told as such: no drift of classes, so that one has no need to be told from the next. */
  readonly isOurs: boolean;
  /** Tells the classifier. */
  readonly apply: () => void;
  readonly cause: () => Cause;
  /** Whom to look at again beside those whose pods changed. */
  readonly touches: readonly string[] | 'all';
}

export interface OperationParts {
  readonly classifier: Classifier;
  /** Namespaces that exist. */
  readonly known: Set<string>;
  report(object: string, error: unknown): void;
}

/** `undefined` where nothing has changed that could matter. */
export interface Operations {
  namespace(change: Change<NamespaceRecord>): Operation;
  policy(change: Change<PolicyRecord>): Operation | undefined;
  pod(change: Change<PodRecord>): Operation;
  other(change: Change<OtherPolicyRecord>): Operation | undefined;
}

export function createOperations({ classifier, known, report }: OperationParts): Operations {
  /** One that cannot be read (a CRD that checks nothing) is one that is not evaluated. */
  function upsert(policy: Policy, object: string): void {
    try {
      classifier.upsertPolicy(policy);
    } catch (error) {
      classifier.upsertUnread(keyOf(policy));
      if (policy.kind === 'NetworkPolicy') report(object, error); // the API server has checked it
    }
  }

  return {
    namespace: (change) => ({ object: `namespace ${change.name}`, isOurs: false, touches: [change.name], cause: () => namespaceCause(change), apply() {
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
      const key = { kind: 'NetworkPolicy', namespace, name } as const;
      const object = `NetworkPolicy ${namespace}/${name}`;
      return { object, isOurs: isOurs(change), touches: [namespace], cause: () => policyCause(change), apply() {
        if (after === undefined) classifier.removePolicy(key);
        else if (after.anySpec === undefined) classifier.upsertUnread(key); // too long to be kept
        else upsert({ ...key, spec: after.anySpec }, object);
      } };
    },
    pod: (change) => ({ object: `pod ${change.namespace ?? ''}/${change.name}`, isOurs: false, touches: [], cause: () => podCause(change), apply() {
      const { name, namespace = '', after } = change;
      if (after === undefined) classifier.removePod(namespace, name);
      else classifier.upsertPod(after);
    } }),
    other(change) {
      const { before, after, namespace, name } = change;
      if (before !== undefined && after !== undefined && isSamePolicy(before.policy, after.policy)) return undefined;
      const object = `${(after ?? before)?.kind ?? 'policy'} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
      return { object, isOurs: false, touches: namespace === undefined ? 'all' : [namespace], cause: () => otherCause(change), apply() {
        if (after !== undefined) upsert(after.policy, object);
        else if (before !== undefined) classifier.removePolicy(keyOf(before.policy));
      } };
    },
  };
}

/** Their specs as they are stored: agents write the status of such policies again and again. */
function isSamePolicy(a: Policy, b: Policy): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function keyOf(policy: Policy): PolicyKey {
  const { kind, name } = policy;
  if (kind === 'Opaque') return { kind, apiKind: policy.apiKind, namespace: policy.namespace, name };
  return kind === 'NetworkPolicy' ? { kind, namespace: policy.namespace, name } : { kind, name };
}
