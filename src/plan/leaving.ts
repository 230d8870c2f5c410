/**
 * Policies that are ours and no longer planned: which are left over, which are retained, and which
 * isolation the namespace would lose with them.
 */
import { DEFAULT_DENY } from '../api/names.ts';
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import { claimsNames, type Scoped } from './claims.ts';
import type { CompiledBaseline } from './compile.ts';
import { isRetained, isolatorOf, keepsPolicies, namedIn } from './isolation.ts';
import { isFullyLabelled } from './ownership.ts';
import type { Scope } from './selection.ts';

/** Why a policy of ours is not planned any more. */
export type LeftoverReason =
  | 'SystemNamespace' | 'ExcludedByName' | 'NotSelected' | 'Exempt' | 'DirectionNotEnforced' | 'TemplateRemoved' | 'BaselineDeleted';

export interface Leftover {
  readonly policy: PolicyRecord;
  readonly baseline: string;
  readonly reason: LeftoverReason;
  /** False while its baseline is paused or cannot be read, and once it is on its way out: shown, not removed. */
  readonly removable: boolean;
}

/** A direction that we isolated and would not any more, for a cause that can be an accident. */
export interface Loss {
  readonly baseline: string;
  readonly direction: Direction;
  readonly cause: 'SystemNamespace' | 'ExcludedByName' | 'NotSelected' | 'Exempt';
}

export interface Leaving {
  readonly leftovers: readonly Leftover[];
  /** Names of policies whose baseline is gone; kept until a baseline claims the name. */
  readonly retained: readonly string[];
}

export function findLeaving(policies: ReadonlyMap<string, PolicyRecord>, planned: ReadonlySet<string>, scopes: ReadonlyMap<string, Scoped>): Leaving {
  const leftovers: Leftover[] = [];
  const retained: string[] = [];
  for (const policy of policies.values()) {
    if (!isFullyLabelled(policy)) continue;
    if (planned.has(policy.name)) {
      if (policy.name === DEFAULT_DENY && isRetainedInPart(policy, scopes)) retained.push(policy.name);
      continue;
    }
    const scoped = scopes.get(policy.own.baseline ?? '');
    if (scoped === undefined || isRetained(scoped.baseline)) retained.push(policy.name);
    else leftovers.push(leftover(policy, scoped));
  }
  return { leftovers: leftovers.sort((a, b) => (a.policy.name < b.policy.name ? -1 : 1)), retained: retained.sort() };
}

/** A planned default-deny that also keeps a direction for a baseline that is gone. */
function isRetainedInPart({ isolatedFor }: PolicyRecord, scopes: ReadonlyMap<string, Scoped>): boolean {
  return DIRECTIONS.some((direction) => {
    const name = namedIn(isolatedFor, direction);
    const scoped = name === undefined ? undefined : scopes.get(name);
    return name !== undefined && (scoped === undefined || isRetained(scoped.baseline));
  });
}

function leftover(policy: PolicyRecord, { baseline, scope }: Scoped): Leftover {
  return {
    policy,
    baseline: baseline.name,
    reason: leftoverReason(policy, baseline, scope),
    removable: !keepsPolicies(baseline) && !policy.deleting,
  };
}

function leftoverReason(policy: PolicyRecord, baseline: CompiledBaseline, scope: Scope): LeftoverReason {
  if (baseline.record.deleting) return 'BaselineDeleted';
  switch (scope.kind) {
    case 'Terminating':
    case 'Unselected': return 'NotSelected';
    case 'Excluded': return scope.reason;
    case 'Selected': {
      const types = policy.spec?.policyTypes ?? [];
      if (types.some((direction) => scope.exempt.has(direction) && baseline.modes[direction] === 'Enforce')) return 'Exempt';
      if (!types.some((direction) => scope.enforced.has(direction))) return 'DirectionNotEnforced';
      return baseline.templates.some(({ name }) => name === policy.name) ? 'NotSelected' : 'TemplateRemoved';
    }
  }
}

/**
 * An undo that was asked for (mode, deletionPolicy: Delete) is no loss; neither is what a baseline that is gone
 * leaves behind, since that is kept.
 */
export function findLosses(policies: ReadonlyMap<string, PolicyRecord>, planned: ReadonlySet<Direction>, scopes: ReadonlyMap<string, Scoped>): Loss[] {
  const losses: Loss[] = [];
  for (const direction of DIRECTIONS) {
    if (planned.has(direction)) continue;
    const scoped = scopes.get(isolatorOf(policies, direction) ?? '');
    const cause = scoped === undefined ? undefined : accidentalCause(scoped, direction);
    if (scoped !== undefined && cause !== undefined) losses.push({ baseline: scoped.baseline.name, direction, cause });
  }
  return losses;
}

function accidentalCause({ baseline, scope }: Scoped, direction: Direction): Loss['cause'] | undefined {
  if (!claimsNames(baseline) || baseline.spec.paused || baseline.modes[direction] !== 'Enforce') return undefined;
  switch (scope.kind) {
    case 'Terminating': return undefined;
    case 'Excluded': return scope.reason;
    case 'Unselected': return 'NotSelected';
    case 'Selected': return scope.exempt.has(direction) ? 'Exempt' : undefined;
  }
}

/** Directions that the plan isolates, whoever asks for it; those that are kept stay isolated. */
export function plannedDirections(scopes: readonly Scoped[], kept: Iterable<Direction> = []): ReadonlySet<Direction> {
  const planned = new Set<Direction>(kept);
  for (const { baseline, scope } of scopes) {
    if (scope.kind === 'Selected' && claimsNames(baseline)) scope.enforced.forEach((direction) => planned.add(direction));
  }
  return planned;
}

export function scopesByName(scopes: readonly Scoped[]): ReadonlyMap<string, Scoped> {
  return new Map(scopes.map((scoped) => [scoped.baseline.name, scoped]));
}

