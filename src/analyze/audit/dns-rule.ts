/** Which rules are about names: port 53, the port of OpenShift's DNS pods, or a port called dns. */
import type { StoredPort } from '../../netpol/stored.ts';
import type { PlacedRule } from './lint-spec.ts';

export const DNS_PORT_NUMBERS: ReadonlySet<number> = new Set([53, 5353]);
const NAMES: ReadonlySet<string> = new Set(['dns', 'dns-tcp', 'dns-udp']);

/** Every port of the rule is one of DNS. */
export function isForDns({ direction, rule }: PlacedRule): boolean {
  const ports = rule?.ports ?? [];
  return direction === 'Egress' && ports.length > 0 && ports.every(isDnsPort);
}

function isDnsPort(port: StoredPort | null | undefined): boolean {
  const number = port?.port;
  if (typeof number === 'string') return NAMES.has(number);
  return typeof number === 'number' && DNS_PORT_NUMBERS.has(number) && (port?.endPort ?? number) === number;
}
