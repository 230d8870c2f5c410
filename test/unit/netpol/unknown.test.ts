/** What is never guessed: policies of kinds that are not evaluated, and what the CNI decides. */
import assert from 'node:assert/strict';
import { createClassifier } from '../../../src/netpol/classifier.ts';
import { evaluate } from '../../../src/netpol/evaluate.ts';
import type { Code, OpaquePolicy, Options, Policy } from '../../../src/netpol/model.ts';
import { nearestRules } from '../../../src/netpol/near.ts';
import type { StoredSelector } from '../../../src/netpol/stored.ts';
import { aClusterPolicy, aNamespaceOf, anAdminPolicy, aNetworkPolicy, aPodOf, ask, aWorld, connectionOf } from '../../support/netpol.ts';

const cilium = (fields: Partial<OpaquePolicy> = {}): OpaquePolicy => ({ kind: 'Opaque', apiKind: 'CiliumNetworkPolicy', namespace: 'x', name: 'c', ...fields });

describe('policies of kinds that are not evaluated', () => {
  it('make unknown what they can change, and are named', () => {
    const answer = ask(aWorld([cilium()]), 'y/a -> x/a');
    assert.equal(answer.verdict, 'unknown');
    assert.deepEqual(answer.ingress.opaque, [{ kind: 'CiliumNetworkPolicy', namespace: 'x', name: 'c' }]);
    assert.deepEqual([answer.ingress.verdict, answer.egress.verdict], ['unknown', 'allowed']);
    assert.equal(answer.ingress.outcomes[0]?.verdict, 'allowed', 'what the others say is still there');
  });
  it('denied by the other side is denied all the same', () => assert.equal(ask(aWorld([cilium(), aNetworkPolicy('y/out', { policyTypes: ['Egress'] })]), 'y/a -> x/a').verdict, 'denied'));
  for (const [what, policy, text, verdict] of [
    ['another namespace', cilium({ namespace: 'z' }), 'y/a -> x/a', 'allowed'],
    ['the whole cluster', cilium({ namespace: undefined }), 'y/a -> x/a', 'unknown'],
    ['another direction', cilium({ scopes: [{ directions: ['Egress'] }] }), 'y/a -> x/a', 'allowed'],
    ['this direction', cilium({ scopes: [{ directions: ['Egress'] }] }), 'x/a -> y/a', 'unknown'],
    ['other pods', cilium({ scopes: [{ podSelector: { matchLabels: { pod: 'b' } } }] }), 'y/a -> x/a', 'allowed'],
    ['namespaces by label', cilium({ namespace: undefined, scopes: [{ namespaceSelector: { matchLabels: { ns: 'y' } } }] }), 'z/a -> x/a', 'allowed'],
    ['any of its scopes', cilium({ scopes: [{ podSelector: { matchLabels: { pod: 'b' } } }, { directions: ['Ingress'] }] }), 'y/a -> x/a', 'unknown'],
    ['nobody', cilium({ scopes: [] }), 'y/a -> x/a', 'allowed'],
    ['not what no policy governs', cilium({ namespace: undefined }), '1.2.3.4 -> z/host', 'allowed'],
    ['not a pod and itself', cilium({ namespace: undefined }), 'x/a -> x/a', 'allowed'],
  ] as const) it(`scope: ${what}`, () => assert.equal(ask(aWorld([policy]), text).verdict, verdict));
});

