/**
 * The smallest change that lets a connection through: exactly this peer and this port, on each side that blocks.
 *
 * Promises: applied together, the changes have `evaluate` say allowed, unless one is `impossible`, a policy that is not
 * evaluated has a say, or the peer is a node, which the network decides. Pods that nothing isolated are not isolated by them.
 */
import type { Direction } from '../api/network-policy.ts';
import type { Decider, Outcome, TierName } from './answer.ts';
import { askedOf, byFamily, type Asked } from './evaluate.ts';
import type { Connection, Policy } from './model.ts';
import { exceptionOf, newPolicyOf, type Exception, type NewPolicy, type Unnameable, type Wider } from './new-rule.ts';
import { outcomesOf } from './tiers.ts';
import type { World } from './world.ts';

export type { Unnameable, Wider };

export type Change =
  /** A NetworkPolicy more; or the same rule added to one of `or`, which let it through to all pods that they select. */
  | NewPolicy & { readonly kind: 'policy'; readonly direction: Direction }
  /** A rule for the cluster decides: this rule before it, in its policy. No NetworkPolicy can overrule one of the Admin tier. */
  | Exception & {
    readonly kind: 'exception'; readonly direction: Direction; readonly tier: Exclude<TierName, 'NetworkPolicy'>; readonly decider: Decider;
    /** Of the Baseline tier: what would do as well, and isolates the pod, which nothing did. */
    readonly instead?: NewPolicy;
  }
  | { readonly kind: 'impossible'; readonly direction: Direction; readonly why: Unnameable; readonly decider: Decider | undefined };

/** Empty where nothing that is evaluated blocks. Egress first. */
export function smallestChange(world: World, connection: Connection): Change[] {
  const connections = byFamily(world, connection);
  const found = (['Egress', 'Ingress'] as const).flatMap((direction) => connections.flatMap((each) => changesOf(world, each, direction)));
  return withoutCovered(found);
}

/** Families have changes of their own; an exception covers equal ones further down in its policy. */
function withoutCovered(changes: readonly Change[]): Change[] {
  const kept = new Map<string, Change>();
  for (const change of changes) {
    const key = change.kind === 'exception' ? JSON.stringify([change.direction, change.decider.kind, change.decider.name, change.rule]) : JSON.stringify(change);
    const known = kept.get(key);
    if (known === undefined || (known.kind === 'exception' && change.kind === 'exception' && change.decider.rule < known.decider.rule)) kept.set(key, change);
  }
  return [...kept.values()];
}

function changesOf(world: World, connection: Connection, direction: Direction): Change[] {
  const asked = askedOf(world, connection, direction);
  if ('verdict' in asked) return [];
  const { applying, question, isHairpin } = asked;
  const outcomes = outcomesOf(applying, question, isHairpin);
  const admin = deniersIn(outcomes, 'Admin').map((decider) => exception(asked, direction, decider));
  if (admin.some(({ kind }) => kind === 'impossible')) return admin;
  if (admin.length === 0) return changesBelow(world, asked, direction, outcomes);
  // what passes the Admin tier comes to the others
  const below = outcomesOf({ ...applying, clusterPolicies: applying.clusterPolicies.filter(({ compiled }) => compiled.tier !== 'Admin') }, question, isHairpin);
  return [...admin, ...changesBelow(world, asked, direction, below)];
}

/** Of the tiers below Admin. */
function changesBelow(world: World, asked: Asked, direction: Direction, outcomes: readonly Outcome[]): Change[] {
  if (outcomes.some(({ reason }) => reason.kind === 'isolated')) {
    const found = newPolicyOf(world, asked, direction);
    return [typeof found === 'string' ? { kind: 'impossible', direction, why: found, decider: undefined } : { kind: 'policy', direction, ...found }];
  }
  const instead = newPolicyOf(world, asked, direction);
  return deniersIn(outcomes, 'Baseline').map((decider): Change => {
    const change = exception(asked, direction, decider);
    return change.kind === 'exception' && typeof instead !== 'string' ? { ...change, instead } : change;
  });
}

function exception(asked: Asked, direction: Direction, decider: Decider): Change {
  const found = exceptionOf(asked, direction, decider);
  if (typeof found === 'string') return { kind: 'impossible', direction, why: found, decider };
  return { kind: 'exception', direction, tier: decider.tier === 'Admin' ? 'Admin' : 'Baseline', decider, ...found };
}

/** One rule of each policy: an exception before the first covers the others. */
function deniersIn(outcomes: readonly Outcome[], tier: Decider['tier']): Decider[] {
  const first = new Map<string, Decider>();
  for (const { verdict, reason } of outcomes) {
    if (verdict !== 'denied' || reason.kind !== 'rule' || reason.decider.tier !== tier) continue;
    const { decider } = reason;
    const known = first.get(`${decider.kind}/${decider.name}`);
    if (known === undefined || decider.rule < known.rule) first.set(`${decider.kind}/${decider.name}`, decider);
  }
  return [...first.values()];
}

/** The policies with the changes made; what is `impossible` changes nothing. */
export function withChanges(policies: readonly Policy[], changes: readonly Change[]): Policy[] {
  const changed = policies.map((policy) => changes.reduce(withException, policy));
  return [...changed, ...changes.flatMap((change) => (change.kind === 'policy' ? [change.policy] : []))];
}

function withException(policy: Policy, change: Change): Policy {
  if (change.kind !== 'exception' || policy.kind === 'NetworkPolicy' || policy.kind === 'Opaque') return policy;
  if (policy.kind !== change.decider.kind || policy.name !== change.decider.name) return policy;
  const list = change.direction === 'Ingress' ? 'ingress' : 'egress';
  return { ...policy, spec: { ...policy.spec, [list]: (policy.spec[list] ?? []).toSpliced(change.decider.rule, 0, change.rule) } };
}
