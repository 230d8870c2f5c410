/**
 * Who claims which policy name in a namespace, and who wins.
 *
 * default-deny covers the union of the directions that any baseline enforces here. Other names go to the
 * claim of the highest precedence. Only claims in enforced directions exist at all.
 */
import { hashedSpec, type HashedSpec } from '../api/canonical.ts';
import { DEFAULT_DENY } from '../api/names.ts';
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import { directionSet, type CompiledBaseline, type CompiledTemplate, type DirectionSet } from './compile.ts';
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
  return [...byName].map(([name, claims]) => resolve(name, claims, live.get(name))).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A baseline on its way out claims nothing; a paused one keeps its claims. */
export function claimsNames(baseline: CompiledBaseline): boolean {
  return baseline.usable && !baseline.record.deleting;
}

function addClaims(byName: Map<string, [Claim, ...Claim[]]>, baseline: CompiledBaseline, enforced: DirectionSet, labels: ReadonlyMap<string, string>): void {
  for (const template of baseline.templates) {
    const wanted = template.rendered.get(enforced);
    if (wanted === undefined) continue;
    // A template that cannot be used keeps its name, whatever its selector says: the last good policy stays.
    if (template.problem === undefined && !template.selects(labels)) continue;
    const claim: Claim = { baseline, template, wanted };
    const others = byName.get(template.name);
    if (others === undefined) byName.set(template.name, [claim]);
    else others.push(claim);
  }
}

function resolve(name: string, claims: readonly [Claim, ...Claim[]], live: PolicyRecord | undefined): ResolvedName {
  if (name === DEFAULT_DENY && claims.length > 1) return resolveUnion(claims, live);
  const [{ baseline, template, wanted }] = claims;
  const blocked = baseline.spec.paused ? 'Paused' : template.problem === undefined ? undefined : 'InvalidTemplate';
  const desired: DesiredPolicy = { name, baseline: baseline.name, spec: wanted, description: template.description, isolatedFor: undefined };
  return { name, claims, desired: blocked === undefined ? desired : undefined, blocked };
}

/**
 * The union of all claims on default-deny. A paused claim adds no direction that is not in place already,
 * since nothing is created for it, and takes none away.
 */
function resolveUnion(claims: readonly [Claim, ...Claim[]], live: PolicyRecord | undefined): ResolvedName {
  const active = claims.filter(({ baseline }) => !baseline.spec.paused);
  const [first] = active;
  if (first === undefined) return { name: DEFAULT_DENY, claims, desired: undefined, blocked: 'Paused' };
  const owner = claims.find(({ baseline }) => baseline.name === live?.own.baseline && baseline === claims[0].baseline) ?? first;
  const kept = new Set(live?.spec?.policyTypes);
  const wants = (claim: Claim, direction: Direction): boolean =>
    claim.wanted.spec.policyTypes.includes(direction) && (!claim.baseline.spec.paused || kept.has(direction));
  const directions = DIRECTIONS.filter((direction) => claims.some((claim) => wants(claim, direction)));
  const desired: DesiredPolicy = {
    name: DEFAULT_DENY,
    baseline: owner.baseline.name,
    spec: DENIES[directions.join(',') as DirectionSet],
    description: undefined,
    isolatedFor: isolatedFor(owner, claims, directions),
  };
  return { name: DEFAULT_DENY, claims, desired, blocked: undefined };
}

const DENIES: Readonly<Record<DirectionSet, HashedSpec>> = {
  Ingress: hashedSpec(defaultDeny(['Ingress'])),
  Egress: hashedSpec(defaultDeny(['Egress'])),
  'Ingress,Egress': hashedSpec(defaultDeny(DIRECTIONS)),
};

/** `Egress=team-b` for each direction that the labelled baseline does not ask for itself. */
function isolatedFor(owner: Claim, claims: readonly Claim[], directions: readonly Direction[]): string | undefined {
  const others = directions
    .filter((direction) => !owner.wanted.spec.policyTypes.includes(direction))
    .map((direction) => {
      const asking = claims.find((claim) => claim.wanted.spec.policyTypes.includes(direction));
      return `${direction}=${asking?.baseline.name ?? ''}`;
    });
  return others.length === 0 ? undefined : others.join(',');
}
