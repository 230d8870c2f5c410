/** The tracker: classes of namespaces as events come, one cause for each change, and nothing said that is not known. */
import assert from 'node:assert/strict';
import { opaquePolicyOf } from '../../../../src/netpol/opaque.ts';
import { FIELD_MANAGER } from '../../../../src/api/names.ts';
import { asGenerated } from '../../../support/build.ts';
import { aTrackedCluster, type TrackedCluster } from '../../../support/isolation-tracker.ts';

const DENY = { spec: { podSelector: {}, policyTypes: ['Ingress' as const, 'Egress' as const] }, managers: [FIELD_MANAGER] };
const ALLOW_ALL = { spec: { podSelector: {}, policyTypes: ['Ingress' as const], ingress: [{}] } };
const FIRST_LIST = { resource: 'pods', missing: { text: 'the first list is under way', isFailure: false } };
const FORBIDDEN = { resource: 'pods', missing: { text: 'list pods: 403 Forbidden', isFailure: true } };

/** Namespace x with pods a and b, denied by us; everything known. */
async function aCluster(): Promise<TrackedCluster> {
  const cluster = aTrackedCluster();
  cluster.namespace('x', { team: 'x' });
  for (const name of ['a', 'b']) cluster.pod(`x/${name}`, { labels: { app: name } });
  cluster.policy('x/default-deny', DENY);
  await cluster.settle();
  cluster.told();
  return cluster;
}

describe('isolation: classes of namespaces', () => {
  it('the weakest pod counts', async () => {
    const cluster = await aCluster();
    assert.equal(cluster.of('x'), 'closed/closed');
    cluster.policy('x/web', { spec: { podSelector: { matchLabels: { app: 'a' } }, policyTypes: ['Ingress'], ingress: [{}] } });
    await cluster.settle();
    assert.equal(cluster.of('x'), 'allow-all/closed');
    cluster.remove('pod', 'x/a');
    await cluster.settle();
    assert.equal(cluster.of('x'), 'closed/closed');
  });

  it('without pods that count, a pod without labels would', async () => {
    const cluster = aTrackedCluster();
    cluster.namespace('empty');
    cluster.namespace('hosts');
    cluster.pod('hosts/agent', { hostNetwork: true });
    cluster.pod('hosts/done', { phase: 'Succeeded' });
    cluster.policy('hosts/default-deny', DENY);
    await cluster.settle();
    assert.deepEqual([cluster.of('empty'), cluster.of('hosts')], ['open/open', 'closed/closed']);
    cluster.policy('empty/default-deny', DENY);
    await cluster.settle();
    assert.equal(cluster.of('empty'), 'closed/closed');
    cluster.policy('empty/mine', ALLOW_ALL);
    await cluster.settle();
    assert.deepEqual([cluster.of('empty'), cluster.defeat('empty')], ['allow-all/closed', 'open to everybody (allow-all) through NetworkPolicy mine (rule 0)']);
  });

  it('a cluster-wide policy reaches namespaces with and without pods', async () => {
    const cluster = await aCluster();
    cluster.namespace('empty', { team: 'x' });
    cluster.policy('empty/default-deny', DENY);
    await cluster.settle();
    cluster.other({
      kind: 'AdminNetworkPolicy', namespace: undefined,
      policy: { kind: 'AdminNetworkPolicy', name: 'open-x', spec: { priority: 1, subject: { namespaces: { matchLabels: { team: 'x' } } }, ingress: [{ action: 'Allow', from: [{ namespaces: {} }] }] } },
    });
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.of('empty')], ['allow-cluster/closed', 'allow-cluster/closed']);
    assert.equal(cluster.defeat('empty'), 'open to every pod of the cluster (allow-cluster) through AdminNetworkPolicy open-x (rule 0)');
    cluster.remove('other', 'open-x');
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.of('empty')], ['closed/closed', 'closed/closed']);
  });

  it('is forgotten with the namespace', async () => {
    const cluster = await aCluster();
    cluster.remove('policy', 'x/default-deny');
    for (const name of ['a', 'b']) cluster.remove('pod', `x/${name}`);
    cluster.remove('namespace', 'x');
    await cluster.settle();
    assert.equal(cluster.of('x'), undefined);
    assert.deepEqual(cluster.tracker.size(), { namespaces: 0, waiting: 0 });
  });

  it('counts pods, those of the host\'s network for themselves', async () => {
    const cluster = await aCluster();
    cluster.pod('x/agent', { hostNetwork: true });
    await cluster.settle();
    assert.deepEqual(Object.fromEntries(cluster.tracker.counts('Ingress')), { closed: 2, 'not-coverable': 1 });
  });
});

