/**
 * A piece of text of a table, with what it means for whoever reads in colours.
 *
 * Promises: nothing that a cluster or a file says can move the cursor, change colours or break a line: control
 * characters, and those that turn the direction of writing, are spelled out.
 */
import { spelledOut, spelledOutLines } from '../../api/text.ts';

export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'bold';
/** A cell may have several lines in one string, separated by `\n`; other control characters are spelled out. */
export type Cell = string | { readonly text: string; readonly tone?: Tone };
/** `wide`: only with -o wide. */
export interface Column { readonly title: string; readonly wide?: boolean }

export const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

/** One line, whatever it says. */
export const safe = spelledOut;
/** Keeps line feeds. */
export const safeLines = spelledOutLines;

const CODES: Record<Tone, readonly [number, number]> = { good: [32, 39], bad: [31, 39], warn: [33, 39], dim: [2, 22], bold: [1, 22] };

/** Nothing is safe in here yet: call `safe` first. */
export function toned(text: string, tone: Tone | undefined, color: boolean): string {
  if (!color || tone === undefined || text === '') return text;
  const [on, off] = CODES[tone];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
