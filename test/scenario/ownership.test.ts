/** Rule 5: what is ours, and what becomes of policies that are not. */
import assert from 'node:assert/strict';
import type { Json } from '../support/api.ts';
import { readAudit } from '../control-plane/audit-log.ts';
import { eventually } from '../support/eventually.ts';
import { ALLOW_DNS_SPEC, DEFAULT_DENY_SPEC, allowFrom, allowing } from '../support/templates.ts';
import { OPERATOR_USER, aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const PART_OF = 'app.kubernetes.io/part-of';
const BASELINE = 'netbaseline.io/baseline';
const TEMPLATE = 'netbaseline.io/template';
const HASH = 'netbaseline.io/template-hash';

describe('ownership', function () {
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

  const ourLabels = (baseline: string, template: string): Record<string, string> => ({
    [MANAGED_BY]: 'namespace-policy-baseline', [PART_OF]: 'namespace-policy-baseline', [BASELINE]: baseline, [TEMPLATE]: template,
  });
  /** A spec that no template has, so that whoever owns it would put it right. */
  const OTHER: Json = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'] };

  describe('evidence that a policy of a planned name is ours, for an operator that never saw it', () => {
    const cases: readonly { readonly missing: readonly string[]; readonly fields: boolean; readonly ours: boolean }[] = [
      { missing: [], fields: true, ours: true },
      { missing: [], fields: false, ours: true },
      { missing: [PART_OF], fields: false, ours: true },
      { missing: [MANAGED_BY, PART_OF, BASELINE, TEMPLATE], fields: true, ours: true },
      { missing: [MANAGED_BY], fields: true, ours: true },
      { missing: [BASELINE], fields: true, ours: true },
      { missing: [TEMPLATE], fields: true, ours: true },
      { missing: [MANAGED_BY], fields: false, ours: false },
      { missing: [BASELINE], fields: false, ours: false },
      { missing: [TEMPLATE], fields: false, ours: false },
      { missing: [MANAGED_BY, BASELINE], fields: false, ours: false },
      { missing: [MANAGED_BY, TEMPLATE], fields: false, ours: false },
      { missing: [BASELINE, TEMPLATE], fields: false, ours: false },
      { missing: [MANAGED_BY, PART_OF, BASELINE, TEMPLATE], fields: false, ours: false },
    ];

    it('rule 5: the three labels, or the managedFields entry; anything less is foreign', async () => {
      const namespaces = await world.namespaces(cases.length);
      const baseline = await world.baseline();
      await world.applied(baseline);
      await operator.stop();
      const before = new Map<string, Json>();
      for (const [index, { missing, fields }] of cases.entries()) {
        const namespace = namespaces[index] ?? '';
        await world.patchPolicy(namespace, 'default-deny', {
          metadata: { labels: Object.fromEntries(missing.map((key) => [key, null])), ...(fields ? {} : { managedFields: [{}] }) },
        });
        await world.patchPolicy(namespace, 'default-deny', { spec: OTHER });
        before.set(namespace, await world.policy(namespace, 'default-deny'));
      }
      await start();
      await world.status(baseline, ({ namespaces: counts }) => assert.deepEqual([counts.protected, counts.conflicted], [7, 7]), { withinMs: 15_000 });
      for (const [index, { missing, fields, ours }] of cases.entries()) {
        const namespace = namespaces[index] ?? '';
        const { spec, metadata } = await world.policy(namespace, 'default-deny');
        const old = before.get(namespace).metadata;
        const label = `without ${missing.join(', ') || 'nothing'}${fields ? '' : ' and managedFields'}`;
        assert.deepEqual(spec, ours ? DEFAULT_DENY_SPEC : OTHER, label);
        assert.equal(metadata.uid, old.uid, label);
        if (ours) assert.deepEqual(metadata.labels, ourLabels(baseline, 'default-deny'), label);
        else assert.equal(metadata.resourceVersion, old.resourceVersion, label);
      }
    });
  });

  it('rule 5: what this process wrote is ours by its uid, whatever was taken off it', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await world.applied(baseline);
    const { uid, labels } = (await world.policy(namespace, 'default-deny')).metadata;
    await world.patchPolicy(namespace, 'default-deny', { metadata: { labels: Object.fromEntries(Object.keys(labels).map((key) => [key, null])), managedFields: [{}], annotations: null }, spec: OTHER });
    await eventually(() => world.policy(namespace, 'default-deny'), ({ spec, metadata }) => assert.deepEqual([spec, metadata.labels, metadata.uid], [DEFAULT_DENY_SPEC, labels, uid]));
  });

  it('rule 5: the same name with another uid is another policy: foreign until it proves otherwise', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await world.applied(baseline);
    await operator.stop();
    await world.deletePolicy(namespace, 'default-deny');
    const theirs = await world.createPolicy(namespace, 'default-deny', OTHER);
    await start();
    await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.conflicted, 1));
    assert.equal((await world.policy(namespace, 'default-deny')).metadata.resourceVersion, theirs.metadata.resourceVersion);
  });

  describe('Refuse', () => {
    it('rule 5: a foreign policy that is equal in meaning counts as present, and is never written or deleted', async () => {
      const namespace = await world.namespace();
      const deny = await world.createPolicy(namespace, 'default-deny', { podSelector: {}, policyTypes: ['Egress', 'Ingress'], ingress: [], egress: [] });
      const dns = await world.createPolicy(namespace, 'allow-dns', ALLOW_DNS_SPEC, { labels: { [MANAGED_BY]: 'helm' } });
      const mark = await witness.settled();
      const baseline = await world.baseline();
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.protected, 1));
      assert.ok(await operator.metric('netpol_baseline_coverage_namespaces', { direction: 'Ingress', coverage: 'protected' }) >= 1);
      await world.edit(baseline, { excludedNamespaces: [namespace] });
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.selected, 0));
      assert.deepEqual(await witness.policyWrites(mark, namespace), []);
      const live = await world.policies(namespace);
      assert.deepEqual(new Set([...live.values()].map(({ metadata }) => metadata.resourceVersion)), new Set([dns.metadata.resourceVersion, deny.metadata.resourceVersion]));
    });

    it('rule 5: a different one makes the namespace conflicted; the rest is written; nothing of it is touched', async () => {
      const namespace = await world.namespace();
      const theirs = await world.createPolicy(namespace, 'allow-platform', allowing('tenant'));
      const baseline = await world.baseline({ policies: [allowFrom('allow-platform')] });
      await world.becomes(namespace, 'allow-dns', 'allow-platform', 'default-deny');
      const { worst } = await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.conflicted, 1));
      assert.equal(worst[0].reason, 'ForeignPolicy');
      assert.match(worst[0].message, /allow-platform/);
      assert.equal((await world.policy(namespace, 'allow-platform')).metadata.resourceVersion, theirs.metadata.resourceVersion);
      await world.patchPolicy(namespace, 'allow-platform', { spec: allowing('platform') });
      await world.status(baseline, ({ namespaces }) => assert.deepEqual([namespaces.conflicted, namespaces.protected], [0, 1]));
      await world.patchPolicy(namespace, 'allow-platform', { spec: allowing('tenant') });
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.conflicted, 1));
    });

    it('rule 5: a baseline that is deleted with its policies leaves foreign ones of the same name', async () => {
      const namespace = await world.namespace();
      await world.createPolicy(namespace, 'default-deny', DEFAULT_DENY_SPEC);
      const baseline = await world.baseline({ deletionPolicy: 'Delete' });
      await world.applied(baseline);
      await world.deleteBaseline(baseline);
      await world.becomes(namespace, 'default-deny');
    });
  });

  describe('Adopt', () => {
    const kyverno = {
      'app.kubernetes.io/managed-by': 'kyverno', 'generate.kyverno.io/policy-name': 'add-networkpolicy', 'generate.kyverno.io/rule-name': 'default-deny',
      'generate.kyverno.io/trigger-uid': '1', 'policy.kyverno.io/x': 'y', team: 'a',
    };

    for (const [what, spec] of [['equal', DEFAULT_DENY_SPEC], ['different', OTHER]] as const) {
      it(`rule 5: a foreign policy that is ${what} is taken over in place, without the labels by which Kyverno would delete it`, async () => {
        const namespace = await world.namespace();
        const { metadata: { uid } } = await world.createPolicy(namespace, 'default-deny', spec, {
          labels: kyverno, annotations: { 'meta.helm.sh/release-name': 'x', 'example.com/note': 'kept' },
        });
        const mark = await witness.settled();
        const baseline = await world.baseline({ adoptionPolicy: 'Adopt' });
        await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.protected, 1));
        const live = await world.policy(namespace, 'default-deny');
        assert.equal(live.metadata.uid, uid);
        assert.deepEqual(live.spec, DEFAULT_DENY_SPEC);
        assert.deepEqual(live.metadata.labels, { ...ourLabels(baseline, 'default-deny'), team: 'a' });
        assert.deepEqual(Object.keys(live.metadata.annotations).sort(), ['example.com/note', HASH]);
        assert.deepEqual(await witness.policyWrites(mark, namespace), ['create allow-dns', 'update default-deny']);
        const reads = (await readAudit(world.plane.auditLogPath ?? '', mark)).filter(({ user, verb, namespace: where }) => user === OPERATOR_USER && verb === 'get' && where === namespace);
        assert.equal(reads.length, 1, 'what is foreign is kept as a hash, so that one GET comes first');
      });
    }

    it('rule 5: owner references and finalizers of the former owner go with it', async () => {
      const namespace = await world.namespace();
      const owner = await world.admin.post(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'owner' } });
      await world.createPolicy(namespace, 'default-deny', OTHER, {
        finalizers: ['example.com/hold'], ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.body.metadata.uid }],
      });
      const baseline = await world.baseline({ adoptionPolicy: 'Adopt' });
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.protected, 1));
      const { metadata } = await world.policy(namespace, 'default-deny');
      assert.deepEqual([metadata.finalizers, metadata.ownerReferences], [undefined, undefined]);
    });

    it('rule 5: Adopt ends a conflict that Refuse began, and what was adopted goes like any other', async () => {
      const [namespace = ''] = await world.namespaces(2);
      await world.createPolicy(namespace, 'default-deny', OTHER);
      const baseline = await world.baseline();
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.conflicted, 1));
      await world.edit(baseline, { adoptionPolicy: 'Adopt' });
      await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.protected, 2));
      await world.edit(baseline, { excludedNamespaces: [namespace] });
      await world.becomes(namespace);
    });

    it('rule 5: of policies under other names nothing is adopted', async () => {
      const namespace = await world.namespace();
      const theirs = await world.createPolicy(namespace, 'theirs', OTHER);
      const baseline = await world.baseline({ adoptionPolicy: 'Adopt' });
      await world.applied(baseline);
      await world.becomes(namespace, 'allow-dns', 'default-deny', 'theirs');
      assert.equal((await world.policy(namespace, 'theirs')).metadata.resourceVersion, theirs.metadata.resourceVersion);
    });
  });

  describe('what is deleted', () => {
    it('rule 5: only what carries all our labels, of a baseline that exists, under the name in them', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline();
      await world.applied(baseline);
      const mark = await witness.settled();
      const without = (key: string): Record<string, string> => Object.fromEntries(Object.entries(ourLabels(baseline, `no-${key.split('/')[1]}`)).filter(([name]) => name !== key));
      for (const key of [MANAGED_BY, BASELINE, TEMPLATE]) await world.createPolicy(namespace, `no-${key.split('/')[1]}`, OTHER, { labels: without(key) });
      await world.createPolicy(namespace, 'other-template', OTHER, { labels: ourLabels(baseline, 'something') });
      await world.createPolicy(namespace, 'other-baseline', OTHER, { labels: ourLabels('there-is-none', 'other-baseline') });
      await world.createPolicy(namespace, 'all-of-them', OTHER, { labels: ourLabels(baseline, 'all-of-them') });
      await world.becomes(namespace, 'allow-dns', 'default-deny', 'no-baseline', 'no-managed-by', 'no-template', 'other-baseline', 'other-template');
      assert.deepEqual(await witness.policyWrites(mark, namespace), ['delete all-of-them']);
      assert.equal(await operator.metric('netpol_baseline_retained_policies', { baseline: 'there-is-none' }), 1);
    });

    it('rule 5: a policy that lost a label while nobody looked is put right where it is planned, and kept where it is not', async () => {
      const [staying = '', leaving = '', ...others] = await world.namespaces(4);
      const baseline = await world.baseline();
      await world.applied(baseline);
      await operator.stop();
      for (const namespace of [staying, leaving]) await world.patchPolicy(namespace, 'allow-dns', { metadata: { labels: { [TEMPLATE]: null } } });
      await world.edit(baseline, { excludedNamespaces: [leaving] });
      await start();
      await world.becomes(leaving, 'allow-dns');
      await eventually(() => world.policy(staying, 'allow-dns'), ({ metadata }) => assert.equal(metadata.labels[TEMPLATE], 'allow-dns'));
      await witness.settled();
      assert.deepEqual(await world.policyNames(leaving), ['allow-dns']);
      assert.equal(others.length, 2);
    });
  });
});
