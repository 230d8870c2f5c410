/**
 * Compiled policies: one shape of rule for all kinds, so that evaluation and classes read the same thing.
 *
 * A compiled policy knows neither its name nor its namespace: equal specs share one.
 */
import type { Matcher } from '../api/selector.ts';
import type { Direction } from '../api/network-policy.ts';
import type { Block } from './address.ts';
import type { Cube } from './cube.ts';
import type { ClusterPolicyKind, Protocol } from './model.ts';

/** A label selector: the test, and the same as a set of labels; `cube` is absent where nothing can match. */
export interface Selector { readonly matches: Matcher; readonly cube: Cube | undefined }

/** `index` is the position in the stored list. An absent `namespace` is the policy's own. */
export type Peer =
  | { readonly kind: 'pods'; readonly index: number; readonly namespace: Selector | undefined; readonly pod: Selector }
  | { readonly kind: 'block'; readonly index: number; readonly block: Block; /** `networks` match pods on every CNI. */ readonly matchesPods: 'always' | 'by option' }
  | { readonly kind: 'nodes'; readonly index: number; readonly node: Selector }
  | { readonly kind: 'domain names'; readonly index: number };

/** An absent protocol is any that has ports. Both ends belong to the range. */
export type PortMatch =
  | { readonly kind: 'range'; readonly index: number; readonly protocol: Protocol; readonly first: number; readonly last: number; readonly isEndPort: boolean }
  | { readonly kind: 'named'; readonly index: number; readonly protocol: Protocol | undefined; readonly name: string };

export type Action = 'Allow' | 'Deny' | 'Pass';

export interface Rule {
  /** Position in the stored list. */
  readonly index: number;
  readonly action: Action;
  /** An empty list matches nothing. */
  readonly peers: 'any' | readonly Peer[];
  readonly ports: 'any' | readonly PortMatch[];
}

export type RulesByDirection = Readonly<Record<Direction, readonly Rule[]>>;

/** Names in the rules of one direction. */
export interface Mentions {
  readonly namespaces: ReadonlySet<string>;
  /** Sorted. */
  readonly portNames: readonly string[];
}

export interface CompiledNetworkPolicy {
  /** Unique in the process per equal spec: what memory of results is keyed by. */
  readonly id: number;
  readonly selector: Selector;
  readonly isolates: Readonly<Record<Direction, boolean>>;
  /** Empty in a direction that is not isolated: such rules are inert. */
  readonly rules: RulesByDirection;
  readonly mentions: Readonly<Record<Direction, Mentions>>;
}

export type Tier = 'Admin' | 'Baseline';

export interface CompiledClusterPolicy {
  readonly id: number;
  readonly kind: ClusterPolicyKind;
  readonly tier: Tier;
  /** Lower wins; of equal ones the order is undefined, as it is between kinds. */
  readonly priority: number;
  /** Absent where the subject cannot be read: then it is nobody. */
  readonly subject: { readonly namespace: Selector; readonly pod: Selector } | undefined;
  readonly rules: RulesByDirection;
  readonly mentions: Readonly<Record<Direction, Mentions>>;
}
