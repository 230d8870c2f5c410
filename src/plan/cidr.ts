/** Address ranges, as far as validation needs them: is one strictly inside another? */

interface Range { readonly bits: bigint; readonly width: 32 | 128; readonly prefix: number }

/** Strictly inside, as the API server asks of `except`; false also when either is not a range. */
export function isWithin(inner: string, outer: string): boolean {
  const small = parseRange(inner);
  const large = parseRange(outer);
  if (small === undefined || large === undefined || small.width !== large.width) return false;
  const shift = BigInt(large.width - large.prefix);
  return small.prefix > large.prefix && small.bits >> shift === large.bits >> shift;
}

function parseRange(text: string): Range | undefined {
  const [address = '', prefixText = ''] = text.split('/');
  if (!/^\d{1,3}$/.test(prefixText)) return undefined;
  const width = address.includes(':') ? 128 : 32;
  const bits = width === 128 ? ipv6Bits(address) : ipv4Bits(address);
  const prefix = Number(prefixText);
  return bits === undefined || prefix > width ? undefined : { bits, width, prefix };
}

function ipv4Bits(address: string): bigint | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function ipv6Bits(address: string): bigint | undefined {
  const [head = '', tail, ...rest] = address.split('::');
  if (rest.length > 0) return undefined;
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}
