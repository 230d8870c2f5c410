/**
 * An operator that starts in a large cluster where everything is as it should be: how long until it knows so, and what
 * it writes and needs for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { countOf, isWrite, requestsSince, type RequestCounts } from './exposition.ts';
import { cpuMs, memoryOf } from './processes.ts';
import { requestsNow, type Stage } from './stage.ts';
import type { OperatorProcess, OwnRequests } from './subjects.ts';

export interface ColdStart {
  readonly namespaces: number;
  /** From the start of the process until /readyz says yes: everything is listed and watched. */
  readonly readyMs: number;
  /** Until every namespace is planned, so that it is known that nothing has to be written. */
  readonly plannedMs: number;
  readonly cpuMs: number | undefined;
  readonly peakBytes: number | undefined;
  /** Finished requests by the API server's count, apart from the Lease and from this bench's own look. */
  readonly requests: RequestCounts;
  readonly writes: number;
  /** By the operator's own count, with the Lease. */
  readonly own: OwnRequests;
}

/** What might follow the planning: a status, an event. */
const SETTLE_MS = 1500;

/** The operator goes on running. `before` was counted before it was started. */
export async function measureColdStart(stage: Stage, operator: OperatorProcess, namespaces: number, before: RequestCounts): Promise<ColdStart> {
  const readyAtMs = await operator.ready();
  const plannedAtMs = await operator.protecting(namespaces);
  const cpu = cpuMs(operator.pid);
  await sleep(SETTLE_MS);
  const requests = withoutOverhead(requestsSince(before, await requestsNow(stage)));
  return {
    namespaces,
    readyMs: readyAtMs - operator.startedMs,
    plannedMs: plannedAtMs - operator.startedMs,
    cpuMs: cpu,
    peakBytes: memoryOf(operator.pid)?.peakBytes,
    requests,
    writes: countOf(requests, isWrite),
    own: await operator.ownRequests(),
  };
}

/** Leases, and the questions for these very counts. */
export function withoutOverhead(requests: RequestCounts): RequestCounts {
  return new Map([...requests].filter(([key]) => !/ (leases(\/.*)?|\/metrics)$/.test(key)));
}
