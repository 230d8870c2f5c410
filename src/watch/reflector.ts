/**
 * Keeps a store equal to what the API server has, for one kind of object, for as long as the process lives.
 *
 * Promises: no error ends it; it says when the store is synced, what is wrong while something is, and how long ago
 * the server was last heard; after `stop` nothing happens any more. A list beside the watch, every half hour to
 * hour, bounds the time for which a lost event can matter.
 * Must not: decide what a change means, or what to do after an error (reflector-step.ts decides).
 */
import type { KubeClient } from '../kube/client.ts';
import type { KubeErrorKind } from '../kube/errors.ts';
import type { ObjectRecord, WireObject } from '../kube/objects.ts';
import type { Resource } from '../kube/resources.ts';
import { attempt, between, type AttemptParts, type ReflectorClock } from './attempt.ts';
import { afterEnd, afterList, DEFAULT_REFLECTOR_SETTINGS, judgeList, nextMove, START, type Circumstances, type End, type Position, type ReflectorSettings, type Size } from './reflector-step.ts';
import type { Change, WritableStore } from './store.ts';

export type { ReflectorClock } from './attempt.ts';

export interface ReflectorLog {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** What `/readyz` needs to know. Times are monotonic milliseconds of the given clock. */
export interface ReflectorHealth {
  readonly resource: string;
  readonly synced: boolean;
  /** When bytes or the answer to a ping last came; absent before the first. */
  readonly lastFrameAtMs: number | undefined;
  /** Why the store may be out of date; absent while a watch is open. */
  readonly problem: ReflectorProblem | undefined;
  /** Complete lists that were taken. */
  readonly lists: number;
  /** Attempts that ended with an error, and of these the ones with a frame that was none. */
  readonly failures: number;
  readonly malformed: number;
}

export interface ReflectorProblem {
  /** `NotFound`: the API server does not know the kind. `StaleList`, `EmptyList`: a list that is not believed yet. */
  readonly kind: KubeErrorKind | 'StaleList' | 'EmptyList';
  readonly message: string;
  /** Since when without a break. */
  readonly sinceMs: number;
}

export interface Reflector {
  health(): ReflectorHealth;
  /** Resolves when nothing is running any more. */
  stop(): Promise<void>;
}

export interface ReflectorOptions<W extends WireObject, R extends ObjectRecord> {
  readonly client: Pick<KubeClient, 'listPage' | 'watch'>;
  readonly resource: Resource<W>;
  readonly parse: (object: W) => R;
  readonly store: WritableStore<R>;
  /** Every difference, also those of own writes that the store is told of. */
  readonly onChange: (change: Change<R>) => void;
  /** Once, after the changes of the first list. */
  readonly onSynced: () => void;
  /** After the changes of each list that was believed. */
  readonly onListed?: () => void;
  /** When `health().problem` or `health().synced` may be another one; also after every attempt that failed. */
  readonly onHealth?: () => void;
  /** How the resource is called in logs and metrics, where its plural does not say enough. */
  readonly name?: string;
  readonly log: ReflectorLog;
  readonly clock: ReflectorClock;
  readonly settings?: Partial<ReflectorSettings>;
}

/** Starts at once. */
export function startReflector<W extends WireObject, R extends ObjectRecord>(options: ReflectorOptions<W, R>): Reflector {
  const { store, clock, log } = options;
  const settings = { ...DEFAULT_REFLECTOR_SETTINGS, ...options.settings };
  const resource = options.name ?? options.resource.plural;
  const stopping = new AbortController();
  const { signal } = stopping;
  const startedAtMs = clock.now();
  let position: Position = START;
  let lastFrameAtMs: number | undefined;
  let problem: ReflectorProblem | undefined;
  /** Ends the attempt under way, when something beside it has changed the position. */
  let restart = new AbortController();
  const counts = { lists: 0, failures: 0, malformed: 0 };

  /** What a listener throws is its own fault, and no reason to stop listening to the server. */
  function tell(what: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      log.error('a listener threw', { resource, what, error });
    }
  }
  store.listen((change) => { tell('change', () => { options.onChange(change); }); });

