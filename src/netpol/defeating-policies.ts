/** What defeats a class, by name: classes are computed of specs, and equal ones are one to the memory. */
import type { Direction } from '../api/network-policy.ts';
import type { ClassMemory, Surroundings } from './classify.ts';
import type { ClusterScope } from './cluster-scope.ts';
import type { Defeating } from './defeat.ts';
import type { Effective } from './effective.ts';
import type { Pod, PolicyRef } from './model.ts';
import { applyingIn, plainIn, type Namespaces } from './namespace-entries.ts';
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

export interface Defeats {
  /** The smallest set of policies that makes the pod's class as weak as it is; those of equal spec stand for each other. Without a pod: of the plain one. */
  defeating(namespace: string, pod: string | undefined, direction: Direction): DefeatingPolicy[];
  /** The same, with all that would be enough besides: of equal specs each. */
  defeat(namespace: string, pod: string | undefined, direction: Direction): Defeat;
}

export interface DefeatsParts {
  readonly namespaces: Pick<Namespaces, 'find'>;
  readonly cluster: Pick<ClusterScope, 'policies'>;
  readonly memory: Pick<ClassMemory, 'defeatingOf' | 'sufficientIn'>;
  readonly surroundings: () => Surroundings;
}

export function createDefeats({ namespaces, cluster, memory, surroundings }: DefeatsParts): Defeats {
  function asked(namespace: string, pod: string | undefined, direction: Direction): { readonly pod: Pod; readonly applying: Applying } | undefined {
    const home = namespaces.find(namespace);
    const entry = home === undefined || pod !== undefined ? home?.pods.get(pod ?? '') : plainIn(home);
    if (entry === undefined || entry.pod.hostNetwork || entry.pod.terminal) return undefined;
    return { pod: entry.pod, applying: applyingIn(entry, cluster.policies(), direction) };
  }

  return {
    defeating(namespace, pod, direction) {
      const found = asked(namespace, pod, direction);
      return found === undefined ? [] : memory.defeatingOf(found.pod, found.applying, surroundings()).flatMap((each) => namesOf(found.applying, each).slice(0, 1));
    },
    defeat(namespace, pod, direction) {
      const found = asked(namespace, pod, direction);
      if (found === undefined) return { by: [], effective: undefined, others: [] };
      const [first, ...others] = memory.sufficientIn(found.pod, found.applying, surroundings()).map(({ policies, effective }) => (
        { effective, isAlone: policies.length === 1, names: policies.map((each) => namesOf(found.applying, each)) }));
      const twins = first?.isAlone === true ? first.names.flatMap((names) => names.slice(1)).map((name) => ({ ...name, effective: first.effective })) : [];
      return {
        by: first?.names.flatMap((names) => names.slice(0, 1)) ?? [], effective: first?.effective,
        others: [...twins, ...others.flatMap(({ effective, names }) => names.flat().map((name) => ({ ...name, effective })))],
      };
    },
  };
}

/** All that have this spec. */
function namesOf({ isolating, clusterPolicies }: Applying, { compiled, rules }: Defeating): DefeatingPolicy[] {
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
