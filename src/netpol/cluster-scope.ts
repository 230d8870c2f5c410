/** Cluster policies of the classifier, sorted by rank, and policies of kinds that are not evaluated. */
import { isEvaluated } from './compile-cluster-policy.ts';
import type { Interner } from './intern.ts';
import type { ClusterPolicy, Namespace, OpaquePolicy, Policy } from './model.ts';
import { byRank, namedOpaque, type NamedClusterPolicy, type NamedOpaquePolicy } from './world.ts';

/** Which namespaces a policy is about; with `only`, none but that one. */
export interface Scope { readonly only?: string | undefined; concernsNamespace(namespace: Namespace): boolean }
export interface ScopeKey { readonly kind: Policy['kind']; readonly namespace?: string | undefined; readonly name: string; readonly apiKind?: string | undefined }

export interface ClusterScope {
  /** The scopes before and after; none when nothing that counts has changed. */
  upsert(policy: ClusterPolicy | OpaquePolicy): readonly Scope[];
  remove(key: ScopeKey): readonly Scope[];
  /** The same list until one of them changes. */
  policies(): readonly NamedClusterPolicy[];
  /** Those that may be about pods of the namespace. */
  opaqueIn(namespace: string): readonly NamedOpaquePolicy[];
}

const NOTHING: readonly never[] = [];
const EVERYWHERE = '';

export function createClusterScope(interner: Interner): ClusterScope {
  const evaluated = new Map<string, NamedClusterPolicy>();
  const opaque = new Map<string, Map<string, NamedOpaquePolicy>>();
  let sorted: readonly NamedClusterPolicy[] | undefined;

  function swapOpaque(key: ScopeKey, after: NamedOpaquePolicy | undefined): readonly Scope[] {
    const known = opaque.get(key.namespace ?? EVERYWHERE);
    if (known === undefined && after === undefined) return NOTHING;
    const home = known ?? new Map<string, NamedOpaquePolicy>();
    const before = home.get(keyOf(key));
    if (before !== undefined && after !== undefined && JSON.stringify(before.policy.scopes) === JSON.stringify(after.policy.scopes)) return NOTHING;
    home.delete(keyOf(key));
    if (after !== undefined) home.set(keyOf(key), after);
    if (home.size === 0) opaque.delete(key.namespace ?? EVERYWHERE);
    else opaque.set(key.namespace ?? EVERYWHERE, home);
    return [before, after].filter((named) => named !== undefined).map(opaqueScope);
  }

  function swapEvaluated(key: ScopeKey, after: NamedClusterPolicy | undefined): readonly Scope[] {
    const before = evaluated.get(keyOf(key));
    if (before !== undefined) interner.release(before.compiled);
    if (before?.compiled === after?.compiled) return NOTHING;
    evaluated.delete(keyOf(key));
    if (after !== undefined) evaluated.set(keyOf(key), after);
    sorted = undefined;
    return [before, after].filter((named) => named !== undefined).map(subjectScope);
  }

  return {
    policies: () => sorted ??= [...evaluated.values()].sort(byRank),
    opaqueIn(namespace) {
      if (opaque.size === 0) return NOTHING;
      return [...opaque.get(EVERYWHERE)?.values() ?? NOTHING, ...opaque.get(namespace)?.values() ?? NOTHING];
    },
    upsert(policy) {
      if (policy.kind === 'Opaque') return swapOpaque(policy, namedOpaque(policy));
      if (!isEvaluated(policy.kind, policy.name)) return NOTHING;
      return swapEvaluated(policy, { ref: { kind: policy.kind, name: policy.name }, compiled: interner.clusterPolicy(policy.kind, policy.spec) });
    },
    remove: (key) => (key.kind === 'Opaque' ? swapOpaque(key, undefined) : swapEvaluated(key, undefined)),
  };
}

function keyOf({ kind, name, apiKind = '' }: ScopeKey): string {
  return [kind, apiKind, name].join('/');
}

function subjectScope({ compiled }: NamedClusterPolicy): Scope {
  return { concernsNamespace: ({ labels }) => compiled.subject?.namespace.matches(labels) === true };
}

function opaqueScope({ ref, scopes }: NamedOpaquePolicy): Scope {
  return { only: ref.namespace, concernsNamespace: ({ labels }) => scopes.some(({ namespace }) => namespace.matches(labels)) };
}
