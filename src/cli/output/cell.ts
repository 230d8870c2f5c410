/**
 * A piece of text of a table, with what it means for whoever reads in colours.
 *
 * Promises: nothing that a cluster or a file says can move the cursor, change colours or break a line: control
 * characters, and those that turn the direction of writing, are spelled out.
 */

export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'bold';
/** A cell may have several lines in one string, separated by `\n`; other control characters are spelled out. */
export type Cell = string | { readonly text: string; readonly tone?: Tone };
/** `wide`: only with -o wide. */
export interface Column { readonly title: string; readonly wide?: boolean }

export const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

/** C0, DEL, C1, line and paragraph separators, marks and overrides of direction. */
// oxlint-disable-next-line no-control-regex
const HARMFUL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;
const HARMFUL_BUT_NEWLINE = new RegExp(HARMFUL.source.replace('\\u0000-\\u001f', '\\u0000-\\u0009\\u000b-\\u001f'), 'g');

const spelled = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** One line, whatever it says. */
export const safe = (text: string): string => text.replace(HARMFUL, spelled);
/** Keeps line feeds. */
export const safeLines = (text: string): string => text.replace(HARMFUL_BUT_NEWLINE, spelled);

const CODES: Record<Tone, readonly [number, number]> = { good: [32, 39], bad: [31, 39], warn: [33, 39], dim: [2, 22], bold: [1, 22] };

/** Nothing is safe in here yet: call `safe` first. */
export function toned(text: string, tone: Tone | undefined, color: boolean): string {
  if (!color || tone === undefined || text === '') return text;
  const [on, off] = CODES[tone];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
