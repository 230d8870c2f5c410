/**
 * Answers of the API server about people, remembered for a short time.
 *
 * Promises: bounded in number and in time; one question is asked once, however many want to know; a flood of questions
 * whose answer is no is slowed down, and neither evicts those whose answer was yes nor holds up asking about them again.
 */
import { createLane, type Lane } from './lane.ts';

export interface VerdictLimits {
  readonly yes: { readonly forMs: number; readonly most: number };
  readonly no: { readonly forMs: number; readonly most: number };
  /** How many may wait for the API server, of those known and of strangers each. */
  readonly room: number;
}

/** `undefined` is no. What `ask` throws is thrown and not remembered. */
export type Verdicts<T> = (key: string, ask: () => Promise<T | undefined>, signal: AbortSignal) => Promise<T | undefined>;

export interface VerdictClock {
  /** Monotonic milliseconds. */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** After each no: whoever guesses asks 20 times in a second at most. */
const AFTER_NO_MS = 50;

/** Never more than two questions are on their way. */
export function createVerdicts<T>(limits: VerdictLimits, { now, sleep }: VerdictClock): Verdicts<T> {
  const yes = createMemory<T>(limits.yes, now);
  const no = createMemory<true>(limits.no, now);
  const pending = new Map<string, Promise<T | undefined>>();
  const lanes = { known: createLane(1, limits.room), strangers: createLane(1, limits.room) };

  async function find(key: string, lane: Lane, ask: () => Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
    const found = await lane(async () => {
      const answer = await ask();
      if (answer === undefined) await sleep(AFTER_NO_MS, signal).catch(() => undefined);
      return answer;
    }, signal);
    if (found === undefined) {
      yes.forget(key);
      no.keep(key, true);
    } else yes.keep(key, found);
    return found;
  }

  return async (key, ask, signal) => {
    const known = yes.fresh(key);
    if (known !== undefined) return known;
    if (no.fresh(key) !== undefined) return undefined;
    const asked = pending.get(key);
    if (asked !== undefined) return asked;
    const finding = find(key, yes.has(key) ? lanes.known : lanes.strangers, ask, signal).finally(() => pending.delete(key));
    pending.set(key, finding);
    return finding;
  };
}

interface Memory<T> {
  /** What is not too old. */
  fresh(key: string): T | undefined;
  /** Also what is. */
  has(key: string): boolean;
  keep(key: string, value: T): void;
  forget(key: string): void;
}

/** The one that was kept longest ago goes first. */
function createMemory<T>({ forMs, most }: { readonly forMs: number; readonly most: number }, now: () => number): Memory<T> {
  const entries = new Map<string, { readonly value: T; readonly untilMs: number }>();
  return {
    fresh(key) {
      const entry = entries.get(key);
      return entry !== undefined && now() < entry.untilMs ? entry.value : undefined;
    },
    has: (key) => entries.has(key),
    keep(key, value) {
      entries.delete(key);
      entries.set(key, { value, untilMs: now() + forMs });
      const [oldest] = entries.keys();
      if (entries.size > most && oldest !== undefined) entries.delete(oldest);
    },
    forget: (key) => void entries.delete(key),
  };
}
