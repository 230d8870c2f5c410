/** Issue 4.2: what is really isolated, by all policies together: who opens it, who closes it, and when that is not known. */
import assert from 'node:assert/strict';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { Json } from '../support/api.ts';
import { startInstalled } from '../support/control-plane.ts';
import { consistently, eventually } from '../support/eventually.ts';
import { pathOf, serve, withdraw } from '../support/policy-crds.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const ALLOW_ALL = { podSelector: {}, policyTypes: ['Egress'], egress: [{}] };
const SECOND = { withinMs: 1_000 };

describe('isolation', function () {
  this.timeout(240_000);
  let plane: ControlPlane;
  let world: World;
  let operator: RunningOperator;
  let witness: Witness;
  before(async () => {
    plane = await startInstalled();
    world = await aWorld(plane);
    operator = await world.operator();
    witness = await aWitness(world);
    await eventually(() => operator.log.lines(), (lines) => assert.ok(lines.includes('info isolation is known')));
  });
  after(async () => {
    await witness?.end();
    await world?.end();
    await plane?.stop();
  });
  afterEach(() => world.clear());

  async function pod(namespace: string, name: string, fields: { labels?: Record<string, string>; spec?: object; ip?: string; phase?: string } = {}): Promise<void> {
    const { labels = {}, spec = {}, ip = '10.9.0.1', phase = 'Running' } = fields;
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const object = { metadata: { name, labels }, spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'none' }], ...spec } };
    await eventually(() => world.admin.post(path, object), ({ code, body }) => assert.equal(code, 201, JSON.stringify(body))); // its ServiceAccount may still be missing
    await world.admin.patch(`${path}/${name}/status`, { status: { phase, podIP: ip, podIPs: [{ ip }] } });
  }
  const relabel = async (path: string, labels: Record<string, string | null>): Promise<void> => {
    const { code } = await world.admin.patch(path, { metadata: { labels } });
    assert.equal(code, 200);
  };
  /** A protected namespace with one pod, and its baseline. */
  async function isolatedNamespace(spec: Json = {}): Promise<{ namespace: string; baseline: string }> {
    const namespace = await world.namespace();
    const baseline = await world.baseline(spec);
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    await pod(namespace, 'web-1', { labels: { app: 'web' } });
    await world.status(baseline, (status) => assert.equal(status.isolated, '1/1'));
    return { namespace, baseline };
  }
  const overridden = (direction: string) => operator.metric('netpol_baseline_namespaces_overridden', { direction });
  const drift = (direction: string, change: string, cause: string) => operator.metric('netpol_baseline_effective_drift_total', { direction, change, cause });
  const driftLines = (namespace: string) => operator.log.entries.filter(({ message, fields }) => message === 'effective isolation changed' && fields['namespace'] === namespace);
  const eventsOf = async (namespace: string): Promise<Json[]> => (await world.admin.get(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`)).body.items;
  const worst = (status: Json, namespace: string): Json => status.worst?.find((entry: Json) => entry.namespace === namespace);

  it('an allow-all that somebody adds shows within a second in metrics, status, event and log, with its name; and is gone with it', async () => {
    const { namespace, baseline } = await isolatedNamespace();
    const before = { overridden: await overridden('Egress'), opened: await drift('Egress', 'opened', 'policy') };
    await world.createPolicy(namespace, 'allow-all', ALLOW_ALL);
    await eventually(() => overridden('Egress'), (count) => assert.equal(count, before.overridden + 1), SECOND);
    const status = await world.status(baseline, (found) => assert.equal(worst(found, namespace)?.reason, 'Overridden'), { withinMs: 6_000 });
    assert.deepEqual(worst(status, namespace), { namespace, state: 'protected', reason: 'Overridden', message: 'egress is open to everybody (allow-all) through NetworkPolicy allow-all (rule 0)' });
    assert.deepEqual([status.protected, status.isolated, status.namespaces.isolated, status.namespaces.overridden], ['1/1', '0/1', 0, 1]);
    assert.equal(await drift('Egress', 'opened', 'policy'), before.opened + 1);
    assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace, reason: 'Overridden' }), 1);
    const [line] = driftLines(namespace).filter(({ level }) => level === 'warn');
    assert.deepEqual(line?.fields, {
      component: 'isolation', namespace, direction: 'Egress', change: 'opened', before: 'restricted', after: 'allow-all', pods: 1, examples: ['web-1'],
      causeKind: 'policy', cause: `NetworkPolicy ${namespace}/allow-all was created`, baseline,
    });
    await eventually(() => eventsOf(namespace), (events) => {
      assert.match(events.find(({ reason }) => reason === 'IsolationOpened')?.note ?? '', /^egress of 1 pod is allow-all now, was restricted: NetworkPolicy .*\/allow-all was created \(web-1\)$/);
      assert.match(events.find(({ reason }) => reason === 'IsolationOverridden')?.note ?? '', /through NetworkPolicy allow-all \(rule 0\), though a default-deny is in place/);
    });

    await world.deletePolicy(namespace, 'allow-all');
    await eventually(() => overridden('Egress'), (count) => assert.equal(count, before.overridden), SECOND);
    await world.status(baseline, (found) => assert.deepEqual([found.isolated, found.worst], ['1/1', undefined]));
    assert.equal(driftLines(namespace).at(-1)?.fields['change'], 'closed');
  });
});
