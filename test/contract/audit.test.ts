/**
 * `npb audit` against a real API server, as a process of its own: without CRD and operator, with a ServiceAccount that may only
 * read; the same from a dump of the cluster; and what it says when a right is missing.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import { apiAs, type Api } from '../support/api.ts';
import { aNamespace, allowDns, aPod, aPolicy, denyAll, HTTP } from '../support/audit.ts';
import { eventually } from '../support/eventually.ts';
import type { KubeObject } from '../../src/analyze/snapshot.ts';
import { whenEstablished } from '../control-plane/established.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const READERS = 'readers';

const NAMESPACES = ['shop', 'blog', 'mail', 'legacy'];
const labelled = (app: string) => ({ matchLabels: { app } });
const PODS: readonly KubeObject[] = [
  aPod('kube-system/coredns', { labels: { 'k8s-app': 'kube-dns' }, ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }] }),
  aPod('shop/web', { labels: { app: 'web' }, ports: [HTTP] }), aPod('shop/api', { labels: { app: 'api' }, ports: [HTTP] }), aPod('shop/agent', { labels: { app: 'agent' }, hostNetwork: true }),
  aPod('mail/smtp', { labels: { app: 'smtp' } }),
];
const POLICIES: readonly KubeObject[] = [
  denyAll('shop'), allowDns('shop'), denyAll('mail'),
  aPolicy('shop/tmp-debug', { podSelector: labelled('web'), policyTypes: ['Ingress'], ingress: [{}] }),
  aPolicy('shop/web-to-api', { podSelector: labelled('api'), ingress: [{ from: [{ podSelector: labelled('wbe') }], ports: [{ port: 'http' }, { port: 'metrics' }] }] }),
  aPolicy('shop/internet', { podSelector: labelled('api'), policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }], ports: [{ port: 443 }] }] }),
  aPolicy('mail/or', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ namespaceSelector: labelled('shop') }, { podSelector: labelled('relay') }], ports: [{ port: 25 }] }] }),
];

interface Ended { readonly code: number; readonly out: string; readonly err: string }

/** As somebody calls it. `node` is named, since the tests may run under another one than the launcher would choose. */
function npb(args: readonly string[], kubeconfig?: string): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }) };
  return new Promise((settle) => {
    const child = execFile(process.execPath, ['bin/npb.js', 'audit', ...args], { cwd: ROOT, env, maxBuffer: 64 << 20 }, (_error, out, err) => settle({ code: child.exitCode ?? -1, out, err }));
  });
}

interface Document { readonly source: unknown; readonly unread: readonly { readonly kind: string; readonly why: string }[]; readonly namespaces: readonly { readonly namespace: string; readonly level: string; readonly findings: readonly { readonly id: string; readonly file?: string; readonly line?: number }[] }[] }

const documentOf = ({ out, err }: Ended): Document => {
  assert.ok(out.startsWith('{'), err);
  return JSON.parse(out) as Document;
};

/** What is said, but for where it comes from. */
function said(ended: Ended): unknown {
  const { source: _source, ...rest } = JSON.parse(JSON.stringify(documentOf(ended), (key, value: unknown) => (key === 'file' || key === 'line' ? undefined : value))) as Document;
  return rest;
}

