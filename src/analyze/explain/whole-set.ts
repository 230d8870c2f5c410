/**
 * A change that lets one address through, made to let all of a set through for which that address is the example.
 *
 * Promises: exactly the addresses of the set, in as few blocks as one cover with exceptions or a list of blocks gives.
 */
import type { Direction } from '../../api/network-policy.ts';
import { addressText, LAST, subtract, union, type Range } from '../../netpol/address.ts';
import type { Family, NetworkPolicy } from '../../netpol/model.ts';
import type { NewPolicy } from '../../netpol/new-rule.ts';
import { MOST_NETWORKS } from '../../netpol/refused-cluster.ts';
import type { Change } from '../../netpol/smallest-change.ts';
import type { StoredBlock, StoredClusterPeer, StoredClusterRule, StoredPeer, StoredRule } from '../../netpol/stored.ts';
import type { AddressSet } from './address-space.ts';

export interface WholeSet {
  /** As it was asked for, such as `internet`. */
  readonly text: string;
  /** The address that the change is for now. */
  readonly example: string;
  readonly sets: readonly AddressSet[];
  isTaken(policy: Pick<NetworkPolicy, 'namespace' | 'name'>): boolean;
}

/** A change without the example in a peer stays as it is. */
export function forWholeSet(change: Change, whole: WholeSet): Change {
  if (change.kind === 'impossible') return change;
  const families = [...Map.groupBy(whole.sets, ({ family }) => family)].map(([family, sets]) => ({ family, ranges: union(sets.flatMap(({ ranges }) => ranges)) }));
  const inPolicy = <T extends NewPolicy>(found: T): T => withBlocks(found, change.direction, whole, families.map(shortest).flat());
  if (change.kind === 'policy') return inPolicy(change);
  const { instead } = change;
  return { ...change, rule: clusterRule(change.rule, whole.example, families.flatMap(blocksOf)), ...(instead !== undefined && { instead: inPolicy(instead) }) };
}

function withBlocks<T extends NewPolicy>(found: T, direction: Direction, whole: WholeSet, blocks: readonly StoredBlock[]): T {
  const rule = namespaceRule(found.rule, whole.example, blocks);
  const { policy } = found;
  return { ...found, rule, policy: { ...policy, name: nameOf(policy, whole), spec: { ...policy.spec, [direction === 'Ingress' ? 'ingress' : 'egress']: [rule] } } };
}

const isExample = (cidr: string | undefined, example: string): boolean => cidr?.replace(/\/(32|128)$/, '') === example;

function namespaceRule(rule: StoredRule, example: string, blocks: readonly StoredBlock[]): StoredRule {
  const peers = (list: readonly (StoredPeer | null | undefined)[]): (StoredPeer | null | undefined)[] =>
    list.flatMap((peer) => (isExample(peer?.ipBlock?.cidr, example) ? blocks.map((ipBlock): StoredPeer => ({ ipBlock })) : [peer]));
  return { ...rule, ...(rule.from && { from: peers(rule.from) }), ...(rule.to && { to: peers(rule.to) }) };
}

function clusterRule(rule: StoredClusterRule, example: string, cidrs: readonly string[]): StoredClusterRule {
  const chunks = Array.from({ length: Math.ceil(cidrs.length / MOST_NETWORKS) }, (_, index): StoredClusterPeer => ({ networks: cidrs.slice(index * MOST_NETWORKS, (index + 1) * MOST_NETWORKS) }));
  return { ...rule, ...(rule.to && { to: rule.to.flatMap((peer) => (isExample(peer?.networks?.[0], example) ? chunks : [peer])) }) };
}

/** A list of blocks, or the smallest block around them with exceptions, whichever says it shorter. */
function shortest(set: AddressSet): StoredBlock[] {
  const list = blocksOf(set);
  const around = coverOf(set);
  const except = blocksOf({ family: set.family, ranges: subtract([around], set.ranges) });
  const cover = { cidr: blocksOf({ family: set.family, ranges: [around] })[0] ?? '' };
  return except.length + 1 < list.length ? [{ ...cover, except }] : list.map((cidr) => ({ cidr }));
}

/** The smallest block that has all of them. */
function coverOf({ family, ranges }: AddressSet): Range {
  const [first, last] = [ranges[0]?.from ?? 0n, ranges.at(-1)?.to ?? LAST[family]];
  let size = 1n;
  while (first / size !== last / size) size *= 2n;
  return { from: (first / size) * size, to: (first / size) * size + size - 1n };
}

function blocksOf({ family, ranges }: AddressSet): string[] {
  return ranges.flatMap((range) => [...blocksIn(range, family)]);
}

/** The largest blocks that fit, one after the other. */
function* blocksIn({ from, to }: Range, family: Family): Iterable<string> {
  for (let start = from; start <= to;) {
    let [size, length] = [1n, family === 'IPv4' ? 32 : 128];
    for (; length > 0 && start % (size * 2n) === 0n && start + size * 2n - 1n <= to; length -= 1) size *= 2n;
    yield `${addressText({ family, bits: start })}/${length}`;
    start += size;
  }
}

const slugOf = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');

/** Called after what was asked for, instead of the example. */
function nameOf({ namespace, name }: NetworkPolicy, { text, example, isTaken }: WholeSet): string {
  const wanted = name.replace(slugOf(example), slugOf(text));
  for (let number = 1, found = wanted; ; number += 1, found = `${wanted}-${number}`) if (!isTaken({ namespace, name: found })) return found;
}
