/** What becomes of one policy name in one namespace: a decision with its reason. */
import { DEFAULT_DENY } from '../api/names.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import { wantedOf, type DesiredPolicy, type ResolvedName } from './claims.ts';
import { compare, type FieldDifference } from './drift.ts';
import { isOurs } from './ownership.ts';

export type Decision =
  /** There, and as planned. */
  | { readonly kind: 'InPlace' }
  /** Somebody else's, and equal in meaning: counts as present, never written. */
  | { readonly kind: 'ForeignEqual' }
  | { readonly kind: 'Create'; readonly cause: 'Missing' | 'Deleted' }
  | { readonly kind: 'Update'; readonly cause: UpdateCause; readonly differences: readonly FieldDifference[] }
  /** With differences where somebody edited it, and it stays so. */
  | { readonly kind: 'Leave'; readonly reason: LeaveReason; readonly differences: readonly FieldDifference[] };

export type UpdateCause = 'Modified' | 'Outdated' | 'Adopted';
export type LeaveReason = 'ForeignPolicy' | 'DriftWarned' | 'Paused' | 'InvalidTemplate';

const NO_DIFFERENCES: readonly FieldDifference[] = [];
const IN_PLACE: Decision = { kind: 'InPlace' };
const FOREIGN_EQUAL: Decision = { kind: 'ForeignEqual' };

export function decide(resolved: ResolvedName, live: PolicyRecord | undefined, deleted: boolean): Decision {
  const { desired, blocked } = resolved;
  if (desired === undefined) return blockedDecision(blocked ?? 'Paused', resolved, live);
  if (live === undefined) return { kind: 'Create', cause: deleted ? 'Deleted' : 'Missing' };
  if (!isOurs(live)) return decideForeign(desired, live, resolved);
  const comparison = compare(desired, live);
  switch (comparison.kind) {
    case 'Equal': return IN_PLACE;
    case 'Outdated': return { kind: 'Update', cause: 'Outdated', differences: comparison.differences };
    case 'Modified': return decideModified(resolved, comparison.differences, hasMovedOn(desired, live));
  }
}

/** Nothing may be written. What is in place all the same counts as present, and what was edited still as drift. */
function blockedDecision(reason: 'Paused' | 'InvalidTemplate', resolved: ResolvedName, live: PolicyRecord | undefined): Decision {
  const wanted = wantedOf(resolved);
  if (live === undefined || reason === 'InvalidTemplate' || !isOurs(live)) {
    return live?.specHash === wanted.hash ? IN_PLACE : { kind: 'Leave', reason, differences: NO_DIFFERENCES };
  }
  const [{ baseline }] = resolved.claims;
  const comparison = compare({ name: resolved.name, baseline: baseline.name, spec: wanted, description: undefined, isolatedFor: undefined }, live);
  if (comparison.kind === 'Modified') return { kind: 'Leave', reason, differences: comparison.differences };
  return live.specHash === wanted.hash ? IN_PLACE : { kind: 'Leave', reason, differences: NO_DIFFERENCES };
}

function decideForeign(desired: DesiredPolicy, live: PolicyRecord, { claims }: ResolvedName): Decision {
  const winner = claims.find(({ baseline }) => !baseline.spec.paused) ?? claims[0];
  if (winner.baseline.spec.adoptionPolicy === 'Adopt') return { kind: 'Update', cause: 'Adopted', differences: NO_DIFFERENCES };
  return live.specHash === desired.spec.hash ? FOREIGN_EQUAL : { kind: 'Leave', reason: 'ForeignPolicy', differences: NO_DIFFERENCES };
}

/** Under Warn an edit is left; what the baseline itself has changed since is carried out all the same. */
function decideModified(resolved: ResolvedName, differences: readonly FieldDifference[], movedOn: boolean): Decision {
  if (repairs(resolved)) return { kind: 'Update', cause: 'Modified', differences };
  return movedOn ? { kind: 'Update', cause: 'Outdated', differences } : { kind: 'Leave', reason: 'DriftWarned', differences };
}

/** Whether another spec is planned than the one that was written last. */
function hasMovedOn(desired: DesiredPolicy, { templateHash }: PolicyRecord): boolean {
  return templateHash !== undefined && templateHash !== desired.spec.hash;
}

/** One baseline that asks for repair is enough, if it wants this very policy: the others lose nothing by it. */
function repairs({ name, claims }: ResolvedName): boolean {
  const wanted = claims[0].wanted.hash;
  return claims.some((claim) => claim.baseline.spec.driftPolicy === 'Repair' && !claim.baseline.spec.paused
    && (name === DEFAULT_DENY || claim.wanted.hash === wanted));
}
