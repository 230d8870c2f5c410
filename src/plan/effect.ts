/**
 * What all policies of a namespace do together, beside what is planned: isolated or not, and if not, through whom.
 *
 * The classes behind it are computed elsewhere; here is only what a baseline says about them. Pure.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { Coverage } from './coverage.ts';

export interface DirectionEffect {
  /** The class of its weakest pod keeps something out. */
  readonly isolated: boolean;
  /**
   * `open to everybody (allow-all) through NetworkPolicy allow-all (rule 0)`: pods that policies which no baseline
   * generates have a part in opening. Holds no number that changes while these pods come and go.
   */
  readonly defeat: string | undefined;
  /** With `defeat`, where none but NetworkPolicies of the namespace have a part in it: their names, without those that are as a baseline generates them. */
  readonly through?: readonly string[];
  /** `CiliumNetworkPolicy a`: policies that are not evaluated and that could change the answer. */
  readonly unknownBy: string | undefined;
}
export type NamespaceEffect = Readonly<Record<Direction, DirectionEffect>>;

/** Something cannot be read; an error of this program; changes are evaluated too late. */
export type UnknownReason = 'NotReadable' | 'EvaluationFailed' | 'EvaluationLate';

/** Whether effects are known, for the whole cluster. */
export type IsolationKnowledge =
  | { readonly kind: 'Known' }
  /** After a start: what was so before may still be. */
  | { readonly kind: 'Starting' }
  | { readonly kind: 'Off' }
  /** What could change every answer is not known. Holds no number that changes by itself. */
  | { readonly kind: 'Unknown'; readonly reason: UnknownReason; readonly why: string };

export function isSameEffect(a: NamespaceEffect | undefined, b: NamespaceEffect | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && DIRECTIONS.every((direction) => isSameDirection(a[direction], b[direction])));
}

export function isSameDirection(a: DirectionEffect, b: DirectionEffect): boolean {
  return a.isolated === b.isolated && a.defeat === b.defeat && a.unknownBy === b.unknownBy;
}

/** Directions in which a default-deny is in place and is defeated. */
export function overriddenIn(coverage: Readonly<Record<Direction, Coverage>> | undefined, effect: NamespaceEffect | undefined): readonly Direction[] {
  if (coverage === undefined || effect === undefined || (effect.Ingress.defeat ?? effect.Egress.defeat) === undefined) return NO_DIRECTIONS;
  return DIRECTIONS.filter((direction) => coverage[direction] === 'protected' && effect[direction].defeat !== undefined);
}
const NO_DIRECTIONS: readonly Direction[] = [];

/** `egress is open to everybody (allow-all) through NetworkPolicy allow-all (rule 0)`, for each of the directions. */
export function defeatText(directions: readonly Direction[], effect: NamespaceEffect): string {
  return directions.map((direction) => `${direction.toLowerCase()} is ${effect[direction].defeat ?? 'isolated'}`).join('; ');
}

/** What one baseline says of a namespace: of the directions that it enforces there. */
export interface RowIsolation {
  readonly isolated: boolean;
  /** The directions that it enforces, those of them that are isolated, and those that are overridden. */
  readonly enforced: readonly Direction[];
  readonly isolatedIn: readonly Direction[];
  readonly overriddenIn: readonly Direction[];
  /** Absent where nothing is overridden. */
  readonly overridden: string | undefined;
  /** Absent where everything is known. */
  readonly unknown: string | undefined;
}

/** `undefined` where nothing is known. Not isolated where the baseline enforces nothing. */
export function rowIsolation(
  enforced: readonly Direction[], coverage: Readonly<Record<Direction, Coverage>> | undefined, effect: NamespaceEffect | undefined,
): RowIsolation | undefined {
  if (effect === undefined) return undefined;
  const overridden = among(overriddenIn(coverage, effect), (direction) => enforced.includes(direction));
  const isolatedIn = among(enforced, (direction) => effect[direction].isolated);
  return {
    enforced, isolatedIn, overriddenIn: overridden,
    isolated: enforced.length > 0 && isolatedIn.length === enforced.length,
    overridden: overridden.length === 0 ? undefined : defeatText(overridden, effect),
    unknown: unknownText(among(enforced, (direction) => effect[direction].unknownBy !== undefined), effect),
  };
}

/** These lists are made for every namespace at each look, and nearly always all or nothing is in them. */
function among(directions: readonly Direction[], is: (direction: Direction) => boolean): readonly Direction[] {
  if (directions.every(is)) return directions;
  return directions.some(is) ? directions.filter(is) : NO_DIRECTIONS;
}

function unknownText(directions: readonly Direction[], effect: NamespaceEffect): string | undefined {
  if (directions.length === 0) return undefined;
  return directions.map((direction) => `what ${direction.toLowerCase()} lets through is not known: ${effect[direction].unknownBy ?? ''} is not evaluated`).join('; ');
}
