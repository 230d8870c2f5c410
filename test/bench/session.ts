/**
 * One session: a subject alone on the stage, from its start to its end, with everything that is measured of both.
 */
import { AT_ONCE } from './floor.ts';
import { countOf, isWrite, requestsSince } from './exposition.ts';
import { measureBurst, type Burst } from './burst.ts';
import { withoutOverhead } from './cold-start.ts';
import { measureIdleLatency } from './idle-latency.ts';
import { watchDisturbance, type Disturbance } from './machine.ts';
import { BenchError } from './patience.ts';
import { measureRepairs, type Repairs } from './repair.ts';
import { PREFIX, requestsNow, type Stage } from './stage.ts';
import type { Sizes } from './sizes.ts';
import type { OperatorProcess, Subject } from './subjects.ts';

export interface Session {
  /** Milliseconds from the answer to a namespace's creation until its policies were seen. */
  readonly idleMs: readonly number[];
  /** The floor only: without the wait before the first write. */
  readonly idleAtOnceMs: readonly number[];
  readonly burst: Burst;
  readonly repairs: Repairs;
  readonly disturbance: Disturbance | undefined;
}

export interface SessionParts {
  readonly stage: Stage;
  readonly sizes: Sizes;
  readonly random: () => number;
  /** Number of the session, for names. */
  readonly number: number;
}

/** How many namespaces a session makes. */
export function namespacesPerSession({ warmUp, samples, namespaces }: Sizes, subject: Subject['name']): number {
  return warmUp + samples * (subject === 'floor' ? 2 : 1) + namespaces;
}

export async function runSession(subject: Subject, { stage, sizes, random, number }: SessionParts): Promise<Session> {
  const named = (kind: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${PREFIX}${number}${kind}${index}`);
  const disturbance = watchDisturbance([subject.pid, stage.servers.apiserver, stage.servers.etcd, process.pid]);
  if (sizes.warmUp > 0) await measureBurst(stage, named('-warm-', sizes.warmUp), subject);
  const waiting = named('-wait-', sizes.samples);
  const atOnce = subject.name === 'floor' ? named(AT_ONCE, sizes.samples) : [];
  const inTurn = waiting.flatMap((name, index) => (atOnce[index] === undefined ? [name] : [name, atOnce[index]]));
  const latencies = new Map((await measureIdleLatency(stage, inTurn, random)).map((ms, index) => [inTurn[index] ?? '', ms]));
  const burst = await measureBurst(stage, named('-burst-', sizes.namespaces), subject);
  await subject.repairs();
  const repairs = await measureRepairs(stage, waiting.slice(0, sizes.repairs));
  const latencyOf = (name: string): number => latencies.get(name) ?? Number.NaN;
  return { idleMs: waiting.map(latencyOf), idleAtOnceMs: atOnce.map(latencyOf), burst, repairs, disturbance: disturbance() };
}

/**
 * Starts an operator and waits until it has looked at every namespace. What the floor wrote must be right in its eyes:
 * otherwise the two did not do the same work, and nothing can be compared.
 */
export async function startSettled(stage: Stage, start: () => Promise<OperatorProcess>, protectedNamespaces: number): Promise<OperatorProcess> {
  const before = await requestsNow(stage);
  const operator = await start();
  await operator.ready();
  await operator.protecting(protectedNamespaces);
  const requests = withoutOverhead(requestsSince(before, await requestsNow(stage)));
  const written = countOf(requests, (key) => isWrite(key) && key.includes(' networkpolicies'));
  if (written > FIRST_WRITES) throw new BenchError(`the operator wrote ${written} policies at its start: what the floor writes is not what the operator wants`);
  return operator;
}

/** Those of the namespace `default`, the first time. */
const FIRST_WRITES = 2;
