/**
 * How people write the ends of a connection, for `npb explain` and `npb test`: text to a value, nothing looked up.
 *
 *   shop/web                pod of that name, else the workload of that name
 *   deploy/shop/web         that workload; also pod, sts, ds, rs, job, cronjob, svc
 *   web.shop.svc            Service, as its DNS name
 *   shop/{app=web,tier=x}   a pod that need not exist, by its labels
 *   10.0.0.1, [fd00::1]     address;  10.0.0.0/8 is every address in it
 *   internet, metadata      every public address; the address that clouds serve credentials at
 *   *, shop/*               every pod, every pod of a namespace (expectations only)
 */
import { blockOf, parseAddress, type Address, type Block } from '../../netpol/address.ts';
import type { WorkloadKind } from '../workloads.ts';

export type End =
  | { readonly kind: 'name'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'object'; /** Of one that is not known in lower case. */ readonly apiKind: string; readonly namespace: string; readonly name: string }
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'labels'; readonly namespace: string; readonly labels: ReadonlyMap<string, string> }
  | { readonly kind: 'address'; readonly ip: string; readonly address: Address }
  | { readonly kind: 'range'; readonly cidr: string; readonly block: Block }
  | { readonly kind: 'internet' }
  | { readonly kind: 'metadata' }
  /** Absent: of every namespace. */
  | { readonly kind: 'every pod'; readonly namespace: string | undefined };

/** Why a text says nothing, and what would; `absent`: it does, but nobody in the cluster is meant. */
export interface Problem { readonly problem: string; readonly absent?: true }

/** What may stand before `NAMESPACE/NAME`, as kubectl abbreviates it. */
const OBJECT_KINDS: ReadonlyMap<string, 'Pod' | 'Service' | WorkloadKind> = new Map([
  ...named('Pod', 'pods', 'po', 'pod'), ...named('Service', 'service', 'services', 'svc'), ...named('Deployment', 'deployment', 'deployments', 'deploy'),
  ...named('StatefulSet', 'statefulset', 'statefulsets', 'sts'), ...named('DaemonSet', 'daemonset', 'daemonsets', 'ds'),
  ...named('ReplicaSet', 'replicaset', 'replicasets', 'rs'), ...named('Job', 'jobs', 'job'), ...named('CronJob', 'cronjob', 'cronjobs', 'cj'),
]);

function named<T extends string>(kind: T, ...names: readonly string[]): (readonly [string, T])[] {
  return names.map((name) => [name, kind] as const);
}

/** Whether every cluster has the kind: of others there are those that manifests have. */
export function isKnownKind(kind: string): boolean {
  return [...OBJECT_KINDS.values()].some((known) => known === kind);
}

/** The short form of a kind, for telling people what to write. */
export function prefixOf(kind: string): string {
  return [...OBJECT_KINDS].filter(([, known]) => known === kind).at(-1)?.[0] ?? kind.toLowerCase();
}

const DNS_LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const OBJECT_NAME = '[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?';
const NAMED = new RegExp(`^(${DNS_LABEL})/(${OBJECT_NAME})$`);
const OBJECT = new RegExp(`^([A-Za-z]+)/(${DNS_LABEL})/(${OBJECT_NAME})$`);
const SERVICE_DNS = new RegExp(`^(${DNS_LABEL})\\.(${DNS_LABEL})\\.svc(?:\\.[-a-z0-9.]+)?$`);
const LABELS = new RegExp(`^(${DNS_LABEL})/\\{(.*)\\}$`);
const EVERY = new RegExp(`^(?:(${DNS_LABEL})/)?\\*$`);

const FORMS = 'NAMESPACE/NAME of a pod or workload, KIND/NAMESPACE/NAME, svc/NAMESPACE/NAME, NAMESPACE/{label=value}, an address, a range of addresses, internet or metadata';

