/**
 * Watches kinds that exist only while their CustomResourceDefinition does.
 *
 * Promises: a watch starts when the CRD is there and ends with it, without polling: CRDs are watched, by their metadata
 * alone. What a watch had found is taken back when it ends. A CRD of another uid is one that went and one that came.
 * Must not: know what the kinds are about.
 */
import type { KubeClient } from '../kube/client.ts';
import { identity, type ObjectRecord, type WireObject } from '../kube/objects.ts';
import { CRDS, type Resource } from '../kube/resources.ts';
import { startReflector, type Reflector, type ReflectorClock, type ReflectorHealth, type ReflectorLog } from './reflector.ts';
import type { ReflectorSettings } from './reflector-step.ts';
import { createStore, type Change, type WritableStore } from './store.ts';

/** One kind that may be there; `K` is how the listener knows it. */
export interface OptionalKind<K, R extends ObjectRecord> {
  readonly kind: K;
  readonly resource: Resource;
  readonly namespaced: boolean;
  parse(object: WireObject): R;
}

export interface ServedKindsOptions<K, R extends ObjectRecord & { readonly namespace?: string | undefined }> {
  readonly client: Pick<KubeClient, 'listPage' | 'watch'>;
  readonly kinds: readonly OptionalKind<K, R>[];
  readonly log: ReflectorLog;
  readonly clock: ReflectorClock;
  readonly settings: Partial<ReflectorSettings>;
  onChange(kind: K, change: Change<R>): void;
  /** When `sources` may say something else. */
  onHealth(): void;
}

export interface KindSource {
  readonly health: ReflectorHealth;
  /** Its CRD has just been made, so that there cannot be anything yet: it need not be synced. `onHealth` says when that is over. */
  readonly isNew: boolean;
}

export interface ServedKinds {
  /** The watch of CRDs, and one for each kind that is there. */
  sources(): readonly KindSource[];
  stop(): Promise<void>;
}

/** How long the API server may take to serve a kind after its CRD was made. */
const NEW_MS = 15_000;
/** A CRD without the version that is read is asked again after a change of it, so that this can wait. */
const MISSING = { missingFromMs: 400, missingMs: 10 * 60_000 };

interface Watched<R extends ObjectRecord> { readonly reflector: Reflector; readonly store: WritableStore<R>; readonly newUntilMs: number; isEnding: boolean }

export function startServedKinds<K, R extends ObjectRecord & { readonly namespace?: string | undefined }>(options: ServedKindsOptions<K, R>): ServedKinds {
  const { client, clock, log, settings, onHealth } = options;
  const byCrd = new Map(options.kinds.map((kind) => [crdOf(kind.resource), kind]));
  const watched = new Map<string, Watched<R>>();
  const endings = new Set<Promise<void>>();
  const crds = createStore<ObjectRecord>();
  const stopping = new AbortController();
  let isListed = false;

  function begin(crd: string, newUntilMs: number): void {
    const found = byCrd.get(crd);
    if (found === undefined) return;
    const { kind, resource, namespaced, parse } = found;
    const store = createStore<R>(namespaced ? ({ namespace }) => namespace : undefined);
    const entry: Watched<R> = {
      store, newUntilMs, isEnding: false,
      reflector: startReflector({
        client, clock, log, resource, parse, store, name: crd, settings: { ...settings, ...MISSING }, onSynced: () => undefined,
        onHealth: () => { if (!entry.isEnding) onHealth(); },
        onChange: (change) => { if (!entry.isEnding) options.onChange(kind, change); },
      }),
    };
    watched.set(crd, entry);
    if (Number.isFinite(newUntilMs)) void clock.sleep(newUntilMs - clock.now(), stopping.signal).then(onHealth, () => undefined);
  }

  function end(crd: string): void {
    const [entry, found] = [watched.get(crd), byCrd.get(crd)];
    if (entry === undefined || found === undefined) return;
    watched.delete(crd);
    entry.isEnding = true;
    const ending = entry.reflector.stop().finally(() => endings.delete(ending));
    endings.add(ending);
    for (const record of entry.store.all()) options.onChange(found.kind, { name: record.name, namespace: record.namespace, before: record, after: undefined });
  }

  function onCrd({ name, before, after }: Change<ObjectRecord>): void {
    if (!byCrd.has(name)) return;
    if (after === undefined) end(name);
    else if (before === undefined) begin(name, isListed ? clock.now() + NEW_MS : Number.NEGATIVE_INFINITY);
    else askAgain(name);
    onHealth();
  }

  /** The CRD has changed: perhaps the version that was missing is served now. */
  function askAgain(crd: string): void {
    const known = watched.get(crd);
    if (known?.reflector.health().problem?.kind !== 'NotFound') return;
    end(crd);
    begin(crd, known.newUntilMs);
  }

  const definitions = startReflector({
    client, clock, log, resource: CRDS, store: crds, settings, onHealth, onSynced: () => { isListed = true; }, onChange: onCrd,
    parse: ({ metadata }) => identity(metadata),
  });
  return {
    sources: () => [
      { health: definitions.health(), isNew: false },
      ...[...watched.values()].map(({ reflector, newUntilMs }) => ({ health: reflector.health(), isNew: clock.now() < newUntilMs })),
    ],
    async stop() {
      stopping.abort();
      await definitions.stop();
      for (const entry of watched.values()) entry.isEnding = true;
      await Promise.all([...[...watched.values()].map(({ reflector }) => reflector.stop()), ...endings]);
    },
  };
}

function crdOf({ group, plural }: Resource): string {
  return `${plural}.${group}`;
}
