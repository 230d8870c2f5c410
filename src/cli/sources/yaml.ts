/**
 * YAML as Kubernetes reads it: the one file of the sources that knows the package.
 *
 * Promises: `yes`, `no`, `on` and `off` are booleans and merge keys count, as in YAML 1.1; aliases are bounded; nothing is
 * thrown, problems are values. Slow: about a second for a megabyte, so whoever has much to read brings JSON.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type DocumentOptions, type ParseOptions, type Scalar, type SchemaOptions, type YAMLMap } from 'yaml';

export interface YamlProblem {
  readonly message: string;
  /** Of the text that was parsed; from 1. */
  readonly line?: number;
  readonly column?: number;
}
export type ParsedYaml = { readonly value: unknown } | { readonly problem: YamlProblem };
export type FieldPath = readonly (string | number)[];

/** What go-yaml takes for a boolean besides true and false. */
const BOOLEANS = [[true, /^(?:[Yy]|[Yy]es|YES|[Oo]n|ON)$/], [false, /^(?:[Nn]|[Nn]o|NO|[Oo]ff|OFF)$/]] as const;

const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  prettyErrors: false, logLevel: 'error', merge: true, uniqueKeys: false, // checked below: there in quadratic time
  customTags: (tags) => [...BOOLEANS.map(([value, test]) => ({ tag: 'tag:yaml.org,2002:bool', default: true, test, resolve: () => value })), ...tags],
};
const MAX_ALIASES = 1000;

/** One document. */
export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { ...OPTIONS, lineCounter: lines });
    const [error] = document.errors;
    const problem = error === undefined ? repeatedKey(document.contents) : { message: reasonOf(error), at: error.pos[0] };
    if (problem === undefined) return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) };
    const { line, col } = lines.linePos(problem.at);
    return { problem: { message: problem.message, line, column: col } };
  } catch (error) {
    return { problem: { message: reasonOf(error) } };
  }
}

/** One of them: of two values of a field, nobody knows which is meant. */
function repeatedKey(top: Node | null): { readonly message: string; readonly at: number } | undefined {
  const waiting: (Node | null | undefined)[] = [top];
  for (let node = waiting.pop(); waiting.length > 0 || node !== undefined; node = waiting.pop()) {
    if (isSeq<Node>(node)) for (const item of node.items) waiting.push(item);
    if (!isMap<Node, Node | null>(node)) continue;
    const again = pairAgain(node);
    if (again !== undefined) return { message: `the field ${JSON.stringify(again.value)} is there twice`, at: again.range?.[0] ?? 0 };
    for (const { value } of node.items) waiting.push(value);
  }
  return undefined;
}

function pairAgain({ items }: YAMLMap<Node, Node | null>): Scalar | undefined {
  const seen = new Set<string>();
  for (const { key } of items) {
    if (!isScalar(key) || key.source === MERGE) continue;
    if (seen.has(String(key.value))) return key;
    seen.add(String(key.value));
  }
  return undefined;
}
const MERGE = '<<';

/** The package turns it into an error of its own where it can. */
const STACK = /^Maximum call stack size exceeded/;

function reasonOf(error: unknown): string {
  if (error instanceof Error && STACK.test(error.message)) return 'it is nested too deeply';
  if (error instanceof ReferenceError && error.message.startsWith('Excessive alias')) return `its aliases stand for more than ${MAX_ALIASES} times what they name`;
  return error instanceof Error ? error.message : String(error);
}

/**
 * Tells the line of a field, from 1: of its key, or of the entry of a list; where it is not there, of the nearest one
 * around it that is.
 */
export function lineFinder(text: string): (path: FieldPath) => number {
  const lines = new LineCounter();
  const document = parsed(text, lines);
  const [top] = document?.contents?.range ?? [0];
  return (path) => lines.linePos(document === undefined ? 0 : offsetOf(document, path) ?? top).line;
}

/** A value as it was typed, which may be `on` for true; `undefined` where no single value stands there. */
export function typedAt(text: string, path: FieldPath): string | undefined {
  const document = parsed(text, new LineCounter());
  let node: Node | null | undefined = document?.contents;
  for (const segment of path) node = childOf(isAlias(node) && document !== undefined ? node.resolve(document) : node, segment)?.node;
  return isScalar(node) ? node.source : undefined;
}

function parsed(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, { ...OPTIONS, lineCounter });
  } catch {
    return undefined;
  }
}

function offsetOf(document: Document.Parsed, path: FieldPath): number | undefined {
  let node: Node | null | undefined = document.contents;
  let offset: number | undefined;
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document);
    const found = childOf(node, segment);
    if (found === undefined) return offset;
    offset = found.at ?? offset;
    node = found.node;
  }
  return offset;
}

interface Child { readonly at: number | undefined; readonly node: Node | null }

function childOf(node: Node | null | undefined, segment: string | number): Child | undefined {
  if (isSeq<Node>(node)) {
    const item = node.items[Number(segment)];
    return item === undefined ? undefined : { at: item.range?.[0], node: item };
  }
  if (!isMap<Node, Node | null>(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
  return pair === undefined ? undefined : { at: pair.key.range?.[0], node: pair.value };
}
