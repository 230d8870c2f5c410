/**
 * Is a connection allowed, and why: every case of a question, each as a walk through both sides.
 *
 * Promises: verdicts are the evaluator's; a question about several pods is answered per case, equal answers once.
 */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import type { Answer, DirectionAnswer, Verdict } from '../../netpol/answer.ts';
import { evaluate } from '../../netpol/evaluate.ts';
import type { Code, Connection, Family, Policy, PolicyRef } from '../../netpol/model.ts';
import { nearestRules, type NearMiss } from '../../netpol/near.ts';
import type { Change } from '../../netpol/smallest-change.ts';
import type { SnapshotPolicy } from '../world.ts';
import { changesFor } from './changes.ts';
import type { Cluster } from './cluster.ts';
import type { End, Problem } from './end.ts';
import { inertFor } from './inert.ts';
import { membersOf, type Members } from './members.ts';
import { isSelf, pairsOf, partiesOf, rulesAbout, type Pair, type Party } from './pairs.ts';
import type { Destination } from './port.ts';
import { targetsOf, type Targets } from './targets.ts';
import { walk, type TierStep } from './walk.ts';

export interface SideExplanation extends DirectionAnswer {
  readonly direction: Direction;
  /** Tiers in their order; empty where policies are not asked at all. */
  readonly steps: readonly TierStep[];
  /** Of a denial that no rule decided: what came nearest to allowing it. */
  readonly nearest: readonly NearMiss[];
  /** Policies that select the pod and have rules for this direction, which count for nothing: policyTypes leaves it out. */
  readonly inert: readonly PolicyRef[];
}

export interface Case {
  readonly verdict: Verdict;
  /** An example, where several pairs are as this one. */
  readonly connection: Connection;
  readonly from: Party;
  readonly to: Party;
  /** Ends of all pairs of this case, the example's first; each once. */
  readonly allFrom: readonly string[];
  readonly allTo: readonly string[];
  /** Of ends; one that is asked for in two families is one. */
  readonly pairs: number;
  /** That were asked for; empty where no end has an address. */
  readonly families: readonly Family[];
  /** Where the answer is another one for another family. */
  readonly family: Family | undefined;
  readonly egress: SideExplanation;
  readonly ingress: SideExplanation;
  readonly codes: readonly Code[];
  /** Empty unless it is denied. */
  readonly changes: readonly Change[];
  /** Pairs that need other changes than these, which are for the example. */
  readonly left: number;
}

export interface Explanation {
  /** `mixed`: some pairs are allowed, others denied, or nobody answers there. */
  readonly verdict: Verdict | 'mixed';
  /** Ports of the Service at which nobody answers, whatever policies say; they are in no case. */
  readonly dead: readonly string[];
  readonly notes: readonly string[];
  /** At least one; denied ones first. */
  readonly cases: readonly Case[];
}

/** Beyond these, pods of one side are not looked at, which a note says. */
const MOST_MEMBERS = 50;

export function explainConnection(cluster: Cluster, from: End, to: Destination): Explanation | Problem {
  if (from.kind === 'service') return { problem: 'a Service is no source: connections come from pods. Name the pod or workload' };
  const sources = membersOf(cluster, from);
  if ('problem' in sources) return sources;
  const targets = targetsOf(cluster, to);
  if ('problem' in targets) return targets;
  const pairs = allPairs(cluster, sources, targets);
  if (pairs.length === 0) return { problem: 'the two ends have no address of the same family: one has IPv4 only, the other IPv6 only' };
  const cases = casesOf(cluster, pairs);
  return { verdict: verdictOf(cases, targets.dead), dead: targets.dead, notes: notesOf(cluster, sources, targets), cases };
}

function allPairs(cluster: Cluster, { members }: Members, { targets }: Targets): Pair[] {
  const here = members.slice(0, MOST_MEMBERS);
  const there = targets.slice(0, MOST_MEMBERS);
  const sources = here.flatMap((member) => partiesOf(cluster, member, rulesAbout(cluster, there.map(({ to }) => to), 'Ingress')));
  const ends = there.flatMap((target) => partiesOf(cluster, target.to, rulesAbout(cluster, here, 'Egress')).map((party) => ({ party, target })));
  const pairs = sources.flatMap((source) => ends.flatMap(({ party, target }) => pairsOf(cluster, source, party, target)));
  const others = pairs.filter((pair) => !isSelf(pair));
  return others.length === 0 ? pairs : others;
}

