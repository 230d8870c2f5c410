/** Address ranges, as far as validation needs them: are they ranges, and is one strictly inside another? */

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

/** Without leading zeros, which some read as octal. */
const DECIMAL = /^(0|[1-9]\d{0,2})$/;

/** An IPv4 address in the guise of an IPv6 one, which the API server refuses. */
function isMapped(bits: bigint, width: number): boolean {
  return width === 128 && bits >> 32n === 0xffffn;
}

function ipv4Bits(address: string): bigint | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

/** The last 32 bits may be written as an IPv4 address. */
function withoutDots(address: string): string {
  const dotted = address.slice(address.lastIndexOf(':') + 1);
  const bits = dotted.includes('.') ? ipv4Bits(dotted) : undefined;
  if (bits === undefined) return address;
  return `${address.slice(0, -dotted.length)}${(bits >> 16n).toString(16)}:${(bits & 0xffffn).toString(16)}`;
}

function ipv6Bits(text: string): bigint | undefined {
  const [head = '', tail, ...rest] = withoutDots(text).split('::');
  if (rest.length > 0) return undefined;
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}
