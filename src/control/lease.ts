/**
 * Leader election as values: what a replica sees of the Lease, and what it may do about it. client-go's
 * algorithm, with its numbers as arguments. Pure.
 *
 * Promises: whether a Lease has expired is judged by how long *this* process has seen it unchanged, on its
 * own monotonic clock. The times in the record come from another host's clock; they are never compared.
 */
import { microTime, type LeaseSpec, type WireLease } from '../kube/lease.ts';

/** The Lease as last read, and since when (monotonic) its record has looked like that. */
export interface SeenLease {
  /** Absent: there is none. */
  readonly lease: WireLease | undefined;
  readonly sinceMs: number;
}

/** One moment on both clocks. */
export interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
}

export type LeaseStep =
  /** Nobody ever held it. */
  | { readonly kind: 'create'; readonly spec: LeaseSpec }
  /** Released by its holder, or not renewed for its whole duration. */
  | { readonly kind: 'take'; readonly spec: LeaseSpec }
  /** Ours already. */
  | { readonly kind: 'renew'; readonly spec: LeaseSpec }
  /** Somebody else's, for so long at least if it is not renewed. */
  | { readonly kind: 'wait'; readonly holder: string; readonly expiresInMs: number };

/** What was just read, joined with what was known: a record that did not change keeps its age. */
export function see(before: SeenLease | undefined, lease: WireLease | undefined, nowMs: number): SeenLease {
  const unchanged = before !== undefined && sameRecord(before.lease?.spec, lease?.spec);
  return { lease, sinceMs: unchanged ? before.sinceMs : nowMs };
}

/** The record only: an edit of labels or annotations is no sign of life of the holder. */
function sameRecord(a: LeaseSpec | undefined, b: LeaseSpec | undefined): boolean {
  return RECORD_FIELDS.every((field) => a?.[field] === b?.[field]);
}
const RECORD_FIELDS = ['holderIdentity', 'renewTime', 'acquireTime', 'leaseDurationSeconds', 'leaseTransitions'] as const;

/** What the replica `identity` does with a Lease that was read at this moment. `leaseDurationMs` in whole seconds. */
export function nextStep(seen: SeenLease, identity: string, leaseDurationMs: number, { nowMs, wallMs }: Moment): LeaseStep {
  const spec = seen.lease?.spec;
  const renewTime = microTime(wallMs);
  const fresh = { holderIdentity: identity, leaseDurationSeconds: leaseDurationMs / 1000, renewTime };
  if (seen.lease === undefined) return { kind: 'create', spec: { ...fresh, acquireTime: renewTime, leaseTransitions: 0 } };
  const leaseTransitions = spec?.leaseTransitions ?? 0;
  const holder = spec?.holderIdentity ?? '';
  if (holder === identity) {
    return { kind: 'renew', spec: { ...fresh, acquireTime: spec?.acquireTime ?? renewTime, leaseTransitions } };
  }
  const expiresInMs = seen.sinceMs + durationMs(spec, leaseDurationMs) - nowMs;
  if (holder !== '' && expiresInMs > 0) return { kind: 'wait', holder, expiresInMs };
  return { kind: 'take', spec: { ...fresh, acquireTime: renewTime, leaseTransitions: leaseTransitions + 1 } };
}

/** What its holder promised; ours where the record does not say. */
function durationMs(spec: LeaseSpec | undefined, ownMs: number): number {
  const seconds = spec?.leaseDurationSeconds ?? 0;
  return seconds > 0 ? seconds * 1000 : ownMs;
}

/** The record by which a leader that stops lets a standby take over at once; as client-go writes it. */
export function releasedSpec(spec: LeaseSpec | undefined, wallMs: number): LeaseSpec {
  const time = microTime(wallMs);
  return {
    holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time,
    leaseTransitions: spec?.leaseTransitions ?? 0,
  };
}

/**
 * Whether a leader that last asked for a renewal, with success, at `renewed` may still write.
 *
 * The monotonic clock must be within the renew deadline, which ends before any standby takes over. It stands
 * still while a machine sleeps: so the wall clock must be within the lease duration too. That a wall clock
 * which was set forward stops writes until the next renewal is the price.
 */
export function mayWrite(renewed: Moment, now: Moment, limits: { readonly renewDeadlineMs: number; readonly leaseDurationMs: number }): boolean {
  return now.nowMs - renewed.nowMs < limits.renewDeadlineMs && now.wallMs - renewed.wallMs < limits.leaseDurationMs;
}
