/**
 * Whom an end means in a cluster: pods, addresses, sets of addresses. Nobody is a problem, said with names that are near.
 *
 * Promises: nobody is left out silently. Pods that have finished have no traffic; of hostNetwork pods only those that
 * are named take part in patterns, as selectors of policies do not select them either.
 */
import { contains, parseAddress, type Address } from '../../netpol/address.ts';
import type { Pod } from '../../netpol/model.ts';
import type { WorkloadRef } from '../workloads.ts';
import type { SnapshotPod } from '../world.ts';
import { publicAddresses, setOf, type AddressSet } from './address-space.ts';
import type { Cluster } from './cluster.ts';
import { endText, isKnownKind, prefixOf, quoted, type End, type Problem } from './end.ts';
import { didYouMean, nearNames } from './near-names.ts';
import { listed } from './words.ts';

export type Member =
  | { readonly kind: 'pod'; readonly pod: Pod; readonly workload: WorkloadRef | undefined; /** As it would be typed. */ readonly text: string }
  /** Of a node or Service, or of nobody in the cluster. */
  | { readonly kind: 'address'; readonly ip: string }
  /** `text` as it would be typed. */
  | { readonly kind: 'set'; readonly set: AddressSet; readonly text: string };

export interface Members {
  readonly members: readonly Member[];
  /** For people: what an address is, and so on. */
  readonly notes: readonly string[];
  /** hostNetwork pods that a pattern passed over, as they would be typed. */
  readonly hostNetwork: readonly string[];
}

/** An end that is no Service; those are targets, with ports of their own. */
export type PlainEnd = Exclude<End, { readonly kind: 'service' }>;

/** Credentials of the instance, as AWS, GCP, Azure and others serve them; IPv6 on AWS. */
const METADATA = { IPv4: '169.254.169.254', IPv6: 'fd00:ec2::254' } as const;
export const METADATA_PORT = 80;

export function membersOf(cluster: Cluster, end: PlainEnd): Members | Problem {
  switch (end.kind) {
    case 'name': return byName(cluster, end);
    case 'object': return byKind(cluster, end);
    case 'labels': return hypothetical(cluster, end);
    case 'address': return atAddress(cluster, end);
    case 'range': return inRange(cluster, end);
    case 'internet': return plain(cluster.families.map((family) => ({ kind: 'set', set: publicAddresses(family), text: 'internet' })));
    case 'metadata': return plain(cluster.families.map((family) => ({ kind: 'address', ip: METADATA[family] })));
    case 'every pod': return everyPod(cluster, end.namespace);
  }
}

function plain(members: readonly Member[], ...notes: readonly string[]): Members {
  return { members, notes, hostNetwork: [] };
}

export function memberOf(pod: SnapshotPod): Member {
  return { kind: 'pod', pod, workload: pod.workload, text: podText(pod) };
}

/** A pod that stands for a workload is called as the workload is typed. */
function podText({ namespace, name, hypothetical: isHypothetical, workload }: SnapshotPod): string {
  return isHypothetical && workload !== undefined ? `${prefixOf(workload.kind)}/${namespace}/${workload.name}` : `${namespace}/${name}`;
}

type Named = Extract<End, { readonly kind: 'name' }>;

function byName(cluster: Cluster, end: Named): Members | Problem {
  const pods = podsIn(cluster, end.namespace);
  const pod = pods.find(({ name }) => name === end.name);
  if (pod !== undefined) return onePod(pod);
  const owned = pods.filter(({ workload }) => workload?.name === end.name);
  const kinds = [...new Set(owned.flatMap(({ workload }) => workload?.kind ?? []))].sort();
  if (kinds.length > 1) {
    return { problem: `${quoted(endText(end))} may be ${kinds.length} workloads. Write ${kinds.map((kind) => `${prefixOf(kind)}/${endText(end)}`).join(' or ')}` };
  }
  return owned.length > 0 ? ofWorkload(end, owned) : absent(cluster, end);
}

function byKind(cluster: Cluster, end: Extract<End, { readonly kind: 'object' }>): Members | Problem {
  const pods = podsIn(cluster, end.namespace);
  if (end.apiKind === 'Pod') {
    const pod = pods.find(({ name }) => name === end.name);
    return pod === undefined ? absent(cluster, end) : onePod(pod);
  }
  const isMeant = (kind: string): boolean => kind === end.apiKind || (!isKnownKind(kind) && kind.toLowerCase() === end.apiKind);
  if (!isKnownKind(end.apiKind) && !cluster.pods.some(({ workload }) => workload !== undefined && isMeant(workload.kind))) {
    return { problem: `${quoted(end.apiKind)} in ${quoted(endText(end))} is no kind that can be an end: expected pod, deploy, sts, ds, rs, job, cronjob or svc` };
  }
  const owned = pods.filter(({ workload }) => workload !== undefined && isMeant(workload.kind) && workload.name === end.name);
  return owned.length > 0 ? ofWorkload(end, owned) : absent(cluster, end);
}

function onePod(pod: SnapshotPod): Members {
  const notes = [
    ...(pod.terminal ? [`Pod ${podText(pod)} has finished: its address may be another pod's by now.`] : []),
    ...(pod.hostNetwork ? [`Pod ${podText(pod)} uses the network of its node${pod.node === undefined ? '' : `, ${pod.node}`}: policies do not govern it.`] : []),
  ];
  return plain([memberOf(pod)], ...notes);
}

