/** The tracker where it cannot keep up, and where it fails: nothing is claimed that is not known, and it recovers. */
import assert from 'node:assert/strict';
import { FIELD_MANAGER } from '../../../../src/api/names.ts';
import { parsePolicy } from '../../../../src/kube/objects.ts';
import { policyInterner } from '../../../../src/kube/policy-interner.ts';
import { parsePod, podInterner, type PodRecord } from '../../../../src/kube/pods.ts';
import { asGenerated, aWirePolicy } from '../../../support/build.ts';
import { aTrackedCluster, type TrackedCluster } from '../../../support/isolation-tracker.ts';

const DENY = { spec: { podSelector: {}, policyTypes: ['Ingress' as const, 'Egress' as const] }, managers: [FIELD_MANAGER] };
const ALLOW_ALL = { spec: { podSelector: {}, policyTypes: ['Ingress' as const], ingress: [{}] } };

/** Namespace x with pod a, denied by us; everything known. */
async function aCluster(): Promise<TrackedCluster> {
  const cluster = aTrackedCluster();
  for (const name of ['x', 'y']) cluster.namespace(name);
  cluster.pod('x/a', { labels: { app: 'a' } });
  cluster.policy('x/default-deny', DENY);
  await cluster.settle();
  cluster.told();
  return cluster;
}

function aPod(id: string): PodRecord {
  const [namespace = '', name = ''] = id.split('/');
  return parsePod({ metadata: { namespace, name, uid: id, resourceVersion: '1', labels: { app: name } }, status: { podIP: '10.0.0.1' } }, podInterner());
}
function happens(cluster: TrackedCluster, before: PodRecord | undefined, after: PodRecord | undefined): void {
  const { namespace, name } = (after ?? before)!;
  cluster.tracker.changed.pod({ namespace, name, before, after });
}
/** Each look at it takes so long. */
function aSlowPod({ clock }: TrackedCluster, id: string, ms: number): PodRecord {
  return Object.defineProperty(aPod(id), 'hostNetwork', { get: () => { clock.freeze(ms); return false; } });
}
/** Of a family that others have; what is thrown is thrown when it is classified, for `labels`, or as soon as it comes. */
function aBadPod(id: string, field: 'labels' | 'hostNetwork' = 'hostNetwork'): PodRecord {
  return Object.defineProperty({ ...aPod(id), ips: ['10.0.0.2'] }, field, { get: () => { throw new Error('a bug'); } });
}

