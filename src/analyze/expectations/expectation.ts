/**
 * A file of expectations to values: every mistake at once, each with the path of what is wrong.
 *
 * Promises: an expectation that came through says whom it is about, on which ports, and what is expected; whether
 * there is anybody like that is another question.
 */
import { EXPECTATIONS_KIND, expectation, EXPECTATIONS_VERSION, expectationsFile, type ExpectedSelector, type SelectedPods, type StoredExpectation } from '../../api/expectations.ts';
import { selectorProblem } from '../../api/selector.ts';
import { parseEnd, type End, type Problem } from '../explain/end.ts';
import { parseDestination, parsePort, type Port } from '../explain/port.ts';
import { parseLine } from './line.ts';

/** One end of an expectation: one that is written, or pods by selectors; without those in `except`. */
export type Party =
  | { readonly kind: 'end'; readonly end: End; readonly except: readonly End[] }
  | {
    readonly kind: 'selected'; readonly namespace: string | undefined;
    readonly namespaceSelector: ExpectedSelector | undefined; readonly podSelector: ExpectedSelector | undefined; readonly except: readonly End[];
  };

export interface Expectation {
  /** As given, else as it would be written in one line. */
  readonly name: string;
  /** Position in its file, counted from 0. */
  readonly index: number;
  readonly from: Party;
  readonly to: Party;
  /** Absent: of a Service its ports, of the metadata address 80, of everything else every port. */
  readonly ports: readonly Port[] | undefined;
  readonly expect: 'allowed' | 'denied';
  /** Whether it passes where it is about nobody. */
  readonly allowEmpty: boolean;
}

export interface PathProblem extends Problem { readonly path: readonly (string | number)[] }

export interface Expectations { readonly expectations: readonly Expectation[]; readonly problems: readonly PathProblem[] }

/** Whether a document means to be a file of expectations, right or wrong. */
export function isExpectations(document: unknown): boolean {
  if (typeof document !== 'object' || document === null) return false;
  return ('kind' in document && document.kind === EXPECTATIONS_KIND) || 'expectations' in document;
}

/** `namespace`: where names are looked up that come without one. */
export function readExpectations(document: unknown, namespace?: string): Expectations {
  const file = expectationsFile.safeParse(document);
  const top = file.success ? [] : problemsOf(file.error.issues, []).map(({ path, problem }) => ({ path, problem: path.length === 0 ? `${problem}. ${SHAPE}` : problem }));
  const items = fieldOf(document, 'expectations');
  const read = (Array.isArray(items) ? items : []).map((item: unknown, index) => readOne(item, index, namespace));
  return { expectations: read.flatMap(({ found }) => found ?? []), problems: [...top, ...read.flatMap(({ problems }) => problems)] };
}

const SHAPE = `A file of expectations has apiVersion: ${EXPECTATIONS_VERSION}, kind: ${EXPECTATIONS_KIND} and expectations`;

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, field) ? (value as Readonly<Record<string, unknown>>)[field] : undefined;
}

interface Read { readonly found: Expectation | undefined; readonly problems: readonly PathProblem[] }

function readOne(item: unknown, index: number, namespace: string | undefined): Read {
  const collected = collector(['expectations', index], namespace);
  if (typeof item === 'string') return readLine(item, index, collected);
  const stored = expectation.safeParse(item);
  if (stored.success) return readLong(stored.data, index, collected);
  collected.problems.push(...problemsOf(stored.error.issues, collected.base));
  readTexts(item, collected);
  return { found: undefined, problems: collected.problems };
}

/** What is wrong with the texts of one whose shape is wrong as well. */
function readTexts(item: unknown, collected: Collector): void {
  const [from, to, port, ports] = ['from', 'to', 'port', 'ports'].map((field) => fieldOf(item, field));
  if (typeof from === 'string') collected.take(parseEnd(from, collected.namespace), ['from']);
  if (typeof to === 'string') collected.take(parseDestination(to, collected.namespace), ['to']);
  const listed: [unknown, Path][] = [[port, ['port']], ...(Array.isArray(ports) ? ports : []).map((each: unknown, at): [unknown, Path] => [each, ['ports', at]])];
  for (const [each, path] of listed) if (typeof each === 'string' || typeof each === 'number') collected.take(parsePort(String(each)), path);
}

