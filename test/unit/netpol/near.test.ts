/** What the nearest rules missed, by the cluster of test/support/netpol.ts. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DIRECTIONS, type Direction } from '../../../src/api/network-policy.ts';
import { evaluate } from '../../../src/netpol/evaluate.ts';
import type { Options } from '../../../src/netpol/model.ts';
import { nearestRules, wantedText, type Miss, type NearMiss } from '../../../src/netpol/near.ts';
import type { StoredPeer, StoredPort, StoredRule } from '../../../src/netpol/stored.ts';
import { buildWorld } from '../../../src/netpol/world.ts';
import { aNetworkPolicy, aWorld, connectionOf } from '../../support/netpol.ts';
import { aConnection, someWorld } from '../../support/random-netpol.ts';

interface More { readonly direction?: Direction; readonly blocks?: Options['ipBlockMatchesPods'] }

/** Rules of the policy x/p, which isolates all of x in both directions. */
function nearest(rules: readonly StoredRule[], text: string, { direction = 'Ingress', blocks = 'yes' }: More = {}): NearMiss[] {
  const world = aWorld([aNetworkPolicy('x/p', { policyTypes: ['Ingress', 'Egress'], ingress: rules, egress: rules })], { options: { ipBlockMatchesPods: blocks } });
  return nearestRules(world, connectionOf(text, world), direction);
}
const missesOf = (rule: StoredRule, text: string, more: More = {}): readonly Miss[] => nearest([rule], text, more)[0]?.misses ?? [];
const from = (...peers: StoredPeer[]): StoredRule => ({ from: peers, to: peers });
const on = (...ports: StoredPort[]): StoredRule => ({ ports });
const kinds = (misses: readonly Miss[]): string[] => misses.map(({ kind }) => kind);

describe('near misses: peers', () => {
  const misses = (what: string, peer: StoredPeer, text: string, expected: readonly Miss[], more: More = {}): void => {
    it(what, () => assert.deepEqual(missesOf(from(peer), text, more).map((miss) => ('wanted' in miss && typeof miss.wanted === 'object' ? { ...miss, wanted: wantedText(miss.key, miss.wanted) } : miss)), expected));
  };
  const wanted = (kind: 'pod label' | 'namespace label', key: string, text: string, found?: string): Miss => ({ kind, key, wanted: text as never, found });
  misses('a label of the pod', { namespaceSelector: {}, podSelector: { matchLabels: { pod: 'b' } } }, 'y/a -> x/a', [wanted('pod label', 'pod', 'pod=b', 'a')]);
  misses('a label that the pod does not have', { namespaceSelector: {}, podSelector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] } }, 'y/a -> x/a', [wanted('pod label', 'tier', 'tier')]);
  misses('a label of its namespace', { namespaceSelector: { matchExpressions: [{ key: 'ns', operator: 'In', values: ['z', 'w'] }] } }, 'y/a -> x/a', [wanted('namespace label', 'ns', 'ns in (w,z)', 'y')]);
  misses('both', { namespaceSelector: { matchLabels: { ns: 'z' } }, podSelector: { matchExpressions: [{ key: 'pod', operator: 'NotIn', values: ['a'] }] } }, 'y/a -> x/a', [wanted('namespace label', 'ns', 'ns=z', 'y'), wanted('pod label', 'pod', 'pod notin (a)', 'a')]);
  misses('a podSelector alone means the own namespace', { podSelector: {} }, 'y/a -> x/a', [{ kind: 'other namespace', wanted: 'x', found: 'y' }]);
  misses('a selector, and an address outside', { namespaceSelector: {} }, '8.8.8.8 -> x/a', [{ kind: 'no pod' }]);
  misses('a selector, and a hostNetwork pod', { namespaceSelector: {} }, 'z/host -> x/b', [{ kind: 'no pod' }]);
  misses('an address outside of the range', { ipBlock: { cidr: '8.0.0.0/8' } }, '9.9.9.9 -> x/a', [{ kind: 'address' }]);
  misses('an address that is taken out', { ipBlock: { cidr: '8.0.0.0/8', except: ['8.8.0.0/16'] } }, '8.8.8.8 -> x/a', [{ kind: 'except' }]);
  misses('an address of the other family', { ipBlock: { cidr: '0.0.0.0/0' } }, '[2001:db8::1] -> x/a', [{ kind: 'family' }]);
  misses('a block that matches no pods', { ipBlock: { cidr: '10.0.0.0/8' } }, 'y/a -> x/a', [{ kind: 'block and pod' }], { blocks: 'no' });
  misses('a block that may match no pods', { ipBlock: { cidr: '10.0.0.0/8' } }, 'y/a -> x/a', [{ kind: 'block and pod' }], { blocks: 'unknown' });
  misses('a block that may match no nodes', { ipBlock: { cidr: '192.168.0.0/16' } }, '192.168.0.2 -> x/a', [{ kind: 'block and node' }], { blocks: 'unknown' });
  misses('a pod without an address', { ipBlock: { cidr: '10.0.0.0/8' } }, 'z/new -> x/a', [{ kind: 'no address' }]);
  misses('the address of a Service', { ipBlock: { cidr: '10.0.0.0/8' } }, 'x/a -> 10.96.0.1', [{ kind: 'service address' }], { direction: 'Egress' });
  misses('a selector that contradicts itself', { namespaceSelector: {}, podSelector: { matchLabels: { pod: 'a' }, matchExpressions: [{ key: 'pod', operator: 'NotIn', values: ['a'] }] } }, 'y/a -> x/a', [{ kind: 'matches nothing' }]);
  misses('an empty peer', {}, 'y/a -> x/a', [{ kind: 'matches nothing' }]);
});

