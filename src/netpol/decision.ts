/**
 * Can a peer be allowed, can one be denied? Decides it over all peers that could exist, by branching on what rules mention.
 *
 * A peer is an assignment of a value to each key: labels, address, what its ports are called. Beside the values that
 * rules mention there is one fresh value and "absent" per key. Bounded: past the budget the answer is not exact.
 */
import { holds, type Constraint, type Cube } from './cube.ts';
import { NAMESPACE_NAME_LABEL } from './model.ts';
import type { Action } from './rules.ts';

/** Peers that are matched, and what becomes of them. */
export interface Clause { readonly cube: Cube; readonly action: Action }

/** The three tiers; `isolating` is absent where no NetworkPolicy selects the pod. */
export interface Pipeline {
  readonly admin: readonly Clause[];
  readonly isolating: readonly Clause[] | undefined;
  readonly baseline: readonly Clause[];
}

/** Keys that take these values and no others; all other keys are labels. */
export type Domains = ReadonlyMap<string, readonly string[]>;

export interface Extent { readonly someAllowed: boolean; readonly someDenied: boolean; readonly exact: boolean }

/** Key of a namespace label in a cube of a peer. */
export const namespaceKey = (label: string): string => `n:${label}`;
export const podKey = (label: string): string => `p:${label}`;
export const nodeKey = (label: string): string => `o:${label}`;

const NAME_KEY = namespaceKey(NAMESPACE_NAME_LABEL);
/** No label can have it: a value that no rule mentions. */
const FRESH = '\u0000';
/** What may be looked at, over all branches of all questions about one class: clauses, and the values that they list. */
export interface Budget {
  left: number;
  /** Given to a question even when the ones before it have used up the budget. */
  readonly atLeast: number;
}
/** Some 50 ms. Rules as people write them need hundreds. */
const BUDGET = 200_000;
/** Clauses held against a value. */
const NARROWED_PER_STEP = 16;
const AT_LEAST = 2000;

export const aBudget = (): Budget => ({ left: BUDGET, atLeast: AT_LEAST });
/** For who cannot wait: once it is used up, every further question is left open. */
export const aStrictBudget = (left: number): Budget => ({ left, atLeast: 0 });
export const isSpent = ({ left, atLeast }: Budget): boolean => left <= 0 && atLeast === 0;

/** What is decided already, or the clause whose key must be known first. */
type Next = 'allowed' | 'denied' | Clause;

export function extentOf(pipeline: Pipeline, domains: Domains, budget: Budget): Extent {
  const allowance = Math.max(budget.left, budget.atLeast);
  const search = { someAllowed: false, someDenied: false, left: allowance };
  const visit = (at: Pipeline): void => {
    const clauses = at.admin.length + (at.isolating?.length ?? 0) + at.baseline.length;
    search.left -= 1 + clauses;
    const next = nextOf(at);
    if (next === 'allowed') search.someAllowed = true;
    else if (next === 'denied') search.someDenied = true;
    else {
      const [key = ''] = next.cube.keys();
      const constraints = constraintsOn(key, at);
      for (const { values } of constraints) search.left -= values.size;
      for (const value of search.left > 0 ? valuesOf(key, constraints, domains) : []) {
        if (search.left <= 0 || (search.someAllowed && search.someDenied)) return;
        search.left -= Math.floor(clauses / NARROWED_PER_STEP);
        visit(given(at, key, value));
      }
    }
  };
  visit(pipeline);
  budget.left -= allowance - search.left;
  const { someAllowed, someDenied, left } = search;
  return { someAllowed, someDenied, exact: left > 0 || (someAllowed && someDenied) };
}

/** The verdict on one peer, whose values are all known. */
export function isAllowed(pipeline: Pipeline, valueOf: (key: string) => string | undefined): boolean {
  const matches = ({ cube }: Clause): boolean => [...cube].every(([key, constraint]) => holds(constraint, valueOf(key)));
  const next = nextOf({
    admin: pipeline.admin.filter(matches).map(unconditional),
    isolating: pipeline.isolating?.filter(matches).map(unconditional),
    baseline: pipeline.baseline.filter(matches).map(unconditional),
  });
  return next === 'allowed';
}

const NO_CONDITION: Cube = new Map();
function unconditional({ action }: Clause): Clause {
  return { cube: NO_CONDITION, action };
}

function nextOf({ admin, isolating, baseline }: Pipeline): Next {
  const first = firstOf(admin);
  if (first !== 'pass') return first;
  if (isolating === undefined) {
    const last = firstOf(baseline);
    return last === 'pass' ? 'allowed' : last;
  }
  if (isolating.some(({ cube }) => cube.size === 0)) return 'allowed';
  return isolating[0] ?? 'denied';
}

/** Of an ordered tier: its first clause decides, if nothing is left to ask about it. */
function firstOf([first]: readonly Clause[]): Next | 'pass' {
  if (first === undefined) return 'pass';
  if (first.cube.size > 0) return first;
  switch (first.action) {
    case 'Allow': return 'allowed';
    case 'Deny': return 'denied';
    case 'Pass': return 'pass';
  }
}

function constraintsOn(key: string, { admin, isolating = [], baseline }: Pipeline): Constraint[] {
  return [...admin, ...isolating, ...baseline].flatMap(({ cube }) => cube.get(key) ?? []);
}

/** One value of each kind that the constraints tell apart. What no rule mentions comes first: most sets of rules deny it. */
function valuesOf(key: string, constraints: readonly Constraint[], domains: Domains): Iterable<string | undefined> {
  const unmentioned = key === NAME_KEY ? [FRESH] : [FRESH, undefined];
  const mentions = mentionsIn(constraints);
  const kinds = new Map<string, string | undefined>();
  for (const value of domains.get(key) ?? [...unmentioned, ...mentions.keys()]) {
    const kind = (value === undefined ? absentIn(constraints) : mentions.get(value) ?? []).join();
    if (!kinds.has(kind)) kinds.set(kind, value);
  }
  return kinds.values();
}

/** By value, the constraints that list it: to each other constraint it is like any value that nobody mentions. */
function mentionsIn(constraints: readonly Constraint[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const [index, { values }] of constraints.entries()) {
    for (const value of values) {
      const known = found.get(value);
      if (known === undefined) found.set(value, [index]);
      else known.push(index);
    }
  }
  return found;
}

/** The constraints to which an absent label is not like a value that nobody mentions. */
function absentIn(constraints: readonly Constraint[]): readonly number[] {
  return constraints.flatMap(({ absent, negated }, index) => (absent === negated ? [] : [index]));
}

function given({ admin, isolating, baseline }: Pipeline, key: string, value: string | undefined): Pipeline {
  const narrowed = (clauses: readonly Clause[]): Clause[] => clauses.flatMap((clause) => {
    const constraint = clause.cube.get(key);
    if (constraint === undefined) return [clause];
    return holds(constraint, value) ? [{ cube: without(clause.cube, key), action: clause.action }] : [];
  });
  return { admin: narrowed(admin), isolating: isolating === undefined ? undefined : narrowed(isolating), baseline: narrowed(baseline) };
}

function without(cube: Cube, key: string): Cube {
  const rest = new Map<string, Constraint>(cube);
  rest.delete(key);
  return rest;
}
