/** Address ranges as an API server (1.36) takes them in new objects: one way to write each, and no bits beside the prefix. */
import { DECIMAL, ipv4Bits, ipv6Bits } from '../api/address.ts';

interface Cidr { readonly width: 32 | 128; readonly bits: bigint; readonly prefix: number }

const MAPPED = 0xffffn;

function parsed(text: string): Cidr | undefined {
  const [address = '', prefixText = '', ...rest] = text.split('/');
  const isIPv6 = address.includes(':');
  const bits = isIPv6 ? ipv6Bits(address) : ipv4Bits(address);
  const width = isIPv6 ? 128 : 32;
  const prefix = Number(prefixText);
  return bits === undefined || rest.length > 0 || !DECIMAL.test(prefixText) || prefix > width ? undefined : { width, bits, prefix };
}

const networkOf = ({ width, bits }: Cidr, prefix: number): bigint => bits >> BigInt(width - prefix);

/** `undefined` for a range that is taken. */
export function cidrProblem(text: string): string | undefined {
  const cidr = parsed(text);
  if (cidr === undefined) return `${JSON.stringify(text)} is no address range such as 10.0.0.0/8 or 2001:db8::/32`;
  if (cidr.width === 128 && cidr.bits >> 32n === MAPPED) return `${text} is an IPv4 address written as an IPv6 one`;
  const hostBits = BigInt(cidr.width - cidr.prefix);
  return (networkOf(cidr, cidr.prefix) << hostBits) === cidr.bits ? undefined : `${text} has bits set past its prefix`;
}

/** Of two ranges that are taken each by itself. */
export function exceptProblem(text: string, whole: string): string | undefined {
  const [inner, outer] = [parsed(text), parsed(whole)];
  if (inner === undefined || outer === undefined) return undefined;
  const isInside = inner.width === outer.width && inner.prefix > outer.prefix && networkOf(inner, outer.prefix) === networkOf(outer, outer.prefix);
  return isInside ? undefined : `${text} is not a smaller range inside ${whole}`;
}
