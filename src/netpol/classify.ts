/**
 * Class of one pod in one direction, remembered by what it depends on.
 *
 * Pods with equal policies share one result: the key is the policies' specs, and the names that make a difference.
 */
import type { Direction } from '../api/network-policy.ts';
import { defeatingOf, sufficientIn, type Defeating, type Sufficient } from './defeat.ts';
import { CLASSES, effectiveOf, effectiveWithin, type ClassInput, type Effective, type EffectiveClass, type FindEffective } from './effective.ts';
import type { ExistingPeer } from './existing.ts';
import type { Family, Options, Pod, PodPort, PolicyRef } from './model.ts';
import type { Applying } from './tiers.ts';

/** `unknown`: a policy of a kind that is not evaluated has a say, or there is too much to look at; `not-coverable`: hostNetwork. */
export type PodClassName = EffectiveClass | 'unknown' | 'not-coverable';

export interface PodClass {
  readonly class: PodClassName;
  /** As if the policies that are not evaluated were not there; absent for `not-coverable`, and where there is too much to look at. */
  readonly effective: Effective | undefined;
  /** Where it is not known whether `ipBlock` matches pods: the class if it does not. `class` is then the weaker of both. */
  readonly ifBlocksSkipPods: EffectiveClass | undefined;
  readonly opaque: readonly PolicyRef[];
}

/** What a class depends on beside the policies that apply. */
export interface Surroundings {
  readonly options: Options;
  /** As in `ClassInput`. */
  readonly families: readonly Family[];
  readonly existing: () => Iterable<ExistingPeer>;
  /** A class that takes more than this (see `effectiveWithin`) is `unknown`; absent: none does. */
  readonly mostWork?: number | undefined;
}

export interface ClassMemory {
  classOf(pod: Pod, applying: Applying, surroundings: Surroundings): PodClass;
  /** What makes the class as weak as it is; see `defeatingOf`. */
  defeatingOf(pod: Pod, applying: Applying, surroundings: Surroundings): readonly Defeating[];
  /** All that would do so; see `sufficientIn`. */
  sufficientIn(pod: Pod, applying: Applying, surroundings: Surroundings): readonly Sufficient[];
  /** Forgets what was found by looking at the pods that exist. */
  forgetInexact(): void;
  readonly size: number;
}

const TOO_MUCH: PodClass = { class: 'unknown', effective: undefined, ifBlocksSkipPods: undefined, opaque: [] };
const NOT_COVERABLE: PodClass = { class: 'not-coverable', effective: undefined, ifBlocksSkipPods: undefined, opaque: [] };

/**
 * For policies of one interner: their ids are the key. Forgets all when it holds `limit`: it only saves work, and keys of
 * what is gone would stay.
 */
export function createClassMemory(limit = 100_000): ClassMemory {
  const byKey = new Map<string, PodClass>();
  const defeats = new Map<string, readonly Defeating[]>();
  const sufficient = new Map<string, readonly Sufficient[]>();
  const inexact = new Set<string>();
  const remembered = <T>(memory: Map<string, T>, find: (input: ClassInput, effective: FindEffective, mostWork: number | undefined) => T): ((...about: [Pod, Applying, Surroundings]) => T) => (...about) => {
    const key = keyOf(...about);
    const known = memory.get(key);
    if (known !== undefined) return known;
    if (memory.size >= limit) memory.clear();
    const [pod, applying, surroundings] = about;
    const found = find(classInputOf(pod, applying, surroundings), finderOf(surroundings), surroundings.mostWork);
    if (byKey.get(key)?.effective?.exact === true) memory.set(key, found); // else it depends on the pods that exist
    return found;
  };
  return {
    defeatingOf: remembered<readonly Defeating[]>(defeats, defeatingOf),
    sufficientIn: remembered<readonly Sufficient[]>(sufficient, sufficientIn),
    classOf(pod, applying, surroundings) {
      if (pod.hostNetwork) return NOT_COVERABLE;
      const key = keyOf(pod, applying, surroundings);
      const known = byKey.get(key);
      if (known !== undefined) return known;
      if (byKey.size >= limit) byKey.clear();
      const found = podClassOf(pod, applying, surroundings);
      byKey.set(key, found);
      if (found.effective?.exact === false) inexact.add(key);
      return found;
    },
    forgetInexact() {
      for (const key of inexact) byKey.delete(key);
      inexact.clear();
    },
    get size() { return byKey.size; },
  };
}

