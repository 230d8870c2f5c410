/**
 * The API resources that the operator reads or writes, and their paths.
 *
 * Promises: every path segment that comes from outside is encoded, so no name can reach another resource.
 * Must not: know anything about requests; this file only spells addresses.
 */
import { API_GROUP, API_VERSION, MANAGED_BY_LABEL, PLURAL, PRODUCT } from '../api/names.ts';
import type { WireBaseline, WireNamespace, WireNetworkPolicy, WireObject } from './objects.ts';
import type { WireLease } from './lease.ts';
import type { WireReport } from './open-reports.ts';
import type { WirePod } from './pods.ts';

/** One kind of object. `W` is the shape of its objects on the wire; it exists for the compiler only. */
export interface Resource<W extends WireObject = WireObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Only `metadata` is asked for: kind, spec and status of what is read are not there. */
  readonly metadataOnly?: true;
  /** It may not be there. A 429 about it holds up nobody else: so the API server answers while it begins to serve a new kind. */
  readonly optional?: true;
  /** Lists and watches see only objects with these labels. */
  readonly labelSelector?: string;
  readonly wire?: W;
}

export const NAMESPACES: Resource<WireNamespace> = { group: '', version: 'v1', plural: 'namespaces' };
export const NETWORK_POLICIES: Resource<WireNetworkPolicy> = { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies' };
export const BASELINES: Resource<WireBaseline> = { group: API_GROUP, version: API_VERSION, plural: PLURAL };
export const LEASES: Resource<WireLease> = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
export const EVENTS: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events' };
export const PODS: Resource<WirePod> = { group: '', version: 'v1', plural: 'pods' };
/** Of these the name says all: `plural.group`. Their schemas can be megabytes. */
export const CRDS: Resource = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions', metadataOnly: true };
/** Our own among the reports of all tools. */
export const REPORTS: Resource<WireReport> = { group: 'openreports.io', version: 'v1alpha1', plural: 'reports', optional: true, labelSelector: `${MANAGED_BY_LABEL}=${PRODUCT}` };

/** Where an object is; `namespace` is absent for cluster-scoped kinds. */
export interface ObjectAddress {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly subresource?: 'status';
}

/** What to accept as the answer to a list or a watch; `undefined` where it is the objects as they are. */
export function acceptOf({ metadataOnly }: Resource, read: 'list' | 'watch'): string | undefined {
  if (metadataOnly !== true) return undefined;
  return `application/json;as=PartialObjectMetadata${read === 'list' ? 'List' : ''};g=meta.k8s.io;v=v1`;
}

/** Where the API server lists the kinds of a version. */
export function versionPath({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Path of all objects of a kind: of every namespace when none is given. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${versionPath(resource)}${scope}/${resource.plural}`;
}

export function objectPath(resource: Resource, address: ObjectAddress): string {
  const path = `${collectionPath(resource, address.namespace)}/${encodeURIComponent(address.name)}`;
  return address.subresource === undefined ? path : `${path}/${address.subresource}`;
}
