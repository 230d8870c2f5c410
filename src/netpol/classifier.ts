/**
 * Classes of all pods, kept up to date: objects go in one by one, `flush` gives the pods whose class is another now.
 *
 * Work is proportional to what changed: a policy touches the pods it selects or selected, a namespace its own pods.
 * Holds nothing of what was removed.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { createClassMemory, isEqualClass, type PodClass, type PodClassName, type Surroundings } from './classify.ts';
import { createClusterScope, type Scope } from './cluster-scope.ts';
import { concerns } from './evaluate.ts';
import type { Effective } from './effective.ts';
import type { Defeating } from './defeat.ts';
import { createInterner } from './intern.ts';
import { createFamilyCount } from './family-count.ts';
import type { Family, Namespace, NetworkPolicy, Options, Pod, Policy, PolicyRef } from './model.ts';
import type { Rule } from './rules.ts';
import type { Applying } from './tiers.ts';
import { applyingIn, createNamespaces, uncertainIn, type NamespaceEntry, type PodEntry } from './namespace-entries.ts';
import { compareRefs, withName, type NamedClusterPolicy } from './world.ts';

/** `undefined` before the pod was there, and after it is gone. */
export interface ClassChange { readonly pod: Pod; readonly direction: Direction; readonly before: PodClass | undefined; readonly after: PodClass | undefined }
export interface DefeatingPolicy { readonly ref: PolicyRef; /** Positions in the stored list. */ readonly rules: readonly number[] }
/** Policies that are enough together, what they let through by themselves, and each other policy that is enough alone. */
export interface Defeat {
  readonly by: readonly DefeatingPolicy[];
  readonly effective: Effective | undefined;
  readonly others: readonly (DefeatingPolicy & { readonly effective: Effective })[];
}

/** What tells a policy from others: kind, namespace and name. */
export type PolicyKey = Pick<Policy, 'kind' | 'name'> & { readonly namespace?: string | undefined; readonly apiKind?: string };

export interface Classifier {
  upsertNamespace(namespace: Namespace): void;
  removeNamespace(name: string): void;
  /** One in which nothing differs that policies look at takes the place of the old one, and touches nothing. */
  upsertPod(pod: Pod): void;
  removePod(namespace: string, name: string): void;
  upsertPolicy(policy: Policy): void;
  removePolicy(key: PolicyKey): void;
  /** Classifies what was touched since the last call; asked after each pod whether to go on, `unflushed` says how many are left. */
  flush(goesOn?: () => boolean): ClassChange[];
  /** Pods that were touched and not classified yet. */
  readonly unflushed: number;
  /** As of the last flush; `undefined` for pods that are not there or terminal. */
  classOf(namespace: string, pod: string, direction: Direction): PodClass | undefined;
  /** What a pod without labels and ports would be in the namespace as it is now, whether there are pods or not. */
  classOfPlain(namespace: string, direction: Direction): PodClass | undefined;
  podsIn(namespace: string): readonly Pod[];
  /** The smallest set of policies that makes the pod's class as weak as it is; those of equal spec stand for each other. Without a pod: of the plain one. */
  defeating(namespace: string, pod: string | undefined, direction: Direction): DefeatingPolicy[];
  /** The same, with all that would be enough besides: of equal specs each. */
  defeat(namespace: string, pod: string | undefined, direction: Direction): Defeat;
  /** Pods by class, as of the last flush. */
  counts(direction: Direction): ReadonlyMap<PodClassName, number>;
  /** What is held, bounded by what there is, and how many pods the next flush classifies. */
  size(): { readonly namespaces: number; readonly specs: number; readonly pending: number };
}

export interface ClassifierSettings {
  /** Bounds what one class may take, for who cannot wait; what takes more is `unknown`. */
  readonly mostWork?: number;
  /**
   * The families that count while no pod has an address; none for "not known", and then the weakest class counts. Of a
   * live cluster IPv4 is taken: nothing can talk yet, and a class that ends with the first address is no news.
   */
  readonly beforeAddresses?: readonly Family[];
}

