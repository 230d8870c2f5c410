/** Markdown as the generated pages need it. Pure. */

/** One line each for the header, the rule and the rows; a bar inside a cell is escaped. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;')).join(' | ')} |`;
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)];
}

const WIDTH = 130;

/** Text in lines of at most 130 columns, where no word is longer. */
export function paragraph(...parts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of parts.join(' ').split(/\s+/)) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length === 0 || longer.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
