/** Canonical specs: what is the same policy has one form, what is another has another, and nothing is left to defaults. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hashedSpec, wireSpec } from '../../../src/api/canonical.ts';
import { shortHash, stableJson } from '../../../src/api/hash.ts';
import type { NetworkPolicySpec, Peer } from '../../../src/api/network-policy.ts';

const spec = (rest: Partial<NetworkPolicySpec>): NetworkPolicySpec => ({ podSelector: {}, policyTypes: ['Ingress'], ...rest });
const withPeer = (peer: Peer): NetworkPolicySpec => spec({ ingress: [{ from: [peer] }] });
const same = (a: NetworkPolicySpec, b: NetworkPolicySpec) => hashedSpec(a).hash === hashedSpec(b).hash;

describe('wireSpec', () => {
  it('spells out lists and protocols', () => {
    assert.deepEqual(wireSpec(spec({ ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] })), {
      podSelector: {}, policyTypes: ['Ingress'], egress: [],
      ingress: [{ from: [{ podSelector: {} }], ports: [{ protocol: 'TCP', port: 80 }] }],
    });
  });

  const equal: readonly [string, NetworkPolicySpec, NetworkPolicySpec][] = [
    ['a missing list and an empty one', spec({}), spec({ ingress: [], egress: [] })],
    ['an empty from and none', spec({ ingress: [{ from: [] as Peer[] }] }), spec({ ingress: [{}] })],
    ['no protocol and TCP', spec({ egress: [{ ports: [{ port: 1 }] }] }), spec({ egress: [{ ports: [{ port: 1, protocol: 'TCP' }] }] })],
    ['policyTypes in any order', spec({ policyTypes: ['Egress', 'Ingress'] }), spec({ policyTypes: ['Ingress', 'Egress'] })],
    ['an empty selector and one of empty parts', withPeer({ podSelector: { matchLabels: {}, matchExpressions: [] } }), withPeer({ podSelector: {} })],
    ['labels in any order', spec({ podSelector: { matchLabels: { a: '1', b: '2' } } }), spec({ podSelector: { matchLabels: { b: '2', a: '1' } } })],
    ['a missing except and an empty one', withPeer({ ipBlock: { cidr: '10.0.0.0/8' } }), withPeer({ ipBlock: { cidr: '10.0.0.0/8', except: [] } })],
  ];
  for (const [what, a, b] of equal) it(`takes for the same: ${what}`, () => assert.ok(same(a, b)));

  const different: readonly [string, NetworkPolicySpec, NetworkPolicySpec][] = [
    ['{} and an absent selector', withPeer({ podSelector: {}, namespaceSelector: {} }), withPeer({ namespaceSelector: {} })],
    ['no rule and an empty rule', spec({ ingress: [] }), spec({ ingress: [{}] })],
    ['directions', spec({ policyTypes: ['Ingress'] }), spec({ policyTypes: ['Ingress', 'Egress'] })],
    ['a number and its name', spec({ ingress: [{ ports: [{ port: 80 }] }] }), spec({ ingress: [{ ports: [{ port: '80' }] }] })],
    ['peers in another order', spec({ ingress: [{ from: [{ podSelector: {} }, { namespaceSelector: {} }] }] }), spec({ ingress: [{ from: [{ namespaceSelector: {} }, { podSelector: {} }] }] })],
    ['an exception more', withPeer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }), withPeer({ ipBlock: { cidr: '10.0.0.0/8' } })],
  ];
  for (const [what, a, b] of different) it(`tells apart: ${what}`, () => assert.ok(!same(a, b)));

  it('tells apart by a field that it does not know, at any depth: a newer API server may have added it', () => {
    const strange = [{ ...spec({}), extra: 1 }, withPeer({ podSelector: {}, extra: 1 } as Peer), withPeer({ podSelector: { extra: 1 } } as Peer)] as NetworkPolicySpec[];
    const plain = [spec({}), withPeer({ podSelector: {} }), withPeer({ podSelector: {} })];
    strange.forEach((value, index) => assert.ok(!same(value, plain[index] as NetworkPolicySpec)));
  });

  it('is its own canonical form', () => {
    const peers = fc.array(fc.constantFrom<Peer>({ podSelector: {} }, { namespaceSelector: { matchLabels: { a: 'b' } } }, { ipBlock: { cidr: '10.0.0.0/8' } }), { maxLength: 3 });
    const specs = fc.record({ podSelector: fc.constant({}), policyTypes: fc.subarray(['Ingress' as const, 'Egress' as const]), ingress: fc.array(fc.record({ from: peers }), { maxLength: 3 }) });
    fc.assert(fc.property(specs, (value) => assert.deepEqual(wireSpec(wireSpec(value)), wireSpec(value))));
  });
});

describe('hashes', () => {
  it('do not change from one release to the next: policies would be written for nothing', () => {
    assert.equal(hashedSpec(spec({ policyTypes: ['Ingress', 'Egress'] })).hash, '3e8ff6c1c5d62d83');
  });

  it('ignore the order of keys and absent values, at any depth', () => {
    assert.equal(stableJson({ b: [{ y: 1, x: undefined }], a: null }), '{"a":null,"b":[{"y":1}]}');
    assert.match(shortHash('x'), /^[0-9a-f]{16}$/);
  });
});
