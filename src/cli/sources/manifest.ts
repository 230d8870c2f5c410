/**
 * One document of a file as objects of known kinds.
 *
 * Promises: an object stays as it is written, but for its metadata: a namespace is filled in or taken away, fields that
 * are null go. One that the API server would not take for its types is a problem with its line. Must not: read anything.
 */
import type { KubeObject } from '../../analyze/snapshot.ts';
import { withoutNulls } from '../../analyze/workloads.ts';
import { KINDS, type KindName } from '../../kube/kinds.ts';
import { shapeProblems, templateProblems } from '../../kube/manifest-shape.ts';
import { meantPolicy } from './meant-policy.ts';
import type { ObjectMeta } from '../../kube/objects.ts';
import type { Found, Problem } from './documents.ts';
import { formerKind, unserved } from './unserved.ts';
import type { FieldPath } from './yaml.ts';

/** An object, and the path in its document at which it stands. */
interface Placed { readonly value: unknown; readonly at: FieldPath }

/** Without `kind`: of a kind that is not known, and has a pod template. */
export interface ManifestObject { readonly kind: KindName | undefined; readonly object: KubeObject; readonly at: FieldPath }

export interface Manifest {
  readonly objects: readonly ManifestObject[];
  /** Kinds of objects that are not known, each as often as it is there. */
  readonly ignored: readonly string[];
  /** Objects of kinds that are known and not asked for. */
  readonly unasked: number;
  /** Parts that are no objects of Kubernetes. */
  readonly foreign: number;
  /** Why objects are not read that are of a known kind. */
  readonly unserved: readonly Problem[];
  readonly problems: readonly Problem[];
}

export interface ManifestQuery {
  readonly kinds: ReadonlySet<KindName>;
  /** Of objects that name none. */
  readonly namespace: string;
}

/** A problem of a document with very many is shown by its first ones. */
const MOST_PROBLEMS = 10;
/** Real ones stay below 60. */
const DEEPEST = 250;

const KNOWN: ReadonlyMap<string, KindName> = new Map((Object.keys(KINDS) as KindName[]).map((name) => [`${KINDS[name].group}/${KINDS[name].kind}`, name]));
const KNOWN_ELSEWHERE: ReadonlySet<string> = new Set(Object.values(KINDS).map(({ kind }) => kind));

export function manifestOf(found: Found, query: ManifestQuery): Manifest {
  const objects: ManifestObject[] = [];
  const ignored: string[] = [];
  const [old, problems]: [Problem[], Problem[]] = [[], []];
  let [foreign, unasked] = [0, 0];
  for (const { value, at } of placedIn({ value: found.value, at: [] })) {
    if (!isTyped(value)) {
      foreign += 1;
      continue;
    }
    const told = (path: FieldPath, message: string): Problem => ({ line: found.lineOf([...at, ...path]), message: `${titleOf(value)}: ${message}` });
    const reading = readingOf(value, query.kinds);
    switch (reading.as) {
      case 'ignored': ignored.push(reading.what); break;
      case 'unasked': unasked += 1; break;
      case 'problem': problems.push(told([reading.field], reading.message)); break;
      case 'unserved': old.push(told([reading.field], reading.message)); break;
      case 'object': {
        const bad = problemsOf(reading.kind, value);
        for (const { path, message } of bad) problems.push(told(path, `${pathText(path)}${withTyped(message, () => found.typedAt([...at, ...path]))}`));
        if (bad.length === 0) objects.push({ kind: reading.kind, object: inNamespace(reading.kind, value as unknown as KubeObject, query.namespace), at });
      }
    }
  }
  return { objects, ignored, unasked, foreign, unserved: old, problems: problems.slice(0, MOST_PROBLEMS) };
}

type Reading =
  | { readonly as: 'object'; readonly kind: KindName | undefined }
  | { readonly as: 'ignored'; readonly what: string }
  | { readonly as: 'unasked' }
  | { readonly as: 'problem' | 'unserved'; readonly field: 'apiVersion' | 'kind'; readonly message: string };

