/**
 * A preview for people: what becomes of the namespaces, what would be cut and what keeps it, one line that sums it up.
 * The same as Markdown.
 *
 * Promises: what a cluster or a file says cannot do anything to the terminal or to the page; however large the cluster,
 * it stays readable: what is alike is one line, and how much is left out is said.
 */
import { counted, listed, refText, CODE_WORDS } from '../../analyze/explain/words.ts';
import { becauseText, needText } from '../../analyze/needs/need.ts';
import type { Doubts } from '../../analyze/needs/outcome.ts';
import { changesText } from '../../analyze/preview/changes.ts';
import { countsOf } from '../../analyze/preview/counts.ts';
import { namespaceGroups, needLines, type NamespaceGroup, type NeedLine } from '../../analyze/preview/groups.ts';
import type { Preview } from '../../analyze/preview/preview.ts';
import type { Snapshot } from '../../analyze/snapshot.ts';
import { safe, toned, type Cell, type Column, type Tone } from '../output/cell.ts';
import { escapeMarkdown, renderMarkdownTable } from '../output/markdown.ts';
import { renderTable, type TableStyle } from '../output/table.ts';
import { toYaml } from '../output/yaml.ts';

/** Rows of one table, unless everything is asked for. */
const MOST_ROWS = 20;

interface Section { readonly title: string; readonly tone: Tone; readonly columns: readonly Column[]; readonly rows: readonly (readonly Cell[])[]; readonly more: number }

export function previewText(preview: Preview, snapshot: Snapshot, style: TableStyle): string {
  const all = style.wide === true;
  const heading = headLines(preview, snapshot).map((line) => `${safe(line)}\n`).join('');
  const parts = sectionsOf(preview, all).map(({ title, tone, columns, rows, more }) => `${title === '' ? '' : `${toned(safe(title), tone, style.color)}\n`}${renderTable(columns, rows, style)}${moreText(more)}`);
  const suggestions = suggestionText(preview, all);
  const shown = suggestions === '' ? [] : [`${toned(suggestionTitle(preview), 'bold', style.color)}\n${suggestions}`];
  return [heading, ...parts, ...shown, `${summaryLines(preview, snapshot).map((line) => safe(line)).join('\n')}\n`].join('\n');
}

export function previewMarkdown(preview: Preview, snapshot: Snapshot): string {
  const parts = sectionsOf(preview, false).map(({ title, columns, rows, more }) => `${title === '' ? '' : `### ${escapeMarkdown(title)}\n\n`}${renderMarkdownTable(columns, rows)}${more === 0 ? '' : `\n${escapeMarkdown(moreText(more).trim())}\n`}`);
  const suggestions = suggestionText(preview, true);
  return [
    '## Preview of a baseline\n', `${[...headLines(preview, snapshot), ...summaryLines(preview, snapshot)].map(escapeMarkdown).join('\n\n')}\n`,
    ...parts, ...(suggestions === '' ? [] : [`### ${escapeMarkdown(suggestionTitle(preview))}\n\n\`\`\`yaml\n${suggestions}\`\`\`\n`]),
  ].join('\n');
}

const moreText = (more: number): string => (more === 0 ? '' : `… and ${more} more; -o wide shows all of them\n`);

const CHANGES = { new: 'is new', changed: 'changes the one that is there', same: 'is there already, as it is here' } as const;

function headLines({ baselines }: Preview, { from }: Snapshot): string[] {
  return [...baselines.map(({ record, change }) => `Baseline ${record.name} ${CHANGES[change]}.`), `Looked at: ${from}. Nothing was written.`];
}

function sectionsOf(preview: Preview, all: boolean): Section[] {
  const most = all ? Infinity : MOST_ROWS;
  const cuts = needLines(preview.cuts, most);
  const blocked = needLines(preview.alreadyBlocked, most);
  const whole: readonly Omit<Section, 'more'>[] = [
    { title: '', tone: 'bold', columns: NAMESPACE_COLUMNS, rows: namespaceGroups(preview.namespaces).map((group) => namespaceRow(group, all)) },
    {
      title: 'Held, until it is confirmed', tone: 'warn', columns: HELD_COLUMNS,
      rows: preview.held.map(({ baseline, token, namespaces }) => [namesText(namespaces, all), baseline, `kubectl annotate --overwrite npb ${baseline} netbaseline.io/confirm=${token}`]),
    },
    { title: 'Needed, and would be cut', tone: 'bad', columns: CUT_COLUMNS, rows: cuts.map((line) => cutRow(line, all)) },
    { title: 'Needed, and denied today already', tone: 'warn', columns: BLOCKED_COLUMNS, rows: blocked.map((line) => needRow(line, all)) },
    { title: 'Needed, and not known', tone: 'warn', columns: UNKNOWN_COLUMNS, rows: preview.unknown.map(({ need, doubts }) => [need.kind, needText(need), doubtText(doubts)]) },
    { title: 'Needed, and an end was not found', tone: 'warn', columns: UNRESOLVED_COLUMNS, rows: unresolvedRows(preview, all) },
  ];
  return whole.filter(({ rows }) => rows.length > 0).map((section) => ({ ...section, rows: section.rows.slice(0, most), more: Math.max(0, section.rows.length - most) }));
}

function doubtText({ policies, codes }: Doubts): string {
  return policies.length > 0 ? `${listed(policies.map(refText))} may change it and is not evaluated` : codes.map((code) => CODE_WORDS[code]).join(' ');
}

const NAMESPACE_COLUMNS: readonly Column[] = [{ title: 'Namespaces' }, { title: 'State' }, { title: 'Policies' }];
const HELD_COLUMNS: readonly Column[] = [{ title: 'Namespaces' }, { title: 'Baseline' }, { title: 'To confirm' }];
const NEED_COLUMNS: readonly Column[] = [{ title: 'Need' }, { title: 'From' }, { title: 'To' }, { title: 'Port' }, { title: 'Blocked' }];
const CUT_COLUMNS: readonly Column[] = [...NEED_COLUMNS, { title: 'Kept by' }, { title: 'Because of' }];
const BLOCKED_COLUMNS: readonly Column[] = [...NEED_COLUMNS, { title: 'Because of' }];
const UNKNOWN_COLUMNS: readonly Column[] = [{ title: 'Need' }, { title: 'Connection' }, { title: 'Why' }];
const UNRESOLVED_COLUMNS: readonly Column[] = [{ title: 'Need' }, { title: 'What is missing' }, { title: 'Because of' }];

const GOOD: ReadonlySet<string> = new Set(['protected']);
const BAD: ReadonlySet<string> = new Set(['failed', 'conflicted', 'drifted']);

function namespaceRow({ namespaces, verdict, changes, held }: NamespaceGroup, all: boolean): Cell[] {
  const { state, reason, message } = verdict;
  const tone = GOOD.has(state) ? 'good' : BAD.has(state) ? 'bad' : 'dim';
  const parts = [...changesText(changes), ...changesText(held).map((text) => `held: ${text}`), ...(message === '' ? [] : [message])];
  const why = GOOD.has(state) ? 'as it is' : `nothing: ${REASONS.get(reason) ?? reason}`;
  return [namesText(namespaces, all), { text: state, tone }, parts.length === 0 ? why : parts.join('; ')];
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['SystemNamespace', 'a system namespace'], ['ExcludedByName', 'excluded by name'], ['NotSelected', 'its labels are not selected'], ['Exempt', 'exempt'],
  ['NotEnforced', 'no direction is enforced'], ['NamespaceTerminating', 'it is on its way out'],
]);