describe('isolation: what defeats a baseline', () => {
  it('is a policy that no baseline generates; what a baseline opens itself is meant', async () => {
    const cluster = await aCluster();
    cluster.policy('x/vetted', { ...ALLOW_ALL, managers: [FIELD_MANAGER] });
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.defeat('x')], ['allow-all/closed', undefined]);
    cluster.policy('x/theirs', { spec: { podSelector: { matchLabels: { app: 'b' } }, policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: {} }] }] } });
    await cluster.settle();
    assert.equal(cluster.defeat('x', 'Egress'), 'open to every pod of the cluster (allow-cluster) through NetworkPolicy theirs (rule 0)');
  });

  it('is also a copy of a generated policy: its labels, under another name or with another spec', async () => {
    const cluster = await aCluster();
    const { labels = {}, annotations = {} } = asGenerated('default-deny', DENY);
    cluster.policy('x/copy', { ...ALLOW_ALL, labels, annotations });
    await cluster.settle();
    assert.equal(cluster.defeat('x'), 'open to everybody (allow-all) through NetworkPolicy copy (rule 0)');
    assert.deepEqual(cluster.drifts(), ['x Ingress opened closed>allow-all of a,b: NetworkPolicy x/copy was created']);
    cluster.remove('policy', 'x/copy');
    cluster.policy('x/allow-x', { ...ALLOW_ALL, labels: { ...labels, 'netbaseline.io/template': 'allow-x' }, annotations });
    await cluster.settle();
    assert.equal(cluster.defeat('x'), 'open to everybody (allow-all) through NetworkPolicy allow-x (rule 0)');
  });

  it('is named by all the policies that it takes, and by their rules', async () => {
    const cluster = await aCluster();
    cluster.policy('x/half', { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }, { from: [{ ipBlock: { cidr: '0.0.0.0/1' } }] }] } });
    cluster.policy('x/other-half', { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: '128.0.0.0/1' } }] }] } });
    await cluster.settle();
    assert.match(cluster.defeat('x') ?? '', /through NetworkPolicy half \(rule 1\) and NetworkPolicy other-half \(rule 0\)$/);
  });

  it('a policy that stops being ours is somebody\'s', async () => {
    const cluster = await aCluster();
    cluster.policy('x/vetted', { ...ALLOW_ALL, managers: [FIELD_MANAGER] });
    await cluster.settle();
    cluster.policy('x/vetted', { ...ALLOW_ALL, managers: ['kubectl'] });
    await cluster.settle();
    assert.match(cluster.defeat('x') ?? '', /NetworkPolicy vetted/);
  });

  it('is said with whether pods alone brought or took it; a policy is always worth a look', async () => {
    const cluster = await aCluster();
    cluster.policy('x/theirs', { spec: { podSelector: { matchLabels: { app: 'job' } }, policyTypes: ['Ingress'], ingress: [{}] } });
    await cluster.settle();
    assert.deepEqual(cluster.toldWhy(), ['x policies'], 'though it changes nothing yet');
    cluster.pod('x/job', { labels: { app: 'job' } });
    await cluster.settle();
    cluster.remove('pod', 'x/job');
    await cluster.settle();
    assert.deepEqual(cluster.toldWhy(), ['x pods', 'x pods']);
    cluster.pod('x/job', { labels: { app: 'job' } });
    cluster.remove('policy', 'x/theirs');
    cluster.pod('x/other', { labels: { app: 'other' } });
    await cluster.settle();
    assert.deepEqual(cluster.toldWhy(), ['x policies']);
    cluster.namespace('x', { team: 'y' });
    await cluster.settle();
    assert.deepEqual(cluster.toldWhy(), ['x policies']);
  });

  it('a burst of new namespaces with two policies of ours each: one look at each, and at most three where each event comes by itself', async () => {
    const cluster = aTrackedCluster();
    await cluster.settle();
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    const ours = { spec: { podSelector: {}, policyTypes: ['Ingress' as const, 'Egress' as const] }, managers: [FIELD_MANAGER] };
    cluster.busy.is = true;
    for (const name of names) {
      cluster.namespace(name);
      for (const policy of ['default-deny', 'allow-dns']) cluster.policy(`${name}/${policy}`, ours);
    }
    cluster.busy.is = false;
    await cluster.clock.advance(1_000);
    assert.deepEqual(cluster.toldWhy(), names.map((name) => `${name} policies`));
    for (const step of [() => cluster.namespace('late'), () => cluster.policy('late/default-deny', ours), () => cluster.policy('late/allow-dns', ours)]) {
      step();
      await cluster.settle();
      assert.deepEqual(cluster.toldWhy(), ['late policies']);
    }
  });

  it('says the same while pods come and go', async () => {
    const cluster = await aCluster();
    cluster.policy('x/theirs', ALLOW_ALL);
    await cluster.settle();
    assert.deepEqual(cluster.told(), ['x']);
    for (let turn = 0; turn < 5; turn += 1) {
      cluster.pod(`x/more-${turn}`, { labels: { app: 'more', turn: String(turn) } });
      cluster.remove('pod', turn === 0 ? 'x/a' : `x/more-${turn - 1}`);
      await cluster.settle();
    }
    assert.deepEqual(cluster.told(), []);
  });
});

