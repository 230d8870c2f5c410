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

export function readExpectations(document: unknown): Expectations {
  const file = expectationsFile.safeParse(document);
  const top = file.success ? [] : problemsOf(file.error.issues, []).map(explained);
  const items = typeof document === 'object' && document !== null && 'expectations' in document && Array.isArray(document.expectations) ? document.expectations as unknown[] : [];
  const read = items.map((item, index) => readOne(item, index));
  return { expectations: read.flatMap(({ found }) => found ?? []), problems: [...top, ...read.flatMap(({ problems }) => problems)] };
}

function explained({ path, problem }: PathProblem): PathProblem {
  if (path.length === 0) return { path, problem: `${problem}. A file of expectations has apiVersion: ${EXPECTATIONS_VERSION}, kind: ${EXPECTATIONS_KIND} and expectations` };
  return { path, problem };
}

interface Read { readonly found: Expectation | undefined; readonly problems: readonly PathProblem[] }

function readOne(item: unknown, index: number): Read {
  const base = ['expectations', index];
  if (typeof item === 'string') return readLine(item, index, base);
  const stored = expectation.safeParse(item);
  if (!stored.success) return { found: undefined, problems: problemsOf(stored.error.issues, base) };
  return readLong(stored.data, index, base);
}

type Base = readonly (string | number)[];

/** Collects problems; what could not be read is `undefined`. */
interface Collector { readonly problems: PathProblem[]; take<T extends object>(read: T | Problem, path: Base): T | undefined }

function collector(): Collector {
  const problems: PathProblem[] = [];
  return {
    problems,
    take(read, path) {
      if (!('problem' in read)) return read;
      problems.push({ path, problem: read.problem });
      return undefined;
    },
  };
}

function readLine(text: string, index: number, base: Base): Read {
  const collected = collector();
  const line = collected.take(parseLine(text), base);
  if (line === undefined) return { found: undefined, problems: collected.problems };
  const ends = (texts: readonly string[]): End[] => texts.flatMap((each) => collected.take(parseEnd(each), base) ?? []);
  const from = collected.take(parseEnd(line.from), base);
  const to = collected.take(parseDestination(line.to), base);
  const parties = { fromExcept: ends(line.fromExcept), toExcept: ends(line.toExcept) };
  if (from === undefined || to === undefined) return { found: undefined, problems: collected.problems };
  return finished({
    name: text.trim(), index, expect: line.expect, allowEmpty: false,
    from: { kind: 'end', end: from, except: parties.fromExcept },
    to: { kind: 'end', end: to.end, except: parties.toExcept },
    ports: to.port === undefined ? undefined : [to.port],
  }, collected, base);
}

function readLong(stored: StoredExpectation, index: number, base: Base): Read {
  const collected = collector();
  const from = partyOf(stored.from, collected, [...base, 'from']);
  const to = destinationOf(stored.to, collected, [...base, 'to']);
  const listed = stored.port === undefined ? stored.ports : [stored.port];
  const ports = listed?.flatMap((port, at) => collected.take(parsePort(String(port)), stored.port === undefined ? [...base, 'ports', at] : [...base, 'port']) ?? []);
  if (to?.port !== undefined && ports !== undefined) collected.problems.push({ path: [...base, 'to'], problem: 'the port is given twice: in `to` and beside it' });
  if (from === undefined || to === undefined) return { found: undefined, problems: collected.problems };
  return finished({
    name: stored.name ?? nameOf(stored), index, from, to: to.party, ports: to.port === undefined ? ports : [to.port],
    expect: stored.expect, allowEmpty: stored.allowEmpty ?? false,
  }, collected, base);
}

function finished(found: Expectation, { problems }: Collector, base: Base): Read {
  const problem = meaningless(found);
  if (problem !== undefined) problems.push({ path: base, problem });
  return problems.length > 0 ? { found: undefined, problems } : { found, problems };
}

/** "Allowed" on no port in particular could be true of one port or of all; "denied" can only mean all. */
function meaningless({ from, to, ports, expect }: Expectation): string | undefined {
  const [source, destination] = [endKind(from), endKind(to)];
  if (source === 'service') return 'a Service is no source: name the pods behind it';
  if (source === 'metadata') return 'metadata is no source';
  if (destination === 'service') return ports?.some(({ kind }) => kind === 'any') === true ? 'a Service has its own ports: leave the port out to mean all of them' : undefined;
  const isAllowedSomewhere = ports === undefined && expect === 'allowed' && destination !== 'metadata';
  return isAllowedSomewhere ? 'allowed needs a port; write it behind the destination, or any for every port' : undefined;
}

function endKind(party: Party): End['kind'] | undefined {
  return party.kind === 'end' ? party.end.kind : undefined;
}

function partyOf(stored: StoredExpectation['from'], collected: Collector, path: Base): Party | undefined {
  if (typeof stored !== 'string') return selectedParty(stored, collected, path);
  const end = collected.take(parseEnd(stored), path);
  return end === undefined ? undefined : { kind: 'end', end, except: [] };
}

function destinationOf(stored: StoredExpectation['to'], collected: Collector, path: Base): { readonly party: Party; readonly port: Port | undefined } | undefined {
  if (typeof stored !== 'string') return { party: selectedParty(stored, collected, path), port: undefined };
  const found = collected.take(parseDestination(stored), path);
  return found === undefined ? undefined : { party: { kind: 'end', end: found.end, except: [] }, port: found.port };
}

function selectedParty({ namespace, namespaceSelector, podSelector, except = [] }: SelectedPods, collected: Collector, path: Base): Party {
  for (const [key, selector] of [['namespaceSelector', namespaceSelector], ['podSelector', podSelector]] as const) {
    const problem = selectorProblem(selector);
    if (problem !== undefined) collected.problems.push({ path: [...path, key], problem });
  }
  const ends = except.flatMap((text, at) => collected.take(parseEnd(text), [...path, 'except', at]) ?? []);
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
function problemsOf(issues: readonly Issue[] | readonly object[], base: Base): PathProblem[] {
  return (issues as readonly Issue[]).flatMap((issue) => {
    const path = [...base, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
    if (issue.code !== 'invalid_union') return [{ path, problem: lowered(issue.message) }];
    const meant = issue.errors?.find((errors) => !errors.some(({ code, path: at }) => code === 'invalid_type' && at.length === 0));
    return meant === undefined ? [{ path, problem: alternatives(path) }] : problemsOf(meant, path);
  });
}

function alternatives(path: Base): string {
  const last = path.at(-1);
  return last === 'from' || last === 'to' ? 'expected a text such as "shop/web", or namespace, namespaceSelector and podSelector' : 'expected a number or a text';
}

function lowered(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
