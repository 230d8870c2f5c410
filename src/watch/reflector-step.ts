/**
 * What a reflector does next: a pure step from how a list or watch ended to the next attempt.
 *
 * Promises: a watch resumes where it was as long as the server allows it; a list is believed only when it is
 * consistent with what was seen before; waits grow with failures and shrink with health.
 * Must not: do IO, read a clock, or roll dice; times and random numbers are arguments.
 */
import { isKubeError, type KubeError, type KubeErrorKind } from '../kube/errors.ts';
import { SILENT } from '../kube/watching.ts';
import { isNewer } from './versions.ts';

/** Numbers of a reflector; durations in milliseconds unless the name says otherwise. */
export interface ReflectorSettings {
  /** First and longest wait after failures; the values of client-go. */
  readonly backoffMs: number;
  readonly backoffCapMs: number;
  /** A watch that lived this long makes all earlier failures forgotten. */
  readonly healthyAfterMs: number;
  /**
   * Longest wait while the port refuses connections. A refused connection costs the server nothing, and one that
   * restarts is back within seconds: what happened meanwhile must not wait for half a minute.
   */
  readonly refusedCapMs: number;
  /** First and longest wait while the API server does not know the kind: the CRD is not there (yet). Doubles in between. */
  readonly missingFromMs: number;
  readonly missingMs: number;
  /** Between two lists that confirm each other. */
  readonly confirmMs: number;
  /**
   * A server that lists an older state than was seen before is merely behind, unless it stays so for this long: then
   * its etcd was restored, and what it has is the truth.
   */
  readonly restoredAfterMs: number;
  /** A consistent list is made beside the watch after a random time between these two: it bounds a lost event. */
  readonly auditMinMs: number;
  readonly auditMaxMs: number;
  /** Objects per page where the server refuses to stream its list. */
  readonly pageSize: number;
  /** The server is asked to end a watch after a random time between these two. */
  readonly watchMinSeconds: number;
  readonly watchMaxSeconds: number;
}

export const DEFAULT_REFLECTOR_SETTINGS: ReflectorSettings = {
  backoffMs: 800,
  backoffCapMs: 30_000,
  healthyAfterMs: 120_000,
  refusedCapMs: 2_000,
  missingFromMs: 30_000,
  missingMs: 30_000,
  confirmMs: 1_000,
  restoredAfterMs: 120_000,
  auditMinMs: 30 * 60_000,
  auditMaxMs: 60 * 60_000,
  pageSize: 500,
  watchMinSeconds: 1_800,
  watchMaxSeconds: 3_600,
};

/** Where a reflector stands between two attempts. The version to resume at is the store's. */
export interface Position {
  /** False: list before watching. */
  readonly resumable: boolean;
  /** The server refused to stream its list; pages are used from then on. */
  readonly pagesOnly: boolean;
  /** Failures in a row, for the backoff. */
  readonly failures: number;
  /** Bad frames in a row without progress between them. */
  readonly malformed: number;
  /** How often in a row the server showed that it has not reached our version, and since when. */
  readonly behind: number;
  readonly behindSinceMs: number;
  /** How often in a row the server had forgotten our version, without health between. */
  readonly expired: number;
  /** How often in a row the API server did not know the kind. */
  readonly missing: number;
  /** Complete lists in a row without any object, while the store has some. */
  readonly emptyLists: number;
}

export const START: Position = { resumable: false, pagesOnly: false, failures: 0, malformed: 0, behind: 0, behindSinceMs: 0, expired: 0, missing: 0, emptyLists: 0 };

export type Move = 'StreamList' | 'ListPages' | 'Watch';

export function nextMove(position: Position): Move {
  if (position.resumable) return 'Watch';
  return position.pagesOnly ? 'ListPages' : 'StreamList';
}

/** After so many signs in a row that the server is behind, a list follows; after as many, it may be believed. */
const BEHIND_LIMIT = 3;
/** After so many bad frames at one version, listing is the way past them. */
const MALFORMED_LIMIT = 3;
/** A watch that brings events but never lasts is opened again after this many doublings at most. */
const RESTLESS_FAILURES = 2;

export interface Size {
  readonly size: number;
  readonly version: string | undefined;
}

export type Verdict =
  | 'Accept'
  /** Older than what was seen, and the server has stayed there: take it as it is. */
  | 'Reset'
  /** Everything vanished at once: look a second time before believing it. */
  | 'ConfirmEmpty'
  /** Older than what was seen: from a server that is behind. */
  | 'Stale';

/** What a step may know beside the position: the time, a number from 0 up to 1, and the limits. */
export interface Circumstances {
  readonly nowMs: number;
  readonly random: number;
  readonly settings: ReflectorSettings;
}

