/** What becomes of one policy name in one namespace: a decision with its reason. */
import type { PolicyRecord } from '../kube/objects.ts';
import type { Claim, DesiredPolicy, ResolvedName } from './claims.ts';
import { compare, type FieldDifference } from './drift.ts';
import { isOurs } from './ownership.ts';

export type Decision =
  /** There, and as planned. */
  | { readonly kind: 'InPlace' }
  /** Somebody else's, and equal in meaning: counts as present, never written. */
  | { readonly kind: 'ForeignEqual' }
  | { readonly kind: 'Create'; readonly cause: 'Missing' | 'Deleted' }
  | { readonly kind: 'Update'; readonly cause: UpdateCause; readonly differences: readonly FieldDifference[] }
  | { readonly kind: 'Leave'; readonly reason: LeaveReason; readonly differences: readonly FieldDifference[] };

export type UpdateCause = 'Modified' | 'Outdated' | 'Adopted';
export type LeaveReason = 'ForeignPolicy' | 'DriftWarned' | 'Paused' | 'InvalidTemplate';

const NO_DIFFERENCES: readonly FieldDifference[] = [];
const IN_PLACE: Decision = { kind: 'InPlace' };
const FOREIGN_EQUAL: Decision = { kind: 'ForeignEqual' };

export function decide(resolved: ResolvedName, live: PolicyRecord | undefined, deleted: boolean): Decision {
  const { desired, blocked, claims } = resolved;
  if (desired === undefined) return blockedDecision(blocked ?? 'Paused', claims[0], live);
  if (live === undefined) return { kind: 'Create', cause: deleted ? 'Deleted' : 'Missing' };
  if (!isOurs(live)) return decideForeign(desired, live, claims[0]);
  const comparison = compare(desired, live);
  switch (comparison.kind) {
    case 'Equal': return IN_PLACE;
    case 'Outdated': return { kind: 'Update', cause: 'Outdated', differences: comparison.differences };
    case 'Modified':
      return repairs(claims)
        ? { kind: 'Update', cause: 'Modified', differences: comparison.differences }
        : { kind: 'Leave', reason: 'DriftWarned', differences: comparison.differences };
  }
}

/** Nothing may be written; a policy that is in place all the same counts as present. */
function blockedDecision(reason: 'Paused' | 'InvalidTemplate', claim: Claim, live: PolicyRecord | undefined): Decision {
  if (reason === 'Paused' && live?.specHash === claim.wanted.hash) return IN_PLACE;
  return { kind: 'Leave', reason, differences: NO_DIFFERENCES };
}

function decideForeign(desired: DesiredPolicy, live: PolicyRecord, winner: Claim): Decision {
  const equal = live.specHash === desired.spec.hash;
  if (winner.baseline.spec.adoptionPolicy === 'Adopt') return { kind: 'Update', cause: 'Adopted', differences: NO_DIFFERENCES };
  return equal ? FOREIGN_EQUAL : { kind: 'Leave', reason: 'ForeignPolicy', differences: NO_DIFFERENCES };
}

/** One baseline that asks for repair is enough: the others lose nothing by it. */
function repairs(claims: readonly Claim[]): boolean {
  return claims.some(({ baseline }) => baseline.spec.driftPolicy === 'Repair' && !baseline.spec.paused);
}
