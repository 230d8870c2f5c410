/**
 * The text of a file, taken apart into documents: YAML separated by `---`, JSON after JSON, and lists of objects.
 *
 * Promises: memory in proportion to the text; positions are those of the file, and are looked for only when they are
 * asked for. Must not: know what a document says.
 */
import { lineFinder, parseYaml, typedAt, type FieldPath, type YamlProblem } from './yaml.ts';

export interface Found {
  readonly value: unknown;
  /** In the file, from 1. */
  lineOf(path: FieldPath): number;
  /** A single value as it stands in the file. */
  typedAt(path: FieldPath): string | undefined;
}
export type Problem = YamlProblem;
export interface Documents {
  /** Empty documents are left out. */
  readonly found: readonly Found[];
  readonly problems: readonly Problem[];
}

/** A part of a file. */
interface Piece {
  readonly text: string;
  /** In the file, from 1. */
  readonly firstLine: number;
  /** What the piece is an item of a list in, when it is. */
  readonly isItem?: true;
}

/** Above this, one YAML document would take gigabytes. */
const MAX_DOCUMENT = 8_000_000;
/** From here on a list is taken apart before it is parsed. */
const BIG_LIST = 250_000;

export function documentsIn(text: string): Documents {
  const json = isJson(text) ? jsonDocuments(text) : undefined;
  if (json !== undefined) return { found: json, problems: [] };
  const found: Found[] = [];
  const problems: Problem[] = [];
  for (const piece of yamlPieces(text)) {
    const read = readYaml(piece);
    for (const each of read.found) found.push(each); // more than a call takes as arguments
    for (const each of read.problems) problems.push(each);
  }
  return { found, problems };
}

/** By its beginning. */
export const isJson = (text: string): boolean => /^\s*[{[]/.test(text);

/** `undefined` where the text is not JSON after all: YAML says what is wrong, or takes it. */
function jsonDocuments(text: string): Found[] | undefined {
  try {
    return [foundIn({ text, firstLine: 1 }, JSON.parse(text))];
  } catch {
    return severalJson(text);
  }
}

/** As `kubectl get -o json` several times, or `jq -c .items[]`, write into one file. */
function severalJson(text: string): Found[] | undefined {
  try {
    const found: Found[] = [];
    let firstLine = 1;
    for (const part of jsonParts(text)) {
      found.push(foundIn({ text: part, firstLine }, JSON.parse(part)));
      firstLine += countLines(part);
    }
    return found;
  } catch {
    return undefined;
  }
}

/** Each ends after its last bracket. */
function* jsonParts(text: string): Generator<string> {
  const tokens = /"(?:[^"\\]|\\.)*"|[{[]|[}\]]/gs;
  let [start, depth] = [0, 0];
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    if (match[0] === '{' || match[0] === '[') depth += 1;
    else if (match[0] === '}' || match[0] === ']') depth -= 1;
    else continue;
    if (depth > 0) continue;
    yield text.slice(start, tokens.lastIndex);
    start = tokens.lastIndex;
  }
  if (text.slice(start).trim() !== '') yield text.slice(start);
}

/** A line that begins with `---` begins a document, whatever it stands in. */
function* yamlPieces(text: string): Generator<Piece> {
  if (/^%/m.test(text)) { // directives belong to the document after them
    yield { text, firstLine: 1 };
    return;
  }
  let [start, firstLine] = [0, 1];
  for (const end of boundaries(text)) {
    const piece = text.slice(start, end);
    if (!EMPTY.test(piece)) yield { text: piece, firstLine };
    firstLine += countLines(piece);
    start = end;
  }
}

const EMPTY = /^(?:---)?\s*$/;

function* boundaries(text: string): Generator<number> {
  const separator = /^---(?=\s|$)/gm;
  for (let match = separator.exec(text); match !== null; match = separator.exec(text)) if (match.index > 0) yield match.index;
  yield text.length;
}

function readYaml(piece: Piece): Documents {
  if (piece.text.length > BIG_LIST) {
    const items = listItems(piece)?.map(readOne);
    if (items !== undefined && items.every(({ problems }) => problems.length === 0)) return { found: items.flatMap(({ found }) => found), problems: [] };
  }
  return readOne(piece);
}

function readOne(piece: Piece): Documents {
  if (piece.text.length > MAX_DOCUMENT) {
    return { found: [], problems: [{ message: `one YAML document of ${Math.round(piece.text.length / 1e6)} MB is too much to read: write it as JSON (kubectl get -o json), or as several documents`, line: piece.firstLine }] };
  }
  const parsed = parseYaml(piece.text);
  if ('problem' in parsed) {
    const { message, line = 1, column } = parsed.problem;
    return { found: [], problems: [{ message, line: line + piece.firstLine - 1, ...(column !== undefined && { column }) }] };
  }
  const { value } = parsed;
  if (value === null || value === undefined) return { found: [], problems: [] };
  return { found: [foundIn(piece, piece.isItem === true ? (value as unknown[])[0] : value)], problems: [] };
}

/** The items of a list as kubectl writes it, each with the lines that are its own. */
function listItems({ text, firstLine }: Piece): Piece[] | undefined {
  const head = /^items:[ \t]*\r?\n(?=- )/m.exec(text);
  if (head === null || !/^kind: \w*List[ \t]*\r?$/m.test(text)) return undefined;
  const start = head.index + head[0].length;
  const rest = text.slice(start);
  const after = /^[^\s#-]/m.exec(rest);
  const items = rest.slice(0, after?.index ?? rest.length);
  let line = firstLine + countLines(text.slice(0, start));
  return items.split(/^(?=- )/m).map((item) => {
    const piece = { text: item, firstLine: line, isItem: true as const };
    line += countLines(item);
    return piece;
  });
}

function foundIn({ text, firstLine, isItem }: Piece, value: unknown): Found {
  let find: ((path: FieldPath) => number) | undefined;
  return {
    value,
    lineOf(path) {
      if (text.length > MAX_DOCUMENT) return firstLine;
      find ??= lineFinder(text);
      return firstLine - 1 + find(isItem === true ? [0, ...path] : path);
    },
    typedAt: (path) => (text.length > MAX_DOCUMENT ? undefined : typedAt(text, isItem === true ? [0, ...path] : path)),
  };
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
