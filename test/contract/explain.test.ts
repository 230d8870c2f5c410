/**
 * `npb explain` and `npb test` against a real API server, as processes of their own, with a ServiceAccount that may only
 * list: the same answers as from files, for pods that belong to a Deployment; the fix can be applied, and fixes.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { apiAs, POLICIES, type Api, type Json } from '../support/api.ts';
import { sharedControlPlane } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SHOP = 'docs/examples/shop.yaml';
const EXPECTATIONS = 'docs/examples/expectations.yaml';
const NAMESPACES = ['shop', 'orders', 'db'];
const READERS = 'explain-readers';

interface Ended { readonly code: number; readonly out: string; readonly err: string }

function npb(kubeconfig: string | undefined, ...args: string[]): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }) };
  return new Promise((settle) => {
    const child = execFile(process.execPath, ['bin/npb.js', ...args], { cwd: ROOT, env, maxBuffer: 64 << 20 }, (_error, out, err) => settle({ code: child.exitCode ?? -1, out, err }));
  });
}

describe('npb explain and npb test, and a real API server', function () {
  this.timeout(120_000);
  let plane: ControlPlane;
  let admin: Api;
  let reader: string;

  before(async () => {
    plane = await sharedControlPlane();
    admin = apiAs(plane.adminKubeconfig);
    await plane.kubectl(['apply', '-f', SHOP]);
    await plane.kubectl(['create', 'namespace', READERS]);
    reader = await kubeconfigOf('reader', ['*']);
    for (const [index, [kind, namespace, name]] of ([['deployments', 'shop', 'web'], ['deployments', 'shop', 'admin'], ['deployments', 'orders', 'api'], ['statefulsets', 'db', 'postgres']] as const).entries()) {
      await controlled(kind, { namespace, name, podIP: `10.77.0.${index + 1}` });
    }
  });

  /** What the controllers of workloads would do, which this control plane does not run: one pod, and a ReplicaSet between it and a Deployment. */
  async function controlled(kind: 'deployments' | 'statefulsets', { namespace, name, podIP }: { readonly namespace: string; readonly name: string; readonly podIP: string }): Promise<void> {
    const apps = `/apis/apps/v1/namespaces/${namespace}`;
    const ownedBy = ({ kind: ownerKind, metadata }: Json): Json => ({ ownerReferences: [{ apiVersion: 'apps/v1', kind: ownerKind, name: metadata.name, uid: metadata.uid, controller: true }] });
    const must = async (answer: Promise<{ code: number; body: Json }>): Promise<Json> => {
      const { code, body } = await answer;
      assert.ok(code < 300, JSON.stringify(body));
      return body;
    };
    await eventually(() => admin.get(`/api/v1/namespaces/${namespace}/serviceaccounts/default`), ({ code }) => assert.equal(code, 200), { withinMs: 30_000 });
    const workload = await must(admin.get(`${apps}/${kind}/${name}`));
    const { selector, template } = workload.spec;
    const hash = { 'pod-template-hash': 'abc' };
    const isDeployment = kind === 'deployments';
    const owner = !isDeployment ? workload : await must(admin.post(`${apps}/replicasets`, {
      metadata: { name: `${name}-abc`, ...ownedBy({ ...workload, kind: 'Deployment' }) }, spec: { selector: { matchLabels: { ...selector.matchLabels, ...hash } }, template: { ...template, metadata: { labels: { ...template.metadata.labels, ...hash } } } },
    }));
    const pod = isDeployment ? `${name}-abc-x2x4z` : `${name}-0`;
    await must(admin.post(`/api/v1/namespaces/${namespace}/pods`, { metadata: { name: pod, labels: { ...template.metadata.labels, ...(isDeployment && hash) }, ...ownedBy({ ...owner, kind: isDeployment ? 'ReplicaSet' : 'StatefulSet' }) }, spec: template.spec }));
    await must(admin.patch(`/api/v1/namespaces/${namespace}/pods/${pod}/status`, { status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }] } }));
  }

  after(async () => {
    await Promise.all([...NAMESPACES, READERS].map((name) => admin?.delete(`/api/v1/namespaces/${name}`)));
    await admin?.close();
  });

  /** Of a new ServiceAccount that may list these kinds of all groups, and nothing else. */
  async function kubeconfigOf(name: string, resources: readonly string[]): Promise<string> {
    const role = { name: `${READERS}-${name}` };
    const items = [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: READERS } },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: role, rules: [{ apiGroups: ['*'], resources, verbs: ['list'] }] },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: role, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', ...role }, subjects: [{ kind: 'ServiceAccount', name, namespace: READERS }] },
    ];
    await plane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) });
    return plane.serviceAccountKubeconfig(READERS, name);
  }

  it('answers of a cluster and of the files that it was made from agree', async () => {
    for (const question of [['shop/web', 'orders/api:8080'], ['deploy/shop/admin', 'orders/api:8080'], ['shop/web', 'svc/orders/api:http'], ['orders/api', 'sts/db/postgres:pg'], ['db/postgres', 'internet:53/udp'], ['shop/web', 'metadata']]) {
      const [live, offline] = await Promise.all([npb(reader, 'explain', ...question, '-o', 'json'), npb(undefined, 'explain', ...question, '-o', 'json', '-f', SHOP)]);
      assert.equal(live.err, '');
      assert.equal(live.code, offline.code, question.join(' '));
      const [cluster, files]: Json[] = [live, offline].map(({ out }) => JSON.parse(out));
      assert.equal(cluster.verdict, files.verdict, question.join(' '));
      for (const side of ['egress', 'ingress']) assert.deepEqual(cluster.cases[0][side].isolatedBy, files.cases[0][side].isolatedBy);
      assert.deepEqual(cluster.unread, []);
    }
  });

  it('knows the pods of a Deployment by its name, and which endpoints are not ready', async () => {
    const { cases, notes }: Json = JSON.parse((await npb(reader, 'explain', 'shop/web', 'svc/orders/api:80', '-o', 'json')).out);
    assert.match(cases[0].from.name, /^shop\/web-/);
    assert.deepEqual([cases[0].from.workload, cases[0].to.workload, cases[0].port], ['Deployment web', 'Deployment api', 8080]);
    assert.ok(notes.includes('Service orders/api: port 80 (http) is the port named http of 1 pod.'));
  });

  it('finds that a cluster does what is expected of it, until a policy opens it, and names that policy', async () => {
    const clean = await npb(reader, 'test', '-f', EXPECTATIONS);
    assert.deepEqual([clean.code, clean.err], [0, ''], clean.out);
    assert.match(clean.out, /\n7 passed, 1 skipped\n$/);
    const opening = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'tmp-debug', namespace: 'db' }, spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] } };
    await plane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(opening) });
    const open = await npb(reader, 'test', '-f', EXPECTATIONS, '-o', 'junit');
    assert.equal(open.code, 1);
    assert.match(open.out, /tests="8" failures="1" errors="0" skipped="1"[^]*<failure message="failed: [^"]*">[^<]*Ingress of db\/postgres-0: allowed by NetworkPolicy db\/tmp-debug, spec\.ingress\[0\]/);
    await admin.delete(`${POLICIES('db')}/tmp-debug`);
    assert.equal((await npb(reader, 'test', '-f', EXPECTATIONS)).code, 0);
  });

  it('prints a fix that the API server takes, and that allows the connection', async () => {
    const fix = await npb(reader, 'explain', 'db/postgres', 'orders/api:8080', '--fix');
    assert.equal(fix.code, 1);
    await plane.kubectl(['apply', '--validate=strict', '-f', '-'], { stdin: fix.out });
    const { code, out } = await npb(reader, 'explain', 'db/postgres', 'orders/api:8080');
    assert.equal(code, 0, out);
  });

  it('names the right that is missing, with exit code 2, or says what it does not know', async () => {
    const blind = await npb(await kubeconfigOf('no-pods', ['namespaces', 'services', 'nodes', 'networkpolicies', 'endpointslices']), 'explain', 'shop/web', 'orders/api:8080');
    assert.deepEqual([blind.code, blind.out], [2, '']);
    assert.match(blind.err, /cannot list resource "pods"/);
    const partly = await npb(await kubeconfigOf('no-policies', ['namespaces', 'services', 'nodes', 'pods', 'endpointslices']), 'explain', 'shop/web', 'orders/api:8080');
    assert.equal(partly.code, 1);
    assert.match(partly.out, /^UNKNOWN[^]*NetworkPolicy could not be read, and one may change this: [^\n]*cannot list resource "networkpolicies"/);
  });
});
