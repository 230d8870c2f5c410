/**
 * The status and the finalizer of one baseline: the only writes to a baseline, and never to its spec.
 *
 * Written when it differs from what is stored: at once when a condition changes its status or something is
 * held, otherwise at most once per `statusIntervalMs`; what was let through, the countdown of a confirmation, and that another
 * namespace is overridden, twice a second. What the API server does not keep, since its CRD is older than this program, is tried again
 * after ten minutes.
 */
import { stableJson } from '../api/hash.ts';
import { CLEANUP_FINALIZER } from '../api/names.ts';
import type { BaselineStatus } from '../api/v1alpha1.ts';
import type { BaselineRecord } from '../kube/objects.ts';
import type { CompiledBaseline } from '../plan/compile.ts';
import type { IsolationKnowledge } from '../plan/effect.ts';
import { lastTold } from '../plan/last-told.ts';
import { nextStatus, withRemovals, type StatusRow } from '../plan/status.ts';
import type { Outcome } from './controller.ts';
import type { HeldRemovals } from './removal-gate.ts';

export interface BaselineParts {
  baseline(name: string): CompiledBaseline | undefined;
  rows(name: string): readonly StatusRow[];
  /** When the rows say something else although nothing happens; monotonic milliseconds, Infinity for never. */
  rowsChangeAtMs(name: string): number;
  /** Whether the breaker has looked at every namespace since the baseline is as it is. */
  assessed(name: string): boolean;
  processed(name: string): boolean;
  /** Whether what is really isolated is known. */
  isolation(): IsolationKnowledge;
  held(name: string): HeldRemovals;
  /** Namespaces that still hold policies of the baseline and are not on their way out. */
  holding(name: string): number;
  patchMetadata(record: BaselineRecord, patch: object, signal: AbortSignal): Promise<void>;
  /** Gives what the API server made of it. */
  patchStatus(record: BaselineRecord, status: object, signal: AbortSignal): Promise<BaselineStatus>;
  /** The status that was just written, for events. */
  statusWritten(baseline: CompiledBaseline, before: BaselineStatus, after: BaselineStatus): void;
  /** It does not come back as it was written: said once of a baseline, with the fields. */
  statusNotKept(baseline: string, fields: readonly string[]): void;
  exemptionEnded(baseline: CompiledBaseline, target: string): void;
  /** When the exemptions of a baseline were last looked at; milliseconds since the epoch. */
  readonly lookedAtMs: Map<string, number>;
  /** The last write of the status of a baseline. */
  readonly written: Map<string, StatusWrite>;
  /** Drops what is remembered of a baseline that is gone. */
  forget(name: string): void;
  readonly statusIntervalMs: number;
  now(): number;
  wallMs(): number;
}

export interface StatusWrite {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  /** What was sent, and what came of it; absent where that is the same. */
  readonly notKept?: { readonly sent: string; readonly stored: string } | undefined;
}

export async function reconcileBaseline(name: string, parts: BaselineParts, signal: AbortSignal): Promise<Outcome> {
  const baseline = parts.baseline(name);
  if (baseline === undefined) {
    parts.forget(name);
    return { gone: true };
  }
  if (await settleFinalizer(baseline, parts, signal)) return {};
  const expiresAtMs = noteExpiries(baseline, parts);
  const { requeueAtMs } = await writeStatus(baseline, parts, signal);
  const nextAtMs = Math.min(expiresAtMs, requeueAtMs ?? Infinity, parts.wallMs() + parts.rowsChangeAtMs(name) - parts.now());
  return Number.isFinite(nextAtMs) ? { requeueAtMs: nextAtMs } : {};
}

/** An end that nobody was there to see is announced for so long. */
const LATE_NEWS_MS = 24 * 3_600_000;

/**
 * Says which exemptions have ended since the last look; returns when the next one ends. What this process has not
 * looked at before, another one did when it last wrote the status.
 */
function noteExpiries(baseline: CompiledBaseline, parts: BaselineParts): number {
  const nowMs = parts.wallMs();
  const lookedAtMs = parts.lookedAtMs.get(baseline.name) ?? Math.max(baseline.record.statusWrittenAtMs ?? nowMs, nowMs - LATE_NEWS_MS);
  parts.lookedAtMs.set(baseline.name, nowMs);
  let nextMs = Infinity;
  for (const { expiresAtMs, target } of baseline.exemptions) {
    if (expiresAtMs > nowMs) nextMs = Math.min(nextMs, expiresAtMs);
    else if (expiresAtMs > lookedAtMs) parts.exemptionEnded(baseline, target);
  }
  return nextMs;
}

/** True when the baseline is gone with it. */
async function settleFinalizer({ record, spec, usable }: CompiledBaseline, parts: BaselineParts, signal: AbortSignal): Promise<boolean> {
  const has = record.finalizers.includes(CLEANUP_FINALIZER);
  const wants = usable && spec.deletionPolicy === 'Delete';
  const others = record.finalizers.filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
  if (!has && wants && !record.deleting) await patchFinalizers(record, [...others, CLEANUP_FINALIZER], parts, signal);
  const mayGo = record.deleting ? !wants || parts.holding(record.name) === 0 : !wants;
  if (!has || !mayGo) return false;
  await patchFinalizers(record, others, parts, signal);
  return record.deleting;
}

