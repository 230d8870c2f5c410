/**
 * Addresses and ranges as integers, for matching.
 *
 * Lenient, since what older API servers let through is still stored: host bits are masked, leading zeros are decimal,
 * and an IPv4 address in the guise of an IPv6 one is IPv4. What cannot be read contains nothing.
 */
import { ipv4Bits, ipv6Bits } from '../api/address.ts';
import type { Family } from './model.ts';

export interface Address { readonly family: Family; readonly bits: bigint }
/** Both ends belong to it. */
export interface Range { readonly from: bigint; readonly to: bigint }
/** The ranges are disjoint, sorted, and do not touch. */
export interface Block {
  readonly family: Family;
  readonly ranges: readonly Range[];
  /** What was carved out, for saying "all of it but excepts". */
  readonly excepted: readonly Range[];
}

export const LAST: Readonly<Record<Family, bigint>> = { IPv4: (1n << 32n) - 1n, IPv6: (1n << 128n) - 1n };
const ANY_DIGITS = /^\d{1,3}$/;
const MAPPED = 0xffffn << 32n;

export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return addressOf('IPv4', ipv4Bits(text, ANY_DIGITS));
  const bits = ipv6Bits(text);
  return bits !== undefined && bits >> 32n === 0xffffn ? { family: 'IPv4', bits: bits - MAPPED } : addressOf('IPv6', bits);
}

function addressOf(family: Family, bits: bigint | undefined): Address | undefined {
  return bits === undefined ? undefined : { family, bits };
}

/** As the API server writes it: without leading zeros, the first longest run of zeros of IPv6 as `::`. */
export function addressText({ family, bits }: Address): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const runs = groups.map((_, start) => groups.slice(start).findIndex((group) => group !== '0')).map((length, start) => (length === -1 ? 8 - start : length));
  const longest = Math.max(...runs);
  if (longest < 2) return groups.join(':');
  const start = runs.indexOf(longest);
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + longest).join(':')}`;
}

/** One address per text, so that they compare as strings. */
export function addressKey({ family, bits }: Address): string {
  return `${family}/${bits.toString(16)}`;
}

/** `cidr` without `except`; `undefined` when `cidr` is no range. */
export function blockOf(cidr: string, except: readonly string[] = []): Block | undefined {
  const whole = parseCidr(cidr);
  if (whole === undefined) return undefined;
  const excepted = except.map(parseCidr).filter((found) => found?.family === whole.family).map((found) => found!.range);
  return { family: whole.family, ranges: subtract([whole.range], excepted), excepted };
}

function parseCidr(text: string): { family: Family; range: Range } | undefined {
  const [addressText = '', prefixText = ''] = text.split('/');
  const address = parseAddress(addressText);
  if (address === undefined || !ANY_DIGITS.test(prefixText)) return undefined;
  const isMapped = address.family === 'IPv4' && addressText.includes(':');
  const prefix = Number(prefixText) - (isMapped ? 96 : 0);
  const width = address.family === 'IPv4' ? 32 : 128;
  if (prefix < 0 || prefix > width) return undefined;
  const hostBits = BigInt(width - prefix);
  const from = (address.bits >> hostBits) << hostBits;
  return { family: address.family, range: { from, to: from + (1n << hostBits) - 1n } };
}

export function contains({ family, ranges }: Pick<Block, 'family' | 'ranges'>, address: Address): boolean {
  return family === address.family && ranges.some(({ from, to }) => from <= address.bits && address.bits <= to);
}

/** Sorted, disjoint, not touching. */
export function union(ranges: readonly Range[]): Range[] {
  const merged: { from: bigint; to: bigint }[] = [];
  for (const { from, to } of ranges.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to + 1n) last.to = to > last.to ? to : last.to;
    else merged.push({ from, to });
  }
  return merged;
}

export function subtract(ranges: readonly Range[], removed: readonly Range[]): Range[] {
  const holes = union(removed);
  let next = 0;
  return union(ranges).flatMap(({ from, to }) => {
    const left: Range[] = [];
    let start = from;
    while (next < holes.length && holes[next]!.to < from) next += 1;
    for (; next < holes.length && holes[next]!.from <= to; next += 1) {
      const hole = holes[next]!;
      if (start < hole.from) left.push({ from: start, to: hole.from - 1n });
      start = hole.to + 1n;
      if (hole.to > to) break; // it reaches into the next range
    }
    return start <= to ? [...left, { from: start, to }] : left;
  });
}
