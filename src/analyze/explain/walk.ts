/**
 * One side of a connection as a walk through the tiers: which policies have a say, which of their rules match, and
 * which tiers are not asked, so that an allow that never counts is seen as well.
 *
 * Promises: nothing is decided here. The verdict is the evaluator's.
 */
import type { Direction } from '../../api/network-policy.ts';
import type { Decider, TierName } from '../../netpol/answer.ts';
import { askedOf } from '../../netpol/evaluate.ts';
import { matchRule, type Question } from '../../netpol/match.ts';
import type { Connection, PolicyRef } from '../../netpol/model.ts';
import type { Rule } from '../../netpol/rules.ts';
import type { ApplyingClusterPolicy } from '../../netpol/tiers.ts';
import type { World } from '../../netpol/world.ts';

/** A rule that matches; `maybe` where only the network plugin knows. */
export interface Matching { readonly decider: Decider; readonly match: 'yes' | 'maybe' }

export interface TierStep {
  readonly tier: TierName;
  /** Whether it has a say; a tier before it may have decided. */
  readonly asked: boolean;
  /** Those about this pod in this direction: in Admin and Baseline the strictest first. */
  readonly policies: readonly PolicyRef[];
  /** Rules that match: in Admin and Baseline up to the first of a kind that matches for sure, and those of its rank; in NetworkPolicy all. */
  readonly matching: readonly Matching[];
}

/** Of one address family. Empty where policies are not asked at all; tiers without a policy are left out. */
export function walk(world: World, connection: Connection, direction: Direction): readonly TierStep[] {
  const asked = askedOf(world, connection, direction);
  if ('verdict' in asked) return [];
  const { applying, question } = asked;
  const ordered = (tier: 'Admin' | 'Baseline'): Omit<TierStep, 'asked'> => {
    const policies = applying.clusterPolicies.filter(({ compiled }) => compiled.tier === tier);
    const kinds = Map.groupBy(policies, ({ ref }) => ref.kind);
    return { tier, policies: policies.map(({ ref }) => ref), matching: [...kinds.values()].flatMap((sameKind) => firstRank(sameKind, direction, question)) };
  };
  const admin = ordered('Admin');
  const union: Omit<TierStep, 'asked'> = {
    tier: 'NetworkPolicy',
    policies: applying.isolating.map(({ ref }) => ref),
    matching: applying.isolating.flatMap(({ ref, compiled }) => matchingIn(compiled.rules[direction], question, { ...ref, tier: 'NetworkPolicy' })),
  };
  const isOpen = goesOn(admin);
  return [
    { ...admin, asked: true },
    { ...union, asked: isOpen },
    { ...ordered('Baseline'), asked: isOpen && union.policies.length === 0 },
  ].filter(({ policies }) => policies.length > 0);
}

/** No order between the kinds of a tier, nor between policies of equal priority: as the evaluator has it. */
function firstRank(policies: readonly ApplyingClusterPolicy[], direction: Direction, question: Question): Matching[] {
  const found: Matching[] = [];
  let certainAt: number | undefined;
  for (const { ref, compiled, isUncertain } of policies) {
    if (certainAt !== undefined && compiled.priority > certainAt) break;
    const matching = untilCertain(matchingIn(compiled.rules[direction], question, { ...ref, tier: compiled.tier }));
    found.push(...(isUncertain === true ? matching.map(({ decider }) => ({ decider, match: 'maybe' as const })) : matching));
    if (isUncertain !== true && matching.some(({ match }) => match === 'yes')) certainAt = compiled.priority;
  }
  return found;
}

function matchingIn(rules: readonly Rule[], question: Question, by: PolicyRef & { readonly tier: TierName }): Matching[] {
  return rules.flatMap((rule) => {
    const found = matchRule(rule, question);
    if (found === undefined) return [];
    const { tier, kind, namespace, name } = by;
    return [{ match: found.match, decider: { tier, kind, namespace, name, action: rule.action, rule: rule.index, peer: found.peer, port: found.port } }];
  });
}

function untilCertain(matching: readonly Matching[]): readonly Matching[] {
  const at = matching.findIndex(({ match }) => match === 'yes');
  return at === -1 ? matching : matching.slice(0, at + 1);
}

function goesOn({ matching }: Pick<TierStep, 'matching'>): boolean {
  return matching.every(({ match }) => match === 'maybe') || matching.some(({ decider }) => decider.action === 'Pass');
}
