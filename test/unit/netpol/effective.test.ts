/** Effective classes: what the union of all policies lets through, as a set, and who is to blame. */
import assert from 'node:assert/strict';
import type { Direction } from '../../../src/api/network-policy.ts';
import { createClassifier } from '../../../src/netpol/classifier.ts';
import type { PodClassName } from '../../../src/netpol/classify.ts';
import type { Family, Options, Pod, Policy } from '../../../src/netpol/model.ts';
import type { StoredNetworkPolicySpec, StoredPeer, StoredPort, StoredSelector } from '../../../src/netpol/stored.ts';
import { aClusterPolicy, aNamespaceOf, aNetworkPolicy, aPodOf } from '../../support/netpol.ts';
import { classIn, classifierOf, defeatingIn } from '../../support/netpol-class.ts';

const POD = aPodOf('x/a', { labels: { pod: 'a' }, ips: ['10.0.1.1'], ports: { web: 80 } });
const DENY: StoredNetworkPolicySpec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };
const ALL_PORTS = ['TCP', 'UDP', 'SCTP'].map((protocol) => ({ protocol, port: 1, endPort: 65_535 }));
const block = (cidr: string, ...except: string[]): StoredPeer => ({ ipBlock: { cidr, except } });
const ALL_PODS: StoredPeer = { namespaceSelector: {} };
const has = (key: string, operator: string, ...values: string[]): StoredSelector => ({ matchExpressions: [{ key, operator, values }] });
const allow = (peers: StoredPeer[], ports: StoredPort[] = []): StoredNetworkPolicySpec => ({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: peers, ports }] });
const allowOut = (peers: StoredPeer[], ports: StoredPort[] = []): StoredNetworkPolicySpec => ({ podSelector: {}, policyTypes: ['Egress'], egress: [{ to: peers, ports }] });

interface Case { readonly more?: readonly Policy[]; readonly pods?: readonly Pod[]; readonly options?: Options['ipBlockMatchesPods']; readonly direction?: Direction }

/** Policies of x are named p0, p1, … in order; default-deny is there beside them. */
function classified(specs: readonly StoredNetworkPolicySpec[], { more = [], pods = [], options = 'yes' }: Case = {}) {
  return classifierOf({
    namespaces: [aNamespaceOf('x'), aNamespaceOf('y')], pods: [POD, ...pods], options: { ipBlockMatchesPods: options },
    policies: [aNetworkPolicy('x/default-deny', DENY), ...specs.map((spec, index) => aNetworkPolicy(`x/p${index}`, spec)), ...more],
  });
}

function is(expected: PodClassName, specs: readonly StoredNetworkPolicySpec[], defeating: readonly string[] = [], { direction = 'Ingress', ...more }: Case = {}): void {
  const classifier = classified(specs, more);
  assert.equal(classIn(classifier, 'x/a', direction).class, expected);
  assert.deepEqual(defeatingIn(classifier, 'x/a', direction), defeating);
}

