/**
 * Where names are resolved in a cluster, and whether a pod may ask there.
 *
 * The pods behind the cluster's DNS Service, else pods with the labels that distributions give them, else, where no such pod
 * is known, a pod as it would be. A cache on the node (NodeLocal DNSCache) is another way to the same names.
 */
import { compileSelector } from '../../netpol/compile-selector.ts';
import { applyingTo, evaluate } from '../../netpol/evaluate.ts';
import { parseAddress } from '../../netpol/address.ts';
import { NAMESPACE_NAME_LABEL, type Endpoint, type Pod, type PodPort, type PolicyRef, type Protocol } from '../../netpol/model.ts';
import type { World } from '../../netpol/world.ts';
import { DNS_PLACES, dnsServicesAmong, type DnsPlace } from '../dns-services.ts';
import type { Inventory } from './inventory.ts';
import { labelsKey } from './label-index.ts';

/** A Service as far as it matters here. */
export interface DnsService {
  readonly namespace: string;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly selector: Readonly<Record<string, string>>;
  readonly ips: readonly string[];
  readonly ports: readonly { readonly port: number; readonly protocol: string; readonly targetPort: number | string | undefined }[];
}

/** One place to ask, with the port there. */
interface Resolver { readonly to: Endpoint; readonly ports: Readonly<Record<DnsProtocol, number>> }
const DNS_PROTOCOLS = ['UDP', 'TCP'] as const satisfies readonly Protocol[];
type DnsProtocol = (typeof DNS_PROTOCOLS)[number];

export interface Dns {
  readonly resolvers: readonly Resolver[];
  /** Pods among them, of each set of labels one. */
  readonly pods: readonly Pod[];
  /** No DNS pod is known: these are as they usually are. */
  readonly isAssumed: boolean;
  /** For messages, for example `kube-system/kube-dns`. */
  readonly name: string;
  /** The peer that selects its pods, for messages. */
  readonly peer: string;
}

const CACHE = { namespace: 'kube-system', key: 'k8s-app', value: 'node-local-dns', port: 53 } as const;
/** Where such a cache listens on each node. */
const CACHE_ADDRESS = '169.254.20.10';

export function findDns(services: readonly DnsService[], inventory: Inventory): Dns {
  const { pods, name, selector, isAssumed } = behindServices(services, inventory) ?? atPlaces(inventory) ?? ASSUMED;
  const resolvers: Resolver[] = pods.map(({ pod, ports }) => ({ to: { pod }, ports }));
  const addresses = dnsServicesAmong(services).flatMap(({ ips }) => ips).filter((ip) => parseAddress(ip) !== undefined);
  const caches = podsAt(CACHE, inventory);
  if (caches.some(({ hostNetwork }) => hostNetwork)) addresses.push(CACHE_ADDRESS);
  for (const to of [...oneOfEach(caches.filter(({ hostNetwork }) => !hostNetwork)).map((pod) => ({ pod })), ...addresses.map((ip) => ({ ip }))]) resolvers.push({ to, ports: { UDP: 53, TCP: 53 } });
  const [namespace = ''] = name.split('/');
  const labels = Object.entries(selector).map(([key, value]) => `${key}: ${value}`).join(', ');
  return {
    resolvers, pods: pods.map(({ pod }) => pod), isAssumed, name,
    peer: `namespaceSelector {matchLabels: {${NAMESPACE_NAME_LABEL}: ${namespace}}} and podSelector {matchLabels: {${labels}}}`,
  };
}

interface PodWithPorts { readonly pod: Pod; readonly ports: Resolver['ports'] }
interface FoundDns { readonly pods: readonly PodWithPorts[]; readonly name: string; readonly selector: Readonly<Record<string, string>>; readonly isAssumed: boolean }