type Path = readonly (string | number)[];

/** Collects the problems of one expectation; what could not be read is `undefined`. `path` is in the expectation. */
interface Collector {
  readonly base: Path;
  readonly namespace: string | undefined;
  readonly problems: PathProblem[];
  take<T extends object>(read: T | Problem, path?: Path): T | undefined;
}

function collector(base: Path, namespace: string | undefined): Collector {
  const problems: PathProblem[] = [];
  return {
    base, namespace, problems,
    take(read, path = []) {
      if (!('problem' in read)) return read;
      problems.push({ path: [...base, ...path], problem: read.problem });
      return undefined;
    },
  };
}

function readLine(text: string, index: number, collected: Collector): Read {
  const { namespace } = collected;
  const line = collected.take(parseLine(text));
  if (line === undefined) return { found: undefined, problems: collected.problems };
  const from = collected.take(parseEnd(line.from, namespace));
  const to = collected.take(parseDestination(line.to, namespace));
  const [fromExcept, toExcept] = [line.fromExcept, line.toExcept].map((texts) => texts.flatMap((each) => collected.take(parseEnd(each, namespace)) ?? []));
  if (from === undefined || to === undefined || fromExcept === undefined || toExcept === undefined) return { found: undefined, problems: collected.problems };
  return finished({
    name: text.trim(), index, expect: line.expect, allowEmpty: false,
    from: { kind: 'end', end: from, except: fromExcept }, to: { kind: 'end', end: to.end, except: toExcept }, ports: to.port === undefined ? undefined : [to.port],
  }, collected);
}

function readLong(stored: StoredExpectation, index: number, collected: Collector): Read {
  const from = partyOf(stored.from, collected);
  const to = destinationOf(stored.to, collected);
  const listed = stored.port === undefined ? stored.ports : [stored.port];
  const ports = listed?.flatMap((port, at) => collected.take(parsePort(String(port)), stored.port === undefined ? ['ports', at] : ['port']) ?? []);
  if (to?.port !== undefined && ports !== undefined) collected.take({ problem: 'the port is given twice: in `to` and beside it' }, ['to']);
  if (from === undefined || to === undefined) return { found: undefined, problems: collected.problems };
  return finished({
    name: stored.name ?? nameOf(stored), index, from, to: to.party, ports: to.port === undefined ? ports : [to.port],
    expect: stored.expect, allowEmpty: stored.allowEmpty ?? false,
  }, collected);
}

function finished(found: Expectation, collected: Collector): Read {
  const problem = meaningless(found);
  if (problem !== undefined) collected.take({ problem });
  return { found: collected.problems.length > 0 ? undefined : found, problems: collected.problems };
}

/** "Allowed" on no port in particular could be true of one port or of all; "denied" can only mean all. */
function meaningless({ from, to, ports, expect }: Expectation): string | undefined {
  const [source, destination] = [endKind(from), endKind(to)];
  if ([...from.except, ...to.except].some(({ kind }) => kind === 'service')) return 'a Service cannot stand in except: name the pods behind it';
  if (source === 'service') return 'a Service is no source: name the pods behind it';
  if (source === 'metadata') return 'metadata is no source';
  if (destination === 'service') return ports?.some(({ kind }) => kind === 'any') === true ? 'a Service has its own ports: leave the port out to mean all of them' : undefined;
  const isAllowedSomewhere = ports === undefined && expect === 'allowed' && destination !== 'metadata';
  return isAllowedSomewhere ? 'allowed needs a port; write it behind the destination, or any for every port' : undefined;
}

