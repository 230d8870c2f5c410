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
  /** What allows. */
  readonly allow: string;
  readonly hasPriority: boolean;
  /** The other field is dropped. */
  readonly portsIn: 'ports' | 'protocols';
  /** Of every list. */
  readonly most: number;
}

const LIMITS: Readonly<Record<ClusterPolicyKind, Limits>> = {
  AdminNetworkPolicy: { actions: ['Allow', 'Deny', 'Pass'], allow: 'Allow', hasPriority: true, portsIn: 'ports', most: 100 },
  BaselineAdminNetworkPolicy: { actions: ['Allow', 'Deny'], allow: 'Allow', hasPriority: false, portsIn: 'ports', most: 100 },
  ClusterNetworkPolicy: { actions: ['Accept', 'Deny', 'Pass'], allow: 'Accept', hasPriority: true, portsIn: 'protocols', most: 25 },
};
const LAST_PRIORITY = 1000;
const TIERS: readonly string[] = ['Admin', 'Baseline'];

export function clusterPolicyRefusals(kind: ClusterPolicyKind, name: string, spec: StoredClusterPolicySpec): Refusal[] {
  const limits = LIMITS[kind];
  const { tier, priority, subject } = spec;
  return [
    ...refusalIf(kind === 'BaselineAdminNetworkPolicy' && name !== 'default', ['metadata', 'name'], 'a BaselineAdminNetworkPolicy must be called "default"'),
    ...refusalIf(kind === 'ClusterNetworkPolicy' && !TIERS.includes(tier ?? ''), ['spec', 'tier'], isThere(tier) ? `${JSON.stringify(tier)} is no tier: Admin or Baseline` : 'tier is missing'),
    ...limits.hasPriority ? priorityRefusals(priority) : [],
    ...subjectRefusals(subject),
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

function subjectRefusals(subject: StoredClusterPeer | null | undefined): Refusal[] {
  if (isNewer(subject, PEER_FIELDS)) return [];
  const kinds = [subject?.namespaces, subject?.pods].filter(isThere).length;
  return refusalIf(kinds !== 1, ['spec', 'subject'], 'subject must have either namespaces or pods');
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
    ...peers.flatMap((peer, index) => peerRefusals(peer ?? {}, key, [...path, side, index])),
    ...refusalIf(rule.action !== limits.allow && peers.some((peer) => isThere(peer?.domainNames)), [...path, side], `domainNames are for ${limits.allow} only`),
    ...limits.portsIn === 'ports'
      ? listOf(rule.ports).flatMap((port, index) => adminPortRefusals(port ?? {}, [...path, 'ports', index]))
      : listOf(rule.protocols).flatMap((protocol, index) => protocolRefusals(protocol ?? {}, [...path, 'protocols', index])),
  ];
}

function peerRefusals(peer: StoredClusterPeer, key: 'ingress' | 'egress', path: RefusalPath): Refusal[] {
  if (isNewer(peer, PEER_FIELDS)) return [];
  const { namespaces, pods, nodes, networks, domainNames } = peer;
  const known = key === 'ingress' ? [namespaces, pods] : [namespaces, pods, nodes, networks, domainNames];
  const names = key === 'ingress' ? 'namespaces or pods' : 'namespaces, pods, nodes, networks or domainNames';
  return [
    ...refusalIf(known.filter(isThere).length !== 1, path, `a peer of ${key} must have exactly one of ${names}`),
    ...key === 'ingress' ? [] : listOf(networks).flatMap((each, index) => networkRefusals(each, [...path, 'networks', index])),
  ];
}

/** CEL's `isCIDR` takes bits past the prefix. */
function networkRefusals(text: string, path: RefusalPath): Refusal[] {
  const problem = cidrProblem(text);
  return refusalIf(problem?.includes('no address range') === true, path, problem ?? '');
}

function adminPortRefusals(entry: StoredAdminPort, path: RefusalPath): Refusal[] {
  if (isNewer(entry, PORT_FIELDS)) return [];
  const { portNumber, portRange, namedPort } = entry;
  return [
    ...refusalIf([portNumber, portRange, namedPort].filter(isThere).length !== 1, path, 'an entry must have exactly one of portNumber, portRange and namedPort'),
    ...isThere(portNumber) ? numberRefusals(portNumber.port, [...path, 'portNumber', 'port']) : [],
    ...isThere(portRange) ? rangeRefusals(portRange, [...path, 'portRange']) : [],
  ];
}

function protocolRefusals(protocol: StoredProtocol, path: RefusalPath): Refusal[] {
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
      return isThere(range) ? rangeRefusals(range, [...at, 'range']) : numberRefusals(number ?? 0, [...at, 'number']);
    }),
  ];
}

function numberRefusals(port: number, path: RefusalPath): Refusal[] {
  return refusalIf(!isPort(port), path, `${port} is no port: 1 to 65535`);
}

function rangeRefusals({ start, end }: { readonly start: number; readonly end: number }, path: RefusalPath): Refusal[] {
  return refusalIf(!isPort(start) || !isPort(end) || start >= end, path, `${start} to ${end} is no range of ports: start must be less than end, both 1 to 65535`);
}
