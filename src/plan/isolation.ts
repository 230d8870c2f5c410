/**
 * On whose behalf a direction is isolated by the policies in place, and what of that nobody may take away.
 *
 * The label on default-deny names one baseline. Where others ask for a direction, annotation `isolated-for`
 * says so (`Egress=team-b`), so that it is known after a restart, and when that baseline is gone.
 */
import { DEFAULT_DENY } from '../api/names.ts';
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import type { CompiledBaseline } from './compile.ts';
import { isFullyLabelled, isOurs } from './ownership.ts';

/** The baseline for which a direction is isolated now; default-deny says it best. */
export function isolatorOf(policies: ReadonlyMap<string, PolicyRecord>, direction: Direction): string | undefined {
  const deny = policies.get(DEFAULT_DENY);
  if (deny !== undefined && isFullyLabelled(deny) && isolates(deny, direction)) return isolatedFor(deny, direction);
  const [first] = [...policies.values()]
    .filter((policy) => isFullyLabelled(policy) && isolates(policy, direction))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return first?.own.baseline;
}

function isolates({ policyTypes }: PolicyRecord, direction: Direction): boolean {
  return policyTypes.includes(direction);
}

/** The baseline that a policy isolates this direction for. */
export function isolatedFor({ isolatedFor: text, own }: Pick<PolicyRecord, 'isolatedFor' | 'own'>, direction: Direction): string | undefined {
  return namedIn(text, direction) ?? own.baseline;
}

/** What the annotation says of a direction. */
export function namedIn(text: string | undefined, direction: Direction): string | undefined {
  return text?.split(',').find((entry) => entry.startsWith(`${direction}=`))?.slice(direction.length + 1);
}

/** The baselines that a policy is there for: by its labels, or in a direction of another one's default-deny. */
export function heldFor(policy: PolicyRecord): ReadonlySet<string> {
  if (!isFullyLabelled(policy)) return FOR_NOBODY;
  const names = [policy.own.baseline, ...DIRECTIONS.map((direction) => namedIn(policy.isolatedFor, direction))];
  return new Set(names.filter((name) => name !== undefined));
}
const FOR_NOBODY: ReadonlySet<string> = new Set();

/** The annotation: who asks for which direction; `undefined` where the label says it all. */
export function isolatedForText(asking: readonly (readonly [Direction, string])[]): string | undefined {
  return asking.length === 0 ? undefined : asking.map(([direction, baseline]) => `${direction}=${baseline}`).join(',');
}

/**
 * Directions that default-deny isolates for a baseline that is gone, paused or unreadable, with its name.
 * Nothing of such a baseline is removed, so the claims of others do not take these away either.
 */
export function keptDirections(deny: PolicyRecord | undefined, scopes: readonly { readonly baseline: CompiledBaseline }[]): ReadonlyMap<Direction, string> {
  if (deny === undefined || !isOurs(deny)) return NOTHING_KEPT;
  const kept = new Map<Direction, string>();
  for (const direction of DIRECTIONS) {
    const name = isolates(deny, direction) ? isolatedFor(deny, direction) : undefined;
    if (name === undefined) continue;
    const baseline = scopes.find((scoped) => scoped.baseline.name === name)?.baseline;
    if (baseline === undefined || keepsPolicies(baseline)) kept.set(direction, name);
  }
  return kept;
}
const NOTHING_KEPT: ReadonlyMap<Direction, string> = new Map();

/** Whether nothing of this baseline may be removed, whatever its scope says. */
export function keepsPolicies(baseline: CompiledBaseline): boolean {
  return !baseline.usable || baseline.spec.paused || isRetained(baseline);
}

/** On its way out, and its policies stay. */
export function isRetained({ record, spec }: CompiledBaseline): boolean {
  return record.deleting && spec.deletionPolicy === 'Retain';
}
