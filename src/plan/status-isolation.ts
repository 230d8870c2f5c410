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
  const counts = { isolated: 0, overridden: 0 };
  const perDirection = { ingress: { ...NONE }, egress: { ...NONE } };
  const notes = new Map<string, IsolationNote>();
  for (const { namespace, verdict: { state }, isolation } of rows) {
    if (isolation === undefined || !SELECTED.has(state)) continue;
    if (isolation.isolated) counts.isolated += 1;
    if (isolation.overridden !== undefined) counts.overridden += 1;
    add(isolation, 'Ingress', perDirection.ingress);
    add(isolation, 'Egress', perDirection.egress);
    const note = noteOf(isolation);
    if (note !== undefined) notes.set(namespace, note);
  }
  return { counts, perDirection, notes };
}
const NONE = { selected: 0, isolated: 0, overridden: 0 };
const NOT_KNOWN: StatusIsolation = { counts: {}, perDirection: undefined, notes: new Map() };

function add({ enforced, isolatedIn, overriddenIn }: RowIsolation, direction: Direction, counts: IsolationCounts['ingress']): void {
  if (enforced.includes(direction)) counts.selected += 1;
  if (isolatedIn.includes(direction)) counts.isolated += 1;
  if (overriddenIn.includes(direction)) counts.overridden += 1;
}

function noteOf({ overridden, unknown }: RowIsolation): IsolationNote | undefined {
  if (overridden !== undefined) return { reason: OVERRIDDEN, message: overridden };
  return unknown === undefined ? undefined : { reason: UNKNOWN, message: unknown };
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
