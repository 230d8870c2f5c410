/** Audits for tests: of snapshots written as YAML or put together from objects, with the options that most tests want. */
import { auditSnapshot, type AuditOptions } from '../../src/analyze/audit/audit.ts';
import type { Audit, NamespaceAudit } from '../../src/analyze/audit/result.ts';
import type { KubeObject, Snapshot, Sourced } from '../../src/analyze/snapshot.ts';
import type { KindName } from '../../src/kube/kinds.ts';
import type { ObjectMeta } from '../../src/kube/objects.ts';
import { kindOf, snapshotOf } from './snapshot.ts';

export const AUDIT_OPTIONS: AuditOptions = {
  ipBlockMatchesPods: 'yes', systemNamespaces: new Set(['kube-system']), includeSystem: false, includes: () => true, nowMs: Date.parse('2026-06-01T00:00:00Z'),
};

/** Of a cluster, or of files with `{ source: 'files' }`. */
export function auditOf(text: string, fields: Partial<Snapshot> = {}, options: Partial<AuditOptions> = {}): Audit {
  return auditSnapshot(snapshotOf(text, fields), { ...AUDIT_OPTIONS, ...options });
}

export function auditObjects(objects: readonly KubeObject[], fields: Partial<Snapshot> = {}, options: Partial<AuditOptions> = {}): Audit {
  return auditSnapshot(snapshotFrom(objects, fields), { ...AUDIT_OPTIONS, ...options });
}

/** Later objects take the place of earlier ones of the same name. */
export function snapshotFrom(objects: readonly KubeObject[], fields: Partial<Snapshot> = {}): Snapshot {
  const byName = new Map(objects.map((object) => [`${object.apiVersion} ${object.kind} ${object.metadata.namespace}/${object.metadata.name}`, object]));
  const found = new Map<KindName, Sourced[]>();
  for (const object of byName.values()) {
    const kind = kindOf(object);
    if (kind === undefined) throw new Error(`not a known kind: ${object.apiVersion} ${object.kind}`);
    found.set(kind, [...found.get(kind) ?? [], { object, origin: undefined }]);
  }
  return { source: 'cluster', from: 'https://example.test', objects: found, unread: [], ...fields };
}

type Labels = Record<string, string>;

export const aNamespace = (name: string, labels: Labels = {}, more: Partial<ObjectMeta> = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, ...more } });

export interface PodParts { readonly labels?: Labels; readonly ports?: readonly object[]; readonly ip?: string; readonly hostNetwork?: boolean; readonly phase?: string }

/** `namespace/name`. */
export function aPod(id: string, { labels = {}, ports = [], ip = '10.1.0.9', hostNetwork, phase = 'Running' }: PodParts = {}): KubeObject {
  const [namespace = '', name = ''] = id.split('/');
  return {
    apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels, uid: id },
    spec: { containers: [{ name: 'main', ports }], ...(hostNetwork !== undefined && { hostNetwork }) }, status: { phase, podIPs: [{ ip }] },
  };
}

export function aPolicy(id: string, spec: unknown, labels: Labels = {}): KubeObject {
  const [namespace = '', name = ''] = id.split('/');
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace, labels }, spec };
}

export const HTTP = { name: 'http', containerPort: 8080, protocol: 'TCP' } as const;
const DNS_PORTS = [{ name: 'dns', containerPort: 53, protocol: 'UDP' }, { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' }];
export const TO_DNS = {
  to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } }, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
  ports: [{ port: 53, protocol: 'UDP' }, { port: 53, protocol: 'TCP' }],
};

export const denyAll = (namespace: string): KubeObject => aPolicy(`${namespace}/default-deny`, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
export const allowDns = (namespace: string): KubeObject => aPolicy(`${namespace}/allow-dns`, { podSelector: {}, policyTypes: ['Egress'], egress: [TO_DNS] });

/** DNS in kube-system, metrics-server beside it; shop with web and api, closed but for DNS: nothing is found. */
export const CLUSTER: readonly KubeObject[] = [
  aNamespace('kube-system'), aNamespace('shop', { team: 'a' }),
  aPod('kube-system/coredns', { labels: { 'k8s-app': 'kube-dns' }, ports: DNS_PORTS, ip: '10.1.0.2' }),
  aPod('kube-system/metrics-server', { labels: { 'k8s-app': 'metrics-server' }, ip: '10.1.0.3' }),
  aPod('shop/web', { labels: { app: 'web' }, ports: [HTTP], ip: '10.1.0.4' }), aPod('shop/api', { labels: { app: 'api' }, ports: [HTTP], ip: '10.1.0.5' }),
  denyAll('shop'), allowDns('shop'),
];

export function namespaceIn({ namespaces }: Audit, name: string): NamespaceAudit {
  const found = namespaces.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no namespace ${name} among ${namespaces.map((each) => each.name).join(', ')}`);
  return found;
}

/** `LEVEL id` of each finding, in their order. */
export function findingsIn(audit: Audit, namespace = 'shop'): string[] {
  return namespaceIn(audit, namespace).findings.map(({ level, id }) => `${level} ${id}`);
}
