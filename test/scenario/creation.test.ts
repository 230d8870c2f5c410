/** GB 1.1: who gets which policies, and in what order. */
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { failing, quota, refused, slowNamespaces } from '../support/admission.ts';
import { BASELINES, type Json } from '../support/api.ts';
import { consistently, eventually } from '../support/eventually.ts';
import { jumpingClock } from '../support/jumping-clock.ts';
import { ALLOW_DNS_SPEC, DEFAULT_DENY_SPEC, allowFrom, allowTo } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

describe('creation and selection', function () {
  this.timeout(120_000);
  const clock = jumpingClock();
  let world: World;
  let witness: Witness;
  let operator: RunningOperator;
  before(async () => {
    world = await aWorld();
    operator = await world.operator({ clock, flags: { 'leader-elect': 'false', 'status-interval': '200ms' } });
    witness = await aWitness(world);
  });
  afterEach(() => world.clear());
  after(async () => {
    await witness.end();
    await world.end();
  });

  it('GB-01 GB-03 GB-15: existing and new namespaces get every template, by the same predicate', async () => {
    const old = await world.namespaces(2);
    const baseline = await world.baseline({ policies: [allowFrom('allow-platform'), allowTo('allow-storage')] });
    const fresh = await world.namespace();
    for (const namespace of [...old, fresh]) await world.becomes(namespace, 'allow-dns', 'allow-platform', 'allow-storage', 'default-deny');
    const specs = async (namespace: string): Promise<Json> => Object.fromEntries([...await world.policies(namespace)].map(([name, { spec }]) => [name, spec]));
    assert.deepEqual(await specs(fresh), await specs(old[0] ?? ''));
    const status = await world.status(baseline, ({ protected: fraction, isolated }) => assert.deepEqual([fraction, isolated], ['3/3', '3/3']));
    assert.deepEqual(status.namespaces, { selected: 3, protected: 3, audited: 0, pending: 0, drifted: 0, conflicted: 0, failed: 0, exempt: 0, isolated: 3, overridden: 0 });
    assert.equal(status.worst, undefined);
  });

  it('GB-05: what is generated isolates every pod and leaves DNS open, by labels that a tenant cannot forge', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    const policies = await world.policies(namespace);
    assert.deepEqual(policies.get('default-deny').spec, DEFAULT_DENY_SPEC);
    assert.deepEqual(policies.get('allow-dns').spec, ALLOW_DNS_SPEC);
    for (const [name, { metadata }] of policies) {
      assert.deepEqual(metadata.labels, {
        'app.kubernetes.io/managed-by': 'namespace-policy-baseline', 'app.kubernetes.io/part-of': 'namespace-policy-baseline',
        'netbaseline.io/baseline': baseline, 'netbaseline.io/template': name,
      });
      assert.deepEqual(Object.keys(metadata.annotations), ['netbaseline.io/template-hash']);
      assert.deepEqual([metadata.ownerReferences, metadata.finalizers], [undefined, undefined]);
      assert.deepEqual(metadata.managedFields.map(({ manager }: Json) => manager), ['namespace-policy-baseline']);
    }
  });

  it('GB-05: DNS elsewhere, such as a node-local cache, and no DNS at all', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline({ dns: { peers: [{ ipBlock: { cidr: '169.254.20.10/32' } }], ports: [{ protocol: 'UDP', port: 53 }] } });
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    assert.deepEqual((await world.policy(namespace, 'allow-dns')).spec.egress, [
      { to: [{ ipBlock: { cidr: '169.254.20.10/32' } }], ports: [{ protocol: 'UDP', port: 53 }] },
    ]);
    await world.edit(baseline, { dns: { enabled: false } });
    await world.becomes(namespace, 'default-deny');
  });

  it('GB-07: of several old namespaces only those that a selector matches', async () => {
    const [inside, outside, none] = await Promise.all([
      world.namespace({ labels: { env: 'prod', tier: 'web' } }), world.namespace({ labels: { env: 'prod', tier: 'db' } }), world.namespace({ labels: { env: 'dev' } }),
    ]);
    const baseline = await world.baseline({
      namespaceSelector: { matchLabels: { ...world.labels, env: 'prod' }, matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['db'] }] },
    });
    await world.becomes(inside, 'allow-dns', 'default-deny');
    const { namespaces } = await world.applied(baseline);
    assert.equal(namespaces.selected, 1);
    assert.deepEqual([await world.policyNames(outside), await world.policyNames(none)], [[], []]);
  });

  it('GB-08: a selector on the own labels of a new namespace, and its policy deleted', async () => {
    await world.baseline({ namespaceSelector: { matchLabels: { ...world.labels, env: 'prod' } } });
    const namespace = await world.namespace({ labels: { env: 'prod' } });
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    const { uid } = (await world.policy(namespace, 'allow-dns')).metadata;
    await world.deletePolicy(namespace, 'allow-dns');
    await eventually(() => world.policy(namespace, 'allow-dns'), ({ metadata }) => assert.notEqual(metadata.uid, uid));
  });

  it('GB-10: an exact name, old or new, comes to the same; globs are not offered', async () => {
    const old = await world.namespace();
    const names = [old, `${old}-later`];
    const baseline = await world.baseline({ excludedNamespaces: names });
    await world.namespace({ name: names[1] ?? '' });
    const other = await world.namespace({ name: `${old}-lat` });
    await world.becomes(other, 'allow-dns', 'default-deny');
    await witness.settled();
    for (const name of names) assert.deepEqual(await world.policyNames(name), []);
    await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.selected, 1));
    assert.ok(await operator.metric('netpol_baseline_namespaces', { baseline, state: 'excluded' }) >= 2);
    const { code, body } = await world.admin.patch(`${BASELINES}/${baseline}`, { spec: { excludedNamespaces: ['tst-*'] } });
    assert.equal(code, 422, JSON.stringify(body));
  });

  it('GB-11: an exemption names one of three', async () => {
    const [exempt = '', ...covered] = await world.namespaces(3);
    const baseline = await world.baseline({ exemptions: [{ namespace: exempt, reason: 'vendor appliance, ticket NET-12' }] });
    for (const namespace of covered) await world.becomes(namespace, 'allow-dns', 'default-deny');
    const { namespaces, protected: fraction } = await world.status(baseline, (status) => assert.equal(status.namespaces.protected, 2));
    assert.deepEqual([namespaces.selected, namespaces.exempt, fraction], [3, 1, '2/3']);
    assert.deepEqual(await world.policyNames(exempt), []);
  });

  it('GB-12: an exemption added and removed takes policies away and gives them back, and nothing else is written', async () => {
    const [exempt = '', ...others] = await world.namespaces(3);
    const baseline = await world.baseline();
    await world.applied(baseline);
    const mark = await witness.settled();
    await world.edit(baseline, { exemptions: [{ namespace: exempt, reason: 'maintenance' }] });
    await world.becomes(exempt);
    await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.exempt, 1));
    await world.edit(baseline, { exemptions: [] });
    await world.becomes(exempt, 'allow-dns', 'default-deny');
    assert.deepEqual(await witness.policyWrites(mark, exempt), ['delete default-deny', 'delete allow-dns', 'create allow-dns', 'create default-deny']);
    for (const other of others) assert.deepEqual(await witness.policyWrites(mark, other), []);
  });

  it('GB-17: names of 63 characters work, also where the baseline is deleted; 64 are refused with a message', async () => {
    const long = `t${'x'.repeat(62)}`;
    const namespace = await world.namespace({ name: `n${world.labels['test.netbaseline.io/world']}-${'y'.repeat(63)}`.slice(0, 63) });
    const baseline = await world.baseline({ policies: [allowFrom(long)], deletionPolicy: 'Delete' }, `b${world.labels['test.netbaseline.io/world']}-${'z'.repeat(63)}`.slice(0, 63));
    await world.becomes(namespace, 'allow-dns', 'default-deny', long);
    await world.status(baseline, ({ protected: fraction }) => assert.equal(fraction, '1/1'));
    await world.deleteBaseline(baseline);
    await world.becomes(namespace);
    const post = (name: string, template: string): Promise<Json> => world.admin.post(BASELINES, {
      apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name }, spec: { policies: [allowFrom(template)] },
    });
    const longName = await post(`b${'z'.repeat(63)}`, 'a');
    assert.equal(longName.code, 422);
    assert.match(longName.body.message, /63/);
    const longTemplate = await post('short', `${long}x`);
    assert.equal(longTemplate.code, 422);
    assert.match(longTemplate.body.message, /63/);
  });

  it('GB-18: a second create of a namespace is refused and causes no write', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await world.applied(baseline);
    const mark = await witness.settled();
    assert.equal((await world.admin.post('/api/v1/namespaces', { metadata: { name: namespace, labels: { other: 'label' } } })).code, 409);
    assert.deepEqual(await witness.writes(mark), []);
  });

  it('GB-19: own writes and own status cause no further write', async () => {
    await world.namespaces(3);
    const baseline = await world.baseline({ policies: [allowFrom('allow-platform')] });
    await world.status(baseline, ({ protected: fraction }) => assert.equal(fraction, '3/3'));
    const mark = await witness.settled();
    await consistently(() => world.getBaseline(baseline), ({ status }) => assert.equal(status.protected, '3/3'), 1_500, 250);
    assert.deepEqual(await witness.writes(mark), []);
  });

  it('GB-20: allow policies come before default-deny and go after it', async () => {
    const [namespace = '', other = ''] = await world.namespaces(2);
    const mark = await witness.settled();
    const baseline = await world.baseline({ policies: [allowFrom('zz-platform'), allowTo('allow-storage'), allowFrom('eins')] });
    await world.applied(baseline);
    assert.deepEqual(await witness.policyWrites(mark, namespace), ['create allow-dns', 'create allow-storage', 'create eins', 'create zz-platform', 'create default-deny']);
    const covered = await witness.settled();
    await world.edit(baseline, { excludedNamespaces: [namespace] });
    await world.becomes(namespace);
    assert.equal((await witness.policyWrites(covered, namespace))[0], 'delete default-deny');
    assert.equal((await world.policyNames(other)).length, 5);
  });

  it('GB-20: a template that is refused is skipped and reported, the rest and default-deny are written; it heals by itself', async () => {
    const namespace = await world.namespace();
    const obstacle = await refused(world, { namespace, policy: 'allow-refused' });
    const baseline = await world.baseline({ policies: [allowFrom('allow-refused'), allowFrom('allow-zoned')] });
    await world.becomes(namespace, 'allow-dns', 'allow-zoned', 'default-deny');
    const { worst, conditions } = await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.failed, 1));
    assert.deepEqual([worst[0].namespace, worst[0].state, worst[0].reason], [namespace, 'failed', 'AdmissionDenied']);
    assert.match(worst[0].message, /allow-refused.*not here/s);
    assert.equal(conditions.find(({ type }: Json) => type === 'NamespacesUpToDate').status, 'False');
    assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace, reason: 'AdmissionDenied' }), 1);
    await obstacle.end();
    clock.jump(5 * 60_000); // its retries are minutes apart by then
    await world.becomes(namespace, 'allow-dns', 'allow-refused', 'allow-zoned', 'default-deny');
    await world.status(baseline, ({ namespaces }) => assert.deepEqual([namespaces.failed, namespaces.protected], [0, 1]));
  });

  it('GB-20: a full quota is reported by name, and what it kept out comes once there is room', async () => {
    const namespace = await world.namespace();
    await world.createPolicy(namespace, 'of-the-tenant', { podSelector: {} });
    const recount = await quota(world, namespace, 2);
    const baseline = await world.baseline();
    await world.becomes(namespace, 'allow-dns', 'of-the-tenant');
    const { worst } = await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.failed, 1));
    assert.equal(worst[0].reason, 'QuotaExceeded');
    assert.match(worst[0].message, /default-deny/);
    await world.deletePolicy(namespace, 'of-the-tenant');
    await recount();
    clock.jump(60_000);
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    await world.status(baseline, ({ namespaces }) => assert.deepEqual([namespaces.failed, namespaces.protected], [0, 1]));
  });

  it('GB-20: an allow that fails for a passing cause holds default-deny back, for 30 s and no longer', async () => {
    const namespace = await world.namespace();
    const obstacle = await failing(world, { namespace, policy: 'allow-dns' });
    const mark = await witness.settled();
    const failures = () => operator.metric('netpol_baseline_policy_writes_total', { action: 'create', result: 'failed' });
    const before = await failures();
    const baseline = await world.baseline();
    await eventually(failures, (count) => assert.ok(count >= before + 2));
    assert.deepEqual(await world.policyNames(namespace), []);
    const { status: early = {} } = await world.getBaseline(baseline);
    assert.deepEqual([early.namespaces?.pending ?? 0, early.worst], [0, undefined], 'normal for the first 5 s');
    clock.jump(15_000);
    const { worst } = await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.failed, 1));
    assert.equal(worst[0].reason, 'Unavailable');
    assert.match(worst[0].message, /allow-dns.*failed calling webhook/);
    await eventually(() => world.admin.get(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`), ({ body }) => assert.ok(body.items.some(({ reason, regarding }: Json) => reason === 'PolicyRefused' && regarding.name === 'allow-dns')));
    assert.deepEqual(await world.policyNames(namespace), []);
    clock.jump(16_000);
    await world.becomes(namespace, 'default-deny');
    await obstacle.end();
    clock.jump(60_000);
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    await world.status(baseline, (status) => assert.equal(status.protected, '1/1'));
    assert.deepEqual((await witness.policyWrites(mark, namespace)).filter((write) => write !== 'create allow-dns'), ['create default-deny']);
  });

  it('GB-20: a new namespace meets default-deny last when its allow recovers in time', async () => {
    const namespace = await world.namespace();
    const obstacle = await failing(world, { namespace, policy: 'allow-dns' });
    const mark = await witness.settled();
    await world.baseline();
    await eventually(() => witness.policyWrites(mark, namespace), (writes) => assert.ok(writes.length >= 1));
    await obstacle.end();
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    const writes = await witness.policyWrites(mark, namespace);
    assert.deepEqual(writes.slice(-2), ['create allow-dns', 'create default-deny']);
    assert.equal(writes.filter((write) => write === 'create default-deny').length, 1);
  });

  it('GB-21: system namespaces are never written, whatever a baseline selects; the namespace default is none', async () => {
    const mark = await witness.settled();
    const baseline = await world.baseline({ namespaceSelector: {}, deletionPolicy: 'Delete' });
    await world.becomes('default', 'allow-dns', 'default-deny');
    await world.applied(baseline);
    const written = new Set((await witness.writes(mark)).map(({ namespace }) => namespace));
    for (const system of ['kube-system', 'kube-public', 'kube-node-lease', 'namespace-policy-baseline-system']) {
      assert.ok(!written.has(system), system);
      assert.deepEqual(await world.policyNames(system), []);
    }
    assert.equal(await operator.metric('netpol_baseline_namespaces', { baseline, state: 'excluded' }), 4);
    assert.equal(await operator.metric('netpol_baseline_coverage_namespaces', { direction: 'Ingress', coverage: 'excluded' }), 4);
    await world.deleteBaseline(baseline);
    await world.becomes('default');
  });

  it('GB-22: a webhook that delays the creation of namespaces does not delay what follows', async () => {
    await world.baseline();
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    await slowNamespaces(world, `https://127.0.0.1:${(silent.address() as AddressInfo).port}/`, 2);
    await eventually(async () => {
      const startedMs = performance.now();
      const namespace = await world.namespace();
      const storedMs = performance.now();
      await world.becomes(namespace, 'allow-dns', 'default-deny');
      return { delayMs: storedMs - startedMs, coverMs: performance.now() - storedMs };
    }, ({ delayMs, coverMs }) => {
      assert.ok(delayMs > 1_900, `the webhook is not in force yet: ${delayMs} ms`);
      assert.ok(coverMs < 1_000, `${coverMs} ms`);
    });
    silent.close();
  });
});
