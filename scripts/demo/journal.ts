/**
 * What an independent watch has seen of one resource, each sighting with its time. All times of one journal come
 * over one connection in the order of the API server, so that their differences are what the demo shows.
 */
import { DemoFailure } from './failure.ts';
import type { ClusterApi, KubeList, KubeObject, WatchFrame } from './cluster-api.ts';

export interface Sighting {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

export interface Journal {
  /** Objects at the present, by `namespace/name` or `name`. */
  readonly present: ReadonlyMap<string, KubeObject>;
  /** A place in the journal: what is seen later lies after it. */
  mark(): number;
  since(mark: number): readonly Sighting[];
  /** The first sighting after the mark that matches; fails after `withinMs`, naming `what`. */
  until(what: string, mark: number, matches: (sighting: Sighting) => boolean, withinMs?: number): Promise<Sighting>;
}

const PATIENCE_MS = 15_000;

export const keyOf = ({ metadata: { namespace, name } }: KubeObject): string => (namespace === undefined ? name : `${namespace}/${name}`);

/** Lists, then watches from there until `signal` is aborted. `path` is that of the collection. */
export async function startJournal(api: ClusterApi, path: string, signal: AbortSignal): Promise<Journal> {
  const list = await api.get<KubeList>(path);
  if (list === undefined) throw new DemoFailure(`there is no ${path}`);
  const present = new Map(list.items.map((item) => [keyOf(item), item]));
  const sightings: Sighting[] = [];
  const listeners = new Set<() => void>();
  let broken: unknown;

  function note({ type, object }: WatchFrame): void {
    if (type === 'ERROR') throw new DemoFailure(`the watch on ${path} failed: ${JSON.stringify(object).slice(0, 300)}`);
    if (type === 'BOOKMARK') return;
    sightings.push({ type, object, atMs: performance.now() });
    if (type === 'DELETED') present.delete(keyOf(object));
    else present.set(keyOf(object), object);
    for (const listener of listeners) listener();
  }

  function end(why: unknown): void {
    broken = why;
    for (const listener of listeners) listener();
  }

  api.watch(`${path}?watch=1&resourceVersion=${list.metadata.resourceVersion}`, note, signal)
    .then(() => end(new DemoFailure(`the API server ended the watch on ${path}`)), end);

  return {
    present,
    mark: () => sightings.length,
    since: (mark) => sightings.slice(mark),
    until(what, mark, matches, withinMs = PATIENCE_MS) {
      return new Promise((resolve, reject) => {
        let next = mark;
        const timer = setTimeout(() => finish(() => reject(new DemoFailure(`${what}: not seen within ${withinMs / 1000} s`))), withinMs);
        function finish(how: () => void): void {
          clearTimeout(timer);
          listeners.delete(look);
          signal.removeEventListener('abort', look);
          how();
        }
        function look(): void {
          for (; next < sightings.length; next += 1) {
            const sighting = sightings[next];
            if (sighting !== undefined && matches(sighting)) return finish(() => resolve(sighting));
          }
          if (signal.aborted) finish(() => reject(signal.reason as Error));
          else if (broken !== undefined) finish(() => reject(new DemoFailure(what, { cause: broken })));
        }
        listeners.add(look);
        signal.addEventListener('abort', look);
        look();
      });
    },
  };
}
