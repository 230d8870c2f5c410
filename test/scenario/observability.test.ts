/** GB 1.6: what people see: conditions, events, metrics, columns; and exactly the rights that are used. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { markAudit, readAudit } from '../control-plane/audit-log.ts';
import type { Json } from '../support/api.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { startInstalled } from '../support/control-plane.ts';
import { consistently, eventually } from '../support/eventually.ts';
import { POLICY_KINDS, serve } from '../support/policy-crds.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const OPERATOR = 'system:serviceaccount:namespace-policy-baseline-system:namespace-policy-baseline';
const BOTH = ['allow-dns', 'default-deny'];

describe('what people see', function () {
  this.timeout(240_000);
  let plane: ControlPlane;
  let world: World;
  let operator: RunningOperator;
  before(async () => {
    plane = await startInstalled();
    world = await aWorld(plane);
    operator = await world.operator();
  });
  after(async () => {
    await world.end();
    await plane.stop();
  });

  const eventsOf = async (namespace: string): Promise<Json[]> => (await world.admin.get(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`)).body.items;
  const condition = (baseline: Json, type: string): Json => baseline.status?.conditions?.find((entry: Json) => entry.type === type);
  /** Namespaces and a baseline of their own, so that tests do not see each other's. */
  const own = (name: string) => ({ labels: { only: name }, spec: { namespaceSelector: { matchLabels: { only: name } } } });
  const isProtected = (namespace: string) => eventually(() => world.policyNames(namespace), (names) => assert.deepEqual(names, BOTH));

  it('GB-69: a baseline that is created and edited twice has exactly one event for each generation', async () => {
    const { labels, spec } = own('edited');
    const name = await world.baseline(spec);
    await isProtected(await world.namespace({ labels }));
    await world.applied(name);
    for (const description of ['one', 'two']) {
      const generation = (await world.getBaseline(name)).metadata.generation;
      await world.edit(name, { policies: [{ name: 'allow-web', description, networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] } }] });
      await eventually(() => world.getBaseline(name), (baseline) => {
        const ready = condition(baseline, 'Ready');
        assert.ok(ready.status === 'True' && ready.observedGeneration === generation + 1);
      });
    }
    const applied = async (): Promise<number> => (await eventsOf('default')).filter(({ reason, regarding }) => reason === 'BaselineApplied' && regarding.name === name).length;
    await eventually(applied, (count) => assert.equal(count, 3));
    await consistently(applied, (count) => assert.equal(count, 3), 1_000, 100);
  });

  it('GB-66 GB-68: no event for a namespace that is protected or excluded', async () => {
    const { labels, spec } = own('quiet');
    const excluded = await world.namespace({ labels });
    const covered = await world.namespace({ labels });
    await world.baseline({ ...spec, excludedNamespaces: [excluded] });
    await isProtected(covered);
    await consistently(async () => [...await eventsOf(covered), ...await eventsOf(excluded)], (events) => assert.deepEqual(events, []), 500, 100);
  });

  it('GB-67: a policy that cannot be created is a warning, a state and a message; the rest is there', async () => {
    const { labels, spec } = own('quota');
    const namespace = await world.namespace({ labels });
    const name = await world.baseline(spec);
    await isProtected(namespace);
    await limitPolicies(world, namespace, 2);
    await world.edit(name, { policies: [{ name: 'one-too-many', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] } }] });
    await eventually(() => world.getBaseline(name), ({ status }) => {
      const worst = status.worst?.find((entry: Json) => entry.namespace === namespace);
      assert.deepEqual([worst?.state, worst?.reason], ['failed', 'QuotaExceeded']);
      assert.match(worst.message, /one-too-many.*quota/);
    });
    await eventually(() => eventsOf(namespace), (events) => {
      const refused = events.find(({ reason }) => reason === 'PolicyRefused');
      assert.equal(refused?.type, 'Warning');
      assert.match(refused.note, /one-too-many/);
    });
    await isProtected(namespace);
    await eventually(() => operator.metric('netpol_baseline_namespace_attention', { namespace, reason: 'QuotaExceeded' }), (value) => assert.equal(value, 1));
  });

  it('GB-70 GB-71 GB-72: every namespace is in exactly one state, and coverage adds up', async () => {
    const { labels, spec } = own('states');
    const exempt = await world.namespace({ labels });
    await world.namespace({ name: `${exempt}-conflict`, labels });
    await world.admin.post(`/apis/networking.k8s.io/v1/namespaces/${exempt}-conflict/networkpolicies`, { metadata: { name: 'strict' }, spec: { podSelector: {} } });
    const name = await world.baseline({
      ...spec,
      exemptions: [{ namespace: exempt, reason: 'test' }],
      policies: [{ name: 'strict', networkPolicy: { podSelector: { matchLabels: { a: 'b' } }, policyTypes: ['Ingress'] } }],
    });
    const total = async (): Promise<number> => (await world.admin.get('/api/v1/namespaces')).body.items.length;
    await eventually(async () => ({ metrics: await operator.metrics(), namespaces: await total() }), ({ metrics, namespaces }) => {
      assert.equal(sum(metrics, 'netpol_baseline_namespaces', `baseline="${name}"`), namespaces, 'states');
      for (const direction of ['Ingress', 'Egress']) assert.equal(sum(metrics, 'netpol_baseline_coverage_namespaces', `direction="${direction}"`), namespaces, direction);
      assert.equal(sum(metrics, 'netpol_baseline_namespaces', `baseline="${name}"`, 'state="exempt"'), 1);
      assert.equal(sum(metrics, 'netpol_baseline_namespaces', `baseline="${name}"`, 'state="conflicted"'), 1);
      assert.equal(sum(metrics, 'netpol_baseline_namespaces', `baseline="${name}"`, 'state="excluded"'), 4, 'three of Kubernetes and our own');
    });
    await eventually(() => world.getBaseline(name), ({ status }) => {
      assert.equal(status.namespaces.exempt, 1);
      assert.equal(status.namespaces.conflicted, 1);
      assert.deepEqual(status.worst.map(({ namespace, state, reason }: Json) => [namespace, state, reason]), [[`${exempt}-conflict`, 'conflicted', 'ForeignPolicy']]);
      assert.equal(condition({ status }, 'NamespacesUpToDate').status, 'False');
      assert.equal(condition({ status }, 'Ready').status, 'True', `one tenant's conflict does not make it unready: ${condition({ status }, 'Ready').message}`);
    });
    await eventually(() => eventsOf(`${exempt}-conflict`), (events) => assert.ok(events.some(({ reason }) => reason === 'PolicyConflict')));
  });

  it('drift is counted once, repaired, and explained in one log line', async () => {
    const { labels, spec } = own('drift');
    await world.baseline(spec);
    const namespace = await world.namespace({ labels });
    await isProtected(namespace);
    const [detected, repaired] = [await operator.metric('netpol_baseline_drift_detected_total'), await operator.metric('netpol_baseline_drift_repaired_total')];
    await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
    await eventually(() => operator.metric('netpol_baseline_drift_repaired_total'), (value) => assert.equal(value, repaired + 1));
    assert.equal(await operator.metric('netpol_baseline_drift_detected_total'), detected + 1);
    assert.equal(await operator.metric('netpol_baseline_drift_repair_duration_seconds_count'), repaired + 1);
    const line = operator.log.entries.findLast(({ message, fields }) => message === 'policy written' && fields['namespace'] === namespace);
    assert.deepEqual([line?.fields['action'], line?.fields['cause'], line?.fields['policy']], ['update', 'Modified', 'default-deny']);
    assert.match(String(line?.fields['differences']), /spec.ingress is \[\{\}\], should be \[\]/);
    assert.match(String(line?.fields['changeId']), /./);
    await eventually(() => eventsOf(namespace), (events) => assert.ok(events.some(({ reason, regarding }) => reason === 'DriftDetected' && regarding.name === 'default-deny')));
  });

  it('time to protect is observed once for each namespace that came while it led', async () => {
    const { labels, spec } = own('time');
    const older = await world.namespace({ labels });
    const count = (): Promise<number> => operator.metric('netpol_baseline_namespace_time_to_protect_seconds_count');
    const before = await count();
    const name = await world.baseline(spec);
    await isProtected(older);
    const observed = await count() - before;
    assert.ok(observed <= 1, `${observed} for a namespace that is protected once`);
    const [first, second] = await world.namespaces(2, { labels });
    for (const namespace of [first, second]) await isProtected(namespace ?? '');
    await eventually(count, (now) => assert.equal(now, before + observed + 2));
    const [sum, all] = await Promise.all([operator.metric('netpol_baseline_namespace_time_to_protect_seconds_sum'), count()]);
    assert.ok(sum >= 0 && sum < 60 * all, `${sum} s for ${all}`);
    await world.patchPolicy(first ?? '', 'default-deny', { spec: { ingress: [{}] } });
    await eventually(() => world.policies(first ?? ''), (policies) => assert.equal(policies.get('default-deny').spec.ingress, undefined));
    assert.equal(await count(), all, 'a repair is no second time');
    await world.edit(name, { paused: true });
  });

  it('GB-73: nothing of ours is asked when a namespace is created', async () => {
    const { stdout } = await plane.kubectl(['kustomize', 'config/default']);
    const kinds = parseAllDocuments(stdout).map((document) => String(document.get('kind')));
    assert.ok(kinds.includes('Deployment') && kinds.includes('ClusterRole'), kinds.join(', '));
    assert.deepEqual(kinds.filter((kind) => kind.includes('Webhook')), []);
    assert.ok(!grantedBy('config/rbac/cluster-role.yaml', 'config/rbac/role.yaml', 'config/rbac/isolation/cluster-role.yaml').some((right) => right.includes('webhook')), 'nor may it make any');
  });

  it('kubectl shows what matters', async () => {
    const { stdout } = await plane.kubectl(['get', 'npb']);
    assert.match(stdout, /NAME\s+INGRESS\s+EGRESS\s+PROTECTED\s+ISOLATED\s+DRIFTED\s+READY\s+AGE/);
    assert.match(stdout, /Enforce\s+Enforce\s+\d+\/\d+\s+\d+\/\d+\s+False\s+True/);
  });
});

