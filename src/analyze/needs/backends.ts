/**
 * Where a connection to a Service ends: policies see the pods behind it and the ports of those, not the Service.
 *
 * A named target port may be another number in each pod, so that one port of a Service can be several ends.
 */
import type { Pod, Protocol } from '../../netpol/model.ts';
import type { Catalog, Service, ServicePort, WrittenEndpoints } from './catalog.ts';
import { textsOf } from './fields.ts';
import type { AddressParty, Party, PodParty } from './need.ts';

export interface Backend { readonly to: Party; readonly port: number; readonly protocol: Protocol }
/** Why there is none; equal for equal causes. */
export interface NoBackend { readonly problem: string; /** Only the port that was asked for is not there. */ readonly portless?: true }

/** `port`: number or name of a port of the Service; absent: all of them. */
export interface ServiceRef { readonly namespace: string; readonly name: string; readonly port?: number | string | undefined }

export function isMissing<T extends object>(found: T | NoBackend): found is NoBackend {
  return 'problem' in found;
}

export function backendsOf(catalog: Catalog, { namespace, name, port }: ServiceRef): readonly Backend[] | NoBackend {
  const service = catalog.service(namespace, name);
  if (service === undefined) return { problem: `Service ${namespace}/${name} does not exist` };
  if (service.externalName !== undefined) return { problem: `Service ${namespace}/${name} is a name for ${service.externalName}, outside of the cluster` };
  const ports = service.ports.filter((each) => port === undefined || each.port === port || each.name === port);
  if (ports.length === 0) return { problem: `Service ${namespace}/${name} has no port ${port ?? 'at all'}`, portless: true };
  return service.selector === undefined ? written(catalog, service, ports) : selected(catalog, service, ports);
}

function selected(catalog: Catalog, service: Service, ports: readonly ServicePort[]): readonly Backend[] | NoBackend {
  const { namespace, name, selector = {} } = service;
  const pods = catalog.podsSelected(namespace, selector);
  if (pods.length === 0) return { problem: `Service ${namespace}/${name} selects no pod` };
  const backends = ports.flatMap((port) => portBackends(partyOf(service, pods), port));
  return backends.length > 0 ? backends : { problem: `no pod of Service ${namespace}/${name} has a port called ${ports.map(({ target }) => target).join(' or ')}` };
}

/** `undefined` where it selects none. */
export function podsBehind(catalog: Catalog, service: Service): PodParty | undefined {
  const pods = service.selector === undefined ? [] : catalog.podsSelected(service.namespace, service.selector);
  return pods.length === 0 ? undefined : partyOf(service, pods);
}

function partyOf({ namespace, name, selector, headless }: Service, pods: readonly Pod[]): PodParty {
  return { kind: 'pods', name: `Service ${namespace}/${name}`, namespace, pods, selector, ...(headless ? {} : { throughService: true }) };
}

function portBackends(party: PodParty, { target, protocol }: Pick<ServicePort, 'target' | 'protocol'>): Backend[] {
  if (typeof target === 'number') return [{ to: party, port: target, protocol }];
  return namedBackends(party, target, protocol);
}

/** One for each number that the name stands for; pods that do not have it are left out. */
export function namedBackends(party: PodParty, portName: string, protocol?: Protocol): Backend[] {
  const ends = party.pods.flatMap((pod) => pod.ports
    .filter((port) => port.name === portName && (protocol === undefined || port.protocol === protocol))
    .map((port) => ({ pod, port: port.containerPort, protocol: port.protocol })));
  return [...Map.groupBy(ends, (end) => `${end.port}/${end.protocol}`).values()].flatMap((alike) => {
    const [first] = alike;
    return first === undefined ? [] : [{ to: { ...party, pods: alike.map(({ pod }) => pod) }, port: first.port, protocol: first.protocol }];
  });
}

/** Endpoints that are written by hand or by a controller: addresses, or pods where they are addresses of pods. */
function written(catalog: Catalog, { namespace, name }: Service, ports: readonly ServicePort[]): readonly Backend[] | NoBackend {
  const endpoints = catalog.endpointsOf(namespace, name);
  if (endpoints === undefined || endpoints.ips.length === 0) return { problem: `Service ${namespace}/${name} has no selector and no endpoints` };
  const parties = partiesAt(catalog, `Service ${namespace}/${name}`, endpoints.ips);
  return ports.flatMap((port) => parties.map((to) => ({ to, port: writtenPort(endpoints, port), protocol: port.protocol })));
}

function writtenPort({ ports }: WrittenEndpoints, { name, target, port }: ServicePort): number {
  return ports.find((entry) => entry.name === name)?.port ?? (typeof target === 'number' ? target : port);
}

/** Addresses of pods as the pods they belong to, one party for each of their namespaces. */
export function partiesAt(catalog: Catalog, name: string, ips: readonly string[]): Party[] {
  const found = ips.map((ip) => ({ ip, pod: catalog.podAt(ip) }));
  const pods = [...new Set(found.flatMap(({ pod }) => pod ?? []))];
  const outside = found.filter(({ pod }) => pod === undefined).map(({ ip }) => ip);
  const ofPods = [...Map.groupBy(pods, ({ namespace }) => namespace)].map(([namespace, some]): PodParty => ({ kind: 'pods', name, namespace, pods: some, selector: undefined }));
  const addresses: AddressParty[] = outside.length === 0 ? [] : [{ kind: 'addresses', name, ips: outside }];
  return [...ofPods, ...addresses];
}

export const API_SERVER_SERVICE = { namespace: 'default', name: 'kubernetes' } as const;

/** The API server as policies see it: behind its Service, at the addresses that it writes into its EndpointSlices. */
export function apiServerOf(catalog: Catalog): readonly Backend[] | NoBackend {
  const { namespace, name } = API_SERVER_SERVICE;
  const endpoints = catalog.endpointsOf(namespace, name);
  if (endpoints === undefined || endpoints.ips.length === 0) {
    return { problem: `the addresses of the API server are not known: no EndpointSlice of Service ${namespace}/${name} has any` };
  }
  const to: AddressParty = { kind: 'addresses', name: 'API server', ips: endpoints.ips };
  return endpoints.ports.map(({ port, protocol }) => ({ to, port, protocol }));
}

/** Annotations of an object. */
export function annotationsOf({ object }: Pick<Service, 'object'>): ReadonlyMap<string, string> {
  return textsOf(object.metadata.annotations);
}
