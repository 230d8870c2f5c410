/**
 * `npb preview` and `npb render` against a real API server, as processes of their own, with a ServiceAccount that may only
 * list: what they say is what the operator then does, and nothing is written by saying it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { hashedSpec } from '../../src/api/canonical.ts';
import { markAudit, readAudit } from '../control-plane/audit-log.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { POLICIES, type Json } from '../support/api.ts';
import { startInstalled } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { aWorld, type World } from '../support/world.ts';
import { whenEstablished } from '../control-plane/established.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Ended { readonly code: number; readonly out: string; readonly err: string }

/** As somebody calls it. */
function npb(args: readonly string[], kubeconfig?: string): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }) };
  return new Promise((settle) => {
    const child = execFile(process.execPath, ['bin/npb.js', ...args], { cwd: ROOT, env, maxBuffer: 64 << 20 }, (_error, out, err) => settle({ code: child.exitCode ?? -1, out, err }));
  });
}

function previewOf({ out, err }: Ended): Json {
  assert.ok(out.startsWith('{'), err);
  return JSON.parse(out);
}

const labelled = (app: string): Json => ({ 'app.kubernetes.io/name': app });
/** The control plane of tests makes no pods of a Deployment. */
const pod = (namespace: string, name: string, spec: Json, labels: Json = { app: name }): Json => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels }, spec: { automountServiceAccountToken: false, ...spec },
});
const container = (name: string, fields: Json = {}): Json => ({ containers: [{ name, image: 'none', ...fields }] });
const service = (namespace: string, name: string, selector: Json, port: Json): Json => ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels: { metrics: 'yes' } }, spec: { selector, ports: [{ name: 'main', ...port }] } });

const CLUSTER: readonly Json[] = [
  // The control plane of tests writes no EndpointSlice for itself.
  {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.10'] }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
  },
  pod('kube-system', 'coredns', { dnsPolicy: 'Default', ...container('coredns') }, { 'k8s-app': 'kube-dns' }),
  // A webhook with a rule for objects that nobody makes: it is never called.
  pod('hooks', 'guard', container('guard', { ports: [{ name: 'https', containerPort: 9443 }] })), service('hooks', 'guard', { app: 'guard' }, { port: 443, targetPort: 'https' }),
  {
    apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'guard' },
    webhooks: [{ name: 'guard.example.com', clientConfig: { service: { namespace: 'hooks', name: 'guard' } }, admissionReviewVersions: ['v1'], sideEffects: 'None', rules: [{ apiGroups: ['nobody.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['things'] }] }],
  },
  // Pods that use the API.
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'agent', namespace: 'hooks' } },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'agent' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [{ kind: 'ServiceAccount', name: 'agent', namespace: 'hooks' }] },
  pod('hooks', 'agent', { serviceAccountName: 'agent', automountServiceAccountToken: true, ...container('agent') }),
  // An ingress controller, Prometheus, and an application.
  { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
  pod('edge', 'nginx', container('nginx'), { ...labelled('ingress-nginx'), 'app.kubernetes.io/component': 'controller' }),
  { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web', namespace: 'shop' }, spec: { ingressClassName: 'nginx', defaultBackend: { service: { name: 'web', port: { name: 'main' } } } } },
  pod('shop', 'web', container('web', { ports: [{ name: 'http', containerPort: 8080 }], env: [{ name: 'STOCK_URL', value: 'http://stock.shop.svc:8080' }] })), service('shop', 'web', { app: 'web' }, { port: 80, targetPort: 'http' }),
  pod('shop', 'stock', container('stock')), service('shop', 'stock', { app: 'stock' }, { port: 8080 }),
  pod('mon', 'prometheus', container('prometheus'), labelled('prometheus')),
  // Somebody's policy of a planned name, and one that closes what is needed already.
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'allow-dns', namespace: 'edge' }, spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: {} }] }] } },
];
const MONITORS: readonly Json[] = [{
  apiVersion: 'monitoring.coreos.com/v1', kind: 'ServiceMonitor', metadata: { name: 'all', namespace: 'mon' }, spec: { selector: { matchLabels: { metrics: 'yes' } }, namespaceSelector: { matchNames: ['shop'] }, endpoints: [{ port: 'main' }] },
}];
const MONITOR_CRD: Json = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'servicemonitors.monitoring.coreos.com', annotations: { 'api-approved.kubernetes.io': 'https://github.com/prometheus-operator' } },
  spec: {
    group: 'monitoring.coreos.com', scope: 'Namespaced', names: { kind: 'ServiceMonitor', plural: 'servicemonitors', singular: 'servicemonitor', listKind: 'ServiceMonitorList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
  },
};
const NAMESPACES = ['hooks', 'edge', 'shop', 'mon'];

