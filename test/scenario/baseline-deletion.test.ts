/** GB 1.5 and rule 9: what becomes of generated policies when their baseline goes. */
import assert from 'node:assert/strict';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { refused } from '../support/admission.ts';
import { BASELINES, type Json } from '../support/api.ts';
import { startInstalled } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { jumpingClock } from '../support/jumping-clock.ts';
import { DEFAULT_DENY_SPEC, allowFrom, allowing } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';
import { whenEstablished } from '../control-plane/established.ts';

describe('deletion of a baseline', function () {
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

  const isGone = async (baseline: string): Promise<boolean> => (await world.admin.get(`${BASELINES}/${baseline}`)).code === 404;
  const gone = (baseline: string): Promise<boolean> => eventually(() => isGone(baseline), (found) => assert.ok(found, 'still there'));
  /** Identity and version of each policy: equal means that nobody wrote. */
  const versions = async (namespaces: readonly string[]): Promise<Json> => Promise.all(namespaces.map(async (namespace) =>
    [...(await world.policies(namespace)).values()].map(({ metadata: { name, uid, resourceVersion } }) => ({ name, uid, resourceVersion }))));

  describe('Delete', () => {
    it('GB-58: all its policies go, default-deny first, in however many namespaces; then the baseline goes', async () => {
      const namespaces = await world.namespaces(12);
      const baseline = await world.baseline({ deletionPolicy: 'Delete', policies: [allowFrom('allow-platform')] });
      await world.applied(baseline);
      const mark = await witness.settled();
      await world.deleteBaseline(baseline);
      for (const namespace of namespaces) await world.becomes(namespace);
      await gone(baseline);
      for (const namespace of namespaces) {
        assert.deepEqual(await witness.policyWrites(mark, namespace), ['delete default-deny', 'delete allow-dns', 'delete allow-platform']);
      }
    });

    it('GB-62 rule 5: what looks like one of its policies and is not labelled as one stays', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline({ deletionPolicy: 'Delete' });
      await world.applied(baseline);
      const { labels } = (await world.policy(namespace, 'allow-dns')).metadata;
      const theirs = await world.createPolicy(namespace, 'copied', { podSelector: {} }, { labels });
      await world.createPolicy(namespace, 'nearly', { podSelector: {} }, { labels: { ...labels, 'netbaseline.io/template': 'nearly', 'app.kubernetes.io/managed-by': 'helm' } });
      await world.deleteBaseline(baseline);
      await gone(baseline);
      assert.deepEqual(await world.policyNames(namespace), ['copied', 'nearly']);
      assert.equal((await world.policy(namespace, 'copied')).metadata.resourceVersion, theirs.metadata.resourceVersion);
    });

    it('GB-62: foreign policies stay, also under a planned name', async () => {
      const namespace = await world.namespace();
      await world.createPolicy(namespace, 'default-deny', { podSelector: { matchLabels: { app: 'db' } } });
      await world.createPolicy(namespace, 'theirs', { podSelector: {} });
      const baseline = await world.baseline({ deletionPolicy: 'Delete' });
      await world.becomes(namespace, 'allow-dns', 'default-deny', 'theirs');
      await world.deleteBaseline(baseline);
      await gone(baseline);
      assert.deepEqual(await world.policyNames(namespace), ['default-deny', 'theirs']);
    });

    it('GB-58: what another baseline asks for as well stays, and is its own from then on', async () => {
      const namespace = await world.namespace();
      const going = await world.baseline({ deletionPolicy: 'Delete', priority: 10, policies: [allowFrom('allow-platform')] });
      const staying = await world.baseline({ egress: { mode: 'Disabled' } });
      await world.applied(going);
      await world.applied(staying);
      const { uid } = (await world.policy(namespace, 'default-deny')).metadata;
      await world.deleteBaseline(going);
      await gone(going);
      await world.becomes(namespace, 'default-deny');
      const { metadata, spec } = await world.policy(namespace, 'default-deny');
      assert.deepEqual([metadata.uid, metadata.labels['netbaseline.io/baseline'], spec.policyTypes], [uid, staying, ['Ingress']]);
    });

    it('GB-58: a namespace that is terminating does not hold the baseline up', async () => {
      const [namespace = '', other = ''] = await world.namespaces(2);
      const baseline = await world.baseline({ deletionPolicy: 'Delete' });
      await world.applied(baseline);
      const obstacles = await Promise.all(['allow-dns', 'default-deny'].map((policy) => refused(world, { namespace, policy, operations: ['DELETE'] })));
      await world.deleteNamespace(namespace);
      await world.deleteBaseline(baseline);
      await gone(baseline);
      await world.becomes(other);
      await world.becomes(namespace, 'allow-dns', 'default-deny');
      for (const obstacle of obstacles) await obstacle.end();
    });

    it('GB-45: changed to Retain while its deletion is stuck, it goes at once and leaves the rest', async () => {
      const [stuck = '', other = ''] = await world.namespaces(2);
      const baseline = await world.baseline({ deletionPolicy: 'Delete' });
      await world.applied(baseline);
      await refused(world, { namespace: stuck, policy: 'allow-dns', operations: ['DELETE'] });
      await world.deleteBaseline(baseline);
      await world.becomes(other);
      await world.becomes(stuck, 'allow-dns');
      assert.equal(await isGone(baseline), false);
      await world.edit(baseline, { deletionPolicy: 'Retain' });
      await gone(baseline);
      assert.deepEqual(await world.policyNames(stuck), ['allow-dns']);
    });

    it('rule 10: a paused baseline waits with its deletion until it is told to go on', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline({ deletionPolicy: 'Delete', paused: false });
      await world.applied(baseline);
      await world.edit(baseline, { paused: true });
      await world.applied(baseline);
      await world.deleteBaseline(baseline);
      await witness.heardOfBaselines();
      assert.deepEqual([await isGone(baseline), await world.policyNames(namespace)], [false, ['allow-dns', 'default-deny']]);
      await world.edit(baseline, { paused: false });
      await gone(baseline);
      await world.becomes(namespace);
    });

    it('GB-63: without an operator it waits with its finalizer; taking that off by hand is the documented way out, and leaves the policies', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline({ deletionPolicy: 'Delete' });
      await world.applied(baseline);
      await operator.stop();
      await world.deleteBaseline(baseline);
      const { metadata } = await world.getBaseline(baseline);
      assert.deepEqual([typeof metadata.deletionTimestamp, metadata.finalizers], ['string', ['netbaseline.io/cleanup']]);
      await world.admin.patch(`${BASELINES}/${baseline}`, { metadata: { finalizers: null } });
      assert.equal(await isGone(baseline), true);
      assert.deepEqual(await world.policyNames(namespace), ['allow-dns', 'default-deny']);
      await start();
      await eventually(() => operator.metric('netpol_baseline_retained_policies', { baseline }), (count) => assert.equal(count, 2)); // not before every namespace has been planned
    });

    it('GB-61: deleted and applied again as soon as the name is free, no namespace is lost', async () => {
      const namespaces = await world.namespaces(3);
      const baseline = await world.baseline({ deletionPolicy: 'Delete' });
      await world.applied(baseline);
      await world.deleteBaseline(baseline);
      await eventually(() => world.baseline({}, baseline).then(() => 'applied', (error: Error) => error.message), (answer) => assert.equal(answer, 'applied'));
      for (const namespace of namespaces) await world.becomes(namespace, 'allow-dns', 'default-deny');
      await world.status(baseline, ({ protected: fraction }) => assert.equal(fraction, '3/3'));
    });
  });

  describe('Retain', () => {
    it('GB-59: its policies are kept as they are, and reported', async () => {
      const namespaces = await world.namespaces(2);
      const baseline = await world.baseline();
      await world.applied(baseline);
      const before = await versions(namespaces);
      const mark = await witness.settled();
      await world.deleteBaseline(baseline);
      assert.equal(await isGone(baseline), true, 'nothing holds it');
      await eventually(() => operator.metric('netpol_baseline_retained_policies', { baseline }), (count) => assert.equal(count, 4));
      assert.deepEqual(await witness.writes(mark), []);
      assert.deepEqual(await versions(namespaces), before);
      assert.equal(await operator.metric('netpol_baseline_namespaces', { baseline }), 0);
    });

    it('GB-61 rule 9: a baseline of the same name takes them up without a write', async () => {
      const namespaces = await world.namespaces(2);
      const baseline = await world.baseline({ policies: [allowFrom('allow-platform')] });
      await world.applied(baseline);
      const before = await versions(namespaces);
      const mark = await witness.settled();
      await world.deleteBaseline(baseline);
      await world.baseline({ policies: [allowFrom('allow-platform')] }, baseline);
      await world.status(baseline, ({ protected: fraction }) => assert.equal(fraction, '2/2'));
      for (const namespace of namespaces) assert.deepEqual(await witness.policyWrites(mark, namespace), []);
      assert.deepEqual(await versions(namespaces), before);
      assert.equal(await operator.metric('netpol_baseline_retained_policies', { baseline }), 0);
    });

    it('GB-63: without an operator it goes at once', async () => {
      const namespaces = await world.namespaces(2);
      const baseline = await world.baseline();
      await world.applied(baseline);
      const before = await versions(namespaces);
      await operator.stop();
      const { code, body } = await world.admin.delete(`${BASELINES}/${baseline}`);
      assert.deepEqual([code, body.status], [200, 'Success']);
      assert.equal(await isGone(baseline), true);
      await start();
      const mark = await witness.settled();
      assert.equal(await operator.metric('netpol_baseline_retained_policies', { baseline }), 4);
      assert.deepEqual(await witness.writes(mark), []);
      assert.deepEqual(await versions(namespaces), before);
    });

    it('GB-61: also when the operator was away for both', async () => {
      const namespaces = await world.namespaces(2);
      const baseline = await world.baseline();
      await world.applied(baseline);
      const before = await versions(namespaces);
      await operator.stop();
      await world.deleteBaseline(baseline);
      await world.baseline({}, baseline);
      await start();
      await world.status(baseline, ({ protected: fraction }) => assert.equal(fraction, '2/2'));
      await witness.settled();
      assert.deepEqual(await versions(namespaces), before);
    });

    it('rule 9: what differs from the new baseline of that name is brought up to date in place, the rest is removed', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline({ policies: [allowFrom('allow-platform'), allowFrom('going')] });
      await world.applied(baseline);
      const { uid } = (await world.policy(namespace, 'allow-platform')).metadata;
      await world.deleteBaseline(baseline);
      await eventually(() => operator.metric('netpol_baseline_retained_policies', { baseline }), (count) => assert.ok(count > 0, 'it has not noticed yet'));
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await witness.settled();
      assert.deepEqual((await world.policy(namespace, 'default-deny')).spec.ingress, [{}], 'nobody asks for it now');
      await world.baseline({ policies: [allowFrom('allow-platform', 'other')] }, baseline);
      await world.becomes(namespace, 'allow-dns', 'allow-platform', 'default-deny');
      const live = await world.policy(namespace, 'allow-platform');
      assert.deepEqual([live.metadata.uid, live.spec], [uid, allowing('other')]);
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
    });

    it('GB-63 rule 5: policies of a baseline that went while no operator ran are taken over in place by another that claims the name, and others stay', async () => {
      const namespace = await world.namespace();
      const former = await world.baseline({ policies: [allowFrom('of-the-former')] });
      await world.applied(former);
      const before = Object.fromEntries([...await world.policies(namespace)].map(([name, { metadata }]) => [name, metadata.uid]));
      await operator.stop();
      await world.deleteBaseline(former);
      await start();
      const next = await world.baseline();
      await world.status(next, ({ protected: fraction }) => assert.equal(fraction, '1/1'));
      const live = await world.policies(namespace);
      assert.deepEqual(Object.fromEntries([...live].map(([name, { metadata }]) => [name, metadata.uid])), before);
      assert.deepEqual([...live].map(([name, { metadata }]) => [name, metadata.labels['netbaseline.io/baseline']]), [['allow-dns', next], ['default-deny', next], ['of-the-former', former]]);
      assert.equal(await operator.metric('netpol_baseline_retained_policies', { baseline: former }), 1);
    });

    it('rule 5: a direction that was isolated for a baseline that is gone is not opened by another that asks for less', async () => {
      const namespace = await world.namespace();
      const former = await world.baseline();
      await world.applied(former);
      await world.deleteBaseline(former);
      const next = await world.baseline({ egress: { mode: 'Audit' } });
      await world.status(next, ({ protected: fraction }) => assert.equal(fraction, '1/1'));
      assert.deepEqual((await world.policy(namespace, 'default-deny')).spec, DEFAULT_DENY_SPEC);
      assert.deepEqual(await world.policyNames(namespace), ['allow-dns', 'default-deny']);
    });
  });
});

