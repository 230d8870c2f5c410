/** The smallest change: it lets the connection through, and as little else as its kind of policy can say. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DIRECTIONS, type Direction } from '../../../src/api/network-policy.ts';
import type { DirectionAnswer } from '../../../src/netpol/answer.ts';
import { evaluate } from '../../../src/netpol/evaluate.ts';
import { lastingLabels } from '../../../src/netpol/lasting-labels.ts';
import type { Connection, Endpoint, Policy, PolicyRef, WorldInput } from '../../../src/netpol/model.ts';
import { sideOf } from '../../../src/netpol/side.ts';
import { smallestChange, withChanges, type Change } from '../../../src/netpol/smallest-change.ts';
import type { StoredClusterPolicySpec, StoredRule } from '../../../src/netpol/stored.ts';
import { buildWorld, type World } from '../../../src/netpol/world.ts';
import { aBaselinePolicy, aClusterPolicy, anAdminPolicy, aNetworkPolicy, aPodOf, ask, aWorld, connectionOf, PODS } from '../../support/netpol.ts';
import { aConnection, someWorld } from '../../support/random-netpol.ts';

const DENY = { policyTypes: ['Ingress', 'Egress'] };
const NAME = 'kubernetes.io/metadata.name';

/** What is changed, and what is asked once more after that. */
function changed(policies: readonly Policy[], text: string, pods = PODS): { readonly changes: readonly Change[]; readonly after: string } {
  const world = aWorld(policies, { pods });
  const changes = smallestChange(world, connectionOf(text, world));
  return { changes, after: ask(aWorld(withChanges(policies, changes), { pods }), text).verdict };
}
const onlyPolicy = (change: Change | undefined) => { assert.equal(change?.kind, 'policy'); return change; };

