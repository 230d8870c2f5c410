/**
 * Carries out the writes of a plan in their order.
 *
 * Promises: a refused policy stops nobody else; an allow that fails for a passing cause holds the deny back for
 * at most 30 s, and a deny that should go but stays keeps its allows; what is held or postponed is left out and
 * said so, with the time to look again, whatever else fails; the worst failure is thrown at the end.
 * Must not: decide what is written; it only decides whether now.
 */
import { DEFAULT_DENY } from '../api/names.ts';
import type { Direction } from '../api/network-policy.ts';
import { dispositionOn, KubeError } from '../kube/errors.ts';
import type { FieldDifference } from '../plan/drift.ts';
import { droppedDirections, nameOf, type Write } from '../plan/writes.ts';
import type { Performed } from './perform.ts';

/** What became of one write. */
export type Result =
  | { readonly kind: 'Done' }
  /** Stored, though not as it was sent; the version is that of the answer. */
  | { readonly kind: 'Mismatched'; readonly differences: readonly FieldDifference[]; readonly resourceVersion: string | undefined }
  | { readonly kind: 'Refused'; readonly error: KubeError }
  | { readonly kind: 'Failed'; readonly error: unknown }
  /** The breaker lets nothing of it through. */
  | { readonly kind: 'Held' }
  /** For another write that has to come first and did not. */
  | { readonly kind: 'Waiting' }
  /** Until this time of the monotonic clock. */
  | { readonly kind: 'Postponed'; readonly untilMs: number };

export interface ApplyParts {
  perform(write: Write, signal: AbortSignal): Promise<Performed>;
  /** What the breaker lets through of it: all, the same without the held directions, or nothing. */
  permitted(write: Write): Write | undefined;
  /** The earliest time for this write by the clock of `now`; in the past when it may go at once. */
  notBeforeMs(write: Write): number;
  /** How long allow policies have been failing here; 0 when they have not. */
  allowFailsForMs(): number;
  now(): number;
  /** Asks for another look at this time, by the clock of `now`: something was postponed, or not taken as it was sent. */
  lookAgain(atMs: number): void;
  /** Told of each write that was tried or left out. */
  onResult(write: Write, result: Result): void;
}

/** For at most this long a deny waits for an allow that fails for a passing cause. */
export const DENY_HELD_BACK_MS = 30_000;

export async function applyPlan(writes: readonly Write[], parts: ApplyParts, signal: AbortSignal): Promise<void> {
  let obstacles = NO_OBSTACLES;
  let worst: unknown;
  for (const write of writes) {
    signal.throwIfAborted();
    const part = parts.permitted(write);
    const result = part === undefined ? HELD : mustWait(part, obstacles, parts) ? WAITING : await tryWrite(part, parts, signal);
    parts.onResult(part ?? write, result);
    obstacles = after(write, part, result, obstacles);
    const againAtMs = againAt(result, parts.now());
    if (againAtMs !== undefined) parts.lookAgain(againAtMs);
    if (result.kind === 'Failed' || result.kind === 'Refused') worst = worse(worst, result.error);
    if (worst !== undefined && mustLookAgain(worst)) break;
  }
  if (worst !== undefined) throw worst;
}

/** An answer that is not what was sent asks for another look even where nothing was stored, so that no event will come. */
function againAt(result: Result, nowMs: number): number | undefined {
  if (result.kind === 'Mismatched') return nowMs;
  return result.kind === 'Postponed' ? result.untilMs : undefined;
}

/** What became of earlier writes and later ones have to wait for. */
interface Obstacles {
  readonly allowFailed: boolean;
  /** Directions that the deny should not isolate any more, and still does. */
  readonly denied: readonly Direction[];
}
const NO_OBSTACLES: Obstacles = { allowFailed: false, denied: [] };

/** `part` is what was permitted of `write`. */
function after(write: Write, part: Write | undefined, { kind }: Result, obstacles: Obstacles): Obstacles {
  const isStored = kind === 'Done' || kind === 'Mismatched';
  if (nameOf(write) === DEFAULT_DENY) {
    const ended = isStored && part !== undefined ? droppedDirections(part) : [];
    return { ...obstacles, denied: droppedDirections(write).filter((direction) => !ended.includes(direction)) };
  }
  return kind === 'Failed' && isAllow(write) ? { ...obstacles, allowFailed: true } : obstacles;
}

function mustWait(write: Write, { allowFailed, denied }: Obstacles, parts: ApplyParts): boolean {
  if (allowFailed && addsDeny(write) && parts.allowFailsForMs() < DENY_HELD_BACK_MS) return true;
  return droppedDirections(write).some((direction) => denied.includes(direction));
}

const HELD: Result = { kind: 'Held' };
const WAITING: Result = { kind: 'Waiting' };

async function tryWrite(write: Write, parts: ApplyParts, signal: AbortSignal): Promise<Result> {
  const untilMs = parts.notBeforeMs(write);
  if (untilMs > parts.now()) return { kind: 'Postponed', untilMs };
  try {
    const { mismatch, resourceVersion } = await parts.perform(write, signal);
    return mismatch.length === 0 ? { kind: 'Done' } : { kind: 'Mismatched', differences: mismatch, resourceVersion };
  } catch (error) {
    const refused = error instanceof KubeError && dispositionOn(error) === 'retrySlowly';
    return refused ? { kind: 'Refused', error } : { kind: 'Failed', error };
  }
}

/** Brings or changes an allow policy. */
export function isAllow(write: Write): boolean {
  return write.kind !== 'Remove' && nameOf(write) !== DEFAULT_DENY;
}

function addsDeny(write: Write): boolean {
  return write.kind !== 'Remove' && nameOf(write) === DEFAULT_DENY;
}

/** A namespace that is gone, or a world that is not as planned: the rest of the plan means nothing. */
function mustLookAgain(error: unknown): boolean {
  const disposition = dispositionOn(error);
  return disposition === 'drop' || disposition === 'replan';
}

/** What heals by itself decides the wait: a refusal must not slow down what is only interrupted. */
function worse(known: unknown, error: unknown): unknown {
  if (known === undefined) return error;
  const order = ['drop', 'replan', 'retry', 'retrySlowly'] as const;
  return order.indexOf(dispositionOn(error)) < order.indexOf(dispositionOn(known)) ? error : known;
}