/** The class, and the other one where it is open whether blocks match pods. */
function podClassOf(pod: Pod, applying: Applying, surroundings: Surroundings): PodClass {
  const { options } = surroundings;
  const find = finderOf(surroundings);
  const input = classInputOf(pod, applying, surroundings);
  const effective = find(input);
  if (effective === undefined) return TOO_MUCH;
  if (options.ipBlockMatchesPods !== 'unknown') return { class: effective.class, effective, ifBlocksSkipPods: undefined, opaque: [] };
  const skipping = find({ ...input, ipBlockMatchesPods: false });
  if (skipping === undefined) return TOO_MUCH;
  if (skipping.class === effective.class) return { class: effective.class, effective, ifBlocksSkipPods: undefined, opaque: [] };
  return { class: weaker(effective.class, skipping.class), effective: { ...effective, codes: [...effective.codes, 'cidr-vs-pod'] }, ifBlocksSkipPods: skipping.class, opaque: [] };
}

/** One bound for all that is asked about one class. */
function finderOf({ mostWork }: Surroundings): FindEffective {
  return mostWork === undefined ? effectiveOf : effectiveWithin(mostWork);
}

/** Whether nothing that a class says is another. */
export function isEqualClass(a: PodClass | undefined, b: PodClass | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && a.class === b.class && JSON.stringify(a) === JSON.stringify(b);
}

function weaker(a: EffectiveClass, b: EffectiveClass): EffectiveClass {
  return CLASSES.indexOf(a) < CLASSES.indexOf(b) ? a : b;
}

export function classInputOf(pod: Pod, { direction, clusterPolicies, isolating }: Applying, { options, families, existing }: Surroundings): ClassInput {
  return {
    direction, families, existing,
    ownNamespace: pod.namespace,
    podPorts: pod.ports,
    ipBlockMatchesPods: options.ipBlockMatchesPods !== 'no',
    clusterPolicies: clusterPolicies.map(({ compiled }) => compiled),
    isolating: isolating.length === 0 ? undefined : distinct(isolating.map(({ compiled }) => compiled)),
  };
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

function keyOf(pod: Pod, { direction, clusterPolicies, isolating }: Applying, { families }: Surroundings): string {
  const ids = isolating.length === 1 ? String(isolating[0]?.compiled.id) : distinct(isolating.map(({ compiled }) => compiled.id)).sort((a, b) => a - b).join(',');
  const key = `${direction} ${families.length}${families[0]} ${ids} ${clusterPolicies.map(({ compiled }) => compiled.id).join(',')}`;
  return key + namedIn(pod, direction, [...isolating, ...clusterPolicies]);
}

/** The pod's own namespace and ports, where rules mention them. */
function namedIn({ namespace, ports }: Pod, direction: Direction, policies: readonly (Applying['isolating'][number] | Applying['clusterPolicies'][number])[]): string {
  let text = '';
  if (policies.some(({ compiled }) => compiled.mentions[direction].namespaces.has(namespace))) text += ` ${namespace}`;
  if (direction === 'Egress') return text;
  const names = policies.flatMap(({ compiled }) => compiled.mentions[direction].portNames);
  return names.length === 0 ? text : `${text} ${portsText(ports, new Set(names))}`;
}

function portsText(ports: readonly PodPort[], names: ReadonlySet<string>): string {
  return ports.filter(({ name }) => name !== undefined && names.has(name)).map(({ name, protocol, containerPort }) => `${name}=${protocol}:${containerPort}`).sort().join(',');
}
