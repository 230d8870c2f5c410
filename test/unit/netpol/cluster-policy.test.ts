/** Truth tables for the Admin and Baseline tiers: ANP, BANP and CNP. Pods: see test/support/netpol.ts. */
import assert from 'node:assert/strict';
import type { Answer } from '../../../src/netpol/answer.ts';
import type { Policy } from '../../../src/netpol/model.ts';
import type { StoredClusterPeer, StoredClusterPolicySpec, StoredClusterRule } from '../../../src/netpol/stored.ts';
import { aBaselinePolicy, aClusterPolicy, anAdminPolicy, aNetworkPolicy, ask, aWorld, deciderText, expectVerdicts } from '../../support/netpol.ts';

type Verdicts = Readonly<Record<string, Answer['verdict']>>;
const [A, D, U] = ['allowed', 'denied', 'unknown'] as const;
const EVERYONE: StoredClusterPeer = { namespaces: {} };
const Y: StoredClusterPeer = { namespaces: { matchLabels: { ns: 'y' } } };

const rule = (action: string, peer: StoredClusterPeer, more: Partial<StoredClusterRule> = {}): StoredClusterRule => ({ action, from: [peer], to: [peer], ...more });
const ingress = (...rules: StoredClusterRule[]): StoredClusterPolicySpec => ({ priority: 10, subject: { namespaces: { matchLabels: { ns: 'x' } } }, ingress: rules });
const egress = (...rules: StoredClusterRule[]): StoredClusterPolicySpec => ({ priority: 10, subject: { namespaces: { matchLabels: { ns: 'x' } } }, egress: rules });
const admin = (spec: StoredClusterPolicySpec, priority = 10, name = `admin-${priority}`): Policy => aClusterPolicy(name, { ...spec, tier: 'Admin', priority });
const baseline = (spec: StoredClusterPolicySpec, priority = 10): Policy => aClusterPolicy(`baseline-${priority}`, { ...spec, tier: 'Baseline', priority });
const under = (policies: readonly Policy[], expected: Verdicts): void => expectVerdicts(aWorld(policies), expected);
const DENY_X = aNetworkPolicy('x/deny', { policyTypes: ['Ingress', 'Egress'] });
const OPEN_X = aNetworkPolicy('x/open', { ingress: [{}], egress: [{}] });

