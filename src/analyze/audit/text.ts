/** How findings name things: objects, places in a policy, labels, ports, and how many of something. */
import type { Direction } from '../../api/network-policy.ts';
import type { PortSpan } from '../../netpol/cells.ts';
import { LAST_PORT } from '../../netpol/compile-network-policy.ts';
import { PROTOCOLS } from '../../netpol/model.ts';
import type { Finding, ObjectName, Path } from './finding.ts';

export const RULES_OF = { Ingress: 'ingress', Egress: 'egress' } as const satisfies Record<Direction, string>;
export const PEERS_OF = { Ingress: 'from', Egress: 'to' } as const satisfies Record<Direction, string>;

/** `NetworkPolicy shop/allow-web`. */
export function objectText({ kind, namespace, name }: ObjectName): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/** `ingress[0].from[1]`: `spec` goes without saying. */
export function placeText(path: Path): string {
  const parts = path[0] === 'spec' ? path.slice(1) : path;
  return parts.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('');
}

/** `in NetworkPolicy shop/allow-web, ingress[0].from[1] (shop.yaml:12)`; empty for a namespace of a cluster. */
export function whereOf({ object, path, file, line }: Finding): string {
  const source = [file, line].filter((part) => part !== undefined).join(':');
  if (object.kind === 'Namespace') return source === '' ? '' : `at ${source}`;
  const place = placeText(path);
  return `in ${objectText(object)}${place === '' ? '' : `, ${place}`}${source === '' ? '' : ` (${source})`}`;
}

export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** The first few, and how many more: a sentence stays a sentence. */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** `every port`, or `TCP 443 and UDP 8000-8010`. */
export function portsText(spans: readonly PortSpan[]): string {
  const isWhole = PROTOCOLS.every((protocol) => coversAll(spans, protocol));
  return isWhole ? 'every port' : listed(spans.map(spanText), 4);
}

/** Every port of a protocol; `mergedSpans` leaves one span then. */
export function coversAll(spans: readonly PortSpan[], protocol: PortSpan['protocol']): boolean {
  return spans.some((span) => span.protocol === protocol && span.first === 1 && span.last === LAST_PORT);
}

function spanText({ protocol, first, last }: PortSpan): string {
  if (first === 1 && last === LAST_PORT) return `every ${protocol} port`;
  return first === last ? `${protocol} ${first}` : `${protocol} ${first}-${last}`;
}
