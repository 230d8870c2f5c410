/**
 * Goes over all namespaces once: counts them, and picks those that a page shows, those that need attention first.
 *
 * What is kept is what the page and those before it show, twice at most; sorting is part of adding, so that whoever adds in
 * slices has sorted in slices.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { DirectionCounts, Glance, NamespaceFacts, Overview } from './model.ts';
import { matches, type Filter } from './query.ts';

export interface Selection {
  readonly rows: readonly NamespaceFacts[];
  /** All that the filter lets through. */
  readonly matched: number;
  /** From 1 to `pages`. */
  readonly page: number;
  readonly pages: number;
}

export interface Selector {
  add(namespace: NamespaceFacts): void;
  counts(): Pick<Overview, 'namespaces' | 'attention' | 'directions'>;
  selected(): Selection;
}

export function createSelector(filter: Filter, limit: number): Selector {
  const wanted = filter.page * limit;
  let found: NamespaceFacts[] = [];
  let matched = 0;
  const tally = { Ingress: emptyTally(), Egress: emptyTally() };
  let namespaces = 0;
  const attention = new Map<string, number>();
  return {
    add(namespace) {
      namespaces += 1;
      if (namespace.attention !== undefined) attention.set(namespace.attention.reason, (attention.get(namespace.attention.reason) ?? 0) + 1);
      for (const direction of DIRECTIONS) note(tally[direction], namespace, direction);
      if (!matches(filter, namespace)) return;
      matched += 1;
      found.push(namespace);
      if (found.length >= wanted * 2) found = found.sort(byAttention).slice(0, wanted);
    },
    counts: () => ({ namespaces, attention, directions: tally }),
    selected() {
      const pages = Math.max(1, Math.ceil(matched / limit));
      const page = Math.min(filter.page, pages);
      found.sort(byAttention);
      return { rows: found.slice((page - 1) * limit, page * limit), matched, page, pages };
    },
  };
}

function byAttention(a: NamespaceFacts, b: NamespaceFacts): number {
  return (a.attention?.rank ?? LAST) - (b.attention?.rank ?? LAST) || (a.name < b.name ? -1 : 1);
}
const LAST = Number.MAX_SAFE_INTEGER;

interface Tally extends DirectionCounts {
  readonly glances: Map<Glance, number>;
  denied: number;
}

const emptyTally = (): Tally => ({ glances: new Map(), denied: 0 });

function note(tally: Tally, { directions }: NamespaceFacts, direction: Direction): void {
  const { glance, denied } = directions[direction];
  tally.glances.set(glance, (tally.glances.get(glance) ?? 0) + 1);
  if (denied && counts(glance)) tally.denied += 1;
}

/** Whether a namespace is one of those of which coverage is a share. */
export function counts(glance: Glance): boolean {
  return glance !== 'exempt' && glance !== 'excluded';
}
