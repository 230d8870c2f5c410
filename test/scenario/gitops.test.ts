/** docs/gitops.md: the operator never fights a tool that applies from Git. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { FIELD_MANAGER, STATUS_FIELD_MANAGER } from '../../src/api/names.ts';
import { markAudit, readAudit } from '../control-plane/audit-log.ts';
import { BASELINES, type Json } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { DEFAULT_DENY_SPEC } from '../support/templates.ts';
import { OPERATOR_USER, aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const FLAGS = { 'leader-elect': 'false', 'status-interval': '200ms' };
const BASELINE = { apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline' };

describe('GitOps: a second writer', function () {
  this.timeout(120_000);
  let world: World;
  let operator: RunningOperator;
  let witness: Witness;
  before(async () => {
    world = await aWorld();
    operator = await world.operator({ flags: FLAGS });
    witness = await aWitness(world);
  });
  afterEach(() => world.clear());
  after(async () => {
    await witness.end();
    await world.end();
  });

  /** As Argo CD and Flux do it: server-side, with a field manager of their own, and by force. */
  const sync = (...objects: Json[]) => world.plane.kubectl(['apply', '--server-side', '--force-conflicts', '--field-manager=argocd-controller', '-f', '-'], { stdin: objects.map((object) => JSON.stringify(object)).join('\n---\n') });
  const TRACKING = { 'app.kubernetes.io/instance': 'network-baseline', 'kustomize.toolkit.fluxcd.io/name': 'network-baseline' };

  it('that applies the same baseline again and again costs no write, and nobody else writes its spec', async () => {
    const namespace = await world.namespace();
    const manifest = (name: string): Json => ({
      ...BASELINE, metadata: { name, labels: TRACKING, annotations: { 'argocd.argoproj.io/tracking-id': 'network-baseline:x' } },
      spec: { namespaceSelector: { matchLabels: world.labels }, deletionPolicy: 'Delete', policies: [{ name: 'allow-monitoring', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ namespaceSelector: { matchLabels: { a: 'b' } } }] }] } }] },
    });
    const baseline = await world.baseline({ paused: true }); // the name is the world's, so that it is cleared with it
    await world.deleteBaseline(baseline);
    await eventually(() => world.admin.get(`${BASELINES}/${baseline}`), ({ code }) => assert.equal(code, 404));
    await sync(manifest(baseline));
    await world.becomes(namespace, 'allow-dns', 'allow-monitoring', 'default-deny');
    await world.applied(baseline);
    const mark = await witness.settled();
    const before = await world.getBaseline(baseline);
    for (let times = 0; times < 8; times += 1) await sync(manifest(baseline));
    const writes = (await witness.writes(mark)).filter(({ subresource }) => subresource !== 'status');
    assert.deepEqual(writes, []);
    const after = await world.getBaseline(baseline);
    assert.deepEqual([after.metadata.generation, after.metadata.finalizers, after.spec], [before.metadata.generation, ['netbaseline.io/cleanup'], before.spec]);
    const owners = after.metadata.managedFields.filter(({ fieldsV1 }: Json) => 'f:spec' in fieldsV1).map(({ manager }: Json) => manager);
    assert.deepEqual(owners, ['argocd-controller']);
    const ours = after.metadata.managedFields.filter(({ manager }: Json) => manager === FIELD_MANAGER || manager === STATUS_FIELD_MANAGER);
    assert.ok(ours.length > 0 && ours.every(({ fieldsV1 }: Json) => !('f:spec' in fieldsV1)));
  });

  it('finds none of its labels and annotations on generated policies, so that it prunes none', async () => {
    const namespace = await world.namespace({ labels: TRACKING, annotations: { 'argocd.argoproj.io/tracking-id': 'x:/Namespace:x' } });
    const baseline = await world.baseline();
    await world.admin.patch(`${BASELINES}/${baseline}`, { metadata: { labels: TRACKING, annotations: { 'argocd.argoproj.io/tracking-id': 'x' } } });
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    for (const { metadata } of (await world.policies(namespace)).values()) {
      const keys = Object.keys({ ...metadata.labels, ...metadata.annotations });
      assert.deepEqual(keys.filter((key) => !key.startsWith('netbaseline.io/')).toSorted(), ['app.kubernetes.io/managed-by', 'app.kubernetes.io/part-of']);
      assert.equal(metadata.labels['app.kubernetes.io/managed-by'], 'namespace-policy-baseline');
      assert.equal(metadata.ownerReferences, undefined);
    }
    for (const [key, value] of Object.entries(TRACKING)) await world.plane.kubectl(['delete', 'networkpolicy', '-n', namespace, '-l', `${key}=${value}`]);
    assert.deepEqual(await world.policyNames(namespace), ['allow-dns', 'default-deny']);
  });

  it('that has a policy of the same name in Git is contended: told, and met with patience', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    const theirs = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'default-deny', namespace, labels: TRACKING }, spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] } };
    const mark = markAudit(world.plane.auditLogPath ?? '');
    const repairs = async (): Promise<number> => (await readAudit(world.plane.auditLogPath ?? '', mark)).filter((event) => event.user === OPERATOR_USER && event.resource === 'networkpolicies' && event.namespace === namespace).length;
    let syncing = true;
    let syncs = 0;
    const tool = (async () => {
      while (syncing) {
        await sync(theirs);
        syncs += 1;
        await delay(5);
      }
    })();
    try {
      const { worst } = await world.status(baseline, (status) => assert.deepEqual([status.worst?.[0]?.state, status.worst?.[0]?.reason], ['drifted', 'Contended']), { withinMs: 60_000 });
      assert.match(worst[0].message, /default-deny/);
      await eventually(() => operator.metric('netpol_baseline_contended_policies'), (count) => assert.equal(count, 1));
    } finally {
      syncing = false;
      await tool;
    }
    assert.ok(await repairs() <= syncs + 1, 'at most one repair for each time that it was undone');
    await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC), { withinMs: 30_000 });
    const { metadata } = await world.policy(namespace, 'default-deny');
    assert.equal(metadata.labels['app.kubernetes.io/instance'], TRACKING['app.kubernetes.io/instance'], 'a label of theirs is not ours to take');
    const quiet = await witness.settled();
    assert.deepEqual(await witness.policyWrites(quiet, namespace), []);
  });

  it('that replaces the baseline takes the finalizer off: it is put back once each time, and spec stays as it is', async () => {
    const baseline = await world.baseline({ deletionPolicy: 'Delete' });
    await world.applied(baseline);
    await eventually(() => world.getBaseline(baseline), ({ metadata }) => assert.deepEqual(metadata.finalizers, ['netbaseline.io/cleanup']));
    const mark = await witness.settled();
    const { spec } = await world.getBaseline(baseline);
    await world.plane.kubectl(['replace', '-f', '-'], { stdin: JSON.stringify({ ...BASELINE, metadata: { name: baseline }, spec }) });
    await eventually(() => world.getBaseline(baseline), ({ metadata }) => assert.deepEqual(metadata.finalizers, ['netbaseline.io/cleanup']));
    const written = (await witness.writes(mark)).filter(({ name, subresource }) => name === baseline && subresource === '').map(({ verb }) => verb);
    assert.deepEqual(written, ['patch']);
    assert.deepEqual((await world.getBaseline(baseline)).spec, spec);
  });
});
