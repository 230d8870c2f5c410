/**
 * The control loop: runs a key, sorts what was thrown, times, counts, and says when the key comes back.
 *
 * Promises: the one place that logs errors of a reconcile; every failure leads to a retry, except where the
 * namespace is gone; a reconcile that hangs is aborted.
 * Must not: know what a key means, or act on anything but keys.
 */
import { dispositionOn } from '../kube/errors.ts';
import type { Logger } from '../observe/logger.ts';
import { REPLAN_BASE_MS, RETRY_CAP_MS, SLOW_RETRY_CAP_MS } from './backoff.ts';
import type { Clock } from './clock.ts';
import { createFailureLog } from './failure-log.ts';
import { createWorkQueue, type Next, type QueueObserver, type WorkQueue } from './work-queue.ts';

export interface Outcome {
  /** Wall clock, milliseconds since the epoch: look again then, without an event. Absent: only on an event. */
  readonly requeueAtMs?: number;
  /** What failed before waits for its time, for which somebody has asked: neither a failure nor a success. */
  readonly failing?: boolean;
  /** There is nothing left that the key could mean. */
  readonly gone?: boolean;
}

/** Brings one key to its plan. Reads the present view, throws on the first failure, stops when `signal` says so. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<Outcome>;

export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';
/** `terminal`: nothing that time heals. `panic`: an error of this program. `timeout`: it hung and was aborted. */
export type ReconcileTrouble = 'terminal' | 'panic' | 'timeout';

/** Told what happens, for the controller_runtime_* and workqueue_* metrics. */
export interface ControllerObserver extends QueueObserver {
  reconciled(result: ReconcileResult, durationMs: number): void;
  troubled(kind: ReconcileTrouble): void;
}

export interface ControllerParts {
  readonly reconcile: Reconcile;
  /** Keys that run at the same time. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer?: ControllerObserver;
  /** A run that takes longer is aborted and retried. */
  readonly timeoutMs?: number;
}

/** Adding, draining and looking at keys. */
export type Controller = WorkQueue;

/** Above what every call of a run may take by its own deadline. */
export const RECONCILE_TIMEOUT_MS = 120_000;
/**
 * No wait for a date is longer than this, then the key looks again: a machine that slept, or a clock that
 * was set, is noticed within five minutes.
 */
export const LONGEST_REQUEUE_MS = 300_000;

export function createController(parts: ControllerParts): Controller {
  const { reconcile, clock, concurrency, observer, timeoutMs = RECONCILE_TIMEOUT_MS } = parts;
  const failures = createFailureLog(parts.log);

  async function work(key: string, signal: AbortSignal): Promise<Next> {
    const startedMs = clock.now();
    const result = await settle(() => withDeadline(key, signal));
    const nowMs = clock.now();
    const end = 'outcome' in result ? succeeded(key, result.outcome, nowMs) : failed(key, result.error, signal, nowMs);
    observer?.reconciled(end.result, nowMs - startedMs);
    return end.next;
  }

  /** One controller per run: the run's own signal also ends with its deadline. */
  async function withDeadline(key: string, outer: AbortSignal): Promise<Outcome> {
    const run = new AbortController();
    const end = (): void => run.abort(outer.reason);
    const cancel = clock.setTimer(timeoutMs, () => {
      observer?.troubled('timeout');
      run.abort(new Error(`no end after ${timeoutMs / 1000} s`));
    });
    if (outer.aborted) end();
    outer.addEventListener('abort', end, { once: true });
    try {
      return await reconcile(key, run.signal);
    } finally {
      cancel();
      outer.removeEventListener('abort', end);
    }
  }

  function succeeded(key: string, { requeueAtMs, failing = false, gone = false }: Outcome, nowMs: number): End {
    if (gone) failures.gone(key);
    else if (!failing) failures.settled(key, nowMs);
    if (requeueAtMs === undefined) return failing ? STILL_FAILING : SETTLED;
    const afterMs = Math.min(requeueAtMs - clock.wallMs(), LONGEST_REQUEUE_MS);
    return { result: 'requeue_after', next: { kind: 'requeue', afterMs, failing } };
  }

  function failed(key: string, error: unknown, signal: AbortSignal, nowMs: number): End {
    if (signal.aborted) return REPLAN; // shutting down: nobody's failure
    const disposition = dispositionOn(error);
    if (disposition === 'replan') return REPLAN;
    if (disposition === 'drop') {
      failures.gone(key);
      return SETTLED;
    }
    const needsSomebody = disposition === 'retrySlowly';
    if (needsSomebody) observer?.troubled('terminal');
    if (isBug(error)) observer?.troubled('panic');
    failures.failed(key, { error, needsSomebody }, nowMs);
    return { result: 'error', next: { kind: 'retry', capMs: needsSomebody ? SLOW_RETRY_CAP_MS : RETRY_CAP_MS } };
  }

  return createWorkQueue({ work, concurrency, clock, ...(observer && { observer }) });
}

/** How a run ended: for the queue, and in controller-runtime's words. */
interface End {
  readonly next: Next;
  readonly result: ReconcileResult;
}
const SETTLED: End = { result: 'success', next: { kind: 'settled' } };
const STILL_FAILING: End = { result: 'requeue_after', next: { kind: 'settled', failing: true } };
/** The world is not as planned, which is no error: soon again, then with more patience. */
const REPLAN: End = { result: 'requeue', next: { kind: 'retry', capMs: RETRY_CAP_MS, baseMs: REPLAN_BASE_MS } };

const isBug = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError || error instanceof SyntaxError;

type Settled = { readonly outcome: Outcome } | { readonly error: unknown };

async function settle(run: () => Promise<Outcome>): Promise<Settled> {
  try {
    return { outcome: await run() };
  } catch (error) {
    return { error };
  }
}
