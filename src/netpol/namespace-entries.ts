/**
 * Namespaces of the classifier, each with its policies and pods.
 *
 * A pod or policy may come before its namespace: until then the namespace has the one label that all have. An entry
 * without pods and policies whose namespace is not known goes away.
 */
import type { Direction } from '../api/network-policy.ts';
import type { PodClass } from './classify.ts';
import type { ExistingPeer } from './existing.ts';
import type { Namespace, Pod } from './model.ts';
import { matchNamespace } from './namespace-match.ts';
import type { Applying } from './tiers.ts';
import { compare, matchSubject, withName, type NamedClusterPolicy, type NamedNetworkPolicy } from './world.ts';

export interface PodEntry {
  readonly home: NamespaceEntry;
  pod: Pod;
  readonly classes: Partial<Record<Direction, PodClass | undefined>>;
}

/** Pods of one namespace and class. */
export interface ClassGroup {
  /** How many there are. */
  pods: number;
  example: PodEntry;
}

export interface NamespaceEntry {
  readonly name: string;
  namespace: Namespace;
  isKnown: boolean;
  readonly policies: Map<string, NamedNetworkPolicy>;
  /** By name; made anew after a change. */
  sorted: readonly NamedNetworkPolicy[] | undefined;
  readonly pods: Map<string, PodEntry>;
  /** Its pods by class; absent where none has one. */
  groups: Record<Direction, Map<PodClass, ClassGroup>> | undefined;
  /** Cluster policies about this namespace, of the list that they were chosen from. */
  subjectOf: { readonly among: readonly NamedClusterPolicy[]; readonly found: readonly NamedClusterPolicy[] } | undefined;
}

export interface Namespaces {
  /** Made when it is not there. */
  entry(name: string): NamespaceEntry;
  find(name: string): NamespaceEntry | undefined;
  all(): Iterable<NamespaceEntry>;
  /** `undefined` when its labels are what they were. */
  upsert(namespace: Namespace): NamespaceEntry | undefined;
  forget(name: string): void;
  setPolicy(entry: NamespaceEntry, name: string, policy: NamedNetworkPolicy | undefined): void;
  dropIfEmpty(entry: NamespaceEntry): void;
  existing(): Iterable<ExistingPeer>;
  size(): number;
}

export function createNamespaces(): Namespaces {
  const entries = new Map<string, NamespaceEntry>();

  function entryOf(name: string): NamespaceEntry {
    const known = entries.get(name);
    if (known !== undefined) return known;
    const entry: NamespaceEntry = {
      name, namespace: withName({ name, labels: new Map() }), isKnown: false, policies: new Map(), sorted: undefined, pods: new Map(), groups: undefined, subjectOf: undefined,
    };
    entries.set(name, entry);
    return entry;
  }

  function dropIfEmpty({ name, isKnown, policies, pods }: NamespaceEntry): void {
    if (!isKnown && policies.size === 0 && pods.size === 0) entries.delete(name);
  }

  function relabel(entry: NamespaceEntry, namespace: Namespace): NamespaceEntry | undefined {
    if (equalLabels(entry.namespace, namespace) && entry.namespace.labelsUnknown === namespace.labelsUnknown) return undefined;
    entry.namespace = namespace;
    entry.subjectOf = undefined;
    return entry;
  }

  return {
    entry: entryOf,
    dropIfEmpty,
    find: (name) => entries.get(name),
    all: () => entries.values(),
    upsert(namespace) {
      const entry = entryOf(namespace.name);
      entry.isKnown = true;
      return relabel(entry, namespace);
    },
    forget(name) {
      const entry = entries.get(name);
      if (entry === undefined) return;
      entry.isKnown = false;
      dropIfEmpty(entry);
    },
    setPolicy(entry, name, policy) {
      if (policy === undefined) entry.policies.delete(name);
      else entry.policies.set(name, policy);
      entry.sorted = undefined;
    },
    size: () => entries.size,
    * existing() {
      for (const { namespace, pods } of entries.values()) {
        for (const { pod } of pods.values()) if (!pod.hostNetwork && !pod.terminal) yield { namespace, pod };
      }
    },
  };
}

function equalLabels({ labels: a }: Namespace, { labels: b }: Namespace): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

/** The policies that have a say about the pod; `clusterPolicies` sorted by rank. */
export function applyingIn({ home, pod }: PodEntry, clusterPolicies: readonly NamedClusterPolicy[], direction: Direction): Applying {
  home.sorted ??= [...home.policies.values()].sort((a, b) => compare(a.ref.name, b.ref.name));
  if (home.subjectOf?.among !== clusterPolicies) {
    const found = clusterPolicies.filter(({ compiled }) => compiled.subject !== undefined && matchNamespace(compiled.subject.namespace, home.namespace) === 'yes');
    home.subjectOf = { among: clusterPolicies, found };
  }
  return {
    direction,
    clusterPolicies: home.subjectOf.found.filter(({ compiled }) => compiled.rules[direction].length > 0 && matchSubject(compiled, home.namespace, pod) === 'yes'),
    isolating: home.sorted.filter(({ compiled }) => compiled.isolates[direction] && compiled.selector.matches(pod.labels)),
  };
}

/** Cluster policies that may be about the pod, depending on labels of its namespace that are not known. */
export function uncertainIn({ home: { namespace }, pod }: PodEntry, clusterPolicies: readonly NamedClusterPolicy[], direction: Direction): readonly NamedClusterPolicy[] {
  if (namespace.labelsUnknown !== true) return [];
  return clusterPolicies.filter(({ compiled }) => compiled.rules[direction].length > 0 && matchSubject(compiled, namespace, pod) === 'maybe');
}

const NO_LABELS: Pod['labels'] = new Map();

/** In no map: it stands for a pod that may come. */
export function plainIn(home: NamespaceEntry): PodEntry {
  return { home, pod: { namespace: home.name, name: '', labels: NO_LABELS, ips: [], ports: [], hostNetwork: false, terminal: false }, classes: {} };
}
