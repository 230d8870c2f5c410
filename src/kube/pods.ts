/**
 * What is kept of a pod: the few fields that policies look at, in the shape that the evaluator takes.
 *
 * Promises: small, since a cluster has tens of thousands of them; equal labels and ports are shared through the interner.
 */
import { identity, NO_STRINGS, type ObjectRecord, type StringMap, type WireObject } from './objects.ts';

export interface WireContainer { readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[]; readonly restartPolicy?: string }
export interface WirePod extends WireObject {
  spec?: { hostNetwork?: boolean; nodeName?: string; containers?: readonly WireContainer[]; initContainers?: readonly WireContainer[] };
  status?: { phase?: string; podIP?: string; podIPs?: readonly { readonly ip?: string }[] };
}

export interface PodPortRecord { readonly name?: string | undefined; readonly containerPort: number; readonly protocol: 'TCP' | 'UDP' | 'SCTP' }

export interface PodRecord extends ObjectRecord {
  readonly namespace: string;
  readonly labels: StringMap;
  readonly ips: readonly string[];
  readonly ports: readonly PodPortRecord[];
  readonly hostNetwork: boolean;
  /** Succeeded or Failed; a pod that terminates still carries traffic. */
  readonly terminal: boolean;
  readonly node: string | undefined;
}

const NO_IPS: readonly string[] = [];
const NO_PORTS: readonly PodPortRecord[] = [];

/** Shares equal values by their text; see `podInterner`. */
export interface PodInterner {
  labels(labels: Readonly<Record<string, string>> | undefined): StringMap;
  ports(ports: readonly PodPortRecord[]): readonly PodPortRecord[];
  /** Names that many pods have. */
  text(text: string): string;
}

export function parsePod({ metadata, spec = {}, status = {} }: WirePod, intern: PodInterner): PodRecord {
  return {
    ...identity(metadata),
    namespace: intern.text(metadata.namespace ?? ''),
    labels: intern.labels(metadata.labels),
    ips: addressesOf(status),
    ports: intern.ports(portsOf(spec)),
    hostNetwork: spec.hostNetwork === true,
    terminal: status.phase === 'Succeeded' || status.phase === 'Failed',
    node: spec.nodeName === undefined ? undefined : intern.text(spec.nodeName),
  };
}

function addressesOf({ podIP, podIPs = [] }: NonNullable<WirePod['status']>): readonly string[] {
  const ips = podIPs.flatMap(({ ip }) => ip || []);
  if (ips.length > 0) return ips;
  return podIP ? [podIP] : NO_IPS;
}

/** Of containers and of sidecars, which are init containers that go on. */
function portsOf({ containers = [], initContainers = [] }: NonNullable<WirePod['spec']>): PodPortRecord[] {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...containers, ...sidecars].flatMap(({ ports = [] }) => ports.map(portOf));
}

function portOf({ name, containerPort, protocol }: NonNullable<WireContainer['ports']>[number]): PodPortRecord {
  return { ...(name === undefined || name === '' ? {} : { name }), containerPort, protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP' };
}

/** Pods of one workload have equal labels and ports. Forgets all when it holds `limit` texts: sharing is only a saving. */
export function podInterner(limit = 20_000): PodInterner {
  const labelSets = new Map<string, StringMap>();
  const portLists = new Map<string, readonly PodPortRecord[]>();
  const texts = new Map<string, string>();
  return {
    labels: (labels) => (labels === undefined ? NO_STRINGS : shared(labelSets, limit, JSON.stringify(labels), () => new Map(Object.entries(labels)))),
    ports: (ports) => (ports.length === 0 ? NO_PORTS : shared(portLists, limit, JSON.stringify(ports), () => ports)),
    text: (text) => shared(texts, limit, text, () => text),
  };
}

function shared<T>(known: Map<string, T>, limit: number, text: string, create: () => T): T {
  const found = known.get(text);
  if (found !== undefined) return found;
  if (known.size >= limit) known.clear();
  const fresh = create();
  known.set(text, fresh);
  return fresh;
}
