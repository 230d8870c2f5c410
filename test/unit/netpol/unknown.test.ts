/** What is never guessed: policies of kinds that are not evaluated, and what the CNI decides. */
import assert from 'node:assert/strict';
import type { Code, OpaquePolicy } from '../../../src/netpol/model.ts';
import { aNetworkPolicy, ask, aWorld } from '../../support/netpol.ts';

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