describe('smallest change: NetworkPolicies', () => {
  it('ingress from another namespace: by its name, the labels of both pods, and the port', () => {
    const { changes, after } = changed([aNetworkPolicy('x/deny', {})], 'y/b -> x/a:8080');
    assert.deepEqual(changes, [{
      kind: 'policy', direction: 'Ingress', or: [], wider: [],
      rule: { from: [{ namespaceSelector: { matchLabels: { [NAME]: 'y' } }, podSelector: { matchLabels: { pod: 'b' } } }], ports: [{ protocol: 'TCP', port: 8080 }] },
      policy: { kind: 'NetworkPolicy', namespace: 'x', name: 'allow-a-from-y-b-tcp-8080', spec: {
        podSelector: { matchLabels: { pod: 'a' } }, policyTypes: ['Ingress'],
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { [NAME]: 'y' } }, podSelector: { matchLabels: { pod: 'b' } } }], ports: [{ protocol: 'TCP', port: 8080 }] }],
      } },
    }]);
    assert.equal(after, 'allowed');
  });
  it('the own namespace needs no name', () => {
    const { changes, after } = changed([aNetworkPolicy('x/deny', DENY)], 'x/a -> x/b:53/UDP');
    assert.deepEqual(changes.map((change) => [change.direction, onlyPolicy(change).rule]), [
      ['Egress', { to: [{ podSelector: { matchLabels: { pod: 'b' } } }], ports: [{ protocol: 'UDP', port: 53 }] }],
      ['Ingress', { from: [{ podSelector: { matchLabels: { pod: 'a' } } }], ports: [{ protocol: 'UDP', port: 53 }] }],
    ]);
    assert.equal(after, 'allowed');
  });
  it('both sides, each in its namespace', () => {
    const { changes, after } = changed([aNetworkPolicy('x/deny', DENY), aNetworkPolicy('y/deny', DENY)], 'x/a -> y/b');
    assert.deepEqual(changes.map((change) => [change.direction, onlyPolicy(change).policy.namespace]), [['Egress', 'x'], ['Ingress', 'y']]);
    assert.equal(after, 'allowed');
  });
  it('addresses outside: that address', () => {
    for (const [text, cidr] of [['x/a -> 8.8.8.8:443', '8.8.8.8/32'], ['x/a -> [2001:db8::1]:443', '2001:db8::1/128']] as const) {
      const { changes, after } = changed([aNetworkPolicy('x/deny', DENY)], text);
      assert.deepEqual(onlyPolicy(changes[0]).rule, { to: [{ ipBlock: { cidr } }], ports: [{ protocol: 'TCP', port: 443 }] });
      assert.equal(after, 'allowed');
    }
  });
  it('labels that pass are left out; where none is left, every pod of the namespace is meant, and it says so', () => {
    const pods = [aPodOf('x/a', { labels: { app: 'api', 'pod-template-hash': '5d', version: 'v2' }, ips: ['10.0.1.1'] }), aPodOf('y/job', { labels: { 'job-name': 'j-1' }, ips: ['10.0.2.1'] })];
    const { changes, after } = changed([aNetworkPolicy('x/deny', {})], 'y/job -> x/a', pods);
    const { policy, rule, wider } = onlyPolicy(changes[0]);
    assert.deepEqual(policy.spec.podSelector, { matchLabels: { app: 'api' } });
    assert.deepEqual(rule.from, [{ namespaceSelector: { matchLabels: { [NAME]: 'y' } }, podSelector: {} }]);
    assert.deepEqual([wider, after], [['every pod of the namespace'], 'allowed']);
  });
  it('no pod is isolated by it that was not: what isolates decides how narrow it must be', () => {
    const pods = [aPodOf('x/a', { labels: { app: 'api', 'pod-template-hash': '5d' }, ips: ['10.0.1.1'] }), aPodOf('x/b', { labels: { app: 'api', canary: 'yes' }, ips: ['10.0.1.2'] }), aPodOf('y/c', { ips: ['10.0.2.1'] })];
    const isolating = aNetworkPolicy('x/p', { podSelector: { matchLabels: { 'pod-template-hash': '5d' }, matchExpressions: [{ key: 'canary', operator: 'DoesNotExist' }] } });
    const { changes, after } = changed([isolating], 'y/c -> x/a', pods);
    assert.deepEqual(onlyPolicy(changes[0]).policy.spec.podSelector, { matchLabels: { app: 'api', 'pod-template-hash': '5d' }, matchExpressions: [{ key: 'canary', operator: 'DoesNotExist' }] });
    assert.equal(after, 'allowed');
    assert.equal(ask(aWorld(withChanges([isolating], changes), { pods }), 'y/c -> x/b:1').verdict, 'allowed', 'b is as open as it was');
  });
  it('policies that could have the rule instead, the narrowest first; none that selects all', () => {
    const policies = [aNetworkPolicy('x/deny', {}), aNetworkPolicy('x/one', { podSelector: { matchLabels: { pod: 'a' } } }), aNetworkPolicy('x/two', { podSelector: { matchLabels: { pod: 'a' }, matchExpressions: [{ key: 'no', operator: 'DoesNotExist' }] } })];
    assert.deepEqual(onlyPolicy(changed(policies, 'y/a -> x/a').changes[0]).or.map(({ name }) => name), ['two', 'one']);
  });
  it('a name that is taken gets a number', () => {
    const policies = ['deny', 'allow-a-from-y-b-tcp-80', 'allow-a-from-y-b-tcp-80-2'].map((name) => aNetworkPolicy(`x/${name}`, {}));
    assert.equal(onlyPolicy(changed(policies, 'y/b -> x/a').changes[0]).policy.name, 'allow-a-from-y-b-tcp-80-3');
  });
  it('ICMP: every port, and it says so', () => {
    const { changes, after } = changed([aNetworkPolicy('x/deny', {})], 'y/a -> x/a:0/ICMP');
    assert.deepEqual([onlyPolicy(changes[0]).rule.ports, onlyPolicy(changes[0]).wider, after], [undefined, ['every port'], 'allowed']);
  });
  it('nothing where nothing blocks', () => {
    assert.deepEqual(changed([], 'y/a -> x/a').changes, []);
    assert.deepEqual(changed([aNetworkPolicy('x/deny', DENY)], 'x/a -> x/a').changes, []);
  });
  it('the address of a Service cannot be allowed by what policies see', () => {
    assert.deepEqual(changed([aNetworkPolicy('x/deny', DENY)], 'x/a -> 10.96.0.1').changes, [{ kind: 'impossible', direction: 'Egress', why: 'service address', decider: undefined }]);
  });
  it('a hostNetwork pod without an address cannot be named', () => {
    const pods = [...PODS, aPodOf('z/nowhere', { hostNetwork: true, ips: [], node: 'unknown' })];
    assert.deepEqual(changed([aNetworkPolicy('x/deny', {})], 'z/nowhere -> x/a', pods).changes, [{ kind: 'impossible', direction: 'Ingress', why: 'no address', decider: undefined }]);
  });
});

