/**
 * Lines of text with tones, for a terminal or a pipe. Nothing in them can move the cursor or end a line.
 *
 * On a terminal long lines are broken at blanks, what follows below the text and not below its label; elsewhere a line
 * stays one, for grep.
 */
import { safe, toned, type Tone } from './cell.ts';
import { widthOf } from './width.ts';

export type LinePiece = string | { readonly text: string; readonly tone: Tone };

export interface LineStyle {
  readonly color: boolean;
  /** Columns of the terminal; absent: none. */
  readonly width?: number;
}

/** A line longer than this is hard to read, however wide the terminal is. */
const WIDEST = 120;
/** Below this, breaking lines helps nobody. */
const NARROWEST = 40;

/** Every line ends with a line feed. */
export function linesText(lines: readonly (readonly LinePiece[])[], { color, width }: LineStyle): string {
  const most = width === undefined || width < NARROWEST ? Infinity : Math.min(width, WIDEST);
  return lines.map((pieces) => `${broken(pieces, most, color)}\n`).join('');
}

interface Word { readonly text: string; readonly tone: Tone | undefined }

function broken(pieces: readonly LinePiece[], most: number, color: boolean): string {
  const words = pieces.flatMap(wordsOf);
  const whole = words.map(({ text }) => text).join('');
  const indent = ' '.repeat(indentOf(whole));
  let [line, taken] = ['', 0];
  for (const { text, tone } of words) {
    const isBreak = taken > indent.length && taken + widthOf(text.trimEnd()) > most && line.endsWith(' ');
    if (isBreak) [line, taken] = [`${line.trimEnd()}\n${indent}`, indent.length];
    line += toned(text, tone, color);
    taken += widthOf(text);
  }
  return line;
}

/** A bullet or the mark of a footnote, and a label of one or two words: what follows it begins a column. */
const LABEL = /^ *(?:- |\[\d+\] )?(?:\S+(?: \S+)? {2,})?/;
const MORE = 2;

/** Of the lines after the first. */
function indentOf(line: string): number {
  const [label = ''] = LABEL.exec(line) ?? [];
  return label.trim() === '' && label !== '' ? label.length + MORE : widthOf(label);
}

/** Each with the blanks after it. */
function wordsOf(piece: LinePiece): Word[] {
  const [text, tone] = typeof piece === 'string' ? [piece, undefined] : [piece.text, piece.tone];
  return tone === undefined ? (safe(text).match(/ *[^ ]+ *| +/g) ?? []).map((each) => ({ text: each, tone })) : [{ text: safe(text), tone }];
}
