/** GB 1.3 and rules 10 and 11: a baseline in use is edited, paused, made unusable. */
import assert from 'node:assert/strict';
import { BASELINES, type Json } from '../support/api.ts';
import { consistently, eventually } from '../support/eventually.ts';
import { DEFAULT_DENY_SPEC, allowFrom, allowTo, allowing } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const DESCRIPTION = 'netbaseline.io/description';

describe('changes of a baseline', function () {
  this.timeout(120_000);
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

  const condition = ({ conditions = [] }: Json, type: string): Json => conditions.find((each: Json) => each.type === type);
  const uidsOf = async (namespace: string): Promise<Record<string, string>> => Object.fromEntries([...await world.policies(namespace)].map(([name, { metadata }]) => [name, metadata.uid]));
  const versionsOf = async (namespace: string): Promise<Record<string, string>> => Object.fromEntries([...await world.policies(namespace)].map(([name, { metadata }]) => [name, metadata.resourceVersion]));

  it('GB-37: an edited template is updated in place: the uid stays, one update each, nothing is deleted', async () => {
    const namespaces = await world.namespaces(3);
    const baseline = await world.baseline({ policies: [allowFrom('allow-platform')] });
    await world.applied(baseline);
    const before = await uidsOf(namespaces[0] ?? '');
    const mark = await witness.settled();
    await world.edit(baseline, { policies: [allowFrom('allow-platform', 'other')] });
    await world.applied(baseline);
    for (const namespace of namespaces) {
      assert.deepEqual((await world.policy(namespace, 'allow-platform')).spec, allowing('other'));
      assert.deepEqual(await witness.policyWrites(mark, namespace), ['update allow-platform']);
    }
    assert.deepEqual(await uidsOf(namespaces[0] ?? ''), before);
    assert.equal(await operator.metric('netpol_baseline_drift_detected_total', { template: 'allow-platform' }), 0, 'a change of the baseline is no drift');
  });

  it('GB-37: parameters of DNS, description and owner are updated in place', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline({ policies: [allowFrom('allow-platform')] });
    await world.applied(baseline);
    const before = await uidsOf(namespace);
    await world.edit(baseline, { dns: { ports: [{ protocol: 'UDP', port: 5353 }] }, policies: [{ ...allowFrom('allow-platform'), description: 'Metrics and probes', owner: 'platform-net' }] });
    await world.applied(baseline);
    assert.equal((await world.policy(namespace, 'allow-platform')).metadata.annotations[DESCRIPTION], 'Metrics and probes (owner: platform-net)');
    assert.deepEqual((await world.policy(namespace, 'allow-dns')).spec.egress[0].ports, [{ protocol: 'UDP', port: 5353 }]);
    await world.edit(baseline, { policies: [allowFrom('allow-platform')] });
    await eventually(() => world.policy(namespace, 'allow-platform'), ({ metadata }) => assert.equal(metadata.annotations[DESCRIPTION], undefined));
    assert.deepEqual(await uidsOf(namespace), before);
  });

  it('GB-38: of two policyTypes one is removed from the template, and gone everywhere', async () => {
    const namespaces = await world.namespaces(2);
    const template = (policyTypes: string[]): Json => ({ name: 'both', networkPolicy: { ...allowing('platform'), policyTypes } });
    const baseline = await world.baseline({ policies: [template(['Ingress', 'Egress'])] });
    await world.applied(baseline);
    assert.deepEqual((await world.policy(namespaces[0] ?? '', 'both')).spec.policyTypes, ['Ingress', 'Egress']);
    await world.edit(baseline, { policies: [template(['Ingress'])] });
    await world.applied(baseline);
    for (const namespace of namespaces) assert.deepEqual((await world.policy(namespace, 'both')).spec, allowing('platform'));
  });

  it('GB-39: a template that is added is created, and nothing else is written', async () => {
    const namespaces = await world.namespaces(2);
    const baseline = await world.baseline({ policies: [allowFrom('allow-platform')] });
    await world.applied(baseline);
    const mark = await witness.settled();
    await world.edit(baseline, { policies: [allowFrom('allow-platform'), allowTo('allow-storage')] });
    await world.applied(baseline);
    for (const namespace of namespaces) assert.deepEqual(await witness.policyWrites(mark, namespace), ['create allow-storage']);
  });

  it('GB-39: a wider selector writes to the new matches only', async () => {
    const [inside, added] = await Promise.all([world.namespace({ labels: { env: 'prod' } }), world.namespace({ labels: { env: 'test' } })]);
    const selecting = (...values: string[]): Json => ({ namespaceSelector: { matchLabels: world.labels, matchExpressions: [{ key: 'env', operator: 'In', values }] } });
    const baseline = await world.baseline(selecting('prod'));
    await world.applied(baseline);
    const mark = await witness.settled();
    await world.edit(baseline, selecting('prod', 'test'));
    await world.becomes(added, 'allow-dns', 'default-deny');
    assert.deepEqual(await witness.policyWrites(mark, inside), []);
    assert.deepEqual(await witness.policyWrites(mark, added), ['create allow-dns', 'create default-deny']);
  });

  it('GB-40: a renamed template is there under its new name before the old one goes', async () => {
    const namespaces = await world.namespaces(2);
    const baseline = await world.baseline({ policies: [allowFrom('old-name')] });
    await world.applied(baseline);
    const mark = await witness.settled();
    await world.edit(baseline, { policies: [allowFrom('new-name')] });
    for (const namespace of namespaces) await world.becomes(namespace, 'allow-dns', 'default-deny', 'new-name');
    for (const namespace of namespaces) assert.deepEqual(await witness.policyWrites(mark, namespace), ['create new-name', 'delete old-name']);
  });

  it('GB-42: a removed template takes its policies with it, and the others are not written', async () => {
    const namespaces = await world.namespaces(3);
    const baseline = await world.baseline({ policies: [allowFrom('going'), allowFrom('staying')] });
    await world.applied(baseline);
    const mark = await witness.settled();
    await world.edit(baseline, { policies: [allowFrom('staying')] });
    for (const namespace of namespaces) await world.becomes(namespace, 'allow-dns', 'default-deny', 'staying');
    for (const namespace of namespaces) assert.deepEqual(await witness.policyWrites(mark, namespace), ['delete going']);
  });

  it('GB-44: selector and exclusion are edited both ways; gains and losses follow, the others get no write', async () => {
    const [staying, moving, ...rest] = await Promise.all(['prod', 'test', 'prod', 'prod'].map((env) => world.namespace({ labels: { env } })));
    const selecting = (...values: string[]): Json => ({ namespaceSelector: { matchLabels: world.labels, matchExpressions: [{ key: 'env', operator: 'In', values }] } });
    const baseline = await world.baseline(selecting('prod', 'test'));
    await world.applied(baseline);
    const mark = await witness.settled();
    await world.edit(baseline, selecting('prod'));
    await world.becomes(moving ?? '');
    await world.edit(baseline, selecting('prod', 'test'));
    await world.becomes(moving ?? '', 'allow-dns', 'default-deny');
    await world.edit(baseline, { excludedNamespaces: [moving] });
    await world.becomes(moving ?? '');
    await world.edit(baseline, { excludedNamespaces: [] });
    await world.becomes(moving ?? '', 'allow-dns', 'default-deny');
    for (const namespace of [staying, ...rest]) assert.deepEqual(await witness.policyWrites(mark, namespace ?? ''), []);
    assert.equal((await witness.policyWrites(mark, moving ?? '')).length, 8);
  });

  it('rule 8: a template for some of the selected namespaces follows their labels', async () => {
    const [web, db] = await Promise.all([world.namespace({ labels: { tier: 'web' } }), world.namespace({ labels: { tier: 'db' } })]);
    const baseline = await world.baseline({ policies: [{ ...allowFrom('from-ingress'), namespaceSelector: { matchLabels: { tier: 'web' } } }] });
    await world.becomes(web, 'allow-dns', 'default-deny', 'from-ingress');
    await world.applied(baseline);
    assert.deepEqual(await world.policyNames(db), ['allow-dns', 'default-deny']);
    await world.label(web, { tier: 'db' });
    await world.label(db, { tier: 'web' });
    await world.becomes(web, 'allow-dns', 'default-deny');
    await world.becomes(db, 'allow-dns', 'default-deny', 'from-ingress');
  });

  it('GB-45: the finalizer is there while deletionPolicy is Delete, and only then; others keep theirs', async () => {
    await world.namespace();
    const baseline = await world.baseline();
    await world.applied(baseline);
    const finalizers = async (): Promise<Json> => (await world.getBaseline(baseline)).metadata.finalizers;
    assert.equal(await finalizers(), undefined);
    await world.admin.patch(`${BASELINES}/${baseline}`, { metadata: { finalizers: ['example.com/theirs'] }, spec: { deletionPolicy: 'Delete' } });
    await eventually(finalizers, (found) => assert.deepEqual(new Set(found), new Set(['example.com/theirs', 'netbaseline.io/cleanup'])));
    await world.edit(baseline, { deletionPolicy: 'Retain' });
    await eventually(finalizers, (found) => assert.deepEqual(found, ['example.com/theirs']));
    await world.admin.patch(`${BASELINES}/${baseline}`, { metadata: { finalizers: null } });
  });

  it('rule 11: the operator owns nothing of a baseline but its status and the finalizer', async () => {
    await world.namespace();
    const baseline = await world.baseline({ deletionPolicy: 'Delete' });
    await world.admin.patch(`${BASELINES}/${baseline}`, { metadata: { annotations: { 'example.com/note': 'mine' }, labels: { team: 'a' } } });
    await world.applied(baseline);
    const { metadata } = await eventually(() => world.getBaseline(baseline), ({ metadata: { finalizers } }) => assert.ok(finalizers?.includes('netbaseline.io/cleanup')));
    const owned = metadata.managedFields.filter(({ manager }: Json) => manager.startsWith('namespace-policy-baseline'));
    assert.ok(owned.length >= 2);
    for (const { fieldsV1, subresource } of owned) {
      if (subresource === 'status') assert.deepEqual(Object.keys(fieldsV1), ['f:status']);
      else assert.deepEqual([Object.keys(fieldsV1), Object.keys(fieldsV1['f:metadata'])], [['f:metadata'], ['f:finalizers']]);
    }
    assert.deepEqual([metadata.annotations['example.com/note'], metadata.labels], ['mine', { team: 'a' }]);
    const namespace = await world.namespace();
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    for (const policy of (await world.policies(namespace)).values()) {
      assert.deepEqual([policy.metadata.labels.team, policy.metadata.annotations['example.com/note']], [undefined, undefined]);
    }
  });

  describe('a baseline that cannot be used', () => {
    const badSelector: Json = { namespaceSelector: { matchLabels: { 'not a key!': 'x' } } };

    it('GB-47: its last good spec stays in force, it says why, and another baseline is not concerned', async () => {
      const namespace = await world.namespace();
      const bad = await world.baseline({ policies: [allowFrom('of-the-bad')] });
      const good = await world.baseline({ policies: [allowFrom('of-the-good')] });
      await world.applied(bad);
      await world.applied(good);
      const before = await versionsOf(namespace);
      await world.edit(bad, badSelector);
      const status = await world.status(bad, (found) => assert.equal(condition(found, 'Ready').reason, 'InvalidSpec'));
      assert.deepEqual([condition(status, 'Ready').status, condition(status, 'Stalled').status], ['False', 'True']);
      assert.match(condition(status, 'Ready').message, /not a key!.*last good spec stays in force/);
      await eventually(async () => (await world.admin.get('/apis/events.k8s.io/v1/namespaces/default/events')).body.items, (events) => assert.ok(events.some(({ reason, regarding }: Json) => reason === 'InvalidSpec' && regarding.name === bad)));
      await witness.settled();
      assert.deepEqual(await versionsOf(namespace), before);
      await world.edit(good, { policies: [allowFrom('of-the-good', 'other')] });
      await eventually(() => world.policy(namespace, 'of-the-good'), ({ spec }) => assert.deepEqual(spec, allowing('other')));
      await world.patchPolicy(namespace, 'of-the-bad', { spec: { ingress: null } });
      await eventually(() => world.policy(namespace, 'of-the-bad'), ({ spec }) => assert.deepEqual(spec, allowing('platform')));
      assert.equal(condition(await world.applied(good), 'Ready').status, 'True');
    });

    it('GB-47: it can be paused, and deleted it retains its policies, whatever its last good spec says', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline({ deletionPolicy: 'Delete' });
      await world.applied(baseline);
      await world.edit(baseline, { ...badSelector, deletionPolicy: 'Retain', paused: true });
      await world.status(baseline, (status) => assert.deepEqual([condition(status, 'Stalled').status, condition(status, 'Paused').status], ['True', 'True']));
      await world.edit(baseline, { paused: false });
      await world.status(baseline, (status) => assert.equal(condition(status, 'Paused').status, 'False'));
      const before = await versionsOf(namespace);
      await world.deleteBaseline(baseline);
      await witness.settled();
      assert.deepEqual(await versionsOf(namespace), before);
    });

    it('GB-47: after a restart nothing is written and nothing is removed for it, until it can be read again', async () => {
      const namespaces = await world.namespaces(2);
      const baseline = await world.baseline({ policies: [allowFrom('allow-platform')] });
      await world.applied(baseline);
      const before = await Promise.all(namespaces.map(versionsOf));
      await operator.stop();
      await world.edit(baseline, badSelector);
      await start();
      await world.status(baseline, (status) => assert.match(condition(status, 'Ready').message, /nothing is written or removed/));
      await witness.settled();
      assert.deepEqual(await Promise.all(namespaces.map(versionsOf)), before);
      await world.edit(baseline, { namespaceSelector: { matchLabels: { ...world.labels, 'not a key!': null } } });
      await world.applied(baseline);
      assert.deepEqual(await Promise.all(namespaces.map(versionsOf)), before);
    });

    it('GB-47: a template that cannot be used is reported; what is in place stays, the others are written', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline({ policies: [allowFrom('allow-range')] });
      await world.applied(baseline);
      const before = await versionsOf(namespace);
      const bad = { name: 'allow-range', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['192.168.0.0/16'] } }] }] } };
      await world.edit(baseline, { policies: [bad, allowFrom('allow-more')] });
      await world.becomes(namespace, 'allow-dns', 'allow-more', 'allow-range', 'default-deny');
      const status = await world.status(baseline, (found) => assert.deepEqual([condition(found, 'TemplatesValid').status, found.namespaces.failed], ['False', 1]));
      assert.match(condition(status, 'TemplatesValid').message, /allow-range.*192\.168\.0\.0\/16 does not lie in 10\.0\.0\.0\/8/);
      assert.deepEqual([status.worst[0].state, status.worst[0].reason], ['failed', 'InvalidTemplate']);
      const after = await versionsOf(namespace);
      assert.deepEqual([after['allow-range'], after['default-deny']], [before['allow-range'], before['default-deny']]);
      const fresh = await world.namespace();
      await world.becomes(fresh, 'allow-dns', 'allow-more', 'default-deny');
    });
  });

  describe('paused', () => {
    it('rule 10: nothing is created, changed or deleted; status and metrics go on; it catches up afterwards', async () => {
      const [edited = '', bare = '', leaving = '', other = ''] = await world.namespaces(4);
      const baseline = await world.baseline({ policies: [allowFrom('allow-platform')] });
      await world.applied(baseline);
      await world.edit(baseline, { paused: true });
      await world.status(baseline, (status) => assert.equal(condition(status, 'Paused').status, 'True'));
      const mark = await witness.settled();
      await world.patchPolicy(edited, 'default-deny', { spec: { ingress: [{}] } });
      await world.deletePolicy(bare, 'allow-dns');
      await world.label(leaving, { [Object.keys(world.labels)[0] ?? '']: 'elsewhere' });
      const fresh = await world.namespace();
      await world.edit(baseline, { policies: [allowTo('allow-storage')] });
      await world.status(baseline, (status) => {
        const { status: ready, reason } = condition(status, 'Ready');
        assert.deepEqual([status.namespaces.selected, status.observedGeneration, ready, reason], [4, 3, 'True', 'Paused']);
      });
      for (const namespace of [edited, bare, leaving, other, fresh]) assert.deepEqual(await witness.policyWrites(mark, namespace), [], namespace);
      await eventually(() => operator.metric('netpol_baseline_namespaces', { baseline, state: 'protected' }), (count) => assert.equal(count, 0));
      await world.edit(baseline, { paused: false });
      for (const namespace of [edited, bare, other, fresh]) await world.becomes(namespace, 'allow-dns', 'allow-storage', 'default-deny');
      await world.becomes(leaving);
      assert.deepEqual((await world.policy(edited, 'default-deny')).spec, DEFAULT_DENY_SPEC);
      await world.status(baseline, (found) => assert.equal(found.protected, '4/4'));
    });

    it('rule 10: a paused baseline whose policies are all in place counts them as protected', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline();
      await world.applied(baseline);
      await world.edit(baseline, { paused: true });
      await world.applied(baseline);
      await consistently(() => world.getBaseline(baseline), ({ status }) => assert.equal(status.protected, '1/1'), 300, 100);
      assert.deepEqual(await world.policyNames(namespace), ['allow-dns', 'default-deny']);
    });
  });
});
