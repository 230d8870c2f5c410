/** Truth tables for NetworkPolicy v1, a title per rule of its semantics. Pods: see test/support/netpol.ts. */
import assert from 'node:assert/strict';
import type { Answer } from '../../../src/netpol/answer.ts';
import { evaluate } from '../../../src/netpol/evaluate.ts';
import type { Options } from '../../../src/netpol/model.ts';
import { policyTypesOf } from '../../../src/netpol/compile-network-policy.ts';
import type { StoredNetworkPolicySpec, StoredPeer, StoredPort } from '../../../src/netpol/stored.ts';
import { ask, aNetworkPolicy, aPodOf, aWorld, deciderText, expectVerdicts, PODS } from '../../support/netpol.ts';

type Verdicts = Readonly<Record<string, Answer['verdict']>>;
const A = 'allowed';
const D = 'denied';
const U = 'unknown';

/** Policies of namespace x, named p0, p1, … */
function inX(specs: readonly StoredNetworkPolicySpec[], expected: Verdicts, ipBlockMatchesPods: Options['ipBlockMatchesPods'] = 'yes'): void {
  expectVerdicts(aWorld(specs.map((spec, index) => aNetworkPolicy(`x/p${index}`, spec)), { options: { ipBlockMatchesPods } }), expected);
}
const from = (...peers: StoredPeer[]): StoredNetworkPolicySpec => ({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: peers }] });
const to = (...peers: StoredPeer[]): StoredNetworkPolicySpec => ({ podSelector: {}, policyTypes: ['Egress'], egress: [{ to: peers }] });
const onPorts = (...ports: StoredPort[]): StoredNetworkPolicySpec => ({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports }] });
const toPorts = (...ports: StoredPort[]): StoredNetworkPolicySpec => ({ podSelector: {}, policyTypes: ['Egress'], egress: [{ ports }] });

describe('NetworkPolicy: isolation', () => {
  it('no policy, no isolation', () => inX([], { 'x/a -> y/a': A, '1.2.3.4 -> x/a': A, 'x/a -> 1.2.3.4': A, 'x/a -> y/a:7/SCTP': A }));
  it('policyTypes absent or empty: Ingress, and Egress only where there is an egress rule', () => {
    const types = (spec: StoredNetworkPolicySpec | null | undefined): string => [...policyTypesOf(spec)].join('+');
    assert.deepEqual([{}, { policyTypes: [] }, { policyTypes: null }, { egress: [] }, { egress: null }, null, undefined].map(types), Array<string>(7).fill('Ingress'));
    assert.deepEqual([{ egress: [{}] }, { policyTypes: [], egress: [null] }].map(types), ['Ingress+Egress', 'Ingress+Egress']);
    assert.deepEqual([{ policyTypes: ['Egress'] }, { policyTypes: ['Egress', 'Egress', 'Ingress'] }].map(types), ['Egress', 'Ingress+Egress']);
  });
  it('spec {} denies all ingress of the namespace and no egress', () => inX([{}], { 'y/a -> x/a': D, 'x/a -> x/b': D, '1.2.3.4 -> x/a': D, 'x/a -> y/a': A, 'y/a -> y/b': A }));
  it('egress: [{}] without policyTypes isolates ingress as a side effect', () => inX([{ egress: [{}] }], { 'x/a -> y/a': A, 'y/a -> x/a': D }));
  it('egress: [] without policyTypes isolates ingress only', () => inX([{ egress: [] }], { 'x/a -> y/a': A, 'y/a -> x/a': D }));
  it('rules of a direction that is not listed are inert', () => {
    inX([{ policyTypes: ['Ingress'], egress: [{ to: [{ podSelector: { matchLabels: { no: 'one' } } }] }] }], { 'x/a -> y/a': A, 'y/a -> x/a': D });
    inX([{ policyTypes: ['Egress'], ingress: [{}] }], { 'x/a -> y/a': D, 'y/a -> x/a': A });
    inX([{ policyTypes: ['Ingress'] }, { policyTypes: ['Egress'], ingress: [{}] }], { 'y/a -> x/a': D });
  });
  it('only selected pods are isolated', () => inX([{ podSelector: { matchLabels: { pod: 'a' } } }], { 'y/a -> x/a': D, 'y/a -> x/b': A }));
  it('policies add up, in any order', () => {
    const specs = [from({ podSelector: {} }), from({ namespaceSelector: { matchLabels: { ns: 'y' } } }), {}];
    for (const order of [specs, specs.toReversed()]) inX(order, { 'x/b -> x/a': A, 'y/a -> x/a': A, 'z/a -> x/a': D });
  });
  it('both sides must allow', () => {
    const policies = [aNetworkPolicy('x/out', { policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: { matchLabels: { ns: 'y' } } }] }] }), aNetworkPolicy('y/in', {})];
    const answer = ask(aWorld(policies), 'x/a -> y/a');
    assert.deepEqual([answer.verdict, answer.egress.verdict, answer.ingress.verdict], [D, A, D]);
  });
});

