/**
 * The smallest change that lets a connection through: exactly this peer and this port, on each side that blocks.
 *
 * Promises: applied together, the changes have `evaluate` say allowed, unless one is `impossible` or a policy that is
 * not evaluated has a say. Pods that nothing isolated are not isolated by them.
 */
import type { Direction } from '../api/network-policy.ts';
import type { Decider, TierName } from './answer.ts';
import type { Connection, NetworkPolicy, Policy, PolicyRef } from './model.ts';
import type { StoredClusterRule, StoredRule } from './stored.ts';
import type { World } from './world.ts';

/** What is allowed beyond the connection that was asked for, since policies cannot say it more narrowly. */
export type Wider =
  /** ICMP is in no rule with ports. */
  | 'every port'
  /** The pod or its peer has no label that outlives it: every pod of the namespace is meant. */
  | 'every pod of the namespace'
  /** A rule for the cluster is for all pods that its policy is about. */
  | 'every subject of the policy';

export type Change =
  /** A NetworkPolicy more; or the same rule added to one of `or`, which let it through to all pods that they select. */
  | { readonly kind: 'policy'; readonly direction: Direction; readonly policy: NetworkPolicy; readonly rule: StoredRule; readonly or: readonly PolicyRef[]; readonly wider: readonly Wider[] }
  /** No NetworkPolicy can overrule the decider: this rule before it, in its policy. */
  | { readonly kind: 'exception'; readonly direction: Direction; readonly tier: Exclude<TierName, 'NetworkPolicy'>; readonly decider: Decider; readonly rule: StoredClusterRule; readonly wider: readonly Wider[] }
  /** Policies see the pods behind a Service, not its address; rules of cluster scope know no sources outside; a peer without address and labels cannot be named. */
  | { readonly kind: 'impossible'; readonly direction: Direction; readonly why: 'service address' | 'source outside' | 'no address'; readonly decider: Decider | undefined };

/** Empty where nothing that is evaluated blocks. Egress first. */
export function smallestChange(_world: World, _connection: Connection): Change[] {
  return [];
}

/** The policies with the changes made. */
export function withChanges(policies: readonly Policy[], _changes: readonly Change[]): Policy[] {
  return [...policies];
}
