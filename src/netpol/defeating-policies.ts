/** Policies by name, from the specs that classes are computed of: equal specs are one to the memory. */
import type { Effective } from './effective.ts';
import type { Defeating } from './defeat.ts';
import type { PolicyRef } from './model.ts';
import type { Rule } from './rules.ts';
import type { Applying } from './tiers.ts';
import type { NamedClusterPolicy } from './world.ts';

export interface DefeatingPolicy { readonly ref: PolicyRef; /** Positions in the stored list. */ readonly rules: readonly number[] }
/** Policies that are enough together, what they let through by themselves, and each other policy that is enough alone. */
export interface Defeat {
  readonly by: readonly DefeatingPolicy[];
  readonly effective: Effective | undefined;
  readonly others: readonly (DefeatingPolicy & { readonly effective: Effective })[];
}

/** All that have this spec. */
export function namesOf({ isolating, clusterPolicies }: Applying, { compiled, rules }: Defeating): DefeatingPolicy[] {
  const named: readonly Pick<NamedClusterPolicy, 'ref' | 'compiled'>[] = clusterPolicies;
  return [...isolating, ...named].filter((policy) => policy.compiled.id === compiled.id).map(({ ref }) => ({ ref, rules }));
}

/** The policy that makes it too much to look at. */
export function largestOf({ direction, isolating, clusterPolicies }: Applying): PolicyRef[] {
  const sizes = [...isolating, ...clusterPolicies].map(({ ref, compiled: { rules } }) => ({ ref, size: rules[direction].reduce((sum, rule) => sum + sizeOf(rule), 0) }));
  return sizes.sort((a, b) => b.size - a.size).slice(0, 1).map(({ ref }) => ref);
}

function sizeOf({ peers, ports }: Rule): number {
  const ofPeers = peers === 'any' ? 0 : peers.reduce((sum, peer) => sum + 1 + (peer.kind === 'block' ? peer.block.excepted.length : 0), 0);
  return 1 + ofPeers + (ports === 'any' ? 0 : ports.length);
}