  function parts(judgedFrom: () => Position): AttemptParts<W, R> {
    return {
      ...options, settings,
      alive: () => { lastFrameAtMs = clock.now(); },
      judge: (list, known) => judgeList(judgedFrom(), list, known, circumstances()),
      listed,
    };
  }

  const circumstances = (): Circumstances => ({ nowMs: clock.now(), random: clock.random(), settings });

  function listed(list: Size): void {
    counts.lists += 1;
    problem = undefined;
    log.info('listed', { resource, objects: list.size, version: list.version, sinceStartMs: Math.round(clock.now() - startedAtMs) });
    if (counts.lists === 1) tell('synced', options.onSynced);
    if (options.onListed !== undefined) tell('listed', options.onListed);
    noteHealth();
  }

  function noteHealth(): void {
    if (options.onHealth !== undefined) tell('health', options.onHealth);
  }

  function recovered(): void {
    if (problem === undefined) return;
    problem = undefined;
    noteHealth();
  }

  async function watchForEver(): Promise<void> {
    const own: AttemptParts<W, R> = {
      ...parts(() => position),
      listed: (list) => {
        position = afterList(position);
        listed(list);
      },
    };
    const watching: AttemptParts<W, R> = { ...own, alive: () => { own.alive(); recovered(); } };
    while (!signal.aborted) {
      const move = nextMove(position);
      restart = new AbortController();
      const end = await attempt(move, move === 'Watch' ? watching : own, AbortSignal.any([signal, restart.signal]));
      if (signal.aborted) return;
      if (restart.signal.aborted) continue;
      const next = afterEnd(position, end, circumstances());
      note(end, next.waitMs);
      position = next.position;
      if (next.waitMs > 0) await rest(next.waitMs);
    }
  }

  /** Remembers and says how an attempt ended. */
  function note(end: End, waitMs: number): void {
    const found = problemOf(end);
    const fields = { resource, move: end.move, livedMs: Math.round(end.livedMs), waitMs: Math.round(waitMs) };
    if (found === undefined) {
      log.debug('watch ended', fields);
      return;
    }
    counts.failures += 1;
    if (found.kind === 'Malformed') counts.malformed += 1;
    problem = { ...found, sinceMs: problem?.sinceMs ?? clock.now() };
    log.warn('watch interrupted', { ...fields, ...found });
    noteHealth();
  }

  /** Lists beside the watch; what it finds goes through the same comparison. */
  async function auditForEver(): Promise<void> {
    for (;;) {
      await rest(between(settings.auditMinMs, settings.auditMaxMs, clock.random()));
      if (signal.aborted) return;
      if (position.resumable) await audit();
    }
  }

  async function audit(): Promise<void> {
    for (const emptyLists of [0, 1]) {
      const end = await attempt(position.pagesOnly ? 'ListPages' : 'StreamList', parts(() => ({ ...position, emptyLists })), signal, true);
      if (signal.aborted || !position.resumable) return;
      const found = problemOf(end);
      if (found === undefined) return;
      log.warn('list beside the watch failed', { resource, ...found });
      if (found.kind === 'StaleList') relist(end); // the watch cannot tell: from a version to come it hears nothing
      if (found.kind !== 'EmptyList') return;
      await rest(settings.confirmMs);
    }
  }

  function relist(end: End): void {
    position = afterEnd(position, end, circumstances()).position;
    restart.abort();
  }

  const rest = (ms: number): Promise<void> => clock.sleep(ms, signal).catch(() => undefined); // an abort only ends it
  const running = Promise.all([watchForEver(), auditForEver()]);
  return {
    health: () => ({ resource, synced: store.synced, lastFrameAtMs, problem, ...counts }),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

function problemOf({ error, verdict }: End): { kind: ReflectorProblem['kind']; message: string } | undefined {
  if (error !== undefined) return { kind: error.kind, message: error.message };
  if (verdict === 'Stale') return { kind: 'StaleList', message: 'the API server listed an older state than was seen before' };
  if (verdict === 'ConfirmEmpty') return { kind: 'EmptyList', message: 'a list without any object; looking again before it is believed' };
  return undefined;
}
