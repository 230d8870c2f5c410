/** One end of a connection as policies see it: a governed pod, a node, a Service address, or an address outside. */
import { parseAddress, type Address } from './address.ts';
import type { Endpoint, Family, Namespace, Node, Pod } from './model.ts';
import type { World } from './world.ts';

export type Side =
  | { readonly kind: 'pod'; readonly pod: Pod; readonly namespace: Namespace; readonly address: Address | undefined }
  /** Also a hostNetwork pod, then with `pod`; its node need not be known. */
  | { readonly kind: 'node'; readonly name: string | undefined; readonly node: Node | undefined; readonly pod: Pod | undefined; readonly address: Address | undefined }
  | { readonly kind: 'service' | 'external'; readonly address: Address | undefined };

/** The address of the family, or the first one. */
export function sideOf(world: World, endpoint: Endpoint, family: Family | undefined): Side {
  if ('ip' in endpoint) return sideAt(world, parseAddress(endpoint.ip));
  const { pod } = endpoint;
  const addresses = pod.ips.map(parseAddress).filter((address) => address !== undefined);
  const address = addresses.find((found) => family === undefined || found.family === family);
  if (pod.hostNetwork) return nodeSide(world, pod, address);
  if (pod.terminal) return sideAt(world, address);
  return { kind: 'pod', pod, namespace: world.namespace(pod.namespace), address };
}

/** An address of a node is the node's, whichever hostNetwork pod listens there. */
function sideAt(world: World, address: Address | undefined): Side {
  if (address === undefined) return { kind: 'external', address };
  const pod = world.podAt(address);
  if (pod !== undefined) return { kind: 'pod', pod, namespace: world.namespace(pod.namespace), address };
  const node = world.nodeAt(address);
  if (node !== undefined) return { kind: 'node', name: node.name, node, pod: undefined, address };
  return { kind: world.isService(address) ? 'service' : 'external', address };
}

function nodeSide(world: World, pod: Pod, address: Address | undefined): Side {
  const node = (pod.node === undefined ? undefined : world.nodeNamed(pod.node)) ?? (address === undefined ? undefined : world.nodeAt(address));
  return { kind: 'node', name: node?.name ?? pod.node, node, pod, address };
}

export function familiesOf(world: World, endpoint: Endpoint): ReadonlySet<Family> {
  const ips = 'ip' in endpoint ? [endpoint.ip] : endpoint.pod.ips;
  return new Set(ips.flatMap((ip) => parseAddress(ip)?.family ?? []));
}
