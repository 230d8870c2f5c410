/**
 * The breaker at work: knows which namespaces would lose isolation, and which of them may.
 *
 * Promises: after a change of a baseline nothing may be opened until every namespace has been looked at;
 * what is held is in `status.held` before any of it is let through; what was let through is handed on to the next
 * process in `status.recentRemovals`. The decision itself is plan/breaker.ts.
 */
import type { Held, RecentRemovals } from '../api/v1alpha1.ts';
import type { Direction } from '../api/network-policy.ts';
import type { BaselineRecord } from '../kube/objects.ts';
import { BREAKER_WINDOW_MS, decideRemovals, stillCounted, type BreakerDecision } from '../plan/breaker.ts';
import type { Loss } from '../plan/leaving.ts';

export interface RemovalGate {
  /** What the latest plan of a namespace would take away, and the directions that it isolates. */
  note(namespace: string, losses: readonly Loss[], isolated?: ReadonlySet<Direction>): void;
  forget(namespace: string): void;
  /** Planning can come out differently everywhere: nothing is permitted until `assessed`. */
  unsettle(): void;
  /** Every namespace has been planned and noted. Returns the namespaces that may go on. */
  assessed(): readonly string[];
  /** The baseline object has changed (status, annotation). Returns the namespaces that may go on now. */
  reconsider(baseline: string): readonly string[];
  permits(namespace: string, opens: readonly Loss[]): boolean;
  /** These removals were carried out. */
  removed(namespace: string, opens: readonly Loss[]): void;
  /** These removals were asked for, and nobody knows whether they were done. A plan that does not find them any more says so. */
  tried(namespace: string, opens: readonly Loss[]): void;
  heldFor(baseline: string): HeldRemovals;
}

export interface HeldRemovals {
  readonly held: Held | undefined;
  readonly confirmed: boolean;
  /** Sorted. */
  readonly namespaces: readonly string[];
  /** What was let through and counts still. */
  readonly recent: RecentRemovals | undefined;
}

export interface GateParts {
  baseline(name: string): BaselineRecord | undefined;
  /** The namespaces that hold policies of the baseline. */
  holding(baseline: string): ReadonlySet<string>;
  /** Monotonic milliseconds. */
  now(): number;
  wallMs(): number;
  /** What is held for a baseline is not what it was. */
  onHeldChanged(baseline: string): void;
  /** What was held may go on, though nothing of the baseline has changed. */
  onPermitted(namespaces: readonly string[]): void;
}

/** What is remembered per baseline; dropped with it. */
interface Ledger {
  /** Of the baseline. Another one of the same name begins anew. */
  readonly uid: string | undefined;
  /** Namespaces that would lose something; what was counted as lost is not in it. */
  readonly losing: Set<string>;
  /** What was lost within the window, by namespace. */
  readonly lost: Map<string, LostDirections>;
  /** What may have been lost, by namespace. */
  readonly tried: Map<string, readonly Loss[]>;
  /** What earlier processes had let through. */
  inherited: RecentRemovals | undefined;
  /** Of the last removal, in milliseconds since the epoch. */
  lastLostWallMs: number;
  /** The latest generation that was assessed without being held; its spec is no news any more. */
  settledGeneration: number;
  /** What is left of the confirmation that is being carried out, and of which token. */
  confirmation: { readonly token: string; remaining: number } | undefined;
  /** Of the last time that something could make it stricter; removals that are carried out only shrink it. */
  decision: Decided | undefined;
  /** While all are held, who joins or leaves them is only taken down: the answer is the same until somebody asks what is held. */
  outdated: boolean;
}

/** When each direction was lost; monotonic milliseconds. `again`: isolated since, so that the next loss is a new one. */
type LostDirections = Map<Direction, { readonly atMs: number; again: boolean }>;

interface Decided extends BreakerDecision { readonly permittedSet: ReadonlySet<string> }

const NOTHING_PERMITTED: Decided = { permitted: [], permittedSet: new Set(), held: undefined, confirmed: false };
const NOTHING_HELD: Omit<HeldRemovals, 'recent'> = { held: undefined, confirmed: false, namespaces: [] };