describe('isolation: effective drift', () => {
  it('a policy that somebody adds, edits and deletes, each by name', async () => {
    const cluster = await aCluster();
    cluster.policy('x/theirs', ALLOW_ALL);
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), ['x Ingress opened closed>allow-all of a,b: NetworkPolicy x/theirs was created']);
    cluster.policy('x/theirs', { spec: { ...ALLOW_ALL.spec, ingress: [{ from: [{ podSelector: {} }] }] } });
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), ['x Ingress closed allow-all>restricted of a,b: NetworkPolicy x/theirs was changed']);
    cluster.remove('policy', 'x/theirs');
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), ['x Ingress closed restricted>closed of a,b: NetworkPolicy x/theirs was deleted']);
  });

  it('a label of a pod', async () => {
    const cluster = await aCluster();
    cluster.policy('x/theirs', { spec: { podSelector: { matchLabels: { public: 'yes' } }, policyTypes: ['Ingress'], ingress: [{}] } });
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), []);
    cluster.pod('x/a', { labels: { app: 'a', public: 'yes' } });
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), ['x Ingress opened closed>allow-all of a: pod x/a: its labels changed']);
  });

  it('a label of a namespace, and a cluster-wide policy', async () => {
    const cluster = await aCluster();
    cluster.other({
      kind: 'ClusterNetworkPolicy', namespace: undefined,
      policy: { kind: 'ClusterNetworkPolicy', name: 'edge', spec: { tier: 'Admin', priority: 1, subject: { namespaces: { matchLabels: { zone: 'edge' } } }, ingress: [{ action: 'Accept', from: [{ namespaces: {} }] }] } },
    });
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), []);
    cluster.namespace('x', { team: 'x', zone: 'edge' });
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), ['x Ingress opened closed>allow-cluster of a,b: namespace x: its labels changed']);
    cluster.remove('other', 'edge');
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), ['x Ingress closed allow-cluster>closed of a,b: ClusterNetworkPolicy edge was deleted']);
  });

  it('is nothing that we did, or that is told as drift of our policies', async () => {
    const cluster = await aCluster();
    cluster.policy('x/default-deny', { ...DENY, spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] } });
    await cluster.settle();
    cluster.remove('policy', 'x/default-deny');
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.drifts()], ['open/open', []]);
  });

  it('is of pods that were there before: one that comes, goes or is finished has no drift', async () => {
    const cluster = await aCluster();
    cluster.policy('x/theirs', { spec: { podSelector: { matchLabels: { app: 'new' } }, policyTypes: ['Ingress'], ingress: [{}] } });
    cluster.pod('x/new', { labels: { app: 'new' } });
    cluster.pod('x/a', { labels: { app: 'a' }, phase: 'Succeeded' });
    await cluster.settle();
    cluster.remove('pod', 'x/new');
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), []);
  });

  it('each event is flushed by itself: two that cancel each other out are two', async () => {
    const cluster = await aCluster();
    cluster.policy('x/theirs', ALLOW_ALL);
    cluster.remove('policy', 'x/theirs');
    await cluster.settle();
    assert.deepEqual(cluster.drifts().map((text) => text.split(':')[1]), [' NetworkPolicy x/theirs was created', ' NetworkPolicy x/theirs was deleted']);
  });

  it('a namespace on its way out has none', async () => {
    const cluster = await aCluster();
    cluster.policy('x/theirs', { spec: { podSelector: {}, policyTypes: ['Ingress'] } });
    cluster.namespace('x', {}, true);
    await cluster.settle();
    cluster.remove('policy', 'x/theirs');
    cluster.policy('x/allow', ALLOW_ALL);
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), []);
  });

  it('a policy that is not evaluated neither opens nor closes', async () => {
    const cluster = await aCluster();
    cluster.other({ kind: 'CiliumClusterwideNetworkPolicy', namespace: undefined, policy: opaquePolicyOf('CiliumClusterwideNetworkPolicy', { metadata: { name: 'c' }, spec: { endpointSelector: {}, ingress: [{}], egress: [{}] } }) });
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.drift.map(({ change }) => change)], ['unknown/unknown', ['unknown', 'unknown']]);
    assert.equal(cluster.tracker.of('x')?.effect.Egress.unknownBy, 'CiliumClusterwideNetworkPolicy c');
    cluster.drifts();
    cluster.remove('other', 'c');
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.drift.map(({ change }) => change)], ['closed/closed', ['known', 'known']]);
  });

  it('what nobody looks at is no event: annotations of pods, status of other policies, labels of policies', async () => {
    const cluster = await aCluster();
    cluster.pod('x/a', { labels: { app: 'a' }, phase: 'Pending' });
    cluster.policy('x/theirs', { spec: { podSelector: {}, policyTypes: ['Ingress'] } });
    await cluster.settle();
    cluster.told();
    cluster.policy('x/theirs', { spec: { podSelector: {}, policyTypes: ['Ingress'] }, annotations: { note: 'mine' } });
    await cluster.settle();
    assert.deepEqual([cluster.drifts(), cluster.told()], [[], []]);
  });
});

