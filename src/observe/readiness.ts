/** Whether this replica can be relied on, and if not, what is missing. Pure. */
import type { Check } from './http-server.ts';

/** One watched resource, as far as readiness is concerned. */
export interface SourceHealth {
  readonly resource: string;
  readonly synced: boolean;
  /** Last sign of life; monotonic milliseconds. */
  readonly lastFrameAtMs: number | undefined;
  /** Why it may be out of date. */
  readonly problem: { readonly kind: string; readonly message: string; /** Without a break; monotonic milliseconds. */ readonly sinceMs: number } | undefined;
}

/** No sign of life on a watch for this long means that it may be dead: bookmarks come about every minute. Nor do failures pass by then. */
const SILENCE_MS = 150_000;

/** `nowMs` on the clock that the healths were taken with. */
export function readinessOf(healths: readonly SourceHealth[], nowMs: number, stopping: boolean): Check {
  if (stopping) return { ok: false, lines: ['stopping'] };
  const states = healths.map((health) => ({ resource: health.resource, missing: missingOf(health, nowMs) }));
  return {
    ok: states.every(({ missing }) => missing === undefined),
    lines: states.map(({ resource, missing }) => `${resource}: ${missing ?? 'synced and watching'}`),
  };
}

/**
 * A store that was synced stays good while its watch is being reopened, until silence, a refusal, or nothing but failures:
 * what is there is as old then as after silence, and a replica that starts now would not become ready either.
 */
function missingOf({ synced, lastFrameAtMs, problem }: SourceHealth, nowMs: number): string | undefined {
  if (problem !== undefined && REFUSALS.has(problem.kind)) return problem.message;
  if (!synced) return problem === undefined ? 'first list is under way' : `no list yet: ${problem.message}`;
  const silentMs = nowMs - (lastFrameAtMs ?? Number.NEGATIVE_INFINITY);
  if (silentMs > SILENCE_MS) return `nothing heard for ${Math.round(silentMs / 1000)} s${problem === undefined ? '' : `: ${problem.message}`}`;
  const failingMs = nowMs - (problem?.sinceMs ?? nowMs);
  return failingMs > SILENCE_MS ? `failing for ${Math.round(failingMs / 1000)} s: ${problem?.message}` : undefined;
}

const REFUSALS: ReadonlySet<string> = new Set(['Forbidden', 'Unauthorized', 'NotFound']);

/** Alive: no key is stuck far beyond the deadline that ends every reconcile. Independent of the API server. */
export function livenessOf(longestRunningMs: number): Check {
  const ok = longestRunningMs < STUCK_MS;
  return { ok, lines: [ok ? 'ok' : `a reconcile has been running for ${Math.round(longestRunningMs / 1000)} s`] };
}

const STUCK_MS = 10 * 60_000;