/** Before 1.34 an API server may not stream lists: then they are listed in pages, which is another verb. */
const SERVERS = [[], ['--feature-gates=WatchList=false']];

describe('rights', function () {
  this.timeout(240_000);

  it('the operator uses exactly those that config/ grants: without isolation, and with every kind of policy that there is', async () => {
    const without = new Set<string>();
    const all = new Set<string>();
    for (const flags of SERVERS) {
      const plane = await startInstalled(flags);
      const world = await aWorld(plane);
      try {
        const { stdout: isolation } = await plane.kubectl(['kustomize', 'config/rbac/isolation']);
        await plane.kubectl(['delete', '-f', '-'], { stdin: isolation });
        for (const kind of POLICY_KINDS) await serve(world.admin, kind);
        for (const right of await rightsUsed(world, { 'evaluate-isolation': 'false' })) without.add(right);
        await plane.kubectl(['apply', '--server-side', '-f', '-'], { stdin: isolation });
        await eventually(() => world.admin.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user: OPERATOR, resourceAttributes: { verb: 'list', resource: 'pods' } } }), ({ body }) => assert.equal(body.status?.allowed, true));
        for (const right of await rightsUsed(world, {})) all.add(right);
      } finally {
        await world.end();
        await plane.stop();
      }
    }
    const base = grantedBy('config/rbac/cluster-role.yaml', 'config/rbac/role.yaml');
    assert.deepEqual([...without].sort(), base);
    assert.deepEqual([...new Set([...all, ...without])].sort(), [...base, ...grantedBy('config/rbac/isolation/cluster-role.yaml')].sort());
  });
});