describe('questions that the CNI answers', () => {
  const inX = aNetworkPolicy('x/p', { ingress: [{ from: [{ namespaceSelector: {} }, { ipBlock: { cidr: '192.168.0.0/16' } }], ports: [{ protocol: 'SCTP', port: 1, endPort: 9 }] }, { from: [{ ipBlock: { cidr: '10.0.2.0/24' } }, { ipBlock: { cidr: '192.168.0.0/16' } }] }] });
  const outX = aNetworkPolicy('x/o', { policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '10.96.0.0/12' } }] }] });
  const inZ = aNetworkPolicy('z/p', { podSelector: { matchExpressions: [{ key: 'pod', operator: 'Exists' }] }, ingress: [{ ports: [{ port: 1 }] }] });
  const cases: readonly [string, 'ingress' | 'egress', string, string, readonly Code[]][] = [
    ['ipBlock and a pod', 'ingress', 'y/a -> x/a', 'unknown', ['cidr-vs-pod']],
    ['ipBlock and a remote node', 'ingress', '192.168.0.2 -> x/a', 'unknown', ['node-traffic']],
    ['a hostNetwork pod', 'ingress', 'z/host -> x/a', 'unknown', ['host-network', 'node-traffic']],
    ['SCTP, and a range of ports', 'ingress', 'y/a -> x/a:3/SCTP', 'allowed', ['end-port', 'sctp']],
    ['ICMP', 'ingress', 'y/a -> x/a:0/ICMP', 'unknown', ['cidr-vs-pod', 'icmp']],
    ['the address of a Service', 'egress', 'x/a -> 10.96.0.1', 'unknown', ['service-vip']],
    ['a pod without an address', 'egress', 'x/a -> z/new', 'unknown', ['startup']],
    ['a governed pod that starts: on a node, and without an address', 'ingress', 'y/a -> z/new', 'denied', ['startup']],
    ['none: an address outside', 'ingress', '1.2.3.4 -> x/a', 'denied', []],
    ['none: nothing is policed', 'ingress', 'x/a -> y/a:1/SCTP', 'allowed', []],
  ];
  for (const [what, direction, text, verdict, codes] of cases) {
    it(what, () => {
      const answer = ask(aWorld([inX, outX, inZ], { options: { ipBlockMatchesPods: 'unknown' } }), text)[direction];
      assert.deepEqual([answer.verdict, answer.codes], [verdict, codes]);
    });
  }
});

describe('namespaces of which nothing but the name is known', () => {
  const namespaces = [aNamespaceOf('x', { ns: 'x' }), { ...aNamespaceOf('y'), labelsUnknown: true }, aNamespaceOf('z', { ns: 'z' })];
  const asked = (policies: readonly Policy[], text: string) => ask(aWorld(policies, { namespaces }), text);
  const letsIn = (namespaceSelector: StoredSelector, podSelector?: StoredSelector): Policy => aNetworkPolicy('x/p', { ingress: [{ from: [{ namespaceSelector, podSelector }] }] });
  const NAME = 'kubernetes.io/metadata.name';
  const cases: readonly [string, Policy, string, string][] = [
    ['a label may be there', letsIn({ matchLabels: { team: 'front' } }), 'y/a -> x/a', 'unknown'],
    ['a label may be absent', letsIn({ matchExpressions: [{ key: 'pci', operator: 'NotIn', values: ['true'] }] }), 'y/a -> x/a', 'unknown'],
    ['the name is known', letsIn({ matchLabels: { [NAME]: 'y' } }), 'y/a -> x/a', 'allowed'],
    ['another name is wanted', letsIn({ matchLabels: { [NAME]: 'z', team: 'front' } }), 'y/a -> x/a', 'denied'],
    ['every namespace', letsIn({}), 'y/a -> x/a', 'allowed'],
    ['other pods are wanted', letsIn({ matchLabels: { team: 'front' } }, { matchLabels: { pod: 'b' } }), 'y/a -> x/a', 'denied'],
    ['a selector that contradicts itself', letsIn({ matchExpressions: [{ key: 'k', operator: 'Exists' }, { key: 'k', operator: 'DoesNotExist' }] }), 'y/a -> x/a', 'denied'],
    ['one whose labels are known', letsIn({ matchLabels: { team: 'front' } }), 'z/a -> x/a', 'denied'],
    ['a cluster policy may be about it', anAdminPolicy('deny', { subject: { namespaces: { matchLabels: { ns: 'y' } } }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] }), 'x/a -> y/a', 'unknown'],
    ['a cluster policy of all namespaces is', anAdminPolicy('deny', { subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] }), 'x/a -> y/a', 'denied'],
    ['a cluster policy that may be about it, and no rule of it matches', anAdminPolicy('deny', { subject: { namespaces: { matchLabels: { ns: 'y' } } }, ingress: [{ action: 'Deny', from: [{ namespaces: { matchLabels: { ns: 'z' } } }] }] }), 'x/a -> y/a', 'allowed'],
    ['a policy that is not evaluated', cilium({ namespace: undefined, scopes: [{ namespaceSelector: { matchLabels: { ns: 'y' } } }] }), 'z/a -> y/a', 'unknown'],
  ];
  for (const [what, policy, text, verdict] of cases) {
    it(what, () => {
      const { ingress } = asked([policy], text);
      assert.deepEqual([ingress.verdict, ingress.codes], [verdict, verdict === 'unknown' && policy.kind !== 'Opaque' ? ['namespace-labels'] : []]);
    });
  }

  it('the policy after one that may be about it has its say, too', () => {
    const policies = [
      anAdminPolicy('first', { priority: 1, subject: { namespaces: { matchLabels: { ns: 'y' } } }, ingress: [{ action: 'Allow', from: [{ namespaces: {} }] }] }),
      anAdminPolicy('second', { priority: 2, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] }),
    ];
    assert.deepEqual(asked(policies, 'x/a -> y/a').ingress.outcomes.map(({ verdict }) => verdict), ['allowed', 'denied']);
  });

  it('a class that a cluster policy may change is unknown, and names it', () => {
    const classifier = createClassifier({ ipBlockMatchesPods: 'yes' });
    for (const namespace of namespaces) classifier.upsertNamespace(namespace);
    classifier.upsertPolicy(anAdminPolicy('deny', { subject: { namespaces: { matchLabels: { ns: 'y' } } }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] }));
    for (const name of ['y/a', 'z/a']) classifier.upsertPod(aPodOf(name));
    classifier.flush();
    assert.deepEqual(['y', 'z'].map((name) => classifier.classOf(name, 'a', 'Ingress')?.class), ['unknown', 'open']);
    assert.deepEqual(classifier.classOf('y', 'a', 'Ingress')?.opaque.map(({ name }) => name), ['deny']);
    assert.equal(classifier.classOf('y', 'a', 'Egress')?.class, 'open', 'it has no rules there');
  });

  it('the nearest rules say what is not known', () => {
    const world = aWorld([letsIn({ matchLabels: { [NAME]: 'y', team: 'front' } })], { namespaces });
    const [nearest] = nearestRules(world, connectionOf('y/a -> x/a', world), 'Ingress');
    assert.deepEqual(nearest?.misses.map((miss) => [miss.kind, 'key' in miss ? miss.key : '']), [['namespace label not known', 'team']]);
  });
});