describe('isolation that cannot keep up', () => {
  it('is unknown when a change waits for more than a minute, until all are evaluated; what changed meanwhile is no drift', async () => {
    const cluster = await aCluster();
    const { tracker, clock } = cluster;
    for (let index = 0; index < 20; index += 1) happens(cluster, undefined, aSlowPod(cluster, `y/${index}`, 2_000));
    cluster.policy('x/theirs', ALLOW_ALL);
    assert.deepEqual(tracker.backlog(), { changes: 21, oldestMs: 0 });
    let worst = 0;
    for (let turn = 0; turn < 100 && tracker.backlog().changes > 0; turn += 1) {
      await clock.advance(0);
      worst = Math.max(worst, tracker.backlog().oldestMs);
      if (worst > 60_000 && tracker.backlog().changes > 0) assert.deepEqual([tracker.knowledge(), cluster.of('x')], [{ kind: 'Unknown', reason: 'EvaluationLate', why: 'changes are evaluated more than 60 s late' }, undefined]);
    }
    assert.ok(worst > 60_000, `${worst} ms`);
    await cluster.settle();
    assert.deepEqual(cluster.knowledge, [{ kind: 'Known' }, { kind: 'Unknown', reason: 'EvaluationLate', why: 'changes are evaluated more than 60 s late' }, { kind: 'Known' }]);
    assert.deepEqual([cluster.of('x'), cluster.drifts(), tracker.backlog()], ['allow-all/closed', [], { changes: 0, oldestMs: 0 }]);
  });

  it('tells of a namespace within about a second, also while more and more comes', async () => {
    const cluster = await aCluster();
    cluster.policy('x/theirs', ALLOW_ALL);
    for (let index = 0; index < 50; index += 1) happens(cluster, undefined, aSlowPod(cluster, `y/${index}`, 100));
    for (let turn = 0; turn < 100 && cluster.of('x') === 'closed/closed'; turn += 1) await cluster.clock.advance(0);
    const { changes, oldestMs } = cluster.tracker.backlog();
    assert.ok(changes > 30 && oldestMs < 3_000, `${changes} changes wait, the oldest for ${oldestMs} ms`);
    assert.deepEqual(cluster.told(), ['x']);
  });

  it('one object that is changed faster than it can be evaluated makes nothing unknown, and costs no memory', async () => {
    const cluster = await aCluster();
    const slow = aSlowPod(cluster, 'y/noisy', 100);
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 500; index += 1) happens(cluster, slow, slow);
      await cluster.clock.advance(0);
      assert.ok(cluster.tracker.size().waiting < 1_100, `${cluster.tracker.size().waiting} wait`);
    }
    cluster.policy('x/theirs', ALLOW_ALL);
    for (let index = 0; index < 2_000; index += 1) happens(cluster, slow, slow);
    for (let turn = 0; turn < 20; turn += 1) await cluster.clock.advance(0);
    assert.deepEqual([cluster.of('x'), cluster.drifts(), cluster.knowledge.map(({ kind }) => kind)], ['allow-all/closed', ['x Ingress opened closed>allow-all of a: NetworkPolicy x/theirs was created'], ['Known']]);
  });

  it('a source that fails is said at once, also while more and more comes', async () => {
    const cluster = await aCluster();
    for (let index = 0; index < 5; index += 1) happens(cluster, undefined, aSlowPod(cluster, `y/${index}`, 10));
    cluster.sources.push({ resource: 'pods', missing: { text: 'list pods: 403 Forbidden', isFailure: true } });
    await cluster.clock.advance(0);
    assert.ok(cluster.tracker.backlog().changes > 0);
    assert.equal(cluster.tracker.knowledge().kind, 'Unknown');
  });

  it('waits while policies are being written, but not for ever', async () => {
    const cluster = await aCluster();
    cluster.busy.is = true;
    cluster.policy('x/theirs', ALLOW_ALL);
    await cluster.clock.advance(50);
    assert.equal(cluster.of('x'), 'closed/closed');
    await cluster.clock.advance(50);
    assert.equal(cluster.of('x'), 'allow-all/closed');
    for (let index = 0; index < 40; index += 1) happens(cluster, undefined, aSlowPod(cluster, `y/${index}`, 1_000));
    await cluster.clock.advance(99);
    assert.equal(cluster.tracker.backlog().changes, 40);
    cluster.clock.freeze(10_000);
    for (let turn = 0; turn < 100 && cluster.tracker.backlog().changes > 0; turn += 1) await cluster.clock.advance(0);
    assert.equal(cluster.tracker.backlog().changes, 0, 'after ten seconds it has its turn like anybody else');
  });
});