function behindServices(services: readonly DnsService[], inventory: Inventory): FoundDns | undefined {
  for (const service of dnsServicesAmong(services)) {
    if (Object.keys(service.selector).length === 0) continue;
    const pods = oneOfEach([...inventory.podsOf(service.namespace).matching(compileSelector({ matchLabels: service.selector }))]);
    if (pods.length === 0) continue;
    return { pods: pods.map((pod) => ({ pod, ports: { UDP: targetPort(service, 'UDP', pod), TCP: targetPort(service, 'TCP', pod) } })), name: `${service.namespace}/${service.name}`, selector: service.selector, isAssumed: false };
  }
  return undefined;
}

function targetPort({ ports }: DnsService, protocol: DnsProtocol, pod: Pod): number {
  const target = ports.find((each) => each.port === 53 && each.protocol === protocol)?.targetPort;
  if (typeof target === 'number') return target;
  return pod.ports.find((declared) => declared.name === target && declared.protocol === protocol)?.containerPort ?? 53;
}

function atPlaces(inventory: Inventory): FoundDns | undefined {
  for (const place of DNS_PLACES) {
    const pods = oneOfEach(podsAt(place, inventory));
    if (pods.length > 0) return { pods: pods.map((pod) => ({ pod, ports: { UDP: place.port, TCP: place.port } })), name: `${place.namespace}/${place.value}`, selector: { [place.key]: place.value }, isAssumed: false };
  }
  return undefined;
}

function podsAt({ namespace, key, value }: DnsPlace, inventory: Inventory): Pod[] {
  return [...inventory.podsOf(namespace).matching(compileSelector({ matchLabels: { [key]: value } }))].filter(({ terminal }) => !terminal);
}

/** Every place where it could be: a rule for any of them is right somewhere. */
const ASSUMED: FoundDns = {
  pods: DNS_PLACES.map(({ namespace, key, value, port }) => ({ pod: hypothetical(namespace, new Map([[key, value]]), port), ports: { UDP: port, TCP: port } })),
  name: 'kube-system/kube-dns', selector: { 'k8s-app': 'kube-dns' }, isAssumed: true,
};

function hypothetical(namespace: string, labels: Pod['labels'], port: number): Pod {
  const ports: PodPort[] = [{ name: 'dns', containerPort: port, protocol: 'UDP' }, { name: 'dns-tcp', containerPort: port, protocol: 'TCP' }];
  return { namespace, name: 'dns', labels, ips: [], ports, hostNetwork: false, terminal: false };
}

/** Replicas are alike. */
function oneOfEach(pods: readonly Pod[]): Pod[] {
  return [...new Map(pods.filter(({ terminal }) => !terminal).toReversed().map((pod) => [labelsKey(pod.labels), pod])).values()].reverse();
}

/** Whether policies on the side of the DNS pods have a say. */
export function isGuarded(world: World, { resolvers }: Dns): boolean {
  return resolvers.some(({ to }) => {
    if (!('pod' in to)) return false;
    const { isolating, clusterPolicies } = applyingTo(world, { pod: to.pod, namespace: world.namespace(to.pod.namespace) }, 'Ingress');
    return isolating.length + clusterPolicies.length > 0;
  });
}

export interface DnsAnswer {
  /** Protocols over which no resolver answers; `TCP` alone leaves long answers out. */
  readonly blocked: readonly DnsProtocol[];
  /** Whether it is the policies on the DNS pods that deny, and which ones isolate them. */
  readonly deniedThere: readonly PolicyRef[];
}

/** What is not certain does not count as blocked. */
export function mayResolve(world: World, pod: Pod, { resolvers }: Dns): DnsAnswer {
  const blocked: DnsProtocol[] = [];
  let deniedThere: readonly PolicyRef[] = [];
  for (const protocol of DNS_PROTOCOLS) {
    const answers = resolvers.map(({ to, ports }) => evaluate(world, { from: { pod }, to, protocol, port: ports[protocol], throughService: true }));
    if (answers.some(({ verdict }) => verdict !== 'denied')) continue;
    blocked.push(protocol);
    deniedThere = answers.find(({ egress }) => egress.verdict !== 'denied')?.ingress.isolating ?? deniedThere;
  }
  return { blocked, deniedThere };
}
