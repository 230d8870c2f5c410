/** The classifier: what each kind of change touches, and that it holds nothing else. */
import assert from 'node:assert/strict';
import { createClassifier, type ClassChange, type Classifier } from '../../../src/netpol/classifier.ts';
import { compileNetworkPolicy } from '../../../src/netpol/compile-network-policy.ts';
import { defeatingOf } from '../../../src/netpol/defeat.ts';
import { effectiveOf, type ClassInput } from '../../../src/netpol/effective.ts';
import type { Policy } from '../../../src/netpol/model.ts';
import type { StoredPeer } from '../../../src/netpol/stored.ts';
import { aClusterPolicy, aNamespaceOf, aNetworkPolicy, aPodOf } from '../../support/netpol.ts';

const text = ({ pod, direction, before, after }: ClassChange): string => `${pod.namespace}/${pod.name} ${direction} ${before?.class ?? '-'} -> ${after?.class ?? '-'}`;
const flushed = (classifier: Classifier): string[] => classifier.flush().map(text).sort();

/** Namespaces x and y with pods a and b each; nothing isolates them. */
function aClassifier(...policies: Policy[]): Classifier {
  const classifier = createClassifier({ ipBlockMatchesPods: 'no' });
  for (const name of ['x', 'y']) {
    classifier.upsertNamespace(aNamespaceOf(name, { ns: name }));
    for (const pod of ['a', 'b']) classifier.upsertPod(aPodOf(`${name}/${pod}`, { labels: { pod }, ips: ['10.0.0.1'] }));
  }
  for (const policy of policies) classifier.upsertPolicy(policy);
  classifier.flush();
  return classifier;
}
const ofPod = (pod: string): Policy => aNetworkPolicy('x/p', { podSelector: { matchLabels: { pod } } });
const denyIn = (ns: string): Policy => aClusterPolicy('c', { tier: 'Admin', priority: 1, subject: { namespaces: { matchLabels: { ns } } }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] });

