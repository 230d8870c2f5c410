/**
 * Cuts the ports of each protocol where a rule begins or ends, and puts together what the same rules apply to.
 *
 * A name of a port is a number on ingress, as the pod itself declares it; on egress it is a question to each peer.
 */
import type { Direction } from '../api/network-policy.ts';
import { LAST_PORT } from './compile-network-policy.ts';
import { PROTOCOLS, type PodPort, type Protocol } from './model.ts';
import type { PortMatch, Rule } from './rules.ts';

/** Both ends belong to it. */
export interface PortSpan { readonly protocol: Protocol; readonly first: number; readonly last: number }

/** How far a rule reaches in a cell: not at all, wholly, or where the peer has given the port one of these names. */
export type Reach = 'none' | 'all' | readonly string[];

/** Cells that all rules reach in the same way; `reach` by position in the list of rules. */
export interface CellGroup { readonly spans: readonly PortSpan[]; readonly reach: readonly Reach[] }

export function cellGroups(rules: readonly Rule[], direction: Direction, podPorts: readonly PodPort[]): CellGroup[] {
  const portsOf = rules.map(({ ports }) => (ports === 'any' || direction === 'Egress' ? ports : resolved(ports, podPorts)));
  const groups = new Map<string, { spans: PortSpan[]; reach: Reach[] }>();
  for (const protocol of PROTOCOLS) {
    for (const span of spansOf(protocol, portsOf)) {
      const reach = portsOf.map((ports) => reachOf(ports, span));
      const signature = reach.map(String).join(';');
      const known = groups.get(signature);
      if (known === undefined) groups.set(signature, { spans: [span], reach });
      else known.spans.push(span);
    }
  }
  return [...groups.values()];
}

/** Numbers for names; a name that the pod does not declare for the protocol is nothing. */
function resolved(ports: readonly PortMatch[], podPorts: readonly PodPort[]): PortMatch[] {
  return ports.flatMap((port) => {
    if (port.kind === 'range') return [port];
    return podPorts.filter(({ name, protocol }) => name === port.name && (port.protocol ?? protocol) === protocol)
      .map(({ containerPort, protocol }) => ({ kind: 'range', index: port.index, protocol, first: containerPort, last: containerPort, isEndPort: false }) as const);
  });
}

function spansOf(protocol: Protocol, portsOf: readonly Rule['ports'][]): PortSpan[] {
  const starts = new Set([1]);
  for (const ports of portsOf) {
    for (const port of ports === 'any' ? [] : ports) {
      if (port.kind !== 'range' || port.protocol !== protocol) continue;
      starts.add(port.first);
      starts.add(port.last + 1);
    }
  }
  const sorted = [...starts].filter((start) => start >= 1 && start <= LAST_PORT).sort((a, b) => a - b);
  return sorted.map((first, index) => ({ protocol, first, last: (sorted[index + 1] ?? LAST_PORT + 1) - 1 }));
}

function reachOf(ports: Rule['ports'], { protocol, first }: PortSpan): Reach {
  if (ports === 'any') return 'all';
  const names: string[] = [];
  for (const port of ports) {
    if (port.kind === 'range' && port.protocol === protocol && port.first <= first && first <= port.last) return 'all';
    if (port.kind === 'named' && (port.protocol ?? protocol) === protocol) names.push(port.name);
  }
  return names.length === 0 ? 'none' : names;
}

/** Neighbours become one; sorted by protocol as policies list them, then port. */
export function mergedSpans(spans: readonly PortSpan[]): PortSpan[] {
  const merged: { protocol: Protocol; first: number; last: number }[] = [];
  for (const span of spans.toSorted((a, b) => PROTOCOLS.indexOf(a.protocol) - PROTOCOLS.indexOf(b.protocol) || a.first - b.first)) {
    const last = merged.at(-1);
    if (last?.protocol === span.protocol && last.last + 1 === span.first) last.last = span.last;
    else merged.push({ ...span });
  }
  return merged;
}
