/** Policies of cluster scope that their CRDs refuse, with the place that is at fault; the contract test asks an API server with the published CRDs. */
import type { ClusterPolicyKind } from '../../../src/netpol/refused-cluster.ts';

export interface ClusterRow { readonly title: string; readonly kind: ClusterPolicyKind; readonly spec: object; readonly name?: string }

const pods = { namespaces: {} };
const CNP = { tier: 'Admin', priority: 1, subject: pods };
const ANP = { priority: 1, subject: pods };
const cnp = (rule: object, side = 'ingress') => ({ ...CNP, [side]: [rule] });
const anp = (rule: object, side = 'ingress') => ({ ...ANP, [side]: [rule] });
const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const tcp = (destinationPort: object) => cnp({ action: 'Deny', from: [pods], protocols: [{ tcp: { destinationPort } }] });
const port = (entry: object) => anp({ action: 'Deny', from: [pods], ports: [entry] });

const C = 'ClusterNetworkPolicy';
const A = 'AdminNetworkPolicy';
const B = 'BaselineAdminNetworkPolicy';
const row = (title: string, kind: ClusterPolicyKind, spec: object, ...paths: readonly string[]) => ({ title, kind, spec, paths });

export const REFUSED: readonly (ClusterRow & { readonly paths: readonly string[] })[] = [
  row('actions of the other version', C, cnp({ action: 'Allow', from: [pods] }), 'spec.ingress.0.action'),
  row('and the other way round', A, anp({ action: 'Accept', from: [pods] }), 'spec.ingress.0.action'),
  row('Pass in the last tier of v1alpha1', B, { subject: pods, ingress: [{ action: 'Pass', from: [pods] }] }, 'spec.ingress.0.action'),
  { ...row('a baseline of another name', B, { subject: pods }, 'metadata.name'), name: 'other' },
  row('networks on ingress', C, cnp({ action: 'Deny', from: [{ networks: ['0.0.0.0/0'] }] }), 'spec.ingress.0.from.0'),
  row('networks on ingress of v1alpha1', A, anp({ action: 'Deny', from: [{ networks: ['0.0.0.0/0'] }] }), 'spec.ingress.0.from.0'),
  row('two kinds in one peer', C, cnp({ action: 'Deny', from: [{ namespaces: {}, pods: { podSelector: {} } }] }), 'spec.ingress.0.from.0'),
  row('an empty peer', C, cnp({ action: 'Accept', from: [{}] }), 'spec.ingress.0.from.0'),
  row('no peers', A, anp({ action: 'Deny', from: [] }), 'spec.ingress.0.from'),
  row('peers that are missing', C, cnp({ action: 'Deny' }), 'spec.ingress.0.from'),
  row('more peers than there may be', C, cnp({ action: 'Deny', from: many(26, pods) }), 'spec.ingress.0.from'),
  row('more peers than there may be in v1alpha1', A, anp({ action: 'Deny', from: many(101, pods) }), 'spec.ingress.0.from'),
  row('all of TCP as an empty mapping', C, cnp({ action: 'Deny', from: [pods], protocols: [{ tcp: {} }] }), 'spec.ingress.0.protocols.0.tcp.destinationPort'),
  row('a port that is neither a number nor a range', C, tcp({}), 'spec.ingress.0.protocols.0.tcp.destinationPort'),
  row('a port that is both', C, tcp({ number: 1, range: { start: 1, end: 2 } }), 'spec.ingress.0.protocols.0.tcp.destinationPort'),
  row('a range of one port', C, tcp({ range: { start: 80, end: 80 } }), 'spec.ingress.0.protocols.0.tcp.destinationPort.range'),
  row('port 0', C, tcp({ number: 0 }), 'spec.ingress.0.protocols.0.tcp.destinationPort.number'),
  row('two protocols in one entry', C, cnp({ action: 'Deny', from: [pods], protocols: [{ tcp: { destinationPort: { number: 1 } }, udp: { destinationPort: { number: 1 } } }] }), 'spec.ingress.0.protocols.0'),
  row('two ports in one entry', A, port({ portNumber: { port: 80, protocol: 'TCP' }, namedPort: 'http' }), 'spec.ingress.0.ports.0'),
  row('a port without a number', A, port({}), 'spec.ingress.0.ports.0'),
  row('a port that is too large', A, port({ portNumber: { protocol: 'TCP', port: 70_000 } }), 'spec.ingress.0.ports.0.portNumber.port'),
  row('a named port of addresses', C, cnp({ action: 'Deny', to: [{ networks: ['10.0.0.0/8'] }], protocols: [{ destinationNamedPort: 'dns' }] }, 'egress'), 'spec.egress.0.to'),
  row('a named port of nodes', A, anp({ action: 'Deny', to: [{ nodes: {} }], ports: [{ namedPort: 'dns' }] }, 'egress'), 'spec.egress.0.to'),
  row('no domain names in a peer', C, cnp({ action: 'Accept', to: [{ domainNames: [] }] }, 'egress'), 'spec.egress.0.to.0.domainNames'),
  row('no range of addresses', C, cnp({ action: 'Deny', to: [{ networks: ['bogus'] }] }, 'egress'), 'spec.egress.0.to.0.networks.0'),
  row('an address without a prefix', A, anp({ action: 'Deny', to: [{ networks: ['10.0.0.1'] }] }, 'egress'), 'spec.egress.0.to.0.networks.0'),
  row('more networks than there may be', C, cnp({ action: 'Deny', to: [{ networks: Array.from({ length: 26 }, (_, index) => `10.${index}.0.0/16`) }] }, 'egress'), 'spec.egress.0.to.0.networks'),
  row('a network twice', A, anp({ action: 'Deny', to: [{ networks: ['10.0.0.0/8', '10.0.0.0/8'] }] }, 'egress'), 'spec.egress.0.to.0.networks'),
  row('no networks in a peer', C, cnp({ action: 'Deny', to: [{ networks: [] }] }, 'egress'), 'spec.egress.0.to.0.networks'),
  row('no tier, no priority, no subject', C, {}, 'spec.tier', 'spec.priority', 'spec.subject'),
  row('a tier that does not exist', C, { ...CNP, tier: 'NetworkPolicy' }, 'spec.tier'),
  row('a priority that is too large', A, { priority: 1001, subject: pods }, 'spec.priority'),
  row('a priority below 0', C, { ...CNP, priority: -1 }, 'spec.priority'),
  row('a subject that is two things', C, { ...CNP, subject: { namespaces: {}, pods: { namespaceSelector: {}, podSelector: {} } } }, 'spec.subject'),
  row('a subject that is nothing', B, { subject: {} }, 'spec.subject'),
  row('pods without a podSelector', C, { ...CNP, subject: { pods: { namespaceSelector: {} } } }, 'spec.subject.pods.podSelector'),
  row('pods without a podSelector as a peer of v1alpha1', A, anp({ action: 'Deny', from: [{ pods: { namespaceSelector: {} } }] }), 'spec.ingress.0.from.0.pods.podSelector'),
  row('pods of v1alpha1 without a namespaceSelector', A, { ...ANP, subject: { pods: { podSelector: {} } } }, 'spec.subject.pods.namespaceSelector'),
  row('and in a peer', B, { subject: pods, egress: [{ action: 'Allow', to: [{ pods: { podSelector: {} } }] }] }, 'spec.egress.0.to.0.pods.namespaceSelector'),
  row('more protocols than there may be', C, cnp({ action: 'Deny', from: [pods], protocols: many(26, { tcp: { destinationPort: { number: 1 } } }) }), 'spec.ingress.0.protocols'),
  row('more ports than there may be', A, anp({ action: 'Deny', from: [pods], ports: many(101, { portNumber: { protocol: 'TCP', port: 1 } }) }), 'spec.ingress.0.ports'),
  row('no ports in a list of v1alpha1', A, anp({ action: 'Deny', from: [pods], ports: [] }), 'spec.ingress.0.ports'),
  row('no protocols in a list', C, cnp({ action: 'Deny', from: [pods], protocols: [] }), 'spec.ingress.0.protocols'),
  row('more rules than there may be', C, { ...CNP, ingress: many(26, { action: 'Deny', from: [pods] }) }, 'spec.ingress'),
];