/** `namespace`: where names are looked up that come without one; absent: they are a mistake. */
export function parseEnd(text: string, namespace?: string): End | Problem {
  for (const reading of READINGS) {
    const found = reading(text, namespace);
    if (found !== undefined) return found;
  }
  return { problem: `${quoted(text)} names no end of a connection: expected ${FORMS}` };
}

type Reading = (text: string, namespace: string | undefined) => End | Problem | undefined;

const READINGS: readonly Reading[] = [
  (text) => (text === 'internet' ? { kind: 'internet' } : text === 'metadata' ? { kind: 'metadata' } : undefined),
  every, address, object, serviceByDns, byLabels, byName, withoutNamespace,
];

function every(text: string): End | undefined {
  const match = EVERY.exec(text);
  return match === null ? undefined : { kind: 'every pod', namespace: match[1] };
}

/** Before names: a namespace has no dots and no colons, so `10.0.0.0/8` cannot be one. */
function address(text: string): End | undefined {
  const ip = text.replace(/^\[(.*)\]$/, '$1');
  const found = parseAddress(ip);
  if (found !== undefined) return { kind: 'address', ip, address: found };
  const block = blockOf(ip);
  return block === undefined ? undefined : { kind: 'range', cidr: ip, block };
}

function object(text: string): End | undefined {
  const [, kindText = '', namespace = '', name = ''] = OBJECT.exec(text) ?? [];
  if (kindText === '') return undefined;
  const kind = OBJECT_KINDS.get(kindText.toLowerCase()) ?? kindText.toLowerCase();
  return kind === 'Service' ? { kind: 'service', namespace, name } : { kind: 'object', apiKind: kind, namespace, name };
}

function serviceByDns(text: string): End | undefined {
  const [, name = '', namespace = ''] = SERVICE_DNS.exec(text) ?? [];
  return name === '' ? undefined : { kind: 'service', namespace, name };
}

function byLabels(text: string): End | Problem | undefined {
  const [, namespace = '', list = ''] = LABELS.exec(text) ?? [];
  if (namespace === '') return undefined;
  const entries = list.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '').map((entry) => entry.split('='));
  const bad = entries.find(([key = '', , ...more]) => key.trim() === '' || more.length > 0) ?? entries.find((parts) => parts.length !== 2);
  if (bad !== undefined) return { problem: `${quoted(bad.join('='))} in ${quoted(text)} is no label: expected key=value` };
  return { kind: 'labels', namespace, labels: new Map(entries.map(([key = '', value = '']) => [key.trim(), value.trim()])) };
}

function byName(text: string): End | undefined {
  const [, namespace = '', name = ''] = NAMED.exec(text) ?? [];
  return name === '' ? undefined : { kind: 'name', namespace, name };
}

function withoutNamespace(text: string, namespace: string | undefined): End | Problem | undefined {
  const isName = new RegExp(`^${DNS_LABEL}$`).test(text);
  if (isName && namespace !== undefined) return { kind: 'name', namespace, name: text };
  if (isName) return { problem: `${quoted(text)} has no namespace: expected NAMESPACE/${text}` };
  if (new RegExp(`^${OBJECT_NAME}$`).test(text)) return { problem: `${quoted(text)} is a host name, and policies know addresses only: expected an address, or NAME.NAMESPACE.svc for a Service` };
  return undefined;
}

/** As it would be typed; the inverse of `parseEnd`. */
export function endText(end: End): string {
  switch (end.kind) {
    case 'name': return `${end.namespace}/${end.name}`;
    case 'object': return `${prefixOf(end.apiKind)}/${end.namespace}/${end.name}`;
    case 'service': return `svc/${end.namespace}/${end.name}`;
    case 'labels': return `${end.namespace}/{${[...end.labels].map(([key, value]) => `${key}=${value}`).join(',')}}`;
    case 'address': return end.ip;
    case 'range': return end.cidr;
    case 'internet': case 'metadata': return end.kind;
    case 'every pod': return end.namespace === undefined ? '*' : `${end.namespace}/*`;
  }
}

/** In an error; what could move the cursor is spelled out. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
