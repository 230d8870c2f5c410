/**
 * Compiles each distinct spec once: a cluster holds thousands of policies with few texts.
 *
 * Counted by users, so that it never holds more than the policies there are.
 */
import { compileClusterPolicy } from './compile-cluster-policy.ts';
import { compileNetworkPolicy } from './compile-network-policy.ts';
import type { ClusterPolicy, NetworkPolicy } from './model.ts';
import type { CompiledClusterPolicy, CompiledNetworkPolicy } from './rules.ts';

export interface Interner {
  networkPolicy(spec: NetworkPolicy['spec']): CompiledNetworkPolicy;
  clusterPolicy(kind: ClusterPolicy['kind'], spec: ClusterPolicy['spec']): CompiledClusterPolicy;
  /** Call once per result that is no longer used. */
  release(compiled: { readonly id: number }): void;
  readonly size: number;
}

interface Shared<T> { readonly text: string; readonly compiled: T; users: number }

export function createInterner(): Interner {
  const byText = new Map<string, Shared<CompiledNetworkPolicy | CompiledClusterPolicy>>();
  const byId = new Map<number, Shared<CompiledNetworkPolicy | CompiledClusterPolicy>>();
  let lastId = 0;

  function shared<T extends CompiledNetworkPolicy | CompiledClusterPolicy>(text: string, compile: (id: number) => T): T {
    let entry = byText.get(text) as Shared<T> | undefined;
    if (entry === undefined) {
      lastId += 1;
      entry = { text, compiled: compile(lastId), users: 0 };
      byText.set(text, entry);
      byId.set(lastId, entry);
    }
    entry.users += 1;
    return entry.compiled;
  }

  return {
    networkPolicy: (spec) => shared(`NetworkPolicy ${JSON.stringify(spec ?? {})}`, (id) => compileNetworkPolicy(spec, id)),
    clusterPolicy: (kind, spec) => shared(`${kind} ${JSON.stringify(spec ?? {})}`, (id) => compileClusterPolicy(kind, spec, id)),
    release({ id }) {
      const entry = byId.get(id);
      if (entry === undefined) return;
      entry.users -= 1;
      if (entry.users > 0) return;
      byId.delete(id);
      byText.delete(entry.text);
    },
    get size() { return byId.size; },
  };
}
