/**
 * The one-line form of an expectation: `FROM [except A, B] -> TO[:PORT] [except A, B] allowed|denied`, and the sentence
 * `metadata endpoint denied`, which is about every pod.
 *
 * Only taken apart here; ends and ports are read where those of the long form are.
 */
import { quoted, type Problem } from '../explain/end.ts';

export interface Line {
  readonly from: string;
  readonly fromExcept: readonly string[];
  readonly to: string;
  readonly toExcept: readonly string[];
  readonly expect: 'allowed' | 'denied';
}

const WHOLE = /^(.+?)\s*(?:->|→)\s*(.+)\s+(allowed|denied)$/s;
const METADATA_ENDPOINT = /^metadata\s+endpoint\s+(?=(?:allowed|denied)$)/;
const EXCEPT = /^(\S.*?)\s+except\s+(.+)$/s;

export function parseLine(text: string): Line | Problem {
  const [, from = '', to = '', expect] = WHOLE.exec(text.trim().replace(METADATA_ENDPOINT, '* -> metadata ')) ?? [];
  if (expect !== 'allowed' && expect !== 'denied') {
    return { problem: `${quoted(text)} is no expectation: expected "FROM -> TO:PORT allowed" or "FROM -> TO denied"` };
  }
  const [source, sourceExcept] = withoutExcept(from.trim());
  const [destination, destinationExcept] = withoutExcept(to.trim());
  return { from: source, fromExcept: sourceExcept, to: destination, toExcept: destinationExcept, expect };
}

function withoutExcept(text: string): readonly [string, readonly string[]] {
  const [, end = text, list] = EXCEPT.exec(text) ?? [];
  return [end, list === undefined ? [] : splitOutsideBraces(list)];
}

/** At commas, but not at those between labels in braces. */
function splitOutsideBraces(list: string): string[] {
  return (list.match(/(?:\{[^}]*\}|[^,])+/g) ?? []).map((entry) => entry.trim()).filter((entry) => entry !== '');
}
