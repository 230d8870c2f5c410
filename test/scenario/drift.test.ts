/** GB 1.2 and rule 6: what somebody makes of a generated policy, and what becomes of it. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { mutated, refused } from '../support/admission.ts';
import { POLICIES, type Json } from '../support/api.ts';
import { consistently, eventually } from '../support/eventually.ts';
import { jumpingClock } from '../support/jumping-clock.ts';
import { ALLOW_DNS_SPEC, DEFAULT_DENY_SPEC, allowFrom, allowTo, allowing } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const DETECTED = 'netpol_baseline_drift_detected_total';
const REPAIRED = 'netpol_baseline_drift_repaired_total';
const OPEN = 'netpol_baseline_drift_open';

describe('drift', function () {
  this.timeout(120_000);
  const clock = jumpingClock();
  let world: World;
  let witness: Witness;
  let operator: RunningOperator;
  const start = async (): Promise<void> => {
    operator = await world.operator({ clock, flags: { 'leader-elect': 'false', 'status-interval': '200ms' } });
  };
  before(async () => {
    world = await aWorld();
    await start();
    witness = await aWitness(world);
  });
  after(async () => {
    await witness.end();
    await world.end();
  });

  /** A namespace with a baseline in force. */
  async function covered(spec: Json = {}): Promise<{ namespace: string; baseline: string }> {
    const namespace = await world.namespace();
    const baseline = await world.baseline(spec);
    await world.applied(baseline);
    // The baseline may be known before the namespace is: they come by different watches.
    await eventually(() => world.policyNames(namespace), (names) => assert.ok(names.includes('default-deny'), names.join()));
    return { namespace, baseline };
  }
  const detected = (template: string, change = 'modified'): Promise<number> => operator.metric(DETECTED, { template, change });
  const repaired = (template: string, change = 'modified'): Promise<number> => operator.metric(REPAIRED, { template, change });
  const condition = (status: Json, type: string): Json => status.conditions.find((each: Json) => each.type === type);
  const eventsIn = async (namespace: string): Promise<Json[]> => (await world.admin.get(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`)).body.items;

  describe('tampering', () => {
    let baseline: string;
    before(async () => { baseline = await world.baseline({ policies: [allowFrom('allow-platform')] }); });
    after(() => world.clear());

    const tamperings: readonly { readonly id: string; readonly what: string; readonly policy: string; readonly patch: Json }[] = [
      { id: 'GB-23', what: 'pods left out of default-deny', policy: 'default-deny', patch: { spec: { podSelector: { matchLabels: { app: 'none' } } } } },
      { id: 'GB-23', what: 'a direction taken out of default-deny', policy: 'default-deny', patch: { spec: { policyTypes: ['Ingress'] } } },
      { id: 'GB-24', what: 'ingress: [{}] in default-deny', policy: 'default-deny', patch: { spec: { ingress: [{}] } } },
      { id: 'GB-24', what: 'egress: [{}] in default-deny', policy: 'default-deny', patch: { spec: { egress: [{}] } } },
      { id: 'GB-23', what: 'a port of allow-dns', policy: 'allow-dns', patch: { spec: { egress: [{ ...ALLOW_DNS_SPEC.egress[0], ports: [{ protocol: 'UDP', port: 54 }] }] } } },
      { id: 'GB-23', what: 'the rules of allow-dns removed', policy: 'allow-dns', patch: { spec: { egress: null } } },
      { id: 'GB-23', what: 'the order of ports in allow-dns', policy: 'allow-dns', patch: { spec: { egress: [{ ...ALLOW_DNS_SPEC.egress[0], ports: ALLOW_DNS_SPEC.egress[0].ports.toReversed() }] } } },
      { id: 'GB-23', what: 'a source in a platform policy', policy: 'allow-platform', patch: { spec: allowing('tenant') } },
      { id: 'GB-30', what: 'managed-by of somebody else', policy: 'default-deny', patch: { metadata: { labels: { 'app.kubernetes.io/managed-by': 'helm' } } } },
      { id: 'GB-30', what: 'no part-of', policy: 'default-deny', patch: { metadata: { labels: { 'app.kubernetes.io/part-of': null } } } },
      { id: 'GB-30', what: 'no baseline label', policy: 'default-deny', patch: { metadata: { labels: { 'netbaseline.io/baseline': null } } } },
      { id: 'GB-30', what: 'no template label', policy: 'allow-dns', patch: { metadata: { labels: { 'netbaseline.io/template': null } } } },
      { id: 'GB-30', what: 'the template label of another', policy: 'allow-dns', patch: { metadata: { labels: { 'netbaseline.io/template': 'default-deny' } } } },
      { id: 'rule 6', what: 'a finalizer', policy: 'default-deny', patch: { metadata: { finalizers: ['example.com/hold'] } } },
    ];
    const essence = ({ spec, metadata: { labels, annotations, ownerReferences, finalizers, uid } }: Json): Json => ({ spec, labels, annotations, ownerReferences, finalizers, uid });

    for (const { id, what, policy, patch } of tamperings) {
      it(`${id}: ${what}: put right in place, counted once`, async () => {
        const namespace = await world.namespace();
        await world.becomes(namespace, 'allow-dns', 'allow-platform', 'default-deny');
        const before = essence(await world.policy(namespace, policy));
        const counts = [await detected(policy), await repaired(policy)];
        await world.patchPolicy(namespace, policy, patch);
        await eventually(() => world.policy(namespace, policy), (live) => assert.deepEqual(essence(live), before));
        await eventually(async () => [await detected(policy), await repaired(policy)], (now) => assert.deepEqual(now, counts.map((count) => count + 1)));
        await world.status(baseline, (status) => assert.deepEqual([condition(status, 'Drifted').status, status.namespaces.drifted], ['False', 0]));
        await eventually(() => eventsIn(namespace), (events) => assert.ok(events.some(({ reason, regarding, action }) => reason === 'DriftDetected' && action === 'Repair' && regarding.name === policy)));
      });
    }
  });

  describe('Repair', () => {
    afterEach(() => world.clear());

    it('rule 6: an owner reference is taken off, so that nobody else\'s deletion takes the policy away', async () => {
      const { namespace } = await covered();
      const owner = await world.admin.post(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'owner' } });
      const { metadata } = await world.policy(namespace, 'default-deny');
      await world.patchPolicy(namespace, 'default-deny', { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.body.metadata.uid }] } });
      await eventually(() => world.policy(namespace, 'default-deny'), (live) => {
        assert.notEqual(live.metadata.resourceVersion, metadata.resourceVersion);
        assert.deepEqual([live.metadata.ownerReferences, live.metadata.uid], [undefined, metadata.uid]);
      });
    });

    it('GB-25: a deleted policy comes back, and counts as deleted', async () => {
      const { namespace } = await covered();
      const counts = [await detected('allow-dns', 'deleted'), await repaired('allow-dns', 'deleted')];
      await world.deletePolicy(namespace, 'allow-dns');
      await world.becomes(namespace, 'allow-dns', 'default-deny');
      assert.deepEqual((await world.policy(namespace, 'allow-dns')).spec, ALLOW_DNS_SPEC);
      await eventually(async () => [await detected('allow-dns', 'deleted'), await repaired('allow-dns', 'deleted')], (now) => assert.deepEqual(now, counts.map((count) => count + 1)));
      assert.ok(await operator.metric('netpol_baseline_drift_repair_duration_seconds_count') > 0);
    });

    it('GB-26: deleted five times in a row, it comes back each time', async () => {
      const { namespace } = await covered();
      const uids = new Set<string>();
      for (let turn = 0; turn < 5; turn += 1) {
        await eventually(() => world.policy(namespace, 'default-deny'), ({ metadata }) => assert.ok(!uids.has(metadata.uid)));
        uids.add((await world.policy(namespace, 'default-deny')).metadata.uid);
        await world.deletePolicy(namespace, 'default-deny');
      }
      await eventually(() => world.policy(namespace, 'default-deny'), ({ metadata, spec }) => {
        assert.ok(!uids.has(metadata.uid));
        assert.deepEqual(spec, DEFAULT_DENY_SPEC);
      });
      assert.equal(await operator.metric('netpol_baseline_contended_policies'), 0);
    });

    it('GB-25: all policies deleted at once come back, each with one write', async () => {
      const { namespace } = await covered({ policies: [allowFrom('zz-platform')] });
      const mark = await witness.settled();
      assert.equal((await world.admin.delete(POLICIES(namespace))).code, 200);
      await world.becomes(namespace, 'allow-dns', 'default-deny', 'zz-platform');
      assert.equal((await witness.policyWrites(mark, namespace)).length, 3);
    });

    it('GB-27: what is ours is put right, what somebody added beside it stays', async () => {
      const { namespace } = await covered();
      await world.patchPolicy(namespace, 'default-deny', {
        metadata: { labels: { team: 'a' }, annotations: { 'example.com/note': 'seen' } }, spec: { egress: [{}] },
      });
      const { metadata } = await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      assert.equal(metadata.labels.team, 'a');
      assert.equal(metadata.annotations['example.com/note'], 'seen');
    });

    it('GB-28: a foreign label or annotation costs no write', async () => {
      const { namespace } = await covered();
      const mark = await witness.settled();
      await world.patchPolicy(namespace, 'default-deny', { metadata: { labels: { team: 'a' } } });
      await world.patchPolicy(namespace, 'allow-dns', { metadata: { annotations: { 'example.com/note': 'x'.repeat(5_000) } } });
      assert.deepEqual(await witness.writes(mark), []);
      assert.equal((await world.policy(namespace, 'default-deny')).metadata.labels.team, 'a');
    });

    it('GB-29: what the server fills in or leaves out is no difference, also after a restart', async () => {
      const { namespace, baseline } = await covered({
        dns: { ports: [{ port: 53 }, { protocol: 'UDP', port: 53 }, { port: 'dns' }] },
        policies: [
          { name: 'every-field', networkPolicy: {
            podSelector: { matchLabels: { b: '2', a: '1' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['web', 'db'] }, { key: 'x', operator: 'Exists' }] },
            policyTypes: ['Egress', 'Ingress'],
            ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.2.0.0/16', '10.1.0.0/16'] } }, { podSelector: {} }], ports: [{ port: 8080, endPort: 8090 }, { protocol: 'SCTP', port: 9 }, { port: 443 }] }],
            egress: [{ to: [{ namespaceSelector: {} }] }, { to: [{ namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] }, podSelector: { matchLabels: { app: 'x' } } }], ports: [{ protocol: 'UDP', port: 'named' }] }],
          } },
          { name: 'no-lists', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'] } },
          { name: 'anybody', allowAnyPeer: true, networkPolicy: { podSelector: { matchLabels: { open: 'yes' } }, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 80 }] }] } },
        ],
      });
      await world.status(baseline, (status) => assert.equal(status.protected, '1/1'));
      const mark = await witness.settled();
      await world.label(namespace, { irrelevant: 'change' });
      await operator.stop();
      await start();
      assert.deepEqual(await witness.policyWrites(mark, namespace), []);
    });

    it('GB-30: stripped of its labels and then edited, it is found by its name', async () => {
      const { namespace, baseline } = await covered();
      const { uid, labels } = (await world.policy(namespace, 'default-deny')).metadata;
      const none = Object.fromEntries(Object.keys(labels).map((key) => [key, null]));
      await world.patchPolicy(namespace, 'default-deny', { metadata: { labels: none, managedFields: [{}] } });
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await eventually(() => world.policy(namespace, 'default-deny'), ({ metadata, spec }) => assert.deepEqual([metadata.labels, metadata.uid, spec], [labels, uid, DEFAULT_DENY_SPEC]));
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.protected, 1));
    });

    it('rule 6: an edit that also forges the hash is taken for outdated, and put right all the same', async () => {
      const { namespace } = await covered();
      const forged = (await world.policy(namespace, 'allow-dns')).metadata.annotations['netbaseline.io/template-hash'];
      await world.patchPolicy(namespace, 'default-deny', { metadata: { annotations: { 'netbaseline.io/template-hash': forged } }, spec: ALLOW_DNS_SPEC });
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec, metadata }) => {
        assert.deepEqual(spec, DEFAULT_DENY_SPEC);
        assert.notEqual(metadata.annotations['netbaseline.io/template-hash'], forged);
      });
    });

    it('GB-35: one repair that is refused is retried alone, the others do not wait for it', async () => {
      const [stuck = '', ...others] = await world.namespaces(8);
      const baseline = await world.baseline();
      await world.applied(baseline);
      const obstacle = await refused(world, { namespace: stuck, policy: 'default-deny', operations: ['UPDATE'], where: REPAIRS_ONLY });
      await world.patchPolicy(stuck, 'default-deny', { spec: { ingress: [{}] } });
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.failed, 1));
      for (const namespace of others) await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      for (const namespace of others) await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC), { withinMs: 10_000 });
      const { worst } = await world.status(baseline, ({ namespaces }) => assert.deepEqual([namespaces.failed, namespaces.protected], [1, 7]));
      assert.deepEqual([worst[0].namespace, worst[0].reason], [stuck, 'AdmissionDenied']);
      await obstacle.end();
      clock.jump(5 * 60_000);
      await eventually(() => world.policy(stuck, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.protected, 8));
    });

    it('GB-36: a rival that undoes every repair is met with bounded patience, and is visible', async () => {
      const { namespace, baseline } = await covered();
      const mark = await witness.settled();
      let rival = true;
      const undoing = (async () => {
        while (rival) {
          const { spec } = await world.policy(namespace, 'default-deny');
          if (spec.ingress === undefined) await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
          else await delay(5);
        }
      })();
      try {
        await eventually(() => operator.metric('netpol_baseline_contended_policies'), (count) => assert.equal(count, 1));
        const before = (await witness.policyWrites(mark, namespace)).length;
        assert.ok(before >= 10, `${before} repairs at once`);
        await delay(2_200); // 1 s, then 2 s: one repair or two, where there were dozens a second
        const after = (await witness.policyWrites(mark, namespace)).length;
        assert.ok(after - before <= 2, `${after - before} repairs in 2.2 s`);
        const { worst } = await world.status(baseline, (status) => assert.deepEqual([status.worst?.[0].state, status.worst?.[0].reason], ['drifted', 'Contended']));
        assert.match(worst[0].message, /default-deny.*spec\.ingress/s);
        await eventually(() => eventsIn(namespace), (events) => assert.ok(events.some(({ reason }) => reason === 'Contended')));
      } finally {
        rival = false;
        await undoing;
      }
      clock.jump(5_000); // the longest wait while the policy may be open
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.protected, 1));
      clock.jump(10 * 60_000);
      await eventually(() => operator.metric('netpol_baseline_contended_policies'), (count) => assert.equal(count, 0));
    });

    it('never 5: an answer that is not what was sent, three times, pauses that policy and says so', async () => {
      const namespace = await world.namespace();
      const obstacle = await mutated(world, { namespace, policy: 'default-deny' });
      const mark = await witness.settled();
      const baseline = await world.baseline();
      await eventually(() => eventsIn(namespace), (events) => assert.ok(events.some(({ reason }) => reason === 'ResponseMismatch')));
      await world.status(baseline, ({ worst }) => assert.deepEqual([worst?.[0].state, worst?.[0].reason], ['drifted', 'Contended']));
      const writes = (await witness.policyWrites(mark, namespace)).filter((write) => write.endsWith('default-deny'));
      assert.deepEqual(writes, ['create default-deny', 'update default-deny', 'update default-deny']);
      await obstacle.end();
      clock.jump(5 * 60_000);
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.protected, 1));
    });

    it('rule 6: neither creation nor catching up after a start is drift', async () => {
      const { namespace } = await covered();
      await operator.stop();
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await world.deletePolicy(namespace, 'allow-dns');
      await start();
      await world.becomes(namespace, 'allow-dns', 'default-deny');
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      await witness.settled();
      assert.deepEqual([await detected('default-deny'), await detected('allow-dns', 'deleted'), await repaired('default-deny')], [0, 0, 0]);
    });
  });

  describe('Warn', () => {
    afterEach(() => world.clear());

    it('GB-33 rule 6: an edited policy stays as it is and is reported in every place, once', async () => {
      const { namespace, baseline } = await covered({ driftPolicy: 'Warn' });
      const counts = [await detected('default-deny'), await repaired('default-deny')];
      const mark = await witness.settled();
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      const status = await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.drifted, 1));
      assert.equal(condition(status, 'Drifted').status, 'True');
      assert.match(condition(status, 'Drifted').message, new RegExp(`${namespace}: default-deny: spec.ingress`));
      assert.deepEqual([status.worst[0].namespace, status.worst[0].state, status.worst[0].reason], [namespace, 'drifted', 'Modified']);
      assert.equal(condition(status, 'Ready').status, 'True');
      assert.equal(await operator.metric(OPEN, { baseline, template: 'default-deny' }), 1);
      assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace, reason: 'Modified' }), 1);
      assert.equal(await operator.metric('netpol_baseline_namespaces', { baseline, state: 'drifted' }), 1);
      await eventually(() => eventsIn(namespace), (events) => assert.ok(events.some(({ reason, action }) => reason === 'DriftDetected' && action === 'Report')));
      await world.label(namespace, { irrelevant: 'change' });
      assert.deepEqual(await witness.policyWrites(mark, namespace), []);
      assert.deepEqual([await detected('default-deny'), await repaired('default-deny')], [(counts[0] ?? 0) + 1, counts[1]]);
      await world.patchPolicy(namespace, 'default-deny', { spec: { egress: [{}] } });
      await eventually(() => detected('default-deny'), (count) => assert.equal(count, (counts[0] ?? 0) + 2));
    });

    it('rule 6: stripped labels are reported and left as well', async () => {
      const { namespace, baseline } = await covered({ driftPolicy: 'Warn' });
      const mark = await witness.settled();
      await world.patchPolicy(namespace, 'allow-dns', { metadata: { labels: { 'netbaseline.io/template': null } } });
      const { worst } = await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.drifted, 1));
      assert.match(worst[0].message, /allow-dns: metadata\.labels\[netbaseline\.io\/template\]/);
      assert.deepEqual(await witness.policyWrites(mark, namespace), []);
    });

    it('rule 6: a deleted policy is missing, not edited: it is created', async () => {
      const { namespace } = await covered({ driftPolicy: 'Warn' });
      await world.deletePolicy(namespace, 'default-deny');
      await world.becomes(namespace, 'allow-dns', 'default-deny');
    });

    it('rule 6: changes of a template and of the scope are followed', async () => {
      const [namespace = '', leaving = '', ...others] = await world.namespaces(4);
      const baseline = await world.baseline({ driftPolicy: 'Warn', policies: [allowFrom('allow-platform')] });
      await world.applied(baseline);
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await world.patchPolicy(leaving, 'default-deny', { spec: { ingress: [{}] } });
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.drifted, 2));
      await world.edit(baseline, { policies: [allowFrom('allow-platform', 'other'), allowTo('allow-storage')], excludedNamespaces: [leaving] });
      await world.becomes(leaving);
      for (const name of [namespace, ...others]) {
        await eventually(() => world.policy(name, 'allow-platform'), ({ spec }) => assert.deepEqual(spec, allowing('other')));
        await world.becomes(name, 'allow-dns', 'allow-platform', 'allow-storage', 'default-deny');
      }
      assert.deepEqual((await world.policy(namespace, 'default-deny')).spec.ingress, [{}]);
    });

    it('rule 6: what was left is put right once repair is asked for', async () => {
      const { namespace, baseline } = await covered({ driftPolicy: 'Warn' });
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.drifted, 1));
      await world.edit(baseline, { driftPolicy: 'Repair' });
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      await eventually(() => operator.metric(OPEN, { baseline }), (open) => assert.equal(open, 0));
    });

    it('rule 6: put back by hand, it is as planned again, without a write', async () => {
      const { namespace, baseline } = await covered({ driftPolicy: 'Warn' });
      const mark = await witness.settled();
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.drifted, 1));
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: null } });
      await world.status(baseline, (status) => assert.deepEqual([status.namespaces.protected, condition(status, 'Drifted').status], [1, 'False']));
      assert.deepEqual(await witness.policyWrites(mark, namespace), []);
    });
  });

  describe('what is not ours', () => {
    afterEach(() => world.clear());

    it('GB-31: a policy of a planned name is left alone, shown, and its end heals the namespace', async () => {
      const namespace = await world.namespace();
      const deletions = await detected('default-deny', 'deleted');
      const theirs = await world.createPolicy(namespace, 'default-deny', { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'] });
      const baseline = await world.baseline();
      await world.becomes(namespace, 'allow-dns', 'default-deny');
      const { worst } = await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.conflicted, 1));
      assert.deepEqual([worst[0].namespace, worst[0].state, worst[0].reason], [namespace, 'conflicted', 'ForeignPolicy']);
      assert.equal(await operator.metric('netpol_baseline_namespaces', { baseline, state: 'conflicted' }), 1);
      assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace, reason: 'ForeignPolicy' }), 1);
      await eventually(() => eventsIn(namespace), (events) => assert.ok(events.some(({ reason, regarding }) => reason === 'PolicyConflict' && regarding.kind === 'Namespace')));
      assert.equal((await world.policy(namespace, 'default-deny')).metadata.resourceVersion, theirs.metadata.resourceVersion);
      await world.deletePolicy(namespace, 'default-deny');
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      await world.status(baseline, (status) => assert.deepEqual([status.namespaces.conflicted, status.namespaces.protected, condition(status, 'Ready').status], [0, 1, 'True']));
      assert.equal(await detected('default-deny', 'deleted'), deletions, 'the end of a foreign policy is no drift');
    });

    it('GB-32: the managed-by label alone makes nothing ours, neither under a planned name nor under another', async () => {
      const namespace = await world.namespace();
      const labels = { 'app.kubernetes.io/managed-by': 'namespace-policy-baseline' };
      await world.createPolicy(namespace, 'default-deny', { podSelector: {}, policyTypes: ['Ingress'] }, { labels });
      await world.createPolicy(namespace, 'mine', { podSelector: {} }, { labels });
      const mark = await witness.settled();
      const baseline = await world.baseline();
      await world.becomes(namespace, 'allow-dns', 'default-deny', 'mine');
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.conflicted, 1));
      await world.edit(baseline, { excludedNamespaces: [namespace] });
      await world.becomes(namespace, 'default-deny', 'mine');
      assert.deepEqual(await witness.policyWrites(mark, namespace), ['create allow-dns', 'delete allow-dns']);
    });

    it('GB-28: whatever tenants do with policies of their own costs no write', async () => {
      const { namespace } = await covered();
      const mark = await witness.settled();
      await world.createPolicy(namespace, 'constructor', { podSelector: {}, ingress: [{}] });
      await world.patchPolicy(namespace, 'constructor', { spec: { ingress: [] } });
      await world.deletePolicy(namespace, 'constructor');
      assert.deepEqual(await witness.writes(mark), []);
      await consistently(() => world.policyNames(namespace), (names) => assert.deepEqual(names, ['allow-dns', 'default-deny']), 100);
    });
  });
});

/** CEL: the policy as it should be, so that only its repair is met. */
const REPAIRS_ONLY = '(!has(object.spec.ingress) || size(object.spec.ingress) == 0)';
