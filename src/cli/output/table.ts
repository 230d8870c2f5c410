/** Rows as an aligned table for a terminal or a pipe. */
import { safe, textOf, toned, type Cell, type Column } from './cell.ts';
import { cutTo, padTo, widthOf } from './width.ts';

export interface TableStyle {
  readonly color: boolean;
  /** Columns of the terminal; longer lines are cut. Absent: they are not. */
  readonly width?: number;
  /** Columns that are `wide` are shown. */
  readonly wide?: boolean;
  /** Default: true. */
  readonly headers?: boolean;
}

const GAP = '   ';

/** Every line ends with a line feed; nothing at all for no rows and no headers. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], style: TableStyle): string {
  const shown = columns.flatMap(({ wide }, index) => (wide === true && style.wide !== true ? [] : [index]));
  const header: Cell[] = columns.map(({ title }) => ({ text: title.toUpperCase(), tone: 'bold' }));
  const all = [...style.headers === false ? [] : [header], ...rows].map((row) => shown.map((index) => row[index] ?? ''));
  const widths = shown.map((_, at) => Math.max(0, ...all.map((row) => widthOf(safe(textOf(row[at] ?? ''))))));
  return all.map((row) => `${lineOf(row, widths, style)}\n`).join('');
}

/** The last column is not padded. What does not fit the terminal is cut at its right edge. */
function lineOf(row: readonly Cell[], widths: readonly number[], { color, width = Infinity }: TableStyle): string {
  let left = width;
  let line = '';
  for (const [at, cell] of row.entries()) {
    const gap = at === 0 ? '' : GAP;
    const whole = safe(textOf(cell));
    const padded = at === row.length - 1 ? whole : padTo(whole, widths[at] ?? 0);
    if (left <= gap.length) break;
    const cut = cutTo(padded, left - gap.length);
    line += gap + toned(cut, typeof cell === 'string' ? undefined : cell.tone, color);
    left -= gap.length + widthOf(cut);
  }
  return line.trimEnd();
}
