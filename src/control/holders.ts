/**
 * Which namespaces hold policies of which baseline, kept up to date change by change: the breaker asks for each
 * removal, and the policies of a cluster are too many to be counted each time.
 */
import type { NamespaceRecord, PolicyRecord } from '../kube/objects.ts';
import { heldFor } from '../plan/isolation.ts';
import type { Change } from '../watch/store.ts';

export interface Holders {
  /** Namespaces that hold policies which are there for the baseline, without those on their way out, which nobody protects any more. */
  of(baseline: string): ReadonlySet<string>;
  policyChanged(change: Change<PolicyRecord>): void;
  namespaceChanged(change: Change<NamespaceRecord>): void;
}

export interface HolderSources {
  readonly policies: Iterable<PolicyRecord>;
  isLive(namespace: string): boolean;
}

const NOBODY: ReadonlySet<string> = new Set();

export function createHolders({ policies, isLive }: HolderSources): Holders {
  /** By namespace, then baseline: how many policies. */
  const counts = new Map<string, Map<string, number>>();
  const live = new Map<string, Set<string>>();

  function count(policy: PolicyRecord, by: 1 | -1): void {
    const { namespace } = policy;
    for (const baseline of heldFor(policy)) {
      const held = counts.get(namespace) ?? new Map<string, number>();
      const number = (held.get(baseline) ?? 0) + by;
      if (number > 0) held.set(baseline, number);
      else held.delete(baseline);
      if (held.size > 0) counts.set(namespace, held);
      else counts.delete(namespace);
      mark(baseline, namespace, number > 0 && isLive(namespace));
    }
  }

  function mark(baseline: string, namespace: string, holds: boolean): void {
    const namespaces = live.get(baseline) ?? new Set();
    if (holds) namespaces.add(namespace);
    else namespaces.delete(namespace);
    if (namespaces.size > 0) live.set(baseline, namespaces);
    else live.delete(baseline);
  }

  for (const policy of policies) count(policy, 1);
  return {
    of: (baseline) => live.get(baseline) ?? NOBODY,
    policyChanged({ before, after }) {
      if (before !== undefined) count(before, -1);
      if (after !== undefined) count(after, 1);
    },
    namespaceChanged({ name }) {
      for (const baseline of counts.get(name)?.keys() ?? []) mark(baseline, name, isLive(name));
    },
  };
}
