/**
 * The API resources that the operator reads or writes, and their paths.
 *
 * Promises: every path segment that comes from outside is encoded, so no name can reach another resource.
 * Must not: know anything about requests; this file only spells addresses.
 */
import { API_GROUP, API_VERSION, PLURAL } from '../api/names.ts';
import type { WireBaseline, WireNamespace, WireNetworkPolicy, WireObject } from './objects.ts';
import type { WireLease } from './lease.ts';

/** One kind of object. `W` is the shape of its objects on the wire; it exists for the compiler only. */
export interface Resource<W extends WireObject = WireObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly wire?: W;
}

export const NAMESPACES: Resource<WireNamespace> = { group: '', version: 'v1', plural: 'namespaces' };
export const NETWORK_POLICIES: Resource<WireNetworkPolicy> = { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies' };
export const BASELINES: Resource<WireBaseline> = { group: API_GROUP, version: API_VERSION, plural: PLURAL };
export const LEASES: Resource<WireLease> = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
export const EVENTS: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events' };

/** Where an object is; `namespace` is absent for cluster-scoped kinds. */
export interface ObjectAddress {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly subresource?: 'status';
}

/** Path of all objects of a kind: of every namespace when none is given. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${resource.plural}`;
}

export function objectPath(resource: Resource, address: ObjectAddress): string {
  const path = `${collectionPath(resource, address.namespace)}/${encodeURIComponent(address.name)}`;
  return address.subresource === undefined ? path : `${path}/${address.subresource}`;
}
