/**
 * A preview for people: what becomes of the namespaces, what would be cut and what keeps it, one line that sums it up.
 * The same as Markdown.
 *
 * Promises: what a cluster or a file says cannot do anything to the terminal or to the page; however large the cluster,
 * it stays readable: what is alike is one line, and how much is left out is said.
 */
import { counted, CODE_WORDS } from '../../analyze/explain/words.ts';
import { lossesText } from '../../analyze/preview/consequences.ts';
import { countsOf } from '../../analyze/preview/counts.ts';
import type { Preview } from '../../analyze/preview/preview.ts';
import type { Snapshot } from '../../analyze/snapshot.ts';
import { wrapped } from '../audit/wrap.ts';
import { safe, toned } from '../output/cell.ts';
import { escapeMarkdown, renderMarkdownTable } from '../output/markdown.ts';
import { renderTable, type TableStyle } from '../output/table.ts';
import { toYaml } from '../output/yaml.ts';
import { unreadNote } from '../sources/notes.ts';
import { sectionsOf, type Item, type Section } from './sections.ts';

export function previewText(preview: Preview, snapshot: Snapshot, style: TableStyle): string {
  const all = style.wide === true;
  const lines = (texts: readonly string[]): string => texts.map((text) => `${wrapped(safe(text), style.width, '')}\n`).join('');
  const suggestions = suggestionText(preview, all);
  const title = suggestions === '' ? [] : [`${toned(suggestionTitle(preview), 'bold', style.color)}\n${suggestions}`];
  return [lines(headLines(preview, snapshot)), ...sectionsOf(preview, all).map((section) => sectionText(section, style)), ...title, lines(summaryLines(preview, snapshot))].join('\n');
}

function sectionText({ title, tone, columns, rows, items, more }: Section, style: TableStyle): string {
  const heading = title === '' ? '' : `${toned(title, tone, style.color)}\n`;
  const body = items === undefined ? renderTable(columns, rows, style) : items.map((item) => itemText(item, style)).join('');
  return `${heading}${body}${moreText(more)}`;
}

function itemText({ head, details }: Item, { width }: TableStyle): string {
  return [wrapped(safe(head), width, '  '), ...details.map((detail) => wrapped(safe(detail), width, '      '))].map((line) => `${line}\n`).join('');
}

export function previewMarkdown(preview: Preview, snapshot: Snapshot): string {
  const parts = sectionsOf(preview, false).map(({ title, columns, rows, more }) => `${title === '' ? '' : `### ${title}\n\n`}${renderMarkdownTable(columns, rows)}${more === 0 ? '' : `\n${moreText(more)}`}`);
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
    policies, ...lossesText(preview.namespaces), ...preview.notes, known, ...(cut === 0 ? [] : [CODE_WORDS.established]),
    ...(withoutRoom === 0 ? [] : [`For ${counted(withoutRoom, 'need')} there is no room in one baseline (32 policies): write policies for these into their namespaces.`]),
    ...unread.map((each) => `${unreadNote(each)} Needs that it tells are missing here.`),
  ];
}
