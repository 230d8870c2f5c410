/** GB 1.8 and what a namespace costs: exact request counts from the API server's own audit log. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { countAudit, markAtRest, markAudit, readAudit, type AuditMark } from '../control-plane/audit-log.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { startInstalled } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const OPERATOR = 'system:serviceaccount:namespace-policy-baseline-system:namespace-policy-baseline';
const NAMESPACES = 1000;
const WRITE_VERBS = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

describe(`${NAMESPACES} namespaces`, function () {
  this.timeout(400_000);
  let plane: ControlPlane;
  let world: World;
  let operator: RunningOperator;
  /** Made bad, then gone. */
  const conflicted = Array.from({ length: 30 }, (_, index) => `bad-${String(index).padStart(2, '0')}`);
  before(async () => {
    plane = await startInstalled();
    world = await aWorld(plane);
    operator = await world.operator();
  });
  after(async () => {
    await world.end();
    await plane.stop();
  });

  /** What the operator asked for since the mark, without its Lease. */
  const asked = async (since: AuditMark): Promise<Map<string, number>> => {
    const counts = await countAudit(plane.auditLogPath ?? '', since, { user: OPERATOR });
    return new Map([...counts].map(([key, count]) => [key.replace(`${OPERATOR} `, ''), count] as const).filter(([key]) => !key.includes('leases')));
  };
  const protectedCount = (): Promise<number> => operator.metric('netpol_baseline_namespaces', { state: 'protected' });

  it('GB-84 GB-86: two writes and no read for each, none missed', async () => {
    await world.baseline();
    const mark = markAudit(plane.auditLogPath ?? '');
    await manyNamespaces(world, NAMESPACES);
    await eventually(protectedCount, (count) => assert.equal(count, NAMESPACES), { withinMs: 120_000, everyMs: 200 });
    await eventually(() => asked(mark), (counts) => assert.equal(counts.get('create networkpolicies'), 2 * NAMESPACES), { withinMs: 20_000 });
    const counts = await asked(mark);
    // A busy API server ends a watch whose reader is slow; it is resumed where it was, which is no read.
    const others = [...counts.keys()].filter((key) => !key.startsWith('patch namespacepolicybaselines/status') && !key.startsWith('watch ') && key !== 'create networkpolicies');
    assert.deepEqual(others, ['create events'], 'only creates and status');
    assert.equal(counts.get('create events'), 1, 'one event for the generation');
    const failed = (await readAudit(plane.auditLogPath ?? '', mark)).filter(({ user, code }) => user === OPERATOR && code >= 300);
    assert.deepEqual(failed, []);
  });

  it('GB-82: no request in an idle minute but the Lease', async () => {
    // What the policies mean is known a little after they are there, and the status then says that too.
    const inStatus = async () => (await baselinesOf(world))[0].status.namespaces;
    await eventually(inStatus, (counts) => assert.deepEqual([counts.protected, counts.isolated], [NAMESPACES, NAMESPACES]), { withinMs: 20_000 });
    const mark = await markAtRest(plane.auditLogPath ?? '', ({ user, resource }) => user === OPERATOR && resource !== 'leases');
    await delay(60_000);
    assert.deepEqual([...await asked(mark)], []);
  });

  it('GB-74: a restart writes nothing', async () => {
    const before = await versions(world);
    await operator.stop();
    const mark = markAudit(plane.auditLogPath ?? '');
    operator = await world.operator();
    await eventually(protectedCount, (count) => assert.equal(count, NAMESPACES), { withinMs: 60_000, everyMs: 100 });
    await delay(2_000);
    const writes = [...await asked(mark)].filter(([key]) => WRITE_VERBS.has(key.split(' ')[0] ?? ''));
    assert.deepEqual(writes, []);
    assert.deepEqual(await versions(world), before);
  });

  it('GB-87: an edited template is one update for each policy, in place', async () => {
    const [baseline] = await baselinesOf(world);
    const mark = markAudit(plane.auditLogPath ?? '');
    await world.edit(baseline.metadata.name, { dns: { ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }, { protocol: 'TCP', port: 853 }] } });
    await eventually(() => asked(mark), (counts) => assert.equal(counts.get('update networkpolicies'), NAMESPACES), { withinMs: 60_000, everyMs: 200 });
    await eventually(protectedCount, (count) => assert.equal(count, NAMESPACES), { withinMs: 20_000 });
    const counts = await asked(mark);
    assert.equal(counts.get('update networkpolicies'), NAMESPACES);
    assert.equal(counts.get('delete networkpolicies'), undefined);
    assert.equal(counts.get('create networkpolicies'), undefined);
  });

  it('GB-85 GB-89: the status names the 20 worst and no more, does not grow with the cluster, and is written every 5 s at most', async () => {
    for (const name of conflicted) {
      await world.namespace({ name, labels: { 'test.netbaseline.io/world': 'not-yet' } });
      await world.createPolicy(name, 'default-deny', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] });
      await world.label(name, world.labels);
    }
    const attention = () => operator.metric('netpol_baseline_namespace_attention', { reason: 'ForeignPolicy' });
    await eventually(attention, (count) => assert.equal(count, conflicted.length), { withinMs: 60_000 });
    const [baseline] = await eventually(() => baselinesOf(world), ([{ status }]) => assert.equal(status.namespaces.conflicted, conflicted.length), { withinMs: 20_000 });
    assert.equal(baseline.status.worst.length, 20);
    assert.ok(JSON.stringify(baseline.status).length < 10_000, `${JSON.stringify(baseline.status).length} characters`);
    const writes = (await readAudit(plane.auditLogPath ?? '')).filter(({ user, subresource }) => user === OPERATOR && subresource === 'status').map(({ receivedAt }) => Date.parse(receivedAt));
    const seconds = (Math.max(...writes) - Math.min(...writes)) / 1000;
    assert.ok(writes.length <= seconds / 5 + 5, `${writes.length} status writes in ${seconds} s, a restart among them`);
  });

  it('GB-55: nothing is kept of namespaces that are gone', async () => {
    const text = await operator.metrics();
    assert.ok(conflicted.every((name) => text.includes(`namespace="${name}"`)), 'they are named while they are there');
    await Promise.all(conflicted.map((name) => world.admin.delete(`/api/v1/namespaces/${name}`)));
    await eventually(operator.metrics, (now) => assert.ok(!conflicted.some((name) => now.includes(name))), { withinMs: 90_000 });
    await eventually(() => baselinesOf(world), ([{ status }]) => assert.deepEqual([status.protected, status.worst], [`${NAMESPACES}/${NAMESPACES}`, undefined]), { withinMs: 60_000 });
  });

  it('GB-88: with deletionPolicy Delete everything is removed, without asking', async () => {
    const [baseline] = await baselinesOf(world);
    const name = baseline.metadata.name;
    await world.edit(name, { deletionPolicy: 'Delete' });
    await eventually(() => world.getBaseline(name), ({ metadata }) => assert.ok(metadata.finalizers?.length > 0));
    await world.admin.delete(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${name}`);
    await eventually(async () => (await world.admin.get(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${name}`)).code, (code) => assert.equal(code, 404), { withinMs: 120_000, everyMs: 200 });
    assert.deepEqual((await versions(world)).filter((text) => text.startsWith('many-')), []);
  });
});

async function manyNamespaces(world: World, count: number): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (next < count) await world.namespace({ name: `many-${String((next += 1)).padStart(5, '0')}` });
  }));
}

async function baselinesOf(world: World) {
  return (await world.admin.get('/apis/netbaseline.io/v1alpha1/namespacepolicybaselines')).body.items;
}

/** uid and resourceVersion of every policy. */
async function versions(world: World): Promise<string[]> {
  const { body } = await world.admin.get('/apis/networking.k8s.io/v1/networkpolicies');
  return body.items.map(({ metadata }: { metadata: Record<string, string> }) => `${metadata['namespace']}/${metadata['name']} ${metadata['uid']} ${metadata['resourceVersion']}`).sort();
}