describe('deletion of the CRD', function () {
  this.timeout(180_000);
  const clock = jumpingClock();
  let plane: ControlPlane;
  let world: World;
  let operator: RunningOperator;
  before(async () => {
    plane = await startInstalled();
    world = await aWorld(plane);
  });
  beforeEach(async () => { operator = await world.operator({ clock, flags: { 'leader-elect': 'false', 'status-interval': '200ms' } }); });
  afterEach(async () => {
    await operator.stop();
    await world.clear();
  });
  after(async () => {
    await world.end();
    await plane.stop();
  });

  it('rule 9: takes every baseline with it and no policy; the operator says what is missing, and goes on when it is back', async () => {
    const [first = '', second = ''] = await world.namespaces(2);
    const retaining = await world.baseline({ policies: [allowFrom('allow-platform')] });
    await world.applied(retaining);
    const all = ['allow-dns', 'allow-platform', 'default-deny'];
    const versions = async (): Promise<string[]> => (await Promise.all([first, second].map((namespace) => world.policies(namespace)))).flatMap((policies) => [...policies.values()].map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`));
    const before = await versions();
    await plane.kubectl(['delete', 'crd', 'namespacepolicybaselines.netbaseline.io', '--timeout=60s']);
    const { body } = await eventually(operator.ready, ({ code }) => assert.equal(code, 503), { withinMs: 60_000 });
    assert.match(body, /namespacepolicybaselines: (?!synced)/);
    assert.match(body, /networkpolicies: synced and watching/);
    assert.deepEqual(await versions(), before);
    await world.namespace();
    await plane.kubectl(['apply', '--server-side', '-k', 'crds']);
    await whenEstablished(plane.kubectl, 'namespacepolicybaselines.netbaseline.io');
    const readyLater = (): Promise<{ code: number; body: string }> => {
      clock.jump(1_000); // it asks again with growing patience
      return operator.ready();
    };
    await eventually(readyLater, ({ code, body: missing }) => assert.equal(code, 200, missing), { withinMs: 60_000, everyMs: 100 });
    assert.deepEqual(await versions(), before, 'no baseline asks for anything, and none asked for their removal');
    await eventually(() => operator.metric('netpol_baseline_retained_policies', { baseline: retaining }), (count) => assert.equal(count, 6));
    await world.baseline({ policies: [allowFrom('allow-platform')] }, retaining);
    await world.status(retaining, ({ protected: fraction }) => assert.equal(fraction, '3/3'), { withinMs: 30_000 });
    assert.deepEqual(await versions(), before);
    const fresh = await world.namespace();
    await world.becomes(fresh, ...all);
  });

  it('GB-58: a baseline with Delete still has its policies removed when the whole CRD goes', async () => {
    const namespace = await world.namespace();
    const deleting = await world.baseline({ deletionPolicy: 'Delete' });
    await world.applied(deleting);
    await plane.kubectl(['delete', 'crd', 'namespacepolicybaselines.netbaseline.io', '--timeout=60s']);
    await world.becomes(namespace);
    await eventually(operator.ready, ({ code }) => assert.equal(code, 503), { withinMs: 60_000 });
  });
});