describe('classifier: a change touches what it concerns', () => {
  it('a policy: the pods it selects', () => {
    const classifier = aClassifier();
    classifier.upsertPolicy(ofPod('a'));
    assert.deepEqual(flushed(classifier), ['x/a Ingress open -> closed']);
  });
  it('a policy edited: the pods it selected, too', () => {
    const classifier = aClassifier(ofPod('a'));
    classifier.upsertPolicy(ofPod('b'));
    assert.deepEqual(flushed(classifier), ['x/a Ingress closed -> open', 'x/b Ingress open -> closed']);
  });
  it('a policy removed', () => {
    const classifier = aClassifier(ofPod('a'));
    classifier.removePolicy({ kind: 'NetworkPolicy', namespace: 'x', name: 'p' });
    assert.deepEqual(flushed(classifier), ['x/a Ingress closed -> open']);
    classifier.removePolicy({ kind: 'NetworkPolicy', namespace: 'x', name: 'never there' });
    assert.deepEqual(flushed(classifier), []);
  });
  it('a policy written again as it was', () => {
    const classifier = aClassifier(ofPod('a'), denyIn('x'));
    classifier.upsertPolicy(ofPod('a'));
    classifier.upsertPolicy(denyIn('x'));
    assert.deepEqual(flushed(classifier), []);
  });
  it('a pod relabelled, and one that comes and goes', () => {
    const classifier = aClassifier(ofPod('a'));
    classifier.upsertPod(aPodOf('x/b', { labels: { pod: 'a' }, ips: ['10.0.0.1'] }));
    assert.deepEqual(flushed(classifier), ['x/b Ingress open -> closed']);
    classifier.upsertPod(aPodOf('x/c', { labels: { pod: 'a' } }));
    assert.deepEqual(flushed(classifier), ['x/c Egress - -> open', 'x/c Ingress - -> closed']);
    classifier.removePod('x', 'c');
    assert.deepEqual(flushed(classifier), ['x/c Egress open -> -', 'x/c Ingress closed -> -']);
  });
  it('a pod that is finished', () => {
    const classifier = aClassifier();
    classifier.upsertPod(aPodOf('x/a', { labels: { pod: 'a' }, terminal: true }));
    assert.deepEqual(flushed(classifier), ['x/a Egress open -> -', 'x/a Ingress open -> -']);
  });
  it('a cluster policy: the pods of the namespaces it is about, before and after', () => {
    const classifier = aClassifier(denyIn('x'));
    classifier.upsertPolicy(denyIn('y'));
    assert.deepEqual(flushed(classifier), ['x/a Ingress allow-any-external -> open', 'x/b Ingress allow-any-external -> open', 'y/a Ingress open -> allow-any-external', 'y/b Ingress open -> allow-any-external']);
    classifier.removePolicy({ kind: 'ClusterNetworkPolicy', name: 'c' });
    assert.deepEqual(flushed(classifier), ['y/a Ingress allow-any-external -> open', 'y/b Ingress allow-any-external -> open']);
  });
  it('a namespace relabelled: cluster policies are about other pods', () => {
    const classifier = aClassifier(denyIn('x'));
    classifier.upsertNamespace(aNamespaceOf('x', { ns: 'z' }));
    assert.deepEqual(flushed(classifier), ['x/a Ingress allow-any-external -> open', 'x/b Ingress allow-any-external -> open']);
  });
  it('a pod in which nothing differs that policies look at: none, and it takes the place of the old one', () => {
    const classifier = aClassifier();
    const same = aPodOf('x/a', { labels: { pod: 'a' }, ips: ['10.0.0.1'], node: 'another' });
    classifier.upsertPod(same);
    assert.deepEqual(flushed(classifier), []);
    assert.equal(classifier.podsIn('x').find(({ name }) => name === 'a'), same);
  });
  it('a family that pods begin to use: everywhere', () => {
    const classifier = aClassifier(aNetworkPolicy('x/p', { ingress: [{ from: [{ namespaceSelector: {} }, { ipBlock: { cidr: '0.0.0.0/0' } }] }] }));
    classifier.upsertPod(aPodOf('y/six', { ips: ['fd00::1'] }));
    assert.deepEqual(flushed(classifier).filter((change) => change.startsWith('x/')), ['x/a Ingress allow-all -> allow-any-external', 'x/b Ingress allow-all -> allow-any-external']);
    classifier.removePod('y', 'six');
    assert.deepEqual(flushed(classifier).filter((change) => change.startsWith('x/')), ['x/a Ingress allow-any-external -> allow-all', 'x/b Ingress allow-any-external -> allow-all']);
  });
  it('a policy that is not evaluated comes and goes', () => {
    const classifier = aClassifier();
    const opaque: Policy = { kind: 'Opaque', apiKind: 'CiliumNetworkPolicy', namespace: 'x', name: 'c', scopes: [{ podSelector: { matchLabels: { pod: 'a' } } }] };
    classifier.upsertPolicy(opaque);
    assert.deepEqual(flushed(classifier), ['x/a Egress open -> unknown', 'x/a Ingress open -> unknown']);
    classifier.removePolicy(opaque);
    assert.deepEqual(flushed(classifier), ['x/a Egress unknown -> open', 'x/a Ingress unknown -> open']);
  });
});

