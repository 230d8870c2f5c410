/**
 * The effective class of a pod in one direction: what all its policies together let through, computed as a set.
 *
 * Pure in its input; nothing of it depends on which pods exist, unless the search was too large (`exact` is false).
 */
import type { Direction } from '../api/network-policy.ts';
import { cellGroups, mergedSpans, type CellGroup, type PortSpan } from './cells.ts';
import { aBudget, aStrictBudget, extentOf, isAllowed, isSpent, type Budget, type Extent, type Pipeline } from './decision.ts';
import type { Code, Family, PodPort } from './model.ts';
import { existingValues, type ExistingPeer } from './existing.ts';
import { clausesOf, domainsOf, piecesOf, type Pieces, type Region } from './regions.ts';
import type { CompiledClusterPolicy, CompiledNetworkPolicy, Rule, Tier } from './rules.ts';

/** Weakest first. */
export const CLASSES = ['open', 'allow-all', 'allow-any-external', 'allow-cluster', 'restricted', 'closed'] as const;
export type EffectiveClass = (typeof CLASSES)[number];

/** All that a class depends on. */
export interface ClassInput {
  readonly direction: Direction;
  readonly ownNamespace: string;
  /** Container ports of the pod; looked at on ingress only. */
  readonly podPorts: readonly PodPort[];
  /** Families that the cluster uses; none where they are not known. */
  readonly families: readonly Family[];
  readonly ipBlockMatchesPods: boolean;
  /** Sorted by rank. */
  readonly clusterPolicies: readonly CompiledClusterPolicy[];
  /** Those that isolate the direction; `undefined` where none selects the pod, `[]` for "isolated, and no rule counts". */
  readonly isolating: readonly CompiledNetworkPolicy[] | undefined;
  /** Asked only where a search is too large. */
  readonly existing: () => Iterable<ExistingPeer>;
}

export interface Effective {
  readonly class: EffectiveClass;
  readonly isolated: boolean;
  /** Ports that all of IPv4 or all of IPv6 may use, but for excepts. */
  readonly anyExternal: readonly PortSpan[];
  /** Ports that all pods of all namespaces may use. */
  readonly allPods: readonly PortSpan[];
  /** A NetworkPolicy takes the pod out of a Baseline tier that has rules for it. */
  readonly leavesBaseline: boolean;
  /** False: the search was too large, and only the pods that exist were looked at. */
  readonly exact: boolean;
  readonly codes: readonly Code[];
}

/**
 * How much there is to look at at least, before looking: each interval of ports is asked about each peer and its excepts, and
 * compared with each port. In steps of about a microsecond; rules as people write them come to hundreds.
 */
function workOf({ direction, clusterPolicies, isolating = [] }: ClassInput): number {
  let [ports, peers] = [1, 1];
  for (const { rules } of [...clusterPolicies, ...isolating]) {
    for (const rule of rules[direction]) {
      ports += rule.ports === 'any' ? 0 : rule.ports.length;
      peers += rule.peers === 'any' ? 1 : 1 + sumOf(rule.peers, (peer) => (peer.kind === 'block' ? peer.block.ranges.length + peer.block.excepted.length : 1));
    }
  }
  return ports * (peers + Math.floor(ports / PORTS_PER_STEP));
}

/** Comparisons of numbers. */
const PORTS_PER_STEP = 64;

const sumOf = <T>(items: readonly T[], count: (item: T) => number): number => items.reduce((sum, item) => sum + count(item), 0);

/** What is so of all ports of a group. */
interface GroupResult { readonly total: boolean; readonly empty: boolean; readonly anyExternal: boolean; readonly allPods: boolean; readonly exact: boolean }

interface TieredRule { readonly tier: Tier | 'NetworkPolicy'; readonly rule: Rule }

/** `undefined` where there is more to look at than there may be. */
export type FindEffective = (input: ClassInput) => Effective | undefined;

