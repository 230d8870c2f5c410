/**
 * One gate for all requests: when the API server says "come back later", everybody waits, not only who was told.
 */

/** Requests may go from this time on, in monotonic milliseconds. */
export interface GateState { readonly openAtMs: number }

export const OPEN: GateState = { openAtMs: 0 };

/** kube-apiserver says 32 s at most; whatever says more is not believed. */
export const LONGEST_CLOSURE_MS = 60_000;
/** Those who waited do not all start in the same millisecond. */
const SPREAD_MS = 200;

export function closedFor(state: GateState, nowMs: number, retryAfterMs: number): GateState {
  return { openAtMs: Math.max(state.openAtMs, nowMs + Math.min(retryAfterMs, LONGEST_CLOSURE_MS)) };
}

/** 0 while the gate is open. `random` is from 0 up to 1. */
export function waitMsAt(state: GateState, nowMs: number, random: number): number {
  return state.openAtMs <= nowMs ? 0 : state.openAtMs - nowMs + random * SPREAD_MS;
}

export interface GateClock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  random(): number;
}

export interface Gate {
  /** Resolves when requests may go; rejects when the signal is aborted first. */
  pass(signal: AbortSignal): Promise<void>;
  /** An answer carried Retry-After. */
  close(retryAfterMs: number): void;
}

export function createGate(clock: GateClock): Gate {
  let state = OPEN;
  return {
    async pass(signal) {
      for (;;) {
        const waitMs = waitMsAt(state, clock.now(), clock.random());
        if (waitMs === 0) return;
        await clock.sleep(waitMs, signal);
      }
    },
    close(retryAfterMs) { state = closedFor(state, clock.now(), retryAfterMs); },
  };
}