export function createClassifier(options: Options, { mostWork, beforeAddresses }: ClassifierSettings = {}): Classifier {
  const interner = createInterner();
  const memory = createClassMemory();
  const namespaces = createNamespaces();
  const cluster = createClusterScope(interner);
  const families = createFamilyCount(beforeAddresses);
  const dirty = new Set<PodEntry>();
  const inexact = new Set<PodEntry>();
  const removed: ClassChange[] = [];
  const counts = { Ingress: new Map<PodClassName, number>(), Egress: new Map<PodClassName, number>() };
  const touch = (entries: Iterable<PodEntry>): void => { for (const entry of entries) dirty.add(entry); };
  const surroundings = (): Surroundings => ({ options, families: families.list(), existing: namespaces.existing, mostWork });

  /** Without a pod: of the plain one. */
  function asked(namespace: string, pod: string | undefined, direction: Direction) {
    const home = namespaces.find(namespace);
    const entry = home === undefined || pod !== undefined ? home?.pods.get(pod ?? '') : plainIn(home);
    if (entry === undefined || entry.pod.hostNetwork || entry.pod.terminal) return undefined;
    return { pod: entry.pod, applying: applyingIn(entry, cluster.policies(), direction) };
  }

  function touchScopes(scopes: readonly Scope[]): void {
    for (const { only, concernsNamespace } of scopes) {
      for (const entry of only === undefined ? namespaces.all() : [namespaces.entry(only)]) {
        if (concernsNamespace(entry.namespace)) touch(entry.pods.values());
        namespaces.dropIfEmpty(entry);
      }
    }
  }

  function replacePolicy(entry: NamespaceEntry, name: string, policy: NetworkPolicy | undefined): void {
    const old = entry.policies.get(name);
    const compiled = policy === undefined ? undefined : interner.networkPolicy(policy.spec);
    if (old !== undefined) interner.release(old.compiled);
    namespaces.setPolicy(entry, name, compiled === undefined ? undefined : { ref: { kind: 'NetworkPolicy', namespace: entry.name, name }, compiled });
    if (old?.compiled === compiled) return;
    for (const pod of entry.pods.values()) {
      if (old?.compiled.selector.matches(pod.pod.labels) === true || compiled?.selector.matches(pod.pod.labels) === true) dirty.add(pod);
    }
  }

  function dropPod(entry: NamespaceEntry, name: string): void {
    const found = entry.pods.get(name);
    if (found === undefined) return;
    entry.pods.delete(name);
    families.remove(found.pod);
    dirty.delete(found);
    inexact.delete(found);
    touch(inexact);
    for (const direction of DIRECTIONS) settle(found, direction, undefined, removed);
    namespaces.dropIfEmpty(entry);
  }

  function settle(entry: PodEntry, direction: Direction, after: PodClass | undefined, changes: ClassChange[]): void {
    const before = entry.classes[direction];
    entry.classes[direction] = after;
    if (isEqualClass(before, after)) return;
    add(counts[direction], before?.class, -1);
    add(counts[direction], after?.class, 1);
    changes.push({ pod: entry.pod, direction, before, after });
  }

  function classify(entry: PodEntry, direction: Direction, around: Surroundings): PodClass | undefined {
    const { pod, home } = entry;
    if (pod.terminal) return undefined;
    const applying = applyingIn(entry, cluster.policies(), direction);
    const found = memory.classOf(pod, applying, around);
    if (pod.hostNetwork) return found;
    const tooLarge = found.effective === undefined ? largestOf(applying) : [];
    const opaque = [...cluster.opaqueIn(home.name).filter((named) => concerns(named, { pod, namespace: home.namespace }, direction)), ...uncertainIn(entry, cluster.policies(), direction)]
      .map(({ ref }) => ref).sort(compareRefs);
    if (opaque.length + tooLarge.length === 0) return found;
    return { ...found, class: 'unknown', opaque: [...opaque, ...tooLarge] };
  }

  return {
    upsertNamespace(namespace) {
      const entry = namespaces.upsert(withName(namespace));
      if (entry === undefined) return;
      touch(entry.pods.values());
      touch(inexact);
    },
    removeNamespace(name) { namespaces.forget(name); },
    upsertPod(pod) {
      const home = namespaces.entry(pod.namespace);
      const known = home.pods.get(pod.name);
      if (known !== undefined && isEqualPod(known.pod, pod)) {
        known.pod = pod;
        return;
      }
      if (known === undefined) home.pods.set(pod.name, { home, pod, classes: {} });
      else { families.remove(known.pod); known.pod = pod; }
      families.add(pod);
      touch([home.pods.get(pod.name)!, ...inexact]);
    },
    removePod(namespace, name) { dropPod(namespaces.entry(namespace), name); },
    upsertPolicy(policy) {
      if (policy.kind === 'NetworkPolicy') return replacePolicy(namespaces.entry(policy.namespace), policy.name, policy);
      touchScopes(cluster.upsert(policy));
    },
    removePolicy(key) {
      if (key.kind !== 'NetworkPolicy') return touchScopes(cluster.remove(key));
      const { namespace = '', name } = key;
      const entry = namespaces.entry(namespace);
      replacePolicy(entry, name, undefined);
      namespaces.dropIfEmpty(entry);
    },
    get unflushed() { return dirty.size; },
    flush(goesOn = () => true) {
      const changes = removed.splice(0);
      if (families.changed()) for (const entry of namespaces.all()) touch(entry.pods.values());
      memory.forgetInexact();
      const around = surroundings();
      for (const entry of dirty) {
        dirty.delete(entry);
        inexact.delete(entry);
        for (const direction of DIRECTIONS) {
          const found = classify(entry, direction, around);
          if (found?.effective?.exact === false) inexact.add(entry);
          settle(entry, direction, found, changes);
        }
        if (!goesOn()) break;
      }
      return changes;
    },
    classOf: (namespace, pod, direction) => namespaces.find(namespace)?.pods.get(pod)?.classes[direction],
    classOfPlain(namespace, direction) {
      const entry = namespaces.find(namespace);
      return entry === undefined ? undefined : classify(plainIn(entry), direction, surroundings());
    },
    podsIn: (namespace) => [...namespaces.find(namespace)?.pods.values() ?? []].map(({ pod }) => pod),
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
    counts: (direction) => counts[direction],
    size: () => ({ namespaces: namespaces.size(), specs: interner.size, pending: dirty.size }),
  };
}

