/** Random small clusters: few labels, ports and addresses, so that policies meet; every construct of every kind. */
import fc from 'fast-check';
import { PROTOCOLS, type Connection, type Endpoint, type OpaqueScope, type Options, type Pod, type Policy, type WorldInput } from '../../src/netpol/model.ts';
import type { StoredClusterPeer, StoredClusterRule, StoredNetworkPolicySpec, StoredPeer, StoredPort, StoredRule, StoredSelector } from '../../src/netpol/stored.ts';
import { aNamespaceOf, aPodOf, type Labels } from './netpol.ts';

const NAMESPACES = ['x', 'y', 'constructor'] as const;
const NAMES = ['a', 'b', 'c'] as const;
const KEYS = ['k', 'toString'] as const;
const VALUES = ['v', 'w'] as const;
const PORT_NAMES = ['web', 'dns'] as const;
const CIDRS = ['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '10.0.0.0/8', '10.0.0.0/31', '8.0.0.0/8', '::/0', 'fd00::/16'] as const;
const EXCEPTS: Readonly<Record<string, readonly string[]>> = { '0.0.0.0/0': ['10.0.0.0/8', '128.0.0.0/1'], '::/0': ['fd00::/16'], '10.0.0.0/8': ['10.0.0.0/31'] };

const labels = (): fc.Arbitrary<Labels> => fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), { maxKeys: 2 });
const expression = () => fc.record({ key: fc.constantFrom(...KEYS), operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'), values: fc.subarray([...VALUES], { minLength: 1 }) })
  .map(({ key, operator, values }) => ({ key, operator, ...(operator.endsWith('In') ? { values } : {}) }));
const selector = (): fc.Arbitrary<StoredSelector> => fc.oneof(
  fc.constant({}), labels().map((matchLabels) => ({ matchLabels })), fc.array(expression(), { minLength: 1, maxLength: 2 }).map((matchExpressions) => ({ matchExpressions })),
);
const namespaceSelector = (): fc.Arbitrary<StoredSelector> => fc.oneof(selector(), fc.record({ operator: fc.constantFrom('In', 'NotIn'), values: fc.subarray([...NAMESPACES], { minLength: 1 }) })
  .map((more) => ({ matchExpressions: [{ key: 'kubernetes.io/metadata.name', ...more }] })));

const block = (): fc.Arbitrary<StoredPeer> => fc.constantFrom(...CIDRS).chain((cidr) => fc.subarray([...EXCEPTS[cidr] ?? []]).map((except) => ({ ipBlock: { cidr, except } })));
const peer = (): fc.Arbitrary<StoredPeer> => fc.oneof(
  block(), selector().map((podSelector) => ({ podSelector })), namespaceSelector().map((found) => ({ namespaceSelector: found })),
  fc.record({ namespaceSelector: namespaceSelector(), podSelector: selector() }),
);
const protocol = () => fc.constantFrom(...PROTOCOLS);
const port = (): fc.Arbitrary<StoredPort> => fc.oneof(
  fc.constantFrom<StoredPort>({ port: 80 }, { port: 53, protocol: 'UDP' }, {}, { protocol: 'UDP' }, { protocol: 'SCTP' }, { port: 1, endPort: 65_535 }, { port: 2, endPort: 100 }),
  fc.record({ port: fc.constantFrom(...PORT_NAMES), protocol: fc.constantFrom('TCP', 'UDP') }),
);
const rule = (): fc.Arbitrary<StoredRule> => fc.record({ peers: fc.array(peer(), { maxLength: 3 }), ports: fc.oneof(fc.constant([]), fc.array(port(), { maxLength: 3 })) })
  .map(({ peers, ports }) => ({ from: peers, to: peers, ports }));

export const aSpec = (): fc.Arbitrary<StoredNetworkPolicySpec> => fc.record({
  podSelector: selector(), policyTypes: fc.subarray(['Ingress', 'Egress']), ingress: fc.array(rule(), { maxLength: 2 }), egress: fc.array(rule(), { maxLength: 2 }),
});

const clusterPeer = (): fc.Arbitrary<StoredClusterPeer> => fc.oneof(
  { weight: 3, arbitrary: namespaceSelector().map((namespaces) => ({ namespaces })) },
  { weight: 2, arbitrary: fc.record({ namespaceSelector: namespaceSelector(), podSelector: selector() }).map((pods) => ({ pods })) },
);
const outPeer = (): fc.Arbitrary<StoredClusterPeer> => fc.oneof(
  { weight: 3, arbitrary: clusterPeer() }, { weight: 2, arbitrary: fc.subarray([...CIDRS], { minLength: 1, maxLength: 2 }).map((networks) => ({ networks })) },
  fc.constant({ nodes: {} }), fc.constant({ nodes: { matchLabels: { node: 'n1' } } }), fc.constant({ domainNames: ['example.com'] }), fc.constant({}),
);
const clusterRule = (peers: fc.Arbitrary<StoredClusterPeer>): fc.Arbitrary<StoredClusterRule> => fc.record({
  action: fc.constantFrom('Accept', 'Deny', 'Pass'), peers: fc.array(peers, { minLength: 1, maxLength: 2 }),
  protocols: fc.constantFrom([], [], [{ tcp: { destinationPort: { number: 80 } } }], [{ udp: { destinationPort: { range: { start: 50, end: 60 } } } }], [{ destinationNamedPort: 'web' }]),
}).map(({ action, peers: found, protocols }) => ({ action, from: found, to: found, protocols }));

const clusterPolicy = (name: string): fc.Arbitrary<Policy> => fc.record({
  kind: fc.constantFrom('ClusterNetworkPolicy' as const, 'ClusterNetworkPolicy' as const, 'AdminNetworkPolicy' as const), tier: fc.constantFrom('Admin', 'Baseline'), priority: fc.nat({ max: 2 }),
  subject: clusterPeer(), ingress: fc.array(clusterRule(clusterPeer()), { maxLength: 2 }), egress: fc.array(clusterRule(outPeer()), { maxLength: 2 }),
}).map(({ kind, ...spec }) => ({ kind, name, spec }));

const pod = (id: string, index: number): fc.Arbitrary<Pod> => fc.record({
  labels: labels(), address: fc.constantFrom('10.0.0.', '10.9.0.', '172.16.0.'), dual: fc.boolean(), hostNetwork: fc.nat({ max: 9 }), terminal: fc.nat({ max: 9 }), bare: fc.nat({ max: 9 }),
  ports: fc.constantFrom({}, { web: 80 }, { web: 8080, dns: ['UDP', 53] as ['UDP', number] }),
}).map(({ labels: found, address, dual, hostNetwork, terminal, bare, ports }) => {
  const ips = bare === 0 ? [] : [`${address}${index}`, ...(dual ? [`fd00::${index}`] : [])];
  return aPodOf(id, { labels: found, ports, ips: hostNetwork === 0 ? ['192.168.0.1'] : ips, hostNetwork: hostNetwork === 0, terminal: terminal === 0, node: 'n1' });
});

const IDS = NAMESPACES.flatMap((namespace) => NAMES.map((name) => `${namespace}/${name}`));
export const somePods = (): fc.Arbitrary<Pod[]> => fc.tuple(...IDS.map(pod));
export const someNamespaces = () => fc.tuple(...NAMESPACES.map((name) => labels().map((found) => aNamespaceOf(name, found))));

const networkPolicy = (): fc.Arbitrary<Policy> => fc.record({ namespace: fc.constantFrom(...NAMESPACES), name: fc.constantFrom('p', 'q', 'r'), spec: aSpec() })
  .map((found) => ({ kind: 'NetworkPolicy', ...found }));
const scope = (): fc.Arbitrary<OpaqueScope> => fc.record({ namespaceSelector: namespaceSelector(), podSelector: selector(), directions: fc.subarray(['Ingress', 'Egress'] as const, { minLength: 1 }) }, { requiredKeys: [] });
const opaque = (): fc.Arbitrary<Policy> => fc.record({ namespace: fc.constantFrom(...NAMESPACES, undefined), scopes: fc.array(scope(), { maxLength: 2 }) })
  .map((found) => ({ kind: 'Opaque', apiKind: 'CiliumNetworkPolicy', name: 'opaque', ...found }));

export const policyId = (policy: Policy): string => `${policy.kind}/${'namespace' in policy ? policy.namespace : ''}/${policy.name}`;
export const aPolicyOfAnyKind = (): fc.Arbitrary<Policy> => fc.oneof({ weight: 6, arbitrary: networkPolicy() }, { weight: 3, arbitrary: fc.constantFrom('t', 'u').chain(clusterPolicy) }, { weight: 1, arbitrary: opaque() });
export const somePolicies = (): fc.Arbitrary<Policy[]> => fc.uniqueArray(aPolicyOfAnyKind(), { maxLength: 7, selector: policyId });

export const someOptions = (): fc.Arbitrary<Options> => fc.record({ ipBlockMatchesPods: fc.constantFrom('yes', 'no', 'unknown') });
export const someWorld = (): fc.Arbitrary<WorldInput> => fc.record({
  namespaces: someNamespaces(), pods: somePods(), policies: somePolicies(), options: someOptions(),
  nodes: fc.constant([{ name: 'n1', labels: new Map([['node', 'n1']]), ips: ['192.168.0.1'] }, { name: 'n2', labels: new Map([['node', 'n2']]), ips: ['192.168.0.2'] }]),
});

const ADDRESSES = ['8.8.8.8', '10.0.0.250', '10.200.0.1', '129.0.0.1', '192.168.0.2', '2001:db8::1', 'fd00::ffff'] as const;
const endpoint = (pods: readonly Pod[]): fc.Arbitrary<Endpoint> => fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...pods).map((found) => ({ pod: found })) }, { weight: 1, arbitrary: fc.constantFrom(...ADDRESSES).map((ip) => ({ ip })) });
export const aConnection = (pods: readonly Pod[]): fc.Arbitrary<Connection> => fc.record({
  from: endpoint(pods), to: endpoint(pods), protocol: protocol(), port: fc.constantFrom(1, 2, 53, 80, 81, 8080, 65_535),
});