function notesOf(cluster: Cluster, sources: Members, targets: Targets): string[] {
  const left = [['source', sources.members.length], ['destination', targets.targets.length]] as const;
  const cut = left.filter(([, count]) => count > MOST_MEMBERS).map(([side, count]) => `Only ${MOST_MEMBERS} of ${count} pods of the ${side} are looked at.`);
  const files = cluster.source === 'files' ? ['The answer is for what the files declare: a cluster may hold more policies.'] : [];
  return [...new Set([...sources.notes, ...targets.notes, ...cut, ...files])];
}

/** Of equal answers one case. */
function casesOf(cluster: Cluster, pairs: readonly Pair[]): Case[] {
  const answered = pairs.map((pair) => ({ pair, answer: evaluate(cluster.world, pair.connection) }));
  const groups = [...Map.groupBy(answered, ({ pair: { connection: { port, protocol } }, answer }) => JSON.stringify([answer, port, protocol])).values()];
  const cases = groups.flatMap((group) => {
    const [first, ...others] = group;
    return first === undefined ? [] : [caseOf(cluster, first.answer, [first.pair, ...others.map(({ pair }) => pair)])];
  });
  const hasFamilies = new Set(answered.map(({ pair: { connection: { family } } }) => family)).size > 1 && groups.length > 1;
  return cases.map((each) => ({ ...each, family: hasFamilies ? each.connection.family : undefined })).sort((a, b) => RANK[a.verdict] - RANK[b.verdict]);
}

const RANK: Readonly<Record<Verdict, number>> = { denied: 0, unknown: 1, allowed: 2 };

/** `pairs` are answered alike; the first is the example. */
export function caseOf(cluster: Cluster, answer: Answer, pairs: readonly [Pair, ...Pair[]]): Case {
  const [{ from, to, connection }] = pairs;
  const [ingress, egress] = DIRECTIONS.map((direction) => sideOf(cluster, connection, direction, direction === 'Egress' ? answer.egress : answer.ingress)) as [SideExplanation, SideExplanation];
  return {
    verdict: answer.verdict, connection, from, to, family: undefined,
    pairs: new Set(pairs.map((pair) => JSON.stringify([pair.from.text, pair.to.text]))).size, families: [...new Set(pairs.flatMap((pair) => pair.connection.family ?? []))].sort(),
    egress, ingress,
    allFrom: [...new Set(pairs.map((pair) => pair.from.text))], allTo: [...new Set(pairs.map((pair) => pair.to.text))],
    codes: [...new Set([...egress.codes, ...ingress.codes])].sort(),
    ...(answer.verdict === 'denied' ? changesFor(cluster, pairs) : { changes: [], left: 0 }),
  };
}

function sideOf(cluster: Cluster, connection: Connection, direction: Direction, answer: DirectionAnswer): SideExplanation {
  const reasons = new Set(answer.outcomes.map(({ reason: { kind } }) => kind));
  return {
    ...answer, direction,
    steps: walk(cluster.world, connection, direction),
    nearest: reasons.has('isolated') && !reasons.has('rule') ? nearestRules(cluster.world, connection, direction) : [],
    inert: inertFor(cluster, connection, direction),
  };
}

function verdictOf(cases: readonly Case[], dead: readonly string[]): Explanation['verdict'] {
  const verdicts = new Set(cases.map(({ verdict }) => verdict));
  const [only] = verdicts;
  if (verdicts.has('unknown')) return 'unknown';
  if (only === 'allowed' && dead.length > 0) return 'mixed';
  return verdicts.size === 1 && only !== undefined ? only : 'mixed';
}

/** The policy that a reference means, with where it was read. */
export function policyAt({ policies }: Pick<Cluster, 'policies'>, { kind, namespace, name }: PolicyRef): SnapshotPolicy | undefined {
  return policies.find((policy) => kindOf(policy) === kind && policy.name === name && ('namespace' in policy ? policy.namespace : undefined) === namespace);
}

function kindOf(policy: Policy): string {
  return policy.kind === 'Opaque' ? policy.apiKind : policy.kind;
}
