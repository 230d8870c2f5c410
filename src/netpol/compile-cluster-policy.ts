/**
 * AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy to rules.
 *
 * Fails closed: where a peer or a protocol cannot be read (a newer CRD), an Allow matches nothing by it, and a Deny or
 * Pass becomes a Deny of everything.
 */
import type { Direction } from '../api/network-policy.ts';
import { blockOf, type Block } from './address.ts';
import { protocolOf } from './compile-network-policy.ts';
import { ANY, compileSelector } from './compile-selector.ts';
import { mentionsOf } from './mentions.ts';
import type { ClusterPolicyKind, Protocol } from './model.ts';
import type { Action, CompiledClusterPolicy, Peer, PortMatch, Rule, Tier } from './rules.ts';
import type { StoredAdminPort, StoredClusterPeer, StoredClusterPolicySpec, StoredClusterRule, StoredProtocol } from './stored.ts';

const BASELINE_NAME = 'default';

/** `id` is the caller's: unique per equal kind and spec. */
export function compileClusterPolicy(kind: ClusterPolicyKind, spec: StoredClusterPolicySpec | null | undefined, id: number): CompiledClusterPolicy {
  const rules = { Ingress: rulesOf('Ingress', spec?.ingress), Egress: rulesOf('Egress', spec?.egress) };
  return {
    id,
    kind,
    tier: tierOf(kind, spec),
    priority: kind === 'BaselineAdminNetworkPolicy' ? 0 : spec?.priority ?? 0,
    subject: subjectOf(spec?.subject),
    rules,
    mentions: mentionsOf(rules),
  };
}

/** A BaselineAdminNetworkPolicy of another name is refused by the API server. */
export function isEvaluated(kind: ClusterPolicyKind, name: string): boolean {
  return kind !== 'BaselineAdminNetworkPolicy' || name === BASELINE_NAME;
}

function tierOf(kind: ClusterPolicyKind, spec: StoredClusterPolicySpec | null | undefined): Tier {
  if (kind === 'ClusterNetworkPolicy') return spec?.tier === 'Baseline' ? 'Baseline' : 'Admin';
  return kind === 'AdminNetworkPolicy' ? 'Admin' : 'Baseline';
}

function subjectOf(subject: StoredClusterPeer | null | undefined): CompiledClusterPolicy['subject'] {
  if (subject?.namespaces !== null && subject?.namespaces !== undefined) return { namespace: compileSelector(subject.namespaces), pod: ANY };
  if (subject?.pods === null || subject?.pods === undefined) return undefined;
  return { namespace: compileSelector(subject.pods.namespaceSelector), pod: compileSelector(subject.pods.podSelector) };
}

function rulesOf(direction: Direction, stored: StoredClusterPolicySpec['ingress']): readonly Rule[] {
  return (stored ?? []).flatMap((rule, index) => (rule === null || rule === undefined ? [] : [ruleOf(direction, rule, index)]));
}

function ruleOf(direction: Direction, stored: StoredClusterRule, index: number): Rule {
  const action = actionOf(stored.action);
  const storedPeers = (direction === 'Ingress' ? stored.from : stored.to) ?? [];
  const peers = storedPeers.map((peer, at) => peerOf(direction, peer ?? {}, at));
  const ports = [...(stored.ports ?? []).map((port, at) => adminPortOf(port ?? {}, at)), ...(stored.protocols ?? []).map((entry, at) => protocolEntryOf(entry ?? {}, at))];
  const isReadable = peers.length > 0 && [...peers, ...ports].every((found) => found !== undefined);
  if (!isReadable && action !== 'Allow') return { index, action: 'Deny', peers: 'any', ports: 'any' };
  return {
    index,
    action,
    peers: peers.flatMap((found) => found ?? []),
    ports: ports.length === 0 ? 'any' : ports.filter((found) => found !== undefined),
  };
}

/** An action that is not known denies. */
function actionOf(stored: string): Action {
  switch (stored) {
    case 'Allow': case 'Accept': return 'Allow';
    case 'Pass': return 'Pass';
    default: return 'Deny';
  }
}

/** One entry may list several networks, each a peer of its own; `undefined` where nothing in it is known, or more than one thing. */
function peerOf(direction: Direction, stored: StoredClusterPeer, index: number): Peer[] | undefined {
  const { namespaces, pods, nodes, networks, domainNames } = stored;
  if ([namespaces, pods, nodes, networks, domainNames].filter(isSet).length !== 1) return undefined;
  if (isSet(namespaces)) return [{ kind: 'pods', index, namespace: compileSelector(namespaces), pod: ANY }];
  if (isSet(pods)) return [{ kind: 'pods', index, namespace: compileSelector(pods.namespaceSelector), pod: compileSelector(pods.podSelector) }];
  if (direction === 'Ingress') return undefined;
  if (isSet(nodes)) return [{ kind: 'nodes', index, node: compileSelector(nodes) }];
  if (isSet(networks)) return blocksOf(networks)?.map((block) => ({ kind: 'block', index, block, matchesPods: 'always' }));
  return isSet(domainNames) ? [{ kind: 'domain names', index }] : undefined;
}

/** `undefined` unless all of them can be read. */
function blocksOf(networks: readonly string[]): Block[] | undefined {
  const blocks = networks.flatMap((network) => blockOf(network) ?? []);
  return blocks.length === networks.length && blocks.length > 0 ? blocks : undefined;
}

function isSet<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

function adminPortOf({ portNumber, portRange, namedPort }: StoredAdminPort, index: number): PortMatch | undefined {
  if (isSet(portNumber)) return rangeOf(index, protocolOf(portNumber.protocol), portNumber.port, portNumber.port);
  if (isSet(portRange)) return rangeOf(index, protocolOf(portRange.protocol), portRange.start, portRange.end);
  return isSet(namedPort) ? { kind: 'named', index, protocol: undefined, name: namedPort } : undefined;
}

function protocolEntryOf({ tcp, udp, sctp, destinationNamedPort }: StoredProtocol, index: number): PortMatch | undefined {
  if (isSet(destinationNamedPort)) return { kind: 'named', index, protocol: undefined, name: destinationNamedPort };
  const found = ([['TCP', tcp], ['UDP', udp], ['SCTP', sctp]] as const).find(([, entry]) => isSet(entry));
  const [protocol, entry] = found ?? [];
  const port = entry?.destinationPort;
  if (isSet(port?.number)) return rangeOf(index, protocol, port.number, port.number);
  return isSet(port?.range) ? rangeOf(index, protocol, port.range.start, port.range.end) : undefined;
}

function rangeOf(index: number, protocol: Protocol | undefined, first: number, last: number): PortMatch | undefined {
  return protocol === undefined || first > last ? undefined : { kind: 'range', index, protocol, first, last, isEndPort: false };
}
