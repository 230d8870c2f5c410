/** What of a list is asked for, to and from the query of a URL. Whatever makes no sense there is as if it was not there. */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { GLANCES, type Glance, type NamespaceFacts } from './model.ts';

export interface Filter {
  /** Only those that somebody should look at. */
  readonly attention: boolean;
  readonly glances: Readonly<Partial<Record<Direction, Glance>>>;
  /** Part of a name; empty for any. */
  readonly name: string;
  /** Absent for any; empty for those without an owner. */
  readonly owner: string | undefined;
  /** From 1 on. */
  readonly page: number;
}

export const EVERYTHING: Filter = { attention: false, glances: {}, name: '', owner: undefined, page: 1 };

/** As long as the name of a namespace may be. */
const NAME_LIMIT = 63;
/** As long as an annotation that is kept. */
const OWNER_LIMIT = 256;

/** `query` is what follows the question mark. */
export function parseQuery(query: string): Filter {
  const parameters = new URLSearchParams(query);
  const glances: Partial<Record<Direction, Glance>> = {};
  for (const direction of DIRECTIONS) {
    const glance = GLANCES.find((each) => each === parameters.get(direction.toLowerCase()));
    if (glance !== undefined) glances[direction] = glance;
  }
  const page = Number(/^[1-9]\d{0,5}$/.exec(parameters.get('page') ?? '')?.[0] ?? 1);
  return {
    attention: parameters.get('show') === 'attention', glances, page,
    name: (parameters.get('namespace') ?? '').trim().toLowerCase().slice(0, NAME_LIMIT), owner: parameters.get('owner')?.slice(0, OWNER_LIMIT),
  };
}

/** With its question mark; empty for everything. */
export function queryText({ attention, glances, name, owner, page }: Filter): string {
  const parameters = new URLSearchParams();
  if (attention) parameters.set('show', 'attention');
  for (const direction of DIRECTIONS) {
    const glance = glances[direction];
    if (glance !== undefined) parameters.set(direction.toLowerCase(), glance);
  }
  if (name !== '') parameters.set('namespace', name);
  if (owner !== undefined) parameters.set('owner', owner);
  if (page > 1) parameters.set('page', String(page));
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

export function matches({ attention, glances, name, owner }: Filter, namespace: NamespaceFacts): boolean {
  if (attention && namespace.attention === undefined) return false;
  if (name !== '' && !namespace.name.includes(name)) return false;
  if (owner !== undefined && namespace.owner !== owner) return false;
  return DIRECTIONS.every((direction) => glances[direction] === undefined || namespace.directions[direction].glance === glances[direction]);
}