describe('preview and render', function () {
  this.timeout(240_000);
  let plane: ControlPlane;
  let world: World;
  let folder: string;
  let reader: string;
  const files = { baseline: '', suggested: '' };

  const apply = (items: readonly Json[]): Promise<unknown> => plane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) });
  const baselineFile = async (name: string, spec: Json): Promise<string> => {
    const path = join(folder, `${name}.yaml`);
    await writeFile(path, JSON.stringify({ apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name }, spec: { namespaceSelector: { matchLabels: { tested: 'yes' } }, ...spec } }));
    return path;
  };
  const preview = (file: string): Promise<Ended> => npb(['preview', '-f', file, '-o', 'json', '-l', 'tested=yes'], reader);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'npb-preview-'));
    plane = await startInstalled();
    world = await aWorld(plane);
    await apply([MONITOR_CRD, ...NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { tested: 'yes' } } })), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'readers' } }]);
    await whenEstablished(plane.kubectl, MONITOR_CRD.metadata.name);
    for (const name of [...NAMESPACES, 'kube-system']) await eventually(() => world.admin.get(`/api/v1/namespaces/${name}/serviceaccounts/default`), ({ code }) => assert.equal(code, 200), { withinMs: 30_000 });
    await apply(CLUSTER.toSorted((a, b) => Number(a.kind === 'Pod') - Number(b.kind === 'Pod'))); // their ServiceAccounts first
    await apply([...MONITORS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reader', namespace: 'readers' } },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'reader' }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['list'] }] },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'reader' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' }, subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: 'readers' }] }]);
    reader = await plane.serviceAccountKubeconfig('readers', 'reader');
    for (const [index, { metadata }] of CLUSTER.filter(({ kind }) => kind === 'Pod').entries()) {
      const podIP = `10.88.0.${index + 1}`;
      const { code } = await world.admin.patch(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`, { status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }] } });
      assert.equal(code, 200);
    }
    files.baseline = await baselineFile('default', {});
    files.suggested = join(folder, 'suggested.yaml');
  });
  after(async () => {
    await world?.end();
    await plane?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('says what would be written, and what of what is needed would be cut, and writes nothing', async () => {
    const mark = markAudit(plane.auditLogPath ?? '');
    const ended = await npb(['preview', '-f', files.baseline, '-o', 'json', '-l', 'tested=yes', '--suggest', files.suggested], reader);
    assert.equal(ended.code, 1, ended.err);
    const { baselines, namespaces, cuts, unresolved, unread } = previewOf(ended);
    assert.deepEqual([baselines, unread, unresolved], [[{ name: 'default', change: 'new' }], [], []]);
    assert.deepEqual(namespaces.map(({ namespace, state, changes }: Json) => `${namespace} ${state}: ${changes.map(({ action, policy }: Json) => `${action} ${policy}`).join(', ')}`), [
      'edge conflicted: create default-deny', 'hooks protected: create allow-dns, create default-deny', 'mon protected: create allow-dns, create default-deny', 'shop protected: create allow-dns, create default-deny',
    ]);
    assert.deepEqual(cuts.map(({ need, text, kept }: Json) => `${need}: ${text}${kept === true ? '' : ' (not kept)'}`), [
      'admission webhook: API server -> Service hooks/guard, port 9443',
      'API server: Pod hooks/agent -> API server, port 6443',
      'ingress: Pod edge/nginx -> Service shop/web, port 8080',
      'scrape: Pod mon/prometheus -> Service shop/stock, port 8080',
      'scrape: Pod mon/prometheus -> Service shop/web, port 8080',
      'service: Pod shop/web -> Service shop/stock, port 8080',
    ]);
    const events = await eventually(() => readAudit(plane.auditLogPath ?? '', mark), (found) => assert.ok(found.some(({ user, resource }) => user === 'system:serviceaccount:readers:reader' && resource === 'networkpolicies')));
    assert.deepEqual(new Set(events.filter(({ user }) => user === 'system:serviceaccount:readers:reader').map(({ verb }) => verb)), new Set(['list']));
    assert.deepEqual(events.filter(({ resource, verb }) => (resource === 'networkpolicies' || resource === 'namespacepolicybaselines') && verb !== 'list' && verb !== 'watch'), []);
  });

  it('says the same of a dump of the cluster', async () => {
    const kinds = 'ns,po,no,svc,sa,endpointslices,ing,ingressclasses,netpol,validatingwebhookconfigurations,mutatingwebhookconfigurations,apiservices,crd,roles,clusterroles,rolebindings,clusterrolebindings,servicemonitors,npb';
    const dump = join(folder, 'dump.json');
    await writeFile(dump, (await plane.kubectl(['get', kinds, '--all-namespaces', '-o', 'json'])).stdout);
    const [cluster, file] = (await Promise.all([preview(files.baseline), npb(['preview', '-f', files.baseline, '-o', 'json', '-l', 'tested=yes', '--manifests', dump])])).map((ended): Json => {
      const { source: _source, ...rest } = previewOf(ended);
      return rest;
    });
    assert.ok(cluster.cuts.length > 0);
    assert.deepEqual(file, cluster);
  });

  it('cannot say what would be cut without the right to list pods, and says so', async () => {
    await apply([{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'half', namespace: 'readers' } },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'half' }, rules: [{ apiGroups: ['', 'networking.k8s.io', 'netbaseline.io'], resources: ['namespaces', 'services', 'networkpolicies', 'namespacepolicybaselines'], verbs: ['list'] }] },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'half' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'half' }, subjects: [{ kind: 'ServiceAccount', name: 'half', namespace: 'readers' }] }]);
    const half = await plane.serviceAccountKubeconfig('readers', 'half');
    const { code, out, err } = await npb(['preview', '-f', files.baseline], half);
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /what would be cut can be said only with all pods and Services\.\n.*pods/);
    assert.equal((await npb(['render', '-f', files.baseline, '--live', '-n', 'shop'], half)).code, 0);
  });

  it('with the suggested policies nothing would be cut', async () => {
    const ended = await preview(files.suggested);
    assert.equal(ended.code, 0, ended.out);
    assert.deepEqual(previewOf(ended).cuts, []);
  });

  it('what render prints, a real API server takes, as it is', async () => {
    const ended = await npb(['render', '-f', files.suggested, '--live', '-o', 'yaml'], reader);
    assert.equal(ended.code, 0, ended.err);
    assert.match(ended.err, /^edge: allow-dns: a policy of that name is there and is not ours/m);
    const { stdout } = await plane.kubectl(['apply', '--server-side', '--dry-run=server', '-o', 'json', '-f', '-'], { stdin: ended.out });
    const [sent, taken] = [parseAllDocuments(ended.out).map((document): Json => document.toJS()), JSON.parse(stdout).items as Json[]];
    assert.ok(sent.length > 8);
    assert.deepEqual(taken.map(({ metadata: { namespace, name, labels, annotations }, spec }: Json) => ({ namespace, name, labels, annotations, hash: hashedSpec(spec).hash })),
      sent.map(({ metadata: { namespace, name, labels, annotations }, spec }) => ({ namespace, name, labels, annotations, hash: hashedSpec(spec).hash })));
  });

  it('after it is applied, the operator has done what the preview said', async () => {
    const said = previewOf(await preview(files.suggested));
    const rendered = parseAllDocuments((await npb(['render', '-f', files.suggested, '--live'], reader)).out).map((document): Json => document.toJS());
    await plane.kubectl(['apply', '-f', files.suggested]);
    const operator = await world.operator();
    await world.applied('default');
    for (const { namespace, changes } of said.namespaces) {
      const wanted = changes.map(({ policy }: Json) => policy as string);
      await world.becomes(namespace, ...new Set<string>([...wanted, ...(namespace === 'edge' ? ['allow-dns'] : [])]));
      for (const [name, { metadata, spec }] of await world.policies(namespace)) {
        const same = rendered.find((each) => each.metadata.namespace === namespace && each.metadata.name === name);
        if (wanted.includes(name)) assert.deepEqual([metadata.labels, metadata.annotations, hashedSpec(spec).hash], [same?.metadata.labels, same?.metadata.annotations, hashedSpec(same?.spec).hash], `${namespace}/${name}`);
      }
    }
    const again = await preview(files.suggested);
    assert.equal(again.code, 0, again.out);
    const { baselines, namespaces, held, cuts } = previewOf(again);
    assert.deepEqual([baselines, held, cuts, namespaces.flatMap(({ changes }: Json) => changes)], [[{ name: 'default', change: 'same' }], [], [], []]);
    const { out } = await npb(['explain', 'namespace', 'edge'], reader);
    assert.match(out, /allow-dns: not ours, and left \(adoptionPolicy: Refuse\); for default/);
    assert.match(out, /Nothing would be written\./);
    await operator.stop();
  });

  it('says that removals would be held, and they are', async () => {
    const narrowed = await baselineFile('default', { namespaceSelector: { matchLabels: { tested: 'no' } } });
    const { held, namespaces } = previewOf(await preview(narrowed));
    assert.deepEqual(held.map((each: Json) => each.namespaces), [['edge', 'hooks', 'mon', 'shop']]);
    assert.deepEqual(namespaces.flatMap(({ changes }: Json) => changes.filter(({ policy }: Json) => policy === 'default-deny')), []);
    await plane.kubectl(['apply', '-f', narrowed]);
    const operator = await world.operator();
    const status = await world.status('default', ({ held: found }) => assert.equal(found?.token, held[0].token), { withinMs: 15_000 });
    assert.equal(status.held.namespaces, 4);
    assert.ok((await world.policyNames('shop')).includes('default-deny'));
    await operator.stop();
  });

  it('what was rendered and applied without an operator, the operator takes over without a write', async () => {
    const name = 'gitops';
    await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'kept-in': 'git' } } }]);
    const file = await baselineFile('gitops', { namespaceSelector: { matchLabels: { 'kept-in': 'git' } }, policies: [{ name: 'allow-same', owner: 'me', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] } }] });
    const { out } = await npb(['render', '-f', file, '-n', name, '--labels', 'kept-in=git']);
    await plane.kubectl(['apply', '-f', '-'], { stdin: out });
    const versions = async (): Promise<Json> => (await world.admin.get(POLICIES(name))).body.items.map(({ metadata }: Json) => [metadata.name, metadata.uid, metadata.resourceVersion]);
    const before = await versions();
    assert.deepEqual(before.map(([policy]: Json) => policy), ['allow-dns', 'allow-same', 'default-deny']);
    await plane.kubectl(['apply', '-f', file]);
    const operator = await world.operator();
    const status = await world.applied('gitops');
    assert.equal(status.protected, '1/1');
    assert.deepEqual(await versions(), before);
    await operator.stop();
  });
});