async function patchFinalizers(record: BaselineRecord, finalizers: readonly string[], parts: BaselineParts, signal: AbortSignal): Promise<void> {
  await parts.patchMetadata(record, { metadata: { resourceVersion: record.resourceVersion, finalizers } }, signal);
}

/**
 * Nothing of a generation before its removals were assessed: what is held must be in the first status that names
 * it, since a process that starts from there takes a generation without a hold for settled.
 */
async function writeStatus(baseline: CompiledBaseline, parts: BaselineParts, signal: AbortSignal): Promise<Outcome> {
  if (!parts.assessed(baseline.name)) return {};
  const { record } = parts.baseline(baseline.name) ?? baseline; // the finalizer's patch has made it a newer one
  const before = record.status;
  const { held, confirmed, namespaces, recent } = parts.held(baseline.name);
  const endOfRecent = recent === undefined ? {} : { requeueAtMs: Date.parse(recent.until) };
  const processed = parts.processed(baseline.name);
  // After a start the status says what was so before, until that is known again.
  const after = !processed && before.observedGeneration === record.generation ? withRemovals(before, { held, recentRemovals: recent }) : nextStatus({
    baseline, rows: parts.rows(baseline.name), processed,
    held, heldConfirmed: confirmed, heldNamespaces: namespaces, recentRemovals: recent, isolation: parts.isolation(), now: new Date(parts.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z'),
  });
  if (stableJson(before) === stableJson(after)) return endOfRecent;
  const waitMs = waitBefore(before, after, baseline.name, parts);
  if (waitMs > 0) return { requeueAtMs: parts.wallMs() + waitMs };
  await sendStatus(record, after, parts, signal);
  parts.statusWritten(baseline, before, after);
  return endOfRecent;
}

/** Milliseconds until it may be written; none where somebody waits for it. */
function waitBefore(before: BaselineStatus, after: BaselineStatus, name: string, parts: BaselineParts): number {
  const last = parts.written.get(name);
  if (last === undefined) return 0;
  if (isInVain(before, after, last)) return last.atMs + IN_VAIN_MS - parts.now();
  return isUrgent(before, after) ? 0 : last.atMs + intervalMs(before, after, last, parts) - parts.now();
}

async function sendStatus(record: BaselineRecord, after: BaselineStatus, parts: BaselineParts, signal: AbortSignal): Promise<void> {
  const { name, status: before } = record;
  const [atMs, last] = [parts.now(), parts.written.get(name)];
  parts.written.set(name, { ...last, atMs });
  const stored = await parts.patchStatus(record, mergePatch(before, after), signal);
  const notKept = differing(after, stored);
  if (notKept.length > 0 && last?.notKept === undefined) parts.statusNotKept(name, notKept);
  parts.written.set(name, { atMs, notKept: notKept.length === 0 ? undefined : { sent: stableJson(after), stored: stableJson(stored) } });
}

/** The last write was the same, and this came of it. */
function isInVain(before: BaselineStatus, after: BaselineStatus, { notKept }: StatusWrite): boolean {
  return notKept?.sent === stableJson(after) && notKept.stored === stableJson(before);
}
/** Until then somebody may have applied the CRD. */
const IN_VAIN_MS = 10 * 60_000;

function differing(sent: BaselineStatus, stored: BaselineStatus): string[] {
  const text = (value: unknown): string => (value === undefined ? '' : stableJson(value));
  return (Object.keys(sent) as (keyof BaselineStatus)[]).filter((field) => text(sent[field]) !== text(stored[field]));
}

/** What was let through, and what is left of a confirmation, is not far from the truth when this process is killed; that somebody opened a namespace shows soon. */
function intervalMs(before: BaselineStatus, after: BaselineStatus, { notKept }: StatusWrite, { statusIntervalMs }: BaselineParts): number {
  const letThrough = before.recentRemovals?.namespaces !== after.recentRemovals?.namespaces && notKept === undefined;
  const matters = before.held?.namespaces !== after.held?.namespaces || letThrough || opensMore(before, after);
  return matters ? Math.min(statusIntervalMs, SHORT_INTERVAL_MS) : statusIntervalMs;
}
const SHORT_INTERVAL_MS = 500;

/** Another number, or another namespace in the place of one that is not overridden any more. */
function opensMore(before: BaselineStatus, after: BaselineStatus): boolean {
  const known = lastTold(before).named;
  return (after.namespaces?.overridden ?? 0) > (before.namespaces?.overridden ?? 0) || [...lastTold(after).named.keys()].some((namespace) => !known.has(namespace));
}

/** A condition that turns, or a hold: somebody waits for it. */
function isUrgent(before: BaselineStatus, after: BaselineStatus): boolean {
  const turned = (status: BaselineStatus): string => stableJson((status.conditions ?? []).map(({ type, status: value }) => [type, value]));
  return turned(before) !== turned(after) || before.held?.token !== after.held?.token;
}

/** A merge patch keeps what it does not name, so that what is gone is named with null: of the status, and of its counts. */
function mergePatch(before: BaselineStatus, after: BaselineStatus): object {
  const namespaces = after.namespaces === undefined ? {} : { namespaces: withNulls(before.namespaces ?? {}, after.namespaces) };
  return { status: { ...withNulls(before, after), ...namespaces } };
}

function withNulls(before: object, after: object): object {
  return { ...Object.fromEntries(Object.keys(before).filter((key) => !(key in after)).map((key) => [key, null] as const)), ...after };
}