describe('classifier: a class for which all that could exist are too many', () => {
  const KEYS = Array.from({ length: 40 }, (_, index) => `k${index}`);
  let seed = 7;
  const next = (below: number): number => { seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31; return Math.floor((seed / 2 ** 31) * below); };
  /** Only a pod with exactly these labels, of the keys above, is let through by no peer. */
  const needle = new Map(KEYS.filter(() => next(2) === 0).map((key) => [key, 'v']));
  const matches = (key: string, operator: string): boolean => needle.has(key) === (operator === 'In');
  const peers: StoredPeer[] = [];
  while (peers.length < 260) {
    const literals = [0, 1, 2].map(() => ({ key: KEYS[next(KEYS.length)]!, operator: next(2) === 0 ? 'In' : 'NotIn', values: ['v'] }));
    if (!literals.every(({ key, operator }) => matches(key, operator))) peers.push({ namespaceSelector: {}, podSelector: { matchExpressions: literals } });
  }
  const hard = aNetworkPolicy('x/hard', { podSelector: { matchLabels: { pod: 'a' } }, ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }, ...peers] }] });
  const classOf = (classifier: Classifier): unknown[] => { const found = classifier.classOf('x', 'a', 'Ingress'); return [found?.class, found?.effective?.exact]; };

  it('looks at the pods that exist, and again when one comes, changes or goes', () => {
    const classifier = aClassifier(hard);
    assert.deepEqual(classOf(classifier), ['allow-all', false]);
    const other = aPodOf('y/needle', { labels: Object.fromEntries(needle) });
    classifier.upsertPod(other);
    assert.deepEqual(flushed(classifier), ['x/a Ingress allow-all -> allow-any-external', 'y/needle Egress - -> open', 'y/needle Ingress - -> open']);
    classifier.upsertPod({ ...other, labels: new Map() });
    assert.deepEqual(flushed(classifier), ['x/a Ingress allow-any-external -> allow-all']);
    classifier.upsertPod(other);
    assert.deepEqual(flushed(classifier), ['x/a Ingress allow-all -> allow-any-external']);
    classifier.removePod('y', 'needle');
    assert.deepEqual(flushed(classifier), ['x/a Ingress allow-any-external -> allow-all', 'y/needle Egress open -> -', 'y/needle Ingress open -> -']);
  });
  it('and again when a namespace is relabelled', () => {
    const inSome = aNetworkPolicy('x/hard', { podSelector: { matchLabels: { pod: 'a' } }, ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }, { namespaceSelector: { matchLabels: { ns: 'y' } } }, ...peers] }] });
    const classifier = aClassifier(inSome);
    classifier.upsertPod(aPodOf('y/needle', { labels: Object.fromEntries(needle) }));
    classifier.flush();
    assert.deepEqual(classOf(classifier), ['allow-all', false]);
    classifier.upsertNamespace(aNamespaceOf('y', { ns: 'z' }));
    assert.deepEqual(flushed(classifier), ['x/a Ingress allow-all -> allow-any-external']);
  });
});

describe('classifier: equal specs share a class unless a name makes the difference', () => {
  const both = (spec: Extract<Policy, { kind: 'NetworkPolicy' }>['spec']): Policy[] => ['x', 'y'].map((namespace) => aNetworkPolicy(`${namespace}/p`, spec));
  it('the own namespace', () => {
    const classifier = aClassifier(...both({ ingress: [{ from: [{ podSelector: {} }, { namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['x'] }] } }] }] }));
    assert.deepEqual(['x', 'y'].map((namespace) => classifier.classOf(namespace, 'a', 'Ingress')?.class), ['allow-cluster', 'restricted']);
  });
  it('what the pod calls its ports', () => {
    const classifier = aClassifier(...both({ ingress: [{ ports: [{ port: 'web' }] }] }));
    classifier.upsertPod(aPodOf('x/c', { ports: { web: 80 } }));
    classifier.upsertPod(aPodOf('x/d', { ports: { web: 81 } }));
    classifier.flush();
    assert.deepEqual(['a', 'c', 'd'].map((pod) => classifier.classOf('x', pod, 'Ingress')?.effective?.anyExternal.map(({ first }) => first)), [[], [80], [81]]);
  });
  it('the policy that is named is the pod\'s own', () => {
    const classifier = aClassifier(...both({ ingress: [{}] }));
    assert.deepEqual(classifier.defeating('y', 'a', 'Ingress'), [{ ref: { kind: 'NetworkPolicy', namespace: 'y', name: 'p' }, rules: [0] }]);
    assert.equal(classifier.classOf('x', 'a', 'Ingress'), classifier.classOf('y', 'b', 'Ingress'), 'one object for all');
  });
  it('a namespace without pods: what a plain one would be, and who makes it so', () => {
    const classifier = createClassifier({ ipBlockMatchesPods: 'no' });
    classifier.upsertNamespace(aNamespaceOf('empty'));
    assert.equal(classifier.classOfPlain('empty', 'Ingress')?.class, 'open');
    classifier.upsertPolicy(aNetworkPolicy('empty/deny', {}));
    assert.equal(classifier.classOfPlain('empty', 'Ingress')?.class, 'closed');
    classifier.upsertPolicy(aNetworkPolicy('empty/of-others', { podSelector: { matchLabels: { pod: 'a' } }, ingress: [{}] }));
    assert.equal(classifier.classOfPlain('empty', 'Ingress')?.class, 'closed');
    classifier.upsertPolicy(aNetworkPolicy('empty/all', { ingress: [{}] }));
    assert.equal(classifier.classOfPlain('empty', 'Ingress')?.class, 'allow-all');
    assert.deepEqual(classifier.defeating('empty', undefined, 'Ingress').map(({ ref }) => ref.name), ['all']);
    assert.equal(classifier.classOfPlain('nowhere', 'Ingress'), undefined);
    assert.deepEqual(classifier.defeating('nowhere', undefined, 'Ingress'), []);
    assert.deepEqual(classifier.flush(), [], 'it is in nobody\'s count');
  });
  it('counts pods by class', () => assert.deepEqual([...aClassifier(ofPod('a')).counts('Ingress')].sort(([a], [b]) => (a < b ? -1 : 1)), [['closed', 1], ['open', 3]]));
});

