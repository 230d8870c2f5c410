/** What the evaluator says: a verdict per direction, who decided it, and what the CNI may do otherwise. */
import type { Code, PolicyRef } from './model.ts';
import type { Action } from './rules.ts';

export type Verdict = 'allowed' | 'denied' | 'unknown';
export type TierName = 'Admin' | 'NetworkPolicy' | 'Baseline';

/** A rule that matched. Indices are positions in the stored lists; absent where the rule has no such list. */
export interface Decider extends PolicyRef {
  readonly tier: TierName;
  readonly action: Action;
  readonly rule: number;
  readonly peer: number | undefined;
  readonly port: number | undefined;
}

/** Why a direction is as it is. */
export type Reason =
  | { readonly kind: 'rule'; readonly decider: Decider }
  /** A NetworkPolicy isolates the pod and none allows this. */
  | { readonly kind: 'isolated' }
  /** No policy decides. */
  | { readonly kind: 'default' }
  /** This side is an address, a node or a hostNetwork pod. */
  | { readonly kind: 'not governed' }
  /** Ingress from the pod's own node: probes. */
  | { readonly kind: 'own node' }
  /** A pod to its own address. */
  | { readonly kind: 'self' };

export interface Outcome { readonly verdict: 'allowed' | 'denied'; readonly reason: Reason }

export interface DirectionAnswer {
  readonly verdict: Verdict;
  /** All that can be, the likeliest first; more than one where the CNI or an undefined order decides. */
  readonly outcomes: readonly Outcome[];
  /** NetworkPolicies that isolate the pod in this direction, sorted by name. */
  readonly isolating: readonly PolicyRef[];
  /** Policies of kinds that are not evaluated and may change this. */
  readonly opaque: readonly PolicyRef[];
  readonly codes: readonly Code[];
}

export interface Answer {
  readonly verdict: Verdict;
  readonly egress: DirectionAnswer;
  readonly ingress: DirectionAnswer;
}

/** Denied by one side is denied, whatever the other says. */
export function bothOf(a: Verdict, b: Verdict): Verdict {
  if (a === 'denied' || b === 'denied') return 'denied';
  return a === 'unknown' || b === 'unknown' ? 'unknown' : 'allowed';
}
