/** config/admission: with the guard in place, what everybody may do goes on, and so does what the operator and the cluster have to do. */
import assert from 'node:assert/strict';
import { largestBaseline } from '../contract/largest-baseline.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { BASELINES, POLICIES, type Api, type Json } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { aGuardedWorld, must, type GuardedWorld, type Tenant } from '../support/guard.ts';
import { DEFAULT_DENY_SPEC, allowFrom, allowing } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import type { RunningOperator, World } from '../support/world.ts';

const OURS = 'namespace-policy-baseline';
const OPEN: Json = { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] };

describe('admission guard at work', function () {
  this.timeout(180_000);
  let guarded: GuardedWorld;
  let plane: ControlPlane;
  let world: World;
  let witness: Witness;
  let operator: RunningOperator;
  let namespace: string;
  let other: string;
  let tenant: Tenant;
  let api: Api;
  let baseline: string;
  before(async () => {
    guarded = await aGuardedWorld();
    ({ plane, world, namespace, other, tenant, tenant: { api } } = guarded);
    operator = await guarded.startOperator();
    witness = await aWitness(world);
    baseline = await world.baseline();
    for (const name of [namespace, other]) await world.becomes(name, 'allow-dns', 'default-deny');
  });
  afterEach(() => {
    assert.deepEqual(operator.log.entries.filter(({ fields }) => JSON.stringify(fields).includes('ValidatingAdmissionPolicy')), [], 'the operator was refused something');
  });
  after(async () => {
    await witness.end();
    await guarded.end();
  });

  const at = (name: string, where = namespace): string => `${POLICIES(where)}/${name}`;
  const own = (name: string, spec: Json = allowing('a'), metadata: Json = {}): Json => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, ...metadata }, spec });
  const asTenant = (...args: string[]) => plane.kubectl(['-n', namespace, ...args], { kubeconfig: tenant.kubeconfig });

  describe('a namespace admin still may', () => {
    const acts: readonly { readonly what: string; readonly act: () => Promise<unknown> }[] = [
      { what: 'create, edit and delete policies of his own', act: async () => {
        await must(api.post(POLICIES(namespace), own('mine')));
        await must(api.patch(at('mine'), { spec: allowing('b'), metadata: { labels: { team: 'a' }, finalizers: ['example.com/hold'] } }));
        await must(api.patch(at('mine'), { metadata: { finalizers: null } }));
        await must(api.delete(at('mine')));
      } },
      { what: 'delete a collection of his own by a label', act: async () => {
        await must(api.post(POLICIES(namespace), own('mine', OPEN, { labels: { team: 'a' } })));
        await must(api.delete(`${POLICIES(namespace)}?labelSelector=team%3Da`));
      } },
      { what: 'call a policy part of the product, as its own NetworkPolicy is', act: async () => {
        await must(api.post(`${POLICIES(namespace)}?dryRun=All`, own('mine', OPEN, { labels: { 'app.kubernetes.io/part-of': OURS, 'app.kubernetes.io/managed-by': 'Helm' } })));
      } },
      { what: 'add labels and annotations to a generated policy, and take them off', act: async () => {
        await must(api.patch(at('default-deny'), { metadata: { labels: { team: 'a' }, annotations: { 'example.com/note': 'seen' } } }));
        await asTenant('label', 'netpol', 'default-deny', 'example.com/x=y', '--overwrite');
        await asTenant('annotate', 'netpol', 'default-deny', 'example.com/note=again', '--overwrite');
        await must(api.patch(at('default-deny'), { metadata: { labels: { team: null, 'example.com/x': null }, annotations: { 'example.com/note': null } } }));
      } },
      { what: 'apply labels to a generated policy with server-side apply, also together with its unchanged spec', act: async () => {
        const apply = (metadata: Json, spec?: Json) => must(api.patch(`${at('default-deny')}?fieldManager=tenant&force=true`, own('default-deny', spec, metadata), 'application/apply-patch+yaml'));
        await apply({ labels: { team: 'a' } }, DEFAULT_DENY_SPEC);
        await apply({ labels: { team: 'b' } }, DEFAULT_DENY_SPEC);
      } },
      { what: 'kubectl apply a generated policy as it is, with a label more', act: async () => {
        const { metadata: { name, labels }, spec } = await must(api.get(at('default-deny')));
        await plane.kubectl(['-n', namespace, 'apply', '-f', '-'], { kubeconfig: tenant.kubeconfig, stdin: JSON.stringify(own(name, spec, { labels: { ...labels, 'example.com/applied': 'yes' } })) });
      } },
      { what: 'write a generated policy back as it is', act: async () => must(api.put(at('allow-dns'), await must(api.get(at('allow-dns'))))) },
    ];
    for (const { what, act } of acts) {
      it(what, async () => {
        const mark = await witness.settled();
        await act();
        assert.deepEqual(await witness.policyWrites(mark, namespace), [], 'and the operator has nothing to put right');
      });
    }

    it('and kubectl tells him why he may not', async () => {
      const { stderr, code } = await plane.kubectl(['-n', namespace, 'delete', 'netpol', 'default-deny'], { kubeconfig: tenant.kubeconfig, allowFailure: true });
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`NetworkPolicy ${namespace}/default-deny is generated by NamespacePolicyBaseline ${baseline} and is not deleted`));
    });
  });

  describe('the operator', () => {
    it('creates, updates, repairs, adopts and deletes as ever', async () => {
      const name = await world.namespace();
      await world.createPolicy(name, 'allow-platform', OPEN, { finalizers: ['example.com/hold'], ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name, uid: (await must(world.admin.get(`/api/v1/namespaces/${name}`))).metadata.uid }] });
      await world.edit(baseline, { adoptionPolicy: 'Adopt', policies: [allowFrom('allow-platform')] });
      await eventually(() => world.policy(name, 'allow-platform'), ({ spec, metadata }) => assert.deepEqual([spec, metadata.finalizers], [allowing('platform'), undefined]));
      const { metadata: { uid } } = await world.policy(name, 'allow-platform');
      await world.edit(baseline, { policies: [allowFrom('allow-platform', 'else')] });
      await eventually(() => world.policy(name, 'allow-platform'), ({ spec, metadata }) => assert.deepEqual([spec, metadata.uid], [allowing('else'), uid]));
      await world.patchPolicy(name, 'default-deny', { spec: { ingress: [{}] } });
      await eventually(() => world.policy(name, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      await world.edit(baseline, { policies: [], exemptions: [{ namespace: name, reason: 'test' }] });
      await world.becomes(name);
    });

    it('restarts without a write, and removes what a baseline leaves with deletionPolicy Delete', async () => {
      const label = { 'test.netbaseline.io/more': 'x' };
      const name = await world.namespace({ labels: label });
      const more = await world.baseline({ namespaceSelector: { matchLabels: label }, deletionPolicy: 'Delete', policies: [allowFrom('allow-more')] });
      await world.becomes(name, 'allow-dns', 'allow-more', 'default-deny');
      await world.applied(more);
      await eventually(() => world.getBaseline(more), ({ metadata }) => assert.deepEqual(metadata.finalizers, ['netbaseline.io/cleanup']));
      const mark = await witness.settled();
      await operator.stop();
      operator = await guarded.startOperator();
      assert.deepEqual((await witness.writes(mark)).map(({ requestURI }) => requestURI), []);
      await world.deleteBaseline(more);
      await eventually(() => world.admin.get(`${BASELINES}/${more}`), ({ code }) => assert.equal(code, 404), { withinMs: 30_000 });
      await world.becomes(name, 'allow-dns', 'default-deny');
    });

    it('puts its finalizer on a baseline with as many names as there may be', async () => {
      const { exemptions, excludedNamespaces } = largestBaseline() as Json;
      const name = await world.baseline({ deletionPolicy: 'Delete', exemptions, excludedNamespaces });
      await eventually(() => world.getBaseline(name), ({ metadata }) => assert.deepEqual(metadata.finalizers, ['netbaseline.io/cleanup']), { withinMs: 60_000, everyMs: 200 });
      await world.deleteBaseline(name);
      await eventually(() => world.admin.get(`${BASELINES}/${name}`), ({ code }) => assert.equal(code, 404), { withinMs: 60_000, everyMs: 200 });
    });
  });

  describe('the cluster', () => {
    it('deletes namespaces with generated policies, when their admin asks for it too', async () => {
      const names = await world.namespaces(3);
      for (const name of names) await world.becomes(name, 'allow-dns', 'default-deny');
      for (const name of names) await world.deleteNamespace(name);
      for (const name of names) await eventually(() => world.admin.get(`/api/v1/namespaces/${name}`), ({ code }) => assert.equal(code, 404), { withinMs: 90_000, everyMs: 100 });
    });

    it('finishes a deletion in the foreground, which the garbage collector does', async () => {
      const { metadata: { uid } } = await world.policy(other, 'allow-dns');
      await must(world.admin.delete(at('allow-dns', other), { propagationPolicy: 'Foreground' }));
      await eventually(() => world.policy(other, 'allow-dns'), ({ metadata }) => {
        assert.notEqual(metadata.uid, uid);
        assert.equal(metadata.deletionTimestamp, undefined);
      }, { withinMs: 30_000 });
    });

    it('collects what was given to another owner before the guard came', async () => {
      const owned = await world.namespace();
      const { metadata: { uid } } = await must(world.admin.post(`/api/v1/namespaces/${owned}/configmaps`, { metadata: { name: 'owner' } }));
      await world.createPolicy(owned, 'retained', OPEN, {
        labels: { 'app.kubernetes.io/managed-by': OURS, 'netbaseline.io/baseline': 'gone', 'netbaseline.io/template': 'retained' }, ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }],
      });
      await must(world.admin.delete(`/api/v1/namespaces/${owned}/configmaps/owner`));
      await eventually(() => world.policyNames(owned), (names) => assert.deepEqual(names, ['allow-dns', 'default-deny']), { withinMs: 60_000, everyMs: 100 });
    });
  });
});