describe('a pod without an address, and ranges that hold every address', () => {
  const denying = (...networks: string[]): Policy => aClusterPolicy('deny', { tier: 'Baseline', priority: 1, subject: { namespaces: {} }, egress: [{ action: 'Deny', to: [{ networks }] }] });
  const allowing = (...cidrs: string[]): Policy => aNetworkPolicy('x/o', { policyTypes: ['Egress'], egress: [{ to: cidrs.map((cidr) => ({ ipBlock: { cidr } })) }] });
  const cases: readonly [string, Policy, Options['ipBlockMatchesPods'], string, readonly Code[]][] = [
    ['networks of both families', denying('0.0.0.0/0', '::/0'), 'unknown', 'denied', []],
    ['in halves', denying('::/0', '0.0.0.0/1', '128.0.0.0/1'), 'no', 'denied', []],
    ['of one family: the pod may get an address of the other', denying('0.0.0.0/0'), 'yes', 'unknown', ['startup']],
    ['all but one address', denying('0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/3', '::/0'), 'yes', 'unknown', ['startup']],
    ['ipBlock, where it matches pods', allowing('0.0.0.0/0', '::/0'), 'yes', 'allowed', []],
    ['ipBlock, where it does not', allowing('0.0.0.0/0', '::/0'), 'no', 'denied', []],
    ['ipBlock, where that is not known', allowing('0.0.0.0/0', '::/0'), 'unknown', 'unknown', ['startup']],
  ];
  for (const [what, policy, ipBlockMatchesPods, verdict, codes] of cases) {
    it(what, () => {
      const world = aWorld([policy], { options: { ipBlockMatchesPods } });
      const { from, to } = connectionOf('x/a -> z/new', world);
      const { egress } = evaluate(world, { from, to, protocol: 'TCP', port: 80 });
      assert.deepEqual([egress.verdict, egress.codes], [verdict, codes]);
    });
  }
  it('of the family that is asked for, one is enough', () => assert.equal(ask(aWorld([denying('0.0.0.0/0')]), 'x/a -> z/new').egress.verdict, 'denied'));
});
