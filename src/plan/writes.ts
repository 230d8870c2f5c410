/**
 * The writes that bring a namespace to its plan, and their order.
 *
 * Allow policies come before default-deny, and after it on the way out: a pod must not meet a deny
 * without its allows. Any prefix of the list is safe to stop after.
 */
import { DEFAULT_DENY } from '../api/names.ts';
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import type { DesiredPolicy } from './claims.ts';
import type { Decision, UpdateCause } from './decide.ts';
import type { FieldDifference } from './drift.ts';
import type { Leftover, LeftoverReason, Loss } from './leaving.ts';

export type Write =
  | { readonly kind: 'Create'; readonly policy: DesiredPolicy; readonly cause: 'Missing' | 'Deleted'; readonly opens: readonly Loss[] }
  | {
      readonly kind: 'Update'; readonly policy: DesiredPolicy; readonly live: PolicyRecord; readonly cause: UpdateCause;
      readonly differences: readonly FieldDifference[]; readonly opens: readonly Loss[];
    }
  | { readonly kind: 'Remove'; readonly live: PolicyRecord; readonly baseline: string; readonly cause: LeftoverReason; readonly opens: readonly Loss[] };

const NOTHING_OPENS: readonly Loss[] = [];

export function writeFor(policy: DesiredPolicy, live: PolicyRecord | undefined, decision: Decision, losses: readonly Loss[]): Write | undefined {
  switch (decision.kind) {
    case 'Create': return { kind: 'Create', policy, cause: decision.cause, opens: NOTHING_OPENS };
    case 'Update': {
      if (live === undefined) return undefined;
      const { cause, differences } = decision;
      const opens = lossesIn(live, losses).filter(({ direction }) => !policy.spec.spec.policyTypes.includes(direction));
      return { kind: 'Update', policy, live, cause, differences, opens };
    }
    case 'InPlace':
    case 'ForeignEqual':
    case 'Leave': return undefined;
  }
}

export function removalOf({ policy, baseline, reason }: Leftover, losses: readonly Loss[]): Write {
  return { kind: 'Remove', live: policy, baseline, cause: reason, opens: lossesIn(policy, losses) };
}

/** The losses that removing this policy would have a part in. */
function lossesIn(policy: PolicyRecord, losses: readonly Loss[]): readonly Loss[] {
  if (losses.length === 0) return NOTHING_OPENS;
  return losses.filter(({ direction }) => policy.policyTypes.includes(direction));
}

export function nameOf(write: Write): string {
  return write.kind === 'Remove' ? write.live.name : write.policy.name;
}

/** Sorted by phase, then by name. */
export function inOrder(writes: readonly Write[]): Write[] {
  return [...writes].sort((a, b) => phase(a) - phase(b) || (nameOf(a) < nameOf(b) ? -1 : 1));
}

/**
 * 0 deny goes or shrinks; 1 allows come; 2 deny comes or grows; 3 allows shrink; 4 allows go.
 * A deny that swaps directions both grows and shrinks: it comes after the allows of the new direction.
 */
function phase(write: Write): number {
  const isDeny = nameOf(write) === DEFAULT_DENY;
  if (write.kind === 'Remove') return isDeny ? 0 : 4;
  if (isDeny) return dropsOnly(write) ? 0 : 2;
  return dropsOnly(write) ? 3 : 1;
}

function dropsOnly(write: Write): boolean {
  if (write.kind !== 'Update') return false;
  const before = new Set<Direction>(write.live.policyTypes);
  return droppedDirections(write).length > 0 && write.policy.spec.spec.policyTypes.every((direction) => before.has(direction));
}

/** Directions that the live policy isolates and will not after this write. */
export function droppedDirections(write: Write): Direction[] {
  if (write.kind === 'Create') return [];
  const after = write.kind === 'Update' ? write.policy.spec.spec.policyTypes : [];
  return DIRECTIONS.filter((direction) => write.live.policyTypes.includes(direction) && !after.includes(direction));
}
