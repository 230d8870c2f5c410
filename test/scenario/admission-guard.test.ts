/** config/admission: who gets round it and how that is seen, the fence around the operator itself, and the guard as an object of the cluster. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { BASELINES, POLICIES, apiAs, type Answer, type Api, type Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { GUARD, GUARD_POLICIES, aGuardedWorld, aTenant, bind, isGuarded, isRefused, must, type GuardedWorld } from '../support/guard.ts';
import { DEFAULT_DENY_SPEC, allowing } from '../support/templates.ts';
import type { World } from '../support/world.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const OURS = 'namespace-policy-baseline';
const OPEN: Json = { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] };
const VAPS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';

describe('admission guard: who gets round it, and who does not', function () {
  this.timeout(180_000);
  let guarded: GuardedWorld;
  let plane: ControlPlane;
  let world: World;
  let namespace: string;
  let other: string;
  let api: Api;
  let baseline: string;
  before(async () => {
    guarded = await aGuardedWorld();
    ({ plane, world, namespace, other, tenant: { api } } = guarded);
    await guarded.startOperator();
    baseline = await world.baseline();
    for (const name of [namespace, other]) await world.becomes(name, 'allow-dns', 'default-deny');
  });
  after(() => guarded.end());

  const at = (name: string, where = namespace): string => `${POLICIES(where)}/${name}`;
  const own = (name: string, spec: Json = allowing('a'), metadata: Json = {}): Json => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, ...metadata }, spec });

  describe('the verb override', () => {
    it('lets its holder through in one namespace, visibly in the audit log, and no more once it is taken back', async () => {
      const account = { namespace, name: 'tenant-admin' };
      const takeBack = await bind(world.admin, namespace, 'namespace-policy-baseline-override', account);
      const deletion = () => api.delete(`${at('default-deny')}?dryRun=All`);
      await eventually(deletion, ({ code }) => assert.equal(code, 200));
      isRefused(await api.delete(at('default-deny', other)), /verb override/);
      const { metadata: { uid } } = await world.policy(namespace, 'default-deny');
      await must(api.delete(at('default-deny')));
      await eventually(() => world.policy(namespace, 'default-deny'), ({ metadata }) => assert.notEqual(metadata.uid, uid));
      await must(api.post(`${POLICIES(namespace)}?dryRun=All`, own('restored', OPEN, { labels: { 'app.kubernetes.io/managed-by': OURS } })));
      await takeBack();
      await eventually(deletion, ({ code }) => assert.equal(code, 403));
      const said = `DELETE of NetworkPolicy ${namespace}/default-deny by system:serviceaccount:${namespace}:tenant-admin`;
      await eventually(() => readFile(plane.auditLogPath ?? '', 'utf8'), (text) => {
        const codes = text.split('\n').filter((line) => line.includes(`"managed-policies.netbaseline.io/by-others":"${said}"`)).map((line) => (JSON.parse(line) as { responseStatus: { code: number } }).responseStatus.code);
        assert.ok(codes.includes(200) && codes.includes(403), String(codes));
      });
    });
  });

  describe('a role with * for everything, in one namespace', () => {
    it('has the verb override there and may edit the Namespace, and only there; what it does shows in the audit log', async () => {
      await world.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'owner' }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] });
      const { api: owner } = await aTenant(plane, world.admin, [namespace], 'owner');
      try {
        await must(owner.delete(`${at('default-deny')}?dryRun=All`));
        await must(owner.patch(`/api/v1/namespaces/${namespace}?dryRun=All`, { metadata: { labels: { 'netbaseline.io/pod-gate': 'exempt' } } }));
        isRefused(await owner.patch(`/api/v1/namespaces/${other}?dryRun=All`, { metadata: { labels: { 'netbaseline.io/pod-gate': 'exempt' } } }), /cannot patch resource/);
        isRefused(await owner.delete(`${at('default-deny', other)}?dryRun=All`), /cannot delete resource/);
        await bind(world.admin, other, 'admin', { namespace, name: 'tenant-owner' });
        await eventually(() => owner.delete(`${at('default-deny', other)}?dryRun=All`), (answer) => isRefused(answer, /verb override/));
        await must(owner.patch(at('default-deny'), { spec: { ingress: [{}] } }));
        await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
        await eventually(() => readFile(plane.auditLogPath ?? '', 'utf8'), (text) => assert.ok(text.includes(`UPDATE of NetworkPolicy ${namespace}/default-deny by system:serviceaccount:${namespace}:tenant-owner`)));
      } finally {
        await owner.close();
      }
    });
  });

  describe('the token of the operator', () => {
    let stolen: Api;
    before(async () => { stolen = apiAs(await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT), 4); });
    after(() => stolen.close());

    const misuses: readonly { readonly what: string; readonly says: RegExp; readonly act: () => Promise<Answer> }[] = [
      { what: 'creates no policy but generated ones', says: /does not carry the labels of a generated policy, so system:serviceaccount:\S+, the operator, does not touch it\. .*delete its ServiceAccount and create it again/, act: () => stolen.post(POLICIES(namespace), own('x', OPEN)) },
      { what: 'deletes no policy of a tenant', says: /does not carry the labels/, act: () => stolen.delete(at('theirs')) },
      { what: 'takes the labels off none', says: /does not carry the labels/, act: async () => stolen.put(at('allow-dns'), own('allow-dns', OPEN)) },
      { what: 'labels none under another name than its own', says: /does not carry the labels/, act: () => stolen.post(POLICIES(namespace), own('x', OPEN, { labels: { 'app.kubernetes.io/managed-by': OURS, 'netbaseline.io/baseline': 'b', 'netbaseline.io/template': 'y' } })) },
      { what: 'gives none to another owner', says: /would get ownerReferences or finalizers/, act: async () => stolen.put(at('allow-dns'), { ...await world.policy(namespace, 'allow-dns').then(({ metadata, ...rest }) => ({ ...rest, metadata: { ...metadata, finalizers: ['example.com/hold'] } })) }) },
      { what: 'writes nothing into a system namespace', says: /is in a system namespace, where .* writes nothing/, act: () => stolen.post(POLICIES('kube-system'), own('x', DEFAULT_DENY_SPEC, { labels: { 'app.kubernetes.io/managed-by': OURS, 'netbaseline.io/baseline': 'b', 'netbaseline.io/template': 'x' } })) },
      { what: 'exempts no namespace', says: /changes nothing of it but the finalizer netbaseline\.io\/cleanup/, act: () => stolen.patch(`${BASELINES}/${baseline}`, { spec: { exemptions: [{ namespace, reason: 'x' }] } }) },
      { what: 'confirms no removal', says: /changes nothing of it but the finalizer/, act: () => stolen.patch(`${BASELINES}/${baseline}`, { metadata: { annotations: { 'netbaseline.io/confirm': 'x' } } }) },
      { what: 'sets no other finalizer', says: /changes nothing of it but the finalizer/, act: () => stolen.patch(`${BASELINES}/${baseline}`, { metadata: { finalizers: ['example.com/hold'] } }) },
    ];
    before(() => must(api.post(POLICIES(namespace), own('theirs'))));
    after(() => api.delete(at('theirs')));
    for (const { what, says, act } of misuses) it(what, async () => isRefused(await act(), says));
  });

  describe('the guard itself', () => {
    it('is compiled without a warning of the type checker, which sees what is wrong', async () => {
      const wrong = { metadata: { name: 'wrong' }, spec: { matchConstraints: { resourceRules: [{ apiGroups: ['networking.k8s.io'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['networkpolicies'] }] }, validations: [{ expression: 'object.spec.ingres == null' }] } };
      await world.create(VAPS, wrong);
      const warnings = async (name: string): Promise<Json> => {
        const { status } = await eventually(() => must(world.admin.get(`${VAPS}/${name}`)), (found) => assert.equal(found.status?.observedGeneration, found.metadata.generation), { withinMs: 30_000 });
            return status.typeChecking.expressionWarnings;
      };
      for (const name of GUARD_POLICIES) assert.equal(await warnings(`${name}.netbaseline.io`), undefined, name);
      assert.equal((await warnings('wrong')).length, 1);
    });

    it('follows the operator into another namespace and another name', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'npb-overlay-'));
      try {
        await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ namespace: 'platform', namePrefix: 'my-', resources: ['config/rbac', GUARD].map((path) => relative(folder, join(ROOT, path))) }));
        const objects = parseAllDocuments((await plane.kubectl(['kustomize', folder])).stdout).map((document): Json => document.toJS());
        const bindings = objects.filter(({ kind }) => kind.endsWith('RoleBinding'));
        assert.equal(bindings.length, 3);
        for (const { subjects } of bindings) assert.deepEqual(subjects, [{ kind: 'ServiceAccount', name: `my-${SERVICE_ACCOUNT}`, namespace: 'platform' }]);
        const granting = objects.filter(({ kind, rules }) => kind === 'ClusterRole' && rules.some(({ verbs }: Json) => verbs.includes('generate'))).map(({ metadata }) => metadata.name);
        assert.deepEqual(bindings.map(({ roleRef }) => roleRef.name).filter((name) => granting.includes(name)), granting);
        assert.equal(granting.length, 1);
        const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
        assert.equal(policies.length, GUARD_POLICIES.length);
        for (const { spec } of policies) assert.doesNotMatch(JSON.stringify(spec), /namespace-policy-baseline-system|system:serviceaccount:(?!kube-system:)/);
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it('is applied again without a change, and without a gap', async () => {
      const generations = async (): Promise<string> => (await plane.kubectl(['get', '-k', GUARD, '-o', 'jsonpath={range .items[*]}{.kind} {.metadata.uid} {.metadata.generation}\n{end}'])).stdout;
      const before = await generations();
      await plane.kubectl(['apply', '--server-side', '-k', GUARD]);
      assert.equal(await generations(), before);
      assert.ok(await isGuarded(api, namespace));
    });

    it('goes with kubectl delete: then the operator repairs what it kept out, and it can come back', async () => {
      await plane.kubectl(['delete', '-k', GUARD]);
      await eventually(() => isGuarded(api, namespace), (guarded) => assert.ok(!guarded, 'still in force'), { withinMs: 30_000 });
      const { metadata: { uid } } = await world.policy(namespace, 'default-deny');
      await must(api.patch(at('default-deny'), { spec: { ingress: [{}] } }));
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      await must(api.delete(at('default-deny')));
      await eventually(() => world.policy(namespace, 'default-deny'), ({ metadata }) => assert.notEqual(metadata.uid, uid));
      await guarded.install();
      isRefused(await api.delete(at('default-deny')), /is not deleted/);
    });
  });
});
