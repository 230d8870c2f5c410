/**
 * What an operator asks of the API server while nothing happens, apart from its Lease, and what it uses meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutOverhead, writesBy } from './cold-start.ts';
import { countOf, isRead, isWrite, requestsSince, type RequestCounts } from './exposition.ts';
import { cpuMs, memoryOf } from './processes.ts';
import { requestsNow, type Stage } from './stage.ts';
import type { OperatorProcess } from './subjects.ts';

export interface IdleRequests {
  readonly seconds: number;
  /** By the API server's count, apart from Leases and this bench's own look. */
  readonly requests: RequestCounts;
  readonly writes: number;
  readonly reads: number;
  /** By the operator's own count, with its Lease. */
  readonly ownWrites: number;
  /** Share of one processor. */
  readonly cpuShare: number | undefined;
  readonly residentBytes: number | undefined;
}

export async function measureIdleRequests(stage: Stage, operator: OperatorProcess, seconds: number): Promise<IdleRequests> {
  const before = await requestsNow(stage);
  const ownBefore = writesBy(await operator.metrics());
  const cpuBefore = cpuMs(operator.pid);
  await stage.patience.within((seconds + 60) * 1000, sleep(seconds * 1000), () => 'the idle minute did not end');
  const cpuAfter = cpuMs(operator.pid);
  const memory = memoryOf(operator.pid);
  const requests = withoutOverhead(requestsSince(before, await requestsNow(stage)));
  return {
    seconds,
    requests,
    writes: countOf(requests, isWrite),
    reads: countOf(requests, isRead),
    ownWrites: writesBy(await operator.metrics()) - ownBefore,
    cpuShare: cpuBefore === undefined || cpuAfter === undefined ? undefined : (cpuAfter - cpuBefore) / (seconds * 1000),
    residentBytes: memory?.residentBytes,
  };
}
