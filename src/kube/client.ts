/**
 * The one door to the API server.
 *
 * Promises: objects are plain wire JSON in both directions; every call ends by its deadline; whatever goes wrong is
 * thrown as a `KubeError`. Nothing is retried here except a request that met an outdated token, once.
 * Must not: decide anything about policies, or let a generated `V1…` class touch a body.
 */
import { FIELD_MANAGER, STATUS_FIELD_MANAGER } from '../api/names.ts';
import { ConnectionError, type Connection } from './connection-source.ts';
import { keepCredentials } from './credentials.ts';
import { isKubeError, type Attempt } from './errors.ts';
import { malformed } from './frames.ts';
import { createGate, type GateClock } from './gate.ts';
import type { WireLease } from './lease.ts';
import type { WireBaseline, WireNetworkPolicy, WireObject } from './objects.ts';
import type { WireReport } from './open-reports.ts';
import { callApi, type Call, type RequestParts, type RequestRecord, type RetryRecord } from './requests.ts';
import { acceptOf, BASELINES, collectionPath, EVENTS, LEASES, NETWORK_POLICIES, objectPath, REPORTS, versionPath, type ObjectAddress, type Resource } from './resources.ts';
import { ACCESS_REVIEWS, accessReview, isAllowedBy, TOKEN_REVIEWS, tokenReview, userIn, type UserInfo } from './reviews.ts';
import { DEFAULT_CLIENT_SETTINGS, type ClientSettings } from './settings.ts';
import { createTransport } from './transport.ts';
import { watchApi, type WatchQuery, type WatchSink } from './watching.ts';

export interface ListPage<W extends WireObject = WireObject> {
  readonly items: readonly W[];
  /** Of the whole list: the same on every page. */
  readonly resourceVersion: string;
  /** Present while there are more pages. */
  readonly continueToken: string | undefined;
}

export type { WatchQuery, WatchSink } from './watching.ts';

