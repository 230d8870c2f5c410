/**
 * What an operator asks of the API server while nothing happens, apart from its Lease, and what it uses meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutOverhead } from './cold-start.ts';
import { countOf, isWrite, requestsSince, type RequestCounts } from './exposition.ts';
import { cpuMs, memoryOf } from './processes.ts';
import { requestsNow, type Stage } from './stage.ts';
import type { OperatorProcess, OwnRequests } from './subjects.ts';

export interface IdleRequests {
  readonly seconds: number;
  /** By the API server's count, apart from Leases and this bench's own look; the API server reads by itself, too. */
  readonly requests: RequestCounts;
  readonly writes: number;
  /** By the operator's own count, with its Lease. */
  readonly own: OwnRequests;
  /** Share of one processor. */
  readonly cpuShare: number | undefined;
  readonly residentBytes: number | undefined;
}

export async function measureIdleRequests(stage: Stage, operator: OperatorProcess, seconds: number): Promise<IdleRequests> {
  const before = await requestsNow(stage);
  const ownBefore = await operator.ownRequests();
  const cpuBefore = cpuMs(operator.pid);
  await stage.patience.within((seconds + 60) * 1000, sleep(seconds * 1000), () => 'the idle minute did not end');
  const cpuAfter = cpuMs(operator.pid);
  const memory = memoryOf(operator.pid);
  const requests = withoutOverhead(requestsSince(before, await requestsNow(stage)));
  const own = await operator.ownRequests();
  return {
    seconds,
    requests,
    writes: countOf(requests, isWrite),
    own: { reads: own.reads - ownBefore.reads, writes: own.writes - ownBefore.writes },
    cpuShare: cpuBefore === undefined || cpuAfter === undefined ? undefined : (cpuAfter - cpuBefore) / (seconds * 1000),
    residentBytes: memory?.residentBytes,
  };
}
