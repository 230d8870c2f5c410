/** The optional parts of config/admission: no rules for everybody, none for all pods, and guarded namespaces. */
import assert from 'node:assert/strict';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { POLICIES, type Answer, type Api, type Json } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { GUARD, aGuardedWorld, applied, bind, isRefused, must, type GuardedWorld } from '../support/guard.ts';
import { DEFAULT_DENY_SPEC, allowing } from '../support/templates.ts';
import type { RunningOperator, World } from '../support/world.ts';

const VAPS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
const OPEN_POLICIES = 'netbaseline.io/open-policies';

describe('admission options', function () {
  this.timeout(180_000);
  let guarded: GuardedWorld;
  let plane: ControlPlane;
  let world: World;
  let namespace: string;
  let other: string;
  let api: Api;
  let operator: RunningOperator;
  before(async () => {
    guarded = await aGuardedWorld();
    ({ plane, world, namespace, other, tenant: { api } } = guarded);
    operator = await guarded.startOperator();
  });
  after(() => guarded.end());

  const policy = (spec: Json, name = 'mine'): Json => ({ metadata: { name }, spec });
  const tries = (spec: Json, name = 'mine', where = namespace): Promise<Answer> => api.post(`${POLICIES(where)}?dryRun=All`, policy(spec, name));
  const some = { podSelector: { matchLabels: { app: 'web' } } };
  const PEER = { podSelector: { matchLabels: { app: 'api' } } };
  const annotate = (value: string | null) => must(world.admin.patch(`/api/v1/namespaces/${namespace}`, { metadata: { annotations: { [OPEN_POLICIES]: value } } }));

  describe('no allow-all', () => {
    before(() => applied(plane, `${GUARD}/no-allow-all`, async () => (await tries({ podSelector: {}, ingress: [{}] })).code === 403));
    after(() => plane.kubectl(['delete', '-k', `${GUARD}/no-allow-all`]));
    const refused: readonly { readonly what: string; readonly spec: Json; readonly says: RegExp }[] = [
      { what: 'ingress: [{}]', spec: { ...some, ingress: [{}] }, says: /opens ingress from everybody: a rule has no from/ },
      { what: 'egress: [{}]', spec: { ...some, policyTypes: ['Egress'], egress: [{}] }, says: /opens egress to everybody: a rule has no to/ },
      { what: 'a port for everybody', spec: { ...some, ingress: [{ ports: [{ port: 80 }] }] }, says: /opens ingress/ },
      { what: 'the second of two rules', spec: { ...some, ingress: [{ from: [PEER] }, { from: [] }] }, says: /opens ingress/ },
      { what: 'every IPv4 address', spec: { ...some, policyTypes: ['Egress'], egress: [{ to: [PEER, { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }] }] }, says: /opens egress/ },
      { what: 'every address on every port of a protocol', spec: { ...some, ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 80 }, { protocol: 'TCP' }] }] }, says: /opens ingress/ },
      { what: 'every address on every port of a protocol, outwards', spec: { ...some, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '::/0' } }], ports: [{}] }] }, says: /opens egress/ },
      { what: 'every IPv6 address', spec: { ...some, ingress: [{ from: [{ ipBlock: { cidr: '::/0' } }] }] }, says: /opens ingress/ },
    ];
    for (const { what, spec, says } of refused) {
      it(`refuses ${what}, and says who may permit it`, async () => {
        isRefused(await tries(spec), says);
        isRefused(await tries(spec), new RegExp(`^NetworkPolicy ${namespace}/mine .*kubectl annotate --overwrite namespace ${namespace} ${OPEN_POLICIES}=mine`));
      });
    }

    for (const [what, spec] of [
      ['peers', { ...some, ingress: [{ from: [PEER] }] }], ['a default-deny', DEFAULT_DENY_SPEC], ['all pods of the cluster', { ...some, ingress: [{ from: [{ namespaceSelector: {} }] }] }],
      ['one port of the internet', { ...some, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 443 }] }] }],
    ] as const) it(`lets through ${what}`, async () => { await must(tries(spec)); });

    it('lets through what the annotation of the namespace names, and nothing else; that of the policy counts for nothing', async () => {
      const open = { ...some, ingress: [{}] };
      isRefused(await api.post(POLICIES(namespace), { metadata: { name: 'mine', annotations: { [OPEN_POLICIES]: 'mine' } }, spec: open }), /opens ingress/);
      isRefused(await api.patch(`/api/v1/namespaces/${namespace}`, { metadata: { annotations: { [OPEN_POLICIES]: '*' } } }), /cannot patch resource "namespaces"/);
      await annotate('web, mine');
      await eventually(() => tries(open), ({ code }) => assert.equal(code, 201));
      isRefused(await tries(open, 'yours'), /opens ingress/);
      await annotate('*');
      await eventually(() => tries(open, 'yours'), ({ code }) => assert.equal(code, 201));
      await annotate(null);
      await eventually(() => tries(open), ({ code }) => assert.equal(code, 403));
    });

    it('leaves alone what was there before, while its spec stays', async () => {
      await annotate('older');
      await eventually(() => tries({ ...some, ingress: [{}] }, 'older'), ({ code }) => assert.equal(code, 201));
      await must(api.post(POLICIES(namespace), policy({ ...some, ingress: [{}] }, 'older')));
      await annotate(null);
      await eventually(() => tries({ ...some, ingress: [{}] }), ({ code }) => assert.equal(code, 403));
      await must(api.patch(`${POLICIES(namespace)}/older`, { metadata: { labels: { team: 'a' } } }));
      isRefused(await api.patch(`${POLICIES(namespace)}/older`, { spec: { podSelector: { matchLabels: { app: 'db' } } } }), /opens ingress/);
      await must(api.patch(`${POLICIES(namespace)}/older`, { spec: { ingress: [{ from: [PEER] }] } }));
      await must(api.delete(`${POLICIES(namespace)}/older`));
    });

    it('is not for the operator, whose baseline means it, nor for system namespaces', async () => {
      const baseline = await world.baseline({ policies: [{ name: 'public', allowAnyPeer: true, networkPolicy: { ...some, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 443 }] }] } }] });
      await world.becomes(other, 'allow-dns', 'default-deny', 'public');
      await world.deleteBaseline(baseline);
      await bind(world.admin, 'kube-public', 'admin', { namespace, name: 'tenant-admin' });
      await eventually(() => tries({ ...some, ingress: [{}] }, 'mine', 'kube-public'), ({ code }) => assert.equal(code, 201));
    });
  });

  describe('no empty podSelector', () => {
    before(() => applied(plane, `${GUARD}/no-empty-pod-selector`, async () => (await tries({ podSelector: {}, ingress: [{ from: [PEER] }] })).code === 403));
    after(() => plane.kubectl(['delete', '-k', `${GUARD}/no-empty-pod-selector`]));

    it('refuses rules for all pods, unless the namespace permits them', async () => {
      for (const rules of [{ ingress: [{ from: [PEER] }] }, { policyTypes: ['Egress'], egress: [{ to: [PEER] }] }]) isRefused(await tries({ podSelector: {}, ...rules }), /has rules and an empty podSelector, so they are for every pod of the namespace\. Select the pods/);
      await annotate('mine');
      await eventually(() => tries({ podSelector: {}, ingress: [{ from: [PEER] }] }), ({ code }) => assert.equal(code, 201));
      await annotate(null);
    });

    it('lets through a default-deny, and rules for some pods', async () => {
      for (const spec of [DEFAULT_DENY_SPEC, allowing('a'), { ...some, ingress: [{}] }].filter((each: Json) => each.ingress === undefined || Object.keys(each.podSelector).length > 0)) await must(tries(spec));
      await must(tries({ podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] }, ingress: [{}] }));
    });
  });

  describe('guarded namespaces', () => {
    const change = (metadata: Json, query = ''): Promise<Answer> => api.patch(`/api/v1/namespaces/${namespace}${query}`, { metadata });
    before(async () => {
      await must(world.admin.post('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'namespace-editor' }, rules: [{ apiGroups: [''], resources: ['namespaces', 'namespaces/status'], verbs: ['get', 'create', 'update', 'patch'] }] }));
      await must(world.admin.post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { metadata: { name: 'namespace-editor' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'namespace-editor' }, subjects: [{ kind: 'ServiceAccount', namespace, name: 'tenant-admin' }] }));
      await applied(plane, `${GUARD}/namespace-labels`, async () => String((await change({ labels: { 'netbaseline.io/probe': 'x' } }, '?dryRun=All')).body.message).includes('is changed only with the verb'));
      await must(world.admin.patch(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { 'example.com/policy-tier': 'gold' } } }));
    });
    after(() => plane.kubectl(['delete', '-k', `${GUARD}/namespace-labels`]));

    for (const [what, metadata] of [
      ['the value of a guarded label', { labels: { 'example.com/policy-tier': 'none' } }], ['the absence of a guarded label', { labels: { 'example.com/policy-tier': null } }],
      ['the exemption from the pod gate', { labels: { 'netbaseline.io/pod-gate': 'exempt' } }], ['an annotation that permits open policies', { annotations: { [OPEN_POLICIES]: '*' } }],
    ] as const) {
      it(`keeps who may edit a namespace from ${what}`, async () => {
        isRefused(await change(metadata), new RegExp(`^Namespace ${namespace}: \\S+ decides about its isolation and is changed only with the verb override on namespacepolicybaselines\\.netbaseline\\.io\\..*spec\\.exemptions`));
      });
    }

    it('lets other labels and annotations be changed, namespaces be made without them, and everything with the verb', async () => {
      await must(change({ labels: { team: 'a' }, annotations: { note: 'x' } }));
      await must(api.post('/api/v1/namespaces?dryRun=All', { metadata: { name: 'made', labels: { team: 'a' } } }));
      isRefused(await api.post('/api/v1/namespaces?dryRun=All', { metadata: { name: 'made', labels: { 'example.com/policy-tier': 'none' } } }), /^Namespace made: example\.com\/policy-tier decides/);
      const takeBack = await bind(world.admin, namespace, 'namespace-policy-baseline-override', { namespace, name: 'tenant-admin' });
      await eventually(() => change({ labels: { 'example.com/policy-tier': 'silver' } }), ({ code }) => assert.equal(code, 200));
      await takeBack();
    });

    it('does not keep a namespace from being deleted', async () => {
      const name = await world.namespace({ labels: { 'example.com/policy-tier': 'gold' } });
      await world.deleteNamespace(name);
      await eventually(() => world.admin.get(`/api/v1/namespaces/${name}`), ({ code }) => assert.equal(code, 404), { withinMs: 90_000, everyMs: 100 });
    });
  });

  describe('all of them', () => {
    it('are all compiled without a warning, and off unless they are applied', async () => {
      const folders = ['no-allow-all', 'no-empty-pod-selector', 'namespace-labels', 'pod-gate'];
      const { body: before } = await world.admin.get(BINDINGS);
      assert.equal(before.items.length, 3);
      for (const folder of folders) await plane.kubectl(['apply', '--server-side', '-k', `${GUARD}/${folder}`]);
      const { body: { items } } = await eventually(() => world.admin.get(VAPS), ({ body }) => {
        assert.equal(body.items.length, 7);
        for (const { metadata, status } of body.items) assert.equal(status?.observedGeneration, metadata.generation, metadata.name);
      }, { withinMs: 30_000, everyMs: 100 });
      for (const { metadata, status, spec } of items) {
        assert.equal(status.typeChecking.expressionWarnings, undefined, metadata.name);
        assert.equal(spec.failurePolicy, 'Fail');
      }
      for (const folder of folders) await plane.kubectl(['delete', '-k', `${GUARD}/${folder}`]);
      assert.deepEqual(operator.log.entries.filter(({ fields }) => JSON.stringify(fields).includes('ValidatingAdmissionPolicy')), []);
    });
  });
});
