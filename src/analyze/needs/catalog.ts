/**
 * The pods of a snapshot with what they run, by workload, and the Services in front of them: what the readers of
 * needs look things up in. Built once per snapshot.
 */
import type { LabelSelector } from '../../api/network-policy.ts';
import { matcherOf } from '../../api/selector.ts';
import { addressKey, parseAddress } from '../../netpol/address.ts';
import { PROTOCOLS, type Pod, type Protocol } from '../../netpol/model.ts';
import { objectsOf, type KubeObject, type Snapshot } from '../snapshot.ts';
import { podTemplateOf } from '../workloads.ts';
import type { SnapshotPod } from '../world.ts';
import { at, itemsOf, numberOf, portNumberOf, textOf, textsOf, type Fields } from './fields.ts';
import type { PodParty } from './need.ts';

/** Pods that are alike: those of one workload, or one that nobody made. */
export interface Workload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly party: PodParty;
  /** Of one of them: templates are equal but while a rollout is under way. */
  readonly spec: Fields;
  readonly annotations: ReadonlyMap<string, string>;
}

export interface ServicePort { readonly name: string | undefined; readonly port: number; readonly target: number | string; readonly protocol: Protocol }

export interface Service {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly headless: boolean;
  readonly externalName: string | undefined;
  readonly ports: readonly ServicePort[];
  /** Absent where its endpoints are written by somebody else. */
  readonly selector: LabelSelector | undefined;
  readonly object: KubeObject;
}

/** Where a Service without a selector leads: the addresses and ports of its EndpointSlices. */
export interface WrittenEndpoints { readonly ips: readonly string[]; readonly ports: readonly { readonly name: string | undefined; readonly port: number; readonly protocol: Protocol }[] }

export interface Catalog {
  readonly snapshot: Snapshot;
  /** Sorted as the snapshot has them. */
  readonly workloads: readonly Workload[];
  readonly services: readonly Service[];
  service(namespace: string, name: string): Service | undefined;
  endpointsOf(namespace: string, service: string): WrittenEndpoints | undefined;
  /** Never terminal ones. */
  podsIn(namespace: string): readonly Pod[];
  podsSelected(namespace: string, selector: LabelSelector): readonly Pod[];
  /** hostNetwork pods have no address of their own. */
  podAt(ip: string): Pod | undefined;
}

/** `all` are the pods of this snapshot. */
export function catalogOf(snapshot: Snapshot, all: readonly SnapshotPod[]): Catalog {
  const pods = all.filter(({ terminal }) => !terminal);
  const byNamespace = Map.groupBy(pods, ({ namespace }) => namespace);
  const services = objectsOf(snapshot, 'Service').map(({ object }) => serviceOf(object));
  const byName = new Map(services.map((service) => [`${service.namespace}/${service.name}`, service]));
  const slices = Map.groupBy(objectsOf(snapshot, 'EndpointSlice').map(({ object }) => object), sliceKey);
  const byAddress = new Map(pods.filter(({ hostNetwork }) => !hostNetwork).flatMap((pod) => pod.ips.map((ip) => [keyOf(ip), pod] as const)));
  const podsIn = (namespace: string): readonly Pod[] => byNamespace.get(namespace) ?? [];
  return {
    snapshot,
    workloads: workloadsOf(pods),
    services,
    service: (namespace, name) => byName.get(`${namespace}/${name}`),
    endpointsOf(namespace, service) {
      const found = slices.get(`${namespace}/${service}`);
      return found === undefined ? undefined : writtenIn(found);
    },
    podsIn,
    podsSelected: (namespace, selector) => podsIn(namespace).filter(({ labels }) => matcherOf(selector)(labels)),
    podAt: (ip) => byAddress.get(keyOf(ip)),
  };
}

function keyOf(ip: string): string {
  const address = parseAddress(ip);
  return address === undefined ? ip : addressKey(address);
}

function workloadsOf(pods: readonly SnapshotPod[]): Workload[] {
  const groups = Map.groupBy(pods, ({ namespace, name, workload }) => (workload === undefined ? `Pod ${namespace}/${name}` : `${workload.kind} ${namespace}/${workload.name}`));
  return [...groups].flatMap(([text, alike]) => {
    const [first] = alike;
    const template = first === undefined ? undefined : podTemplateOf(first.object);
    if (first === undefined || template === undefined) return [];
    const { namespace, workload = { kind: 'Pod', name: first.name } } = first;
    const party: PodParty = { kind: 'pods', name: text, namespace, pods: alike, selector: undefined };
    return [{ ...workload, namespace, party, spec: template.spec, annotations: textsOf(template.metadata.annotations) }];
  });
}

function serviceOf(object: KubeObject): Service {
  const { metadata: { namespace = '', name } } = object;
  const spec = at(object, 'spec');
  const selector = textsOf(at(spec, 'selector'));
  return {
    namespace, name, object,
    type: textOf(at(spec, 'type')) ?? 'ClusterIP',
    headless: at(spec, 'clusterIP') === 'None',
    externalName: textOf(at(spec, 'externalName')),
    ports: itemsOf(at(spec, 'ports')).flatMap(servicePortOf),
    selector: selector.size === 0 ? undefined : { matchLabels: Object.fromEntries(selector) },
  };
}

function servicePortOf(entry: unknown): ServicePort[] {
  const port = portNumberOf(at(entry, 'port'));
  if (port === undefined) return [];
  const target = at(entry, 'targetPort');
  return [{ name: textOf(at(entry, 'name')), port, target: numberOf(target) || textOf(target) || port, protocol: protocolOf(at(entry, 'protocol')) }];
}

export function protocolOf(value: unknown): Protocol {
  return PROTOCOLS.find((protocol) => protocol === value) ?? 'TCP';
}

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

function sliceKey({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${textsOf(metadata.labels).get(SERVICE_NAME_LABEL) ?? ''}`;
}

function writtenIn(slices: readonly KubeObject[]): WrittenEndpoints {
  const ips = slices.flatMap((slice) => itemsOf(slice['endpoints']).filter((endpoint) => at(endpoint, 'conditions', 'ready') !== false)
    .flatMap((endpoint) => itemsOf(at(endpoint, 'addresses')).flatMap((ip) => textOf(ip) ?? [])));
  const ports = slices.flatMap((slice) => itemsOf(slice['ports']).flatMap((entry) => {
    const port = portNumberOf(at(entry, 'port'));
    return port === undefined ? [] : [{ name: textOf(at(entry, 'name')), port, protocol: protocolOf(at(entry, 'protocol')) }];
  }));
  const distinct = new Map(ports.map((entry) => [`${entry.name} ${entry.port} ${entry.protocol}`, entry]));
  return { ips: [...new Set(ips)].sort(), ports: [...distinct.values()] };
}
