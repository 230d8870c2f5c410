/** Who may lead, what a standby does and says, how leadership is handed on, and what is left of an operator that could not start. */
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from '../support/control-plane.ts';
import { consistently, eventually } from '../support/eventually.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';
import type { Json } from '../support/api.ts';

const BOTH = ['allow-dns', 'default-deny'];
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

describe('leadership', function () {
  this.timeout(120_000);
  let world: World;
  before(async () => { world = await aWorld(); });
  afterEach(() => world.clear());
  after(() => world.end());

  const leads = (operator: RunningOperator) => operator.metric('leader_election_master_status');
  const isReady = (operator: RunningOperator) => eventually(operator.ready, ({ code, body }) => assert.equal(code, 200, body), { withinMs: 20_000 });
  const holder = async (): Promise<string> => (await world.admin.get(`${LEASES}/namespace-policy-baseline`)).body.spec?.holderIdentity ?? '';

  /** Somebody who may have the Lease, and nothing else. */
  async function someoneBlind(): Promise<string> {
    const name = 'blind';
    await world.create(`/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts`, { metadata: { name } });
    await world.create(`${RBAC}/namespaces/${OPERATOR_NAMESPACE}/rolebindings`, {
      metadata: { name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: SERVICE_ACCOUNT }, subjects: [{ kind: 'ServiceAccount', name, namespace: OPERATOR_NAMESPACE }],
    });
    return world.plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, name);
  }

  it('is not taken by who cannot list', async () => {
    const blind = await world.operator({ kubeconfig: await someoneBlind(), waitUntilReady: false });
    await eventually(blind.ready, ({ code, body }) => {
      assert.equal(code, 503);
      assert.match(body, /forbidden|cannot/i);
    });
    await consistently(holder, (name) => assert.equal(name, ''), 2_000, 100);
    assert.equal(await leads(blind), 0);
    const seeing = await world.operator();
    assert.equal(await leads(seeing), 1);
    await Promise.all([blind.stop(), seeing.stop()]);
  });

  it('is watched by a standby, which takes over at once, has no queue, and exports no state before it leads', async () => {
    const leader = await world.operator();
    const standby = await world.operator({ waitUntilReady: false });
    await isReady(standby);
    await world.baseline();
    const namespaces = await world.namespaces(10);
    for (const namespace of namespaces) await world.becomes(namespace, ...BOTH);
    const seen = await standby.metrics();
    assert.equal(await standby.metric('workqueue_depth'), 0);
    assert.match(seen, /^workqueue_depth\{[^}]*controller="namespace"\} 0$/m);
    assert.ok(!seen.includes('netpol_baseline_namespaces{') && !seen.includes('netpol_baseline_coverage_namespaces{'));
    assert.equal(await leads(standby), 0);
    await leader.stop();
    await eventually(() => leads(standby), (value) => assert.equal(value, 1), { withinMs: 5_000 });
    await eventually(() => standby.metric('netpol_baseline_coverage_namespaces', { direction: 'Ingress', coverage: 'protected' }), (count) => assert.ok(count >= 10));
    assert.deepEqual(standby.log.entries.filter(({ message }) => message.startsWith('Lease not')), []);
    await world.becomes(await world.namespace(), ...BOTH);
    await standby.stop();
  });

  it('ends after the events that were recorded are sent', async () => {
    const proxy = await startFaultProxy(world.plane);
    const kubeconfig = await proxy.through(await world.plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT));
    const operator = await world.operator({ kubeconfig });
    await world.baseline();
    const namespaces = await world.namespaces(8);
    for (const namespace of namespaces) await world.becomes(namespace, ...BOTH);
    proxy.rule({ method: 'POST', path: /\/events$/ }, { kind: 'delay', ms: 30 });
    const counted = () => operator.metric('netpol_baseline_drift_detected_total', { template: 'allow-dns', change: 'deleted' });
    await Promise.all(namespaces.map((namespace) => world.deletePolicy(namespace, 'allow-dns')));
    await eventually(counted, (count) => assert.equal(count, 8));
    await operator.stop();
    for (const namespace of namespaces) {
      const { body } = await world.admin.get(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`);
      assert.ok(body.items.some(({ reason }: Json) => reason === 'DriftDetected'), namespace);
    }
    await proxy.stop();
  });

  it('is not even begun where the port is taken, and nothing goes on', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => { taken.listen(0, '127.0.0.1', resolve); });
    const { port } = taken.address() as AddressInfo;
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await assert.rejects(world.operator({ flags: { 'listen-address': `127.0.0.1:${port}` } }), { name: 'ListenError' });
    await eventually(timers, (count) => assert.ok(count <= before, `${count} timers, ${before} before`), { withinMs: 2_000 });
    taken.close();
  });
});