describe('NetworkPolicy: rules', () => {
  it('null is not empty: a null rule, from: null and from: [] allow every source on every port', () => {
    for (const ingress of [[null], [{}], [{ from: null }], [{ from: [] }], [{ from: [], ports: null }]]) inX([{ policyTypes: ['Ingress'], ingress }], { 'y/a -> x/a:1/UDP': A, '1.2.3.4 -> x/a': A });
    for (const ingress of [null, undefined, []]) inX([{ policyTypes: ['Ingress'], ingress }], { 'y/a -> x/a': D });
  });
  it('from: [{}] cannot be stored, and matches nothing', () => inX([from({})], { 'y/a -> x/a': D }));
  it('`to` in an ingress rule is dropped when it is stored: every source', () => inX([{ policyTypes: ['Ingress'], ingress: [{ to: [{ podSelector: {} }] }] }], { 'y/a -> x/a': A }));
  it('podSelector alone: the own namespace', () => inX([from({ podSelector: { matchLabels: { pod: 'b' } } })], { 'x/b -> x/a': A, 'y/b -> x/a': D, 'x/a -> x/b': D }));
  it('namespaceSelector alone: all pods of those namespaces', () => inX([from({ namespaceSelector: { matchLabels: { ns: 'y' } } })], { 'y/a -> x/a': A, 'y/b -> x/a': A, 'z/a -> x/a': D, 'x/b -> x/a': D }));
  it('both in one peer: AND', () => inX([from({ namespaceSelector: { matchLabels: { ns: 'y' } }, podSelector: { matchLabels: { pod: 'b' } } })], { 'y/b -> x/a': A, 'y/a -> x/a': D, 'x/b -> x/a': D }));
  it('in two peers: OR', () => inX([from({ namespaceSelector: { matchLabels: { ns: 'y' } } }, { podSelector: { matchLabels: { pod: 'b' } } })], { 'y/a -> x/a': A, 'x/b -> x/a': A, 'z/a -> x/a': D }));
  it('an ipBlock stands alone: selectors beside it cannot be stored, and count for nothing', () => {
    inX([from({ ipBlock: { cidr: '1.0.0.0/8' }, namespaceSelector: {}, podSelector: {} })], { '1.2.3.4 -> x/a': A, 'y/a -> x/a': D, 'x/b -> x/a': D });
  });
  it('namespaceSelector {} is every pod, no external address and no hostNetwork pod', () => inX([from({ namespaceSelector: {} })], { 'y/a -> x/a': A, 'x/b -> x/a': A, '1.2.3.4 -> x/a': D, 'z/host -> x/a': D }));
  it('NotIn and DoesNotExist match an absent key, In and Exists do not', () => {
    const by = (operator: string, values?: string[]): StoredNetworkPolicySpec => from({ namespaceSelector: {}, podSelector: { matchExpressions: [{ key: 'tier', operator, values: values ?? null }] } });
    for (const [operator, values, verdict] of [['NotIn', ['web'], A], ['DoesNotExist', undefined, A], ['In', ['web'], D], ['Exists', undefined, D]] as const) inX([by(operator, values === undefined ? undefined : [...values])], { 'y/a -> x/a': verdict });
  });
  it('In without values matches nothing, and so does an operator that does not exist', () => {
    for (const expression of [{ key: 'pod', operator: 'In' }, { key: 'pod', operator: 'In', values: [] }, { key: 'pod', operator: 'Gt', values: ['1'] }]) inX([from({ namespaceSelector: {}, podSelector: { matchExpressions: [expression] } })], { 'y/a -> x/a': D });
  });
  it('all labels and expressions of a selector must hold', () => inX([from({ namespaceSelector: {}, podSelector: { matchLabels: { pod: 'a' }, matchExpressions: [{ key: 'pod', operator: 'NotIn', values: ['a'] }] } })], { 'y/a -> x/b': D }));
});