describe('isolation that fails', () => {
  const failing = (cluster: TrackedCluster): unknown[] => cluster.log.entries.map(({ level, fields }) => [level, fields['object'], String(fields['error'])]);

  it('for one pod: unknown, logged once with the object; known again when the pod is another', async () => {
    const cluster = await aCluster();
    cluster.policy('y/some', { spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] } });
    const bad = aBadPod('y/odd', 'labels');
    happens(cluster, undefined, bad);
    await cluster.settle();
    cluster.pod('y/six', { ip: 'fd00::1' }); // a family that nobody had: it is tried again
    await cluster.settle();
    const why = 'pod y/odd: an error in this program, which is in its log';
    assert.deepEqual([cluster.tracker.knowledge(), cluster.of('x')], [{ kind: 'Unknown', reason: 'EvaluationFailed', why }, undefined]);
    assert.deepEqual(failing(cluster), [['error', 'pod y/odd', 'Error: a bug']]);
    cluster.policy('x/theirs', ALLOW_ALL);
    const good = aPod('y/odd');
    happens(cluster, bad, good);
    await cluster.settle();
    assert.deepEqual([cluster.knowledge.map(({ kind }) => kind), cluster.of('x'), cluster.of('y')], [['Known', 'Unknown', 'Known'], 'allow-all/closed', 'open/open']);
    assert.equal(cluster.tracker.counts('Ingress').get('unknown'), undefined);
    happens(cluster, good, bad);
    happens(cluster, bad, undefined);
    await cluster.settle();
    assert.deepEqual([cluster.tracker.knowledge(), cluster.of('y')], [{ kind: 'Known' }, 'open/open']);
  });

  it('for one change: unknown until the object is another, and then everything is looked at again', async () => {
    const cluster = await aCluster();
    const record = { name: 'y', uid: 'y', resourceVersion: '9', labels: new Map(), annotations: new Map(), terminating: false, createdAtMs: 0 };
    cluster.tracker.changed.namespace({ namespace: undefined, name: 'y', before: record, after: { ...record, get labels(): never { throw new Error('a bug'); } } });
    await cluster.settle();
    assert.deepEqual([cluster.tracker.knowledge(), failing(cluster)], [
      { kind: 'Unknown', reason: 'EvaluationFailed', why: 'namespace y: an error in this program, which is in its log' }, [['error', 'namespace y', 'Error: a bug']],
    ]);
    cluster.policy('x/theirs', ALLOW_ALL);
    await cluster.settle();
    assert.equal(cluster.tracker.knowledge().kind, 'Unknown', 'of others nothing is known either');
    cluster.tracker.changed.namespace({ namespace: undefined, name: 'y', before: record, after: record });
    await cluster.settle();
    assert.deepEqual([cluster.tracker.knowledge().kind, cluster.of('x'), cluster.drifts()], ['Known', 'allow-all/closed', []]);
  });

  it('for one policy: its namespace is unknown by its name, and nothing else', async () => {
    const cluster = await aCluster();
    const good = parsePolicy(aWirePolicy('odd', { namespace: 'x', ...ALLOW_ALL }), policyInterner({ keepsForeign: true }));
    const bad = { ...good, anySpec: { podSelector: {}, policyTypes: ['Ingress'], ingress: 5 } as never };
    cluster.tracker.changed.policy({ namespace: 'x', name: 'odd', before: undefined, after: bad });
    await cluster.settle();
    assert.deepEqual([cluster.of('x'), cluster.of('y'), cluster.tracker.of('x')?.effect.Ingress.unknownBy], ['unknown/unknown', 'open/open', 'NetworkPolicy odd']);
    assert.deepEqual(failing(cluster).map((entry) => (entry as string[]).slice(0, 2)), [['error', 'NetworkPolicy x/odd']]);
    cluster.tracker.changed.policy({ namespace: 'x', name: 'odd', before: bad, after: good });
    await cluster.settle();
    assert.equal(cluster.of('x'), 'allow-all/closed');
    cluster.tracker.changed.policy({ namespace: 'x', name: 'odd', before: good, after: bad });
    cluster.tracker.changed.policy({ namespace: 'x', name: 'odd', before: bad, after: undefined });
    await cluster.settle();
    assert.equal(cluster.of('x'), 'closed/closed');
  });

  it('many objects are a few lines, and one reason', async () => {
    const cluster = await aCluster();
    for (let index = 0; index < 50; index += 1) happens(cluster, undefined, aBadPod(`y/p${String(index).padStart(2, '0')}`));
    await cluster.settle();
    assert.equal(cluster.log.entries.length, 5);
    assert.deepEqual(cluster.tracker.knowledge(), { kind: 'Unknown', reason: 'EvaluationFailed', why: 'pod y/p00, pod y/p01, pod y/p02 and more: an error in this program, which is in its log' });
  });

  it('our policies in a new namespace are still told from those of others', async () => {
    const cluster = await aCluster();
    cluster.policy('x/allow-dns', asGenerated('allow-dns', { spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] }, managers: [FIELD_MANAGER] }));
    cluster.policy('x/theirs', ALLOW_ALL);
    await cluster.settle();
    assert.deepEqual(cluster.drifts(), ['x Ingress opened closed>allow-all of a: NetworkPolicy x/theirs was created']);
  });
});
