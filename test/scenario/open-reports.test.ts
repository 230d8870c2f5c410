/** A Report of openreports.io for each namespace, with the CRD of its project: what it says, and that nothing is written without need. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { markAtRest, readAudit, type AuditEvent, type AuditMark } from '../control-plane/audit-log.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT, startInstalled } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { jumpingClock, type JumpingClock } from '../support/jumping-clock.ts';
import { reportsIn, serveReports, withdrawReports } from '../support/open-reports.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`;
const NAME = 'namespace-policy-baseline';

describe('open reports', function () {
  this.timeout(240_000);
  let plane: ControlPlane;
  let world: World;
  let clock: JumpingClock;
  let operator: RunningOperator;
  before(async () => {
    plane = await startInstalled();
    await plane.kubectl(['apply', '--server-side', '-k', 'config/rbac/open-reports']);
    world = await aWorld(plane);
    clock = jumpingClock();
    operator = await start();
    await serveReports(world.admin);
  });
  after(async () => {
    await world.end();
    await plane.stop();
  });
  afterEach(() => world.clear());

  const start = (flags: Record<string, string> = {}): Promise<RunningOperator> => world.operator({ flags: { 'open-reports': 'true', 'leader-elect': 'false', ...flags }, clock });
  const pathOf = (namespace: string): string => `${reportsIn(namespace)}/${NAME}`;
  /** Reports wait some seconds before they are written: the clock of the operator goes faster here. */
  const soon = <T>(read: () => Promise<T>, check: (value: T) => void): Promise<T> => eventually(() => {
    clock.jump(3_000);
    return read();
  }, check, { withinMs: 40_000, everyMs: 300 });
  const report = (namespace: string, check: (report: Json) => void): Promise<Json> => soon(async () => (await world.admin.get(pathOf(namespace))).body, check);
  const resultOf = ({ results = [] }: Json, rule: string): Json => results.find((row: Json) => row.rule === rule) ?? {};
  const resultsOf = ({ results = [] }: Json): Record<string, string> => Object.fromEntries(results.map(({ rule, result }: Json) => [rule, result]));
  const isThere = ({ results }: Json): void => assert.ok(Array.isArray(results), 'there is no report');
  const isWrite = ({ user, resource, verb }: AuditEvent): boolean => user === OPERATOR && resource === 'reports' && ['create', 'update', 'patch', 'delete'].includes(verb);
  const atRest = (): Promise<AuditMark> => markAtRest(plane.auditLogPath ?? '', isWrite);
  const writesSince = async (mark: AuditMark): Promise<string[]> => (await readAudit(plane.auditLogPath ?? '', mark)).filter(isWrite).map(({ verb, namespace, code }) => `${verb} ${namespace} ${code}`);
  const compared = (of: RunningOperator): Promise<number> => of.metric('controller_runtime_reconcile_total', { controller: 'reports', result: 'success' });

  const POLICIES = [{ name: 'allow-web', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] } }];

  it('say of a namespace what status and metrics say, as rows that other tools read', async () => {
    const namespace = await world.namespace({ labels: { team: 'payments' } });
    const baseline = await world.baseline({ ownerKey: 'team', policies: POLICIES });
    const found = await report(namespace, (now) => assert.deepEqual(resultsOf(now), {
      'allow-dns': 'pass', 'allow-web': 'pass', 'default-deny-egress': 'pass', 'default-deny-ingress': 'pass', drift: 'pass', 'isolated-egress': 'pass', 'isolated-ingress': 'pass',
    }));
    const { metadata: { uid } } = (await world.admin.get(`/api/v1/namespaces/${namespace}`)).body;
    assert.deepEqual([found.source, found.scope, found.summary], [NAME, { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid }, { pass: 7, fail: 0, warn: 0, error: 0, skip: 0 }]);
    assert.deepEqual(resultOf(found, 'default-deny-ingress'), {
      policy: baseline, rule: 'default-deny-ingress', category: 'Network Segmentation', severity: 'high', result: 'pass', scored: true,
      message: 'a default-deny for Ingress selects every pod',
      properties: { owner: 'payments', cis: 'CIS Kubernetes Benchmark 5.3.2', nsa: 'NSA/CISA Kubernetes Hardening Guide: network policies, default deny' },
    });
    assert.deepEqual(found.metadata.labels, { 'app.kubernetes.io/managed-by': NAME, 'app.kubernetes.io/part-of': NAME });
    assert.equal(found.metadata.ownerReferences, undefined);
    const { stdout } = await plane.kubectl(['get', 'reports', '-n', namespace]);
    assert.match(stdout, /NAME\s+PASS\s+FAIL\s+WARN\s+ERROR\s+SKIP\s+AGE\s+namespace-policy-baseline\s+7\s+0/);
  });

  it('tell exemptions as skipped with their reason, conflicts and overrides as failed, audits as a warning', async () => {
    const [exempt, conflict, open] = await world.namespaces(3);
    await world.createPolicy(conflict ?? '', 'allow-web', { podSelector: { matchLabels: { a: 'b' } }, policyTypes: ['Ingress'] });
    const baseline = await world.baseline({ policies: POLICIES, exemptions: [{ namespace: exempt, directions: ['Egress'], reason: 'vendor, ticket NET-12', expiresAt: '2999-01-01T00:00:00Z' }] });
    const found = await report(exempt ?? '', (now) => assert.equal(resultOf(now, 'default-deny-egress').result, 'skip'));
    const { policy, message, scored, properties } = resultOf(found, 'default-deny-egress');
    assert.deepEqual([policy, message, scored, properties.exemptUntil], [baseline, 'exempt: vendor, ticket NET-12', false, '2999-01-01T00:00:00.000Z']);
    assert.deepEqual([resultOf(found, 'default-deny-ingress').result, resultOf(found, 'isolated-egress').result, resultOf(found, 'allow-dns').result], ['pass', 'skip', undefined]);
    await report(conflict ?? '', (now) => assert.match(`${resultOf(now, 'allow-web').result}: ${resultOf(now, 'allow-web').message}`, /^fail: allow-web exists and is not ours/));
    await world.createPolicy(open ?? '', 'open-up', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] });
    await world.create(`/api/v1/namespaces/${open}/pods`, { metadata: { name: 'web' }, spec: { containers: [{ name: 'c', image: 'x' }] } });
    await report(open ?? '', (now) => assert.match(`${resultOf(now, 'isolated-ingress').result}: ${resultOf(now, 'isolated-ingress').message}`, /^fail: ingress is open to everybody \(allow-all\) through NetworkPolicy open-up/));
    await world.edit(baseline, { ingress: { mode: 'Audit' } });
    await report(open ?? '', (now) => assert.deepEqual([resultOf(now, 'default-deny-ingress').result, resultOf(now, 'default-deny-egress').result], ['warn', 'pass']));
  });

  it('are not written where nothing changed, after a restart, or while the API server lists anew', async () => {
    const namespaces = await world.namespaces(5);
    const baseline = await world.baseline();
    for (const namespace of namespaces) await report(namespace, isThere);
    const mark = await atRest();
    await world.edit(baseline, { paused: false });
    for (const namespace of namespaces) await world.label(namespace, { nothing: 'to-do-with-it' });
    await operator.stop();
    operator = await start();
    await soon(async () => operator.log.lines(), (lines) => assert.ok(lines.includes('info reports are written')));
    for (const reason of ['the test sees writes', 'and one that was decided when all others had their turn']) {
      await world.edit(baseline, { exemptions: [{ namespace: namespaces[0], reason }] });
      await report(namespaces[0] ?? '', (now) => assert.equal(resultOf(now, 'default-deny-ingress').message, `exempt: ${reason}`));
    }
    const written = (await writesSince(mark)).map((line) => line.split(' ')[1]);
    assert.ok(written.length >= 2);
    assert.deepEqual([...new Set(written)], [namespaces[0]]);
  });

  it('cost one write for each namespace that comes, however often it was planned meanwhile', async () => {
    const mark = await atRest();
    await world.baseline();
    const namespaces = await world.namespaces(60);
    for (const namespace of namespaces) await world.becomes(namespace, 'allow-dns', 'default-deny');
    for (const namespace of namespaces) await report(namespace, isThere);
    await atRest();
    const lines = (await writesSince(mark)).filter((line) => namespaces.some((namespace) => line.includes(` ${namespace} `)));
    assert.deepEqual(lines.filter((line) => line.startsWith('create')).toSorted(), namespaces.map((namespace) => `create ${namespace} 201`).toSorted());
    assert.ok(lines.length <= namespaces.length + 6, `${lines.length} writes: a slow machine may see a few half done`);
  });

  it('are compared and written by the leader alone', async () => {
    await operator.stop();
    const flags = { 'open-reports': 'true' };
    const leader = await world.operator({ flags });
    const standby = await world.operator({ flags, waitUntilReady: false });
    await eventually(standby.ready, ({ code, body }) => assert.equal(code, 200, body), { withinMs: 30_000 });
    const namespace = await world.namespace();
    await world.baseline();
    await eventually(async () => (await world.admin.get(pathOf(namespace))).body, isThere, { withinMs: 60_000, everyMs: 200 });
    assert.ok(await compared(leader) > 0);
    assert.deepEqual([await compared(standby), standby.log.lines().filter((line) => line.includes('reports are'))], [0, []]);
    for (const each of [leader, standby]) await each.stop();
    operator = await start();
  });

  it('that somebody edits, unlabels or deletes are put right; what somebody adds to the metadata stays', async () => {
    const [edited, unlabelled, deleted] = await world.namespaces(3);
    await world.baseline();
    for (const namespace of [edited, unlabelled, deleted]) await report(namespace ?? '', isThere);
    const before = await report(edited ?? '', isThere);
    await world.admin.patch(pathOf(edited ?? ''), {
      metadata: { annotations: { mine: 'yes' } }, summary: { fail: 99 }, results: [], scope: { fieldPath: 'x' }, scopeSelector: { matchLabels: { a: 'b' } }, configuration: { limits: { statusFilter: ['fail'] } },
    });
    await world.admin.patch(pathOf(unlabelled ?? ''), { metadata: { labels: { 'app.kubernetes.io/managed-by': null } }, results: [] });
    await world.admin.delete(pathOf(deleted ?? ''));
    const after = await report(edited ?? '', (now) => assert.equal(now.results?.length, before.results.length));
    const { metadata: { annotations }, ...content } = after;
    const { metadata: _before, ...was } = before;
    assert.deepEqual([annotations, content], [{ mine: 'yes' }, was]);
    await report(unlabelled ?? '', (now) => assert.ok(now.results.length > 0 && now.metadata.labels['app.kubernetes.io/managed-by'] === NAME));
    await report(deleted ?? '', isThere);
  });

  it('of our name that somebody else wrote, and of other tools, stay', async () => {
    const [namespace, ours] = (await world.namespaces(2)) as [string, string];
    const theirs = { apiVersion: 'openreports.io/v1alpha1', kind: 'Report', source: 'scanner', results: [{ policy: 'x', result: 'pass' }] };
    for (const name of [NAME, 'other']) await world.admin.post(reportsIn(namespace), { ...theirs, metadata: { name } });
    const told = (): number => operator.log.lines().filter((line) => line === 'warn a report of this name is not ours and stays; delete or rename it').length;
    const baseline = await world.baseline();
    await soon(async () => told(), (lines) => assert.equal(lines, 1));
    await report(ours, isThere);
    const mark = await atRest();
    await world.label(namespace, { look: 'again' });
    await soon(() => writesSince(mark), (lines) => assert.ok(lines.includes(`create ${namespace} 409`)));
    await world.deleteBaseline(baseline);
    await report(ours, ({ code }) => assert.equal(code, 404));
    await atRest();
    for (const name of [NAME, 'other']) {
      const { source, metadata: { generation } } = (await world.admin.get(`${reportsIn(namespace)}/${name}`)).body;
      assert.deepEqual([source, generation], ['scanner', 1]);
    }
    assert.equal(told(), 1, 'once of each');
    assert.deepEqual([...new Set((await writesSince(mark)).filter((line) => line.includes(` ${namespace} `)))], [`create ${namespace} 409`]);
  });

  it('are there for namespaces that baselines can reach only, and end with the last baseline and with their namespace', async () => {
    const [excluded, kept] = await world.namespaces(2);
    const baseline = await world.baseline();
    for (const namespace of [excluded, kept]) await report(namespace ?? '', isThere);
    assert.equal((await world.admin.get(pathOf('kube-system'))).code, 404);
    await world.edit(baseline, { excludedNamespaces: [excluded] });
    await report(excluded ?? '', ({ code }) => assert.equal(code, 404));
    await world.deleteBaseline(baseline);
    await report(kept ?? '', ({ code }) => assert.equal(code, 404));
    const going = await world.namespace();
    await world.baseline();
    await report(going, isThere);
    const mark = await atRest();
    await world.deleteNamespace(going);
    await soon(async () => (await world.admin.get(`/api/v1/namespaces/${going}`)).code, (code) => assert.equal(code, 404));
    assert.deepEqual((await writesSince(mark)).filter((line) => line.includes(` ${going} `)), [], 'the namespace takes it along');
  });

  it('survive that their API goes and comes again, and policies are written all the while', async () => {
    const namespace = await world.namespace();
    await world.baseline();
    await report(namespace, isThere);
    await withdrawReports(world.admin);
    await eventually(async () => operator.log.lines(), (lines) => assert.equal(lines.findLast((line) => line.includes('reports are')), 'info reports are not written: their API is not there, or cannot be read'), { withinMs: 20_000 });
    await world.becomes(await world.namespace(), 'allow-dns', 'default-deny');
    assert.equal((await operator.ready()).code, 200);
    await serveReports(world.admin);
    await report(namespace, isThere);
  });

  it('need exactly the rights of config/rbac/open-reports; without them policies are written, and log and metrics say why reports are not', async () => {
    const used = new Set((await readAudit(plane.auditLogPath ?? '')).filter(({ user, apiGroup, code }) => user === OPERATOR && code < 300 && apiGroup === 'openreports.io').map(({ verb }) => verb));
    const { rules } = parse(readFileSync('config/rbac/open-reports/cluster-role.yaml', 'utf8')) as { rules: { apiGroups: string[]; verbs: string[] }[] };
    used.add('list'); // only where the API server does not stream lists
    assert.deepEqual([...used].toSorted(), rules.filter(({ apiGroups }) => apiGroups.includes('openreports.io')).flatMap(({ verbs }) => verbs).toSorted());
    const { stdout } = await plane.kubectl(['kustomize', 'config/rbac/open-reports']);
    await plane.kubectl(['delete', '-f', '-'], { stdin: stdout });
    await operator.stop();
    operator = await start({ 'evaluate-isolation': 'false' });
    const namespace = await world.namespace();
    await world.baseline();
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    await soon(async () => operator.log.entries.find(({ level, message, fields }) => level === 'warn' && message === 'watch interrupted' && fields['kind'] === 'Forbidden'), (line) => assert.ok(line));
    assert.equal((await operator.ready()).code, 200);
    await plane.kubectl(['apply', '--server-side', '-f', '-'], { stdin: stdout });
    await report(namespace, (now) => assert.equal(resultOf(now, 'default-deny-ingress').result, 'pass'));
  });

  it('that the API server refuses harm nothing: said in the log and counted, and tried again', async () => {
    await world.create('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies', {
      metadata: { name: 'no-reports' },
      spec: { matchConstraints: { resourceRules: [{ apiGroups: ['openreports.io'], apiVersions: ['*'], operations: ['CREATE'], resources: ['reports'] }] }, validations: [{ expression: 'false', message: 'no reports here' }] },
    });
    await world.create('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', { metadata: { name: 'no-reports' }, spec: { policyName: 'no-reports', validationActions: ['Deny'] } });
    await eventually(() => world.admin.post(reportsIn('default'), { apiVersion: 'openreports.io/v1alpha1', kind: 'Report', metadata: { name: `probe-${Date.now()}` } }), ({ code }) => assert.equal(code, 422), { withinMs: 20_000 });
    const namespace = await world.namespace();
    await world.baseline();
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    await soon(() => operator.metric('controller_runtime_reconcile_errors_total', { controller: 'reports' }), (count) => assert.ok(count > 0));
    assert.ok(operator.log.entries.some(({ level, fields }) => level === 'error' && fields['controller'] === 'reports' && String((fields['error'] as Error).message).includes('no reports here')));
    await world.admin.delete('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/no-reports');
    await eventually(async () => {
      clock.jump(60_000);
      return (await world.admin.get(pathOf(namespace))).body;
    }, isThere, { withinMs: 60_000, everyMs: 500 });
  });

  it('stay when they are switched off, and nothing about them is asked any more', async () => {
    const namespace = await world.namespace();
    await world.baseline();
    await report(namespace, isThere);
    await operator.stop();
    const mark = await atRest();
    operator = await start({ 'open-reports': 'false', 'evaluate-isolation': 'false' });
    await world.becomes(await world.namespace(), 'allow-dns', 'default-deny');
    await operator.stop();
    const asked = (await readAudit(plane.auditLogPath ?? '', mark)).filter(({ user, resource }) => user === OPERATOR && ['reports', 'customresourcedefinitions'].includes(resource));
    assert.deepEqual([asked, (await world.admin.get(pathOf(namespace))).code], [[], 200]);
  });
});