describe('NetworkPolicy: ports', () => {
  it('no ports: all protocols and ports', () => inX([onPorts()], { 'y/a -> x/a:1': A, 'y/a -> x/a:65535/UDP': A, 'y/a -> x/a:9/SCTP': A }));
  it('no protocol: TCP', () => inX([onPorts({ port: 80 })], { 'y/a -> x/a:80': A, 'y/a -> x/a:80/UDP': D, 'y/a -> x/a:81': D }));
  it('no port: all ports of the protocol', () => inX([onPorts({ protocol: 'UDP' })], { 'y/a -> x/a:1/UDP': A, 'y/a -> x/a:65535/UDP': A, 'y/a -> x/a:1/TCP': D }));
  it('a rule needs a port and a peer', () => inX([{ ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] }], { 'x/b -> x/a:80': A, 'x/b -> x/a:81': D, 'y/b -> x/a:80': D }));
  it('a name is looked up on the destination: ingress on the selected pod', () => inX([onPorts({ port: 'web' })], { 'y/a -> x/a:80': A, 'y/a -> x/a:8080': D, 'y/a -> x/b:8080': A, 'y/a -> x/b:80': D }));
  it('a name is looked up on the destination: egress on the peer', () => inX([toPorts({ port: 'web' })], { 'x/a -> y/a:80': A, 'x/a -> y/b:8080': A, 'x/a -> y/b:80': D }));
  it('a name counts with its protocol', () => inX([onPorts({ port: 'dns' }, { port: 'web', protocol: 'UDP' })], { 'y/a -> x/a:53/UDP': D, 'y/a -> x/a:53': D, 'y/a -> x/a:80/UDP': D }));
  it('a name that is not declared matches nothing, never everything', () => inX([onPorts({ port: 'nope' })], { 'y/a -> x/a:80': D, 'y/a -> x/a:8080': D }));
  it('a name means nothing for an address outside', () => inX([toPorts({ port: 'web' })], { 'x/a -> 1.2.3.4:80': D }));
  it('a number as a string is a name, and nobody has such a name', () => inX([onPorts({ port: '80' })], { 'y/a -> x/a:80': D }));
  it('a range that ends before it begins is empty', () => inX([onPorts({ port: 200, endPort: 100 })], { 'y/a -> x/a:100': D, 'y/a -> x/a:150': D, 'y/a -> x/a:200': D }));
  it('endPort belongs to the range', () => inX([onPorts({ port: 100, endPort: 200 })], { 'y/a -> x/a:99': D, 'y/a -> x/a:100': A, 'y/a -> x/a:200': A, 'y/a -> x/a:201': D, 'y/a -> x/a:150/UDP': D }));
  it('SCTP alone isolates TCP and UDP, and is not read as TCP', () => inX([onPorts({ protocol: 'SCTP', port: 80 })], { 'y/a -> x/a:80/SCTP': A, 'y/a -> x/a:80': D, 'y/a -> x/a:80/UDP': D }));
  it('ICMP passes rules without ports only', () => {
    inX([onPorts({ protocol: 'TCP' }, { protocol: 'UDP' }, { protocol: 'SCTP' })], { 'y/a -> x/a:0/ICMP': D });
    inX([onPorts()], { 'y/a -> x/a:0/ICMP': A });
  });
});