export function createRemovalGate(parts: GateParts): RemovalGate {
  const ledgers = new Map<string, Ledger>();
  const noted = new Map<string, readonly Loss[]>();
  let settled = false;

  function ledgerOf(baseline: string): Ledger {
    const known = ledgers.get(baseline);
    const record = parts.baseline(baseline);
    if (known !== undefined && (record === undefined || record.uid === known.uid)) {
      // The last status of the leader before may arrive after this one has begun.
      if (record !== undefined && known.lost.size === 0) known.inherited = record.status.recentRemovals;
      return known;
    }
    const fresh: Ledger = {
      uid: record?.uid, losing: new Set(), lost: new Map(), tried: new Map(), inherited: record?.status.recentRemovals, lastLostWallMs: 0,
      confirmation: undefined, decision: undefined, outdated: false,
      settledGeneration: (settled ? record?.generation : record?.status.observedGeneration) ?? 0,
    };
    ledgers.set(baseline, fresh);
    return fresh;
  }

  /** O(namespaces that lose), so it is done when something could make the answer stricter, not for each question. */
  function decide(baseline: string): Decided {
    const ledger = ledgerOf(baseline);
    const record = parts.baseline(baseline);
    if (record === undefined) return NOTHING_PERMITTED;
    const before = ledger.decision?.held;
    const answer = decideRemovals(inputOf(ledger, record));
    const decision: Decided = { ...answer, permittedSet: new Set(answer.permitted) };
    remember(ledger, record, decision);
    if (before?.token !== decision.held?.token || before?.namespaces !== decision.held?.namespaces) parts.onHeldChanged(baseline);
    return decision;
  }

  function remember(ledger: Ledger, record: BaselineRecord, decision: Decided): void {
    const { held, confirmed } = decision;
    if (confirmed && held !== undefined) ledger.confirmation ??= { token: held.token, remaining: held.namespaces };
    if (held === undefined && settled) ledger.settledGeneration = record.generation;
    ledger.decision = decision;
    ledger.outdated = false;
  }

  function inputOf(ledger: Ledger, record: BaselineRecord): Parameters<typeof decideRemovals>[0] {
    forgetOld(ledger, parts.now());
    const stored = record.status.held;
    if (ledger.confirmation !== undefined && ledger.confirmation.token !== stored?.token) ledger.confirmation = undefined;
    return {
      generation: record.generation,
      specHash: record.specHash,
      confirm: record.confirm,
      losing: [...ledger.losing].sort(),
      holding: ledger.losing.size === 0 ? 0 : holdersBesides(ledger, parts.holding(record.name)),
      lost: [...ledger.lost.keys()].filter((name) => !ledger.losing.has(name)).length,
      lostEarlier: stillCounted(ledger.inherited, parts.wallMs()),
      specIsNew: record.generation !== ledger.settledGeneration,
      stored,
      remaining: ledger.confirmation?.remaining,
      now: new Date(parts.wallMs()).toISOString(),
    };
  }

  function note(namespace: string, found: readonly Loss[], isolated: ReadonlySet<Direction> = NOTHING): void {
    const before = noted.get(namespace) ?? [];
    for (const ledger of ledgers.values()) settleTried(ledger, namespace, found, isolated);
    if (isolated.size > 0) for (const ledger of ledgers.values()) isolatedAgain(ledger.lost.get(namespace), isolated);
    if (before.length === 0 && found.length === 0) return;
    if (found.length === 0) noted.delete(namespace);
    else noted.set(namespace, found);
    for (const baseline of new Set([...before, ...found].map((loss) => loss.baseline))) {
      const ledger = ledgerOf(baseline);
      noteLosing(baseline, ledger, namespace, found.some((loss) => loss.baseline === baseline && !wasLost(ledger, namespace, loss.direction)));
    }
  }

  function settleTried({ tried }: Ledger, namespace: string, found: readonly Loss[], isolated: ReadonlySet<Direction>): void {
    const asked = tried.get(namespace);
    if (asked === undefined) return;
    const isLosing = ({ baseline, direction }: Loss): boolean => found.some((loss) => loss.baseline === baseline && loss.direction === direction);
    const left = asked.filter(isLosing);
    if (left.length > 0) tried.set(namespace, left);
    else tried.delete(namespace);
    const opened = asked.filter((loss) => !isLosing(loss) && !isolated.has(loss.direction));
    if (opened.length > 0) removed(namespace, opened);
  }

  function noteLosing(baseline: string, ledger: Ledger, namespace: string, loses: boolean): void {
    const { losing, decision } = ledger;
    if (losing.has(namespace) === loses) return;
    if (loses) losing.add(namespace);
    else losing.delete(namespace);
    if (!settled) return;
    const allHeld = decision?.held !== undefined && !decision.confirmed;
    if (allHeld && losing.size > 0) {
      ledger.outdated = true;
      parts.onHeldChanged(baseline);
    } else if (loses || losing.size === 0) {
      decide(baseline);
    }
  }

  function permitted(baseline: string): readonly string[] {
    return settled ? decide(baseline).permitted : [];
  }

  /** Without those that were killed half way: whoever goes on with them counts them as losing once more. */
  function recentOf(baseline: string, ledger: Ledger): RecentRemovals | undefined {
    forgetOld(ledger, parts.now());
    const nowMs = parts.wallMs();
    const own = [...ledger.lost.keys()].filter((name) => noted.get(name)?.some((loss) => loss.baseline === baseline) !== true).length;
    const inherited = stillCounted(ledger.inherited, nowMs);
    const untilMs = Math.max(own > 0 ? ledger.lastLostWallMs + BREAKER_WINDOW_MS : 0, inherited > 0 ? Date.parse(ledger.inherited?.until ?? '') : 0);
    return untilMs > nowMs ? { namespaces: own + inherited, until: new Date(Math.ceil(untilMs / 1000) * 1000).toISOString().replace('.000Z', 'Z') } : undefined;
  }

  function removed(namespace: string, opens: readonly Loss[]): void {
    for (const baseline of new Set(opens.map((loss) => loss.baseline))) {
      const ledger = ledgerOf(baseline);
      const isNews = count(ledger, namespace, opens.filter((loss) => loss.baseline === baseline), parts.now());
      if (!isNews) continue;
      ledger.lastLostWallMs = parts.wallMs();
      noteLosing(baseline, ledger, namespace, false);
      if (ledger.confirmation === undefined) continue;
      ledger.confirmation.remaining -= 1;
      parts.onHeldChanged(baseline);
      if (ledger.confirmation.remaining <= 0) decide(baseline);
    }
  }

  return {
    note,
    forget(namespace) {
      for (const { tried } of ledgers.values()) tried.delete(namespace);
      note(namespace, []);
    },
    unsettle: () => { settled = false; },
    assessed() {
      settled = true;
      for (const name of ledgers.keys()) if (parts.baseline(name) === undefined) ledgers.delete(name);
      return [...new Set([...ledgers.keys()].flatMap(permitted))];
    },
    reconsider: permitted,
    permits(namespace, opens) {
      return opens.every(({ baseline, direction }) => {
        const ledger = ledgerOf(baseline);
        if (wasLost(ledger, namespace, direction)) return true; // the rest of what was let through
        return settled && (ledger.decision ?? decide(baseline)).permittedSet.has(namespace);
      });
    },
    removed,
    tried(namespace, opens) {
      for (const baseline of new Set(opens.map((loss) => loss.baseline))) ledgerOf(baseline).tried.set(namespace, opens.filter((loss) => loss.baseline === baseline));
    },
    heldFor(baseline) {
      const ledger = ledgerOf(baseline); // begun before the status of a new generation is written, or its spec would look settled
      if (ledger.outdated && settled) {
        const now = decide(baseline).permitted;
        if (now.length > 0) parts.onPermitted(now);
      }
      const held = ledger.decision?.held;
      const recent = recentOf(baseline, ledger);
      if (held === undefined) return { ...NOTHING_HELD, recent };
      const remaining = ledger.confirmation?.token === held.token ? ledger.confirmation.remaining : held.namespaces;
      return { held: { ...held, namespaces: remaining }, confirmed: ledger.decision?.confirmed ?? false, namespaces: [...ledger.losing].sort(), recent };
    },
  };
}