/** The first few, and how many there are. */
function namesText(names: readonly string[], all: boolean): string {
  const text = all ? names.join(', ') : listed(names);
  return names.length < 2 ? text : `${text} (${names.length})`;
}

const few = (texts: readonly string[], all: boolean): string => (all ? texts.join(', ') : listed(texts));

function needRow({ kind, from, to, ports, blocked, because }: NeedLine, all: boolean): Cell[] {
  return [kind, few(from, all), few(to, all), few(ports, all), few(blocked, all), because];
}

function cutRow(line: NeedLine, all: boolean): Cell[] {
  const cells = needRow(line, all);
  const kept: Cell = line.kept ? { text: line.keptBy.join(', '), tone: 'good' } : { text: 'no policy of this baseline', tone: 'bad' };
  return [{ text: line.kind, tone: 'bad' }, ...cells.slice(1, 5), kept, cells[5] ?? ''];
}

/** Those with one cause are one line. */
function unresolvedRows({ unresolved }: Preview, all: boolean): Cell[][] {
  return [...Map.groupBy(unresolved, ({ kind, problem }) => `${kind} ${problem}`).values()].flatMap((alike) => {
    const [first] = alike;
    return first === undefined ? [] : [[first.kind, first.problem, few(alike.map(({ because }) => becauseText(because)), all)]];
  });
}

function suggestionTitle({ suggestions, baselines }: Preview): string {
  return `Policies that keep it, for spec.policies${baselines.length > 1 ? ` of ${suggestions.baseline}` : ''} (--suggest FILE writes them into the baseline)`;
}

/** Lines of YAML that a table may end with. */
const MOST_LINES = 200;

function suggestionText({ suggestions: { policies } }: Preview, all: boolean): string {
  const text = policies.length === 0 ? '' : toYaml({ policies });
  const lines = text.split('\n').length;
  return all || lines <= MOST_LINES ? text : `${policies.map(({ name }) => `- ${name}\n`).join('')}… ${lines} lines; -o wide shows them\n`;
}

export function summaryLines(preview: Preview, { unread }: Snapshot): string[] {
  const { created, changed, deleted, touched, namespaces, heldNamespaces, needs, cut, alreadyBlocked, unknown, unresolved } = countsOf(preview);
  const policies = `${counted(namespaces, 'namespace')}: ${created} policies created, ${changed} changed, ${deleted} deleted in ${touched}${heldNamespaces === 0 ? '' : `; ${heldNamespaces} held`}.`;
  const known = `${counted(needs, 'need')} found: ${cut} would be cut, ${alreadyBlocked} denied today already, ${unknown} not known; of ${unresolved} more an end was not found.`;
  const { withoutRoom } = preview.suggestions;
  return [
    policies, known, ...(cut === 0 ? [] : [CODE_WORDS.established]),
    ...(withoutRoom === 0 ? [] : [`For ${counted(withoutRoom, 'need')} there is no room in one baseline (32 policies): write policies for these into their namespaces.`]),
    ...unread.map(({ kind, why }) => `Not read: ${kind}. ${why} Needs that it tells are missing here.`),
  ];
}
