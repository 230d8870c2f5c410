/** Laws of classes over random clusters and peers that need not exist: a class is true of every peer it speaks of, and has a witness. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DIRECTIONS, type Direction } from '../../../src/api/network-policy.ts';
import type { PortSpan } from '../../../src/netpol/cells.ts';
import type { PodClass } from '../../../src/netpol/classify.ts';
import { CLASSES } from '../../../src/netpol/effective.ts';
import { evaluate } from '../../../src/netpol/evaluate.ts';
import { PROTOCOLS, type Connection, type Endpoint, type Namespace, type Pod, type WorldInput } from '../../../src/netpol/model.ts';
import { isIsolated, NAMESPACE_CLASSES, weakestOf } from '../../../src/netpol/namespace-class.ts';
import { buildWorld } from '../../../src/netpol/world.ts';
import { classifierOf } from '../../support/netpol-class.ts';
import { aNamespaceOf, aPodOf, type Labels } from '../../support/netpol.ts';
import { someWorld } from '../../support/random-netpol.ts';

/** A peer that the cluster need not have; its namespace may be one of the cluster's with other labels. */
interface Peer { readonly namespace: Namespace; readonly pod: Pod }

const labels = (): fc.Arbitrary<Labels> => fc.dictionary(fc.constantFrom('k', 'toString', 'other'), fc.constantFrom('v', 'w', 'z'), { maxKeys: 3 });
/** `own`: the namespace of the pod whose class it is. */
const peerOf = (own: string): fc.Arbitrary<Peer> => fc.record({
  name: fc.constantFrom('x', 'y', 'constructor', 'fresh', own), namespace: labels(), pod: labels(), octet: fc.constantFrom('10.0.0.7', '10.0.0.0', '10.200.3.4', '172.16.9.9', '8.1.1.1', '129.0.0.7'), ports: fc.constantFrom({}, { web: 80, dns: ['UDP', 53] as ['UDP', number] }),
}).map(({ name, namespace, pod, octet, ports }) => ({ namespace: aNamespaceOf(name, namespace), pod: aPodOf(`${name}/peer`, { labels: pod, ips: [octet], ports, node: 'elsewhere' }) }));

/** Only IPv4, so that "all pods" is not said of one family only; nothing that a network decides. */
const plainWorld = (): fc.Arbitrary<WorldInput> => someWorld().map((input) => ({
  ...input, nodes: [], options: { ipBlockMatchesPods: input.options.ipBlockMatchesPods === 'no' ? 'no' : 'yes' },
  pods: input.pods.map((pod) => ({ ...pod, hostNetwork: false, ips: pod.ips.filter((ip) => !ip.includes(':')), node: 'n1' })),
}));

interface Subject { readonly input: WorldInput; readonly pod: Pod; readonly direction: Direction; readonly found: PodClass }
const subject = (): fc.Arbitrary<Subject> => plainWorld().chain((input) => fc.tuple(fc.constantFrom(...input.pods.filter(({ terminal }) => !terminal), aPodOf('x/lone', { ips: ['10.0.0.99'] })), fc.constantFrom(...DIRECTIONS)).map(([pod, direction]) => {
  const pods = [...input.pods.filter(({ namespace, name }) => namespace !== pod.namespace || name !== pod.name), pod];
  const found = classifierOf({ ...input, pods }).classOf(pod.namespace, pod.name, direction);
  assert.ok(found !== undefined);
  return { input: { ...input, pods }, pod, direction, found };
}));

/** Of the subject's own side. */
function verdictWith({ input, pod, direction }: Subject, peer: Endpoint, { protocol, port }: Pick<Connection, 'protocol' | 'port'>, namespace?: Namespace): string {
  const others = input.namespaces.filter(({ name }) => name !== namespace?.name);
  const world = buildWorld({ ...input, namespaces: namespace === undefined || namespace.name === pod.namespace ? input.namespaces : [...others, namespace] });
  const ends = direction === 'Ingress' ? { from: peer, to: { pod } } : { from: { pod }, to: peer };
  return evaluate(world, { ...ends, protocol, port, family: 'IPv4' })[direction === 'Ingress' ? 'ingress' : 'egress'].verdict;
}

const within = (spans: readonly PortSpan[], { protocol, port }: Pick<Connection, 'protocol' | 'port'>): boolean => spans.some((span) => span.protocol === protocol && span.first <= port && port <= span.last);
const ends = (spans: readonly PortSpan[]): Pick<Connection, 'protocol' | 'port'>[] => spans.flatMap(({ protocol, first, last }) => [{ protocol, port: first }, { protocol, port: last }]);
/** Nothing that is undefined, or that only the network knows. */
const isCertain = ({ found }: Subject): boolean => found.class !== 'unknown' && found.effective?.exact === true && found.effective.codes.length === 0;
/** In every piece of the address space that the random policies can tell apart. */
const OUTSIDE = ['1.1.1.1', '8.8.8.8', '10.0.0.250', '10.200.0.1', '129.0.0.1', '10.0.0.1'];