describe('isolation: what is known', () => {
  it('nothing before every source is synced, and what was found until then is no drift', async () => {
    const cluster = aTrackedCluster();
    cluster.sources.push(FIRST_LIST);
    cluster.namespace('x');
    cluster.pod('x/a');
    await cluster.settle();
    cluster.policy('x/theirs', ALLOW_ALL);
    await cluster.settle();
    assert.deepEqual([cluster.tracker.knowledge().kind, cluster.of('x'), cluster.knowledge], ['Starting', undefined, []]);
    cluster.sources.length = 0;
    cluster.tracker.healthChanged();
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.knowledge, cluster.drifts()], ['allow-all/open', [{ kind: 'Known' }], []]);
  });

  it('nothing while a source cannot be read, with the reason, once; it recovers by itself', async () => {
    const cluster = await aCluster();
    cluster.sources.push(FORBIDDEN);
    cluster.tracker.healthChanged();
    cluster.tracker.healthChanged();
    await cluster.settle();
    cluster.policy('x/theirs', ALLOW_ALL);
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.drifts()], [undefined, []]);
    cluster.sources.length = 0;
    cluster.tracker.healthChanged();
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.drifts()], ['allow-all/closed', []]);
    assert.deepEqual(cluster.knowledge, [{ kind: 'Known' }, { kind: 'Unknown', reason: 'NotReadable', why: 'pods: list pods: 403 Forbidden' }, { kind: 'Known' }]);
  });

  it('a source that is refused from the start is unknown at once; a first list that takes long is not', async () => {
    const cluster = aTrackedCluster();
    cluster.sources.push(FORBIDDEN);
    cluster.namespace('x');
    await cluster.settle();
    assert.equal(cluster.tracker.knowledge().kind, 'Unknown');
    cluster.sources.length = 0;
    cluster.sources.push(FIRST_LIST);
    cluster.tracker.healthChanged();
    await cluster.settle();
    assert.equal(cluster.tracker.knowledge().kind, 'Starting');
  });

  it('works in slices, and loses nothing', async () => {
    const cluster = aTrackedCluster();
    for (let index = 0; index < 2_000; index += 1) {
      cluster.namespace(`n${index}`);
      cluster.pod(`n${index}/a`);
    }
    await cluster.settle();
    assert.equal(cluster.tracker.knowledge().kind, 'Known');
    assert.equal(cluster.tracker.size().namespaces, 2_000);
    assert.equal(cluster.tracker.counts('Egress').get('open'), 2_000);
  });

  it('a cluster policy that cannot be read is one that is not evaluated, until it can', async () => {
    const cluster = await aCluster();
    const policy = (spec: object) => ({ kind: 'AdminNetworkPolicy', namespace: undefined, policy: { kind: 'AdminNetworkPolicy', name: 'odd', spec } }) as const;
    cluster.other(policy({ subject: { namespaces: {} }, ingress: 5 }));
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.tracker.of('x')?.effect.Ingress.unknownBy], ['unknown/unknown', 'AdminNetworkPolicy odd']);
    cluster.other(policy({ subject: { namespaces: {} }, ingress: [] }));
    await cluster.settle();
    assert.equal(cluster.of('x'), 'closed/closed');
    cluster.other(policy({ subject: { namespaces: {} }, egress: 5 }));
    cluster.remove('other', 'odd');
    await cluster.settle();
    assert.equal(cluster.of('x'), 'closed/closed');
  });

  it('what this program does wrong makes everything unknown, and ends nothing else', async () => {
    const cluster = await aCluster();
    cluster.sources.push({ resource: 'pods', get missing(): undefined { throw new Error('a bug'); } });
    cluster.policy('x/theirs', ALLOW_ALL);
    await cluster.settle();
    cluster.policy('x/theirs', { spec: { podSelector: {}, policyTypes: ['Ingress'] } });
    await cluster.settle();
    assert.deepEqual(cluster.knowledge.at(-1), { kind: 'Unknown', reason: 'EvaluationFailed', why: 'this program failed: a bug' });
    assert.equal(cluster.of('x'), undefined);
  });

  it('says nothing after it was stopped', async () => {
    const cluster = await aCluster();
    cluster.tracker.stop();
    cluster.policy('x/theirs', ALLOW_ALL);
    await cluster.settle();
    assert.deepEqual([cluster.drifts(), cluster.clock.timers], [[], 0]);
  });
});
