/** Rows as a table in Markdown, as GitHub and GitLab show it. */
import { safe, textOf, type Cell, type Column } from './cell.ts';

/** All columns, `wide` ones too. Nothing in a cell is taken for Markdown or HTML. */
export function renderMarkdownTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return line(columns.map(({ title }) => escapeMarkdown(title)))
    + line(columns.map(() => '---'))
    + rows.map((row) => line(columns.map((_, index) => escapeMarkdown(textOf(row[index] ?? ''))))).join('');
}

/** Text that stays what it is; line feeds become `<br>`. */
export function escapeMarkdown(text: string): string {
  return text.split('\n').map((line) => safe(line)
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_{}[\]|~]/g, '\\$&')).join('<br>');
}
