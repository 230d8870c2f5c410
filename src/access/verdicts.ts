/**
 * Answers of the API server about people, remembered for a short time.
 *
 * Promises: bounded in number and in time; one question is asked once, however many want to know; a flood of questions
 * whose answer is no is slowed down, and neither evicts those whose answer was yes nor holds up asking about them again;
 * what is valued is not evicted by what is not.
 */
import { createLane, type Lane } from './lane.ts';

export interface VerdictLimits {
  readonly yes: { readonly forMs: number; readonly most: number };
  readonly no: { readonly forMs: number; readonly most: number };
  /** How many may wait for the API server, of those known and of strangers each. */
  readonly room: number;
}

/** `undefined` is no. What `ask` throws is thrown and not remembered. */
export interface Verdicts<T> {
  (key: string, ask: () => Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined>;
  /** A yes that proved to be worth remembering, for as long as it comes again. */
  value(key: string): void;
}

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

  async function decide(key: string, ask: () => Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
    const known = yes.fresh(key);
    if (known !== undefined) return known;
    if (no.fresh(key) !== undefined) return undefined;
    const asked = pending.get(key);
    if (asked !== undefined) return asked;
    const finding = find(key, yes.has(key) ? lanes.known : lanes.strangers, ask, signal).finally(() => pending.delete(key));
    pending.set(key, finding);
    return finding;
  }

  return Object.assign(decide, { value: yes.value });
}

interface Memory<T> {
  /** What is not too old. */
  fresh(key: string): T | undefined;
  /** Also what is. */
  has(key: string): boolean;
  keep(key: string, value: T): void;
  forget(key: string): void;
  value(key: string): void;
}

interface Entry<T> {
  readonly value: T;
  readonly untilMs: number;
  readonly isValued: boolean;
}

/** The one that was kept longest ago goes first; those that are valued, and were fresh a moment ago, after all others. */
function createMemory<T>({ forMs, most }: { readonly forMs: number; readonly most: number }, now: () => number): Memory<T> {
  const entries = new Map<string, Entry<T>>();

  /** The entry that was just kept is the last, and stays. */
  function evict(): void {
    const [oldest] = entries.keys();
    const spared = Array.from(entries).slice(0, -1).find(([, { isValued, untilMs }]) => !isValued || now() >= untilMs + forMs);
    const key = spared?.[0] ?? oldest;
    if (key !== undefined) entries.delete(key);
  }

  return {
    fresh(key) {
      const entry = entries.get(key);
      return entry !== undefined && now() < entry.untilMs ? entry.value : undefined;
    },
    has: (key) => entries.has(key),
    keep(key, value) {
      const isValued = entries.get(key)?.isValued ?? false;
      entries.delete(key);
      entries.set(key, { value, untilMs: now() + forMs, isValued });
      if (entries.size > most) evict();
    },
    forget: (key) => void entries.delete(key),
    value(key) {
      const entry = entries.get(key);
      if (entry !== undefined) entries.set(key, { ...entry, isValued: true });
    },
  };
}
