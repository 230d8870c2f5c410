/**
 * An audit for people: a table of namespaces, worst first, below it what was found and what would put it right, and one line
 * that sums it up. The same as Markdown.
 *
 * Promises: what a cluster or a file says cannot do anything to the terminal or to the page; ten thousand namespaces stay
 * readable, since only the worst are shown, and how many are not is said.
 */
import type { Direction } from '../../api/network-policy.ts';
import { LEVELS, type Finding, type Level } from '../../analyze/audit/finding.ts';
import type { Audit, DirectionAudit, NamespaceAudit } from '../../analyze/audit/result.ts';
import { counted, whereOf } from '../../analyze/audit/text.ts';
import { safe, toned, type Cell, type Column, type Tone } from '../output/cell.ts';
import { escapeMarkdown, renderMarkdownTable } from '../output/markdown.ts';
import { renderTable, type TableStyle } from '../output/table.ts';
import { unreadNote } from '../sources/notes.ts';
import { wrapped } from './wrap.ts';

export interface TextOptions {
  readonly style: TableStyle;
  /** At most so many namespaces; 0 is all of them. */
  readonly top: number;
}

const COLUMNS: readonly Column[] = [
  { title: 'Namespace' }, { title: 'Level' }, { title: 'Ingress' }, { title: 'Egress' }, { title: 'DNS', wide: true }, { title: 'Pods', wide: true }, { title: 'Policies', wide: true },
  { title: 'Default deny', wide: true }, { title: 'Findings' },
];
const TONES: Readonly<Record<Level, Tone>> = { FAIL: 'bad', WARN: 'warn', OK: 'good' };

export function auditText(audit: Audit, { style, top }: TextOptions): string {
  const shown = top === 0 ? audit.namespaces : audit.namespaces.slice(0, top);
  const withNotes = style.wide === true;
  const details = shown.map((namespace) => detailsText(namespace, style, withNotes)).filter((text) => text !== '');
  const parts = [
    ...(shown.length === 0 ? [] : [renderTable(COLUMNS, shown.map((namespace) => rowOf(namespace, withNotes)), style)]),
    ...details,
    [...restLines(audit, shown.length), ...summaryLines(audit)].map((line) => `${wrapped(line, style.width, '')}\n`).join(''),
  ];
  return parts.join('\n');
}

export function auditMarkdown(audit: Audit, top: number): string {
  const shown = top === 0 ? audit.namespaces : audit.namespaces.slice(0, top);
  const details = shown.flatMap(({ name, findings }) => {
    const told = findings.filter(({ level }) => level !== 'INFO');
    return told.length === 0 ? [] : [`### ${escapeMarkdown(name)}\n\n${told.map(markdownItem).join('')}`];
  });
  const lines = [...restLines(audit, shown.length), ...summaryLines(audit)].map((line) => escapeMarkdown(line)).join('\n\n');
  const table = shown.length === 0 ? [] : [renderMarkdownTable(COLUMNS, shown.map((namespace) => rowOf(namespace, false)))];
  return ['## Audit of network policies\n', `${lines}\n`, ...table, ...details].join('\n');
}

function markdownItem(finding: Finding): string {
  const { level, id, message, fix } = finding;
  const place = whereOf(finding);
  return `- **${level}** \`${id}\`: ${escapeMarkdown(message)}${place === '' ? '' : `, ${escapeMarkdown(place)}`}. To do: ${escapeMarkdown(fix)}.\n`;
}

function rowOf({ name, level, standing, directions, dns, pods, policies, findings }: NamespaceAudit, withNotes: boolean): Cell[] {
  const remark = standing.isSystem ? ' (system)' : '';
  const { Ingress, Egress } = directions;
  return [
    name, { text: level + remark, tone: TONES[level] },
    classCell(Ingress, isExempt(standing, 'Ingress')), classCell(Egress, isExempt(standing, 'Egress')),
    { text: dns, tone: dns === 'allowed' ? 'good' : 'warn' }, String(pods), String(policies), denyText(Ingress, Egress), idsText(findings, withNotes),
  ];
}