function ofWorkload(end: End, pods: readonly SnapshotPod[]): Members | Problem {
  const running = pods.filter(({ terminal }) => !terminal);
  if (running.length === 0) return { problem: `all pods of ${endText(end)} have finished, and none has traffic. Name one of them to ask about it`, absent: true };
  return plain(running.map(memberOf));
}

function hypothetical(cluster: Cluster, end: Extract<End, { readonly kind: 'labels' }>): Members | Problem {
  if (!cluster.namespaces.has(end.namespace)) return noNamespace(cluster, end.namespace);
  const text = endText(end);
  const pod: Pod = { namespace: end.namespace, name: text.slice(end.namespace.length + 1), labels: end.labels, ips: [], ports: [], hostNetwork: false, terminal: false };
  return plain([{ kind: 'pod', pod, workload: undefined, text }]);
}

function atAddress(cluster: Cluster, { ip, address }: Extract<End, { readonly kind: 'address' }>): Members {
  const { world } = cluster;
  const found = world.podAt(address);
  const pod = found === undefined ? undefined : podsIn(cluster, found.namespace).find(({ name }) => name === found.name);
  if (pod !== undefined) return plain([memberOf(pod)], `${ip} is the address of pod ${podText(pod)}.`);
  const node = world.nodeAt(address);
  if (node !== undefined) return plain([{ kind: 'address', ip }], `${ip} is the address of node ${node.name}.`);
  const service = cluster.serviceAt(address);
  if (service !== undefined) return plain([{ kind: 'address', ip }], `${ip} is an address of Service ${service.namespace}/${service.name}.`);
  return plain([{ kind: 'address', ip }]);
}

/** Pods and nodes in it, and every address that is nobody's. Services are left to their pods. */
function inRange(cluster: Cluster, { block, cidr }: Extract<End, { readonly kind: 'range' }>): Members {
  const isInside = (ip: string): boolean => {
    const address = parseAddress(ip);
    return address !== undefined && contains(block, address);
  };
  const pods = cluster.pods.filter(({ terminal, hostNetwork, ips }) => !terminal && !hostNetwork && ips.some(isInside));
  const nodes = cluster.nodes.flatMap(({ ips }) => ips.filter(isInside));
  return plain([...pods.map(memberOf), ...nodes.map((ip): Member => ({ kind: 'address', ip })), { kind: 'set', set: setOf(block), text: cidr }]);
}

function everyPod(cluster: Cluster, namespace: string | undefined): Members | Problem {
  if (namespace !== undefined && !cluster.namespaces.has(namespace)) return noNamespace(cluster, namespace);
  return governed(namespace === undefined ? cluster.pods : podsIn(cluster, namespace));
}

/** Of a pattern: what is left when those that policies do not govern are counted out. */
export function governed(pods: readonly SnapshotPod[]): Members {
  const live = pods.filter(({ terminal }) => !terminal);
  return { members: live.filter(({ hostNetwork }) => !hostNetwork).map(memberOf), notes: [], hostNetwork: live.filter(({ hostNetwork }) => hostNetwork).map(podText) };
}

function podsIn(cluster: Cluster, namespace: string): readonly SnapshotPod[] {
  return cluster.podsByNamespace.get(namespace) ?? [];
}

function absent(cluster: Cluster, end: Extract<End, { readonly name: string }>): Problem {
  const { namespace, name } = end;
  if (!cluster.namespaces.has(namespace)) return noNamespace(cluster, namespace);
  const what = end.kind === 'object' ? end.apiKind : 'pod or workload with pods';
  const service = cluster.catalog.service(namespace, name);
  if (service !== undefined) return { problem: `namespace ${namespace} has no ${what} ${quoted(name)}, but a Service of that name. Write svc/${namespace}/${name}`, absent: true };
  const here = podsIn(cluster, namespace).flatMap((pod) => [...(pod.hypothetical ? [] : [pod.name]), ...(pod.workload === undefined ? [] : [pod.workload.name])]);
  const elsewhere = cluster.pods.filter((pod) => pod.name === name || pod.workload?.name === name).map((pod) => `${pod.namespace}/${name}`);
  const near = [...nearNames(name, here).map((each) => `${namespace}/${each}`), ...new Set(elsewhere)].slice(0, 3);
  const more = near.length > 0 ? didYouMean(near) : here.length === 0 ? '. It has no pods at all' : `. It has ${listed([...new Set(here)].sort())}`;
  return { problem: `namespace ${namespace} has no ${what} ${quoted(name)}${more}`, absent: true };
}

/** A namespace that does not exist. */
export function noNamespace(cluster: Cluster, name: string): Problem {
  return { problem: `there is no namespace ${quoted(name)}${didYouMean(nearNames(name, cluster.namespaces.keys()))}`, absent: true };
}

/** A Service that does not exist. */
export function noService(cluster: Cluster, { namespace, name }: { readonly namespace: string; readonly name: string }): Problem {
  if (!cluster.namespaces.has(namespace)) return noNamespace(cluster, namespace);
  const near = nearNames(name, cluster.catalog.services.filter((service) => service.namespace === namespace).map((service) => service.name));
  return { problem: `namespace ${namespace} has no Service ${quoted(name)}${didYouMean(near.map((each) => `svc/${namespace}/${each}`))}`, absent: true };
}

/** Whether a pod, a node or a Service of the cluster has the address. */
export function isTaken(cluster: Cluster): (address: Address) => boolean {
  const { world } = cluster;
  return (address) => world.podAt(address) !== undefined || world.nodeAt(address) !== undefined || world.isService(address);
}
