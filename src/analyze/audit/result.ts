/** What an audit comes to: the value that every format of `npb audit` is made from. */
import type { Direction } from '../../api/network-policy.ts';
import type { PodClassName } from '../../netpol/classify.ts';
import type { Snapshot, Unread } from '../snapshot.ts';
import type { UnusableBaseline } from './baselines.ts';
import type { DirectionClasses } from './classes.ts';
import type { Finding, Level } from './finding.ts';
import type { DefeatedBy } from './isolation.ts';
import type { DnsState } from './reach.ts';
import type { Standing } from './standing.ts';

export interface DirectionAudit extends Pick<DirectionClasses, 'class' | 'isolated' | 'counts' | 'defaultDeny' | 'hasDefaultDeny'> {
  /** Policies that open what others isolate, with the rules that do it: the fewest that are enough. */
  readonly defeatedBy: readonly DefeatedBy[];
  /** Others, each of which is enough without these. */
  readonly alsoBy: readonly DefeatedBy[];
}

export interface AuditedPolicy {
  readonly name: string;
  readonly directions: readonly Direction[];
  /** That its labels name; anybody can write these. */
  readonly baseline: string | undefined;
  /** An API server would not take it. */
  readonly refused: boolean;
}

export interface NamespaceAudit {
  readonly name: string;
  readonly level: Level;
  readonly standing: Standing;
  readonly policies: number;
  /** Of the namespace, sorted by name; refused ones among them. */
  readonly named: readonly AuditedPolicy[];
  /** Pods that are not finished. */
  readonly pods: number;
  readonly directions: Readonly<Record<Direction, DirectionAudit>>;
  readonly dns: DnsState;
  /** Worst first. */
  readonly findings: readonly Finding[];
}

export interface Audit {
  readonly source: Snapshot['source'];
  readonly from: string;
  /** Worst first. Without those that are on their way out. */
  readonly namespaces: readonly NamespaceAudit[];
  readonly summary: Summary;
  readonly unread: readonly Unread[];
  /** Their exemptions do not count. */
  readonly unusable: readonly UnusableBaseline[];
}

export interface DirectionSummary {
  /** Namespaces, without exempt and system ones. */
  readonly isolated: number;
  readonly notIsolated: number;
  readonly unknown: number;
  readonly exempt: number;
  readonly pods: ReadonlyMap<PodClassName, number>;
}

export interface Summary {
  readonly namespaces: number;
  readonly levels: Readonly<Record<Level, number>>;
  /** System namespaces among them. */
  readonly system: number;
  /** System namespaces that are not told about. */
  readonly systemLeftOut: number;
  readonly directions: Readonly<Record<Direction, DirectionSummary>>;
  /** Of all (namespace, direction) pairs, without exempt and system ones, how many of a hundred are isolated, rounded down. Absent where there is none. */
  readonly score: number | undefined;
}
