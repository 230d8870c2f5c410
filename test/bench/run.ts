/**
 * The bench from beginning to end: sessions of operator and floor in turn (one pair the one way, the next the other way),
 * then cold starts in the large cluster that the sessions left behind, then a minute in which nothing happens.
 */
import type { ColdStart } from './cold-start.ts';
import { measureColdStart } from './cold-start.ts';
import { measureIdleRequests, type IdleRequests } from './idle-requests.ts';
import { measureBurst, type Burst } from './burst.ts';
import { namespacesPerSession, runSession, startSettled, type Session } from './session.ts';
import { PREFIX, requestsNow, type Stage } from './stage.ts';
import { seededRandom } from './statistics.ts';
import type { Sizes } from './sizes.ts';
import type { OperatorProcess, Subject } from './subjects.ts';

export interface BenchResult {
  readonly pairs: readonly PairOfSessions[];
  /** The burst of the floor that made the rest of the large cluster, if one was needed. */
  readonly filling: Burst | undefined;
  readonly coldStarts: readonly ColdStart[];
  readonly idle: IdleRequests | undefined;
}

export interface PairOfSessions {
  readonly floor: Session;
  readonly operator: Session;
}

export interface BenchParts {
  readonly stage: Stage;
  readonly sizes: Sizes;
  readonly startOperator: () => Promise<OperatorProcess>;
  readonly startFloor: () => Promise<Subject>;
  readonly say: (line: string) => void;
}

/** Namespaces that exist from the start and are protected: `default`. */
const ALREADY_THERE = 1;

export async function runBench(parts: BenchParts): Promise<BenchResult> {
  const { stage, sizes, say } = parts;
  const random = seededRandom(1);
  let existing = ALREADY_THERE;
  let sessions = 0;

  async function session(name: Subject['name']): Promise<Session> {
    const subject = name === 'floor' ? await parts.startFloor() : await startSettled(stage, parts.startOperator, existing);
    const result = await runSession(subject, { stage, sizes, random, number: sessions++ });
    existing += namespacesPerSession(sizes, name);
    await subject.stop();
    return result;
  }

  const pairs: PairOfSessions[] = [];
  for (let pair = 0; pair < sizes.pairs; pair += 1) {
    say(`pair ${pair + 1} of ${sizes.pairs}: ${pair % 2 === 0 ? 'floor, then operator' : 'operator, then floor'}`);
    const first = await session(pair % 2 === 0 ? 'floor' : 'operator');
    const second = await session(pair % 2 === 0 ? 'operator' : 'floor');
    const [floor, operator] = pair % 2 === 0 ? [first, second] : [second, first];
    pairs.push({ floor, operator });
  }
  const filling = await fill(parts, sizes.cold - existing);
  return { pairs, filling, ...await startCold(parts, existing + (filling?.namespaces ?? 0)) };
}

/** Makes the rest of the large cluster, by the floor, as that is fastest. */
async function fill({ stage, sizes, startFloor, say }: BenchParts, namespaces: number): Promise<Burst | undefined> {
  if (sizes.cold === 0 || namespaces <= 0) return undefined;
  say(`making ${namespaces} more namespaces with their policies`);
  const floor = await startFloor();
  const burst = await measureBurst(stage, Array.from({ length: namespaces }, (_, index) => `${PREFIX}fill-${index}`), floor);
  await floor.stop();
  return burst;
}

async function startCold(parts: BenchParts, namespaces: number): Promise<Pick<BenchResult, 'coldStarts' | 'idle'>> {
  const { stage, sizes, startOperator, say } = parts;
  if (sizes.cold === 0 && sizes.idleSeconds === 0) return { coldStarts: [], idle: undefined };
  const settled = await startSettled(stage, startOperator, namespaces); // writes the status of this many
  await settleStatus(stage);
  await settled.stop();
  const coldStarts: ColdStart[] = [];
  for (let start = 1; ; start += 1) {
    say(`cold start ${start} of ${sizes.coldStarts} with ${namespaces} namespaces`);
    const before = await requestsNow(stage);
    const operator = await startOperator();
    coldStarts.push(await measureColdStart(stage, operator, namespaces, before));
    if (start < sizes.coldStarts) {
      await operator.stop();
      continue;
    }
    const idle = sizes.idleSeconds === 0 ? undefined : await idleMinute(parts, operator);
    await operator.stop();
    return { coldStarts: sizes.cold === 0 ? [] : coldStarts, idle };
  }
}

async function idleMinute({ stage, sizes, say }: BenchParts, operator: OperatorProcess): Promise<IdleRequests> {
  say(`counting requests for ${sizes.idleSeconds} s in which nothing happens`);
  return measureIdleRequests(stage, operator, sizes.idleSeconds);
}

const STATUS_POLL_MS = 1000;
const STATUS_QUIET_MS = 6000;

/** Until no status has been written for longer than the operator holds one back. */
async function settleStatus(stage: Stage): Promise<void> {
  const patches = async (): Promise<number> => (await requestsNow(stage)).get('PATCH namespacepolicybaselines/status') ?? 0;
  let count = await patches();
  let sinceMs = performance.now();
  while (performance.now() - sinceMs < STATUS_QUIET_MS) {
    await new Promise((resolve) => { setTimeout(resolve, STATUS_POLL_MS); });
    const now = await patches();
    if (now === count) continue;
    count = now;
    sinceMs = performance.now();
  }
}
