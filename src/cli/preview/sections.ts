/** The parts of a preview that people read: rows for tables, and for needs also sentences, which a terminal can break. */
import { listed, refText, CODE_WORDS } from '../../analyze/explain/words.ts';
import { becauseText, needText } from '../../analyze/needs/need.ts';
import type { Doubts } from '../../analyze/needs/outcome.ts';
import { changesText } from '../../analyze/preview/changes.ts';
import { namespaceGroups, needLines, type NamespaceGroup, type NeedLine } from '../../analyze/preview/groups.ts';
import type { Preview } from '../../analyze/preview/preview.ts';
import type { Cell, Column, Tone } from '../output/cell.ts';

/** Of one part, unless everything is asked for. */
const MOST_ROWS = 20;

/** `head` is one line; each of the details is a sentence. */
export interface Item { readonly head: string; readonly details: readonly string[] }

export interface Section {
  /** Empty for the first. */
  readonly title: string;
  readonly tone: Tone;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** One for each row, where a row is too long for a terminal. */
  readonly items?: readonly Item[];
  /** Rows that are left out. */
  readonly more: number;
}

type Whole = Omit<Section, 'more'>;

/** Without those that are empty. `all`: nothing is left out. */
export function sectionsOf(preview: Preview, all: boolean): Section[] {
  const most = all ? Infinity : MOST_ROWS;
  const whole = [namespaces(preview, all), held(preview, all), cuts(preview, most), alreadyBlocked(preview, most), unknown(preview, all), unresolved(preview, all)];
  return whole.filter(({ rows }) => rows.length > 0).map(({ items, ...section }) => ({
    ...section, rows: section.rows.slice(0, most), more: Math.max(0, section.rows.length - most), ...(items !== undefined && { items: items.slice(0, most) }),
  }));
}

const columns = (...titles: readonly string[]): readonly Column[] => titles.map((title) => ({ title }));
const few = (texts: readonly string[], all: boolean): string => (all ? texts.join(', ') : listed(texts));

/** The first few, and how many there are. */
function namesText(names: readonly string[], all: boolean): string {
  return names.length < 2 ? names.join() : `${few(names, all)} (${names.length})`;
}

function namespaces({ namespaces: outcomes }: Preview, all: boolean): Whole {
  return { title: '', tone: 'bold', columns: columns('Namespaces', 'State', 'Policies'), rows: namespaceGroups(outcomes).map((group) => namespaceRow(group, all)) };
}

const TONES: ReadonlyMap<string, Tone> = new Map([['protected', 'good'], ['failed', 'bad'], ['conflicted', 'bad'], ['drifted', 'bad'], ['pending', 'warn']]);
const REASONS: ReadonlyMap<string, string> = new Map([
  ['SystemNamespace', 'a system namespace'], ['ExcludedByName', 'excluded by name'], ['NotSelected', 'its labels are not selected'], ['Exempt', 'exempt'],
  ['NotEnforced', 'no direction is enforced'], ['NamespaceTerminating', 'it is on its way out'],
]);

function namespaceRow({ namespaces: names, verdict: { state, reason, message }, changes, held: kept }: NamespaceGroup, all: boolean): Cell[] {
  const parts = [...changesText(changes), ...changesText(kept).map((text) => `held: ${text}`), ...(message === '' ? [] : [message])];
  const nothing = state === 'protected' ? 'as it is' : `nothing: ${REASONS.get(reason) ?? reason}`;
  return [namesText(names, all), { text: state, tone: TONES.get(state) ?? 'dim' }, parts.length === 0 ? nothing : parts.join('; ')];
}

function held({ held: found }: Preview, all: boolean): Whole {
  const rows = found.map(({ baseline, token, namespaces: names }) => [namesText(names, all), baseline, `kubectl annotate --overwrite npb ${baseline} netbaseline.io/confirm=${token}`]);
  return { title: 'Held, until it is confirmed', tone: 'warn', columns: columns('Namespaces', 'Baseline', 'To confirm'), rows };
}

function needCells({ kind, from, to, ports, blocked, because }: NeedLine, all: boolean): { readonly ends: Cell[]; readonly blocked: string; readonly because: string; readonly head: string } {
  const ends = [kind, few(from, all), few(to, all), few(ports, all)];
  return { ends, blocked: few(blocked, all), because, head: `${ends[0]}: ${ends[1]} -> ${ends[2]}, port ${ends[3]}` };
}

function cuts(preview: Preview, most: number): Whole {
  const all = most === Infinity;
  const found = needLines(preview.cuts, most).map((line) => ({ line, cells: needCells(line, all), keeper: line.kept ? line.keptBy.join(' and ') : 'no policy of this baseline' }));
  return {
    title: 'Needed, and would be cut', tone: 'bad', columns: columns('Need', 'From', 'To', 'Port', 'Blocked', 'Kept by', 'Because of'),
    rows: found.map(({ cells, keeper }) => [...cells.ends, cells.blocked, keeper, cells.because]),
    items: found.map(({ cells, keeper }) => ({ head: cells.head, details: [`blocked: ${cells.blocked}; kept by ${keeper}`, `because of ${cells.because}`] })),
  };
}

function alreadyBlocked(preview: Preview, most: number): Whole {
  const found = needLines(preview.alreadyBlocked, most).map((line) => needCells(line, most === Infinity));
  return {
    title: 'Needed, and denied today already', tone: 'warn', columns: columns('Need', 'From', 'To', 'Port', 'Blocked', 'Because of'),
    rows: found.map(({ ends, blocked, because }) => [...ends, blocked, because]),
    items: found.map(({ head, blocked, because }) => ({ head, details: [`blocked: ${blocked}`, `because of ${because}`] })),
  };
}

/** Those with one doubt are one. */
function unknown(preview: Preview, all: boolean): Whole {
  const doubts = Map.groupBy(preview.unknown.map(({ need, doubts: found }) => ({ need, doubt: doubtText(found) })), ({ need, doubt }) => `${need.kind} ${doubt}`);
  const found = [...doubts.values()].map((alike) => ({ kind: alike[0]?.need.kind ?? '', doubt: alike[0]?.doubt ?? '', needs: few(alike.map(({ need }) => needText(need)), all) }));
  return {
    title: 'Needed, and not known', tone: 'warn', columns: columns('Need', 'Connection', 'Why'),
    rows: found.map(({ kind, needs, doubt }) => [kind, needs, doubt]), items: found.map(({ kind, needs, doubt }) => ({ head: `${kind}: ${needs}`, details: [doubt] })),
  };
}

function doubtText({ policies, codes }: Doubts): string {
  if (policies.length > 0) return `${listed(policies.map(refText))} may change it, and ${policies.length === 1 ? 'is' : 'are'} not evaluated.`;
  return codes.map((code) => CODE_WORDS[code]).join(' ');
}

/** Those with one cause are one. */
function unresolved(preview: Preview, all: boolean): Whole {
  const found = [...Map.groupBy(preview.unresolved, ({ kind, problem }) => `${kind} ${problem}`).values()]
    .map((alike) => ({ kind: alike[0]?.kind ?? '', problem: alike[0]?.problem ?? '', because: few([...new Set(alike.map(({ because }) => becauseText(because)))], all) }));
  return {
    title: 'Needed, and an end was not found', tone: 'warn', columns: columns('Need', 'What is missing', 'Because of'),
    rows: found.map(({ kind, problem, because }) => [kind, problem, because]), items: found.map(({ kind, problem, because }) => ({ head: `${kind}: ${problem}`, details: [`because of ${because}`] })),
  };
}
