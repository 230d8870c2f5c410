/**
 * Policies that do nothing, or less than they say: they select no pod, or a peer of theirs matches none.
 *
 * A label that was renamed, a team that moved. Pods that are finished or of the host's network count as none.
 */
import type { Direction } from '../api/network-policy.ts';
import type { Namespace, Pod, Policy, PolicyRef } from './model.ts';

export type Stale =
  | { readonly kind: 'selects nothing'; readonly policy: PolicyRef }
  /** Positions in the stored lists. `no namespace`: the selector of namespaces matches none; `no pod`: it does, yet no pod in them. */
  | { readonly kind: 'peer matches nothing'; readonly policy: PolicyRef; readonly direction: Direction; readonly rule: number; readonly peer: number; readonly why: 'no namespace' | 'no pod' };

/** Sorted by policy, rule and peer. Policies that are not evaluated are left out. */
export function staleIn(_policies: readonly Policy[], _namespaces: readonly Namespace[], _pods: readonly Pod[]): Stale[] {
  return [];
}