describe('classifier: too much to look at', () => {
  const ports = (count: number): Policy => aNetworkPolicy('x/huge', { ingress: Array.from({ length: count }, (_, index) => ({ from: [{ podSelector: { matchLabels: { k: `v${index}` } } }], ports: [{ port: 1 + index }] })) });
  const bounded = (): Classifier => {
    const classifier = createClassifier({ ipBlockMatchesPods: 'no' }, { mostWork: 10_000 });
    classifier.upsertPod(aPodOf('x/a'));
    return classifier;
  };

  it('is unknown, by the policy that makes it so, where the work is bounded', () => {
    const classifier = bounded();
    classifier.upsertPolicy(ports(20));
    classifier.upsertPolicy(aNetworkPolicy('x/deny', {}));
    classifier.flush();
    assert.equal(classifier.classOf('x', 'a', 'Ingress')?.class, 'restricted');
    classifier.upsertPolicy(ports(200));
    classifier.flush();
    const found = classifier.classOf('x', 'a', 'Ingress');
    assert.deepEqual([found?.class, found?.effective, found?.opaque.map(({ name }) => name)], ['unknown', undefined, ['huge']]);
    assert.equal(classifier.classOf('x', 'a', 'Egress')?.class, 'open', 'the other direction is as it was');
    classifier.removePolicy({ kind: 'NetworkPolicy', namespace: 'x', name: 'huge' });
    classifier.flush();
    assert.equal(classifier.classOf('x', 'a', 'Ingress')?.class, 'closed');
  });

  it('so do labels of many values, each of which is held against each rule', () => {
    const classWith = (count: number): unknown => {
      const classifier = createClassifier({ ipBlockMatchesPods: 'yes' }, { mostWork: 10_000 });
      classifier.upsertPod(aPodOf('x/a', { ips: ['10.0.0.1'] }));
      const labels = Array.from({ length: count }, (_, index) => ({ namespaceSelector: { matchLabels: { a: `v${index}` } } }));
      classifier.upsertPolicy(aNetworkPolicy('x/p', { ingress: [...labels, { ipBlock: { cidr: '0.0.0.0/1' } }, { ipBlock: { cidr: '128.0.0.0/1' } }].map((peer) => ({ from: [peer] })) }));
      classifier.flush();
      return classifier.classOf('x', 'a', 'Ingress')?.class;
    };
    assert.deepEqual([classWith(100), classWith(1_000)], ['allow-all', 'unknown']);
  });

  it('what defeats a class of many rules is named, though not the fewest of them', () => {
    let asked = 0;
    const many = Array.from({ length: 2_000 }, (_, index) => ({ from: [{ namespaceSelector: { matchLabels: { a: `v${index}` } } }] }));
    const compiled = compileNetworkPolicy({ podSelector: {}, ingress: [...many, {}] }, 1);
    const input: ClassInput = { direction: 'Ingress', ownNamespace: 'x', podPorts: [], families: ['IPv4'], ipBlockMatchesPods: true, clusterPolicies: [], isolating: [compiled], existing: () => [] };
    const find = (about: ClassInput) => { asked += 1; return effectiveOf(about); };
    assert.deepEqual(defeatingOf(input, find, 10_000).map(({ compiled: { id } }) => id), [1]);
    assert.ok(asked <= 1 + 10_000 * 16 / 2_001, `${asked} times all rules were looked at`);
  });

  it('excepts count, so do blocks that overlap in many pieces, and ports that are compared with each other: one bound for all of it', () => {
    const cidr = (index: number): string => `10.${index >> 8}.${index & 255}.0/24`;
    const block = (...except: string[]) => ({ ipBlock: { cidr: '0.0.0.0/0', except } });
    const range = (count: number, start = 0): number[] => Array.from({ length: count }, (_, index) => start + index * 2);
    const classWith = (spec: Extract<Policy, { kind: 'NetworkPolicy' }>['spec']): unknown => {
      const classifier = bounded();
      classifier.upsertPolicy(aNetworkPolicy('x/p', spec));
      classifier.flush();
      return classifier.classOf('x', 'a', 'Ingress')?.class;
    };
    for (const [few, many] of [
      [{ from: [block(...range(20).map(cidr))] }, { from: [block(...range(6_000).map(cidr))] }],
      [{ from: range(5).map((at) => block(cidr(at))) }, { from: range(80).map((at) => block(...range(2, at * 10).map(cidr))) }],
      [{ ports: range(20).map((port) => ({ port: port + 1 })) }, { ports: range(1_000).map((port) => ({ port: port + 1 })) }],
    ] as const) assert.deepEqual([classWith({ ingress: [few] }), classWith({ ingress: [many] })], ['allow-any-external', 'unknown']);
  });

  it('is unknown as well where few peers say so much that a search would not end, and no pod is walked through', () => {
    const expressions = (seed: number) => Array.from({ length: 3 }, (_, index) => ({ key: `k${(seed * 7 + index * 17) % 50}`, operator: (seed + index) % 2 === 0 ? 'Exists' : 'DoesNotExist' }));
    const from = Array.from({ length: 220 }, (_, seed) => ({ podSelector: { matchExpressions: expressions(seed) } }));
    const classifier = createClassifier({ ipBlockMatchesPods: 'no' }, { mostWork: 150_000 });
    for (let index = 0; index < 50; index += 1) classifier.upsertPod(aPodOf(`other/p${index}`));
    classifier.upsertPod(aPodOf('x/a'));
    classifier.upsertPolicy(aNetworkPolicy('x/dnf', { ingress: Array.from({ length: 150 }, (_, index) => ({ from, ports: [{ port: 1 + index }] })) }));
    classifier.upsertPolicy(aNetworkPolicy('x/few', { ingress: [{ from }] }));
    const startedAt = process.cpuUsage();
    classifier.flush();
    const { user } = process.cpuUsage(startedAt);
    assert.equal(classifier.classOf('x', 'a', 'Ingress')?.class, 'unknown');
    assert.deepEqual(classifier.defeating('x', 'a', 'Ingress').length > 5, false);
    assert.ok(user < 5_000_000, `${user / 1000} ms of CPU`);
  });

  it('is taken on where it is not', () => {
    const classifier = createClassifier({ ipBlockMatchesPods: 'no' });
    classifier.upsertPod(aPodOf('x/a'));
    classifier.upsertPolicy(ports(200));
    classifier.flush();
    assert.equal(classifier.classOf('x', 'a', 'Ingress')?.class, 'restricted');
  });

  it('what defeats a class is then a set that does, though not the smallest', () => {
    const classifier = bounded();
    for (let index = 0; index < 16; index += 1) classifier.upsertPolicy(aNetworkPolicy(`x/p${index}`, { ingress: [{ from: [{ namespaceSelector: {} }, { ipBlock: { cidr: `${index * 16}.0.0.0/4` } }] }] }));
    classifier.flush();
    assert.equal(classifier.classOf('x', 'a', 'Ingress')?.class, 'allow-all');
    assert.equal(classifier.defeating('x', 'a', 'Ingress').length, 16);
  });

  it('goes on later where it is asked to', () => {
    const classifier = bounded();
    for (let index = 0; index < 10; index += 1) classifier.upsertPod(aPodOf(`y/p${index}`));
    let left = 4;
    assert.equal(classifier.flush(() => (left -= 1) > 0).length, 8, 'four pods, both directions');
    assert.equal(classifier.unflushed, 7);
    assert.equal(classifier.flush().length, 14);
    assert.equal(classifier.unflushed, 0);
  });
});