function isExempt({ exemptions }: NamespaceAudit['standing'], wanted: Direction): boolean {
  return exemptions.some(({ direction }) => direction === wanted);
}

const ISOLATED_TONES: Readonly<Record<DirectionAudit['isolated'], Tone>> = { yes: 'good', no: 'bad', unknown: 'warn' };

function classCell({ class: name, isolated }: DirectionAudit, exempt: boolean): Cell {
  return exempt ? { text: `${name} (exempt)`, tone: 'dim' } : { text: name, tone: ISOLATED_TONES[isolated] };
}

/** The policy of both directions once. */
function denyText(ingress: DirectionAudit, egress: DirectionAudit): string {
  const [first, second] = [ingress, egress].map(({ defaultDeny: [policy], hasDefaultDeny }) => policy?.name ?? (hasDefaultDeny ? '(cluster policy)' : '-'));
  return first === second ? first ?? '-' : `${first}, ${second}`;
}

function idsText(findings: readonly Finding[], withNotes: boolean): string {
  const counts = new Map<string, number>();
  for (const { id, level } of findings) if (withNotes || level !== 'INFO') counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts.size === 0 ? '-' : [...counts].map(([id, count]) => (count === 1 ? id : `${id} ×${count}`)).join(', ');
}

function detailsText({ name, level, findings }: NamespaceAudit, style: TableStyle, withNotes: boolean): string {
  const told = findings.filter((finding) => withNotes || finding.level !== 'INFO');
  if (told.length === 0) return '';
  const title = `${toned(safe(name), 'bold', style.color)}: ${toned(level, TONES[level], style.color)}\n`;
  return title + told.map((finding) => findingText(finding, style)).join('');
}

const INDENT = '       ';

function findingText(finding: Finding, { color, width }: TableStyle): string {
  const { level, id, message, fix } = finding;
  const place = whereOf(finding);
  const lines = [`${id}: ${message}.`, ...(place === '' ? [] : [place]), `To do: ${fix}.`].map((text) => wrapped(safe(text), width, INDENT));
  const tone = level === 'INFO' ? 'dim' : TONES[level];
  return `  ${toned(level, tone, color)} ${lines.map((text, index) => (index === 0 ? text.slice(INDENT.length) : text)).join('\n')}\n`;
}

/** Namespaces that are not shown are counted. */
function restLines({ namespaces }: Audit, shown: number): string[] {
  const rest = namespaces.slice(shown);
  if (rest.length === 0) return [];
  return [`${counted(rest.length, 'more namespace')} not shown (${levelsText(rest)}): --top 0 shows all of them.`];
}

export function summaryLines({ summary, unread }: Audit): string[] {
  const { Ingress, Egress } = summary.directions;
  const part = (word: string, { isolated, notIsolated, unknown }: typeof Ingress): string => `${word} ${isolated} of ${isolated + notIsolated + unknown}${unknown === 0 ? '' : ` (${unknown} unknown)`}`;
  const exempt = Ingress.exempt + Egress.exempt === 0 ? '' : ` Exempt: ingress ${Ingress.exempt}, egress ${Egress.exempt}.`;
  const system = summary.systemLeftOut === 0 ? '' : ` ${counted(summary.systemLeftOut, 'system namespace')} left out.`;
  const score = summary.score === undefined ? '' : ` Score ${summary.score} of 100.`;
  const { FAIL, WARN, OK } = summary.levels;
  return [
    ...unread.map(unreadNote),
    `${counted(summary.namespaces, 'namespace')}: ${FAIL} FAIL, ${WARN} WARN, ${OK} OK. Isolated: ${part('ingress', Ingress)}, ${part('egress', Egress)}.${exempt}${score}${system}`,
  ];
}

function levelsText(namespaces: readonly NamespaceAudit[]): string {
  const counts = Map.groupBy(namespaces, ({ level }) => level);
  return LEVELS.flatMap((level) => (counts.has(level) ? `${counts.get(level)?.length} ${level}` : [])).join(', ');
}