describe('smallest change: what NetworkPolicies cannot overrule', () => {
  const X = { namespaces: { matchLabels: { ns: 'x' } } };
  const all = { namespaces: {} };
  const from = (action: string): StoredClusterPolicySpec => ({ priority: 5, subject: X, ingress: [{ action: 'Pass', from: [{ namespaces: { matchLabels: { ns: 'z' } } }] }, { action, from: [all] }] });
  const peer = { pods: { namespaceSelector: { matchLabels: { [NAME]: 'y' } }, podSelector: { matchLabels: { pod: 'a' } } } };
  const cases: readonly [string, Policy, object][] = [
    ['ClusterNetworkPolicy, tier Admin: a Pass', aClusterPolicy('p', { ...from('Deny'), tier: 'Admin' }), { tier: 'Admin', rule: { action: 'Pass', from: [peer], protocols: [{ tcp: { destinationPort: { number: 80 } } }] } }],
    ['AdminNetworkPolicy: a Pass', anAdminPolicy('p', from('Deny')), { tier: 'Admin', rule: { action: 'Pass', from: [peer], ports: [{ portNumber: { protocol: 'TCP', port: 80 } }] } }],
    ['ClusterNetworkPolicy, tier Baseline: an Accept', aClusterPolicy('p', { ...from('Deny'), tier: 'Baseline' }), { tier: 'Baseline', rule: { action: 'Accept', from: [peer], protocols: [{ tcp: { destinationPort: { number: 80 } } }] } }],
    ['BaselineAdminNetworkPolicy: an Allow', aBaselinePolicy(from('Deny')), { tier: 'Baseline', rule: { action: 'Allow', from: [peer], ports: [{ portNumber: { protocol: 'TCP', port: 80 } }] } }],
  ];
  for (const [what, policy, expected] of cases) {
    it(`${what} before the rule that denies`, () => {
      const { changes, after } = changed([policy], 'y/a -> x/a');
      const [change] = changes;
      assert.equal(changes.length, 1);
      assert.ok(change?.kind === 'exception');
      assert.deepEqual({ tier: change.tier, rule: change.rule }, expected);
      assert.deepEqual([change.decider.name, change.decider.rule, change.wider, after], [policy.name, 1, ['every subject of the policy'], 'allowed']);
    });
  }
  it('of the Baseline tier a NetworkPolicy would do as well, which isolates the pod; of Admin none would', () => {
    const insteadOf = (policy: Policy) => { const [change] = changed([policy], 'y/a -> x/a').changes; return change?.kind === 'exception' ? change.instead : undefined; };
    assert.equal(insteadOf(anAdminPolicy('p', from('Deny'))), undefined);
    for (const policy of [aBaselinePolicy(from('Deny')), aClusterPolicy('p', { ...from('Deny'), tier: 'Baseline' })]) {
      const instead = insteadOf(policy);
      assert.deepEqual([instead?.policy.name, instead?.policy.spec.podSelector, instead?.or], ['allow-a-from-y-a-tcp-80', { matchLabels: { pod: 'a' } }, []]);
      const after = aWorld([policy, ...instead === undefined ? [] : [instead.policy]]);
      assert.deepEqual(['y/a -> x/a', 'z/a -> x/a', 'z/a -> x/b'].map((text) => ask(after, text).verdict), ['allowed', 'denied', 'allowed'], policy.kind);
    }
  });
  it('what passes Admin must be allowed below: by the namespace, or by Baseline', () => {
    const admin = aClusterPolicy('admin', { ...from('Deny'), tier: 'Admin' });
    const isolated = changed([admin, aNetworkPolicy('x/deny', {})], 'y/a -> x/a');
    assert.deepEqual([isolated.changes.map(({ kind }) => kind), isolated.after], [['exception', 'policy'], 'allowed']);
    const baseline = changed([admin, aClusterPolicy('base', { ...from('Deny'), tier: 'Baseline' })], 'y/a -> x/a');
    assert.deepEqual([baseline.changes.map((change) => (change.kind === 'exception' ? change.tier : '')), baseline.after], [['Admin', 'Baseline'], 'allowed']);
  });
  it('two policies whose order is undefined: both', () => {
    const { changes, after } = changed([anAdminPolicy('anp', from('Deny')), aClusterPolicy('cnp', { ...from('Deny'), tier: 'Admin' })], 'y/a -> x/a');
    assert.deepEqual([changes.map((change) => (change.kind === 'exception' ? change.decider.name : '')).sort(), after], [['anp', 'cnp'], 'allowed']);
  });
  it('egress to an address: that network', () => {
    const { changes, after } = changed([aClusterPolicy('p', { tier: 'Admin', priority: 1, subject: X, egress: [{ action: 'Deny', to: [{ networks: ['0.0.0.0/0'] }] }] })], 'x/a -> 8.8.8.8:53/UDP');
    assert.deepEqual(changes[0]?.kind === 'exception' && changes[0].rule, { action: 'Pass', to: [{ networks: ['8.8.8.8/32'] }], protocols: [{ udp: { destinationPort: { number: 53 } } }] });
    assert.equal(after, 'allowed');
  });
  it('sources outside cannot be named in a rule for the cluster', () => {
    const unreadable = aClusterPolicy('p', { tier: 'Admin', priority: 1, subject: X, ingress: [{ action: 'Deny', from: [{}] }] });
    const [change] = changed([unreadable], '8.8.8.8 -> x/a').changes;
    assert.deepEqual(change?.kind === 'impossible' && [change.why, change.decider?.name], ['source outside', 'p']);
  });
});

