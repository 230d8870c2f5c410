/** config/admission/pod-gate: no pod before default-deny. */
import assert from 'node:assert/strict';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { Answer, Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { GUARD, aGuardedWorld, applied, isRefused, must, type GuardedWorld } from '../support/guard.ts';
import type { World } from '../support/world.ts';

const PODS = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
/** As the namespace of the operator demands it. */
const RESTRICTED: Json = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'main', image: 'registry.example.com/app:1', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
};

describe('pod gate', function () {
  this.timeout(180_000);
  let guarded: GuardedWorld;
  let plane: ControlPlane;
  let world: World;
  const pod = (name = 'app', metadata: Json = {}, spec: Json = {}): Json => ({ metadata: { name, ...metadata }, spec: { ...RESTRICTED, ...spec } });
  const starts = (where: string): Promise<Answer> => world.admin.post(`${PODS(where)}?dryRun=All`, pod());
  const NOT_YET = /binding 'no-default-deny-in-this-namespace-yet\.netbaseline\.io' denied request: .*no params found/;
  const waits = ({ code, body }: Answer): void => {
    assert.equal(code, 422, JSON.stringify(body));
    assert.match(body.message, NOT_YET);
  };
  let bare: string;
  before(async () => {
    guarded = await aGuardedWorld();
    ({ plane, world } = guarded);
    await guarded.startOperator();
    bare = await world.namespace({ labels: { 'test.netbaseline.io/bare': 'yes' } });
    await applied(plane, `${GUARD}/pod-gate`, async () => (await starts(bare)).code === 422);
    await eventually(() => world.admin.get(`/api/v1/namespaces/${bare}/serviceaccounts/default`), ({ code }) => assert.equal(code, 200));
  });
  after(() => guarded.end());

  it('keeps pods out, of administrators too, until default-deny is there, and lets them in then', async () => {
    waits(await starts(bare));
    const baseline = await world.baseline();
    await world.becomes(bare, 'allow-dns', 'default-deny');
    await eventually(() => starts(bare), ({ code, body }) => assert.equal(code, 201, body.message));
    await world.edit(baseline, { exemptions: [{ namespace: bare, reason: 'test' }] });
    await world.becomes(bare);
    await eventually(() => starts(bare), waits);
    await must(world.admin.patch(`/api/v1/namespaces/${bare}`, { metadata: { labels: { 'netbaseline.io/pod-gate': 'exempt' } } }));
    await eventually(() => starts(bare), ({ code }) => assert.equal(code, 201));
    await world.deleteBaseline(baseline);
  });

  it('in many namespaces at once no pod is stored before default-deny, whoever tries how often', async () => {
    const baseline = await world.baseline();
    const names = await Promise.all(Array.from({ length: 40 }, async () => {
      const name = await world.namespace();
      await eventually(() => world.admin.post(PODS(name), pod()), ({ code, body }) => assert.equal(code, 201, body.message), { withinMs: 60_000, everyMs: 200 });
      return name;
    }));
    for (const name of names) {
      const { body } = await world.admin.get(`${PODS(name)}/app`);
      const { metadata } = await world.policy(name, 'default-deny');
      assert.ok(BigInt(body.metadata.resourceVersion) > BigInt(metadata.resourceVersion), name);
    }
    await world.deleteBaseline(baseline);
  });

  it('keeps pods out while default-deny is opened and cannot be repaired, and says what is wrong', async () => {
    const baseline = await world.baseline({ driftPolicy: 'Warn' });
    const opened = await world.namespace();
    await world.becomes(opened, 'allow-dns', 'default-deny');
    await eventually(() => starts(opened), ({ code }) => assert.equal(code, 201));
    await world.patchPolicy(opened, 'default-deny', { spec: { ingress: [{}] } });
    await eventually(() => starts(opened), (answer) => isRefused(answer, new RegExp(`a pod has to wait in namespace ${opened}: NetworkPolicy default-deny passes for .* and isolates less\\. .*status of NamespacePolicyBaseline ${baseline}`)));
    await world.edit(baseline, { driftPolicy: 'Repair' });
    await eventually(() => starts(opened), ({ code }) => assert.equal(code, 201));
    await world.deleteBaseline(baseline);
  });

  it('is switched off by a selector that matches nothing, and on again by applying it', async () => {
    const never = [{ op: 'add', path: '/spec/matchResources/namespaceSelector/matchExpressions/-', value: { key: 'kubernetes.io/metadata.name', operator: 'DoesNotExist' } }];
    const late = await world.namespace();
    await eventually(() => starts(late), waits);
    await must(world.admin.patch(`${BINDINGS}/no-default-deny-in-this-namespace-yet.netbaseline.io`, never, 'application/json-patch+json'));
    await eventually(() => starts(late), ({ code }) => assert.equal(code, 201));
    await plane.kubectl(['apply', '--server-side', '--force-conflicts', '-k', `${GUARD}/pod-gate`]);
    await eventually(() => starts(late), waits);
    const baseline = await world.baseline();
    await eventually(() => starts(late), ({ code }) => assert.equal(code, 201), { withinMs: 30_000 });
    await world.deleteBaseline(baseline);
  });

  it('taken away and applied again it is right after a restart of the API server at the latest', async () => {
    const late = await world.namespace();
    await plane.kubectl(['delete', '-k', `${GUARD}/pod-gate`]);
    await eventually(() => starts(late), ({ code }) => assert.equal(code, 201));
    await applied(plane, `${GUARD}/pod-gate`, async () => (await starts(late)).code === 422);
    await plane.killApiServer();
    await plane.startApiServer();
    const baseline = await world.baseline();
    await eventually(() => starts(late).catch(() => ({ code: 0, body: {} })), ({ code }) => assert.equal(code, 201), { withinMs: 60_000, everyMs: 100 });
    await world.deleteBaseline(baseline);
  });

  it('lets through the system namespaces, and that of the operator, whatever it is called', async () => {
    for (const system of ['kube-system', OPERATOR_NAMESPACE]) {
      await eventually(() => world.admin.get(`/api/v1/namespaces/${system}/serviceaccounts/default`), ({ code }) => assert.equal(code, 200));
      await must(starts(system));
    }
    const manifest = await plane.kubectl(['create', '--dry-run=client', '-o', 'json', '-f', 'config/default/namespace.yaml']);
    const { metadata: { labels } } = JSON.parse(manifest.stdout) as { metadata: { labels: Record<string, string> } };
    const elsewhere = await world.namespace({ labels });
    await eventually(() => starts(elsewhere), ({ code, body }) => assert.equal(code, 201, body.message));
  });
});
