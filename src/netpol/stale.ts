/**
 * Policies that do nothing, or less than they say: they select no pod, or a peer of theirs matches none.
 *
 * A label that was renamed, a team that moved. Pods that are finished or of the host's network count as none. Made for
 * whole clusters: some hundred milliseconds for tens of thousands of policies and pods.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { isEvaluated } from './compile-cluster-policy.ts';
import { policyTypesOf } from './compile-network-policy.ts';
import { createPodSearch, SOMEBODY, type Found, type Target } from './pod-search.ts';
import type { ClusterPolicy, Namespace, NetworkPolicy, Pod, Policy, PolicyRef } from './model.ts';
import type { StoredClusterPeer, StoredSelector } from './stored.ts';
import { compareRefs } from './world.ts';

export type Stale =
  | { readonly kind: 'selects nothing'; readonly policy: PolicyRef }
  /** Positions in the stored lists. `no namespace`: the selector of namespaces matches none; `no pod`: it does, yet no pod in them. */
  | { readonly kind: 'peer matches nothing'; readonly policy: PolicyRef; readonly direction: Direction; readonly rule: number; readonly peer: number; readonly why: 'no namespace' | 'no pod' };

/** Where a target stands; absent for what the policy itself selects. */
interface Place { readonly direction: Direction; readonly rule: number; readonly peer: number }
type Visit = (target: Target, place?: Place) => void;

/** Sorted by policy, what it selects first, then by direction, rule and peer. Policies that are not evaluated are left out. */
export function staleIn(policies: readonly Policy[], namespaces: readonly Namespace[], pods: readonly Pod[]): Stale[] {
  const search = createPodSearch(namespaces, pods);
  const asked: { readonly policy: PolicyRef; readonly place: Place | undefined; readonly found: Found }[] = [];
  for (const policy of policies) {
    if (policy.kind === 'Opaque') continue;
    const ref: PolicyRef = policy.kind === 'NetworkPolicy' ? { kind: policy.kind, namespace: policy.namespace, name: policy.name } : { kind: policy.kind, name: policy.name };
    visitTargets(policy, (target, place) => {
      const found = search.ask(target);
      if (found !== SOMEBODY) asked.push({ policy: ref, place, found });
    });
  }
  search.run();
  return asked.flatMap(({ policy, place, found: { missing } }): Stale[] => {
    if (missing === undefined) return [];
    return [place === undefined ? { kind: 'selects nothing', policy } : { kind: 'peer matches nothing', policy, ...place, why: missing }];
  }).sort((a, b) => compareRefs(a.policy, b.policy) || placeOf(a) - placeOf(b));
}

const MOST_ENTRIES = 1e6;

function placeOf(stale: Stale): number {
  return stale.kind === 'selects nothing' ? -1 : (DIRECTIONS.indexOf(stale.direction) * MOST_ENTRIES + stale.rule) * MOST_ENTRIES + stale.peer;
}

/** Selects no labels. */
const NO_LABELS: StoredSelector = { matchExpressions: [{ key: 'nobody', operator: 'In', values: [] }] };
const ALL: StoredSelector = {};

function visitTargets(policy: NetworkPolicy | ClusterPolicy, visit: Visit): void {
  if (policy.kind === 'NetworkPolicy') visitNetworkPolicy(policy, visit);
  else if (isEvaluated(policy.kind, policy.name)) visitClusterPolicy(policy, visit);
}

function visitNetworkPolicy({ namespace, spec }: NetworkPolicy, visit: Visit): void {
  visit({ namespace, pods: spec?.podSelector ?? ALL });
  const types = policyTypesOf(spec);
  for (const direction of DIRECTIONS) {
    if (!types.has(direction)) continue;
    visitPeers(direction === 'Ingress' ? spec?.ingress : spec?.egress, direction, ({ ipBlock, namespaceSelector, podSelector }, place) => {
      if (isThere(ipBlock)) return;
      const isEmpty = !isThere(namespaceSelector) && !isThere(podSelector);
      visit({ namespace: namespaceSelector ?? namespace, pods: isEmpty ? NO_LABELS : podSelector ?? ALL }, place);
    });
  }
}

function visitClusterPolicy({ spec }: ClusterPolicy, visit: Visit): void {
  visit(clusterTarget(spec?.subject ?? {}) ?? { namespace: ALL, pods: NO_LABELS });
  for (const direction of DIRECTIONS) {
    visitPeers(direction === 'Ingress' ? spec?.ingress : spec?.egress, direction, (peer, place) => {
      const target = clusterTarget(peer);
      if (target !== undefined) visit(target, place);
    });
  }
}

/** `undefined` for peers that are no pods. */
function clusterTarget({ namespaces, pods }: StoredClusterPeer): Target | undefined {
  if (isThere(namespaces)) return { namespace: namespaces, pods: ALL };
  return isThere(pods) ? { namespace: pods.namespaceSelector ?? ALL, pods: pods.podSelector ?? ALL } : undefined;
}

type List<T> = readonly (T | null | undefined)[] | null | undefined;
interface RuleOf<P> { readonly from?: List<P>; readonly to?: List<P> }

/** A peer that is null is an empty one. */
function visitPeers<P extends object>(rules: List<RuleOf<P>>, direction: Direction, visit: (peer: Partial<P>, place: Place) => void): void {
  for (const [rule, stored] of (rules ?? []).entries()) {
    const peers = direction === 'Ingress' ? stored?.from : stored?.to;
    for (const [peer, entry] of (peers ?? []).entries()) visit(entry ?? {}, { direction, rule, peer });
  }
}

function isThere<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