describe('near misses: ports', () => {
  const misses = (what: string, port: StoredPort, text: string, expected: readonly Miss[]): void => { it(what, () => assert.deepEqual(missesOf(on(port), text), expected)); };
  misses('another number', { port: 80 }, 'y/a -> x/a:81', [{ kind: 'port', wanted: '80', found: 81 }]);
  misses('outside of a range', { port: 80, endPort: 90 }, 'y/a -> x/a:91', [{ kind: 'port', wanted: '80-90', found: 91 }]);
  misses('another protocol', { port: 53 }, 'y/a -> x/a:53/UDP', [{ kind: 'protocol', wanted: 'TCP', found: 'UDP' }]);
  misses('ICMP', { port: 53, protocol: 'UDP' }, 'y/a -> x/a:0/ICMP', [{ kind: 'protocol', wanted: 'UDP', found: 'ICMP' }]);
  misses('a name that nobody gave', { port: 'metrics' }, 'y/a -> x/a:80', [{ kind: 'port name', name: 'metrics', numbers: [], found: 80 }]);
  misses('a name of another number', { port: 'web' }, 'y/a -> x/a:8080', [{ kind: 'port name', name: 'web', numbers: [80], found: 8080 }]);
  misses('a name, where the destination has none', { port: 'web' }, 'y/a -> x/a:53/UDP', [{ kind: 'protocol', wanted: 'TCP', found: 'UDP' }, { kind: 'port name', name: 'web', numbers: [], found: 53 }]);
});

