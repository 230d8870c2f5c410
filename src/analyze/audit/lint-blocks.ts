/**
 * Ranges that mean "the internet" and reach more: an `except` list that leaves the metadata address or private ranges out.
 *
 * Only on egress, and only where `except` is there: without it nobody tried to leave anything out.
 */
import { blockOf, subtract, type Block, type Range } from '../../netpol/address.ts';
import type { StoredNetworkPolicySpec } from '../../netpol/stored.ts';
import type { Draft, Path } from './finding.ts';
import { peersOf, rulesIn, type PlacedRule } from './lint-spec.ts';
import { listed } from './text.ts';

/** Where cloud providers answer with credentials of the node. */
export const METADATA_ADDRESSES = { IPv4: '169.254.169.254', IPv6: 'fd00:ec2::254' } as const;

/** What a rule for the internet does not mean. */
const INSIDE: readonly { readonly cidr: string; readonly name: string }[] = [
  { cidr: `${METADATA_ADDRESSES.IPv4}/32`, name: `${METADATA_ADDRESSES.IPv4} (cloud metadata)` },
  { cidr: '10.0.0.0/8', name: '10.0.0.0/8' },
  { cidr: '172.16.0.0/12', name: '172.16.0.0/12' },
  { cidr: '192.168.0.0/16', name: '192.168.0.0/16' },
  { cidr: '100.64.0.0/10', name: '100.64.0.0/10 (shared addresses)' },
  { cidr: `${METADATA_ADDRESSES.IPv6}/128`, name: `${METADATA_ADDRESSES.IPv6} (cloud metadata)` },
  { cidr: 'fc00::/7', name: 'fc00::/7 (unique local)' },
];
const INSIDE_BLOCKS = INSIDE.flatMap(({ cidr, name }) => {
  const block = blockOf(cidr);
  return block === undefined ? [] : [{ name, cidr, family: block.family, ranges: block.ranges }];
});

/** A range larger than the largest private one is not about a private network. */
const WIDE_BITS = { IPv4: 32n - 8n, IPv6: 128n - 7n } as const;

export function lintBlocks(spec: StoredNetworkPolicySpec): Draft[] {
  return rulesIn(spec).filter(({ direction }) => direction === 'Egress').flatMap((placed) => peersOf(placed).flatMap((peer, index): Draft[] => {
    const { ipBlock } = peer ?? {};
    const except = ipBlock?.except ?? [];
    if (ipBlock === null || ipBlock === undefined || except.length === 0) return [];
    const left = leaksOf(ipBlock.cidr, except);
    const path: Path = [...placed.path, 'to', index, 'ipBlock', 'except'];
    return left.length === 0 ? reopened(placed, index, path) : [{
      id: 'except-leaks', level: 'WARN', path, direction: 'Egress',
      message: `${ipBlock.cidr} with this except list still reaches ${listed(left.map(({ name, isPart }) => (isPart ? `part of ${name}` : name)), 4)}`,
      fix: `add ${listed(left.map(({ cidr }) => cidr), 6)} to except, or name the ranges that are meant instead of ${ipBlock.cidr}`,
    }];
  }));
}

/** Of the same rule, so on the same ports: what one peer leaves out, another has all of. A part of it may be meant. */
function reopened(placed: PlacedRule, index: number, path: Path): Draft[] {
  const blocks = peersOf(placed).map((peer) => blockOf(peer?.ipBlock?.cidr ?? '', peer?.ipBlock?.except ?? []));
  const own = blocks[index];
  if (own === undefined) return [];
  const others = blocks.map((block, at) => ({ block, at })).filter(({ block, at }) => at !== index && block?.family === own.family && common(block.ranges, own.excepted).length > 0);
  const back = others.filter(({ block }) => INSIDE_BLOCKS.some(({ family, ranges }) => family === own.family && common(own.excepted, ranges).length > 0
    && subtract(common(own.excepted, ranges), block?.ranges ?? []).length === 0));
  return back.map(({ at }): Draft => ({
    id: 'except-leaks', level: 'WARN', path, direction: 'Egress',
    message: `what this except list leaves out, to[${at}] of the same rule lets through: ${peersOf(placed)[at]?.ipBlock?.cidr ?? ''}`,
    fix: 'remove that peer, or narrow it to the addresses that are meant',
  }));
}

interface Leak { readonly name: string; readonly cidr: string; readonly isPart: boolean }

function leaksOf(cidr: string, except: readonly string[]): Leak[] {
  const whole = blockOf(cidr);
  const block = blockOf(cidr, except);
  if (whole === undefined || block === undefined || !isWide(whole)) return [];
  return INSIDE_BLOCKS.filter(({ family }) => family === block.family).flatMap(({ name, cidr: range, ranges }) => {
    const left = common(block.ranges, ranges);
    return left.length === 0 ? [] : [{ name, cidr: range, isPart: sizeOf(left) < sizeOf(ranges) }];
  });
}

function isWide({ family, ranges }: Block): boolean {
  return sizeOf(ranges) > 1n << WIDE_BITS[family];
}

/** What of the second lies in the first. */
function common(some: readonly Range[], others: readonly Range[]): Range[] {
  return subtract(others, subtract(others, some));
}

function sizeOf(ranges: readonly Range[]): bigint {
  return ranges.reduce((sum, { from, to }) => sum + (to - from + 1n), 0n);
}
