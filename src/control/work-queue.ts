/**
 * Keyed queue: which key runs next, when, and how often at most. p-queue is its bounded executor and is
 * imported only here; it never holds a backlog.
 *
 * Promises: a key waits once and never runs twice at a time; touched while it runs, it runs again; a key
 * that failed comes back for ever, with backoff, whatever its worker throws; memory is bounded by live keys.
 * Must not: know what a key means, log, or read the clock other than the one given.
 */
import PQueue from 'p-queue';
import { BACKOFF_BASE_MS, backoffMs, RETRY_CAP_MS } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Lane } from './lanes.ts';
import { createWaitingKeys } from './waiting-keys.ts';

/** What becomes of a key after its run. */
export type Next =
  /** Done; its failures are forgotten unless it is `failing` still. */
  | { readonly kind: 'settled'; readonly failing?: boolean }
  /** The same, and due again after `afterMs` without an event. */
  | { readonly kind: 'requeue'; readonly afterMs: number; readonly failing?: boolean }
  /** Failed: comes back after a backoff that starts at `baseMs` (250 ms), doubles and never exceeds `capMs`. */
  | { readonly kind: 'retry'; readonly capMs: number; readonly baseMs?: number };

/** Runs one key. A rejection counts as a retry: no worker can lose a key. */
export type Work = (key: string, signal: AbortSignal) => Promise<Next>;

/** Told what happens, for the workqueue_* metrics. Times in milliseconds. */
export interface QueueObserver {
  added(): void;
  retried(): void;
  /** A key left its lane after waiting `ms` in it (not counting a delay that was asked for). */
  started(waitedMs: number): void;
  finished(workedMs: number): void;
}

/** State at this moment, for gauges that are computed at scrape time. */
export interface QueueStats {
  /** Ready and waiting. */
  readonly depth: number;
  /** Waiting for their time. */
  readonly delayed: number;
  readonly running: number;
  /** Keys whose last run failed. */
  readonly failing: number;
  /** Sum over the running keys. */
  readonly unfinishedMs: number;
  readonly longestRunningMs: number;
}

export interface WorkQueueOptions {
  readonly work: Work;
  /** Keys that run at the same time, 1 or more. */
  readonly concurrency: number;
  readonly clock: Pick<Clock, 'now' | 'setTimer' | 'random'>;
  readonly observer?: QueueObserver;
}

export interface WorkQueue {
  /**
   * Asks for a run of the key, now or after `delayMs`. A key that waits already keeps one place: the more
   * urgent lane and the earlier time count. Before `start` keys only gather.
   */
  add(key: string, lane: Lane, delayMs?: number): void;
  start(): void;
  /**
   * Starts nothing more and waits for what runs. After `deadlineMs` the signal of the workers is aborted
   * and the keys that still run are returned. What waits is left to the next leader: it looks at everything.
   */
  drain(deadlineMs: number): Promise<readonly string[]>;
  /** Aborts the workers at once and starts nothing more. */
  stop(reason: Error): void;
  stats(): QueueStats;
}

/** How long runs may follow each other before timers and sockets get their turn. */
const LONGEST_TURN_MS = 5;

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { work, concurrency, clock, observer } = options;
  const executor = new PQueue({ concurrency });
  const abort = new AbortController();
  const waiting = createWaitingKeys(() => observer?.added());
  const running = new Map<string, number>();
  const failures = new Map<string, number>();
  const idle = Promise.withResolvers<void>();
  let state: 'gathering' | 'running' | 'closed' = 'gathering';
  let turnStartMs: number | undefined;
  let timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  /** Starts what can start, and sets the one timer for what cannot yet. */
  function pump(): void {
    if (state !== 'running') return;
    const nowMs = clock.now();
    waiting.mature(nowMs);
    while (waiting.ready > 0 && running.size < concurrency && withinTurn(nowMs)) {
      const taken = waiting.take();
      if (taken === undefined) break;
      running.set(taken.key, nowMs);
      observer?.started(nowMs - taken.readySinceMs);
      void executor.add(() => run(taken.key, nowMs)); // cannot reject
    }
    armTimer(nowMs);
  }

  /** Work that never waits for anything would otherwise go through the whole backlog in one turn. */
  function withinTurn(nowMs: number): boolean {
    if (turnStartMs === undefined) {
      turnStartMs = nowMs;
      setImmediate(() => {
        turnStartMs = undefined;
        pump();
      });
    }
    return nowMs - turnStartMs < LONGEST_TURN_MS;
  }

  function armTimer(nowMs: number): void {
    const atMs = waiting.nextDueMs();
    if (timer?.atMs === atMs) return;
    timer?.cancel();
    timer = atMs === Infinity ? undefined : { atMs, cancel: clock.setTimer(atMs - nowMs, wake) };
  }

  function wake(): void {
    timer = undefined;
    pump();
  }

  async function run(key: string, startedMs: number): Promise<void> {
    let next: Next;
    try {
      next = await work(key, abort.signal);
    } catch {
      next = { kind: 'retry', capMs: RETRY_CAP_MS };
    }
    const nowMs = clock.now();
    running.delete(key);
    observer?.finished(nowMs - startedMs);
    follow(key, next, nowMs);
    waiting.release(key, nowMs);
    if (running.size === 0 && state === 'closed') idle.resolve();
    pump();
  }

  function follow(key: string, next: Next, nowMs: number): void {
    if (next.kind === 'retry') {
      waiting.add(key, 'retry', nowMs + nextBackoffMs(key, next), nowMs);
      observer?.retried();
      return;
    }
    if (next.failing !== true) failures.delete(key);
    if (next.kind === 'requeue') waiting.add(key, 'resync', nowMs + Math.max(0, next.afterMs), nowMs);
  }

  function nextBackoffMs(key: string, { capMs, baseMs = BACKOFF_BASE_MS }: { capMs: number; baseMs?: number }): number {
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    return backoffMs(count, { baseMs, capMs }, clock.random());
  }

  function close(): void {
    state = 'closed';
    timer?.cancel();
    timer = undefined;
  }

  return {
    add(key, lane, delayMs = 0) {
      if (state === 'closed') return;
      const nowMs = clock.now();
      waiting.add(key, lane, nowMs + Math.max(0, delayMs), nowMs);
      if (delayMs > 0 || running.size < concurrency) pump(); // else the next end of a run takes it
    },
    start() {
      if (state === 'gathering') state = 'running';
      pump();
    },
    async drain(deadlineMs) {
      close();
      if (running.size === 0) return [];
      const deadline = Promise.withResolvers<void>();
      const cancel = clock.setTimer(deadlineMs, deadline.resolve);
      await Promise.race([idle.promise, deadline.promise]);
      cancel();
      const left = [...running.keys()];
      if (left.length > 0) abort.abort(new Error('shutdown deadline reached'));
      return left;
    },
    stop(reason) {
      close();
      abort.abort(reason);
    },
    stats() {
      const nowMs = clock.now();
      const ages = [...running.values()].map((startedMs) => nowMs - startedMs);
      return {
        depth: waiting.ready,
        delayed: waiting.delayed,
        running: running.size,
        failing: failures.size,
        unfinishedMs: ages.reduce((sum, age) => sum + age, 0),
        longestRunningMs: Math.max(0, ...ages),
      };
    },
  };
}
