/**
 * Who claims which policy name in a namespace, and who wins.
 *
 * default-deny covers the union of the directions that any baseline enforces here. Other names go to the
 * claim of the highest precedence. Only claims in enforced directions exist at all. What is in place for a
 * baseline that is gone, paused or unreadable is not taken away by the claims of others.
 */
import { hashedSpec, type HashedSpec } from '../api/canonical.ts';
import { DEFAULT_DENY } from '../api/names.ts';
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import { directionSet, type CompiledBaseline, type CompiledTemplate, type DirectionSet } from './compile.ts';
import { isolatedForText, keptDirections } from './isolation.ts';
import { isFullyLabelled } from './ownership.ts';
import type { Scope } from './selection.ts';
import { defaultDeny } from './templates/default-deny.ts';

/** One baseline's wish for one name, already projected onto what it enforces here. */
export interface Claim {
  readonly baseline: CompiledBaseline;
  readonly template: CompiledTemplate;
  readonly wanted: HashedSpec;
}

/** What shall be under a name, and on whose behalf. */
export interface DesiredPolicy {
  readonly name: string;
  /** The winner: its label is on the policy. */
  readonly baseline: string;
  readonly spec: HashedSpec;
  readonly description: string | undefined;
  readonly isolatedFor: string | undefined;
}

export interface ResolvedName {
  readonly name: string;
  /** By precedence; the first is the winner. */
  readonly claims: readonly [Claim, ...Claim[]];
  /** `undefined` where nothing may be written: the winner is paused, or its template cannot be used. */
  readonly desired: DesiredPolicy | undefined;
  readonly blocked: 'Paused' | 'InvalidTemplate' | undefined;
  /** The baseline that cannot be read now and for which the policy in place stays as it is. */
  readonly keptFor?: string;
}

export interface Scoped { readonly baseline: CompiledBaseline; readonly scope: Scope }

/** Sorted by name. `scopes` come by precedence. */
export function resolveNames(scopes: readonly Scoped[], labels: ReadonlyMap<string, string>, live: ReadonlyMap<string, PolicyRecord>): ResolvedName[] {
  const byName = new Map<string, [Claim, ...Claim[]]>();
  for (const { baseline, scope } of scopes) {
    if (scope.kind !== 'Selected' || !claimsNames(baseline)) continue;
    const enforced = directionSet(scope.enforced);
    if (enforced !== undefined) addClaims(byName, baseline, enforced, labels);
  }
  return [...byName].map(([name, claims]) => resolve({ name, claims, live: live.get(name), scopes })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A baseline on its way out claims nothing; a paused one keeps its claims. */
export function claimsNames(baseline: CompiledBaseline): boolean {
  return baseline.usable && !baseline.record.deleting;
}

function addClaims(byName: Map<string, [Claim, ...Claim[]]>, baseline: CompiledBaseline, enforced: DirectionSet, labels: ReadonlyMap<string, string>): void {
  for (const template of baseline.templates) {
    const wanted = template.rendered.get(enforced);
    // Where the selector itself cannot be read, the name is kept everywhere: the last good policy stays.
    if (wanted === undefined || !(template.selects(labels) || template.selectsUnknown)) continue;
    const claim: Claim = { baseline, template, wanted };
    const others = byName.get(template.name);
    if (others === undefined) byName.set(template.name, [claim]);
    else others.push(claim);
  }
}

interface Contest {
  readonly name: string;
  readonly claims: readonly [Claim, ...Claim[]];
  readonly live: PolicyRecord | undefined;
  readonly scopes: readonly Scoped[];
}

function resolve({ name, claims, live, scopes }: Contest): ResolvedName {
  if (name === DEFAULT_DENY) return resolveUnion(claims, live, keptDirections(live, scopes));
  const [{ baseline, template, wanted }] = claims;
  const keptFor = lastGoodOfAnother(live, baseline, scopes);
  const unusable = template.problem !== undefined || keptFor !== undefined;
  const blocked = baseline.spec.paused ? 'Paused' : unusable ? 'InvalidTemplate' : undefined;
  const desired: DesiredPolicy = { name, baseline: baseline.name, spec: wanted, description: template.description, isolatedFor: undefined };
  return { name, claims, desired: blocked === undefined ? desired : undefined, blocked, ...(keptFor === undefined ? {} : { keptFor }) };
}

/** Written for a baseline that cannot be read now, so that nobody knows whether it still claims the name: it stays. */
function lastGoodOfAnother(live: PolicyRecord | undefined, winner: CompiledBaseline, scopes: readonly Scoped[]): string | undefined {
  if (live === undefined || !isFullyLabelled(live) || live.own.baseline === winner.name) return undefined;
  return scopes.find(({ baseline }) => baseline.name === live.own.baseline && !baseline.usable && !baseline.record.deleting)?.baseline.name;
}

/**
 * The union of all claims on default-deny. A paused claim adds no direction that is not in place already,
 * since nothing is created for it, and takes none away.
 */
function resolveUnion(claims: readonly [Claim, ...Claim[]], live: PolicyRecord | undefined, kept: ReadonlyMap<Direction, string>): ResolvedName {
  const [first] = claims.filter(({ baseline }) => !baseline.spec.paused);
  if (first === undefined) return { name: DEFAULT_DENY, claims, desired: undefined, blocked: 'Paused' };
  const owner = live?.own.baseline === claims[0].baseline.name ? claims[0] : first;
  const inPlace = new Set(live?.policyTypes);
  const wants = (claim: Claim, direction: Direction): boolean => asksFor(claim, direction) && (!claim.baseline.spec.paused || inPlace.has(direction));
  const directions = DIRECTIONS.filter((direction) => kept.has(direction) || claims.some((claim) => wants(claim, direction)));
  const desired: DesiredPolicy = {
    name: DEFAULT_DENY,
    baseline: owner.baseline.name,
    spec: denying(directions),
    description: undefined,
    isolatedFor: isolatedForText(directions.flatMap((direction) => {
      if (asksFor(owner, direction)) return [];
      const asking = claims.filter((claim) => wants(claim, direction));
      const name = (asking.find((claim) => !claim.baseline.spec.paused) ?? asking[0])?.baseline.name ?? kept.get(direction);
      return name === undefined ? [] : [[direction, name] as const];
    })),
  };
  return { name: DEFAULT_DENY, claims, desired, blocked: undefined };
}

function asksFor({ wanted }: Claim, direction: Direction): boolean {
  return wanted.spec.policyTypes.includes(direction);
}

/** What the claims on a name want together: the union for default-deny, elsewhere what the winner wants. */
export function wantedOf({ name, claims }: Pick<ResolvedName, 'name' | 'claims'>): HashedSpec {
  if (name !== DEFAULT_DENY) return claims[0].wanted;
  return denying(DIRECTIONS.filter((direction) => claims.some((claim) => asksFor(claim, direction))));
}

/** The default-deny of these directions, of which there is at least one. */
export function denying(directions: readonly Direction[]): HashedSpec {
  return DENIES[directions.join(',') as DirectionSet];
}

const DENIES: Readonly<Record<DirectionSet, HashedSpec>> = {
  Ingress: hashedSpec(defaultDeny(['Ingress'])),
  Egress: hashedSpec(defaultDeny(['Egress'])),
  'Ingress,Egress': hashedSpec(defaultDeny(DIRECTIONS)),
};
