/** Address ranges, as far as validation needs them: are they ranges, and is one strictly inside another? */
import { DECIMAL, ipv4Bits, ipv6Bits } from '../api/address.ts';

interface Range { readonly bits: bigint; readonly width: 32 | 128; readonly prefix: number }

/** Strictly inside, as the API server asks of `except`; false also when either is not a range. */
export function isWithin(inner: string, outer: string): boolean {
  const small = parseRange(inner);
  const large = parseRange(outer);
  if (small === undefined || large === undefined || small.width !== large.width) return false;
  return small.prefix > large.prefix && small.bits >> hostBits(large) === large.bits >> hostBits(large);
}

/** A range as the API server takes it: no bits set past its prefix. */
export function isRange(text: string): boolean {
  const range = parseRange(text);
  return range !== undefined && range.bits === (range.bits >> hostBits(range)) << hostBits(range);
}

function hostBits({ width, prefix }: Range): bigint {
  return BigInt(width - prefix);
}

function parseRange(text: string): Range | undefined {
  const [address = '', prefixText = '', ...more] = text.split('/');
  if (more.length > 0 || !DECIMAL.test(prefixText)) return undefined;
  const width = address.includes(':') ? 128 : 32;
  const bits = width === 128 ? ipv6Bits(address) : ipv4Bits(address);
  const prefix = Number(prefixText);
  return bits === undefined || prefix > width || isMapped(bits, width) ? undefined : { bits, width, prefix };
}

/** An IPv4 address in the guise of an IPv6 one, which the API server refuses. */
function isMapped(bits: bigint, width: number): boolean {
  return width === 128 && bits >> 32n === 0xffffn;
}
