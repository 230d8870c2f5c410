/**
 * The independent observer: one watch on all policies, as somebody else than operator and floor.
 * What it has seen is what counts as there; its own delay is the same for both.
 */
import { follow, POLICIES_PATH, type RawApi, type WatchEvent } from './raw-api.ts';

export interface PolicyEvent extends WatchEvent {
  readonly object: {
    readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion: string };
    readonly spec: { readonly ingress?: unknown };
  };
}

export interface PolicyWatch {
  /** When the next event that `accepts` takes was seen; in milliseconds of `performance.now`. Ask before you cause it. */
  next(namespace: string, name: string, accepts: (event: PolicyEvent) => boolean): Promise<number>;
  /** When the last of these was seen to be created. */
  created(namespace: string, names: readonly string[]): Promise<number>;
  /** Asked for and not seen yet. */
  readonly missing: number;
}

const isCreation = ({ type }: PolicyEvent): boolean => type === 'ADDED';

export async function watchPolicies(api: RawApi, onFailure: (error: Error) => void): Promise<PolicyWatch> {
  const waiting = new Map<string, { readonly accepts: (event: PolicyEvent) => boolean; readonly seen: (atMs: number) => void }>();
  await follow<PolicyEvent>(api, POLICIES_PATH, (event) => {
    const atMs = performance.now();
    const { namespace, name } = event.object.metadata;
    const key = `${namespace}/${name}`;
    const waiter = waiting.get(key);
    if (waiter === undefined || !waiter.accepts(event)) return;
    waiting.delete(key);
    waiter.seen(atMs);
  }, onFailure);

  const next: PolicyWatch['next'] = (namespace, name, accepts) =>
    new Promise((resolve) => { waiting.set(`${namespace}/${name}`, { accepts, seen: resolve }); });
  return {
    next,
    created: async (namespace, names) => Math.max(...await Promise.all(names.map((name) => next(namespace, name, isCreation)))),
    get missing() { return waiting.size; },
  };
}
