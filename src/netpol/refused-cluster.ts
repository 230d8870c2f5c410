/**
 * What the CRDs of policies of cluster scope refuse: AdminNetworkPolicy and BaselineAdminNetworkPolicy v1alpha1,
 * ClusterNetworkPolicy v1alpha2. What has a field that none of these knows is of a newer CRD, and left to the evaluator.
 */
import { cidrProblem } from './refused-range.ts';
import { isPort, isThere, listOf, refusalIf, type Refusal, type RefusalPath } from './refused.ts';
import type { StoredAdminPort, StoredClusterPeer, StoredClusterPolicySpec, StoredClusterRule, StoredProtocol } from './stored.ts';

export type ClusterPolicyKind = 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy' | 'ClusterNetworkPolicy';

interface Limits {
  readonly actions: readonly string[];
  readonly hasPriority: boolean;
  /** The other field is dropped. */
  readonly portsIn: 'ports' | 'protocols';
  /** Of rules, peers and ports. */
  readonly most: number;
  /** Of `pods`; a namespaceSelector that is missing where it may be means every namespace. */
  readonly podsNeed: readonly ('namespaceSelector' | 'podSelector')[];
  /** Its ranges of ports must have more than one. */
  readonly ordersRanges: boolean;
}

const LIMITS: Readonly<Record<ClusterPolicyKind, Limits>> = {
  AdminNetworkPolicy: { actions: ['Allow', 'Deny', 'Pass'], hasPriority: true, portsIn: 'ports', most: 100, podsNeed: ['namespaceSelector', 'podSelector'], ordersRanges: false },
  BaselineAdminNetworkPolicy: { actions: ['Allow', 'Deny'], hasPriority: false, portsIn: 'ports', most: 100, podsNeed: ['namespaceSelector', 'podSelector'], ordersRanges: false },
  ClusterNetworkPolicy: { actions: ['Accept', 'Deny', 'Pass'], hasPriority: true, portsIn: 'protocols', most: 25, podsNeed: ['podSelector'], ordersRanges: true },
};
const LAST_PRIORITY = 1000;
/** Of one peer. */
export const MOST_NETWORKS = 25;
const TIERS: readonly string[] = ['Admin', 'Baseline'];

export function clusterPolicyRefusals(kind: ClusterPolicyKind, name: string, spec: StoredClusterPolicySpec): Refusal[] {
  const limits = LIMITS[kind];
  const { tier, priority, subject } = spec;
  return [
    ...refusalIf(kind === 'BaselineAdminNetworkPolicy' && name !== 'default', ['metadata', 'name'], 'a BaselineAdminNetworkPolicy must be called "default"'),
    ...refusalIf(kind === 'ClusterNetworkPolicy' && !TIERS.includes(tier ?? ''), ['spec', 'tier'], isThere(tier) ? `${JSON.stringify(tier)} is no tier: Admin or Baseline` : 'tier is missing'),
    ...limits.hasPriority ? priorityRefusals(priority) : [],
    ...subjectRefusals(subject, limits),
    ...rulesRefusals('ingress', spec, limits), ...rulesRefusals('egress', spec, limits),
  ];
}

function priorityRefusals(priority: number | null | undefined): Refusal[] {
  const isGood = isThere(priority) && Number.isInteger(priority) && priority >= 0 && priority <= LAST_PRIORITY;
  return refusalIf(!isGood, ['spec', 'priority'], isThere(priority) ? `${priority} is no priority: 0 to ${LAST_PRIORITY}` : 'priority is missing');
}

const PEER_FIELDS = ['namespaces', 'pods', 'nodes', 'networks', 'domainNames'];
const PORT_FIELDS = ['portNumber', 'portRange', 'namedPort', 'tcp', 'udp', 'sctp', 'destinationNamedPort'];

const isNewer = (value: object | null | undefined, known: readonly string[]): boolean => Object.keys(value ?? {}).some((key) => !known.includes(key));

function subjectRefusals(subject: StoredClusterPeer | null | undefined, limits: Limits): Refusal[] {
  if (isNewer(subject, PEER_FIELDS)) return [];
  const path = ['spec', 'subject'];
  const kinds = [subject?.namespaces, subject?.pods].filter(isThere).length;
  return [...refusalIf(kinds !== 1, path, 'subject must have either namespaces or pods'), ...podsRefusals(subject?.pods, limits, path)];
}

function podsRefusals(pods: StoredClusterPeer['pods'], { podsNeed }: Limits, path: RefusalPath): Refusal[] {
  if (!isThere(pods)) return [];
  return podsNeed.filter((key) => !isThere(pods[key])).map((key) => ({ path: [...path, 'pods', key], message: `pods must have a ${key}, be it {}` }));
}

function rulesRefusals(key: 'ingress' | 'egress', spec: StoredClusterPolicySpec, limits: Limits): Refusal[] {
  const rules = listOf(spec[key]);
  return [
    ...refusalIf(rules.length > limits.most, ['spec', key], `${rules.length} rules, and at most ${limits.most} may be there`),
    ...rules.flatMap((rule, index) => ruleRefusals(rule ?? { action: '' }, key, { path: ['spec', key, index], limits })),
  ];
}

interface Place { readonly path: RefusalPath; readonly limits: Limits }

function ruleRefusals(rule: StoredClusterRule, key: 'ingress' | 'egress', { path, limits }: Place): Refusal[] {
  const side = key === 'ingress' ? 'from' : 'to';
  const peers = listOf(rule[side]);
  return [
    ...refusalIf(!limits.actions.includes(rule.action), [...path, 'action'], `${JSON.stringify(rule.action)} is no action here: ${limits.actions.join(', ')}`),
    ...refusalIf(peers.length === 0, [...path, side], `${side} must have an entry`),
    ...refusalIf(peers.length > limits.most, [...path, side], `${peers.length} peers, and at most ${limits.most} may be there`),
    ...peers.flatMap((peer, index) => peerRefusals(peer ?? {}, key, { path: [...path, side, index], limits })),
    ...portsRefusals(rule, key, { path, limits }),
  ];
}