export interface RemovalTarget {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface KubeClient {
  /** POST. */
  createPolicy(policy: WireNetworkPolicy, signal: AbortSignal): Promise<WireNetworkPolicy>;
  /** PUT; `metadata.resourceVersion` must be set. */
  replacePolicy(policy: WireNetworkPolicy, signal: AbortSignal): Promise<WireNetworkPolicy>;
  getPolicy(namespace: string, name: string, signal: AbortSignal): Promise<WireNetworkPolicy>;
  /** DELETE with uid and resourceVersion as preconditions; a policy with finalizers may still be there afterwards. */
  removePolicy(target: RemovalTarget, signal: AbortSignal): Promise<void>;
  /** JSON merge patch, for finalizers; conditional when the patch holds `metadata.resourceVersion`. */
  patchBaseline(name: string, patch: object, signal: AbortSignal): Promise<WireBaseline>;
  /** JSON merge patch on `/status`. */
  patchBaselineStatus(name: string, patch: object, signal: AbortSignal): Promise<WireBaseline>;
  /** `events.k8s.io/v1`. */
  createEvent(namespace: string, event: object, signal: AbortSignal): Promise<void>;
  createReport(report: WireReport, signal: AbortSignal): Promise<WireReport>;
  getReport(namespace: string, name: string, signal: AbortSignal): Promise<WireReport>;
  /** JSON merge patch. */
  patchReport(namespace: string, name: string, patch: object, signal: AbortSignal): Promise<WireReport>;
  /** DELETE with the uid as precondition. */
  removeReport(target: { readonly namespace: string; readonly name: string; readonly uid: string }, signal: AbortSignal): Promise<void>;
  /** Lease calls do not wait for the Retry-After gate: a leader must not lose its Lease to it. */
  getLease(namespace: string, name: string, signal: AbortSignal): Promise<WireLease>;
  createLease(lease: WireLease, signal: AbortSignal): Promise<WireLease>;
  /** PUT; `metadata.resourceVersion` must be set. */
  replaceLease(lease: WireLease, signal: AbortSignal): Promise<WireLease>;
  /** One page of a consistent list over all namespaces. */
  listPage<W extends WireObject>(resource: Resource<W>, page: PageQuery, signal: AbortSignal): Promise<ListPage<W>>;
  /** TokenReview; `undefined` when the token is nobody's. A 429 holds up only this call. */
  reviewToken(token: string, signal: AbortSignal): Promise<UserInfo | undefined>;
  /** SubjectAccessReview: whether they may `get` a path that is no object. A 429 holds up only this call. */
  reviewAccess(user: UserInfo, path: string, signal: AbortSignal): Promise<boolean>;
  /** Whether the kind exists, by discovery, which whoever is known to the API server may read: a list says 403 either way. */
  serves(resource: Resource, signal: AbortSignal): Promise<boolean>;
  /** Resolves when the server ends the watch in an ordinary way; every other end throws. */
  watch<W extends WireObject>(resource: Resource<W>, query: WatchQuery, sink: WatchSink<W>, signal: AbortSignal): Promise<void>;
  /** Ends every connection; requests in flight fail. */
  close(): Promise<void>;
}

export interface PageQuery {
  readonly limit: number;
  readonly continueToken?: string | undefined;
}

export interface ClientOptions {
  readonly connection: Connection;
  /** Names the product and its version to the API server's logs. */
  readonly userAgent: string;
  /** Told of every exchange; must not throw. */
  readonly onRequest?: (record: RequestRecord) => void;
  /** Told of every request that is sent again; must not throw. */
  readonly onRetry?: (record: RetryRecord) => void;
  /** Told when credentials could not be read again; the old ones stay in use. */
  readonly onCredentialFailure?: (error: unknown) => void;
  readonly clock: GateClock;
  readonly settings?: Partial<ClientSettings>;
}

/** Rejects with a `ConnectionError` when the credentials cannot be read; opens no connection yet. */
export async function createKubeClient(options: ClientOptions): Promise<KubeClient> {
  const { connection, clock } = options;
  const settings = { ...DEFAULT_CLIENT_SETTINGS, ...options.settings };
  const server = new URL(connection.server);
  const credentials = await keepCredentials({
    read: connection.read, clock, intervalMs: settings.credentialsMs, readMs: settings.credentialsReadMs, onFailure: options.onCredentialFailure ?? (() => undefined),
  }).catch((cause: unknown) => { throw noCredentials(connection, cause); });
  const parts = {
    transport: createTransport({ ...settings, origin: server.origin, proxyUrl: connection.proxyUrl }),
    credentials,
    gate: createGate(clock),
    host: server.host,
    basePath: server.pathname.replace(/\/+$/, ''),
    userAgent: options.userAgent,
    now: () => clock.now(),
    onRequest: options.onRequest ?? (() => undefined),
    onRetry: options.onRetry ?? (() => undefined),
    settings,
  };
  return clientOver(parts);
}

function noCredentials({ source }: Connection, cause: unknown): ConnectionError {
  if (cause instanceof ConnectionError) return cause;
  return new ConnectionError(`${source}: credentials cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

/** Unknown and misspelt fields are refused instead of dropped: `_from` for `from` would allow everybody. */
const WRITE = new URLSearchParams({ fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' }).toString();
/** Where the CRD is older than this program, the rest of a status is worth having. */
const STATUS_WRITE = new URLSearchParams({ fieldManager: STATUS_FIELD_MANAGER, fieldValidation: 'Ignore' }).toString();
const MERGE_PATCH = 'application/merge-patch+json';

function clientOver(parts: RequestParts & { readonly settings: ClientSettings }): KubeClient {
  const { requestMs, baselineMs, listMs } = parts.settings;

  /** The API server answers with the object that was asked for: the one place where that is taken on trust. */
  async function send<W extends WireObject>(resource: Resource<W>, address: ObjectAddress, call: Omit<Call, 'attempt' | 'deadlineMs'>, signal: AbortSignal): Promise<W> {
    const attempt: Attempt = { verb: VERBS[call.method], resource: resource.plural, name: address.name, namespace: address.namespace };
    return await callApi(parts, { ...call, attempt, optional: resource.optional, deadlineMs: call.method === 'PATCH' ? baselineMs : requestMs }, signal) as W;
  }
  function create<W extends WireObject>(resource: Resource<W>, object: W, signal: AbortSignal, urgent = false): Promise<W> {
    return send(resource, addressOf(object), { method: 'POST', path: `${collectionPath(resource, object.metadata.namespace)}?${WRITE}`, body: object, urgent }, signal);
  }
  function replace<W extends WireObject>(resource: Resource<W>, object: W, signal: AbortSignal, urgent = false): Promise<W> {
    const address = addressOf(object);
    return send(resource, address, { method: 'PUT', path: `${objectPath(resource, address)}?${WRITE}`, body: object, urgent }, signal);
  }
  function get<W extends WireObject>(resource: Resource<W>, address: ObjectAddress, signal: AbortSignal, urgent = false): Promise<W> {
    return send(resource, address, { method: 'GET', path: objectPath(resource, address), urgent }, signal);
  }

  return {
    createPolicy: (policy, signal) => create(NETWORK_POLICIES, policy, signal),
    replacePolicy: (policy, signal) => replace(NETWORK_POLICIES, policy, signal),
    getPolicy: (namespace, name, signal) => get(NETWORK_POLICIES, { namespace, name }, signal),
    async removePolicy({ namespace, name, uid, resourceVersion }, signal) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } };
      await send(NETWORK_POLICIES, { namespace, name }, { method: 'DELETE', path: objectPath(NETWORK_POLICIES, { namespace, name }), body }, signal);
    },
    patchBaseline: (name, patch, signal) =>
      send(BASELINES, { name }, { method: 'PATCH', path: `${objectPath(BASELINES, { name })}?${WRITE}`, body: patch, contentType: MERGE_PATCH }, signal),
    patchBaselineStatus(name, patch, signal) {
      const path = `${objectPath(BASELINES, { name, subresource: 'status' })}?${STATUS_WRITE}`;
      return send(BASELINES, { name }, { method: 'PATCH', path, body: patch, contentType: MERGE_PATCH }, signal);
    },
    async createEvent(namespace, event, signal) {
      const path = `${collectionPath(EVENTS, namespace)}?${WRITE}`;
      await callApi(parts, { attempt: { verb: 'create', resource: EVENTS.plural, namespace }, method: 'POST', path, body: event, deadlineMs: requestMs }, signal);
    },
    createReport: (report, signal) => create(REPORTS, report, signal),
    getReport: (namespace, name, signal) => get(REPORTS, { namespace, name }, signal),
    patchReport: (namespace, name, patch, signal) =>
      send(REPORTS, { namespace, name }, { method: 'PATCH', path: `${objectPath(REPORTS, { namespace, name })}?${WRITE}`, body: patch, contentType: MERGE_PATCH }, signal),
    async removeReport({ namespace, name, uid }, signal) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
      await send(REPORTS, { namespace, name }, { method: 'DELETE', path: objectPath(REPORTS, { namespace, name }), body }, signal);
    },
    getLease: (namespace, name, signal) => get(LEASES, { namespace, name }, signal, true),
    createLease: (lease, signal) => create(LEASES, lease, signal, true),
    replaceLease: (lease, signal) => replace(LEASES, lease, signal, true),
    async listPage(resource, { limit, continueToken }, signal) {
      const selector = resource.labelSelector === undefined ? {} : { labelSelector: resource.labelSelector };
      const query = new URLSearchParams({ limit: String(limit), ...selector, ...(continueToken === undefined ? {} : { continue: continueToken }) });
      const attempt: Attempt = { verb: 'list', resource: resource.plural };
      const list = await callApi(parts, { attempt, method: 'GET', path: `${collectionPath(resource)}?${query.toString()}`, accept: acceptOf(resource, 'list'), optional: resource.optional, deadlineMs: listMs }, signal);
      return pageOf(attempt, list);
    },
    async reviewToken(token, signal) {
      const attempt: Attempt = { verb: 'create', resource: 'tokenreviews' };
      return userIn(attempt, await callApi(parts, { attempt, method: 'POST', path: TOKEN_REVIEWS, body: tokenReview(token), optional: true, deadlineMs: requestMs }, signal));
    },
    async reviewAccess(user, path, signal) {
      const attempt: Attempt = { verb: 'create', resource: 'subjectaccessreviews' };
      return isAllowedBy(await callApi(parts, { attempt, method: 'POST', path: ACCESS_REVIEWS, body: accessReview(user, path), optional: true, deadlineMs: requestMs }, signal));
    },
    async serves(resource, signal) {
      const attempt: Attempt = { verb: 'get', resource: versionPath(resource) };
      try {
        const { resources } = await callApi(parts, { attempt, method: 'GET', path: versionPath(resource), deadlineMs: requestMs }, signal) as { resources?: { name?: string }[] | null };
        return (resources ?? []).some(({ name }) => name === resource.plural);
      } catch (error) {
        if (isKubeError(error, 'NotFound')) return false;
        throw error;
      }
    },
    watch: (resource, query, sink, signal) => watchApi(parts, { resource, query }, sink, signal),
    async close() {
      parts.credentials.close();
      await parts.transport.close();
    },
  };
}

/** In the words of RBAC. */
const VERBS: Record<Call['method'], string> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

const addressOf = ({ metadata }: WireObject): ObjectAddress => ({ name: metadata.name, namespace: metadata.namespace });

function pageOf<W extends WireObject>(attempt: Attempt, answer: unknown): ListPage<W> {
  const list = answer as { items?: W[] | null; metadata?: { resourceVersion?: string; continue?: string } };
  const resourceVersion = list.metadata?.resourceVersion;
  if (resourceVersion === undefined || !(Array.isArray(list.items) || list.items === null)) throw malformed(attempt, 'a list without items or resourceVersion');
  return { items: list.items ?? [], resourceVersion, continueToken: list.metadata?.continue || undefined };
}