describe('tiers: order', () => {
  it('no implicit isolation: what no rule matches goes on', () => under([admin(ingress(rule('Accept', Y)))], { 'y/a -> x/a': A, 'z/a -> x/a': A, '1.2.3.4 -> x/a': A }));
  it('a policy without ingress rules does not touch ingress', () => under([admin(egress(rule('Deny', EVERYONE)))], { 'y/a -> x/a': A, 'x/a -> y/a': D }));
  it('the first rule that matches wins', () => {
    under([admin(ingress(rule('Accept', Y), rule('Deny', EVERYONE)))], { 'y/a -> x/a': A, 'z/a -> x/a': D });
    under([admin(ingress(rule('Deny', EVERYONE), rule('Accept', Y)))], { 'y/a -> x/a': D });
  });
  it('the lower priority wins, across policies', () => {
    under([admin(ingress(rule('Deny', Y)), 20), admin(ingress(rule('Accept', Y)), 5)], { 'y/a -> x/a': A });
    under([admin(ingress(rule('Deny', Y)), 5), admin(ingress(rule('Accept', Y)), 20)], { 'y/a -> x/a': D });
  });
  it('Deny is final, Accept too', () => {
    under([admin(ingress(rule('Deny', Y))), OPEN_X], { 'y/a -> x/a': D, 'z/a -> x/a': A });
    under([admin(ingress(rule('Accept', Y))), DENY_X], { 'y/a -> x/a': A, 'z/a -> x/a': D });
  });
  it('Accept on egress does not skip the destination\'s ingress', () => under([admin({ ...egress(rule('Accept', EVERYONE)), subject: EVERYONE }), aNetworkPolicy('y/deny', {})], { 'x/a -> y/a': D, 'x/a -> z/a': A }));
  it('Pass skips the rest of its tier', () => {
    under([admin(ingress(rule('Pass', Y)), 1), admin(ingress(rule('Deny', EVERYONE)), 2)], { 'y/a -> x/a': A, 'z/a -> x/a': D });
    under([admin(ingress(rule('Pass', Y)), 1), admin(ingress(rule('Accept', EVERYONE)), 2), DENY_X], { 'y/a -> x/a': D, 'z/a -> x/a': A });
    under([admin(ingress(rule('Pass', Y)), 1), baseline(ingress(rule('Deny', EVERYONE)))], { 'y/a -> x/a': D });
  });
  it('Pass in Baseline is the default: allowed', () => under([baseline(ingress(rule('Pass', Y), rule('Deny', EVERYONE)))], { 'y/a -> x/a': A, 'z/a -> x/a': D }));
  it('a NetworkPolicy takes its pods out of Baseline, in its directions', () => {
    under([baseline(ingress(rule('Deny', EVERYONE))), OPEN_X], { 'y/a -> x/a': A });
    under([baseline(egress(rule('Deny', EVERYONE))), aNetworkPolicy('x/in', { ingress: [{}] })], { 'x/a -> y/a': D, 'y/a -> x/a': A });
    under([baseline(ingress(rule('Accept', EVERYONE))), DENY_X], { 'y/a -> x/a': D });
  });
  it('a BaselineAdminNetworkPolicy is called default, or is none', () => {
    under([aBaselinePolicy(ingress(rule('Deny', Y)))], { 'y/a -> x/a': D });
    under([aBaselinePolicy(ingress(rule('Deny', Y)), 'other')], { 'y/a -> x/a': A });
  });
  it('AdminNetworkPolicy: Allow, Deny, Pass before NetworkPolicies', () => {
    under([anAdminPolicy('p', ingress(rule('Allow', Y), rule('Pass', { namespaces: { matchLabels: { ns: 'z' } } }), rule('Deny', EVERYONE))), DENY_X], { 'y/a -> x/a': A, 'z/a -> x/a': D, 'x/b -> x/a': D });
  });
});

describe('tiers: order that is undefined', () => {
  it('equal priority: unknown where the policies disagree', () => {
    const policies = [admin(ingress(rule('Deny', Y)), 5, 'a'), admin(ingress(rule('Accept', EVERYONE)), 5, 'b')];
    under(policies, { 'y/a -> x/a': U, 'z/a -> x/a': A });
    assert.deepEqual(ask(aWorld(policies), 'y/a -> x/a').ingress.codes, ['equal-priority']);
  });
  it('equal priority: what they agree on is certain, and so is what comes before', () => {
    under([admin(ingress(rule('Deny', Y)), 5, 'a'), admin(ingress(rule('Deny', EVERYONE)), 5, 'b')], { 'y/a -> x/a': D });
    under([admin(ingress(rule('Accept', Y)), 1), admin(ingress(rule('Deny', Y)), 5, 'a'), admin(ingress(rule('Accept', EVERYONE)), 5, 'b')], { 'y/a -> x/a': A });
  });
  it('ANP beside Admin CNP, whatever the priorities', () => under([anAdminPolicy('anp', { ...ingress(rule('Allow', Y)), priority: 1 }), admin(ingress(rule('Deny', Y)), 9)], { 'y/a -> x/a': U }));
  it('BANP beside Baseline CNP', () => under([aBaselinePolicy(ingress(rule('Allow', Y))), baseline(ingress(rule('Deny', Y)))], { 'y/a -> x/a': U }));
});