function portsRefusals(rule: StoredClusterRule, key: 'ingress' | 'egress', { path, limits: { portsIn, most, ordersRanges } }: Place): Refusal[] {
  const entries: readonly (StoredAdminPort & StoredProtocol | null | undefined)[] | null | undefined = rule[portsIn];
  if (!isThere(entries)) return [];
  const isNamed = entries.some((entry) => isThere(portsIn === 'ports' ? entry?.namedPort : entry?.destinationNamedPort));
  const isNobodys = key === 'egress' && listOf(rule.to).some((peer) => isThere(peer?.networks) || isThere(peer?.nodes) || isThere(peer?.domainNames));
  return [
    ...refusalIf(entries.length === 0, [...path, portsIn], `${portsIn} must have an entry, or be left out`),
    ...refusalIf(entries.length > most, [...path, portsIn], `${entries.length} entries, and at most ${most} may be there`),
    ...refusalIf(isNamed && isNobodys, [...path, 'to'], 'networks, nodes and domainNames have no ports with names: write numbers'),
    ...entries.flatMap((entry, index) => (portsIn === 'ports' ? adminPortRefusals : protocolRefusals)(entry ?? {}, [...path, portsIn, index], ordersRanges)),
  ];
}

function peerRefusals(peer: StoredClusterPeer, key: 'ingress' | 'egress', { path, limits }: Place): Refusal[] {
  if (isNewer(peer, PEER_FIELDS)) return [];
  const { namespaces, pods, nodes, networks, domainNames } = peer;
  const known = key === 'ingress' ? [namespaces, pods] : [namespaces, pods, nodes, networks, domainNames];
  const names = key === 'ingress' ? 'namespaces or pods' : 'namespaces, pods, nodes, networks or domainNames';
  return [
    ...refusalIf(known.filter(isThere).length !== 1, path, `a peer of ${key} must have exactly one of ${names}`),
    ...podsRefusals(pods, limits, path),
    ...key === 'ingress' ? [] : [...networksRefusals(networks, [...path, 'networks']), ...refusalIf(domainNames?.length === 0, [...path, 'domainNames'], 'domainNames must have an entry')],
  ];
}

function networksRefusals(networks: StoredClusterPeer['networks'], path: RefusalPath): Refusal[] {
  if (!isThere(networks)) return [];
  return [
    ...refusalIf(networks.length === 0, path, 'networks must have an entry'),
    ...refusalIf(networks.length > MOST_NETWORKS, path, `${networks.length} networks, and at most ${MOST_NETWORKS} may be there`),
    ...refusalIf(new Set(networks).size < networks.length, path, 'a network is there twice'),
    ...networks.flatMap((each, index) => networkRefusals(each, [...path, index])),
  ];
}

/** CEL's `isCIDR` takes bits past the prefix. */
function networkRefusals(text: string, path: RefusalPath): Refusal[] {
  const problem = cidrProblem(text);
  return refusalIf(problem?.includes('no address range') === true, path, problem ?? '');
}

function adminPortRefusals(entry: StoredAdminPort, path: RefusalPath, ordersRanges: boolean): Refusal[] {
  if (isNewer(entry, PORT_FIELDS)) return [];
  const { portNumber, portRange, namedPort } = entry;
  return [
    ...refusalIf([portNumber, portRange, namedPort].filter(isThere).length !== 1, path, 'an entry must have exactly one of portNumber, portRange and namedPort'),
    ...isThere(portNumber) ? numberRefusals(portNumber.port, [...path, 'portNumber', 'port']) : [],
    ...isThere(portRange) ? rangeRefusals(portRange, [...path, 'portRange'], ordersRanges) : [],
  ];
}

function protocolRefusals(protocol: StoredProtocol, path: RefusalPath, ordersRanges: boolean): Refusal[] {
  if (isNewer(protocol, PORT_FIELDS)) return [];
  const { tcp, udp, sctp, destinationNamedPort } = protocol;
  const found = Object.entries({ tcp, udp, sctp });
  return [
    ...refusalIf([tcp, udp, sctp, destinationNamedPort].filter(isThere).length !== 1, path, 'an entry must have exactly one of tcp, udp, sctp and destinationNamedPort'),
    ...found.flatMap(([name, entry]) => {
      if (!isThere(entry)) return [];
      const { number, range } = entry.destinationPort ?? {};
      const at = [...path, name, 'destinationPort'];
      if ([number, range].filter(isThere).length !== 1) return [{ path: at, message: `${name} must have a destinationPort with either number or range` }];
      return isThere(range) ? rangeRefusals(range, [...at, 'range'], ordersRanges) : numberRefusals(number ?? 0, [...at, 'number']);
    }),
  ];
}

function numberRefusals(port: number, path: RefusalPath): Refusal[] {
  return refusalIf(!isPort(port), path, `${port} is no port: 1 to 65535`);
}

function rangeRefusals({ start, end }: { readonly start: number; readonly end: number }, path: RefusalPath, ordersRanges: boolean): Refusal[] {
  const arePorts = isPort(start) && isPort(end);
  const order = ordersRanges ? 'start must be less than end, both 1 to 65535' : 'both must be 1 to 65535';
  return refusalIf(!arePorts || (ordersRanges && start >= end), path, `${start} to ${end} is no range of ports: ${order}`);
}
