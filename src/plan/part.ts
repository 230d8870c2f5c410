/**
 * What of a write can be done when some of the directions that it would take away have to stay.
 *
 * A hold concerns directions, not objects: additions, repairs and an explicit undo of another direction in the
 * same policy go on.
 */
import { hashedSpec, type HashedSpec } from '../api/canonical.ts';
import { DEFAULT_DENY } from '../api/names.ts';
import { DIRECTIONS, type Direction, type NetworkPolicySpec } from '../api/network-policy.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import { denying, type DesiredPolicy } from './claims.ts';
import { compare } from './drift.ts';
import { isolatedForText, namedIn } from './isolation.ts';
import type { Loss } from './leaving.ts';
import { nameOf, type Write } from './writes.ts';

/** The write, or as much of it as takes away nothing that is not permitted; `undefined` where nothing is left to do. */
export function permittedPart(write: Write, permits: (loss: Loss) => boolean): Write | undefined {
  const held = write.opens.filter((loss) => !permits(loss));
  return held.length === 0 ? write : keeping(write, new Map(held.map(({ direction, baseline }) => [direction, baseline])));
}

/** The write without the loss of these directions, each with the baseline for which it stays. */
export function keeping(write: Write, kept: ReadonlyMap<Direction, string>): Write | undefined {
  if (write.kind === 'Create') return write;
  const { live } = write;
  if (live.spec === undefined && live.name !== DEFAULT_DENY) return undefined; // too long to be kept: nobody knows how it is now
  const policy = write.kind === 'Update' ? widened(write.policy, live, kept) : narrowed(write.baseline, live, kept);
  const isEditedOnly = policy.spec.hash === live.specHash && live.specHash !== live.templateHash;
  if (isEditedOnly && live.name !== DEFAULT_DENY) return undefined; // its hash would make the edit look like ours
  const comparison = compare(policy, live);
  if (comparison.kind === 'Equal') return undefined;
  const { differences } = comparison;
  const opens = write.opens.filter(({ direction }) => !kept.has(direction));
  return { kind: 'Update', policy, live, cause: write.kind === 'Update' ? write.cause : 'Outdated', differences, opens };
}

/** What is wanted, and beside it the kept directions as they are now. */
function widened(policy: DesiredPolicy, live: PolicyRecord, kept: ReadonlyMap<Direction, string>): DesiredPolicy {
  const wanted = policy.spec.spec;
  const types = DIRECTIONS.filter((direction) => wanted.policyTypes.includes(direction) || staysIn(live, direction, kept));
  if (policy.name !== DEFAULT_DENY) return { ...policy, spec: composed(types, wanted, live.spec ?? wanted) };
  const asking = types.flatMap((direction) => {
    const baseline = wanted.policyTypes.includes(direction) ? namedIn(policy.isolatedFor, direction) : kept.get(direction);
    return baseline === undefined || baseline === policy.baseline ? [] : [[direction, baseline] as const];
  });
  return { ...policy, spec: denying(types), isolatedFor: isolatedForText(asking) };
}

/** What is left of a policy that goes: the kept directions, in the name of a baseline for which they stay. */
function narrowed(baseline: string, live: PolicyRecord, kept: ReadonlyMap<Direction, string>): DesiredPolicy {
  const types = DIRECTIONS.filter((direction) => staysIn(live, direction, kept));
  const keepers = types.map((direction) => kept.get(direction) ?? baseline);
  const owner = keepers.includes(baseline) ? baseline : keepers[0] ?? baseline;
  const asking = types.flatMap((direction, index) => (keepers[index] === owner ? [] : [[direction, keepers[index] ?? owner] as const]));
  const isDeny = live.name === DEFAULT_DENY;
  return {
    name: live.name,
    baseline: isDeny ? owner : baseline,
    spec: isDeny ? denying(types) : composed(types, EMPTY, live.spec ?? EMPTY),
    description: live.description,
    isolatedFor: isDeny ? isolatedForText(asking) : live.isolatedFor,
  };
}

const EMPTY: NetworkPolicySpec = { podSelector: {}, policyTypes: [], ingress: [], egress: [] };

function staysIn({ policyTypes }: PolicyRecord, direction: Direction, kept: ReadonlyMap<Direction, string>): boolean {
  return kept.has(direction) && policyTypes.includes(direction);
}

/** Each direction from `wanted` where it is there, otherwise from `live`. */
function composed(policyTypes: readonly Direction[], wanted: NetworkPolicySpec, live: NetworkPolicySpec): HashedSpec {
  const from = (direction: Direction): NetworkPolicySpec => (wanted.policyTypes.includes(direction) ? wanted : live);
  return hashedSpec({
    podSelector: wanted === EMPTY ? live.podSelector : wanted.podSelector,
    policyTypes: [...policyTypes],
    ingress: policyTypes.includes('Ingress') ? from('Ingress').ingress : [],
    egress: policyTypes.includes('Egress') ? from('Egress').egress : [],
  });
}

/**
 * An allow policy that swaps directions is first given both: while the old deny still stands, its allow stays.
 * The next plan, with the deny swapped, takes the rest away.
 */
export function bridged(write: Write, dropped: ReadonlyMap<Direction, string>): Write {
  if (write.kind !== 'Update' || nameOf(write) === DEFAULT_DENY || dropped.size === 0) return write;
  const before = write.live.policyTypes;
  const after = write.policy.spec.spec.policyTypes;
  const gains = after.some((direction) => !before.includes(direction));
  const loses = before.some((direction) => !after.includes(direction) && dropped.has(direction));
  return gains && loses ? keeping(write, dropped) ?? write : write;
}
