/**
 * Policies that do nothing, or less than they say: they select no pod, or a peer of theirs matches none.
 *
 * A label that was renamed, a team that moved. Pods that are finished or of the host's network count as none. Made for
 * whole clusters: some hundred milliseconds for tens of thousands of policies and pods.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { isEvaluated } from './compile-cluster-policy.ts';
import { policyTypesOf } from './compile-network-policy.ts';
import { createPodSearch, type Target } from './pod-search.ts';
import type { ClusterPolicy, Namespace, NetworkPolicy, Pod, Policy, PolicyRef } from './model.ts';
import type { StoredClusterPeer, StoredSelector } from './stored.ts';
import { compareRefs } from './world.ts';

export type Stale =
  | { readonly kind: 'selects nothing'; readonly policy: PolicyRef }
  /** Positions in the stored lists. `no namespace`: the selector of namespaces matches none; `no pod`: it does, yet no pod in them. */
  | { readonly kind: 'peer matches nothing'; readonly policy: PolicyRef; readonly direction: Direction; readonly rule: number; readonly peer: number; readonly why: 'no namespace' | 'no pod' };

/** Sorted by policy, what it selects first, then by direction, rule and peer. Policies that are not evaluated are left out. */
export function staleIn(policies: readonly Policy[], namespaces: readonly Namespace[], pods: readonly Pod[]): Stale[] {
  const search = createPodSearch(namespaces, pods);
  const asked = policies.flatMap(questionsOf).map(({ target, stale }) => ({ found: search.ask(target), stale }));
  search.run();
  return asked.flatMap(({ found, stale }) => {
    if (found.missing === undefined) return [];
    return [stale.kind === 'selects nothing' ? stale : { ...stale, why: found.missing }];
  }).sort((a, b) => compareRefs(a.policy, b.policy) || placeOf(a) - placeOf(b));
}

const MOST_ENTRIES = 1e6;

function placeOf(stale: Stale): number {
  return stale.kind === 'selects nothing' ? -1 : (DIRECTIONS.indexOf(stale.direction) * MOST_ENTRIES + stale.rule) * MOST_ENTRIES + stale.peer;
}

/** `stale` is what it is if nobody is found; of a peer, why is filled in then. */
interface StaleQuestion { readonly target: Target; readonly stale: Stale }

function questionsOf(policy: Policy): StaleQuestion[] {
  if (policy.kind === 'Opaque') return [];
  if (policy.kind === 'NetworkPolicy') return networkPolicyQuestions(policy);
  return isEvaluated(policy.kind, policy.name) ? clusterPolicyQuestions(policy) : [];
}

function networkPolicyQuestions({ kind, namespace, name, spec }: NetworkPolicy): StaleQuestion[] {
  const policy: PolicyRef = { kind, namespace, name };
  const types = policyTypesOf(spec);
  const ofPeers = DIRECTIONS.filter((direction) => types.has(direction)).flatMap((direction) =>
    peersIn(direction === 'Ingress' ? spec?.ingress : spec?.egress, direction).flatMap(({ entry, ...place }): StaleQuestion[] => {
      const { ipBlock, namespaceSelector, podSelector } = entry;
      if (isThere(ipBlock)) return [];
      const isEmpty = !isThere(namespaceSelector) && !isThere(podSelector);
      return [{ target: { namespace: namespaceSelector ?? namespace, pods: isEmpty ? NOBODY : podSelector ?? {} }, stale: { kind: 'peer matches nothing', policy, direction, ...place, why: 'no pod' } }];
    }));
  return [{ target: { namespace, pods: spec?.podSelector ?? {} }, stale: { kind: 'selects nothing', policy } }, ...ofPeers];
}

function clusterPolicyQuestions({ kind, name, spec }: ClusterPolicy): StaleQuestion[] {
  const policy: PolicyRef = { kind, name };
  const ofPeers = DIRECTIONS.flatMap((direction) => peersIn(direction === 'Ingress' ? spec?.ingress : spec?.egress, direction).flatMap(({ entry, ...place }): StaleQuestion[] => {
    const target = clusterTarget(entry);
    return target === undefined ? [] : [{ target, stale: { kind: 'peer matches nothing', policy, direction, ...place, why: 'no pod' } }];
  }));
  return [{ target: clusterTarget(spec?.subject ?? {}) ?? { namespace: {}, pods: NOBODY }, stale: { kind: 'selects nothing', policy } }, ...ofPeers];
}

/** Selects no labels. */
const NOBODY: StoredSelector = { matchExpressions: [{ key: 'nobody', operator: 'In', values: [] }] };

/** `undefined` for peers that are no pods. */
function clusterTarget({ namespaces, pods }: StoredClusterPeer): Target | undefined {
  if (isThere(namespaces)) return { namespace: namespaces, pods: {} };
  return isThere(pods) ? { namespace: pods.namespaceSelector ?? {}, pods: pods.podSelector ?? {} } : undefined;
}

type List<T> = readonly (T | null | undefined)[] | null | undefined;
interface RuleOf<P> { readonly from?: List<P>; readonly to?: List<P> }

/** With their positions. A peer that is null is an empty one. */
function peersIn<P extends object>(rules: List<RuleOf<P>>, direction: Direction): { readonly rule: number; readonly peer: number; readonly entry: Partial<P> }[] {
  return (rules ?? []).flatMap((stored, rule) => ((direction === 'Ingress' ? stored?.from : stored?.to) ?? []).map((entry, peer) => ({ rule, peer, entry: entry ?? {} })));
}

function isThere<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