/** For who cannot wait: of all that it is asked no more than `work` is looked at (see `workOf`), and never the pods that exist. */
export function effectiveWithin(work: number): FindEffective {
  const budget = aStrictBudget(work);
  return (input) => {
    budget.left -= workOf(input);
    if (isSpent(budget)) return undefined;
    const found = effectiveOf({ ...input, existing: () => [] }, () => budget);
    return found.exact ? found : undefined;
  };
}

export function effectiveOf(input: ClassInput, budget = aBudget): Effective {
  if (input.families.length > 0) return effectiveIn(input, budget());
  if (!hasBlocks(input)) return effectiveIn({ ...input, families: ['IPv4'] }, budget());
  const both = effectiveIn({ ...input, families: ['IPv4', 'IPv6'] }, budget());
  const each = (['IPv4', 'IPv6'] as const).map((family) => effectiveIn({ ...input, families: [family] }, budget()));
  // what lets everything in over one family is not made better by the other, which the cluster need not have
  return { ...both, class: CLASSES[Math.min(...each.map((found) => CLASSES.indexOf(found.class)))] ?? both.class, exact: [both, ...each].every(({ exact }) => exact) };
}

/** Families differ in nothing else. */
function hasBlocks(input: ClassInput): boolean {
  return tieredRules(input).some(({ rule: { peers } }) => peers !== 'any' && peers.some(({ kind }) => kind === 'block'));
}

function effectiveIn(input: ClassInput, budget: Budget): Effective {
  const rules = tieredRules(input);
  const places = placesOf(input, rules.map(({ rule }) => rule), budget);
  const groups = cellGroups(rules.map(({ rule }) => rule), input.direction, input.podPorts);
  const results = groups.map((group) => ({ group, result: groupResult(input, rules, { group, places }) }));
  const spansWhere = (wanted: (result: GroupResult) => boolean): PortSpan[] => mergedSpans(results.filter(({ result }) => wanted(result)).flatMap(({ group }) => group.spans));
  const isolated = input.isolating !== undefined;
  const anyExternal = spansWhere((result) => result.anyExternal);
  const allPods = spansWhere((result) => result.allPods);
  const total = results.every(({ result }) => result.total);
  const empty = results.every(({ result }) => result.empty);
  return {
    class: classOf({ isolated, total, empty, anyExternal: anyExternal.length > 0, allPods: allPods.length > 0 }),
    isolated, anyExternal, allPods,
    leavesBaseline: isolated && rules.some(({ tier }) => tier === 'Baseline'),
    exact: results.every(({ result }) => result.exact),
    codes: codesOf(input),
  };
}

function classOf(set: { readonly isolated: boolean; readonly total: boolean; readonly empty: boolean; readonly anyExternal: boolean; readonly allPods: boolean }): EffectiveClass {
  if (set.total) return set.isolated ? 'allow-all' : 'open';
  if (set.anyExternal) return 'allow-any-external';
  if (set.allPods) return 'allow-cluster';
  return set.empty ? 'closed' : 'restricted';
}

function tieredRules({ direction, clusterPolicies, isolating = [] }: ClassInput): TieredRule[] {
  return [
    ...clusterPolicies.flatMap(({ tier, rules }) => rules[direction].map((rule) => ({ tier, rule }))),
    ...isolating.flatMap(({ rules }) => rules[direction].map((rule) => ({ tier: 'NetworkPolicy', rule }) as const)),
  ];
}

interface Place extends Region { readonly pieces: Pieces; readonly ownNamespace: string; readonly budget: Budget }

/** Nodes are a place of their own only where a rule tells them from other addresses. */
function placesOf(input: ClassInput, rules: readonly Rule[], budget: Budget): Place[] {
  const namesNodes = rules.some(({ peers }) => peers !== 'any' && peers.some(({ kind }) => kind === 'nodes'));
  const kinds = namesNodes ? (['pods', 'outside', 'nodes'] as const) : (['pods', 'outside'] as const);
  return input.families.flatMap((family) => {
    const pieces = piecesOf(rules, family, budget);
    return kinds.map((place) => ({ place, family, pieces, blocksMatch: input.ipBlockMatchesPods, ownNamespace: input.ownNamespace, budget }));
  });
}

