/**
 * How isolated the pods of a namespace are in a direction, and by which policies.
 *
 * Promises: classes are the classifier's, the same that the operator counts. Where the pods of a namespace are not known,
 * it is `unknown` if its policies single out pods, unless a pod without labels is open already.
 */
import type { Direction } from '../../api/network-policy.ts';
import type { Classifier } from '../../netpol/classifier.ts';
import type { PodClass, PodClassName } from '../../netpol/classify.ts';
import { isIsolated, weakestOf, type NamespaceClassName } from '../../netpol/namespace-class.ts';
import { policyTypesOf } from '../../netpol/compile-network-policy.ts';
import type { SnapshotPod, SnapshotPolicy } from '../world.ts';
import type { ObjectName } from './finding.ts';
import type { Inventory } from './inventory.ts';
import { selectsAll } from './lint-spec.ts';
import { PEERS_OF, RULES_OF } from './text.ts';

export type NetworkPolicyObject = Extract<SnapshotPolicy, { kind: 'NetworkPolicy' }>;

/** A pod with its class; without a pod: one that may come, without labels. */
export interface Classified { readonly pod: SnapshotPod | undefined; readonly found: PodClass }

export interface DirectionClasses {
  readonly direction: Direction;
  readonly class: NamespaceClassName;
  readonly isolated: 'yes' | 'no' | 'unknown';
  /** Pods that count: neither finished nor of the host's network. Where there is none, one that may come. */
  readonly classified: readonly Classified[];
  /** Pods by class, those of the host's network among them. */
  readonly counts: ReadonlyMap<PodClassName, number>;
  /** A pod that may come, without labels. */
  readonly plain: PodClass;
  /** Policies that isolate every pod; those without rules first. */
  readonly defaultDeny: readonly ObjectName[];
  /** Or policies of cluster scope keep a pod isolated that no NetworkPolicy selects. */
  readonly hasDefaultDeny: boolean;
}

export interface ClassParts {
  readonly classifier: Classifier;
  readonly inventory: Inventory;
}

const OPEN: PodClass = { class: 'open', effective: undefined, ifBlocksSkipPods: undefined, opaque: [] };

export function classesOf(direction: Direction, namespace: { readonly name: string; readonly pods: readonly SnapshotPod[]; readonly policies: readonly NetworkPolicyObject[] }, { classifier, inventory }: ClassParts): DirectionClasses {
  const { name, pods, policies } = namespace;
  const live = pods.flatMap((pod): Classified[] => {
    const found = classifier.classOf(name, pod.name, direction);
    return found === undefined ? [] : [{ pod, found }];
  });
  const counts = new Map<PodClassName, number>();
  for (const { found } of live) counts.set(found.class, (counts.get(found.class) ?? 0) + 1);
  const plain = classifier.classOfPlain(name, direction) ?? OPEN;
  const coverable = live.filter(({ found }) => found.class !== 'not-coverable');
  const classified = coverable.length > 0 ? coverable : [{ pod: undefined, found: plain }];
  const weakest = weakestOf(classified.map(({ found }) => found.class)) ?? 'unknown';
  const isGuess = coverable.length === 0 && !inventory.knowsPods && isSingledOut(weakest, policies, direction);
  const className = isGuess ? 'unknown' : weakest;
  const defaultDeny = defaultDenyIn(policies, direction);
  return {
    direction, class: className, isolated: isolatedOf(className), classified, counts, plain, defaultDeny,
    hasDefaultDeny: defaultDeny.length > 0 || (plain.effective?.isolated === false && isIsolated(plain.class)),
  };
}

/** Isolated, and a policy is about some pods only, which may let more through to these. */
function isSingledOut(plain: NamespaceClassName, policies: readonly NetworkPolicyObject[], direction: Direction): boolean {
  return isIsolated(plain) && policies.some(({ spec }) => policyTypesOf(spec).has(direction) && !selectsAll(spec.podSelector));
}

function isolatedOf(name: NamespaceClassName): DirectionClasses['isolated'] {
  if (name === 'unknown') return 'unknown';
  return isIsolated(name) ? 'yes' : 'no';
}

/** Not those that let everything through at once. */
function defaultDenyIn(policies: readonly NetworkPolicyObject[], direction: Direction): ObjectName[] {
  const rulesOf = ({ spec }: NetworkPolicyObject) => spec[RULES_OF[direction]] ?? [];
  const opens = (policy: NetworkPolicyObject): boolean => rulesOf(policy).some((rule) => (rule?.[PEERS_OF[direction]] ?? []).length === 0 && (rule?.ports ?? []).length === 0);
  const wide = policies.filter((policy) => policyTypesOf(policy.spec).has(direction) && selectsAll(policy.spec.podSelector) && !opens(policy));
  return wide.toSorted((a, b) => Number(rulesOf(a).length > 0) - Number(rulesOf(b).length > 0)).map(({ kind, namespace, name }) => ({ kind, namespace, name }));
}
