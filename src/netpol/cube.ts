/**
 * Sets of labels, as a product of one constraint per key: what a label selector means, ready for set algebra.
 *
 * A key's values are: every string, and being absent. A constraint is a finite set of strings or the rest of one.
 */
import type { StoredExpression, StoredSelector } from './stored.ts';

export interface Constraint {
  readonly values: ReadonlySet<string>;
  /** `values` are excluded, all other strings allowed. */
  readonly negated: boolean;
  readonly absent: boolean;
}
/** Keys without a constraint are free. */
export type Cube = ReadonlyMap<string, Constraint>;

export const EVERYTHING: Cube = new Map();

export function holds({ values, negated, absent }: Constraint, value: string | undefined): boolean {
  return value === undefined ? absent : values.has(value) !== negated;
}

/** `undefined` when no labels can match. */
export function cubeOf(selector: StoredSelector | null | undefined): Cube | undefined {
  const cube = new Map<string, Constraint>();
  for (const [key, constraint] of constraintsOf(selector)) {
    if (constraint === undefined || !narrow(cube, key, constraint)) return undefined;
  }
  return cube.size === 0 ? EVERYTHING : cube;
}

function constraintsOf(selector: StoredSelector | null | undefined): (readonly [string, Constraint | undefined])[] {
  const equal = Object.entries(selector?.matchLabels ?? {});
  const expressions = (selector?.matchExpressions ?? []).filter((found) => found !== null && found !== undefined);
  return [
    ...equal.map(([key, value]) => [key, { values: new Set([value]), negated: false, absent: false }] as const),
    ...expressions.map((expression) => [expression.key, constraintOf(expression)] as const),
  ];
}

/** `undefined` for an operator that does not exist, which matches nothing. */
function constraintOf({ operator, values }: StoredExpression): Constraint | undefined {
  const listed = new Set(values);
  switch (operator) {
    case 'In': return { values: listed, negated: false, absent: false };
    case 'NotIn': return { values: listed, negated: true, absent: true };
    case 'Exists': return { values: new Set(), negated: true, absent: false };
    case 'DoesNotExist': return { values: new Set(), negated: false, absent: true };
    default: return undefined;
  }
}

/** False when nothing is left. */
function narrow(cube: Map<string, Constraint>, key: string, constraint: Constraint): boolean {
  const known = cube.get(key);
  const both = known === undefined ? constraint : and(known, constraint);
  cube.set(key, both);
  return both.negated || both.absent || both.values.size > 0;
}

function and(a: Constraint, b: Constraint): Constraint {
  const absent = a.absent && b.absent;
  if (a.negated && b.negated) return { values: new Set([...a.values, ...b.values]), negated: true, absent };
  const [finite, other] = a.negated ? [b, a] : [a, b];
  return { values: new Set([...finite.values].filter((value) => holds(other, value))), negated: false, absent };
}
