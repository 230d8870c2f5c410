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
  const deleted = new Set<string>();
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

  it('GB-85 GB-89: the status does not grow with the cluster, and is written a few times only', async () => {
    const [baseline] = await baselinesOf(world);
    assert.ok(JSON.stringify(baseline.status).length < 4_000, JSON.stringify(baseline.status));
    const writes = (await readAudit(plane.auditLogPath ?? '')).filter(({ user, subresource }) => user === OPERATOR && subresource === 'status');
    assert.ok(writes.length <= 30, `${writes.length} status writes`);
  });

  it('GB-82: no request in an idle minute but the Lease', async () => {
    await eventually(async () => (await baselinesOf(world))[0].status.namespaces.protected, (count) => assert.equal(count, NAMESPACES), { withinMs: 20_000 });
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

  it('GB-55: nothing is kept of namespaces that are gone', async () => {
    const names = [...await namesOf(world)].slice(0, 20);
    for (const name of names) deleted.add(name);
    await Promise.all(names.map((name) => world.admin.delete(`/api/v1/namespaces/${name}`)));
    await eventually(protectedCount, (count) => assert.equal(count, NAMESPACES - names.length), { withinMs: 90_000, everyMs: 200 });
    await eventually(operator.metrics, (text) => assert.ok(!names.some((name) => text.includes(name))), { withinMs: 60_000 });
  });

  it('GB-88: with deletionPolicy Delete everything is removed, without asking', async () => {
    const [baseline] = await baselinesOf(world);
    const name = baseline.metadata.name;
    await world.edit(name, { deletionPolicy: 'Delete' });
    await eventually(() => world.getBaseline(name), ({ metadata }) => assert.ok(metadata.finalizers?.length > 0));
    await world.admin.delete(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${name}`);
    await eventually(async () => (await world.admin.get(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${name}`)).code, (code) => assert.equal(code, 404), { withinMs: 120_000, everyMs: 200 });
    const left = (await versions(world)).filter((text) => !deleted.has(text.split('/')[0] ?? '')); // those go with their namespaces
    assert.deepEqual(left, []);
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

async function namesOf(world: World): Promise<string[]> {
  const { body } = await world.admin.get('/api/v1/namespaces');
  return body.items.map((item: { metadata: { name: string } }) => item.metadata.name).filter((name: string) => name.startsWith('many-'));
}

/** uid and resourceVersion of every policy. */
async function versions(world: World): Promise<string[]> {
  const { body } = await world.admin.get('/apis/networking.k8s.io/v1/networkpolicies');
  return body.items.map(({ metadata }: { metadata: Record<string, string> }) => `${metadata['namespace']}/${metadata['name']} ${metadata['uid']} ${metadata['resourceVersion']}`).sort();
}