/** The policy that makes it too much. */
function largestOf({ direction, isolating, clusterPolicies }: Applying): PolicyRef[] {
  const sizes = [...isolating, ...clusterPolicies].map(({ ref, compiled: { rules } }) => ({ ref, size: rules[direction].reduce((sum, rule) => sum + sizeOf(rule), 0) }));
  return sizes.sort((a, b) => b.size - a.size).slice(0, 1).map(({ ref }) => ref);
}

function sizeOf({ peers, ports }: Rule): number {
  return 1 + (peers === 'any' ? 0 : peers.length) + (ports === 'any' ? 0 : ports.length);
}

/** Policies of equal spec are one to the memory. */
function namesOf({ isolating, clusterPolicies }: ReturnType<typeof applyingIn>, { compiled, rules }: Defeating): DefeatingPolicy[] {
  const named: readonly Pick<NamedClusterPolicy, 'ref' | 'compiled'>[] = clusterPolicies;
  return [...isolating, ...named].filter((policy) => policy.compiled.id === compiled.id).map(({ ref }) => ({ ref, rules }));
}

const NO_LABELS: Pod['labels'] = new Map();

/** In no map: it stands for a pod that may come. */
function plainIn(home: NamespaceEntry): PodEntry {
  return { home, pod: { namespace: home.name, name: '', labels: NO_LABELS, ips: [], ports: [], hostNetwork: false, terminal: false }, classes: {} };
}

/** In all that policies look at. */
function isEqualPod(a: Pod, b: Pod): boolean {
  return a.hostNetwork === b.hostNetwork && a.terminal === b.terminal && a.ips.join() === b.ips.join()
    && (a.labels === b.labels || equalMaps(a.labels, b.labels)) && (a.ports === b.ports || JSON.stringify(a.ports) === JSON.stringify(b.ports));
}

function equalMaps(a: Pod['labels'], b: Pod['labels']): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function add(counts: Map<PodClassName, number>, name: PodClassName | undefined, by: number): void {
  if (name === undefined) return;
  const left = (counts.get(name) ?? 0) + by;
  if (left === 0) counts.delete(name);
  else counts.set(name, left);
}