/** All that it can ask for, in one life: nothing is refused on the way. */
async function rightsUsed(world: World, flags: Record<string, string>): Promise<Set<string>> {
  const log = world.plane.auditLogPath ?? '';
  const since = markAudit(log);
  const operator = await world.operator({ flags });
  const namespace = await world.namespace();
  await world.createPolicy(namespace, 'default-deny', { podSelector: {} });
  const name = await world.baseline({ deletionPolicy: 'Delete', adoptionPolicy: 'Adopt' });
  await world.becomes(namespace, ...BOTH);
  await world.edit(name, { dns: { enabled: false } }); // a removal
  await world.becomes(namespace, 'default-deny');
  await world.applied(name);
  if (flags['evaluate-isolation'] !== 'false') await eventually(() => operator.log.lines(), (lines) => assert.ok(lines.includes('info isolation is known')), { withinMs: 30_000 });
  await operator.stop(); // watches are in the audit log when they have ended
  await world.clear();
  const own = await eventually(async () => (await readAudit(log, since)).filter(({ user }) => user === OPERATOR), (events) => {
    assert.ok(events.some(({ verb, resource }) => verb === 'watch' && resource === 'networkpolicies'));
  }, { withinMs: 20_000, everyMs: 250 });
  assert.deepEqual(own.filter(({ code }) => code === 403), []);
  return new Set(own.filter(({ code }) => code < 300 || code === 404).map(({ verb, apiGroup, resource, subresource }) => rightOf(verb, apiGroup, `${resource}${subresource === '' ? '' : `/${subresource}`}`)));
}

const rightOf = (verb: string, group: string, resource: string): string => `${verb} ${resource}${group === '' ? '' : `.${group}`}`;

function grantedBy(...files: string[]): string[] {
  const rules = files.flatMap((file) => (parse(readFileSync(file, 'utf8')) as { rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] }).rules);
  const rights = rules.flatMap(({ apiGroups, resources, verbs }) => apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => rightOf(verb, group, resource)))));
  return [...new Set(rights)].sort();
}

/** As the quota controller would, which does not run here. */
async function limitPolicies(world: World, namespace: string, limit: number): Promise<void> {
  const hard = { 'count/networkpolicies.networking.k8s.io': String(limit) };
  const path = `/api/v1/namespaces/${namespace}/resourcequotas`;
  await world.admin.post(path, { metadata: { name: 'few' }, spec: { hard } });
  await world.admin.patch(`${path}/few/status`, { status: { hard, used: hard } });
}

function sum(metrics: string, name: string, ...labels: string[]): number {
  return metrics.split('\n')
    .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
    .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}
