/**
 * A snapshot of manifests: files, folders and stdin, as Helm, kustomize and kubectl write them.
 *
 * Promises: every problem with file, line and cause, all of them at once; what was left out is said on stderr.
 */
import { readFile } from 'node:fs/promises';
import type { Origin, Snapshot, Sourced } from '../../analyze/snapshot.ts';
import { policiesOf } from '../../analyze/world.ts';
import type { KindName } from '../../kube/kinds.ts';
import { SourceError, type Host } from '../command.ts';
import { safe } from '../output/cell.ts';
import { documentsIn, isJson, type Found, type Problem } from './documents.ts';
import { findFiles, STDIN, unreadable } from './find-files.ts';
import { kept } from './kept.ts';
import { manifestOf, type ManifestObject, type ManifestQuery } from './manifest.ts';
import { notesOn, refusalNotes, unservedNotes } from './notes.ts';
import { sorted } from './order.ts';
import { decoded, textOfStdin } from './text.ts';

export interface FilesQuery {
  /** As typed after -f. */
  readonly paths: readonly string[];
  readonly kinds: readonly KindName[];
  /** Of namespaced objects that name none. */
  readonly namespace: string;
}

export async function loadFromFiles(host: Host, { paths, kinds, namespace }: FilesQuery): Promise<Snapshot> {
  const { files, skipped, links } = await findFiles(paths);
  const query = { kinds: new Set(kinds), namespace };
  const contents: FileContent[] = [];
  for (const file of files) contents.push(contentOf(await textOf(host, file), file === STDIN ? 'stdin' : file, query));
  const { taken, duplicates } = taking(contents);
  const problems = [...contents.flatMap((content) => content.problems), ...duplicates];
  if (problems.length > 0) throw new SourceError(problemText(problems, { host, files, isTwice: duplicates.length > 0 }));
  const from = paths.map((path) => (path === STDIN ? 'stdin' : path)).join(', ');
  if (contents.every(({ count }) => count === 0)) throw new SourceError(`${from}: there is no Kubernetes object in ${files.length === 1 ? 'it' : `these ${files.length} files`}`);
  const templated = sorted([...taken.values()].filter(({ kind }) => kind === undefined).map(({ object, origin }) => ({ object: kept(undefined, object), origin })));
  const snapshot: Snapshot = { source: 'files', from, objects: byKind(kinds, taken), templated, unread: [] };
  const left = { skipped, links, ignored: contents.flatMap(({ ignored }) => ignored), foreign: contents.filter((each) => each.foreign).map(({ file }) => file), templated };
  for (const note of [...notesOn(left), ...unservedNotes(contents.flatMap((each) => each.unserved)), ...refusalNotes(policiesOf(snapshot))]) host.stderr.write(`${note}\n`);
  return snapshot;
}

/** From here on somebody wonders what takes so long. */
const SLOW_YAML = 4_000_000;

async function textOf({ stdin, stderr }: Host, file: string): Promise<string> {
  const shown = file === STDIN ? 'stdin' : file;
  try {
    const text = file === STDIN ? await textOfStdin(stdin) : decoded(await readFile(file));
    if (text.length > SLOW_YAML && !isJson(text)) stderr.write(safe(`${shown} has ${Math.round(text.length / 1e6)} MB of YAML, a second or more for each; as JSON (-o json) it would be read at once.`) + '\n');
    return text;
  } catch (error) {
    throw unreadable(shown, error);
  }
}

interface FileContent {
  readonly file: string;
  readonly objects: readonly (ManifestObject & { readonly found: Found })[];
  /** Of Kubernetes objects, of whatever kind. */
  readonly count: number;
  readonly ignored: readonly string[];
  /** Whether something else is in it. */
  readonly foreign: boolean;
  /** Objects that are not read for their version, and why. */
  readonly unserved: readonly string[];
  readonly problems: readonly string[];
}

function contentOf(text: string, file: string, query: ManifestQuery): FileContent {
  const documents = documentsIn(text);
  const manifests = documents.found.map((found) => ({ found, ...manifestOf(found, query) }));
  const placed = (problem: Problem): string => `${placeOf(file, problem)}: ${problem.message}`;
  const problems = [...documents.problems, ...manifests.flatMap((each) => each.problems)].map(placed);
  const unserved = manifests.flatMap((each) => each.unserved.map(placed));
  if (problems.length > 0 && TEMPLATE.test(text)) problems.push(`${file}: ${TEMPLATE_HINT}`);
  const objects = manifests.flatMap((each) => each.objects.map((object) => ({ ...object, found: each.found })));
  const ignored = manifests.flatMap((each) => each.ignored);
  const unasked = manifests.reduce((sum, each) => sum + each.unasked, 0);
  return { file, objects, count: objects.length + ignored.length + unasked + unserved.length, ignored, unserved, foreign: manifests.some((each) => each.foreign > 0), problems };
}

/** `{{ .Values.x }}` or `{{- if`. */
const TEMPLATE = /\{\{-?\s*[.$"(/a-z]/;
const TEMPLATE_HINT = 'it looks like a template of a chart: render it and read what comes out, helm template CHART | … -f -';

function placeOf(file: string, { line, column }: Problem): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}

interface Taken extends Sourced { readonly kind: KindName | undefined; readonly origin: Origin }

/** Each object once; a second one of the same name is told with the places of both. */
function taking(contents: readonly FileContent[]): { taken: ReadonlyMap<string, Taken>; duplicates: string[] } {
  const taken = new Map<string, Taken>();
  const duplicates: string[] = [];
  for (const { file, objects } of contents) {
    for (const { kind, object, at, found } of objects) {
      const origin: Origin = { file, get line() { return found.lineOf(at); }, lineOf: (path) => found.lineOf([...at, ...path]) };
      const { namespace = '', name } = object.metadata;
      const key = `${kind ?? `${object.apiVersion} ${object.kind}`}/${namespace}/${name}${isUnnamed(object.metadata) ? `/${taken.size}` : ''}`;
      const before = taken.get(key);
      if (before === undefined) taken.set(key, { kind, object, origin });
      else duplicates.push(`${file}:${origin.line}: ${object.kind} ${namespace === '' ? '' : `${namespace}/`}${name} is there twice, also at ${before.origin.file}:${before.origin.line}`);
    }
  }
  return { taken, duplicates };
}

/** The API server makes a name for it. */
const isUnnamed = (metadata: object): boolean => 'generateName' in metadata && !('uid' in metadata);

function byKind(kinds: readonly KindName[], taken: ReadonlyMap<string, Taken>): ReadonlyMap<KindName, readonly Sourced[]> {
  const objects = new Map<KindName, Sourced[]>(kinds.map((kind) => [kind, []]));
  for (const { kind, object, origin } of taken.values()) if (kind !== undefined) objects.get(kind)?.push({ object: kept(kind, object), origin });
  return new Map([...objects].map(([kind, found]) => [kind, sorted(found)]));
}

const MOST_SHOWN = 10;

function problemText(problems: readonly string[], { host, files, isTwice }: { readonly host: Host; readonly files: readonly string[]; readonly isTwice: boolean }): string {
  const more = problems.length - MOST_SHOWN;
  const isKustomized = isTwice && files.some((file) => /(^|[\\/])kustomization\.ya?ml$/.test(file));
  return [
    ...problems.slice(0, MOST_SHOWN),
    ...more > 0 ? [`and ${more} more`] : [],
    ...isKustomized ? [`There is a kustomization among the files: build it and read what comes out, kubectl kustomize FOLDER | ${host.calledAs} … -f -`] : [],
  ].map(safe).join('\n');
}
