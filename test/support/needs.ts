/** Needs of small clusters, as lines that a test reads. */
import type { KubeObject, Snapshot } from '../../src/analyze/snapshot.ts';
import { needsOf } from '../../src/analyze/needs/needs.ts';
import { needText, type NeedKind } from '../../src/analyze/needs/need.ts';
import { snapshotOfObjects } from './snapshot.ts';

/** `ingress: Deployment edge/nginx -> Service shop/web, port 8080`; of one kind where it is given, then without the kind. */
export function needLines(snapshot: Snapshot, only?: NeedKind): string[] {
  return needsOf(snapshot).needs.filter(({ kind }) => only === undefined || kind === only).map((need) => (only === undefined ? `${need.kind}: ` : '') + needText(need));
}

/** Problems of what cannot be found, each once. */
export function problemsIn(snapshot: Snapshot, only?: NeedKind): string[] {
  return [...new Set(needsOf(snapshot).unresolved.filter(({ kind }) => only === undefined || kind === only).map(({ problem }) => problem))];
}

/** Several objects, as JSON, as one cluster. */
export const cluster = (...documents: readonly string[]): Snapshot => snapshotOfObjects(documents.map((document) => JSON.parse(document) as KubeObject));

interface PodFields { readonly labels?: Record<string, string>; readonly spec?: object; readonly annotations?: Record<string, string>; readonly ip?: string; readonly container?: object; readonly status?: object }

/** `ns/name`, Running, with one container. */
export function pod(id: string, { labels = {}, spec = {}, annotations = {}, ip, container = {}, status = {} }: PodFields = {}): string {
  const [namespace = '', name = ''] = id.split('/');
  return JSON.stringify({
    apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels, annotations, uid: `uid-${id}` },
    spec: { automountServiceAccountToken: false, dnsPolicy: 'Default', containers: [{ name: 'main', ...container }], ...spec },
    status: { phase: 'Running', ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }), ...status },
  });
}

/** `ns/name`; ports as `{ name: [port, targetPort] }`. */
export function service(id: string, selector: Record<string, string> | undefined, ports: Record<string, readonly [number, (number | string)?]>, { spec = {}, metadata = {} }: { spec?: object; metadata?: object } = {}): string {
  const [namespace = '', name = ''] = id.split('/');
  return JSON.stringify({
    apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, ...metadata },
    spec: { ...(selector === undefined ? {} : { selector }), ports: Object.entries(ports).map(([portName, [port, targetPort]]) => ({ name: portName, port, ...(targetPort === undefined ? {} : { targetPort }) })), ...spec },
  });
}

export function object(apiVersion: string, kind: string, id: string, fields: object): string {
  const [name = '', namespace] = id.split('/').reverse();
  return JSON.stringify({ apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, ...fields });
}

/** The API server at 10.0.0.1:6443. */
export const API_SERVER = JSON.stringify({
  apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
});