const side = (answer: { readonly ingress: DirectionAnswer; readonly egress: DirectionAnswer }, direction: Direction): DirectionAnswer => (direction === 'Ingress' ? answer.ingress : answer.egress);

/** Whether a rule that names one names the other as well: in its namespace, with all its labels that last, or at its address. */
function isNamedWith(world: World, [meant, other]: readonly [Endpoint, Endpoint]): boolean {
  const [one, two] = [sideOf(world, meant, undefined), sideOf(world, other, undefined)];
  if (one.kind === 'pod' && two.kind === 'pod') return one.namespace.name === two.namespace.name && [...lastingLabels(one.pod.labels)].every(([key, value]) => two.pod.labels.get(key) === value);
  return JSON.stringify(addressesOf(meant)) === JSON.stringify(addressesOf(other));
}
const addressesOf = (endpoint: Endpoint): readonly string[] => ('ip' in endpoint ? [endpoint.ip] : endpoint.pod.ips);

/** The network decides on nodes; nothing is known of what is not evaluated. */
function isUncertain(world: World, { from, to }: Connection, input: WorldInput): boolean {
  const isNode = [from, to].some((endpoint) => sideOf(world, endpoint, undefined).kind === 'node');
  return input.policies.some(({ kind }) => kind === 'Opaque') || (isNode && input.options.ipBlockMatchesPods !== 'yes');
}