describe('tiers: subjects and peers', () => {
  it('pods need both selectors', () => {
    const subject: StoredClusterPeer = { pods: { namespaceSelector: { matchLabels: { ns: 'x' } }, podSelector: { matchLabels: { pod: 'a' } } } };
    under([admin({ subject, ingress: [rule('Deny', { pods: { namespaceSelector: {}, podSelector: { matchLabels: { pod: 'b' } } } })] })], { 'y/b -> x/a': D, 'y/a -> x/a': A, 'y/b -> x/b': A });
  });
  it('hostNetwork pods are neither subject nor peer', () => under([admin({ subject: EVERYONE, ingress: [rule('Deny', EVERYONE)], egress: [rule('Deny', EVERYONE)] })], { 'z/host -> x/a': A, 'x/a -> z/host': A, 'z/a -> x/a': D }));
  it('external sources can be neither denied nor accepted', () => {
    under([admin(ingress(rule('Deny', EVERYONE)))], { '1.2.3.4 -> x/a': A });
    under([admin(ingress(rule('Accept', EVERYONE))), DENY_X], { '1.2.3.4 -> x/a': D });
  });
  it('networks match pods on every CNI, and nodes', () => {
    for (const ipBlockMatchesPods of ['yes', 'no', 'unknown'] as const) {
      const world = aWorld([admin(egress(rule('Deny', { networks: ['0.0.0.0/0'] })))], { options: { ipBlockMatchesPods } });
      expectVerdicts(world, { 'x/a -> y/a': D, 'x/a -> 8.8.8.8': D, 'x/a -> 192.168.0.2': D, 'x/a -> z/host': D, 'x/a -> [fd00::2:1]': A, 'x/a -> y/a:0/ICMP': D });
    }
  });
  it('a Pass for pods before networks leaves pods alone', () => under([admin(egress(rule('Pass', EVERYONE), rule('Deny', { networks: ['0.0.0.0/0', '::/0'] })))], { 'x/a -> y/a': A, 'x/a -> 8.8.8.8': D, 'x/a -> [2001:db8::1]': D }));
  it('nodes by their labels, hostNetwork pods as their node', () => {
    const policies = [admin(egress(rule('Deny', { nodes: { matchLabels: { node: 'n2' } } })))];
    under(policies, { 'x/a -> 192.168.0.2': D, 'x/a -> z/host': D, 'x/a -> 192.168.0.1': A, 'x/a -> z/a': A });
  });
  it('domain names: an address may or may not be one of them', () => {
    const policies = [admin(egress(rule('Accept', { domainNames: ['*.example.com'] }), rule('Deny', { networks: ['0.0.0.0/0'] })))];
    under(policies, { 'x/a -> 8.8.8.8': U, 'x/a -> y/a': D });
    assert.deepEqual(ask(aWorld(policies), 'x/a -> 8.8.8.8').egress.codes, ['domain-names']);
    under([admin(egress(rule('Accept', { domainNames: ['*.example.com'] })))], { 'x/a -> 8.8.8.8': A });
  });
});

describe('tiers: protocols', () => {
  const protocols = (...entries: NonNullable<StoredClusterRule['protocols']>[number][]): Policy[] => [admin(ingress(rule('Deny', EVERYONE, { protocols: entries })))];
  const ports = (...entries: NonNullable<StoredClusterRule['ports']>[number][]): Policy[] => [anAdminPolicy('p', ingress(rule('Deny', EVERYONE, { ports: entries })))];
  it('none is everything', () => under(protocols(), { 'y/a -> x/a:1/UDP': D, 'y/a -> x/a:1': D, 'y/a -> x/a:1/SCTP': D, 'y/a -> x/a:0/ICMP': D }));
  it('number, range and each protocol', () => {
    under(protocols({ tcp: { destinationPort: { number: 80 } } }, { udp: { destinationPort: { range: { start: 10, end: 20 } } } }, { sctp: { destinationPort: { number: 9 } } }), {
      'y/a -> x/a:80': D, 'y/a -> x/a:80/UDP': A, 'y/a -> x/a:10/UDP': D, 'y/a -> x/a:20/UDP': D, 'y/a -> x/a:21/UDP': A, 'y/a -> x/a:9/SCTP': D, 'y/a -> x/a:9': A, 'y/a -> x/a:0/ICMP': A,
    });
  });
  it('a named port has the protocol of the container port', () => under(protocols({ destinationNamedPort: 'dns' }, { destinationNamedPort: 'web' }), { 'y/a -> x/a:53/UDP': D, 'y/a -> x/a:53': A, 'y/a -> x/a:80': D, 'y/a -> x/a:80/UDP': A, 'y/a -> x/b:80': A, 'y/a -> x/b:8080': D }));
  it('v1alpha1 ports: number (TCP when absent), range, name', () => {
    under(ports({ portNumber: { port: 80 } }, { portRange: { protocol: 'UDP', start: 10, end: 20 } }), { 'y/a -> x/a:80': D, 'y/a -> x/a:80/UDP': A, 'y/a -> x/a:15/UDP': D });
    under(ports({ namedPort: 'web' }), { 'y/a -> x/a:80': D, 'y/a -> x/b:80': A });
  });
  it('a name means nothing beside networks', () => under([admin(egress(rule('Deny', { networks: ['1.0.0.0/8'] }, { protocols: [{ destinationNamedPort: 'web' }] })))], { 'x/a -> 1.2.3.4:80': A }));
});