function groupResult(input: ClassInput, rules: readonly TieredRule[], { group, places }: { readonly group: CellGroup; readonly places: readonly Place[] }): GroupResult {
  const extents = places.map((place) => ({ place, ...extentIn(input, pipelineIn(input, rules, { group, place }), { group, place }) }));
  const isAll = ({ place, someDenied, exceptsOnly }: (typeof extents)[number], wanted: Region['place']): boolean => place.place === wanted && (!someDenied || exceptsOnly);
  return {
    total: extents.every(({ someDenied }) => !someDenied),
    empty: extents.every(({ someAllowed }) => !someAllowed),
    anyExternal: extents.some((extent) => isAll(extent, 'outside')),
    allPods: extents.some((extent) => isAll(extent, 'pods')),
    exact: extents.every(({ exact }) => exact),
  };
}

function pipelineIn({ isolating }: ClassInput, rules: readonly TieredRule[], { group, place }: { readonly group: CellGroup; readonly place: Place }): Pipeline {
  const clauses = rules.map(({ tier, rule }, index) => ({ tier, clauses: clausesOf(rule, group.reach[index] ?? 'none', place) }));
  const inTier = (wanted: TieredRule['tier']) => clauses.filter(({ tier }) => tier === wanted).flatMap((found) => found.clauses);
  return { admin: inTier('Admin'), isolating: isolating === undefined ? undefined : inTier('NetworkPolicy'), baseline: inTier('Baseline') };
}

/** `exceptsOnly`: what is denied lies in `except` lists or denied networks, and something is left. */
interface PlaceExtent extends Extent { readonly exceptsOnly: boolean }

function extentIn(input: ClassInput, pipeline: Pipeline, { group, place }: { readonly group: CellGroup; readonly place: Place }): PlaceExtent {
  const { all, notExcepted } = place.pieces;
  const names = group.reach.flatMap((reach) => (typeof reach === 'string' ? [] : reach));
  const extent = extentOf(pipeline, domainsOf(all, names), place.budget);
  if (!extent.exact && place.place === 'pods') return { ...ofExisting(input, pipeline, { group, place, found: extent }), exceptsOnly: false };
  const mayBeExcepted = place.place === 'outside' && extent.someDenied && extent.someAllowed && notExcepted.length > 0 && notExcepted.length < all.length;
  return { ...extent, exceptsOnly: mayBeExcepted && !extentOf(pipeline, domainsOf(notExcepted, names), place.budget).someDenied };
}

/** What the search has found is so; the rest is said by the pods that exist. */
function ofExisting({ existing }: ClassInput, pipeline: Pipeline, { group, place, found }: { readonly group: CellGroup; readonly place: Place; readonly found: Extent }): Extent {
  let { someAllowed, someDenied } = found;
  for (const peer of existing()) {
    if (someAllowed && someDenied) break;
    for (const valueOf of existingValues(peer, group.spans, place)) {
      if (isAllowed(pipeline, valueOf)) someAllowed = true;
      else someDenied = true;
    }
  }
  return { someAllowed, someDenied, exact: false };
}

function codesOf({ clusterPolicies, direction }: ClassInput): Code[] {
  const acting = clusterPolicies.filter(({ rules }) => rules[direction].length > 0);
  const namesDomains = acting.some(({ rules }) => rules[direction].some(({ peers }) => peers !== 'any' && peers.some(({ kind }) => kind === 'domain names')));
  const hasEqualRank = acting.some((one, index) => acting.some((other, at) => at > index && one.tier === other.tier && (one.kind !== other.kind || one.priority === other.priority)));
  return [...(namesDomains ? ['domain-names' as const] : []), ...(hasEqualRank ? ['equal-priority' as const] : [])];
}
