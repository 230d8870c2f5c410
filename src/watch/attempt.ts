/**
 * One attempt of a reflector: a list, a list that goes on as a watch, or a watch, poured into the store while it streams.
 *
 * Promises: always returns how it ended, never throws; nothing of an attempt reaches the store after its end.
 * Must not: decide what comes next (reflector-step.ts does).
 */
import type { KubeClient } from '../kube/client.ts';
import { toKubeError, type KubeError } from '../kube/errors.ts';
import type { Frame } from '../kube/frames.ts';
import type { ObjectRecord, WireObject } from '../kube/objects.ts';
import type { Resource } from '../kube/resources.ts';
import type { End, Move, ReflectorSettings, Size, Verdict } from './reflector-step.ts';
import type { IncomingList, WritableStore } from './store.ts';

/** Monotonic milliseconds, waiting that an abort ends, and numbers from 0 up to 1. */
export interface ReflectorClock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  random(): number;
}

export interface AttemptParts<W extends WireObject, R extends ObjectRecord> {
  readonly client: Pick<KubeClient, 'listPage' | 'watch'>;
  readonly resource: Resource<W>;
  readonly parse: (object: W) => R;
  readonly store: WritableStore<R>;
  readonly clock: ReflectorClock;
  readonly settings: ReflectorSettings;
  /** The server gave a sign of life. */
  readonly alive: () => void;
  /** `known` is what was known when the list began: a consistent one cannot be older. */
  readonly judge: (list: Size, known: Size) => Verdict;
  /** A list was taken; the store has it. */
  readonly listed: (list: Size) => void;
}

/** With `listOnly` a streamed list ends when it is complete; otherwise it goes on as a watch. */
export async function attempt<W extends WireObject, R extends ObjectRecord>(
  move: Move, parts: AttemptParts<W, R>, signal: AbortSignal, listOnly = false,
): Promise<End> {
  const end = new AbortController();
  const run = createRun(parts, end, listOnly);
  const linked = AbortSignal.any([signal, end.signal]);
  let error: KubeError | undefined;
  try {
    if (move === 'ListPages') await run.pages(linked);
    else await run.stream(move === 'StreamList', linked);
  } catch (thrown) {
    error = end.signal.aborted ? undefined : toKubeError(thrown);
  }
  return { ...run.close(), move, error };
}

/** What one attempt remembers. */
function createRun<W extends WireObject, R extends ObjectRecord>(parts: AttemptParts<W, R>, end: AbortController, listOnly: boolean) {
  const { client, resource, store, clock, settings } = parts;
  let aliveSince: number | undefined;
  let progress = false;
  let verdict: Verdict | undefined;
  let list: IncomingList<R> | undefined;
  let versionBefore: string | undefined;
  let closed = false;

  function alive(): void {
    if (closed) return;
    aliveSince ??= clock.now();
    parts.alive();
  }

  /** What the store already has in this very version is not parsed again, and stays one object. */
  function recordOf(object: W): R {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const known = store.get(name, namespace);
    return known !== undefined && known.uid === uid && known.resourceVersion === resourceVersion ? known : parts.parse(object);
  }

  function beginList(): IncomingList<R> {
    versionBefore = store.version;
    list = store.beginList();
    return list;
  }

  function complete(version: string): void {
    const incoming = list;
    if (incoming === undefined) return;
    list = undefined;
    verdict = parts.judge({ size: incoming.size, version }, { size: store.size, version: versionBefore });
    if (verdict === 'Accept' || verdict === 'Reset') {
      progress = true;
      const { size } = incoming;
      incoming.commit(version, verdict === 'Reset');
      parts.listed({ size, version });
    } else {
      incoming.abandon();
      end.abort();
    }
    if (listOnly) end.abort();
  }

  function onFrame(frame: Frame<W>): void {
    if (closed || end.signal.aborted) return;
    if (list !== undefined) onInitialFrame(list, frame);
    else onEvent(frame);
  }

  function onInitialFrame(incoming: IncomingList<R>, frame: Frame<W>): void {
    if (frame.kind === 'Applied') incoming.put(recordOf(frame.object));
    else if (frame.kind === 'Deleted') incoming.drop(parts.parse(frame.object));
    else if (frame.initialEnd) complete(frame.version);
  }

  function onEvent(frame: Frame<W>): void {
    if (frame.kind === 'Bookmark') store.advance(frame.version);
    else if (frame.kind === 'Deleted') store.remove(parts.parse(frame.object));
    else store.apply(parts.parse(frame.object), frame.object.metadata.deletionTimestamp !== undefined);
    progress = true; // only now: an event that cannot be taken comes again at every resumption
  }

  return {
    async stream(initialEvents: boolean, signal: AbortSignal): Promise<void> {
      if (initialEvents) beginList();
      const timeoutSeconds = Math.round(between(settings.watchMinSeconds, settings.watchMaxSeconds, clock.random()));
      const resourceVersion = initialEvents ? undefined : store.version;
      await client.watch(resource, { initialEvents, resourceVersion, timeoutSeconds }, { alive, frame: onFrame }, signal);
    },
    async pages(signal: AbortSignal): Promise<void> {
      const incoming = beginList();
      let continueToken: string | undefined;
      do {
        const page = await client.listPage(resource, { limit: settings.pageSize, continueToken }, signal);
        alive();
        for (const object of page.items) incoming.put(recordOf(object));
        continueToken = page.continueToken;
        if (continueToken === undefined) complete(page.resourceVersion);
      } while (continueToken !== undefined);
    },
    close(): Pick<End, 'verdict' | 'livedMs' | 'progress'> {
      closed = true;
      list?.abandon();
      return { verdict, progress, livedMs: aliveSince === undefined ? 0 : clock.now() - aliveSince };
    },
  };
}

export function between(min: number, max: number, random: number): number {
  return min + (max - min) * random;
}
