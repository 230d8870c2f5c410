/** GB 1.4: namespaces are relabelled, deleted, recreated. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { allowFrom } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

describe('changes of namespaces', function () {
  this.timeout(240_000);
  let world: World;
  let witness: Witness;
  let operator: RunningOperator;
  const start = async (): Promise<void> => {
    operator = await world.operator({ flags: { 'leader-elect': 'false', 'status-interval': '200ms' } });
  };
  before(async () => {
    world = await aWorld();
    await start();
    witness = await aWitness(world);
  });
  afterEach(() => world.clear());
  after(async () => {
    await witness.end();
    await world.end();
  });

  const namespacesIn = (baseline: string, state?: string): Promise<number> => operator.metric('netpol_baseline_namespaces', { baseline, ...(state === undefined ? {} : { state }) });
  const drifts = async (): Promise<number> => {
    const counts = await Promise.all(['default-deny', 'allow-dns'].map((template) => operator.metric('netpol_baseline_drift_detected_total', { template })));
    return counts.reduce((sum, count) => sum + count);
  };
  const phase = async (name: string): Promise<string> => {
    const { code, body } = await world.admin.get(`/api/v1/namespaces/${name}`);
    return code === 404 ? 'gone' : body.status.phase;
  };

  it('GB-48: relabelled out, all its policies are removed, and the others get no write', async () => {
    const [leaving = '', ...others] = await Promise.all([1, 2, 3].map(() => world.namespace({ labels: { env: 'prod' } })));
    const baseline = await world.baseline({ namespaceSelector: { matchLabels: { ...world.labels, env: 'prod' } }, policies: [allowFrom('allow-platform')] });
    await world.applied(baseline);
    const mark = await witness.settled();
    await world.label(leaving, { env: 'dev' });
    await world.becomes(leaving);
    assert.equal((await witness.policyWrites(mark, leaving))[0], 'delete default-deny');
    for (const namespace of others) assert.deepEqual(await witness.policyWrites(mark, namespace), []);
    await world.status(baseline, ({ namespaces }) => assert.deepEqual([namespaces.selected, namespaces.protected], [2, 2]));
    await world.label(leaving, { env: 'prod' });
    await world.becomes(leaving, 'allow-dns', 'allow-platform', 'default-deny');
  });

  it('GB-52: a change of a namespace that no selector looks at costs no write', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await world.applied(baseline);
    const mark = await witness.settled();
    await world.label(namespace, { irrelevant: 'yes' });
    await world.admin.patch(`/api/v1/namespaces/${namespace}`, { metadata: { annotations: { 'example.com/note': 'x' }, finalizers: ['example.com/hold'] } });
    await world.admin.patch(`/api/v1/namespaces/${namespace}`, { metadata: { finalizers: null } });
    assert.deepEqual(await witness.writes(mark), []);
  });

  it('GB-53 GB-55 GB-57: one of several is deleted: no write, nothing of it is left; recreated, it is a new namespace', async () => {
    const [going = '', ...staying] = await world.namespaces(3);
    await world.createPolicy(going, 'allow-platform', { podSelector: {}, ingress: [{}] });
    const baseline = await world.baseline({ policies: [allowFrom('allow-platform')] });
    await world.status(baseline, ({ namespaces }) => assert.deepEqual([namespaces.conflicted, namespaces.protected], [1, 2]));
    assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace: going }), 1);
    const before = new Set([...(await world.policies(going)).values()].map(({ metadata }) => metadata.uid));
    const [total, drift] = [await namespacesIn(baseline), await drifts()];
    const mark = await witness.settled();
    await world.deleteNamespace(going);
    await eventually(() => phase(going), (found) => assert.equal(found, 'gone'), { withinMs: 90_000 });
    for (const namespace of [going, ...staying]) assert.deepEqual(await witness.policyWrites(mark, namespace), [], namespace);
    await eventually(() => operator.metrics(), (text) => assert.ok(!text.includes(going)));
    await eventually(() => namespacesIn(baseline), (count) => assert.ok(count < total));
    await world.status(baseline, ({ protected: fraction, worst }) => assert.deepEqual([fraction, worst], ['2/2', undefined]));
    await eventually(async () => [await operator.metric('workqueue_depth'), await operator.metric('controller_runtime_active_workers')], (queue) => assert.deepEqual(queue, [0, 0]));
    await world.namespace({ name: going });
    await world.becomes(going, 'allow-dns', 'allow-platform', 'default-deny');
    for (const { metadata } of (await world.policies(going)).values()) assert.ok(!before.has(metadata.uid));
    await world.status(baseline, ({ protected: fraction }) => assert.equal(fraction, '3/3'));
    assert.equal(await drifts(), drift, 'neither its end nor its return is drift');
  });

  it('GB-54: in a namespace that is terminating nothing is drift: no write, no error, no count', async () => {
    const [namespace = '', other = ''] = await world.namespaces(2);
    const baseline = await world.baseline();
    await world.applied(baseline);
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    await world.admin.post(path, { metadata: { name: 'stuck', finalizers: ['example.com/hold'] } });
    const drift = await drifts();
    const covered = await operator.metric('netpol_baseline_coverage_namespaces', { direction: 'Ingress', coverage: 'protected' });
    const mark = await witness.settled();
    await world.deleteNamespace(namespace);
    await world.deletePolicy(namespace, 'allow-dns'); // by hand, before the namespace controller gets to it
    await world.becomes(namespace);
    await eventually(() => namespacesIn(baseline, 'terminating'), (count) => assert.ok(count >= 1));
    await world.status(baseline, ({ namespaces }) => assert.deepEqual([namespaces.selected, namespaces.protected], [1, 1]));
    assert.equal(await phase(namespace), 'Terminating');
    assert.deepEqual(await witness.policyWrites(mark, namespace), []);
    assert.equal(await drifts(), drift, 'what goes with its namespace is no drift');
    assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace }), 0);
    assert.equal(await operator.metric('netpol_baseline_coverage_namespaces', { direction: 'Ingress', coverage: 'protected' }), covered - 1);
    assert.deepEqual(operator.log.entries.filter(({ level, fields }) => level === 'error' && JSON.stringify(fields).includes(namespace)), []);
    assert.deepEqual(await world.policyNames(other), ['allow-dns', 'default-deny']);
    await world.admin.patch(`${path}/stuck`, { metadata: { finalizers: null } });
  });

  it('GB-56: without an operator the deletion of a namespace is not held up', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline({ deletionPolicy: 'Delete' });
    await world.applied(baseline);
    for (const { metadata } of (await world.policies(namespace)).values()) assert.equal(metadata.finalizers, undefined);
    await operator.stop();
    await world.deleteNamespace(namespace);
    await eventually(() => phase(namespace), (found) => assert.equal(found, 'gone'), { withinMs: 90_000 });
    await start();
    await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.selected, 0));
  });
});
