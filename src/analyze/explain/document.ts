/**
 * An explanation as a value for programs: what `-o json` and `-o yaml` print. Stable: fields are added, and neither
 * renamed nor removed, while `schemaVersion` stays. docs/cli.md describes it.
 *
 * `changes` are whole objects or rules, as they would be applied.
 */
import type { Direction } from '../../api/network-policy.ts';
import { peopleCall } from '../../kube/kinds.ts';
import type { Decider, Outcome } from '../../netpol/answer.ts';
import type { NetworkPolicy, PolicyRef } from '../../netpol/model.ts';
import type { Change } from '../../netpol/smallest-change.ts';
import { changeText } from './change-words.ts';
import type { Cluster } from './cluster.ts';
import { policyAt, type Case, type Explanation, type SideExplanation } from './explanation.ts';
import { missText } from './miss-words.ts';
import type { Party } from './pairs.ts';
import { CODE_WORDS, pathText, rulePath } from './words.ts';

export const SCHEMA_VERSION = 1;

export interface QuestionText { readonly from: string; readonly to: string }

export function explanationDocument(cluster: Cluster, question: QuestionText, { verdict, notes, cases, dead }: Explanation): object {
  const codes = [...new Set(cases.flatMap((each) => each.codes))].sort();
  return {
    kind: 'ConnectionExplanation', schemaVersion: SCHEMA_VERSION, ...sourceDocument(cluster), question, verdict, notes, withoutEndpoints: dead,
    cases: cases.map((each) => caseDocument(cluster, each)),
    codes: codes.map((code) => ({ code, meaning: CODE_WORDS[code] })),
  };
}

/** Where the answer comes from. */
export function sourceDocument({ source, from, unread }: Cluster): object {
  return { source: { type: source, from }, unread: unread.map(({ kind, why }) => ({ kind: peopleCall(kind), why })) };
}

export function caseDocument(cluster: Cluster, { verdict, connection: { port, protocol }, family, ...found }: Case): object {
  return {
    verdict,
    from: partyDocument(found.from, found.allFrom), to: partyDocument(found.to, found.allTo), pairs: found.pairs,
    protocol, ...(protocol !== 'ICMP' && { port }), ...(family !== undefined && { family }),
    egress: sideDocument(cluster, found.egress), ingress: sideDocument(cluster, found.ingress),
    changes: found.changes.map(changeDocument), ...(found.left > 0 && { pairsLeft: found.left }),
  };
}

function partyDocument({ text, workload, ranges }: Party, all: readonly string[]): object {
  return { name: text, ...(workload !== undefined && { workload }), ...(ranges.length > 0 && { ranges }), ...(all.length > 1 && { all }) };
}

function sideDocument(cluster: Cluster, side: SideExplanation): object {
  const { direction } = side;
  return {
    verdict: side.verdict,
    reasons: side.outcomes.map((outcome) => outcomeDocument(cluster, outcome, direction)),
    isolatedBy: side.isolating.map(refDocument),
    tiers: side.steps.map(({ tier, asked, policies, matching }) => ({
      tier, asked, policies: policies.map(refDocument), matching: matching.map(({ decider, match }) => ({ ...deciderDocument(cluster, decider, direction), certain: match === 'yes' })),
    })),
    nearest: side.nearest.map(({ policy, rule, peer, port, misses }) => ({
      ...placeDocument(cluster, policy, { rule, peer, port }, direction), misses: misses.map((miss) => ({ kind: miss.kind, text: missText(miss, direction) })),
    })),
    withoutEffect: side.inert.map(refDocument),
    notEvaluated: side.opaque.map((ref) => ({ ...refDocument(ref), ...(policyAt(cluster, ref)?.unread !== undefined && { unread: policyAt(cluster, ref)?.unread }) })),
    codes: side.codes,
  };
}

function outcomeDocument(cluster: Cluster, { verdict, reason }: Outcome, direction: Direction): object {
  return { verdict, reason: reason.kind, ...(reason.kind === 'rule' && { by: deciderDocument(cluster, reason.decider, direction) }) };
}

function deciderDocument(cluster: Cluster, { tier, action, ...decider }: Decider, direction: Direction): object {
  return { tier, action, ...placeDocument(cluster, decider, decider, direction) };
}

type Spot = Pick<Decider, 'rule' | 'peer' | 'port'>;

/** `peer` and `port` are positions in the lists of the rule; absent where the rule takes any. */
function placeDocument(cluster: Cluster, ref: PolicyRef, { rule, peer, port }: Spot, direction: Direction): object {
  const path = rulePath({ rule }, direction);
  const origin = policyAt(cluster, ref)?.origin;
  return {
    policy: refDocument(ref), rule: pathText(path), ...(peer !== undefined && { peer }), ...(port !== undefined && { port }),
    ...(origin !== undefined && { file: origin.file, line: origin.lineOf(path) }),
  };
}

function refDocument({ kind, namespace, name }: PolicyRef): object {
  return { kind, ...(namespace !== undefined && { namespace }), name };
}

function changeDocument(change: Change): object {
  const { kind, direction } = change;
  const text = changeText(change);
  if (change.kind === 'impossible') return { kind, direction, text };
  if (change.kind === 'exception') return { kind, direction, text, policy: refDocument(change.decider), before: pathText(rulePath(change.decider, direction)), rule: change.rule, allowsMore: change.wider, ...(change.instead !== undefined && { instead: { manifest: manifestOf(change.instead.policy), allowsMore: change.instead.wider } }) };
  return { kind, direction, text, manifest: manifestOf(change.policy), or: change.or.map(refDocument), rule: change.rule, allowsMore: change.wider };
}

/** As it would be applied. */
export function manifestOf({ namespace, name, spec }: NetworkPolicy): object {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec };
}
