/**
 * What a page shows: plain values, the same from an operator and from an audit. What one of them cannot know is absent
 * here, and the page says so.
 */
import type { Direction } from '../api/network-policy.ts';

/** A direction of a namespace in one word, worst first. The first that applies: excluded, exempt, then these. */
export const GLANCES = ['overridden', 'open', 'unprotected', 'unknown', 'audited', 'protected', 'isolated', 'exempt', 'excluded'] as const;
export type Glance = (typeof GLANCES)[number];

export interface DirectionFacts {
  readonly glance: Glance;
  /** A default-deny for every pod is in place. */
  readonly denied: boolean;
  /** What all policies together let through, as a class; absent where it is not known. */
  readonly class: string | undefined;
  /** What makes it so, or what is not known. */
  readonly why: string | undefined;
}

export type Tone = 'bad' | 'warn' | 'info';

/** Why somebody should look. */
export interface AttentionFacts {
  readonly tone: Tone;
  readonly reason: string;
  readonly message: string;
  /** Lower is worse. */
  readonly rank: number;
}

export interface BaselineState {
  readonly baseline: string;
  readonly state: string;
  readonly reason: string;
  readonly message: string;
  /** What it enforces here. */
  readonly enforced: readonly Direction[];
}

/** One namespace in a list. */
export interface NamespaceFacts {
  readonly name: string;
  /** Empty where nobody is named, absent where that is not known. */
  readonly owner: string | undefined;
  readonly attention: AttentionFacts | undefined;
  readonly directions: Readonly<Record<Direction, DirectionFacts>>;
  /** By precedence; absent where it is not known. */
  readonly baselines: readonly BaselineState[] | undefined;
}

export interface ExemptionFacts {
  readonly baseline: string;
  /** A namespace, or a selector as text. */
  readonly target: string;
  readonly directions: readonly Direction[];
  readonly reason: string;
  /** Milliseconds since the epoch; absent for one that does not end. */
  readonly expiresAtMs: number | undefined;
}

export interface PolicyFacts {
  readonly kind: string;
  readonly name: string;
  /** Absent for one that no baseline generates. */
  readonly baseline: string | undefined;
  /** Absent where it is not known. */
  readonly directions: readonly Direction[] | undefined;
  /** What is to be said of it, such as that it is left over; empty where there is nothing. */
  readonly note: string;
  readonly tone: Tone | undefined;
}

export interface FindingFacts {
  readonly level: string;
  readonly tone: Tone;
  readonly id: string;
  readonly message: string;
  readonly fix: string;
  /** Object, field, file and line; empty where there is nothing to say. */
  readonly where: string;
}

/** Everything about one namespace. */
export interface NamespaceDetail extends NamespaceFacts {
  readonly exemptions: readonly ExemptionFacts[];
  readonly policies: readonly PolicyFacts[];
  /** Only of an audit. */
  readonly findings: readonly FindingFacts[] | undefined;
  /** Facts in a word or two, such as the number of pods. */
  readonly figures: readonly (readonly [string, string])[];
}

export interface BaselineFacts {
  readonly name: string;
  readonly modes: Readonly<Record<Direction, string>>;
  /** As in the status, such as `42/45`; empty before it is written. */
  readonly protected: string;
  readonly isolated: string;
  /** Conditions that are worth telling. */
  readonly remarks: readonly Remark[];
}

export interface Remark { readonly tone: Tone; readonly title: string; readonly text: string }

/** What stands at the head and at the foot of every page. */
export interface PageHead {
  readonly kind: 'operator' | 'audit';
  /** The uid of kube-system, by which clusters are told apart; absent where it is not known. */
  readonly cluster: string | undefined;
  /** Where the facts are from: this replica, a server, files. */
  readonly from: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly notices: readonly Remark[];
}

/** Counts of namespaces. */
export interface DirectionCounts {
  readonly glances: ReadonlyMap<Glance, number>;
  /** Of those that count, without exempt and excluded ones, how many have a default-deny. */
  readonly denied: number;
}

export interface Overview {
  readonly namespaces: number;
  /** Those that need it, by reason. */
  readonly attention: ReadonlyMap<string, number>;
  readonly directions: Readonly<Record<Direction, DirectionCounts>>;
  /** What is really isolated is known. */
  readonly isolationKnown: boolean;
  /** Absent where they are not known. */
  readonly baselines: readonly BaselineFacts[] | undefined;
  /** Those that end next first. */
  readonly exemptions: readonly ExemptionFacts[];
  /** More than are listed. */
  readonly moreExemptions: number;
}