function withRuleIn(policies: readonly Policy[], { namespace, name }: PolicyRef, direction: Direction, rule: StoredRule): Policy[] {
  const list = direction === 'Ingress' ? 'ingress' : 'egress';
  return policies.map((policy) => (policy.kind === 'NetworkPolicy' && policy.namespace === namespace && policy.name === name ? { ...policy, spec: { ...policy.spec, [list]: [...policy.spec[list] ?? [], rule] } } : policy));
}

interface Changed { readonly world: World; readonly changedWorld: World; readonly connection: Connection; readonly changes: readonly Change[] }

/** How many directions of another connection were opened or closed; each must be one that cannot be told apart. A pod without an address may be at any. */
function differences({ world, changedWorld, connection, changes }: Changed, other: Connection): number {
  const [before, after] = [evaluate(world, other), evaluate(changedWorld, other)];
  const different = DIRECTIONS.filter((direction) => (side(before, direction).verdict === 'allowed') !== (side(after, direction).verdict === 'allowed'));
  for (const direction of different) {
    const peers = direction === 'Ingress' ? [connection.from, other.from] as const : [connection.to, other.to] as const;
    const what = `${direction} ${side(before, direction).verdict} -> ${side(after, direction).verdict}: ${JSON.stringify(changes)}`;
    assert.deepEqual([other.protocol, other.port], [connection.protocol, connection.port], what);
    assert.ok(isNamedWith(world, peers), what);
    if (!changes.some(({ kind }) => kind === 'exception')) assert.notEqual(side(before, direction).verdict, 'allowed', what);
  }
  return different.length;
}

describe('smallest change: laws', () => {
  const cases = () => someWorld().chain((input) => fc.tuple(fc.constant(input), fc.array(aConnection(input.pods), { minLength: 8, maxLength: 12 }), fc.array(aConnection(input.pods), { minLength: 10, maxLength: 10 })));

  it('the changes let the connection through; without one of them it is not', () => {
    const seen = { policy: 0, exception: 0, impossible: 0, or: 0 };
    fc.assert(fc.property(cases(), ([input, connections]) => {
      const world = buildWorld(input);
      const verdictWith = (policies: readonly Policy[], connection: Connection): string => evaluate(buildWorld({ ...input, policies }), connection).verdict;
      for (const connection of connections) {
        const changes = smallestChange(world, connection);
        for (const { kind } of changes) seen[kind] += 1;
        if (isUncertain(world, connection, input)) continue;
        if (changes.length === 0) assert.equal(evaluate(world, connection).verdict, 'allowed');
        if (changes.some(({ kind }) => kind === 'impossible')) continue;
        assert.equal(verdictWith(withChanges(input.policies, changes), connection), 'allowed', JSON.stringify(changes, undefined, 1));
        for (const change of changes) {
          const others = changes.filter((other) => other !== change);
          assert.notEqual(verdictWith(withChanges(input.policies, others), connection), 'allowed', 'needed');
          for (const ref of change.kind === 'policy' ? change.or : []) {
            seen.or += 1;
            assert.equal(verdictWith(withRuleIn(withChanges(input.policies, others), ref, change.direction, onlyPolicy(change).rule), connection), 'allowed', `or ${ref.name}`);
          }
        }
      }
    }), { numRuns: 70 });
    assert.ok(seen.policy > 20 && seen.exception > 5 && seen.or > 3, JSON.stringify(seen));
  });

  it('nothing is closed, and what is opened is the same peer and the same port', () => {
    let opened = 0;
    fc.assert(fc.property(cases(), ([input, connections, others]) => {
      fc.pre(input.policies.every(({ kind }) => kind !== 'Opaque'));
      const world = buildWorld(input);
      for (const connection of connections) {
        const changes = smallestChange(world, connection);
        const changedWorld = buildWorld({ ...input, policies: withChanges(input.policies, changes) });
        const similar = others.map((other): Connection => ({ ...other, protocol: connection.protocol, port: connection.port }));
        for (const other of [...others, ...similar]) opened += differences({ world, changedWorld, connection, changes }, other);
      }
    }), { numRuns: 40 });
    assert.ok(opened > 0, `${opened}`);
  });
});
