/** What the status of a baseline says of isolation: how many namespaces, per direction too, and which need a word. Pure. */
import type { Direction } from '../api/network-policy.ts';
import type { BaselineStatus, IsolationCounts, NamespaceCounts } from '../api/v1alpha1.ts';
import type { IsolationKnowledge, RowIsolation } from './effect.ts';
import { SELECTED, type State } from './verdict.ts';

export interface StatusIsolation {
  readonly counts: Pick<NamespaceCounts, 'isolated' | 'overridden'>;
  /** Absent where it is not known. */
  readonly perDirection: IsolationCounts | undefined;
  readonly notes: ReadonlyMap<string, IsolationNote>;
}
export interface IsolationNote { readonly reason: typeof OVERRIDDEN | typeof UNKNOWN; readonly message: string }
export const OVERRIDDEN = 'Overridden';
const UNKNOWN = 'NotEvaluated';

interface Row {
  readonly namespace: string;
  readonly verdict: { readonly state: State };
  readonly isolation: RowIsolation | undefined;
}

/** `before`: the status as it is stored. */
export function isolationIn(knowledge: IsolationKnowledge, rows: readonly Row[], before: BaselineStatus): StatusIsolation {
  if (knowledge.kind === 'Starting') return isolationBefore(before, rows);
  if (knowledge.kind !== 'Known') return NOT_KNOWN;
  const selected = rows.filter(({ verdict: { state } }) => SELECTED.has(state));
  const found = selected.flatMap(({ isolation }) => isolation ?? []);
  return {
    counts: { isolated: count(found, ({ isolated }) => isolated), overridden: count(found, ({ overridden }) => overridden !== undefined) },
    perDirection: { ingress: countsIn('Ingress', found), egress: countsIn('Egress', found) },
    notes: new Map(selected.flatMap((row) => noteOf(row) ?? [])),
  };
}
const NOT_KNOWN: StatusIsolation = { counts: {}, perDirection: undefined, notes: new Map() };

function countsIn(direction: Direction, rows: readonly RowIsolation[]): IsolationCounts['ingress'] {
  return {
    selected: count(rows, ({ enforced }) => enforced.includes(direction)),
    isolated: count(rows, ({ isolatedIn }) => isolatedIn.includes(direction)),
    overridden: count(rows, ({ overriddenIn }) => overriddenIn.includes(direction)),
  };
}

function count<T>(items: readonly T[], is: (item: T) => boolean): number {
  let found = 0;
  for (const item of items) if (is(item)) found += 1;
  return found;
}

function noteOf({ namespace, isolation }: Row): [[string, IsolationNote]] | undefined {
  if (isolation?.overridden !== undefined) return [[namespace, { reason: OVERRIDDEN, message: isolation.overridden }]];
  return isolation?.unknown === undefined ? undefined : [[namespace, { reason: UNKNOWN, message: isolation.unknown }]];
}

/** After a start, what the status said stays until that is known again. */
function isolationBefore({ namespaces, isolation, worst = [] }: BaselineStatus, rows: readonly Row[]): StatusIsolation {
  const { isolated, overridden } = namespaces ?? {};
  if (isolated === undefined || overridden === undefined) return NOT_KNOWN;
  const names = new Set(rows.map(({ namespace }) => namespace));
  const notes = worst.flatMap(({ namespace, reason, message }) => (isOfIsolation(reason) && names.has(namespace) ? [[namespace, { reason, message }] as const] : []));
  return { counts: { isolated, overridden }, perDirection: isolation, notes: new Map(notes) };
}

export function isOfIsolation(reason: string): reason is IsolationNote['reason'] {
  return reason === OVERRIDDEN || reason === UNKNOWN;
}
