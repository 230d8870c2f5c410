/**
 * What a namespace is said to be, in status, log and events. Pure.
 *
 * What is worse is said at once, and so is everything that a policy or a label of a namespace has done. What is better only
 * because pods went is said when that has lasted: a CronJob that opens its namespace each minute is one override, not one a minute.
 */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import { NAMESPACE_CLASSES } from '../../netpol/namespace-class.ts';
import { isSameDirection } from '../../plan/effect.ts';
import type { NamespaceRollUp } from './roll-up.ts';

export interface Told extends NamespaceRollUp {
  /** Directions that are better now, and when that is said; monotonic milliseconds. */
  readonly endsAtMs: Readonly<Partial<Record<Direction, number>>>;
}

/** As long as undone repairs are remembered: somebody who looks at night sees what happened in the last minutes. */
const SAID_FOR_MS = 10 * 60_000;

/** `byPods`: nothing but pods may have changed since. */
export function nextTold(before: Told | undefined, now: NamespaceRollUp, byPods: boolean, nowMs: number): Told {
  const stays = before === undefined || !byPods ? [] : DIRECTIONS.filter((direction) => isSaidStill(before, now, direction, nowMs));
  if (before === undefined || stays.length === 0) return { ...now, endsAtMs: NOTHING_ENDS };
  const from = (direction: Direction): NamespaceRollUp => (stays.includes(direction) ? before : now);
  return {
    classes: { Ingress: from('Ingress').classes.Ingress, Egress: from('Egress').classes.Egress },
    effect: { Ingress: from('Ingress').effect.Ingress, Egress: from('Egress').effect.Egress },
    endsAtMs: Object.fromEntries(stays.map((direction) => [direction, before.endsAtMs[direction] ?? nowMs + SAID_FOR_MS])),
  };
}
const NOTHING_ENDS: Told['endsAtMs'] = {};

/** When something else is to be said although nothing happens; Infinity for never. */
export function endsAtMs(told: Told | undefined): number {
  return Math.min(...Object.values(told?.endsAtMs ?? NOTHING_ENDS));
}

/** Better, or as bad through another policy. */
function isSaidStill(before: Told, now: NamespaceRollUp, direction: Direction, nowMs: number): boolean {
  return !isSameDirection(before.effect[direction], now.effect[direction])
    && place(now, direction) >= place(before, direction)
    && nowMs < (before.endsAtMs[direction] ?? Infinity);
}

/** Worst first: overridden, then by class. */
function place({ classes, effect }: NamespaceRollUp, direction: Direction): number {
  return NAMESPACE_CLASSES.indexOf(classes[direction]) + (effect[direction].defeat === undefined ? NAMESPACE_CLASSES.length : 0);
}