describe('tiers: what a newer CRD may hold fails closed', () => {
  for (const [what, broken] of [
    ['an empty peer', { from: [{}], to: [{}] }], ['no peers', { from: [], to: [] }], ['a peer of two kinds', { from: [{ ...Y, pods: {} }], to: [{ ...Y, networks: ['0.0.0.0/0'] }] }], ['an unknown peer beside a known one', { from: [Y, {}], to: [Y, {}] }],
    ['an unknown protocol', { from: [EVERYONE], to: [EVERYONE], protocols: [{}] }], ['all TCP by tcp: {}', { from: [EVERYONE], to: [EVERYONE], protocols: [{ tcp: {} }] }],
  ] as const) {
    it(`${what}: Accept matches nothing by it, Deny and Pass deny all`, () => {
      under([admin(ingress({ action: 'Accept', ...broken })), DENY_X], { 'z/a -> x/a': D });
      for (const action of ['Deny', 'Pass']) under([admin(ingress({ action, ...broken }))], { 'z/a -> x/a': D, 'z/a -> x/a:1/UDP': D });
    });
  }
  it('a range that ends before it begins', () => {
    const reversed = { from: [EVERYONE], to: [EVERYONE], protocols: [{ tcp: { destinationPort: { range: { start: 90, end: 80 } } } }] };
    under([admin(ingress({ action: 'Accept', ...reversed })), DENY_X], { 'z/a -> x/a:85': D });
    under([admin(ingress({ action: 'Deny', ...reversed }))], { 'z/a -> x/a:1/UDP': D });
  });
  it('a policy without a subject is about nobody', () => under([aClusterPolicy('none', { tier: 'Admin', priority: 1, ingress: [rule('Deny', EVERYONE)] })], { 'y/a -> x/a': A }));
  it('networks on ingress, and an unknown action', () => {
    under([admin(ingress(rule('Deny', { networks: ['1.0.0.0/8'] })))], { 'z/a -> x/a': D });
    under([admin(ingress(rule('Log', Y)))], { 'y/a -> x/a': D, 'z/a -> x/a': A });
  });
});

describe('tiers: a pod and itself', () => {
  const denyAll = [admin({ subject: EVERYONE, ingress: [rule('Deny', EVERYONE)] })];
  it('its own address is never policed', () => under(denyAll, { 'x/a -> x/a': A }));
  it('through a Service it is: a cluster policy decides', () => assert.equal(ask(aWorld(denyAll), 'x/a -> x/a', { throughService: true }).verdict, D));
  it('through a Service a NetworkPolicy may or may not', () => {
    const answer = ask(aWorld([DENY_X]), 'x/a -> x/a', { throughService: true });
    assert.deepEqual([answer.verdict, answer.ingress.codes], [U, ['hairpin']]);
    assert.equal(ask(aWorld([OPEN_X]), 'x/a -> x/a', { throughService: true }).verdict, A);
  });
});

describe('tiers: the decider', () => {
  it('is tier, policy, rule, peer and port', () => {
    const world = aWorld([admin(ingress(rule('Pass', Y), { action: 'Deny', from: [Y, EVERYONE], protocols: [{ udp: { destinationPort: { number: 1 } } }, { tcp: { destinationPort: { number: 80 } } }] }))]);
    assert.equal(deciderText(ask(world, 'z/a -> x/a'), 'Ingress'), 'ClusterNetworkPolicy admin-10 rule 1 peer 1 port 1');
    assert.equal(deciderText(ask(world, 'y/a -> x/a'), 'Ingress'), 'default');
  });
});
