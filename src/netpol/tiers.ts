/**
 * The pipeline of one direction for one pod: Admin, NetworkPolicy, Baseline, default.
 *
 * Gives every outcome that can be: one when all is certain, more where a rule matches only on some CNIs, or where two
 * policies of equal rank disagree, since their order is undefined.
 */
import type { Direction } from '../api/network-policy.ts';
import type { Decider, Outcome, TierName } from './answer.ts';
import { matchRule, type Question, type RuleMatch } from './match.ts';
import type { PolicyRef } from './model.ts';
import type { Action, Rule, Tier } from './rules.ts';
import type { NamedClusterPolicy, NamedNetworkPolicy } from './world.ts';

/** Policies that apply to the pod; cluster policies by rank, NetworkPolicies those that isolate the direction. */
export interface Applying {
  readonly direction: Direction;
  readonly clusterPolicies: readonly ApplyingClusterPolicy[];
  readonly isolating: readonly NamedNetworkPolicy[];
}

/** `isUncertain`: the policy may be about the pod, depending on labels of its namespace that are not known. */
export interface ApplyingClusterPolicy extends NamedClusterPolicy { readonly isUncertain?: boolean }

interface Candidate { readonly decider: Decider; readonly match: RuleMatch['match'] }
interface Found { readonly candidates: readonly Candidate[]; /** One of them applies for sure. */ readonly isCertain: boolean }

export function outcomesOf(applying: Applying, question: Question, isHairpin: boolean): Outcome[] {
  const admin = orderedTier('Admin', applying, question);
  const outcomes = decided(admin);
  if (!goesOn(admin)) return outcomes;
  if (applying.isolating.length > 0) return [...outcomes, ...networkPolicyTier(applying, question, isHairpin)];
  const baseline = orderedTier('Baseline', applying, question);
  return [...outcomes, ...decided(baseline), ...(goesOn(baseline) ? [{ verdict: 'allowed', reason: { kind: 'default' } } as const] : [])];
}

function decided({ candidates }: Found): Outcome[] {
  return candidates.filter(({ decider }) => decider.action !== 'Pass').map(({ decider }) => ({
    verdict: decider.action === 'Allow' ? 'allowed' : 'denied', reason: { kind: 'rule', decider },
  }));
}

function goesOn({ candidates, isCertain }: Found): boolean {
  return !isCertain || candidates.some(({ decider }) => decider.action === 'Pass');
}

/** The two kinds of a tier have no order between them, so each is searched on its own. */
function orderedTier(tier: Tier, { clusterPolicies, direction }: Applying, question: Question): Found {
  const policies = clusterPolicies.filter(({ compiled }) => compiled.tier === tier && compiled.rules[direction].length > 0);
  const kinds = Map.groupBy(policies, ({ ref }) => ref.kind);
  const found = [...kinds.values()].map((sameKind) => firstRank(sameKind, direction, question));
  const candidates = found.flatMap((each) => each.candidates);
  const isCertain = found.some((each) => each.isCertain);
  if (disagree(candidates.filter(({ match }) => match === 'yes'))) question.codes.add('equal-priority');
  return { candidates, isCertain };
}

/** Within a kind, policies after the priority where one matches for sure have no say. */
function firstRank(policies: readonly ApplyingClusterPolicy[], direction: Direction, question: Question): Found {
  const candidates: Candidate[] = [];
  let certainAt: number | undefined;
  for (const { ref, compiled, isUncertain } of policies) {
    if (certainAt !== undefined && compiled.priority > certainAt) break;
    const found = firstMatches(compiled.rules[direction], question, (rule, match) => deciderOf(compiled.tier, ref, rule, match));
    if (isUncertain === true) {
      candidates.push(...found.candidates.map(({ decider }) => ({ decider, match: 'maybe' as const })));
      if (found.candidates.length > 0) question.codes.add('namespace-labels');
      continue;
    }
    candidates.push(...found.candidates);
    if (found.isCertain) certainAt = compiled.priority;
  }
  return { candidates, isCertain: certainAt !== undefined };
}

/** Up to the first rule that matches for sure. */
function firstMatches(rules: readonly Rule[], question: Question, decider: (rule: Rule, match: RuleMatch) => Decider): Found {
  const candidates: Candidate[] = [];
  for (const rule of rules) {
    const match = matchRule(rule, question);
    if (match === undefined) continue;
    candidates.push({ decider: decider(rule, match), match: match.match });
    if (match.match === 'yes') return { candidates, isCertain: true };
  }
  return { candidates, isCertain: false };
}

function disagree(candidates: readonly Candidate[]): boolean {
  return new Set<Action>(candidates.map(({ decider }) => decider.action)).size > 1;
}

/** A union: any rule that matches allows, no order counts. */
function networkPolicyTier({ isolating, direction }: Applying, question: Question, isHairpin: boolean): Outcome[] {
  const possible: Outcome[] = [];
  for (const { ref, compiled } of isolating) {
    for (const rule of compiled.rules[direction]) {
      const match = matchRule(rule, question);
      if (match === undefined) continue;
      const allowed: Outcome = { verdict: 'allowed', reason: { kind: 'rule', decider: deciderOf('NetworkPolicy', ref, rule, match) } };
      if (match.match === 'yes') return [allowed];
      possible.push(allowed);
    }
  }
  if (!isHairpin) return [...possible, { verdict: 'denied', reason: { kind: 'isolated' } }];
  question.codes.add('hairpin');
  return [...possible, { verdict: 'allowed', reason: { kind: 'self' } }, { verdict: 'denied', reason: { kind: 'isolated' } }];
}

function deciderOf(tier: TierName, ref: PolicyRef, rule: Rule, { peer, port }: RuleMatch): Decider {
  return { tier, kind: ref.kind, namespace: ref.namespace, name: ref.name, action: rule.action, rule: rule.index, peer, port };
}
