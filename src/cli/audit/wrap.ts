/** Long sentences on a terminal: broken at blanks, with the lines indented. Elsewhere a sentence stays one line, for grep. */
import { widthOf } from '../output/width.ts';

/** A line longer than this is hard to read, however wide the terminal is. */
const WIDEST = 120;
/** Below this, breaking lines helps nobody. */
const NARROWEST = 40;

export function wrapped(text: string, width: number | undefined, indent: string): string {
  if (width === undefined || width < NARROWEST) return indent + text;
  const most = Math.min(width, WIDEST) - widthOf(indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > most) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((each) => indent + each).join('\n');
}
