/**
 * How the demo looks: sections, aligned facts, commands and tables, in 80 columns. Colours only on a terminal and
 * without NO_COLOR; what is written to a file or a pipe is plain text.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { pad, renderTable, widthOf, wrap, type Column } from './table.ts';

const WIDTH = 80;
const INDENT = '   ';
const LABEL_WIDTH = 20;
/** Between two sections, so that a person can follow. In milliseconds. */
const PAUSE_MS = 900;

export interface Terminal {
  title(text: string): void;
  /** Begins a section; its number counts up. */
  section(text: string): Promise<void>;
  /** A sentence or two, wrapped. */
  say(text: string): void;
  /** One line of progress of something long. */
  progress(text: string): void;
  /** A label and what there is to say about it, wrapped beside it. */
  fact(label: string, text: string): void;
  /** A fact that was checked and holds. */
  ok(label: string, text: string): void;
  /** A command as a person would type it, in words that are quoted already; long ones go over several lines. */
  command(words: readonly string[]): void;
  /** What a command printed, as it is. */
  output(text: string): void;
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void;
  /** A line of a table that is printed while it grows. */
  row(line: string): void;
  /** Goes to the end of the output, marked. */
  failure(lines: readonly string[]): void;
  blank(): void;
  readonly paint: Paint;
}

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  accent(text: string): string;
}

export interface TerminalOptions {
  readonly out: { write(text: string): unknown };
  readonly colours: boolean;
  /** Pauses between sections, for a person who watches. */
  readonly paced: boolean;
}

/** Whether to colour: https://no-color.org, and terminals that cannot. */
export function wantsColours(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  return isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

export function createTerminal({ out, colours, paced }: TerminalOptions): Terminal {
  const paint = paints(colours);
  let sections = 0;
  const print = (line: string): void => void out.write(`${line.trimEnd()}\n`);
  const labelled = (mark: string, label: string, text: string): void => {
    const [first = '', ...more] = wrap(text, WIDTH - INDENT.length - LABEL_WIDTH - 2);
    print(`${INDENT}${mark} ${pad(label, LABEL_WIDTH)}${first}`);
    for (const line of more) print(`${INDENT}  ${' '.repeat(LABEL_WIDTH)}${line}`);
  };
  return {
    paint,
    title(text) {
      print(`\n${paint.bold(text)}`);
      print(paint.dim('─'.repeat(WIDTH)));
    },
    async section(text) {
      if (paced && sections > 0) await sleep(PAUSE_MS);
      sections += 1;
      print(`\n${paint.accent(String(sections).padStart(2))} ${paint.bold(text)}`);
    },
    say(text) { for (const line of wrap(text, WIDTH - INDENT.length)) print(INDENT + line); },
    progress(text) { for (const line of wrap(text, WIDTH - INDENT.length)) print(INDENT + paint.dim(line)); },
    fact(label, text) { labelled(' ', label, text); },
    ok(label, text) { labelled(paint.good('✔'), label, text); },
    command(words) {
      const [first = '', ...more] = commandLines(words, WIDTH - INDENT.length - 2);
      print(`${INDENT}${paint.dim('$')} ${paint.accent(first)}`);
      for (const line of more) print(`${INDENT}    ${paint.accent(line)}`);
    },
    output(text) { for (const line of text.trimEnd().split('\n')) print(INDENT + line); },
    table(columns, rows) {
      const [header = '', ...lines] = renderTable(columns, rows, WIDTH - INDENT.length);
      print(INDENT + paint.dim(header));
      for (const line of lines) print(INDENT + line);
    },
    row(line) { print(INDENT + line); },
    failure(lines) {
      const [first = '', ...more] = lines;
      print(`\n${paint.bad('✘')}  ${paint.bold(first)}`);
      for (const line of more) print(INDENT + line);
    },
    blank() { print(''); },
  };
}

/** Continued with a backslash where a shell needs one; a word with line breaks, such as JSON in quotes, needs none. */
export function commandLines(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    const [first = '', ...more] = word.split('\n');
    if (line !== '' && widthOf(line) + 1 + widthOf(first) + ' \\'.length > width) {
      lines.push(`${line} \\`);
      line = '';
    }
    const parts = [line === '' ? first : `${line} ${first}`, ...more];
    line = parts.pop() ?? '';
    lines.push(...parts);
  }
  return [...lines, line];
}

function paints(colours: boolean): Paint {
  const with_ = (code: number) => (text: string): string => (colours ? `\u001B[${code}m${text}\u001B[0m` : text);
  return { bold: with_(1), dim: with_(2), bad: with_(31), good: with_(32), accent: with_(36) };
}
