/**
 * Policies that do nothing, or less than they say: they select no pod, or a peer of theirs matches none.
 *
 * A label that was renamed, a team that moved; the same that an audit says of them. Made for whole clusters: some hundred
 * milliseconds for tens of thousands of policies and pods, in steps where somebody cannot wait.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { isEvaluated } from './compile-cluster-policy.ts';
import { policyTypesOf } from './compile-network-policy.ts';
import { podSearch, SOMEBODY, type Found, type Target } from './pod-search.ts';
import type { ClusterPolicy, Namespace, NetworkPolicy, Pod, Policy, PolicyRef } from './model.ts';
import { finished, type Steps } from './steps.ts';
import type { StoredClusterPeer, StoredPeer, StoredSelector } from './stored.ts';
import { compareRefs } from './world.ts';

export type Stale =
  | { readonly kind: 'selects nothing'; readonly policy: PolicyRef }
  /** Positions in the stored lists. `no namespace`: the selector of namespaces matches none; `no pod`: it does, yet no pod in them. */
  | { readonly kind: 'peer matches nothing'; readonly policy: PolicyRef; readonly direction: Direction; readonly rule: number; readonly peer: number; readonly why: 'no namespace' | 'no pod' };

/** Where a target stands; absent for what the policy itself selects. */
interface Place { readonly direction: Direction; readonly rule: number; readonly peer: number }
type Asked = readonly [target: Target, place?: Place];

/** Sorted by policy, what it selects first, then by direction, rule and peer. Policies that are not evaluated are left out. */
export function staleIn(policies: readonly Policy[], namespaces: readonly Namespace[], pods: readonly Pod[]): Stale[] {
  return finished(staleSteps(policies, namespaces, pods)).sort((a, b) => compareRefs(a.policy, b.policy) || placeOf(a) - placeOf(b));
}

/** The same bit by bit, and unsorted. What changes in the lists meanwhile may count or not. */
export function* staleSteps(policies: Iterable<Policy>, namespaces: Iterable<Namespace>, pods: Iterable<Pod>): Steps<Stale[]> {
  const search = yield* podSearch(namespaces, pods);
  const asked: { readonly policy: PolicyRef; readonly place: Place | undefined; readonly found: Found }[] = [];
  for (const policy of policies) {
    yield;
    if (policy.kind === 'Opaque') continue;
    const ref: PolicyRef = policy.kind === 'NetworkPolicy' ? { kind: policy.kind, namespace: policy.namespace, name: policy.name } : { kind: policy.kind, name: policy.name };
    for (const [target, place] of targetsOf(policy)) {
      const found = yield* search.ask(target);
      if (found !== SOMEBODY) asked.push({ policy: ref, place, found });
    }
  }
  yield* search.run();
  const stale: Stale[] = [];
  for (const { policy, place, found: { missing } } of asked) {
    yield;
    if (missing !== undefined) stale.push(place === undefined ? { kind: 'selects nothing', policy } : { kind: 'peer matches nothing', policy, ...place, why: missing });
  }
  return stale;
}

const MOST_ENTRIES = 1e6;

function placeOf(stale: Stale): number {
  return stale.kind === 'selects nothing' ? -1 : (DIRECTIONS.indexOf(stale.direction) * MOST_ENTRIES + stale.rule) * MOST_ENTRIES + stale.peer;
}

/** Selects no labels. */
const NO_LABELS: StoredSelector = { matchExpressions: [{ key: 'nobody', operator: 'In', values: [] }] };
const ALL: StoredSelector = {};

function* targetsOf(policy: NetworkPolicy | ClusterPolicy): Iterable<Asked> {
  if (policy.kind === 'NetworkPolicy') yield* networkPolicyTargets(policy);
  else if (isEvaluated(policy.kind, policy.name)) yield* clusterPolicyTargets(policy);
}

function* networkPolicyTargets({ namespace, spec }: NetworkPolicy): Iterable<Asked> {
  yield [{ namespace, pods: spec?.podSelector ?? ALL }];
  const types = policyTypesOf(spec);
  for (const direction of DIRECTIONS) {
    if (!types.has(direction)) continue;
    for (const [peer, place] of peersIn(direction === 'Ingress' ? spec?.ingress : spec?.egress, direction)) {
      if (!isThere(peer.ipBlock)) yield [peerTarget(namespace, peer), place];
    }
  }
}

function peerTarget(home: string, { namespaceSelector, podSelector }: StoredPeer): Target {
  const isEmpty = !isThere(namespaceSelector) && !isThere(podSelector);
  return { namespace: namespaceSelector ?? home, pods: isEmpty ? NO_LABELS : podSelector ?? ALL };
}

function* clusterPolicyTargets({ spec }: ClusterPolicy): Iterable<Asked> {
  yield [clusterTarget(spec?.subject ?? {}) ?? { namespace: ALL, pods: NO_LABELS }];
  for (const direction of DIRECTIONS) {
    for (const [peer, place] of peersIn(direction === 'Ingress' ? spec?.ingress : spec?.egress, direction)) {
      const target = clusterTarget(peer);
      if (target !== undefined) yield [target, place];
    }
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
function* peersIn<P extends object>(rules: List<RuleOf<P>>, direction: Direction): Iterable<[peer: Partial<P>, place: Place]> {
  for (const [rule, stored] of (rules ?? []).entries()) {
    const peers = direction === 'Ingress' ? stored?.from : stored?.to;
    for (const [peer, entry] of (peers ?? []).entries()) yield [entry ?? {}, { direction, rule, peer }];
  }
}

function isThere<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
