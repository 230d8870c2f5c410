/**
 * How long a cold start takes to know a large cluster, and what it costs: `node test/bench/sync.ts [namespaces]`.
 *
 * A stand-in API server in a process of its own streams that many namespaces and two policies for each; this process
 * lists and watches them with the operator's client, reflectors, parsers and stores, and prints one line of JSON.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/control/clock.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { inClusterConnection } from '../../src/kube/in-cluster.ts';
import { kubeconfigConnection } from '../../src/kube/kubeconfig.ts';
import { parseNamespace, parsePolicy, type NamespaceRecord, type PolicyRecord } from '../../src/kube/objects.ts';
import { policyInterner } from '../../src/kube/policy-interner.ts';
import { NAMESPACES, NETWORK_POLICIES } from '../../src/kube/resources.ts';
import { startReflector } from '../../src/watch/reflector.ts';
import { createStore } from '../../src/watch/store.ts';
import { createAuthority } from '../control-plane/certificates.ts';

const silent = { debug() {}, info() {}, warn: console.error, error: console.error };

if (process.send === undefined) await measure(Number(process.argv[2] ?? 10_000), process.argv[3] === 'kubeconfig');
else serve(Number(process.argv[2]));

async function measure(namespaces: number, kubeconfig: boolean): Promise<void> {
  const server = fork(import.meta.filename, [String(namespaces)], { execArgv: [] });
  const [{ port, caPem }] = await once(server, 'message') as [{ port: number; caPem: string }];
  const dir = await mkdtemp(join(tmpdir(), 'npb-sync-'));
  await writeFile(join(dir, 'token'), 'token');
  await writeFile(join(dir, 'ca.crt'), caPem);
  const file = join(dir, 'kubeconfig');
  await writeFile(file, JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } }],
    users: [{ name: 'u', user: { token: 'token' } }], contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }], 'current-context': 'c',
  }));
  const startedMs = performance.now();
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) };
  const connection = kubeconfig ? await kubeconfigConnection([file], undefined) : inClusterConnection(env, dir);
  const client = await createKubeClient({ connection, userAgent: 'bench', clock: systemClock });
  const connectMs = performance.now() - startedMs;
  const rssBefore = process.memoryUsage().rss;
  const cpu = process.cpuUsage();
  const syncStartMs = performance.now();
  const intern = policyInterner();
  const known = createStore<NamespaceRecord>();
  const policies = createStore<PolicyRecord>((record) => record.namespace);
  const parts = { client, log: silent, clock: systemClock, onChange() {} };
  const reflectors = await new Promise<{ stop(): Promise<void> }[]>((resolve) => {
    let left = 2;
    const onSynced = (): void => { left -= 1; if (left === 0) resolve(started); };
    const started = [
      startReflector({ ...parts, resource: NAMESPACES, parse: parseNamespace, store: known, onSynced }),
      startReflector({ ...parts, resource: NETWORK_POLICIES, parse: (object) => parsePolicy(object, intern), store: policies, onSynced }),
    ];
  });
  const syncMs = performance.now() - syncStartMs;
  const used = process.cpuUsage(cpu);
  const peakMb = process.resourceUsage().maxRSS / 1024;
  globalThis.gc?.();
  const { heapUsed } = process.memoryUsage();
  console.log(JSON.stringify({
    node: process.version, namespaces: known.size, policies: policies.size, kubeconfig, connectMs: Math.round(connectMs), syncMs: Math.round(syncMs),
    cpuMs: Math.round((used.user + used.system) / 1000), rssBeforeMb: Math.round(rssBefore / 1048576), peakRssMb: Math.round(peakMb), heapMb: Math.round(heapUsed / 1048576),
  }));
  await Promise.all(reflectors.map((reflector) => reflector.stop()));
  await client.close();
  server.kill();
  await rm(dir, { recursive: true });
}

function serve(namespaces: number): void {
  const authority = createAuthority('bench');
  const { certPem, keyPem } = authority.issue({ usage: 'server', commonName: 'bench', ipAddresses: ['127.0.0.1'] });
  const server = createSecureServer({ cert: certPem, key: keyPem });
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    const policies = headers[':path']?.includes('networkpolicies') === true;
    const objects = policies ? namespaces * 2 : namespaces;
    void streamAll(stream, objects, policies ? policyFrame : namespaceFrame);
  });
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port, caPem: authority.certPem }));
}

async function streamAll(stream: ServerHttp2Stream, objects: number, frame: (index: number) => string): Promise<void> {
  for (let from = 0; from < objects; from += 50) {
    let text = '';
    for (let index = from; index < Math.min(from + 50, objects); index += 1) text += frame(index);
    if (!stream.write(text)) await once(stream, 'drain');
  }
  stream.write(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"${objects + 1000}","annotations":{"k8s.io/initial-events-end":"true"}}}}\n`);
}

const uid = (index: number): string => `${String(index).padStart(8, '0')}-cfb1-43b0-b012-84263bd28a05`;

function namespaceFrame(index: number): string {
  const name = `team-${String(index).padStart(6, '0')}`;
  return `${JSON.stringify({ type: 'ADDED', object: { kind: 'Namespace', apiVersion: 'v1', metadata: {
    name, uid: uid(index), resourceVersion: String(1000 + index), creationTimestamp: '2026-11-21T15:51:54Z', labels: { 'kubernetes.io/metadata.name': name, team: `t${index % 50}` },
    managedFields: [{ manager: 'kubectl-create', operation: 'Update', apiVersion: 'v1', time: '2026-11-21T15:51:54Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:kubernetes.io/metadata.name': {}, 'f:team': {} } } } }],
  }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } } })}\n`;
}

function policyFrame(index: number): string {
  const dns = index % 2 === 1;
  const name = dns ? 'allow-dns' : 'default-deny';
  const labels = { 'app.kubernetes.io/managed-by': 'namespace-policy-baseline', 'app.kubernetes.io/part-of': 'namespace-policy-baseline', 'netbaseline.io/baseline': 'default', 'netbaseline.io/template': name };
  const kubeDns = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } }, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } };
  return `${JSON.stringify({ type: 'ADDED', object: { kind: 'NetworkPolicy', apiVersion: 'networking.k8s.io/v1', metadata: {
    name, namespace: `team-${String(index >> 1).padStart(6, '0')}`, uid: uid(index), resourceVersion: String(1000 + index), generation: 1, creationTimestamp: '2026-11-21T15:51:54Z', labels, annotations: { 'netbaseline.io/template-hash': 'a1b2c3d4e5f60718' },
    managedFields: [{ manager: 'namespace-policy-baseline', operation: 'Update', apiVersion: 'networking.k8s.io/v1', time: '2026-11-21T15:51:54Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:metadata': { 'f:annotations': { '.': {}, 'f:netbaseline.io/template-hash': {} }, 'f:labels': Object.fromEntries(Object.keys(labels).map((key) => [`f:${key}`, {}])) }, 'f:spec': { 'f:egress': {}, 'f:policyTypes': {} } } }],
  }, spec: dns ? { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [kubeDns], ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }] }] } : { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } } })}\n`;
}