describe('class: allow-all is what is total, however it is written', () => {
  const sees = (what: string, specs: readonly StoredNetworkPolicySpec[], defeating: readonly string[], more: Case = {}): void => {
    it(what, () => is('allow-all', specs, defeating, more));
  };
  sees('an empty rule', [{ ingress: [{}] }], ['x/p0[0]']);
  sees('an empty rule on egress', [{ egress: [{}] }], ['x/p0[0]'], { direction: 'Egress' });
  sees('halves of the addresses, and all pods', [allow([block('0.0.0.0/1'), block('128.0.0.0/1'), ALL_PODS])], ['x/p0[0]']);
  sees('all addresses alone, where blocks match pods', [allow([block('0.0.0.0/0')])], ['x/p0[0]']);
  sees('every port of all three protocols', [allow([], ALL_PORTS)], ['x/p0[0]']);
  sees('every port in pieces', [{ ingress: [{ ports: [{ port: 1, endPort: 100 }, { port: 101, endPort: 65_535 }] }, { ports: [{ protocol: 'UDP' }] }, { ports: [{ protocol: 'SCTP' }] }] }], ['x/p0[0,1,2]']);
  sees('labels that are there, or not', [allow([block('0.0.0.0/0'), { namespaceSelector: has('k', 'Exists') }, { namespaceSelector: has('k', 'DoesNotExist') }])], ['x/p0[0]'], { options: 'no' });
  sees('a value, or any other', [allow([block('0.0.0.0/0'), { namespaceSelector: {}, podSelector: has('k', 'In', 'a', 'b') }, { namespaceSelector: {}, podSelector: has('k', 'NotIn', 'b', 'a') }])], ['x/p0[0]'], { options: 'no' });
  sees('labels of two keys, split', [allow([block('0.0.0.0/0'), { namespaceSelector: has('a', 'Exists') }, { namespaceSelector: has('a', 'DoesNotExist'), podSelector: has('b', 'In', '1') }, { namespaceSelector: has('a', 'DoesNotExist'), podSelector: has('b', 'NotIn', '1') }])], ['x/p0[0]'], { options: 'no' });
  sees('the own namespace, and all others by name', [allow([block('0.0.0.0/0'), { podSelector: {} }, { namespaceSelector: has('kubernetes.io/metadata.name', 'NotIn', 'x') }])], ['x/p0[0]'], { options: 'no' });
  sees('every namespace has a name', [allow([block('0.0.0.0/0'), { namespaceSelector: has('kubernetes.io/metadata.name', 'Exists') }])], ['x/p0[0]'], { options: 'no' });
  sees('two policies together', [allow([block('0.0.0.0/1')]), allow([block('128.0.0.0/1')])], ['x/p0[0]', 'x/p1[0]']);
  sees('an except that another policy fills', [allow([block('0.0.0.0/0', '10.0.0.0/8')]), allow([block('10.0.0.0/9')]), allow([block('10.128.0.0/9'), block('9.0.0.0/8')])], ['x/p0[0]', 'x/p1[0]', 'x/p2[0]']);
  sees('the smallest set: what is not needed is not named', [allow([block('0.0.0.0/1')]), allow([block('1.2.3.4/32')]), allow([block('128.0.0.0/1')]), allow([ALL_PODS], [{ port: 80 }])], ['x/p0[0]', 'x/p2[0]']);
  sees('one policy before two', [allow([block('0.0.0.0/1')]), allow([block('128.0.0.0/1')]), { ingress: [{ ports: [{ port: 1 }] }, {}] }], ['x/p2[1]']);
  sees('a cluster policy that accepts the rest', [allow([block('0.0.0.0/0')])], ['clus[0]', 'x/p0[0]'], { options: 'no', more: [aClusterPolicy('clus', { tier: 'Admin', priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Accept', from: [{ namespaces: {} }] }] })] });

  const misses = (what: string, expected: PodClassName, specs: readonly StoredNetworkPolicySpec[], more: Case = {}): void => {
    it(`not: ${what}`, () => {
      const classifier = classified(specs, more);
      assert.equal(classIn(classifier, 'x/a', more.direction ?? 'Ingress').class, expected);
    });
  };
  misses('one port short', 'allow-any-external', [allow([], [...ALL_PORTS.slice(0, 2), { protocol: 'SCTP', port: 2, endPort: 65_535 }])]);
  misses('one address short', 'allow-any-external', [allow([block('0.0.0.0/0', '10.1.2.3/32'), ALL_PODS])]);
  misses('all pods, no address', 'allow-cluster', [allow([ALL_PODS])]);
  misses('all addresses, where blocks skip pods', 'allow-any-external', [allow([block('0.0.0.0/0')])], { options: 'no' });
  misses('a value short', 'allow-any-external', [allow([block('0.0.0.0/0'), { namespaceSelector: has('k', 'Exists') }, { namespaceSelector: has('k', 'In', 'a') }])], { options: 'no' });
  misses('the family that pods use besides', 'allow-any-external', [allow([block('0.0.0.0/0'), ALL_PODS])], { pods: [aPodOf('y/six', { ips: ['fd00::9'] })] });
  misses('an Admin tier that denies a port', 'allow-any-external', [{ ingress: [{}] }], { more: [aClusterPolicy('c', { tier: 'Admin', priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }], protocols: [{ tcp: { destinationPort: { number: 80 } } }] }] })] });
  misses('named ports of peers, with all numbers but one', 'allow-any-external', [allowOut([], [...ALL_PORTS.slice(1), { port: 2, endPort: 65_535 }, { port: 'web' }])], { direction: 'Egress' });
});

describe('class: the others', () => {
  it('open: no policy isolates, and no tier denies', () => {
    const classifier = classifierOf({ namespaces: [], pods: [POD], policies: [aNetworkPolicy('x/p', { podSelector: has('pod', 'In', 'b') }), aNetworkPolicy('x/in', { policyTypes: ['Ingress'] })], options: { ipBlockMatchesPods: 'yes' } });
    assert.deepEqual([classIn(classifier, 'x/a', 'Egress').class, classIn(classifier, 'x/a', 'Ingress').class], ['open', 'closed']);
    assert.deepEqual(defeatingIn(classifier, 'x/a', 'Egress'), []);
  });
  it('closed: nothing passes; a rule that nobody can match changes nothing', () => {
    is('closed', []);
    is('closed', [allow([{ namespaceSelector: has('k', 'In', 'a'), podSelector: { matchLabels: { p: '1' }, ...has('p', 'NotIn', '1') } }]), allow([block('10.0.0.0/8', '10.0.0.0/9', '10.128.0.0/9')]), allow([{}])]);
  });
  it('closed: a named port that the pod does not declare', () => is('closed', [allow([], [{ port: 'nope' }])]));
  it('restricted: anything narrower', () => {
    is('restricted', [allow([{ podSelector: {} }])]);
    is('restricted', [allow([block('10.0.0.0/8')])]);
    is('restricted', [allow([{ namespaceSelector: has('k', 'Exists') }])]);
    is('restricted', [allowOut([ALL_PODS], [{ port: 'web' }])], [], { direction: 'Egress' });
  });
  it('allow-any-external: one port is enough, excepts do not help', () => {
    is('allow-any-external', [allow([block('0.0.0.0/0')], [{ port: 443 }])], ['x/p0[0]']);
    is('allow-any-external', [allowOut([block('0.0.0.0/0', '10.0.0.0/8', '169.254.169.254/32')], [{ port: 443 }])], ['x/p0[0]'], { direction: 'Egress' });
    is('allow-any-external', [allow([], [{ port: 'web' }])], ['x/p0[0]']);
    is('restricted', [allow([block('0.0.0.0/1')], [{ port: 443 }])]);
  });
  it('allow-any-external: a family that the cluster does not use does not count', () => is('closed', [allow([block('::/0')])]));
  it('allow-cluster: one port is enough', () => is('allow-cluster', [allow([{ namespaceSelector: {}, podSelector: {} }], [{ port: 80 }])], ['x/p0[0]']));
  it('flags: the ports, and what else is so', () => {
    const { effective } = classIn(classified([allow([block('0.0.0.0/0')], [{ port: 443 }, { port: 444, endPort: 450 }]), allow([ALL_PODS], [{ protocol: 'UDP', port: 53 }])], { options: 'no' }), 'x/a', 'Ingress');
    assert.deepEqual(effective?.anyExternal, [{ protocol: 'TCP', first: 443, last: 450 }]);
    assert.deepEqual(effective.allPods, [{ protocol: 'UDP', first: 53, last: 53 }]);
    assert.deepEqual([effective.isolated, effective.exact, effective.leavesBaseline], [true, true, false]);
  });
  it('flags: a NetworkPolicy that takes the pod out of Baseline', () => {
    const more = [aClusterPolicy('base', { tier: 'Baseline', priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] })];
    assert.deepEqual((['Ingress', 'Egress'] as const).map((direction) => classIn(classified([], { more }), 'x/a', direction).effective?.leavesBaseline), [true, false]);
  });
  it('both classes where it is open whether blocks match pods; the weaker one counts', () => {
    const found = classIn(classified([allow([block('0.0.0.0/0')])], { options: 'unknown' }), 'x/a', 'Ingress');
    assert.deepEqual([found.class, found.ifBlocksSkipPods, found.effective?.codes], ['allow-all', 'allow-any-external', ['cidr-vs-pod']]);
    assert.equal(classIn(classified([allow([ALL_PODS])], { options: 'unknown' }), 'x/a', 'Ingress').ifBlocksSkipPods, undefined);
  });
  it('a pod without an address has a class like any other', () => {
    const classifier = classified([], { pods: [aPodOf('x/new', { ips: [] })] });
    assert.equal(classIn(classifier, 'x/new', 'Ingress').class, 'closed');
  });
  it('not-coverable: hostNetwork; a finished pod has none', () => {
    const classifier = classified([], { pods: [aPodOf('x/h', { hostNetwork: true }), aPodOf('x/d', { terminal: true })] });
    assert.equal(classIn(classifier, 'x/h', 'Ingress').class, 'not-coverable');
    assert.equal(classifier.classOf('x', 'd', 'Ingress'), undefined);
  });
  it('unknown: a policy that is not evaluated has a say, and is named', () => {
    const found = classIn(classified([], { more: [{ kind: 'Opaque', apiKind: 'GlobalNetworkPolicy', name: 'g', scopes: [{ directions: ['Ingress'] }] }] }), 'x/a', 'Ingress');
    assert.deepEqual([found.class, found.effective?.class, found.opaque], ['unknown', 'closed', [{ kind: 'GlobalNetworkPolicy', namespace: undefined, name: 'g' }]]);
  });
});