describe('npb audit and a real API server', function () {
  this.timeout(180_000);
  let plane: ControlPlane;
  let admin: Api;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'npb-audit-'));
    plane = await startControlPlane();
    admin = apiAs(plane.adminKubeconfig);
    const list = (items: readonly unknown[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await plane.kubectl(['apply', '-f', '-'], { stdin: list([...NAMESPACES.map((name) => aNamespace(name, { team: name })), aNamespace(READERS)]) });
    for (const name of [...NAMESPACES, 'kube-system']) {
      await eventually(() => admin.get(`/api/v1/namespaces/${name}/serviceaccounts/default`), ({ code }) => assert.equal(code, 200), { withinMs: 30_000 });
    }
    await plane.kubectl(['apply', '-f', '-'], { stdin: list([...PODS.map(written), ...POLICIES]) });
    for (const [index, { metadata }] of PODS.entries()) {
      const address = `10.1.0.${index + 2}`;
      const { code } = await admin.patch(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`, { status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] } });
      assert.equal(code, 200);
    }
  });

  after(async () => {
    await admin?.close();
    await plane?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Of a new ServiceAccount with these rights. */
  async function kubeconfigWith(name: string, rules: readonly { readonly resources: readonly string[]; readonly apiGroups: readonly string[] }[]): Promise<string> {
    const meta = { name: `audit-${name}` };
    const objects = [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: READERS } },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: meta, rules: rules.map((rule) => ({ ...rule, verbs: ['list'] })) },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: meta,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: meta.name }, subjects: [{ kind: 'ServiceAccount', name, namespace: READERS }],
      },
    ];
    await plane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) });
    return plane.serviceAccountKubeconfig(READERS, name);
  }
  const CORE = { apiGroups: [''], resources: ['namespaces', 'pods', 'services', 'nodes'] };
  const NETWORK_POLICIES = { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'] };

  async function dump(): Promise<string> {
    const file = join(folder, 'dump.yaml');
    const { stdout } = await plane.kubectl(['get', 'namespaces,nodes,pods,services,networkpolicies', '--all-namespaces', '-o', 'yaml']);
    await writeFile(file, stdout);
    return file;
  }

  it('says what there is, with rights to read only, without operator and CRD', async () => {
    const kubeconfig = await kubeconfigWith('reader', [CORE, NETWORK_POLICIES]);
    const ended = await npb(['-o', 'json'], kubeconfig);
    assert.equal(ended.code, 1, ended.err);
    const { unread, namespaces } = documentOf(ended);
    assert.deepEqual(unread, []);
    const found = new Map(namespaces.map(({ namespace, level, findings }) => [namespace, `${level} ${[...new Set(findings.map(({ id }) => id))].join(' ')}`]));
    assert.equal(found.get('shop'), 'FAIL defeated except-leaks unknown-label named-port-unresolved host-network');
    assert.equal(found.get('blog'), 'FAIL no-policy');
    assert.equal(found.get('mail'), 'WARN dns-blocked or-for-and unknown-label');
    assert.ok(!found.has('kube-system'));
  });

  it('says the same of a dump of the cluster', async () => {
    for (const flags of [[], ['--include-system', '-l', 'team notin (legacy)', '--ip-block-matches-pods', 'yes']]) {
      const [cluster, file] = await Promise.all([npb(['-o', 'json', ...flags], plane.adminKubeconfig), npb(['-o', 'json', ...flags, '-f', await dump()])]);
      assert.deepEqual([file.code, said(file)], [cluster.code, said(cluster)], flags.join(' '));
    }
  });

  it('shows the lines of the dump', async () => {
    const { namespaces } = documentOf(await npb(['-o', 'json', '-n', 'shop', '-f', await dump()]));
    for (const { id, file, line } of namespaces.flatMap(({ findings }) => findings)) assert.ok(file?.endsWith('dump.yaml') === true && (line ?? 0) > 1, id);
  });

  it('sees a policy that somebody adds, and that it is gone', async () => {
    const levelOf = async (): Promise<string | undefined> => documentOf(await npb(['-o', 'json', '-n', 'mail'], plane.adminKubeconfig)).namespaces[0]?.level;
    assert.equal(await levelOf(), 'WARN');
    await plane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(aPolicy('mail/allow-everything', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] })) });
    const { out, code } = await npb(['-n', 'mail'], plane.adminKubeconfig);
    assert.equal(code, 1);
    assert.match(out, /FAIL defeated: NetworkPolicy mail\/allow-everything \(ingress rule 0\) lets everybody in on every port/);
    await plane.kubectl(['delete', 'networkpolicy', '-n', 'mail', 'allow-everything']);
    assert.equal(await levelOf(), 'WARN');
  });

  it('names the right that is missing, with exit code 2, where nothing can be said without it', async () => {
    for (const [name, rules, right] of [['no-policies', [CORE], 'networkpolicies'], ['no-namespaces', [{ ...CORE, resources: ['pods', 'services'] }, NETWORK_POLICIES], 'namespaces']] as const) {
      const { code, out, err } = await npb([], await kubeconfigWith(name, rules));
      assert.deepEqual([code, out], [2, ''], err);
      assert.match(err, new RegExp(`cannot list resource "${right}"`));
      assert.match(err, /clusterrolebinding/);
    }
  });

  it('says unknown, and which right is missing, where pods may not be read', async () => {
    const ended = await npb(['-o', 'json'], await kubeconfigWith('no-pods', [{ ...CORE, resources: ['namespaces', 'services', 'nodes'] }, NETWORK_POLICIES]));
    const { unread, namespaces } = documentOf(ended);
    assert.deepEqual(unread.map(({ kind }) => kind), ['Pod']);
    assert.match(unread[0]?.why ?? '', /cannot list resource "pods"/);
    const classes = new Map(namespaces.map((each) => [each.namespace, (each as unknown as { ingress: { class: string } }).ingress.class]));
    assert.deepEqual([classes.get('shop'), classes.get('blog')], ['unknown', 'open']);
    assert.match((await npb([], await plane.serviceAccountKubeconfig(READERS, 'no-pods'))).out, /Not read: Pod\. .*cannot list resource "pods"/);
  });

  it('says unknown where policies of another kind are there and may not be read', async () => {
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'ciliumnetworkpolicies.cilium.io' },
      spec: {
        group: 'cilium.io', scope: 'Namespaced', names: { plural: 'ciliumnetworkpolicies', kind: 'CiliumNetworkPolicy' },
        versions: [{ name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
      },
    };
    await plane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(crd) });
    await whenEstablished(plane.kubectl, 'ciliumnetworkpolicies.cilium.io');
    const reader = await plane.serviceAccountKubeconfig(READERS, 'reader');
    const { unread, namespaces } = await eventually(async () => documentOf(await npb(['-o', 'json'], reader)), ({ unread: found }) => assert.equal(found.length, 1), { withinMs: 30_000 });
    assert.match(unread[0]?.why ?? '', /cannot list resource "ciliumnetworkpolicies"/);
    assert.ok(namespaces.every(({ findings }) => findings.some(({ id }) => id === 'opaque-policy')));
    const { unread: none } = documentOf(await npb(['-o', 'json'], plane.adminKubeconfig));
    assert.deepEqual(none, []);
  });

  it('says which cluster does not answer', async () => {
    const { code, err } = await npb(['--kubeconfig', join(folder, 'nothing')]);
    assert.equal(code, 2);
    assert.match(err, /nothing/);
  });
});

/** Without what only a cluster writes; a pod that nobody schedules stays as it is. */
function written({ apiVersion, kind, metadata: { name, namespace, labels }, spec }: KubeObject): unknown {
  const { containers, ...rest } = spec as { containers: readonly object[] };
  return { apiVersion, kind, metadata: { name, namespace, labels }, spec: { ...rest, containers: containers.map((container) => ({ ...container, image: 'registry.example/none:1' })) } };
}
