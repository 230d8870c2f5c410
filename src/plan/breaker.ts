/**
 * The breaker for removals: nothing opens many namespaces by accident.
 *
 * Counted per baseline over a rolling 10 minutes. Above max(10, 10 % of the namespaces that hold its policies),
 * or when all of them (two or more) would lose isolation, removals are held until confirmed by token.
 * Additions and repairs are never asked about here.
 */
import { shortHash } from '../api/hash.ts';
import type { Held, RecentRemovals } from '../api/v1alpha1.ts';

export const BREAKER_WINDOW_MS = 10 * 60_000;
const ALWAYS_ALLOWED = 10;
const ALLOWED_SHARE = 0.1;

export interface BreakerInput {
  readonly generation: number;
  /** Of the spec: the token when a change of the spec caused the removals. */
  readonly specHash: string;
  /** Value of the confirming annotation. */
  readonly confirm: string | undefined;
  /** Names of namespaces that would lose isolation now, sorted. */
  readonly losing: readonly string[];
  /** Namespaces that hold policies of the baseline now. */
  readonly holding: number;
  /** Namespaces that lost isolation within the window, and hold nothing any more. */
  readonly lost: number;
  /** Namespaces that earlier processes let through and that count still; they may hold something. */
  readonly lostEarlier: number;
  /** True until a generation was assessed once without being held: then its spec is the cause. */
  readonly specIsNew: boolean;
  /** What `status.held` says, as stored; the budget of a confirmation is what was written there. */
  readonly stored: Held | undefined;
  /** What is left of a confirmation that is being carried out, `undefined` before. */
  readonly remaining: number | undefined;
  readonly now: string;
}

export interface BreakerDecision {
  /** Namespaces whose removals may be carried out now. */
  readonly permitted: readonly string[];
  /** What `status.held` shall say. */
  readonly held: Held | undefined;
  readonly confirmed: boolean;
}

/**
 * How many namespaces earlier processes let through, as they left them in the status: all of them until the last one is
 * ten minutes ago. An end that is further away than that comes from a clock that was wrong.
 */
export function stillCounted(recent: RecentRemovals | undefined, nowMs: number): number {
  const leftMs = recent === undefined ? 0 : Date.parse(recent.until) - nowMs;
  return leftMs > 0 && leftMs <= 2 * BREAKER_WINDOW_MS ? recent?.namespaces ?? 0 : 0;
}

export function decideRemovals(input: BreakerInput): BreakerDecision {
  const { losing, stored, generation } = input;
  const sticky = stored !== undefined && stored.generation === generation ? stored : undefined;
  if (losing.length === 0) return { permitted: [], held: undefined, confirmed: false };
  if (sticky === undefined && !isOverLimit(input)) return { permitted: losing, held: undefined, confirmed: false };
  if (sticky !== undefined && input.confirm === sticky.token) return confirmed(input, sticky);
  return { permitted: [], held: heldNow(input, sticky), confirmed: false };
}

/** Of what earlier processes let through it is not known how much holds nothing any more: in doubt it is held. */
function isOverLimit({ losing, lost, lostEarlier, holding }: BreakerInput): boolean {
  const total = losing.length + lost + lostEarlier;
  const before = holding + lost;
  const limit = Math.max(ALWAYS_ALLOWED, Math.floor(before * ALLOWED_SHARE));
  return total > limit || (total >= 2 && total >= before);
}

function confirmed(input: BreakerInput, sticky: Held): BreakerDecision {
  const budget = input.remaining ?? sticky.namespaces;
  const permitted = input.losing.slice(0, budget);
  if (permitted.length === 0) return { permitted, held: heldAnew(input), confirmed: false };
  return { permitted, held: { ...sticky, namespaces: budget }, confirmed: true };
}

function heldNow(input: BreakerInput, sticky: Held | undefined): Held {
  const bySpec = sticky === undefined ? input.specIsNew : sticky.token === specToken(input);
  if (!bySpec) return { ...heldAnew(input), since: sticky?.since ?? input.now };
  return { token: specToken(input), generation: input.generation, namespaces: input.losing.length, since: sticky?.since ?? input.now };
}

/** More than was confirmed: the token is of the namespaces, so that the earlier confirmation does not fit. */
function heldAnew(input: BreakerInput): Held {
  const token = shortHash(`${input.generation}\n${input.losing.join('\n')}`);
  return { token, generation: input.generation, namespaces: input.losing.length, since: input.now };
}

function specToken({ specHash }: BreakerInput): string {
  return specHash;
}
