/**
 * Many namespaces at once: how fast they are protected, how long after the last one was made, and what it costs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { requestsSince, type RequestCounts } from './exposition.ts';
import { cpuMs } from './processes.ts';
import { createNamespace, requestsNow, type Stage } from './stage.ts';
import type { Subject } from './subjects.ts';

export interface Burst {
  readonly namespaces: number;
  /** From the first request to the last policy seen. */
  readonly durationMs: number;
  /** Until the last namespace was made. */
  readonly createdMs: number;
  readonly namespacesPerSecond: number;
  /** From the answer to the last creation until the last policy was seen. */
  readonly lagMs: number;
  /** Of each namespace, from its answer until its policies were seen. */
  readonly latenciesMs: readonly number[];
  /** Processor time for each namespace, in milliseconds; absent where it cannot be read. */
  readonly cpuMs: Partial<Record<'subject' | 'apiserver' | 'etcd' | 'creators', number>>;
  /** What the API server was asked for meanwhile, also by the creators. */
  readonly requests: RequestCounts;
  /** Requests of the subject that read something, by its own count. */
  readonly reads: number;
}

export const CREATORS = 16;
/** Work that follows the last policy, such as a status, belongs to the burst. */
const SETTLE_MS = 500;
/** Far above the slowest machine: 10 namespaces per second. */
const timeoutMs = (namespaces: number): number => 30_000 + namespaces * 100;

export async function measureBurst(stage: Stage, names: readonly string[], subject: Subject): Promise<Burst> {
  const pids = { subject: subject.pid, apiserver: stage.servers.apiserver, etcd: stage.servers.etcd, creators: process.pid };
  const requestsBefore = await requestsNow(stage);
  const { reads: readsBefore } = await subject.ownRequests();
  const cpuBefore = cpuOf(pids);
  const startedMs = performance.now();
  const seen = names.map((name) => stage.watch.created(name, stage.policies));
  const answeredMs = await createAll(stage, names);
  const seenMs = await stage.patience.within(timeoutMs(names.length), Promise.all(seen), () =>
    `the burst did not converge: ${stage.watch.missing} of ${names.length * stage.policies.length} policies are missing`);
  const lastMs = highest(seenMs);
  await sleep(SETTLE_MS);
  const cpuAfter = cpuOf(pids);
  return {
    namespaces: names.length,
    durationMs: lastMs - startedMs,
    createdMs: highest(answeredMs) - startedMs,
    namespacesPerSecond: (names.length * 1000) / (lastMs - startedMs),
    lagMs: lastMs - highest(answeredMs),
    latenciesMs: seenMs.map((atMs, index) => atMs - (answeredMs[index] ?? Number.NaN)),
    cpuMs: perNamespace(cpuBefore, cpuAfter, names.length),
    requests: requestsSince(requestsBefore, await requestsNow(stage)),
    reads: (await subject.ownRequests()).reads - readsBefore,
  };
}

/** When each was answered. */
async function createAll(stage: Stage, names: readonly string[]): Promise<number[]> {
  const answeredMs: number[] = [];
  let next = 0;
  const creator = async (): Promise<void> => {
    for (let index = next++; index < names.length; index = next++) answeredMs[index] = await createNamespace(stage, names[index] ?? '');
  };
  await stage.patience.within(timeoutMs(names.length), Promise.all(Array.from({ length: CREATORS }, creator)), () =>
    `only ${Object.keys(answeredMs).length} of ${names.length} namespaces could be created`);
  return answeredMs;
}

type Cpu = Burst['cpuMs'];

function cpuOf(pids: Readonly<Record<keyof Cpu, number>>): Cpu {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuMs(pid)]).filter(([, ms]) => ms !== undefined)) as Cpu;
}

function perNamespace(before: Cpu, after: Cpu, namespaces: number): Cpu {
  return Object.fromEntries((Object.entries(after) as [keyof Cpu, number][]).map(([name, ms]) => [name, (ms - (before[name] ?? ms)) / namespaces]));
}

const highest = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), -Infinity);