describe('NetworkPolicy: addresses', () => {
  it('except carves out of its own peer and denies nothing', () => {
    inX([from({ ipBlock: { cidr: '1.0.0.0/8', except: ['1.2.0.0/16'] } })], { '1.1.0.1 -> x/a': A, '1.2.0.1 -> x/a': D, '1.3.0.0 -> x/a': A });
    inX([from({ ipBlock: { cidr: '1.0.0.0/8', except: ['1.2.0.0/16'] } }, { ipBlock: { cidr: '1.2.3.0/24' } })], { '1.2.3.1 -> x/a': A, '1.2.4.1 -> x/a': D });
    inX([from({ ipBlock: { cidr: '1.0.0.0/8', except: ['1.2.0.0/16'] } }), from({ ipBlock: { cidr: '1.2.0.0/15' } })], { '1.2.4.1 -> x/a': A });
  });
  it('families never cross', () => {
    inX([to({ ipBlock: { cidr: '0.0.0.0/0' } })], { 'x/a -> 8.8.8.8': A, 'x/a -> [2001:db8::1]': D });
    inX([to({ ipBlock: { cidr: '::/0' } })], { 'x/a -> [2001:db8::1]': A, 'x/a -> 8.8.8.8': D });
  });
  it('what older API servers let through is read leniently: host bits, leading zeros, mapped addresses', () => {
    for (const cidr of ['1.2.3.4/8', '001.002.003.004/8', '::ffff:1.0.0.0/104']) inX([from({ ipBlock: { cidr } })], { '1.9.9.9 -> x/a': A, '2.0.0.0 -> x/a': D });
    for (const cidr of ['', 'x', '1.2.3.4', '1.2.3.4/33', '1.2.3/8', '::1/129', ':::/0']) inX([from({ ipBlock: { cidr } })], { '1.2.3.4 -> x/a': D });
  });
  it('whether a block matches pods is an option', () => {
    const spec = to({ ipBlock: { cidr: '10.0.0.0/8' } });
    inX([spec], { 'x/a -> y/a': A, 'x/a -> 10.9.9.9': A }, 'yes');
    inX([spec], { 'x/a -> y/a': D, 'x/a -> 10.9.9.9': A }, 'no');
    inX([spec], { 'x/a -> y/a': U, 'x/a -> 10.9.9.9': A, 'x/a -> 11.0.0.1': D }, 'unknown');
    inX([spec, to({ podSelector: {} }, { namespaceSelector: {} })], { 'x/a -> y/a': A }, 'unknown');
  });
  it('the address of a pod stands for the pod', () => inX([from({ namespaceSelector: { matchLabels: { ns: 'y' } } })], { '10.0.2.1 -> x/a': A, '10.0.3.1 -> x/a': D, '[fd00::2:1] -> x/a': A }));
  it('dual stack: a family for each connection, unknown where they differ', () => {
    const world = aWorld([aNetworkPolicy('x/p', to({ ipBlock: { cidr: '10.0.0.0/8' } }))]);
    const [pod, peer] = [PODS[0]!, PODS[2]!];
    const between = (family?: 'IPv4' | 'IPv6'): Answer => evaluate(world, { from: { pod }, to: { pod: peer }, protocol: 'TCP', port: 80, ...(family === undefined ? {} : { family }) });
    assert.deepEqual([between('IPv4').verdict, between('IPv6').verdict, between().verdict], [A, D, U]);
    assert.deepEqual(between().egress.codes, ['ip-family']);
    expectVerdicts(aWorld([aNetworkPolicy('x/p', {})]), { 'y/a -> x/a': D });
  });
});

