/**
 * Classes of all pods, kept up to date: objects go in one by one, `flush` gives the pods whose class is another now.
 *
 * Work is proportional to what changed: a policy touches the pods it selects or selected, a namespace its own pods.
 * Holds nothing of what was removed.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { createClassGroups, groupsIn } from './class-groups.ts';
import { createClassMemory, type PodClass, type PodClassName, type Surroundings } from './classify.ts';
import { createClusterScope, type Scope } from './cluster-scope.ts';
import { createDefeats, largestOf, type Defeats } from './defeating-policies.ts';
import { isEqualPod } from './equal-pod.ts';
import { concerns } from './evaluate.ts';
import { createInterner } from './intern.ts';
import { createFamilyCount } from './family-count.ts';
import type { Family, Namespace, NetworkPolicy, OpaquePolicy, Options, Pod, Policy } from './model.ts';
import { applyingIn, createNamespaces, plainIn, uncertainIn, type NamespaceEntry, type PodEntry } from './namespace-entries.ts';
import { createUnknownClasses } from './unknown-class.ts';
import { compareRefs, withName } from './world.ts';

/** `undefined` before the pod was there, and after it is gone. */
export interface ClassChange { readonly pod: Pod; readonly direction: Direction; readonly before: PodClass | undefined; readonly after: PodClass | undefined }
/** What tells a policy from others: kind, namespace and name. */
export type PolicyKey = Pick<Policy, 'kind' | 'name'> & { readonly namespace?: string | undefined; readonly apiKind?: string };

export interface Classifier extends Defeats {
  upsertNamespace(namespace: Namespace): void;
  removeNamespace(name: string): void;
  /** One in which nothing differs that policies look at takes the place of the old one, and touches nothing. */
  upsertPod(pod: Pod): void;
  removePod(namespace: string, name: string): void;
  upsertPolicy(policy: Policy): void;
  /** One whose spec is not known: like one that is not evaluated, it may mean anything for whom it concerns. */
  upsertUnread(key: PolicyKey): void;
  removePolicy(key: PolicyKey): void;
  /** Classifies what was touched since the last call; asked after each pod whether to go on, `unflushed` says how many are left. */
  flush(goesOn?: () => boolean): ClassChange[];
  /** Pods that were touched, or are gone, since the last flush; none: it would say nothing. */
  readonly unflushed: number;
  /** Classifies all pods again with the next flush. */
  touchAll(): void;
  /** Pods that could not be classified, see `onFailure`. */
  failed(): readonly Pod[];
  /** As of the last flush; `undefined` for pods that are not there or terminal. */
  classOf(namespace: string, pod: string, direction: Direction): PodClass | undefined;
  /** What a pod without labels and ports would be in the namespace as it is now, whether there are pods or not. */
  classOfPlain(namespace: string, direction: Direction): PodClass | undefined;
  podsIn(namespace: string): readonly Pod[];
  /** The classes that pods of the namespace have, as of the last flush, each with one pod that has it. */
  classesIn(namespace: string, direction: Direction): readonly { readonly podClass: PodClass; readonly pod: Pod }[];
  /** Address families that count. */
  families(): readonly Family[];
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
  /** For who goes on whatever goes wrong: told once of a pod that is `unknown` from now on, since an error was thrown. Absent: it is thrown. */
  readonly onFailure?: (pod: Pod, error: unknown) => void;
}

const FAILED: PodClass = { class: 'unknown', effective: undefined, ifBlocksSkipPods: undefined, opaque: [] };

export function createClassifier(options: Options, { mostWork, beforeAddresses, onFailure }: ClassifierSettings = {}): Classifier {
  const interner = createInterner();
  const memory = createClassMemory();
  const namespaces = createNamespaces();
  const cluster = createClusterScope(interner);
  const families = createFamilyCount(beforeAddresses);
  const dirty = new Set<PodEntry>();
  const inexact = new Set<PodEntry>();
  const removed: ClassChange[] = [];
  const failed = new Set<PodEntry>();
  const groups = createClassGroups();
  const unknownBy = createUnknownClasses();
  const touch = (entries: Iterable<PodEntry>): void => { for (const entry of entries) dirty.add(entry); };
  const surroundings = (): Surroundings => ({ options, families: families.list(), existing: namespaces.existing, mostWork });

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
    failed.delete(found);
    touch(inexact);
    for (const direction of DIRECTIONS) settle(found, direction, undefined, removed);
    namespaces.dropIfEmpty(entry);
  }

  function settle(entry: PodEntry, direction: Direction, after: PodClass | undefined, changes: ClassChange[]): void {
    const change = groups.settle(entry, direction, after);
    if (change !== undefined) changes.push({ pod: entry.pod, direction, before: change.before, after });
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
    return unknownBy(found, [...opaque, ...tooLarge]);
  }

  function classesOf(entry: PodEntry, around: Surroundings): readonly (PodClass | undefined)[] {
    try {
      const found = DIRECTIONS.map((direction) => classify(entry, direction, around));
      failed.delete(entry);
      return found;
    } catch (error) {
      if (onFailure === undefined) throw error;
      if (!failed.has(entry)) onFailure(entry.pod, error);
      failed.add(entry);
      return DIRECTIONS.map(() => FAILED);
    }
  }

  function dropNetworkPolicy({ namespace = '', name }: PolicyKey): void {
    const entry = namespaces.entry(namespace);
    replacePolicy(entry, name, undefined);
    namespaces.dropIfEmpty(entry);
  }

  function dropRead(key: PolicyKey): void {
    if (key.kind === 'NetworkPolicy') dropNetworkPolicy(key);
    else touchScopes(cluster.remove(key));
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
      if (policy.kind === 'NetworkPolicy') replacePolicy(namespaces.entry(policy.namespace), policy.name, policy);
      else touchScopes(cluster.upsert(policy));
      if (policy.kind !== 'Opaque') touchScopes(cluster.remove(unread(policy)));
    },
    upsertUnread(key) {
      touchScopes(cluster.upsert(unread(key)));
      dropRead(key);
    },
    removePolicy(key) {
      dropRead(key);
      if (key.kind !== 'Opaque') touchScopes(cluster.remove(unread(key)));
    },
    get unflushed() { return dirty.size + removed.length; },
    touchAll() { for (const entry of namespaces.all()) touch(entry.pods.values()); },
    failed: () => [...failed].map(({ pod }) => pod),
    flush(goesOn = () => true) {
      const changes = removed.splice(0);
      if (families.changed()) for (const entry of namespaces.all()) touch(entry.pods.values());
      memory.forgetInexact();
      const around = surroundings();
      for (const entry of dirty) {
        dirty.delete(entry);
        inexact.delete(entry);
        const found = classesOf(entry, around);
        if (found.some((each) => each?.effective?.exact === false)) inexact.add(entry);
        for (const [index, direction] of DIRECTIONS.entries()) settle(entry, direction, found[index], changes);
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
    classesIn(namespace, direction) {
      const entry = namespaces.find(namespace);
      return entry === undefined ? [] : [...groupsIn(entry, direction)].map(([podClass, { example }]) => ({ podClass, pod: example.pod }));
    },
    ...createDefeats({ namespaces, cluster, memory, surroundings }),
    families: families.list,
    counts: groups.counts,
    size: () => ({ namespaces: namespaces.size(), specs: interner.size, pending: dirty.size }),
  };
}

/** It stands for a policy of which no more than its name is known. */
function unread({ kind, namespace, name }: PolicyKey): OpaquePolicy {
  return { kind: 'Opaque', apiKind: kind, namespace, name };
}
