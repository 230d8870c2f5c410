/** Tables for a terminal: aligned columns, two blanks between them, never wider than told. Pure. */

export interface Column {
  readonly header: string;
  /** Numbers to the right; default left. */
  readonly align?: 'left' | 'right';
  /** Fixed width, for rows that are printed one by one; by default as wide as the widest cell. */
  readonly width?: number;
}

const GAP = '  ';
const ELLIPSIS = '…';
/** Escape sequences that colour text take no room on the screen. */
// oxlint-disable-next-line no-control-regex -- ESC is what they begin with
const COLOUR = /\u001B\[[\d;]*m/g;

/** Columns that a text takes on the screen; East Asian wide characters do not occur here. */
export const widthOf = (text: string): number => charactersOf(text).length;
const charactersOf = (text: string): string[] => Array.from(text.replaceAll(COLOUR, ''));

/** Header and rows, one line each. A cell that is too long for its column is cut, the last column for `maxWidth`. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], maxWidth = Number.POSITIVE_INFINITY): string[] {
  const widths = columns.map(({ header, width }, index) => width ?? Math.max(widthOf(header), ...rows.map((row) => widthOf(row[index] ?? ''))));
  const fixed = columns.map((column, index) => ({ ...column, width: widths[index] ?? 0 }));
  return [columns.map(({ header }) => header), ...rows].map((row) => renderRow(fixed, row, maxWidth));
}

/** One line of a table whose columns have fixed widths. */
export function renderRow(columns: readonly (Column & { readonly width: number })[], cells: readonly string[], maxWidth = Number.POSITIVE_INFINITY): string {
  const padded = columns.map(({ width, align }, index) => pad(cut(cells[index] ?? '', width), width, align));
  return cut(padded.join(GAP).trimEnd(), maxWidth);
}

export function pad(text: string, width: number, align: Column['align'] = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? blanks + text : text + blanks;
}

/** A text that had to be cut loses its colours. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return charactersOf(text).slice(0, Math.max(0, width - 1)).join('') + ELLIPSIS;
}

/** Breaks a text at blanks; a word that is longer than a line is broken where the line ends. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    for (; widthOf(line) > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return line === '' ? lines : [...lines, line];
}
