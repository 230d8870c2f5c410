/**
 * The independent observer: one watch on all policies, as somebody else than operator and floor.
 * What it has seen is what counts as there; its own delay is the same for both.
 */
import { POLICIES_PATH, presentVersion, type RawApi } from './raw-api.ts';

export interface PolicyEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: {
    readonly metadata: { readonly namespace: string; readonly name: string };
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

export async function watchPolicies(api: RawApi, onEnd: (error: Error) => void): Promise<PolicyWatch> {
  const waiting = new Map<string, { readonly accepts: (event: PolicyEvent) => boolean; readonly seen: (atMs: number) => void }>();
  const version = await presentVersion(api, POLICIES_PATH);
  await api.watch(`${POLICIES_PATH}?watch=1&resourceVersion=${version}`, (line) => {
    const atMs = performance.now();
    const event = JSON.parse(line) as PolicyEvent;
    if (event.type === 'ERROR') {
      onEnd(new Error(`the watch on policies failed: ${line.slice(0, 300)}`));
      return;
    }
    const { namespace, name } = event.object.metadata;
    const key = `${namespace}/${name}`;
    const waiter = waiting.get(key);
    if (waiter === undefined || !waiter.accepts(event)) return;
    waiting.delete(key);
    waiter.seen(atMs);
  }, onEnd);

  const next: PolicyWatch['next'] = (namespace, name, accepts) =>
    new Promise((resolve) => { waiting.set(`${namespace}/${name}`, { accepts, seen: resolve }); });
  return {
    next,
    created: async (namespace, names) => Math.max(...await Promise.all(names.map((name) => next(namespace, name, isCreation)))),
    get missing() { return waiting.size; },
  };
}
