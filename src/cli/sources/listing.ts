/**
 * All objects of some kinds from an API server: consistent lists in pages, a few kinds at once.
 *
 * Promises: reads only; a kind that is not served has no objects; one that may not be read is told with what would
 * help; everything else that goes wrong is thrown. Waiting for Retry-After is the client's.
 */
import type { KubeObject, Sourced, Unread } from '../../analyze/snapshot.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError, type KubeError } from '../../kube/errors.ts';
import { KINDS, resourceOf, type KindName, type KnownKind } from '../../kube/kinds.ts';
import type { WireObject } from '../../kube/objects.ts';
import type { Resource } from '../../kube/resources.ts';
import { kept } from './kept.ts';
import { sorted } from './order.ts';

export interface ListingParts {
  readonly client: Pick<KubeClient, 'listPage' | 'serves'>;
  readonly signal: AbortSignal;
  /** Told after each page: the kind, and how many of it there are so far. */
  readonly onPage: (kind: KindName, count: number) => void;
  /** Objects in one page. */
  readonly pageSize?: number;
}

export interface Listing {
  readonly objects: ReadonlyMap<KindName, readonly Sourced[]>;
  readonly unread: readonly Unread[];
}

const AT_ONCE = 4;
const PAGE_SIZE = 500;
const MOST_ATTEMPTS = 5;

export async function listKinds(kinds: readonly KindName[], parts: ListingParts): Promise<Listing> {
  const found = new Map<KindName, readonly Sourced[] | Unread>();
  const waiting = [...kinds];
  async function work(): Promise<void> {
    for (let kind = waiting.shift(); kind !== undefined; kind = waiting.shift()) found.set(kind, await listKind(kind, parts));
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const objects = new Map<KindName, readonly Sourced[]>();
  const unread: Unread[] = [];
  for (const kind of kinds) {
    const result = found.get(kind) ?? [];
    if ('why' in result) unread.push(result);
    objects.set(kind, 'why' in result ? [] : result);
  }
  return { objects, unread };
}

async function listKind(name: KindName, parts: ListingParts): Promise<readonly Sourced[] | Unread> {
  const kind: KnownKind = KINDS[name];
  for (const version of kind.versions) {
    try {
      const items = await listAll(resourceOf(kind, version), name, parts);
      return sorted(items.map((item) => ({ object: kept(name, typed(item, kind, version)), origin: undefined })));
    } catch (error) {
      if (isKubeError(error, 'NotFound') && name !== 'Namespace') continue; // every API server has namespaces
      const why = whyUnread(kind, error);
      if (why === undefined) throw error;
      if (isKubeError(error, 'Forbidden') && !await mayBeServed(kind, version, parts)) continue;
      return { kind: name, why };
    }
  }
  return [];
}

/** Who may not list a kind gets 403 for one that does not exist as well. Where discovery says nothing, it may exist. */
async function mayBeServed(kind: KnownKind, version: string, { client, signal }: ListingParts): Promise<boolean> {
  if (kind.group === '') return true;
  try {
    return await client.serves(resourceOf(kind, version), signal);
  } catch (error) {
    if (isKubeError(error, 'Aborted')) throw error;
    return true;
  }
}

/** From the beginning again where the API server was busy, or has forgotten the state of the first page. */
async function listAll(resource: Resource, name: KindName, parts: ListingParts): Promise<readonly WireObject[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readPages(resource, name, parts);
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !isKubeError(error, 'Throttled', 'Expired')) throw error;
    }
  }
}

async function readPages(resource: Resource, name: KindName, { client, signal, onPage, pageSize = PAGE_SIZE }: ListingParts): Promise<readonly WireObject[]> {
  const items: WireObject[] = [];
  let continueToken: string | undefined;
  do {
    const page = await client.listPage(resource, { limit: pageSize, continueToken }, signal);
    for (const item of page.items) items.push(item);
    ({ continueToken } = page);
    onPage(name, items.length);
  } while (continueToken !== undefined);
  return items;
}

/** Items of a list do not say what they are. */
function typed(item: WireObject, { group, kind }: KnownKind, version: string): KubeObject {
  return { ...item, apiVersion: group === '' ? version : `${group}/${version}`, kind };
}

/** `undefined` for what is no matter of this kind alone. */
function whyUnread(kind: KnownKind, error: unknown): string | undefined {
  if (isKubeError(error, 'Forbidden')) return `${error.message}. ${permissionHint(kind)}`;
  if (isKubeError(error) && isExtension(kind) && isServerError(error)) return `${error.message}. The API server answers, but not for ${kind.group}: look at what serves it`;
  return undefined;
}

/** Served by something beside the API server, which may be down by itself. */
const isExtension = ({ group }: KnownKind): boolean => group.includes('.') && !group.endsWith('.k8s.io');
const isServerError = ({ code = 0 }: KubeError): boolean => code >= 500;

/** What the ClusterRole `view` has in every cluster. */
const VIEWED: ReadonlySet<string> = new Set([
  'namespaces', 'pods', 'services', 'serviceaccounts', 'endpointslices', 'deployments', 'statefulsets', 'daemonsets', 'replicasets', 'jobs', 'cronjobs', 'ingresses',
]);

/** As commands that somebody with more rights can run. */
function permissionHint({ group, plural }: KnownKind): string {
  const isViewed = VIEWED.has(plural) || (plural === 'networkpolicies' && group === 'networking.k8s.io');
  if (isViewed) return 'Allow it: kubectl create clusterrolebinding npb-view --clusterrole=view --user=USER';
  const resource = group === '' ? plural : `${plural}.${group}`;
  return `Allow it: kubectl create clusterrole npb-${plural} --verb=list --resource=${resource}, then kubectl create clusterrolebinding npb-${plural} --clusterrole=npb-${plural} --user=USER`;
}
