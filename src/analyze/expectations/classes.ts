/**
 * Pods that no policy of the cluster can tell apart: one of each class is asked for all of them.
 *
 * Exact: a class is made of everything that any rule looks at, and of nothing else. Two pods of one class get the same
 * answers, but for a pod and itself.
 */
import { parseAddress, type Block, type Range } from '../../netpol/address.ts';
import { PROTOCOLS, type Pod } from '../../netpol/model.ts';
import type { Peer, PortMatch, Rule, Selector } from '../../netpol/rules.ts';
import type { Cluster } from '../explain/cluster.ts';

/** What rules look at, of the whole cluster. */
export interface Distinctions {
  readonly labelKeys: readonly string[];
  /** The same text for addresses that every block treats alike. */
  cellOf(ip: string): string;
}

export function distinctionsOf({ world, namespaces }: Cluster): Distinctions {
  const named = [...namespaces.keys()].flatMap((name) => world.policiesIn(name));
  const compiled = [...new Set([...named, ...world.clusterPolicies].map((policy) => policy.compiled))];
  const peers = compiled.flatMap(({ rules }) => [...rules.Ingress, ...rules.Egress]).flatMap((rule) => (rule.peers === 'any' ? [] : rule.peers));
  const selectors = [
    ...new Set(named.map((policy) => policy.compiled.selector)), ...world.clusterPolicies.flatMap((policy) => policy.compiled.subject?.pod ?? []),
    ...world.opaque.flatMap(({ scopes }) => scopes.map(({ pod }) => pod)), ...peers.flatMap(podSelectorOf),
  ];
  const blocks = peers.flatMap((peer) => (peer.kind === 'block' ? [peer.block] : []));
  const labelKeys = new Set(selectors.flatMap(({ cube }) => [...cube?.keys() ?? []]));
  return { labelKeys: [...labelKeys], cellOf: cellsOf(blocks) };
}

function podSelectorOf(peer: Peer): Selector[] {
  return peer.kind === 'pods' ? [peer.pod] : [];
}

/** Addresses between two neighbouring bounds of blocks are alike. */
function cellsOf(blocks: readonly Block[]): (ip: string) => string {
  const bounds = new Map((['IPv4', 'IPv6'] as const).map((family) => [family, boundsOf(blocks.filter((block) => block.family === family).flatMap(({ ranges }) => ranges))]));
  return (ip) => {
    const address = parseAddress(ip);
    return address === undefined ? '' : `${address.family}/${countBelow(bounds.get(address.family) ?? [], address.bits)}`;
  };
}

function boundsOf(ranges: readonly Range[]): bigint[] {
  return [...new Set(ranges.flatMap(({ from, to }) => [from, to + 1n]))].sort((a, b) => (a < b ? -1 : 1));
}

/** How many of the sorted numbers are not above this one. */
function countBelow(sorted: readonly bigint[], value: bigint): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `withNode`: where nodes are asked for, since a pod's own node is always let in. */
export function classKey(pod: Pod, { labelKeys, cellOf }: Distinctions, withNode: boolean): string {
  return JSON.stringify([
    pod.namespace, pod.hostNetwork, labelKeys.map((key) => pod.labels.get(key) ?? null),
    pod.ports.map(({ name, containerPort, protocol }) => `${name}/${containerPort}/${protocol}`), pod.ips.map(cellOf), withNode ? pod.node ?? null : null,
    ...(pod.hostNetwork || pod.terminal ? [pod.name] : []),
  ]);
}

/** A port and protocol that stand for all that the rules treat like them. */
export interface PortCell { readonly protocol: (typeof PROTOCOLS)[number]; readonly port: number }

/** All ports, in as few cells as the rules and the names of ports at the destination tell apart. */
export function portCells(rules: readonly Rule[], declared: readonly Pod['ports'][number][]): PortCell[] {
  const entries = rules.flatMap(({ ports }) => (ports === 'any' ? [] : ports));
  return PROTOCOLS.flatMap((protocol) => {
    const own = declared.filter((entry) => entry.protocol === protocol);
    const starts = [1, ...entries.flatMap((entry) => (entry.kind === 'range' && entry.protocol === protocol ? [entry.first, entry.last + 1] : [])), ...own.flatMap(({ containerPort }) => [containerPort, containerPort + 1])];
    const ports = [...new Set(starts)].filter((port) => port >= 1 && port <= 65_535).sort((a, b) => a - b);
    const kinds = new Map(ports.toReversed().map((port) => [signature(entries, own, { protocol, port }), port]));
    return [...kinds.values()].sort((a, b) => a - b).map((port) => ({ protocol, port }));
  });
}

function signature(entries: readonly PortMatch[], own: readonly Pod['ports'][number][], { protocol, port }: PortCell): string {
  const names = own.filter(({ containerPort }) => containerPort === port).map(({ name }) => name ?? '');
  return entries.map((entry) => {
    if (entry.kind === 'named') return names.includes(entry.name) ? '1' : '0';
    return entry.protocol === protocol && entry.first <= port && port <= entry.last ? '1' : '0';
  }).join('');
}