/** Whether a complete, consistent list may replace what the store has; `known` is what was known when it began. */
export function judgeList(position: Position, list: Size, known: Size, { nowMs, settings }: Circumstances): Verdict {
  const older = isNewer(known.version, list.version);
  const restored = position.behind >= BEHIND_LIMIT && nowMs - position.behindSinceMs >= settings.restoredAfterMs;
  if (older && !restored) return 'Stale';
  if (list.size === 0 && known.size > 0 && position.emptyLists === 0) return 'ConfirmEmpty';
  return older ? 'Reset' : 'Accept';
}

/** How an attempt ended. */
export interface End {
  readonly move: Move;
  /** Absent after an ordinary end. */
  readonly error?: KubeError | undefined;
  /** Of the list that was completed, if one was. */
  readonly verdict?: Verdict | undefined;
  /** From the first sign of life to the end. */
  readonly livedMs: number;
  /** A list was taken, or an event came. */
  readonly progress: boolean;
}

export interface Next {
  readonly position: Position;
  readonly waitMs: number;
}

/** A list was taken: from here on the store's version can be resumed. */
export function afterList(position: Position): Position {
  return { ...position, resumable: true, behind: 0, missing: 0, emptyLists: 0 };
}

export function afterEnd(before: Position, end: End, now: Circumstances): Next {
  const { settings } = now;
  const position = afterProgress(before, end, settings);
  if (end.verdict === 'ConfirmEmpty') return { position: { ...position, resumable: false, emptyLists: position.emptyLists + 1 }, waitMs: settings.confirmMs };
  if (end.verdict === 'Stale') return failed({ ...position, ...behindAgain(position, now), resumable: false }, settings.backoffCapMs, now);
  if (end.error !== undefined) return afterError(position, { move: end.move, error: end.error }, now);
  if (end.move === 'ListPages' || end.livedMs >= settings.healthyAfterMs) return { position, waitMs: 0 };
  return failed(position, settings.backoffCapMs, now);
}

/** What the attempt achieved before it ended. */
function afterProgress(before: Position, end: End, settings: ReflectorSettings): Position {
  const position = end.verdict === 'Accept' || end.verdict === 'Reset' ? afterList(before) : before;
  if (!end.progress) return position;
  if (end.livedMs >= settings.healthyAfterMs) return { ...position, failures: 0, malformed: 0, behind: 0, expired: 0 };
  const expired = end.move === 'Watch' ? 0 : position.expired;
  return { ...position, failures: Math.min(position.failures, RESTLESS_FAILURES - 1), malformed: 0, behind: 0, expired };
}

function afterError(position: Position, { move, error }: { move: Move; error: KubeError }, now: Circumstances): Next {
  const { settings } = now;
  const refusesStreaming = move === 'StreamList' && !position.resumable && isKubeError(error, 'Invalid', 'BadRequest');
  if (refusesStreaming) return { position: { ...position, pagesOnly: true }, waitMs: 0 };
  const next = { ...position, ...effects[error.kind]?.(position, now, error) };
  if (error.kind === 'Expired' && position.expired === 0) return { position: next, waitMs: 0 }; // an API server that restarted: list at once
  if (error.kind === 'NotFound') return { position: next, waitMs: spread(Math.min(settings.missingFromMs * 2 ** position.missing, settings.missingMs), now.random) };
  return failed(next, error.reason === 'ECONNREFUSED' ? settings.refusedCapMs : settings.backoffCapMs, now);
}

/** What an error says about the position, besides that the attempt failed. */
const effects: Partial<Record<KubeErrorKind, (position: Position, now: Circumstances, error: KubeError) => Partial<Position>>> = {
  Expired: ({ expired }) => ({ resumable: false, expired: expired + 1 }),
  BadRequest: () => ({ resumable: false }),
  Invalid: () => ({ resumable: false }),
  NotFound: ({ missing }) => ({ resumable: false, missing: missing + 1 }), // the kind is unknown; what comes back may be another one
  Malformed: ({ malformed, resumable }) => ({ malformed: malformed + 1, resumable: resumable && malformed + 1 < MALFORMED_LIMIT }),
  TooLargeResourceVersion: (position, now) => ({ ...behindAgain(position, now), resumable: position.resumable && position.behind + 1 < BEHIND_LIMIT }),
  // a watch from a version that the server has not reached says nothing, not even a bookmark: only a list can tell
  Unavailable: ({ resumable }, _now, error) => ({ resumable: resumable && error.reason !== SILENT }),
};

function behindAgain({ behind, behindSinceMs }: Position, { nowMs }: Circumstances): Partial<Position> {
  return { behind: behind + 1, behindSinceMs: behind === 0 ? nowMs : behindSinceMs };
}

function failed(position: Position, capMs: number, { settings, random }: Circumstances): Next {
  const waitMs = spread(Math.min(settings.backoffMs * 2 ** position.failures, capMs), random);
  return { position: { ...position, failures: position.failures + 1 }, waitMs };
}

/** Half to all of it, so that replicas which failed together do not return together. */
function spread(ms: number, random: number): number {
  return ms * (0.5 + random / 2);
}