describe('near misses: order and place', () => {
  it('peer and port that came nearest, by position; absent where the rule takes any', () => {
    const rule: StoredRule = { from: [{ ipBlock: { cidr: '8.0.0.0/8' } }, { namespaceSelector: {} }], ports: [{ port: 1, protocol: 'UDP' }, { port: 81 }] };
    assert.deepEqual(nearest([{}, rule].slice(1), 'y/a -> x/a'), [{ policy: { kind: 'NetworkPolicy', namespace: 'x', name: 'p' }, rule: 0, peer: 1, port: 1, misses: [{ kind: 'port', wanted: '81', found: 80 }] }]);
    assert.equal(nearest([on({ port: 81 })], 'y/a -> x/a')[0]?.peer, undefined);
    assert.equal(nearest([from({ podSelector: {} })], 'y/a -> x/a')[0]?.port, undefined);
  });
  it('of several ports the one whose number is closest', () => {
    const portsOf = (ports: readonly StoredPort[], text: string): (number | undefined)[] => nearest([{ ports }], text).map(({ port }) => port);
    assert.deepEqual(portsOf([{ port: 'web' }, { port: 3000, endPort: 3010 }, { port: 53, protocol: 'UDP' }], 'y/a -> x/a:3011'), [1]);
    assert.deepEqual(portsOf([{ port: 3000, endPort: 3010 }, { port: 'web' }], 'y/a -> x/a:81'), [1]);
    assert.deepEqual(portsOf([{ port: 8080 }, { port: 9000, endPort: 9010 }], 'y/a -> x/a:8990'), [1]);
    assert.deepEqual(portsOf([{ port: 3012, protocol: 'UDP' }, { port: 'metrics' }, { port: 1 }], 'y/a -> x/a:3011'), [2], 'the protocol counts first, and a name that nobody gave is far');
  });
  it('the nearest rule first: of all policies that isolate the pod', () => {
    const world = aWorld([
      aNetworkPolicy('x/a', { ingress: [{ from: [{ ipBlock: { cidr: '8.0.0.0/8' } }], ports: [{ port: 81 }] }] }),
      aNetworkPolicy('x/b', { ingress: [{ from: [{ namespaceSelector: { matchLabels: { ns: 'z' } } }] }, { ports: [{ port: 81 }] }] }),
      aNetworkPolicy('x/of-others', { podSelector: { matchLabels: { pod: 'b' } }, ingress: [{ ports: [{ port: 82 }] }] }),
    ]);
    assert.deepEqual(nearestRules(world, connectionOf('y/a -> x/a', world), 'Ingress').map(({ policy, rule }) => `${policy.name}[${rule}]`), ['b[1]', 'b[0]', 'a[0]']);
  });
  it('none where nothing isolates, where a rule allows, and where no policy has a say', () => {
    assert.deepEqual(nearest([{}], 'y/a -> x/a'), []);
    assert.deepEqual(nearest([on({ port: 81 })], 'x/a -> y/a'), []);
    assert.deepEqual(nearest([on({ port: 81 })], 'x/a -> x/a'), []);
  });
  it('of two families, the one that is not allowed', () => {
    const world = aWorld([aNetworkPolicy('x/p', { ingress: [from({ ipBlock: { cidr: '10.0.0.0/8' } })] })]);
    const { family: _family, ...connection } = connectionOf('y/a -> x/a', world);
    assert.deepEqual(nearestRules(world, connection, 'Ingress').map(({ misses }) => kinds(misses)), [['family']]);
  });
  it('constraints as text', () => {
    const text = (key: string, operator: string, ...values: string[]): string => {
      const found = missesOf(from({ namespaceSelector: {}, podSelector: { matchExpressions: [{ key, operator, values }] } }), 'y/a -> x/a')[0];
      return found !== undefined && 'wanted' in found && typeof found.wanted === 'object' ? wantedText(found.key, found.wanted) : '';
    };
    assert.deepEqual([text('pod', 'In', 'z', 'b'), text('pod', 'NotIn', 'a', 'b'), text('k', 'Exists'), text('pod', 'DoesNotExist')], ['pod in (b,z)', 'pod notin (a,b)', 'k', '!pod']);
    assert.equal(wantedText('k', { values: new Set(['v']), negated: true, absent: false }), 'k,k notin (v)');
  });
});

describe('near misses: laws', () => {
  it('every rule of a denial by isolation misses something, and nothing else has near misses', () => {
    let seen = 0;
    fc.assert(fc.property(someWorld().chain((input) => fc.tuple(fc.constant(input), fc.array(aConnection(input.pods), { minLength: 10, maxLength: 20 }))), ([input, connections]) => {
      const world = buildWorld(input);
      for (const connection of connections) {
        const answer = evaluate(world, connection);
        for (const direction of DIRECTIONS) {
          const { outcomes } = direction === 'Ingress' ? answer.ingress : answer.egress;
          const found = nearestRules(world, connection, direction);
          for (const { misses } of found) assert.ok(misses.length > 0, JSON.stringify(found));
          if (outcomes.every(({ reason }) => reason.kind === 'not governed' || reason.kind === 'default' || reason.kind === 'self')) assert.deepEqual(found, []);
          seen += found.length;
        }
      }
    }), { numRuns: 50 });
    assert.ok(seen > 50, `${seen}`);
  });
});
