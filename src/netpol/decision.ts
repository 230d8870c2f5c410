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
/** Branches per question; 5,000 take some 10 ms. */
const BUDGET = 5000;

/** What is decided already, or the clause whose key must be known first. */
type Next = 'allowed' | 'denied' | Clause;

export function extentOf(pipeline: Pipeline, domains: Domains): Extent {
  const search = { someAllowed: false, someDenied: false, left: BUDGET };
  const visit = (at: Pipeline): void => {
    search.left -= 1;
    const next = nextOf(at);
    if (next === 'allowed') search.someAllowed = true;
    else if (next === 'denied') search.someDenied = true;
    else {
      const [key = ''] = next.cube.keys();
      for (const value of valuesOf(key, at, domains)) {
        if (search.left <= 0 || (search.someAllowed && search.someDenied)) return;
        visit(given(at, key, value));
      }
    }
  };
  visit(pipeline);
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

/** What no rule mentions comes first: it is what most sets of rules deny. */
function valuesOf(key: string, { admin, isolating = [], baseline }: Pipeline, domains: Domains): Iterable<string | undefined> {
  const domain = domains.get(key);
  if (domain !== undefined) return domain;
  const values = new Set<string | undefined>(key === NAME_KEY ? [FRESH] : [FRESH, undefined]);
  for (const clauses of [admin, isolating, baseline]) {
    for (const { cube } of clauses) for (const value of cube.get(key)?.values ?? []) values.add(value);
  }
  return values;
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
