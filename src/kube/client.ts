/**
 * The one door to the API server.
 *
 * Promises: objects are plain wire JSON in both directions; every call ends by its deadline; whatever goes wrong is
 * thrown as a `KubeError`. Nothing is retried here except a request that met an outdated token, once.
 * Must not: decide anything about policies, or let a generated `V1…` class touch a body.
 */
import type { Frame } from './frames.ts';
import type { WireLease } from './lease.ts';
import type { WireBaseline, WireNetworkPolicy, WireObject } from './objects.ts';
import type { Resource } from './resources.ts';

export interface ListPage<W extends WireObject = WireObject> {
  readonly items: readonly W[];
  /** Of the whole list: the same on every page. */
  readonly resourceVersion: string;
  /** Present while there are more pages. */
  readonly continueToken: string | undefined;
}

export interface WatchQuery {
  /** Events after this version; absent only together with `initialEvents`. */
  readonly resourceVersion?: string | undefined;
  /** First every existing object, then a bookmark with `initialEnd`, then events (WatchList). */
  readonly initialEvents: boolean;
  /** After which the server ends the watch. */
  readonly timeoutSeconds: number;
}

/** Called synchronously, in order. What `frame` throws ends the watch as `Malformed`. */
export interface WatchSink<W extends WireObject = WireObject> {
  frame(frame: Frame<W>): void;
  /** The server gave a sign of life: the answer began, bytes came, a ping was answered. */
  alive(): void;
}

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
  /** Lease calls do not wait for the Retry-After gate: a leader must not lose its Lease to it. */
  getLease(namespace: string, name: string, signal: AbortSignal): Promise<WireLease>;
  createLease(lease: WireLease, signal: AbortSignal): Promise<WireLease>;
  /** PUT; `metadata.resourceVersion` must be set. */
  replaceLease(lease: WireLease, signal: AbortSignal): Promise<WireLease>;
  /** One page of a consistent list over all namespaces. */
  listPage<W extends WireObject>(resource: Resource<W>, page: PageQuery, signal: AbortSignal): Promise<ListPage<W>>;
  /** Resolves when the server ends the watch in an ordinary way; every other end throws. */
  watch<W extends WireObject>(resource: Resource<W>, query: WatchQuery, sink: WatchSink<W>, signal: AbortSignal): Promise<void>;
  /** Ends every connection; requests in flight fail. */
  close(): Promise<void>;
}

export interface PageQuery {
  readonly limit: number;
  readonly continueToken?: string | undefined;
}