const NOTHING: ReadonlySet<Direction> = new Set();

/** True when a direction is counted that was not before. */
function count({ lost }: Ledger, namespace: string, opens: readonly Loss[], atMs: number): boolean {
  const directions = lost.get(namespace) ?? new Map<Direction, { atMs: number; again: boolean }>();
  const fresh = opens.filter(({ direction }) => directions.get(direction)?.again !== false);
  for (const { direction } of fresh) directions.set(direction, { atMs, again: false });
  lost.set(namespace, directions);
  return fresh.length > 0;
}

function wasLost({ lost }: Ledger, namespace: string, direction: Direction): boolean {
  return lost.get(namespace)?.get(direction)?.again === false;
}

function isolatedAgain(lost: LostDirections | undefined, isolated: ReadonlySet<Direction>): void {
  for (const [direction, entry] of lost ?? []) if (isolated.has(direction)) entry.again = true;
}

/** Those that are counted as lost and hold something still, such as the other direction, must not count twice. */
function holdersBesides({ losing, lost }: Ledger, holders: ReadonlySet<string>): number {
  let count = holders.size;
  for (const name of lost.keys()) if (holders.has(name) && !losing.has(name)) count -= 1;
  return count;
}

function forgetOld({ lost }: Ledger, nowMs: number): void {
  for (const [namespace, directions] of lost) {
    for (const [direction, { atMs }] of directions) if (nowMs - atMs > BREAKER_WINDOW_MS) directions.delete(direction);
    if (directions.size === 0) lost.delete(namespace);
  }
}
