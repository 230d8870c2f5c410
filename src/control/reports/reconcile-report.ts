/**
 * Brings the report of one namespace to what is known of it.
 *
 * Writes only what differs, at most once in `PER_NAMESPACE_MS` for a namespace, one write after another with a pause between, and
 * not while policies are being written: nothing about reports is urgent.
 */
import { isKubeError } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import { contentHash, parseReport, REPORT_NAME, reportManifest, reportPatch, type ReportContent, type ReportRecord, type WireReport } from '../../kube/open-reports.ts';
import { isOurReport } from '../../plan/ownership.ts';
import type { Outcome } from '../controller.ts';

/** What a report should say; `Later`: not everything is known yet. */
export type Wanted = { readonly kind: 'Report'; readonly content: ReportContent } | { readonly kind: 'None' } | { readonly kind: 'Later' };

export interface ReportParts {
  readonly client: Pick<KubeClient, 'createReport' | 'getReport' | 'patchReport' | 'removeReport'>;
  /** Whether the API is served and all reports in it are known. */
  isOpen(): boolean;
  /** The namespace is not there any more, or on its way out: its report goes with it. */
  isGone(namespace: string): boolean;
  /** Costs a plan. */
  wanted(namespace: string): Wanted;
  stored(namespace: string): ReportRecord | undefined;
  /** What the API server answered to a write. */
  observe(record: ReportRecord): void;
  /** Policies are being written. */
  isBusy(): boolean;
  /** A report of our name that somebody else wrote: it stays. Told once of each. */
  foreign(namespace: string): void;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
  wallMs(): number;
}

/** So that somebody who edits one for ever costs two writes a minute. */
const PER_NAMESPACE_MS = 30_000;
/** 20 writes in a second at most. */
const PAUSE_MS = 50;
/** All namespaces come back that often: 10,000 of them take about a twentieth of a core. */
const BUSY_MS = 5_000;
/** A cluster that is never quiet has reports all the same. */
const LONGEST_BUSY_MS = 60_000;
const LATER_MS = 5_000;
/** Where one is refused for a right that is missing, the next one would be. */
const REFUSED_MS = 60_000;

export function createReportReconciler(parts: ReportParts) {
  const writtenAtMs = new Map<string, number>();
  /** The uid of the foreign report that was told of. Nothing is heard of such reports: each look has to try again. */
  const foreign = new Map<string, string>();
  /** Namespaces whose last write failed: that they wait for the next one is no success. */
  const failed = new Set<string>();
  let busySinceMs: number | undefined;
  let refusedUntilMs = Number.NEGATIVE_INFINITY;

  function waitMs(namespace: string): number {
    const nowMs = parts.now();
    const ownMs = (writtenAtMs.get(namespace) ?? Number.NEGATIVE_INFINITY) + PER_NAMESPACE_MS - nowMs;
    return Math.max(ownMs, busyMs(nowMs), refusedUntilMs - nowMs);
  }

  function busyMs(nowMs: number): number {
    busySinceMs = parts.isBusy() ? busySinceMs ?? nowMs : undefined;
    return busySinceMs !== undefined && nowMs - busySinceMs < LONGEST_BUSY_MS ? BUSY_MS : 0;
  }

  async function write(namespace: string, wanted: Wanted, stored: ReportRecord | undefined, signal: AbortSignal): Promise<void> {
    writtenAtMs.set(namespace, parts.now());
    try {
      if (wanted.kind === 'Report') await report(namespace, wanted.content, stored, signal);
      else if (stored !== undefined) await parts.client.removeReport({ namespace, name: stored.name, uid: stored.uid }, signal);
    } catch (error) {
      failed.add(namespace);
      if (isKubeError(error, 'Forbidden')) refusedUntilMs = parts.now() + REFUSED_MS;
      throw error;
    }
    await parts.sleep(PAUSE_MS, signal).catch(() => undefined);
  }

  /** What is observed may be patched and removed later, so a foreign report is not. */
  async function report(namespace: string, content: ReportContent, stored: ReportRecord | undefined, signal: AbortSignal): Promise<void> {
    const written = await put(namespace, content, stored, signal);
    if (written === undefined) return;
    foreign.delete(namespace);
    parts.observe(parseReport(written));
  }

  /** `undefined` where somebody else's is in its place. */
  async function put(namespace: string, content: ReportContent, stored: ReportRecord | undefined, signal: AbortSignal): Promise<WireReport | undefined> {
    if (stored !== undefined) return parts.client.patchReport(namespace, REPORT_NAME, reportPatch(content), signal);
    try {
      return await parts.client.createReport(reportManifest(namespace, content), signal);
    } catch (error) {
      if (!isKubeError(error, 'AlreadyExists')) throw error;
    }
    const there = await parts.client.getReport(namespace, REPORT_NAME, signal); // without our label, so that nothing was heard of it
    if (isOurReport(there)) return parts.client.patchReport(namespace, REPORT_NAME, reportPatch(content), signal);
    const { uid = '' } = there.metadata;
    if (foreign.get(namespace) !== uid) parts.foreign(namespace);
    foreign.set(namespace, uid);
    return undefined;
  }

  return async (namespace: string, signal: AbortSignal): Promise<Outcome> => {
    if (parts.isGone(namespace)) {
      writtenAtMs.delete(namespace);
      foreign.delete(namespace);
      failed.delete(namespace);
      return { gone: true };
    }
    if (!parts.isOpen()) return {};
    // Before anything is planned: while policies are written, every namespace comes back again and again.
    const afterMs = waitMs(namespace);
    if (afterMs > 0) return { requeueAtMs: parts.wallMs() + afterMs, ...(failed.has(namespace) && { failing: true }) };
    const [wanted, stored] = [parts.wanted(namespace), parts.stored(namespace)];
    if (wanted.kind === 'Later') return { requeueAtMs: parts.wallMs() + LATER_MS };
    if ((wanted.kind === 'Report' ? contentHash(wanted.content) : undefined) !== stored?.contentHash) await write(namespace, wanted, stored, signal);
    failed.delete(namespace);
    return {};
  };
}
