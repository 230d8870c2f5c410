/** Canonical specs: what is the same policy has one form, what is another has another, and nothing is left to defaults. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hashedSpec, wireSpec } from '../../../src/api/canonical.ts';
import { shortHash, stableJson } from '../../../src/api/hash.ts';
import type { LabelSelector, NetworkPolicySpec, Peer, Port } from '../../../src/api/network-policy.ts';

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

});

describe('canonical form: laws', () => {
  const selectors = fc.constantFrom<LabelSelector>({}, { matchLabels: { a: '1' } }, { matchExpressions: [{ key: 'a', operator: 'In', values: ['1', '2'] }, { key: 'b', operator: 'Exists' }] });
  const peers = fc.oneof(
    fc.record({ podSelector: selectors, namespaceSelector: selectors }, { requiredKeys: ['podSelector'] }),
    fc.record({ ipBlock: fc.constantFrom<NonNullable<Peer['ipBlock']>>({ cidr: '10.0.0.0/8' }, { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.0.0/16'] }) }),
  );
  const ports = fc.record({ protocol: fc.constantFrom('TCP' as const, 'UDP' as const), port: fc.constantFrom(53, 'dns'), endPort: fc.constant(60) }, { requiredKeys: [] });
  const rules = fc.record({ peers: fc.array(peers, { minLength: 1, maxLength: 2 }), ports: fc.array(ports, { minLength: 1, maxLength: 2 }) }, { requiredKeys: [] });
  const specs: fc.Arbitrary<NetworkPolicySpec> = fc.record({
    podSelector: selectors, policyTypes: fc.subarray(['Ingress' as const, 'Egress' as const], { minLength: 1 }),
    ingress: fc.array(rules.map(({ peers: from, ...rest }) => ({ ...(from === undefined ? {} : { from }), ...rest })), { maxLength: 3 }),
    egress: fc.array(rules.map(({ peers: to, ...rest }) => ({ ...(to === undefined ? {} : { to }), ...rest })), { maxLength: 3 }),
  });

  it('is its own canonical form', () => {
    fc.assert(fc.property(specs, (value) => {
      assert.deepEqual(wireSpec(wireSpec(value)), wireSpec(value));
      assert.equal(hashedSpec(hashedSpec(value).spec).hash, hashedSpec(value).hash);
    }));
  });
  it('leaves what it was given as it is', () => {
    fc.assert(fc.property(specs, (value) => {
      const before = stableJson(value);
      wireSpec(value);
      assert.equal(stableJson(value), before);
    }));
  });
  it('the three normalisations change nothing: missing lists, TCP, order and repetition of policyTypes', () => {
    fc.assert(fc.property(specs, (value) => {
      const { ingress = [], egress = [], policyTypes } = value;
      const asTyped = {
        ...value,
        policyTypes: [...policyTypes, ...policyTypes].reverse(),
        ingress: ingress.length === 0 ? undefined : ingress.map((rule) => ({ from: [], ...rule, ...(rule.ports === undefined ? { ports: [] } : { ports: rule.ports.map(withoutTcp) }) })),
        egress: egress.length === 0 ? undefined : egress.map((rule) => ({ to: [], ...rule, ...(rule.ports === undefined ? { ports: [] } : { ports: rule.ports.map(withoutTcp) }) })),
      } as NetworkPolicySpec;
      assert.ok(same(value, asTyped));
    }));
  });
  it('and no more: order and number of rules, peers, ports and values count', () => {
    fc.assert(fc.property(specs, (value) => {
      for (const changed of rearranged(value)) assert.equal(same(changed, value), stableJson(wireSpec(changed)) === stableJson(wireSpec(value)));
      for (const list of ['ingress', 'egress'] as const) {
        const present = value[list] ?? [];
        assert.ok(!same({ ...value, [list]: [...present, {}] }, value), 'one rule more');
        const [first, second] = present;
        if (first === undefined || second === undefined || stableJson(wireSpec({ ...value, [list]: [first] })) === stableJson(wireSpec({ ...value, [list]: [second] }))) continue;
        assert.ok(!same({ ...value, [list]: [second, first, ...present.slice(2)] }, value), 'rules in another order');
      }
    }));
  });
  it('nothing in it is left to defaulting', () => {
    fc.assert(fc.property(specs, (value) => {
      const { ingress, egress, policyTypes, podSelector } = wireSpec(value);
      assert.ok(ingress !== undefined && egress !== undefined && policyTypes.length > 0 && podSelector !== undefined);
      for (const port of [...ingress, ...egress].flatMap((rule) => rule.ports ?? [])) assert.ok(port.protocol !== undefined);
      for (const list of [...ingress.map(({ from }) => from), ...egress.map(({ to }) => to)]) assert.notEqual(list?.length, 0);
    }));
  });
});

function withoutTcp({ protocol, ...rest }: Port): Port {
  return protocol === undefined || protocol === 'TCP' ? rest : { protocol, ...rest };
}

/** Every list of the spec turned around, one at a time. */
function rearranged(value: NetworkPolicySpec): NetworkPolicySpec[] {
  const { ingress = [], egress = [] } = value;
  return [
    { ...value, ingress: ingress.toReversed() }, { ...value, egress: egress.toReversed() },
    { ...value, ingress: ingress.map((rule) => ({ ...rule, ...(rule.from === undefined ? {} : { from: rule.from.toReversed() }) })) },
    { ...value, egress: egress.map((rule) => ({ ...rule, ...(rule.ports === undefined ? {} : { ports: rule.ports.toReversed() }) })) },
  ];
}

describe('hashes', () => {
  it('do not change from one release to the next: policies would be written for nothing', () => {
    assert.equal(hashedSpec(spec({ policyTypes: ['Ingress', 'Egress'] })).hash, '3e8ff6c1c5d62d83');
  });

  it('ignore the order of keys and absent values, at any depth', () => {
    assert.equal(stableJson({ b: [{ y: 1, x: undefined }], a: null }), '{"a":null,"b":[{"y":1}]}');
    assert.match(shortHash('x'), /^[0-9a-f]{16}$/);
  });
});
