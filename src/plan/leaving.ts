/**
 * Policies that are ours and no longer planned: which are left over, which are retained, and which
 * isolation the namespace would lose with them.
 */
import { DEFAULT_DENY } from '../api/names.ts';
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import { claimsNames, type Scoped } from './claims.ts';
import type { CompiledBaseline } from './compile.ts';
import { isolatedFor, isRetained, isolatorOf, keepsPolicies, keptDirections, namedIn } from './isolation.ts';
import { isFullyLabelled } from './ownership.ts';
import type { Scope } from './selection.ts';

/** Why a policy of ours is not planned any more. */
export type LeftoverReason =
  | 'SystemNamespace' | 'ExcludedByName' | 'NotSelected' | 'Exempt' | 'DirectionNotEnforced' | 'TemplateRemoved' | 'BaselineDeleted'
  /** Nobody knows whether it is planned: it stays, and is reported nowhere but in condition Stalled. */
  | 'BaselineUnreadable';

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
  const unplanned = [...policies.values()].filter((policy) => isFullyLabelled(policy) && !planned.has(policy.name));
  const leftovers = unplanned.flatMap((policy) => leftoverOf(policy, scopes) ?? []);
  const retained = unplanned.filter(({ own }) => isGone(own.baseline, scopes)).map(({ name }) => name);
  const deny = policies.get(DEFAULT_DENY);
  if (planned.has(DEFAULT_DENY) && deny !== undefined && isRetainedInPart(deny, scopes)) retained.push(DEFAULT_DENY);
  return { leftovers: leftovers.sort((a, b) => (a.policy.name < b.policy.name ? -1 : 1)), retained: retained.sort() };
}

/** Its policies stay: it is not there any more, or on its way out with Retain. */
function isGone(name: string | undefined, scopes: ReadonlyMap<string, Scoped>): boolean {
  const scoped = scopes.get(name ?? '');
  return scoped === undefined || isRetained(scoped.baseline);
}

/** `undefined` for what is retained as a whole. */
function leftoverOf(policy: PolicyRecord, scopes: ReadonlyMap<string, Scoped>): Leftover | undefined {
  const labelled = scopes.get(policy.own.baseline ?? '');
  const leaving = labelled !== undefined && !keepsPolicies(labelled.baseline) ? labelled : leavingInPart(policy, scopes);
  if (leaving !== undefined) return leftover(policy, leaving, !policy.deleting);
  return labelled === undefined || isRetained(labelled.baseline) ? undefined : leftover(policy, labelled, false);
}

/** Of a default-deny that is kept for one baseline: another one that does not plan its direction any more. */
function leavingInPart(policy: PolicyRecord, scopes: ReadonlyMap<string, Scoped>): Scoped | undefined {
  const kept = policy.name === DEFAULT_DENY ? keptDirections(policy, [...scopes.values()]) : undefined;
  if (kept === undefined || kept.size === 0) return undefined;
  const direction = DIRECTIONS.find((entry) => policy.policyTypes.includes(entry) && !kept.has(entry));
  return direction === undefined ? undefined : scopes.get(isolatedFor(policy, direction) ?? '');
}

/** A planned default-deny that also keeps a direction for a baseline that is gone. */
function isRetainedInPart(policy: PolicyRecord, scopes: ReadonlyMap<string, Scoped>): boolean {
  return DIRECTIONS.some((direction) => {
    const name = namedIn(policy.isolatedFor, direction);
    return name !== undefined && isGone(name, scopes);
  });
}

function leftover(policy: PolicyRecord, { baseline, scope }: Scoped, removable: boolean): Leftover {
  return { policy, baseline: baseline.name, reason: leftoverReason(policy, baseline, scope), removable };
}

function leftoverReason(policy: PolicyRecord, baseline: CompiledBaseline, scope: Scope): LeftoverReason {
  if (baseline.record.deleting) return 'BaselineDeleted';
  if (!baseline.usable) return 'BaselineUnreadable';
  switch (scope.kind) {
    case 'Terminating':
    case 'Unselected': return 'NotSelected';
    case 'Excluded': return scope.reason;
    case 'Selected': {
      const types = policy.policyTypes;
      if (types.some((direction) => scope.enforced.has(direction))) {
        return baseline.templates.some(({ name }) => name === policy.name) ? 'NotSelected' : 'TemplateRemoved';
      }
      return types.some((direction) => scope.exempt.has(direction) && baseline.modes[direction] === 'Enforce') ? 'Exempt' : 'DirectionNotEnforced';
    }
  }
}

/**
 * By rule 5 our three labels make a policy ours, so what a tenant labels like this counts too: at worst a removal waits
 * for a confirmation. Without it, policies restored from a backup would go unguarded.
 *
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

