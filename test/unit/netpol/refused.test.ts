/** What an API server would refuse of a manifest. That a real one agrees on NetworkPolicies, test/contract/refused.test.ts asks it. */
import assert from 'node:assert/strict';
import { clusterPolicyRefusals, type ClusterPolicyKind } from '../../../src/netpol/refused-cluster.ts';
import { networkPolicyRefusals } from '../../../src/netpol/refused.ts';
import { REFUSED, TAKEN } from './bad-policies.ts';

describe('refused: NetworkPolicy', () => {
  for (const [title, spec, path] of REFUSED) {
    it(title, () => assert.deepEqual(networkPolicyRefusals(spec as object).map((found) => found.path.join('.')), [path]));
  }
  for (const [title, spec] of TAKEN) it(`not ${title}`, () => assert.deepEqual(networkPolicyRefusals(spec as object), []));
});

describe('refused: policies of cluster scope', () => {
  const pods = { namespaces: {} };
  const cnp = (rule: object, side = 'ingress') => ({ tier: 'Admin', priority: 1, subject: pods, [side]: [rule] });
  const anp = (rule: object) => ({ priority: 1, subject: pods, ingress: [rule] });
  const refused = (kind: ClusterPolicyKind, spec: object, name = 'default'): string[] => clusterPolicyRefusals(kind, name, spec).map(({ path }) => path.join('.'));
  const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['actions of the other version', refused('ClusterNetworkPolicy', cnp({ action: 'Allow', from: [pods] })), ['spec.ingress.0.action']],
    ['and the other way round', refused('AdminNetworkPolicy', anp({ action: 'Accept', from: [pods] })), ['spec.ingress.0.action']],
    ['Pass in the last tier of v1alpha1', refused('BaselineAdminNetworkPolicy', anp({ action: 'Pass', from: [pods] })), ['spec.ingress.0.action']],
    ['a baseline of another name', refused('BaselineAdminNetworkPolicy', { subject: pods }, 'other'), ['metadata.name']],
    ['networks on ingress', refused('ClusterNetworkPolicy', cnp({ action: 'Deny', from: [{ networks: ['0.0.0.0/0'] }] })), ['spec.ingress.0.from.0']],
    ['two kinds in one peer', refused('ClusterNetworkPolicy', cnp({ action: 'Deny', from: [{ namespaces: {}, pods: {} }] })), ['spec.ingress.0.from.0']],
    ['no peers', refused('AdminNetworkPolicy', anp({ action: 'Deny', from: [] })), ['spec.ingress.0.from']],
    ['all of TCP as an empty mapping', refused('ClusterNetworkPolicy', cnp({ action: 'Deny', from: [pods], protocols: [{ tcp: {} }] })), ['spec.ingress.0.protocols.0.tcp.destinationPort']],
    ['a range of one port', refused('ClusterNetworkPolicy', cnp({ action: 'Deny', from: [pods], protocols: [{ tcp: { destinationPort: { range: { start: 80, end: 80 } } } }] })), ['spec.ingress.0.protocols.0.tcp.destinationPort.range']],
    ['two ports in one entry', refused('AdminNetworkPolicy', anp({ action: 'Deny', from: [pods], ports: [{ portNumber: { port: 80 }, namedPort: 'http' }] })), ['spec.ingress.0.ports.0']],
    ['domain names that are denied', refused('ClusterNetworkPolicy', cnp({ action: 'Deny', to: [{ domainNames: ['example.org'] }] }, 'egress')), ['spec.egress.0.to']],
    ['no range of addresses', refused('ClusterNetworkPolicy', cnp({ action: 'Deny', to: [{ networks: ['bogus'] }] }, 'egress')), ['spec.egress.0.to.0.networks.0']],
    ['no tier, no priority, no subject', refused('ClusterNetworkPolicy', {}), ['spec.tier', 'spec.priority', 'spec.subject']],
    ['a priority that is too large', refused('AdminNetworkPolicy', { priority: 1001, subject: pods }), ['spec.priority']],
    ['more rules than there may be', refused('ClusterNetworkPolicy', { tier: 'Admin', priority: 0, subject: pods, ingress: Array.from({ length: 26 }, () => ({ action: 'Deny', from: [pods] })) }), ['spec.ingress']],
    ['nothing of what a newer CRD may have', refused('ClusterNetworkPolicy', cnp({ action: 'Accept', from: [{ futurePeer: {} }], protocols: [{ quic: {} }] })), []],
    ['an empty peer', refused('ClusterNetworkPolicy', cnp({ action: 'Accept', from: [{}] })), ['spec.ingress.0.from.0']],
    ['nothing of a good one', refused('ClusterNetworkPolicy', cnp({ action: 'Accept', to: [{ networks: ['10.0.0.0/8', '::/0'] }], protocols: [{ udp: { destinationPort: { number: 53 } } }, { destinationNamedPort: 'dns' }] }, 'egress')), []],
    ['nothing of a good one of v1alpha1', refused('AdminNetworkPolicy', anp({ action: 'Pass', from: [{ pods: { podSelector: {}, namespaceSelector: {} } }], ports: [{ portRange: { start: 1, end: 65_535 } }] })), []],
  ];
  for (const [title, found, expected] of rows) it(title, () => assert.deepEqual(found, expected));
});