describe('laws: a class is true of every peer', () => {
  it('closed lets nobody through, open and allow-all everybody; so do the ports for all pods', () => {
    const seen = { allowed: 0, denied: 0 };
    const cases = subject().chain((one) => fc.tuple(fc.constant(one), fc.array(fc.record({ peer: peerOf(one.pod.namespace), protocol: fc.constantFrom(...PROTOCOLS), port: fc.constantFrom(1, 53, 80, 81, 65_535) }), { minLength: 8, maxLength: 8 })));
    fc.assert(fc.property(cases, ([one, peers]) => {
      fc.pre(isCertain(one));
      const { effective } = one.found;
      for (const { peer, protocol, port } of peers) {
        const expected = effective?.class === 'closed' ? 'denied' : ['open', 'allow-all'].includes(effective?.class ?? '') || within(effective?.allPods ?? [], { protocol, port }) ? 'allowed' : undefined;
        if (expected === undefined || peer.pod.ips[0] === one.pod.ips[0]) continue; // to its own address a pod always gets through
        seen[expected] += 1;
        assert.equal(verdictWith(one, { pod: peer.pod }, { protocol, port }, peer.namespace), expected, `${one.direction} of ${one.pod.namespace}/${one.pod.name}: ${JSON.stringify(one.found)}`);
      }
    }), { numRuns: 120 });
    assert.ok(seen.allowed > 20 && seen.denied > 20, JSON.stringify(seen));
  });
});

describe('laws: a class has a witness', () => {
  it('open to any address outside: an address that passes, on each of the ports', () => {
    let seen = 0;
    fc.assert(fc.property(subject(), (one) => {
      fc.pre(isCertain(one));
      for (const port of ends(one.found.effective?.anyExternal ?? [])) {
        seen += 1;
        assert.ok(OUTSIDE.some((ip) => verdictWith(one, { ip }, port) === 'allowed'), JSON.stringify([port, one.found]));
      }
    }), { numRuns: 80 });
    assert.ok(seen > 30, `${seen}`);
  });
  it('open to all pods: a pod without labels in a namespace that nobody knows, on each of the ports', () => {
    let seen = 0;
    const stranger = aPodOf('stranger/pod', { ips: ['10.77.0.1'], node: 'elsewhere' });
    fc.assert(fc.property(subject(), (one) => {
      fc.pre(isCertain(one));
      for (const port of ends(one.found.effective?.allPods ?? [])) {
        seen += 1;
        assert.equal(verdictWith(one, { pod: stranger }, port), 'allowed', JSON.stringify([port, one.found]));
      }
    }), { numRuns: 80 });
    assert.ok(seen > 30, `${seen}`);
  });
});

describe('laws: the class of a namespace', () => {
  it('is that of its weakest pod; unknown where none is certainly open and one is not known', () => fc.assert(fc.property(someWorld(), (input) => {
    const classifier = classifierOf(input);
    for (const { name } of input.namespaces) {
      for (const direction of DIRECTIONS) {
        const classes = input.pods.filter(({ namespace, terminal, hostNetwork }) => namespace === name && !terminal && !hostNetwork).map((pod) => classifier.classOf(name, pod.name, direction)!.class);
        const weakest = weakestOf(input.pods.filter(({ namespace }) => namespace === name).flatMap((pod) => classifier.classOf(name, pod.name, direction)?.class ?? []));
        const isOpen = classes.some((each) => each !== 'unknown' && !isIsolated(each));
        if (classes.length === 0) assert.equal(weakest, undefined);
        else if (!isOpen && classes.includes('unknown')) assert.equal(weakest, 'unknown');
        else assert.equal(weakest, CLASSES.find((each) => classes.includes(each)));
      }
    }
  }), { numRuns: 60 }));
  it('does not depend on order or number', () => fc.assert(fc.property(fc.array(fc.constantFrom(...NAMESPACE_CLASSES, 'not-coverable' as const), { minLength: 1 }), (names) => {
    assert.equal(weakestOf(names), weakestOf([...names, ...names].reverse()));
    assert.equal(weakestOf([...names, 'open']), 'open');
    assert.equal(weakestOf([...names, 'not-coverable']), weakestOf(names));
  })));
  it('weakest first, and isolated are the two that keep something out', () => {
    assert.deepEqual(NAMESPACE_CLASSES, ['open', 'allow-all', 'allow-any-external', 'allow-cluster', 'unknown', 'restricted', 'closed']);
    assert.deepEqual([...NAMESPACE_CLASSES, 'not-coverable' as const].filter(isIsolated), ['restricted', 'closed']);
    assert.equal(weakestOf(['not-coverable']), undefined);
    assert.equal(weakestOf([]), undefined);
  });
});