function readingOf(value: Typed, kinds: ManifestQuery['kinds']): Reading {
  const known = KNOWN.get(`${groupOf(value.apiVersion)}/${value.kind}`);
  const meant = known === undefined && kinds.has('NetworkPolicy') ? meantPolicy(value) : undefined;
  if (meant !== undefined) return { as: 'problem', ...meant };
  const kind = known ?? formerKind(value);
  if (kind === undefined) {
    if (kinds.has('Pod') && hasPodTemplate(value)) return { as: 'object', kind };
    return { as: 'ignored', what: KNOWN_ELSEWHERE.has(value.kind) ? `${value.kind} of ${value.apiVersion}` : value.kind };
  }
  if (!kinds.has(kind)) return { as: 'unasked' };
  const old = unserved(kind, value.apiVersion);
  return old === undefined ? { as: 'object', kind } : { as: old.isFatal ? 'problem' : 'unserved', field: 'apiVersion', message: old.message };
}

interface Typed { readonly apiVersion: string; readonly kind: string; readonly metadata?: unknown; readonly items?: unknown; readonly spec?: unknown }

function isTyped(value: unknown): value is Typed {
  const { apiVersion, kind } = isMapping(value) ? value : {};
  return typeof apiVersion === 'string' && typeof kind === 'string';
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '');

/** A list in a list in a list is nobody's manifest. */
const LONGEST_PLACE = 4;

/** Items of a list may leave out what it says of all. */
function placedIn({ value, at }: Placed): Placed[] {
  if (at.length > LONGEST_PLACE || !isTyped(value) || !value.kind.endsWith('List') || !Array.isArray(value.items)) return [{ value, at }];
  const { apiVersion, kind: listKind } = value;
  const kind = listKind.slice(0, -'List'.length);
  return value.items.flatMap((item: unknown, index) =>
    placedIn({ value: kind !== '' && isMapping(item) ? { apiVersion, kind, ...item } : item, at: [...at, 'items', index] }));
}

interface PathProblem { readonly path: FieldPath; readonly message: string }

/** As Rollouts of Argo and CloneSets of OpenKruise have it, and a Service of Knative. */
function hasPodTemplate(value: Typed): boolean {
  const containers = ['template', 'spec', 'containers'].reduce<unknown>((within, key) => (isMapping(within) ? within[key] : undefined), value.spec);
  return Array.isArray(containers) && containers.length > 0 && containers.every(isMapping);
}

function problemsOf(kind: KindName | undefined, value: Typed): readonly PathProblem[] {
  if (isDeeperThan(DEEPEST, value)) return [{ path: [], message: `it is nested more than ${DEEPEST} levels deep` }];
  const name = isMapping(value.metadata) ? value.metadata['name'] ?? value.metadata['generateName'] : undefined;
  if (name === undefined || name === null || name === '') return [{ path: ['metadata', 'name'], message: 'it has no name' }];
  return kind === undefined ? templateProblems(named(value, name)) : shapeProblems(kind, named(value, name));
}

/** Objects with `generateName` have a name that nobody knows yet. */
function named(value: Typed, name: unknown): object {
  return { ...value, metadata: { ...(value.metadata as object), name } };
}

/** Level by level, so that depth itself costs no stack. */
function isDeeperThan(levels: number, value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}

function inNamespace(kind: KindName | undefined, object: KubeObject, fallback: string): KubeObject {
  const { namespace, generateName, ...metadata } = withoutNulls(object.metadata) as ObjectMeta & { generateName?: string };
  const name = metadata.name || generateName || '';
  const kept: ObjectMeta = { ...metadata, ...(generateName !== undefined && { generateName }), name };
  return { ...object, metadata: kind === undefined || KINDS[kind].namespaced ? { ...kept, namespace: namespace || fallback } : kept };
}

/** Who typed `on` looks for that. */
function withTyped(message: string, typed: () => string | undefined): string {
  return message.replace(/the boolean (true|false)/, (whole, value: string) => {
    const text = typed();
    return text === undefined || text === value ? whole : `${text}, which YAML reads as ${value}`;
  });
}

function titleOf({ kind, metadata }: Typed): string {
  const { name, namespace } = isMapping(metadata) ? metadata : {};
  if (typeof name !== 'string' || name === '') return kind;
  return `${kind} ${typeof namespace === 'string' && namespace !== '' ? `${namespace}/` : ''}${name}`;
}

function pathText(path: FieldPath): string {
  if (path.length === 0) return '';
  return `${path.map((each, index) => (typeof each === 'number' ? `[${each}]` : `${index === 0 ? '' : '.'}${each}`)).join('')}: `;
}