describe('NetworkPolicy: pods', () => {
  const allPods = from({ namespaceSelector: {} });
  it('a finished pod is no peer, and its address is nobody\'s', () => inX([allPods], { '10.0.3.9 -> x/a': D, 'z/done -> x/a': D }));
  it('the address of a finished pod may be another pod\'s by now', () => {
    const pods = [...PODS, aPodOf('y/reused', { labels: { pod: 'a' }, ips: ['10.0.3.9'] })];
    for (const order of [pods, pods.toReversed()]) expectVerdicts(aWorld([aNetworkPolicy('x/p', from({ namespaceSelector: { matchLabels: { ns: 'y' } } }))], { pods: order }), { '10.0.3.9 -> x/a': A });
  });
  it('a finished pod is governed by nothing', () => expectVerdicts(aWorld([aNetworkPolicy('z/deny', {})]), { 'x/a -> z/done': A }));
  it('a terminating pod still counts', () => inX([allPods], { 'z/a -> x/a': A }));
  it('a pod without address counts by its labels', () => {
    inX([allPods], { 'z/new -> x/a': A });
    inX([from({ ipBlock: { cidr: '10.0.0.0/8' } })], { 'z/new -> x/a': U });
  });
  it('the address of a hostNetwork pod is its node\'s', () => inX([allPods], { '192.168.0.2 -> x/a': D }));
  it('a hostNetwork pod is not governed', () => expectVerdicts(aWorld([aNetworkPolicy('z/deny', {})]), { 'x/a -> z/host': A, 'x/a -> z/a': D }));
  it('the pod\'s own node always reaches it, others do not', () => inX([{}], { '192.168.0.1 -> x/a': A, '192.168.0.2 -> x/a': D, 'z/host -> x/a': D }));
  it('a pod always reaches its own address', () => inX([{ policyTypes: ['Ingress', 'Egress'] }], { 'x/a -> x/a': A, '10.0.1.1 -> x/a': A, 'x/a -> x/b': D }));
  it('sidecars count: any declared port of the pod', () => {
    const world = aWorld([aNetworkPolicy('x/p', onPorts({ port: 'admin' }))], { pods: [...PODS, aPodOf('x/c', { ips: ['10.0.1.3'], ports: { web: 80, admin: 9901 } })] });
    expectVerdicts(world, { 'y/a -> x/c:9901': A, 'y/a -> x/c:80': D });
  });
  it('labels of namespaces act at once', () => {
    const policies = [aNetworkPolicy('x/p', from({ namespaceSelector: { matchLabels: { team: 'red' } } }))];
    expectVerdicts(aWorld(policies), { 'y/a -> x/a': D });
    expectVerdicts(aWorld(policies, { namespaces: [{ name: 'y', labels: new Map([['team', 'red']]) }] }), { 'y/a -> x/a': A });
  });
  it('labels of pods act at once, on both sides', () => {
    const policies = [aNetworkPolicy('x/p', { ...from({ namespaceSelector: {}, podSelector: { matchLabels: { pod: 'b' } } }), podSelector: { matchLabels: { pod: 'a' } } })];
    const relabelled = (id: string, pod: string) => PODS.map((each) => (`${each.namespace}/${each.name}` === id ? { ...each, labels: new Map([['pod', pod]]) } : each));
    expectVerdicts(aWorld(policies), { 'y/a -> x/a': D });
    expectVerdicts(aWorld(policies, { pods: relabelled('y/a', 'b') }), { 'y/a -> x/a': A });
    expectVerdicts(aWorld(policies, { pods: relabelled('x/a', 'c') }), { 'y/a -> x/a': A });
  });
  it('a label `name` is not the name of a namespace', () => inX([from({ namespaceSelector: { matchLabels: { name: 'y' } } })], { 'y/a -> x/a': D }));
  it('every namespace has its name as a label, known or not', () => inX([from({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'y' } } })], { 'y/a -> x/a': A, 'z/a -> x/a': D }));
});

describe('NetworkPolicy: Services', () => {
  it('a policy sees the pod behind a Service and its port, not the address and port of the Service', () => {
    inX([to({ namespaceSelector: { matchLabels: { ns: 'y' } } })], { 'x/a -> y/a:8080': A, 'x/a -> 10.96.0.1:80': U });
    inX([toPorts({ port: 8080 })], { 'x/a -> y/a:8080': A, 'x/a -> y/a:80': D });
  });
  it('through a node port the source may be a node', () => inX([from({ ipBlock: { cidr: '8.8.8.8/32' } })], { '8.8.8.8 -> x/a': A, '192.168.0.2 -> x/a': D }));
  it('without isolation the address of a Service is as allowed as any', () => inX([], { 'x/a -> 10.96.0.1': A }));
});

describe('NetworkPolicy: the decider', () => {
  it('is policy, rule, peer and port', () => {
    const world = aWorld([aNetworkPolicy('x/p', { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 1 }] }, { from: [{ ipBlock: { cidr: '1.0.0.0/8' } }, { namespaceSelector: {} }], ports: [{ port: 7 }, { port: 80 }] }] })]);
    assert.equal(deciderText(ask(world, 'y/a -> x/a'), 'Ingress'), 'NetworkPolicy x/p rule 1 peer 1 port 1');
    assert.equal(deciderText(ask(world, 'y/a -> x/a'), 'Egress'), 'default');
    assert.equal(deciderText(ask(world, 'y/a -> x/a:2'), 'Ingress'), 'isolated');
    assert.deepEqual(ask(world, 'y/a -> x/a:2').ingress.isolating, [{ kind: 'NetworkPolicy', namespace: 'x', name: 'p' }]);
  });
  it('says any where the rule has no list', () => assert.equal(deciderText(ask(aWorld([aNetworkPolicy('x/p', { ingress: [{}] })]), 'y/a -> x/a'), 'Ingress'), 'NetworkPolicy x/p rule 0 peer any port any'));
  it('names what needs no policy', () => {
    const world = aWorld([aNetworkPolicy('x/p', {})]);
    assert.deepEqual(['1.2.3.4 -> 5.6.7.8', 'x/a -> x/a', '192.168.0.1 -> x/a'].map((text) => deciderText(ask(world, text), 'Ingress')), ['not governed', 'self', 'own node']);
  });
});