describe('class: tiers', () => {
  const cluster = (tier: string, action: string, more: object, direction: 'ingress' | 'egress' = 'ingress'): Policy => aClusterPolicy(`${tier}-${action}`, {
    tier, priority: 1, subject: { namespaces: {} }, [direction]: [{ action, [direction === 'ingress' ? 'from' : 'to']: [{ namespaces: {} }], ...more }],
  });
  const alone = (policy: Policy, direction: Direction): PodClassName => classIn(classifierOf({ namespaces: [], pods: [POD], policies: [policy], options: { ipBlockMatchesPods: 'yes' } }), 'x/a', direction).class;
  it('an Admin Deny of all pods leaves the addresses outside', () => assert.equal(alone(cluster('Admin', 'Deny', {}), 'Ingress'), 'allow-any-external'));
  it('a Baseline Deny of everything closes a pod that no NetworkPolicy selects', () => assert.equal(alone(cluster('Baseline', 'Deny', { to: [{ networks: ['0.0.0.0/0', '::/0'] }] }, 'egress'), 'Egress'), 'closed'));
  it('an Admin Accept opens what NetworkPolicies close', () => is('allow-cluster', [], ['Admin-Accept[0]'], { more: [cluster('Admin', 'Accept', {})] }));
  it('Pass before Deny leaves the decision to NetworkPolicies', () => {
    const pass = aClusterPolicy('p', { tier: 'Admin', priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Pass', from: [{ namespaces: { matchLabels: { k: 'v' } } }] }, { action: 'Deny', from: [{ namespaces: {} }] }] });
    is('restricted', [allow([ALL_PODS])], [], { more: [pass] });
  });
  it('a node that a rule tells apart', () => {
    assert.equal(alone(cluster('Admin', 'Deny', { to: [{ nodes: { matchLabels: { role: 'cp' } } }] }, 'egress'), 'Egress'), 'allow-any-external');
  });
  it('domain names let something through, not everything', () => is('restricted', [], [], { direction: 'Egress', more: [cluster('Admin', 'Accept', { to: [{ domainNames: ['*.example.com'] }] }, 'egress')] }));
  it('a search that is too large looks at the pods that exist, and says so', () => {
    let seed = 7;
    const next = (below: number): number => { seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31; return Math.floor((seed / 2 ** 31) * below); };
    const literal = () => ({ key: `k${next(40)}`, operator: next(2) === 0 ? 'In' : 'NotIn', values: ['v'] });
    const hard = [allow([block('0.0.0.0/0'), ...Array.from({ length: 260 }, (): StoredPeer => ({ namespaceSelector: {}, podSelector: { matchExpressions: [literal(), literal(), literal()] } }))])];
    const found = classIn(classified(hard, { options: 'no' }), 'x/a', 'Ingress');
    assert.deepEqual([found.class, found.effective?.exact], ['allow-all', false]);
    const began = performance.now();
    classified(hard, { options: 'no' });
    assert.ok(performance.now() - began < 5000, 'it is bounded');
  });
});

describe('classes while no family is known', () => {
  const unaddressed = [aPodOf('x/a', { labels: { pod: 'a' }, ips: [] })];
  const rule = (...cidrs: string[]) => ({ ingress: [{ from: cidrs.map((cidr) => ({ ipBlock: { cidr } })) }] });
  const classesWith = (spec: StoredNetworkPolicySpec, pods: readonly Pod[] = unaddressed, families?: readonly Family[]) => {
    const classifier = createClassifier({ ipBlockMatchesPods: 'yes' }, families === undefined ? {} : { beforeAddresses: families });
    classifier.upsertPolicy(aNetworkPolicy('x/deny', {}));
    classifier.upsertPolicy(aNetworkPolicy('x/p', spec));
    for (const pod of pods) classifier.upsertPod(pod);
    classifier.flush();
    return { classifier, found: classIn(classifier, 'x/a', 'Ingress') };
  };

  for (const [what, spec, unknown, live] of [
    ['all of IPv6', rule('::/0'), 'allow-all', 'closed'],
    ['all of IPv4', rule('0.0.0.0/0'), 'allow-all', 'allow-all'],
    ['some of IPv6', rule('2001:db8::/32'), 'restricted', 'closed'],
    ['pods', { ingress: [{ from: [{ podSelector: {} }] }] }, 'restricted', 'restricted'],
    ['nobody', {}, 'closed', 'closed'],
  ] as const) {
    it(`${what}: the weakest of both where they are not known, and as IPv4 has it in a live cluster`, () => {
      assert.deepEqual([classesWith(spec, unaddressed, []).found.class, classesWith(spec).found.class], [unknown, live]);
    });
  }
  it('names every port that is open in one of them, and who opens it', () => {
    const spec = { ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 80 }] }, { from: [{ ipBlock: { cidr: '::/0' } }], ports: [{ port: 443 }] }] };
    const { classifier, found } = classesWith(spec, unaddressed, []);
    assert.deepEqual([found.class, found.effective?.anyExternal.map(({ first }) => first)], ['allow-any-external', [80, 443]]);
    assert.deepEqual(defeatingIn(classifier, 'x/a', 'Ingress'), ['x/p[0]']);
    assert.deepEqual(defeatingIn(classesWith(rule('::/0'), unaddressed, []).classifier, 'x/a', 'Ingress'), ['x/p[0]']);
  });
  it('the first address of a pod says which one it is', () => {
    const { classifier } = classesWith(rule('::/0'), unaddressed, []);
    classifier.upsertPod(aPodOf('x/b', { ips: ['10.0.0.1'] }));
    classifier.flush();
    assert.equal(classIn(classifier, 'x/a', 'Ingress').class, 'closed');
  });
});
