/**
 * Sets of addresses, cut into the pieces that rules tell apart: one address of each piece stands for all of it, so that
 * what is said of `internet` or of a range is exact.
 */
import { blockOf, contains, LAST, subtract, union, type Address, type Block, type Range } from '../../netpol/address.ts';
import type { Family } from '../../netpol/model.ts';
import type { Rule } from '../../netpol/rules.ts';

export interface AddressSet { readonly family: Family; readonly ranges: readonly Range[] }

/** Addresses that every rule treats alike. */
export interface Piece {
  readonly family: Family;
  /** Sorted, disjoint. */
  readonly ranges: readonly Range[];
  /** One of them, of which nobody in the cluster is known to have it. */
  readonly example: string;
}

/**
 * Not on the internet, by the IANA registries of special-purpose addresses: private, shared, loopback, link-local,
 * documentation, benchmarks, multicast, reserved.
 */
const SPECIAL_IPV4 = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24',
  '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
];
/** What is handed out for use on the internet, and what of it is not. */
const GLOBAL_IPV6 = '2000::/3';
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const rangesOf = (cidrs: readonly string[]): Range[] => cidrs.flatMap((cidr) => blockOf(cidr)?.ranges ?? []);

/** Every public address of a family. */
export function publicAddresses(family: Family): AddressSet {
  const ranges = family === 'IPv4' ? subtract([{ from: 0n, to: LAST.IPv4 }], rangesOf(SPECIAL_IPV4)) : subtract(rangesOf([GLOBAL_IPV6]), rangesOf(SPECIAL_IPV6));
  return { family, ranges };
}

/** `isTaken`: whether somebody in the cluster has the address, who is then asked for as such. A piece that is all taken is left out. */
export function piecesOf(set: AddressSet, rules: readonly Rule[], isTaken: (address: Address) => boolean): Piece[] {
  const blocks = blocksIn(rules).filter(({ family }) => family === set.family);
  const bySignature = Map.groupBy(cut(set, blocks), ({ from: bits }) => blocks.map((block) => (contains(block, { family: set.family, bits }) ? '1' : '0')).join(''));
  return [...bySignature.values()].flatMap((found) => {
    const example = exampleIn(found, set.family, isTaken);
    return example === undefined ? [] : [{ family: set.family, ranges: union(found), example }];
  });
}

function blocksIn(rules: readonly Rule[]): Block[] {
  return rules.flatMap(({ peers }) => (peers === 'any' ? [] : peers.flatMap((peer) => (peer.kind === 'block' ? [peer.block] : []))));
}

/** At every address where a block begins or has ended. */
function cut({ ranges }: AddressSet, blocks: readonly Block[]): Range[] {
  const starts = [...new Set(blocks.flatMap((block) => block.ranges.flatMap(({ from, to }) => [from, to + 1n])))].sort((a, b) => (a < b ? -1 : 1));
  return ranges.flatMap(({ from, to }) => {
    const inside = [from, ...starts.filter((start) => from < start && start <= to)];
    return inside.map((start, index) => ({ from: start, to: (inside[index + 1] ?? to + 1n) - 1n }));
  });
}

/** Addresses that are tried per range from its beginning, and as many spread over all of it, before it counts as taken. */
const TRIES = 500n;

/** The first one that is free; of a range that has more than one, not its first address, which looks like a network. */
function exampleIn(ranges: readonly Range[], family: Family, isTaken: (address: Address) => boolean): string | undefined {
  for (const range of ranges) {
    for (const bits of triesIn(range)) if (!isTaken({ family, bits })) return addressText({ family, bits });
  }
  return undefined;
}

function* triesIn({ from, to }: Range): Iterable<bigint> {
  const size = to - from;
  for (let offset = size > 0n ? 1n : 0n; offset <= size && offset <= TRIES; offset += 1n) yield from + offset;
  for (let step = 0n; step <= TRIES; step += 1n) yield from + (size * step) / TRIES;
}

/** `10.0.0.1`, or IPv6 with its longest run of zeros left out. */
export function addressText({ family, bits }: Address): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16)).join(':');
  const [zeros] = [...groups.matchAll(/\b0(?::0\b)+/g)].sort(([a], [b]) => b.length - a.length);
  if (zeros === undefined) return groups;
  return `${groups.slice(0, zeros.index).replace(/:$/, '')}::${groups.slice(zeros.index + zeros[0].length).replace(/^:/, '')}`;
}

/** `10.0.0.0/8` where the range is one, else `from-to`. */
export function rangeText({ from, to }: Range, family: Family): string {
  const size = to - from + 1n;
  const isPower = (size & (size - 1n)) === 0n;
  const start = addressText({ family, bits: from });
  if (from === to) return start;
  if (!isPower || from % size !== 0n) return `${start}-${addressText({ family, bits: to })}`;
  const width = family === 'IPv4' ? 32 : 128;
  return `${start}/${width - (size.toString(2).length - 1)}`;
}

export function setOf({ family, ranges }: Block): AddressSet {
  return { family, ranges };
}