function endKind(party: Party): End['kind'] | undefined {
  return party.kind === 'end' ? party.end.kind : undefined;
}

function partyOf(stored: StoredExpectation['from'], collected: Collector): Party | undefined {
  if (typeof stored !== 'string') return selectedParty(stored, collected, 'from');
  const end = collected.take(parseEnd(stored, collected.namespace), ['from']);
  return end === undefined ? undefined : { kind: 'end', end, except: [] };
}

function destinationOf(stored: StoredExpectation['to'], collected: Collector): { readonly party: Party; readonly port: Port | undefined } | undefined {
  if (typeof stored !== 'string') return { party: selectedParty(stored, collected, 'to'), port: undefined };
  const found = collected.take(parseDestination(stored, collected.namespace), ['to']);
  return found === undefined ? undefined : { party: { kind: 'end', end: found.end, except: [] }, port: found.port };
}

function selectedParty({ namespace, namespaceSelector, podSelector, except = [] }: SelectedPods, collected: Collector, side: 'from' | 'to'): Party {
  for (const [key, selector] of [['namespaceSelector', namespaceSelector], ['podSelector', podSelector]] as const) {
    const problem = selectorProblem(selector);
    if (problem !== undefined) collected.take({ problem }, [side, key]);
  }
  const ends = except.flatMap((text, at) => collected.take(parseEnd(text, collected.namespace), [side, 'except', at]) ?? []);
  return { kind: 'selected', namespace, namespaceSelector, podSelector, except: ends };
}

/** For people, who wrote it: what it says in one line, labels only where they are. */
function nameOf({ from, to, port, ports, expect }: StoredExpectation): string {
  const listed = port === undefined ? ports ?? [] : [port];
  const onPorts = listed.length === 0 ? '' : `:${listed.join(',')}`;
  return `${partyText(from)} -> ${partyText(to)}${onPorts} ${expect}`;
}

function partyText(stored: StoredExpectation['from']): string {
  if (typeof stored === 'string') return stored;
  const { namespace, namespaceSelector, podSelector } = stored;
  const where = namespace ?? (namespaceSelector === undefined ? '*' : `{${selectorText(namespaceSelector)}}`);
  return `${where}/${podSelector === undefined ? '*' : `{${selectorText(podSelector)}}`}`;
}

function selectorText({ matchLabels = {}, matchExpressions = [] }: ExpectedSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...equal, ...matchExpressions.map(({ key, operator, values = [] }) => [key, operator, ...(values.length === 0 ? [] : [`(${values.join(' ')})`])].join(' '))].join(',');
}

interface Issue { readonly code: string; readonly path: readonly PropertyKey[]; readonly message: string; readonly errors?: readonly (readonly Issue[])[] }

/** Of a union, the alternative that what was written comes nearest to. */
function problemsOf(issues: readonly object[], base: Path): PathProblem[] {
  return (issues as readonly Issue[]).flatMap((issue) => {
    const path = [...base, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
    if (issue.code !== 'invalid_union') return [{ path, problem: inOurWords(issue.message) }];
    const meant = issue.errors?.find((errors) => !errors.some(({ code, path: at }) => code === 'invalid_type' && at.length === 0));
    return meant === undefined ? [{ path, problem: alternatives(path) }] : problemsOf(meant, path);
  });
}

function alternatives(path: Path): string {
  const last = path.at(-1);
  return last === 'from' || last === 'to' ? 'expected a text such as "shop/web", or namespace, namespaceSelector and podSelector' : 'expected a number or a text';
}

/** `Invalid input: expected "a"` is `expected "a"` here, and `Invalid option: expected one of "a"|"b"` is `expected "a" or "b"`. */
function inOurWords(message: string): string {
  const found = message.replace(/^Invalid (input|option): /, '').replace('one of ', '').replaceAll('"|"', '" or "');
  return found.replace(/^(Unrecognized|Too|Expected)\b/, (word) => word.toLowerCase());
}
