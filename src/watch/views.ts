/**
 * What planning sees of the stores: the view of one namespace, and of the cluster.
 *
 * Compiles a baseline once per change of it. Remembers which policies of ours somebody deleted, until they
 * are back or not planned any more; nothing else is remembered here.
 */
import type { BaselineRecord, NamespaceRecord, PolicyRecord } from '../kube/objects.ts';
import { isOurs } from '../plan/ownership.ts';
import { compileBaseline, type CompiledBaseline } from '../plan/compile.ts';
import { clusterViewOf, type ClusterView, type NamespaceView } from '../plan/view.ts';
import type { Change, Store } from './store.ts';

export interface Views {
  /** `undefined` when the namespace does not exist. */
  namespace(name: string): NamespaceView | undefined;
  cluster(): ClusterView;
  /** The version of the cluster view since which this baseline is planned with as it is now; 0 when there is none. */
  changedIn(baseline: string): number;
  /** Call for every change of a baseline, before any view is taken. True when planning can come out differently. */
  baselineChanged(change: Change<BaselineRecord>): boolean;
  /** Call for every change of a policy. */
  policyChanged(change: Change<PolicyRecord>): void;
  /** Drops what is remembered of deletions but for the names that are still planned. */
  keepDeleted(namespace: string, planned: ReadonlySet<string>): void;
  forget(namespace: string): void;
}

export interface ViewParts {
  readonly namespaces: Store<NamespaceRecord>;
  readonly policies: Store<PolicyRecord>;
  readonly baselines: Store<BaselineRecord>;
  readonly systemNamespaces: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  wallMs(): number;
}

const NONE_DELETED: ReadonlySet<string> = new Set();

export function createViews(parts: ViewParts): Views {
  const compiled = new Map<string, CompiledBaseline>();
  const deleted = new Map<string, Set<string>>();
  const changedIn = new Map<string, number>();
  let cluster: ClusterView = clusterViewOf(compiled.values(), parts.systemNamespaces, 1);

  function baselineChanged({ name, before, after }: Change<BaselineRecord>): boolean {
    const known = compiled.get(name);
    if (after === undefined) compiled.delete(name);
    else compiled.set(name, isSameSpec(before, after) && known !== undefined ? { ...known, record: after } : compileBaseline(after, known));
    const changed = !isSameSpec(before, after);
    const version = changed ? cluster.version + 1 : cluster.version;
    if (after === undefined) changedIn.delete(name);
    else if (changed) changedIn.set(name, version);
    cluster = clusterViewOf(compiled.values(), parts.systemNamespaces, version);
    return changed;
  }

  function policyChanged({ name, namespace = '', before, after }: Change<PolicyRecord>): void {
    if (after !== undefined) deleted.get(namespace)?.delete(name);
    else if (before !== undefined && isOurs(before)) setIn(deleted, namespace).add(name);
  }

  return {
    namespace(name) {
      const namespace = parts.namespaces.get(name);
      if (namespace === undefined) return undefined;
      return { namespace, policies: parts.policies.inNamespace(name), cluster, deleted: deleted.get(name) ?? NONE_DELETED, nowMs: parts.wallMs() };
    },
    cluster: () => cluster,
    changedIn: (baseline) => changedIn.get(baseline) ?? 0,
    baselineChanged,
    policyChanged,
    keepDeleted(namespace, planned) {
      const names = deleted.get(namespace);
      if (names === undefined) return;
      for (const name of names) if (!planned.has(name)) names.delete(name);
      if (names.size === 0) deleted.delete(namespace);
    },
    forget: (namespace) => { deleted.delete(namespace); },
  };
}

/** Status, annotations and finalizers do not change a plan. */
function isSameSpec(before: BaselineRecord | undefined, after: BaselineRecord | undefined): boolean {
  return before !== undefined && after !== undefined
    && before.uid === after.uid && before.generation === after.generation
    && before.deleting === after.deleting && before.specHash === after.specHash && before.problem === after.problem;
}

function setIn(map: Map<string, Set<string>>, key: string): Set<string> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const fresh = new Set<string>();
  map.set(key, fresh);
  return fresh;
}
