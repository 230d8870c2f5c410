/** Expectations: how they are read, and that what is said of them is what asking for every pair would give. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { blameLines } from '../../../src/analyze/expectations/blame.ts';
import { createChecker, type Checked } from '../../../src/analyze/expectations/check.ts';
import { classKey, distinctionsOf, portCells } from '../../../src/analyze/expectations/classes.ts';
import { isExpectations, readExpectations, type Expectation } from '../../../src/analyze/expectations/expectation.ts';
import type { Cluster } from '../../../src/analyze/explain/cluster.ts';
import { compileNetworkPolicy } from '../../../src/netpol/compile-network-policy.ts';
import { byFamily, evaluate } from '../../../src/netpol/evaluate.ts';
import { PROTOCOLS, type Connection, type Endpoint, type Pod, type Policy, type WorldInput } from '../../../src/netpol/model.ts';
import { clusterOfWorld, podYaml, policyYaml, serviceYaml, shop } from '../../support/explain.ts';
import { someWorld } from '../../support/random-netpol.ts';

const fileOf = (...expectations: readonly unknown[]): object => ({ apiVersion: 'netbaseline.io/v1alpha1', kind: 'Expectations', expectations });
const problemsOf = (...expectations: readonly unknown[]): string[] => readExpectations(fileOf(...expectations)).problems.map(({ path, problem }) => `${path.slice(2).join('.')}: ${problem}`);

function one(item: unknown, namespace?: string): Expectation {
  const { expectations: [found], problems } = readExpectations(fileOf(item), namespace);
  assert.deepEqual(problems, []);
  assert.ok(found !== undefined);
  return found;
}

const check = (cluster: Cluster, item: unknown): Checked => createChecker(cluster).check(one(item));

describe('a file of expectations', () => {
  it('is told from manifests', () => {
    assert.deepEqual([fileOf('a'), { expectations: [] }, { kind: 'Expectations' }, { kind: 'Pod' }, [], null, 'x'].map(isExpectations), [true, true, true, false, false, false, false]);
  });

  it('says the same in one line and in many', () => {
    assert.deepEqual({ ...one({ from: 'shop/web', to: 'orders/api', port: '53/udp', expect: 'allowed' }), name: '' }, { ...one('shop/web -> orders/api:53/udp allowed'), name: '' });
    assert.deepEqual({ ...one({ from: 'shop/web', to: 'orders/api:53/udp', expect: 'denied' }), name: '' }, { ...one('shop/web → orders/api:53/udp  denied'), name: '' });
    assert.deepEqual(one('web -> api:80 denied', 'shop').from, one('shop/web -> shop/api:80 denied').from);
  });

  it('names each by what it says, unless it has a name', () => {
    const from = { namespace: 'shop', podSelector: { matchLabels: { app: 'web' } } };
    assert.equal(one({ name: 'mine', from, to: 'internet', expect: 'denied' }).name, 'mine');
    assert.equal(one({ from, to: { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }] } }, ports: [80, 'dns/udp'], expect: 'allowed' }).name, 'shop/{app=web} -> {team In (a b)}/*:80,dns/udp allowed');
    assert.equal(one('  * -> db/postgres  denied ').name, '* -> db/postgres  denied');
  });

  it('takes "metadata endpoint denied" for every pod', () => {
    const { name, ...said } = one('metadata endpoint denied');
    assert.equal(name, 'metadata endpoint denied');
    assert.deepEqual({ ...said, name: '' }, { ...one('* -> metadata denied'), name: '' });
    assert.deepEqual(problemsOf('metadata endpoint'), [': "metadata endpoint" is no expectation: expected "FROM -> TO:PORT allowed" or "FROM -> TO denied"']);
  });

  it('has exceptions, in one line and in many', () => {
    const { from, to } = one('* except orders/api, shop/{app=web,tier=x} -> db/* except db/test denied');
    assert.deepEqual([from.except.length, to.except.length], [2, 1]);
    assert.deepEqual(one({ from: { namespace: 'shop', except: ['shop/web'] }, to: 'internet', expect: 'denied' }).from.except, [{ kind: 'name', namespace: 'shop', name: 'web' }]);
  });

  it('tells every mistake, each with its place', () => {
    const { problems } = readExpectations({ apiVersion: 'v1', expectations: ['nonsense', { from: 'x', to: { podSelecter: {} }, port: 'x!', expect: 'maybe' }, 7] });
    assert.deepEqual(problems.map(({ path, problem }) => `${path.join('.')}: ${problem}`), [
      'apiVersion: expected "netbaseline.io/v1alpha1"',
      'kind: expected "Expectations"',
      'expectations.0: "nonsense" is no expectation: expected "FROM -> TO:PORT allowed" or "FROM -> TO denied"',
      'expectations.1.to: unrecognized key: "podSelecter"',
      'expectations.1.to: expected namespace, namespaceSelector or podSelector; every pod is "*"',
      'expectations.1.expect: expected "allowed" or "denied"',
      'expectations.1.from: "x" has no namespace: expected NAMESPACE/x',
      'expectations.1.port: "x!" is no port: expected a number from 1 to 65535, the name of a port, or icmp',
      'expectations.2: expected object, received number',
    ]);
    assert.match(readExpectations([]).problems[0]?.problem ?? '', /A file of expectations has apiVersion: netbaseline\.io\/v1alpha1, kind: Expectations and expectations$/);
    assert.deepEqual(readExpectations(fileOf()).problems.map(({ problem }) => problem), ['expected at least one']);
  });

  const mistakes: readonly [unknown, string][] = [
    ['shop/web -> orders/api allowed', ': allowed needs a port; write it behind the destination, or any for every port'],
    ['svc/orders/api -> shop/web denied', ': a Service is no source: name the pods behind it'],
    ['metadata -> shop/web denied', ': metadata is no source'],
    ['shop/web -> svc/orders/api:any denied', ': a Service has its own ports: leave the port out to mean all of them'],
    ['* except svc/orders/api -> shop/web denied', ': a Service cannot stand in except: name the pods behind it'],
    ['shop/web -> orders/api:70000 denied', ': port 70000 does not exist: expected a number from 1 to 65535'],
    [{ from: 'shop/web', to: 'orders/api:80', port: 80, expect: 'denied' }, 'to: the port is given twice: in `to` and beside it'],
    [{ from: 'shop/web', to: 'orders/api', port: 80, ports: [80], expect: 'denied' }, 'ports: port and ports exclude each other'],
    [{ from: 'shop/web', to: 'orders/api', ports: [], expect: 'denied' }, 'ports: too small: expected array to have >=1 items'],
    [{ from: { namespace: 'a', namespaceSelector: {} }, to: 'orders/api', expect: 'denied' }, 'from.namespaceSelector: namespace and namespaceSelector exclude each other'],
    [{ from: { podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }, to: 'orders/api', expect: 'denied' }, 'from.podSelector.matchExpressions.0.values: In and NotIn need values; Exists and DoesNotExist take none'],
    [{ from: { podSelector: { matchLabels: { 'a b': 'x' } } }, to: 'orders/api', expect: 'denied' }, 'from.podSelector: label key "a b" cannot exist'],
    [{ from: { podSelector: { matchLabels: { a: 1 } } }, to: 'orders/api', expect: 'denied' }, 'from.podSelector.matchLabels: expected texts by label key'],
    [{ from: { podSelector: JSON.parse('{"matchLabels":{"__proto__":"x"}}') as unknown }, to: 'orders/api', expect: 'denied' }, 'from.podSelector: label key "__proto__" cannot exist'],
    [{ from: { namespace: 'shop', except: ['x'] }, to: 'orders/api', expect: 'denied' }, 'from.except.0: "x" has no namespace: expected NAMESPACE/x'],
    [{ from: 'shop/web', to: 5, expect: 'denied' }, 'to: expected a text such as "shop/web", or namespace, namespaceSelector and podSelector'],
  ];
  for (const [item, problem] of mistakes) it(`refuses ${JSON.stringify(item)}`, () => assert.deepEqual(problemsOf(item), [problem]));

  it('any document is read or refused, never an exception', () => {
    fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (document) => void readExpectations(document)));
    fc.assert(fc.property(fc.jsonValue(), fc.string(), (item, text) => void readExpectations(fileOf(item, text, `${text} -> ${text} denied`, { from: text, to: item, expect: 'denied' }))));
  });
});

describe('an expectation', () => {
  const outcomes: readonly [unknown, Checked['outcome'], string][] = [
    ['shop/web -> orders/api:8080 allowed', 'passed', '2 pairs allowed'],
    ['shop/web -> orders/api:http allowed', 'passed', '2 pairs allowed'],
    ['shop/web -> orders/api:9090 allowed', 'failed', '2 of 2 pairs denied'],
    ['shop/web -> svc/orders/api allowed', 'passed', '2 pairs allowed'],
    ['shop/web -> svc/orders/api:80 denied', 'failed', '2 of 2 pairs allowed'],
    ['* except orders/api -> db/postgres:5432 denied', 'passed', '3 pairs denied'],
    ['shop/* -> metadata denied', 'passed', '2 pairs denied'],
    ['open/* -> metadata denied', 'failed', '1 of 1 pair allowed'],
    ['metadata endpoint denied', 'failed', '2 of 5 pairs allowed'],
    ['shop/web -> internet denied', 'passed', '2 pairs denied'],
    ['open/tool -> internet:443 allowed', 'passed', '1 pair allowed'],
    ['internet -> orders/api:8080 denied', 'passed', '1 pair denied'],
    ['shop/web -> 10.0.0.0/8:8080 except 10.0.2.1 allowed', 'failed', '8 of 8 pairs denied'],
    [{ from: { namespace: 'shop' }, to: { namespaceSelector: { matchLabels: { team: 'orders' } } }, ports: [8080, 9090], expect: 'allowed' }, 'failed', '2 of 4 pairs denied'],
    [{ from: { podSelector: { matchLabels: { app: 'nope' } } }, to: 'orders/api:8080', expect: 'denied' }, 'nobody', 'from: matches no pod'],
    [{ from: { podSelector: { matchLabels: { app: 'nope' } } }, to: 'orders/api:8080', expect: 'denied', allowEmpty: true }, 'skipped', 'from: matches no pod'],
    [{ from: { namespaceSelector: { matchLabels: { team: 'nope' } } }, to: 'orders/api:8080', expect: 'denied' }, 'nobody', 'from: namespaceSelector matches no namespace'],
    [{ from: { namespace: 'sohp' }, to: 'orders/api:8080', expect: 'denied' }, 'nobody', 'from: there is no namespace "sohp". Did you mean shop?'],
    ['shop/web -> orders/apii:8080 denied', 'nobody', 'to: namespace orders has no pod or workload with pods "apii". Did you mean orders/api?'],
    ['shop/web -> svc/orders/nope denied', 'nobody', 'to: namespace orders has no Service "nope"'],
    ['shop/web -> orders/* except orders/api denied', 'nobody', 'to: nobody is left: all are in except'],
    ['shop/web -> orders/api:grpc denied', 'unanswered', 'to: orders/api-1 has no port named "grpc": it declares 8080 (http)'],
    [{ from: 'shop/web', to: 'orders/api:grpc', expect: 'denied', allowEmpty: true }, 'unanswered', 'to: orders/api-1 has no port named "grpc": it declares 8080 (http)'],
    ['open/agent -> orders/api:8080 denied', 'failed', '1 of 1 pair allowed'],
    ['open/tool -> open/tool:80 allowed', 'passed', '1 pair allowed'],
  ];
  for (const [item, outcome, message] of outcomes) {
    it(`${typeof item === 'string' ? item : JSON.stringify(item)}: ${outcome}, ${message}`, () => {
      const found = check(shop(), item);
      assert.deepEqual([found.outcome, found.message], [outcome, message]);
    });
  }

  it('is about pods that policies govern, and names those that it leaves out', () => {
    assert.deepEqual(check(shop(), 'open/* -> internet:1 allowed').notes, ['Left out, as policies do not govern pods in the network of their node: open/agent-1.']);
    assert.equal(check(shop(podYaml('host/only-1', '{a: b}', { spec: ', hostNetwork: true' })), 'host/* -> internet denied').message,
      'from: matches only pods in the network of their node, which policies do not govern: host/only-1. Name one to ask about it');
    assert.deepEqual(check(shop(), '* except shop/wbe -> db/postgres denied').notes.slice(0, 1), ['except shop/wbe leaves nobody out: namespace shop has no pod or workload with pods "wbe". Did you mean shop/web?']);
  });

  it('of a Service is not passed where nobody answers on one of its ports', () => {
    const half = serviceYaml('open/half', '{selector: {app: tool}, ports: [{name: a, port: 80}, {name: b, port: 81, targetPort: nope}]}');
    const [dead, notes] = ['Service open/half has no endpoints for port 81 (b): no pod behind it has a port named "nope"', (found: Checked) => found.notes.join(' ')];
    const found = check(shop(half), '8.8.8.8 -> svc/open/half allowed');
    assert.deepEqual([found.outcome, found.message], ['unanswered', `to: ${dead}`]);
    assert.equal(check(shop(half), 'shop/web -> svc/open/half allowed').outcome, 'failed');
    const denied = check(shop(half), 'shop/web -> svc/open/half denied');
    assert.deepEqual([denied.outcome, denied.message], ['passed', '2 pairs denied']);
    assert.ok(notes(denied).includes(`Left out: ${dead}.`));
  });

  it('is unknown where an answer is, and failed where another answer is wrong for sure', () => {
    const range = policyYaml('shop/out', '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.4.0/24}}]}]}');
    const found = check(shop(range), 'shop/web -> open/tool:80 denied');
    assert.deepEqual([found.outcome, found.message, found.unknown, found.against], ['unknown', '2 of 2 pairs unknown', 2, 0]);
    assert.equal(check(shop(range), { from: 'shop/web', to: { podSelector: {} }, port: 8080, expect: 'denied' }).outcome, 'failed');
  });

  it('that is not met names an example and the rule to blame on each side', () => {
    const blame = (item: string, more = ''): string[] => {
      const cluster = shop(more);
      const found = check(cluster, item);
      assert.ok(found.example !== undefined);
      return blameLines(cluster, found.example, found.expectation.expect);
    };
    assert.deepEqual(blame('shop/web -> orders/api denied'), [
      'shop/web-1 (Deployment web) -> orders/api-1 (Deployment api), port 8080',
      'Egress of shop/web-1: allowed by NetworkPolicy shop/allow-api, spec.egress[0], to[0], ports[0]',
      'Ingress of orders/api-1: allowed by NetworkPolicy orders/allow-shop, spec.ingress[0], from[0], ports[0]',
    ]);
    assert.deepEqual(blame('open/* -> metadata denied').slice(1), ['Egress of open/tool-1: no policy decides: allowed by default']);
    const [, first, second, third] = blame('orders/api -> db/postgres:5432 allowed');
    assert.equal(first, 'Egress of orders/api-1: isolated by NetworkPolicy orders/default-deny, and no rule allows this');
    assert.match(second ?? '', /^To allow it, egress: a new NetworkPolicy orders\//);
    assert.equal(third, undefined);
    assert.match(blame('open/tool -> orders/api:8080 allowed').join('\n'), /Nearest: NetworkPolicy orders\/allow-shop, spec\.ingress\[0\], from\[0\], ports\[0\]: the source's namespace has no label team, and team=shop is wanted; the source pod has app=tool, and app=web is wanted/);
  });

  it('through a Service to the pod itself is asked for where nothing else is', () => {
    const hairpin = serviceYaml('open/tool', '{selector: {app: tool}, ports: [{port: 80}]}');
    assert.equal(check(shop(hairpin), 'open/tool -> svc/open/tool allowed').pairs, 1);
  });

  it('of one pod alone is asked of it and itself; of several that have no address family in common nothing passes', () => {
    const pod = (name: string, ip: string): Pod => ({ namespace: 'x', name, labels: new Map(), ips: [ip], ports: [], hostNetwork: false, terminal: false });
    const outcome = (...pods: Pod[]) => {
      const { outcome: found, pairs } = check(clusterOfWorld({ namespaces: [{ name: 'x', labels: new Map() }], pods, policies: [], options: { ipBlockMatchesPods: 'yes' } }), 'x/* -> x/*:80 allowed');
      return [found, pairs];
    };
    assert.deepEqual(outcome(pod('a', '10.0.0.1')), ['passed', 1]);
    assert.deepEqual(outcome(pod('a', '10.0.0.1'), pod('b', 'fd00::1')), ['nobody', 0]);
  });

  it('about more than can be looked at is not passed', () => {
    const pods = Array.from({ length: 1100 }, (_, index): Pod => (
      { namespace: 'x', name: `p-${index}`, labels: new Map([['k', String(index)]]), ips: [], ports: [], hostNetwork: false, terminal: false }));
    const policies: WorldInput['policies'] = [{ kind: 'NetworkPolicy', namespace: 'x', name: 'p', spec: { podSelector: { matchLabels: { k: '1' } } } }];
    const input: WorldInput = { namespaces: [{ name: 'x', labels: new Map() }], pods, policies, options: { ipBlockMatchesPods: 'yes' } };
    assert.deepEqual([check(clusterOfWorld(input), 'x/* -> x/*:80 allowed')].map(({ outcome, message }) => [outcome, message]), [['unanswered', 'there are more pairs of different ends than can be looked at: narrow the selectors']]);
    // Without that label in any selector, they are all alike.
    assert.deepEqual(check(clusterOfWorld({ ...input, policies: [] }), 'x/* -> x/*:80 allowed').pairs, 1100 * 1099);
  });
});

describe('pods that are alike', () => {
  const pod = (fields: Partial<Pod> = {}): Pod => ({ namespace: 'x', name: 'p', labels: new Map([['k', 'v']]), ips: ['10.0.0.1'], ports: [], hostNetwork: false, terminal: false, node: 'n1', ...fields });
  const rule = (podSelector: object, from: object, ports: readonly object[] = []): Policy => ({ kind: 'NetworkPolicy', namespace: 'x', name: 'p', spec: { podSelector, ingress: [{ from: [from], ports: [...ports] }] } });
  const distinctions = (...policies: readonly Policy[]) => distinctionsOf(clusterOfWorld({ namespaces: [{ name: 'x', labels: new Map() }], pods: [], policies, options: { ipBlockMatchesPods: 'yes' } }));
  const areAlike = (a: Pod, b: Pod, known = distinctions(), withNode = false): boolean => classKey(a, known, withNode) === classKey(b, known, withNode);

  it('have the same labels, as far as any selector looks at them', () => {
    const [v, w] = [pod(), pod({ name: 'q', labels: new Map([['k', 'w'], ['other', 'x']]) })];
    assert.ok(areAlike(v, w));
    for (const policy of [rule({ matchLabels: { k: 'v' } }, {}), rule({}, { podSelector: { matchExpressions: [{ key: 'k', operator: 'Exists' }] } })]) assert.ok(!areAlike(v, w, distinctions(policy)));
    assert.ok(areAlike(v, w, distinctions(rule({ matchLabels: { else: 'v' } }, {}))));
    const subject: Policy = { kind: 'ClusterNetworkPolicy', name: 'c', spec: { subject: { pods: { podSelector: { matchLabels: { k: 'v' } } } } } };
    const opaque: Policy = { kind: 'Opaque', apiKind: 'CiliumNetworkPolicy', name: 'o', scopes: [{ podSelector: { matchLabels: { k: 'v' } } }] };
    for (const policy of [subject, opaque]) assert.ok(!areAlike(v, w, distinctions(policy)));
  });
  it('have addresses that no block tells apart, of the same families', () => {
    const [near, far] = [pod(), pod({ ips: ['10.0.0.9'] })];
    assert.ok(areAlike(near, far));
    assert.ok(!areAlike(near, far, distinctions(rule({}, { ipBlock: { cidr: '10.0.0.0/29' } }))));
    assert.ok(!areAlike(near, far, distinctions(rule({}, { ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.8/29'] } }))));
    assert.ok(areAlike(near, far, distinctions(rule({}, { ipBlock: { cidr: '10.0.0.0/28' } }))));
    for (const ips of [[], ['fd00::1'], ['10.0.0.1', 'fd00::1']]) assert.ok(!areAlike(near, pod({ ips })));
  });
  it('have the same ports, namespace and kind of network, and the same node where nodes ask', () => {
    assert.ok(!areAlike(pod(), pod({ ports: [{ name: 'web', containerPort: 80, protocol: 'TCP' }] })));
    assert.ok(!areAlike(pod(), pod({ namespace: 'y' })));
    assert.ok(!areAlike(pod(), pod({ hostNetwork: true })));
    assert.ok(areAlike(pod(), pod({ node: 'n2' })));
    assert.ok(!areAlike(pod(), pod({ node: 'n2' }), distinctions(), true));
  });

  it('all ports are in cells that no rule tells apart', () => {
    const bound = fc.constantFrom(1, 2, 79, 80, 81, 100, 65_534, 65_535);
    const entry = fc.oneof(fc.tuple(bound, bound).map(([a, b]) => ({ port: Math.min(a, b), endPort: Math.max(a, b) })), fc.constant({}), fc.constantFrom({ port: 'web' }, { port: 'dns', protocol: 'UDP' }, { port: 80, protocol: 'UDP' }));
    const declared: Pod['ports'] = [{ name: 'web', containerPort: 90, protocol: 'TCP' }, { name: 'dns', containerPort: 53, protocol: 'UDP' }];
    fc.assert(fc.property(fc.array(entry, { maxLength: 3 }), (ports) => {
      const { rules } = compileNetworkPolicy({ ingress: ports.map((port) => ({ ports: [port] })) }, 1);
      const cells = portCells(rules.Ingress, declared);
      const world = clusterOfWorld({ namespaces: [], pods: [], policies: [{ kind: 'NetworkPolicy', namespace: 'x', name: 'p', spec: { ingress: [{ from: [], ports }] } }], options: { ipBlockMatchesPods: 'yes' } }).world;
      const verdict = (port: number, protocol: Connection['protocol']) => evaluate(world, { from: { ip: '8.8.8.8' }, to: { pod: pod({ ports: declared }) }, port, protocol }).verdict;
      for (const protocol of PROTOCOLS) {
        const inCells = new Set(cells.filter((cell) => cell.protocol === protocol).map(({ port }) => verdict(port, protocol)));
        for (const port of [1, 2, 3, 52, 53, 54, 78, 79, 80, 81, 82, 89, 90, 91, 99, 100, 101, 65_533, 65_534, 65_535]) assert.ok(inCells.has(verdict(port, protocol)), `${port}/${protocol}`);
      }
    }));
  });
});

describe('expectations and the evaluator', () => {
  const isLive = ({ hostNetwork, terminal }: Pod): boolean => !hostNetwork && !terminal;
  /** Of each pair, in all its address families. */
  const verdictsOf = (cluster: Cluster, sources: readonly Endpoint[], ends: readonly Endpoint[], asked: Pick<Connection, 'port' | 'protocol'>): string[][] => sources.flatMap((from) => ends.flatMap((to) => {
    if ('pod' in from && 'pod' in to && from.pod.namespace === to.pod.namespace && from.pod.name === to.pod.name) return [];
    const connection: Connection = { from, to, ...asked };
    const families = byFamily(cluster.world, connection);
    const hasAddresses = [from, to].every((end) => 'ip' in end || end.pod.ips.length > 0);
    if (hasAddresses && families.some(({ family }) => family === undefined)) return []; // none in common
    return [families.map((each) => evaluate(cluster.world, each).verdict)];
  }));

  it('agree pair by pair: grouping pods that are alike changes no count', () => {
    const asked = fc.record({ port: fc.constantFrom(1, 2, 53, 80, 81, 8080), protocol: fc.constantFrom(...PROTOCOLS) });
    fc.assert(fc.property(someWorld(), asked, fc.constantFrom('allowed', 'denied'), (input, { port, protocol }, expect) => {
      const cluster = clusterOfWorld(input);
      const live = cluster.pods.filter(isLive).map((pod) => ({ pod }));
      if (live.length === 1) return; // it and itself, which is not the sum of anything
      const verdicts = verdictsOf(cluster, live, live, { port, protocol });
      const found = check(cluster, `* -> *:${port}/${protocol} ${expect}`);
      if (verdicts.length === 0) {
        assert.notEqual(found.outcome, 'passed');
        return;
      }
      const isAgainst = (each: readonly string[]): boolean => each.some((verdict) => verdict !== expect && verdict !== 'unknown');
      const against = verdicts.filter(isAgainst).length;
      const unknown = verdicts.filter((each) => !isAgainst(each) && each.includes('unknown')).length;
      assert.deepEqual([found.pairs, found.against, found.unknown], [verdicts.length, against, unknown]);
      assert.equal(found.outcome, against > 0 ? 'failed' : unknown > 0 ? 'unknown' : 'passed');
    }), { numRuns: 200 });
  });

  it('agree on every port and on ranges of addresses: what passes holds for any that is picked', () => {
    const pick = fc.record({ port: fc.integer({ min: 1, max: 65_535 }), near: fc.constantFrom(1, 2, 53, 80, 100, 101, 8080, 65_535), isNear: fc.boolean(), protocol: fc.constantFrom(...PROTOCOLS), last: fc.integer({ min: 0, max: (1 << 24) - 1 }) });
    fc.assert(fc.property(someWorld(), fc.array(pick, { minLength: 5, maxLength: 15 }), (input, picks) => {
      const cluster = clusterOfWorld(input);
      const live = cluster.pods.filter(isLive).map((pod) => ({ pod }));
      if (live.length === 0) return;
      for (const expect of ['allowed', 'denied'] as const) {
        const everywhere = check(cluster, `* -> *:any ${expect}`);
        const inRange = check(cluster, `* -> 129.0.0.0/8:any ${expect}`);
        for (const { port, near, isNear, protocol, last } of picks) {
          const asked = { port: isNear ? near : port, protocol };
          if (everywhere.outcome === 'passed') assert.ok(verdictsOf(cluster, live, live, asked).flat().every((verdict) => verdict === expect), JSON.stringify(asked));
          const ip = `129.${last >> 16}.${(last >> 8) & 255}.${last & 255}`;
          if (inRange.outcome === 'passed') assert.ok(verdictsOf(cluster, live, [{ ip }], asked).flat().every((verdict) => verdict === expect), `${ip} ${JSON.stringify(asked)}`);
        }
        assertExample(cluster, everywhere, expect);
      }
    }), { numRuns: 100 });
  });

  /** A failure shows something that really is so. */
  function assertExample(cluster: Cluster, { outcome, example }: Checked, expect: string): void {
    if (outcome !== 'failed') return;
    assert.ok(example !== undefined);
    const { verdict } = evaluate(cluster.world, example.connection);
    assert.deepEqual([verdict === expect, verdict === 'unknown'], [false, false]);
  }
});