export const TAKEN: readonly ClusterRow[] = [
  { title: 'a good one', kind: C, spec: cnp({ action: 'Accept', to: [{ networks: ['10.0.0.0/8', '::/0'] }], protocols: [{ udp: { destinationPort: { number: 53 } } }] }, 'egress') },
  { title: 'a good one of v1alpha1', kind: A, spec: anp({ action: 'Pass', from: [{ pods: { podSelector: {}, namespaceSelector: {} } }], ports: [{ portRange: { protocol: 'UDP', start: 1, end: 65_535 } }] }) },
  { title: 'the only name of a baseline', kind: B, spec: { subject: { pods: { podSelector: {}, namespaceSelector: {} } }, egress: [{ action: 'Deny', to: [{ nodes: {} }] }] } },
  { title: 'bits past the prefix', kind: C, spec: cnp({ action: 'Deny', to: [{ networks: ['10.1.2.3/8'] }] }, 'egress') },
  { title: 'a named port of pods', kind: C, spec: cnp({ action: 'Deny', to: [pods], protocols: [{ destinationNamedPort: 'dns' }] }, 'egress') },
  { title: 'domain names', kind: C, spec: cnp({ action: 'Accept', to: [{ domainNames: ['*.example.org'] }] }, 'egress') },
  { title: 'domain names of v1alpha1', kind: A, spec: anp({ action: 'Allow', to: [{ domainNames: ['example.org'] }] }, 'egress') },
  { title: 'the most that there may be', kind: C, spec: { ...CNP, priority: 1000, ingress: many(25, { action: 'Deny', from: many(25, pods) }) } },
  { title: 'the most of v1alpha1', kind: A, spec: { ...ANP, priority: 0, ingress: many(100, { action: 'Deny', from: [pods] }) } },
  { title: 'domain names that are denied', kind: C, spec: cnp({ action: 'Deny', to: [{ domainNames: ['example.org'] }] }, 'egress') },
  { title: 'domain names that v1alpha1 denies', kind: A, spec: anp({ action: 'Deny', to: [{ domainNames: ['example.org'] }] }, 'egress') },
  { title: 'a range of v1alpha1 that ends before it starts', kind: A, spec: port({ portRange: { protocol: 'TCP', start: 90, end: 80 } }) },
  { title: 'a port of v1alpha1 without a protocol, which is TCP', kind: A, spec: port({ portNumber: { port: 80 } }) },
  { title: 'a range without a protocol', kind: A, spec: port({ portRange: { start: 80, end: 81 } }) },
  { title: 'pods of every namespace', kind: C, spec: { ...CNP, subject: { pods: { podSelector: {} } } } },
  { title: 'a tier without rules, and lists that are null', kind: C, spec: { ...CNP, ingress: null, egress: [] } },
  { title: 'no rules at all', kind: C, spec: { ...CNP, tier: 'Baseline' } },
];
