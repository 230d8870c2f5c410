/** Addresses as integers: 32 bits for IPv4, 128 for IPv6. Both readings give `undefined` for what is no address. */

/** Without leading zeros, which some read as octal. */
export const DECIMAL = /^(0|[1-9]\d{0,2})$/;

/** `digits` is what one of the four numbers may look like; the default is what the API server takes in new objects. */
export function ipv4Bits(address: string, digits: RegExp = DECIMAL): bigint | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => digits.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(Number(part)), 0n);
}

/** The last 32 bits may be written as an IPv4 address. */
function withoutDots(address: string): string {
  const dotted = address.slice(address.lastIndexOf(':') + 1);
  const bits = dotted.includes('.') ? ipv4Bits(dotted) : undefined;
  if (bits === undefined) return address;
  return `${address.slice(0, -dotted.length)}${(bits >> 16n).toString(16)}:${(bits & 0xffffn).toString(16)}`;
}

export function ipv6Bits(text: string): bigint | undefined {
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
