/**
 * Where peers can be: pods, nodes, and addresses outside, per address family; and what rules mean in each of them.
 *
 * Addresses are cut where a block begins or ends. Each piece is a value of the key "address", so that one search
 * decides on labels and addresses together.
 */
import { LAST, union, type Block, type Range } from './address.ts';
import type { Reach } from './cells.ts';
import type { Constraint, Cube } from './cube.ts';
import { isSpent, namespaceKey, nodeKey, podKey, type Budget, type Clause, type Domains } from './decision.ts';
import { NAMESPACE_NAME_LABEL, type Family } from './model.ts';
import type { Peer, Rule, Selector } from './rules.ts';

export const ADDRESS_KEY = 'address';
const DOMAIN_NAME_KEY = 'domain name';
const portNameKey = (name: string): string => `port:${name}`;
const YES: Constraint = { values: new Set(['yes']), negated: false, absent: false };
const YES_OR_NO = ['no', 'yes'];

export interface Region {
  readonly place: 'pods' | 'nodes' | 'outside';
  readonly family: Family;
  /** Of a pod: whether its address counts for `ipBlock`. */
  readonly blocksMatch: boolean;
}

/** The pieces of a family's addresses, and which belong to a block; `notExcepted` are those in no `except` or denied network. */
export interface Pieces {
  readonly all: readonly string[];
  readonly notExcepted: readonly string[];
  readonly of: ReadonlyMap<Block, ReadonlySet<string>>;
  /** The piece that an address belongs to. */
  pieceAt(bits: bigint): string;
}

const NOTHING: Pieces = { all: ['0'], notExcepted: [], of: new Map(), pieceAt: () => '0' };

/** Nothing once the budget is used up, and then no question about it has an answer: blocks that overlap have many pieces each. */
export function piecesOf(rules: readonly Rule[], family: Family, budget: Budget): Pieces {
  const found = rules.flatMap(({ peers, action }) => blocksIn(peers).filter((block) => block.family === family).map((block) => ({ block, action })));
  const excepted = found.flatMap(({ block, action }) => (action === 'Deny' ? block.ranges : block.excepted));
  const starts = [...new Set([0n, ...[...excepted, ...found.flatMap(({ block }) => block.ranges)].flatMap(({ from, to }) => [from, to + 1n])])]
    .filter((start) => start <= LAST[family]).sort((a, b) => (a < b ? -1 : 1));
  const names = starts.map(String);
  const places = new Map(starts.map((start, index) => [start, index]));
  /** Every range begins at a start, and ends before one or at the last address. */
  const span = ({ from, to }: Range): readonly [number, number] => [places.get(from) ?? 0, places.get(to + 1n) ?? names.length];
  const inside = (ranges: readonly Range[]): string[] => ranges.flatMap((range) => names.slice(...span(range)));
  for (const { block } of found) {
    for (const [first, after] of block.ranges.map(span)) budget.left -= after - first;
  }
  if (isSpent(budget)) return NOTHING;
  const carved = new Set(inside(union(excepted)));
  return {
    all: names,
    notExcepted: names.filter((name) => !carved.has(name)),
    of: new Map(found.map(({ block }) => [block, new Set(inside(block.ranges))])),
    pieceAt: (bits) => names[starts.findLastIndex((start) => start <= bits)] ?? '',
  };
}

function blocksIn(peers: Rule['peers']): Block[] {
  return peers === 'any' ? [] : peers.flatMap((peer) => (peer.kind === 'block' ? [peer.block] : []));
}

/** Of one rule: a clause per peer and, where its ports are names, per name. */
export function clausesOf({ action, peers }: Rule, reach: Reach, where: Region & { readonly pieces: Pieces; readonly ownNamespace: string }): Clause[] {
  if (reach === 'none' || (reach !== 'all' && where.place !== 'pods')) return [];
  const cubes = peers === 'any' ? [new Map<string, Constraint>()] : peers.flatMap((peer) => cubeIn(peer, where) ?? []);
  if (reach === 'all') return cubes.map((cube) => ({ cube, action }));
  return reach.flatMap((name) => cubes.map((cube) => ({ cube: new Map([...cube, [portNameKey(name), YES]]), action })));
}

export function domainsOf(addresses: readonly string[], portNames: readonly string[]): Domains {
  return new Map([[ADDRESS_KEY, addresses], [DOMAIN_NAME_KEY, YES_OR_NO], ...portNames.map((name) => [portNameKey(name), YES_OR_NO] as const)]);
}

/** `undefined` where the peer is nobody of this region. */
function cubeIn(peer: Peer, { place, blocksMatch, pieces, ownNamespace }: Region & { readonly pieces: Pieces; readonly ownNamespace: string }): Cube | undefined {
  switch (peer.kind) {
    case 'pods': return place === 'pods' ? podCube(peer, ownNamespace) : undefined;
    case 'nodes': return place === 'nodes' ? prefixed(peer.node, nodeKey) : undefined;
    case 'domain names': return place === 'outside' ? new Map([[DOMAIN_NAME_KEY, YES]]) : undefined;
    case 'block': return place === 'outside' || blocksMatch || peer.matchesPods === 'always' ? blockCube(peer.block, pieces) : undefined;
  }
}

function blockCube(block: Block, { of, all }: Pieces): Cube | undefined {
  const values = of.get(block);
  if (values === undefined || values.size === 0) return undefined;
  return new Map(values.size === all.length ? [] : [[ADDRESS_KEY, { values, negated: false, absent: false }]]);
}

function podCube({ namespace, pod }: Extract<Peer, { kind: 'pods' }>, ownNamespace: string): Cube | undefined {
  const ofNamespace = namespace === undefined
    ? new Map([[namespaceKey(NAMESPACE_NAME_LABEL), { values: new Set([ownNamespace]), negated: false, absent: false }]])
    : prefixed(namespace, namespaceKey);
  const ofPod = prefixed(pod, podKey);
  return ofNamespace === undefined || ofPod === undefined ? undefined : new Map([...ofNamespace, ...ofPod]);
}

function prefixed({ cube }: Selector, keyOf: (label: string) => string): Cube | undefined {
  return cube === undefined ? undefined : new Map([...cube].map(([key, constraint]) => [keyOf(key), constraint]));
}
