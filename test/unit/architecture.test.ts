/**
 * The house rules of src: which layer may import which, one door per package, and what may not be written where.
 *
 * Reads the sources as text. Each rule is a function from files to violations, and each is shown a house that breaks it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

interface Source { readonly path: string; readonly text: string }
/** `types` is true where nothing of it is left when types are stripped. */
interface Import { readonly from: string; readonly to: string; readonly types: boolean }

const LAYERS = ['api', 'kube', 'netpol', 'plan', 'analyze', 'page', 'watch', 'apply', 'control', 'access', 'observe', 'cli'] as const;
type Layer = (typeof LAYERS)[number];

interface Allowed { readonly layers: readonly Layer[]; readonly typesOf?: readonly Layer[]; readonly packages: readonly string[]; readonly files?: readonly string[] }

/** What each layer may import besides itself. `files` are of other layers or of none. */
const TABLE: Record<Layer, Allowed> = {
  api: { layers: [], packages: ['zod', 'node:crypto'] },
  kube: { layers: ['api'], packages: ['zod', '@kubernetes/client-node', 'undici', 'node:events', 'node:fs', 'node:fs/promises', 'node:https', 'node:net', 'node:path'] },
  netpol: { layers: ['api'], typesOf: ['kube'], packages: [] },
  plan: { layers: ['api'], typesOf: ['kube'], packages: [] },
  analyze: { layers: ['api', 'netpol', 'plan'], typesOf: ['kube'], packages: [], files: ['src/kube/kinds.ts', 'src/kube/objects.ts', 'src/kube/pods.ts', 'src/kube/policy-interner.ts'] },
  page: { layers: ['api'], packages: [] },
  watch: { layers: ['api', 'kube', 'plan'], packages: [] },
  apply: { layers: ['api', 'kube', 'plan'], typesOf: ['watch'], packages: [] },
  control: { layers: ['api', 'kube', 'netpol', 'plan', 'page', 'watch', 'apply'], typesOf: ['observe'], packages: ['p-queue'] },
  access: { layers: ['api', 'kube'], typesOf: ['observe'], packages: ['node:crypto', 'node:fs/promises', 'node:tls'] },
  observe: { layers: ['api'], typesOf: ['netpol', 'plan'], packages: ['prom-client', 'winston', 'node:http', 'node:https', 'node:net', 'node:stream'] },
  cli: {
    layers: ['api', 'kube', 'netpol', 'plan', 'analyze', 'page'], typesOf: ['observe'], packages: ['commander', 'yaml', 'node:crypto', 'node:fs', 'node:fs/promises', 'node:os', 'node:path'],
    files: ['src/config.ts', 'src/config-values.ts', 'src/version.ts', 'src/control/clock.ts', 'src/observe/logger.ts', 'src/operator.ts'],
  },
};

/** Packages that are known in one place, so that they can be replaced there. */
const DOORS: readonly { readonly name: string; readonly file: RegExp }[] = [
  { name: '@kubernetes/client-node', file: /^src\/kube\/(connection\w*|kubeconfig)\.ts$/ },
  { name: 'undici', file: /^src\/kube\/(transport|exchange)\.ts$/ },
  { name: 'p-queue', file: /^src\/control\/work-queue\.ts$/ },
  { name: 'prom-client', file: /^src\/observe\/metrics\w*\.ts$/ },
  { name: 'winston', file: /^src\/observe\/logger\.ts$/ },
  { name: 'commander', file: /^src\/cli\/program\.ts$/ },
  { name: 'yaml', file: /^src\/cli\/(output|sources)\/yaml\.ts$/ },
];

/** Words that are known in one place. */
const WORDS: readonly { readonly what: string; readonly word: RegExp; readonly file: RegExp }[] = [
  { what: 'the environment', word: /\bprocess\.env\b/, file: /^src\/cli\/host\.ts$/ },
  { what: 'the process', word: /\bprocess\.(?!versions?\b)/, file: /^src\/(main|cli\/host)\.ts$/ },
  { what: 'the clock', word: /\b(Date\.now|performance\.now)\b|\bnew Date\(\)/, file: /^src\/control\/clock\.ts$/ },
  { what: 'randomness', word: /\bMath\.random\b|\brandom(UUID|Bytes)\b/, file: /^src\/(control\/clock|cli\/host-facts)\.ts$/ },
];

/** What pure code does not say. */
const IMPURE = /\b(async|await|Promise|setTimeout|setInterval|setImmediate|queueMicrotask|console|fetch|process|performance|globalThis)\b|\bDate\.now\b|\bMath\.random\b|\bnew Date\(\)/;
const PURE = /^src\/(plan|api|netpol|analyze|page)\//;

const PASSED_ON = /^export (type )?\{[^}]*\} from '[^']+';$/m;

type Rule = (files: readonly Source[]) => string[];

const RULES: Readonly<Record<string, Rule>> = {
  'arrows between layers only as the table says': (files) => importsOf(files).filter(isRelative).flatMap((found) => {
    const [from, to] = [layerOf(found.from), layerOf(found.to)];
    if (from === undefined || from === to) return [];
    const { layers, typesOf = [], files: some = [] } = TABLE[from];
    if (some.includes(found.to)) return [];
    const isAllowed = to !== undefined && (layers.includes(to) || (found.types && typesOf.includes(to)));
    return isAllowed ? [] : [`${from} may not import ${found.types ? 'types of ' : ''}${found.to}: ${found.from}`];
  }),
  'packages only as the table says': (files) => importsOf(files).filter((found) => !isRelative(found)).flatMap((found) => {
    const from = layerOf(found.from);
    return from === undefined || TABLE[from].packages.includes(found.to) ? [] : [`${from} may not import ${found.to}: ${found.from}`];
  }),
  'one door per package': (files) => importsOf(files).flatMap(({ from, to }) => {
    const door = DOORS.find(({ name }) => name === to);
    return door === undefined || door.file.test(from) ? [] : [`${to} is imported in ${String(door.file)} only: ${from}`];
  }),
  'environment, process, clock and randomness are read in one place each': (files) => files.flatMap(({ path, text }) =>
    WORDS.filter(({ word, file }) => word.test(text) && !file.test(path)).map(({ what, file }) => `${what} is read in ${String(file)} only: ${path}`)),
  'plan, netpol and api are pure: no waiting, no clock, no randomness, no process': (files) => files.filter(({ path }) => PURE.test(path))
    .flatMap(({ path, text }) => linesWith(IMPURE, text).map((line) => `${path}: ${line}`)),
  'of Node.js, plan and netpol import nothing, and api only node:crypto': (files) => importsOf(files).filter(({ from, to }) => PURE.test(from) && to.startsWith('node:') && !(from.startsWith('src/api/') && to === 'node:crypto'))
    .map(({ from, to }) => `${to}: ${from}`),
  'relative imports end in .ts': (files) => files.flatMap(({ path, text }) => specifiersIn(text).filter(({ to }) => to.startsWith('.') && !to.endsWith('.ts')).map(({ to }) => `${to}: ${path}`)),
  'no barrels: no index.ts, no export *, no file that only passes on': (files) => files.filter(({ path, text }) =>
    /(^|\/)index\.ts$/.test(path) || /^export (type )?\*/m.test(text) || (PASSED_ON.test(text) && text.replaceAll(new RegExp(PASSED_ON, 'gm'), '').trim() === '')).map(({ path }) => path),
  'no default exports': (files) => files.filter(({ text }) => /^export default\b|\bas default\b/m.test(text)).map(({ path }) => path),
  'no state of modules': (files) => files.flatMap(({ path, text }) => linesWith(/^(export )?(let|var) /, text).map((line) => `${path}: ${line}`)),
  'src never imports test, scripts or bin': (files) => importsOf(files).filter(({ to }) => /^(test|scripts|bin|dist)\//.test(to)).map(({ from, to }) => `${to}: ${from}`),
  'nothing imports main.ts': (files) => importsOf(files).filter(({ to }) => to === 'src/main.ts').map(({ from }) => from),
  'only the operator command imports operator.ts': (files) => importsOf(files).filter(({ to, from }) => to === 'src/operator.ts' && from !== 'src/cli/operator.ts').map(({ from }) => from),
  'main.ts imports nothing statically': (files) => files.filter(({ path, text }) => path === 'src/main.ts' && /^import\b/m.test(text)).map(({ path }) => path),
  'no cycles': (files) => cyclesIn(importsOf(files).filter(isRelative)),
  'no generated classes of the API client carry a policy': (files) => files.flatMap(({ path, text }) => linesWith(/\bV1(NetworkPolicy|Namespace|LabelSelector)\w*|\b_from\b/, text).map((line) => `${path}: ${line}`)),
  'every file of src belongs to a layer, or is one of the few at the top': (files) => files.filter(({ path }) => layerOf(path) === undefined && !/^src\/(main|operator|config|config-values|version)\.ts$/.test(path)).map(({ path }) => path),
};

describe('architecture of src', () => {
  const files = sourcesBelow(join(ROOT, 'src'));
  for (const [name, rule] of Object.entries(RULES)) it(name, () => assert.deepEqual(rule(files), []));

  it('reads what there is', () => {
    assert.ok(files.length > 50);
    assert.ok(importsOf(files).some(({ from, to, types }) => from === 'src/plan/plan.ts' && to === 'src/kube/objects.ts' && types));
    assert.ok(importsOf(files).some(({ from, to, types }) => from === 'src/main.ts' && to === 'src/cli/program.ts' && !types));
  });
});

describe('architecture: each rule sees what breaks it', () => {
  const broken: Readonly<Record<keyof typeof RULES, readonly Source[]>> = {
    'arrows between layers only as the table says': [
      { path: 'src/api/x.ts', text: "import type { A } from '../kube/objects.ts';" }, { path: 'src/plan/x.ts', text: "import { A } from '../kube/objects.ts';" },
      { path: 'src/apply/x.ts', text: "import { A } from '../watch/store.ts';" }, { path: 'src/observe/x.ts', text: "import { A } from '../control/control.ts';" },
      { path: 'src/watch/x.ts', text: "const a = await import('../apply/body.ts');" }, { path: 'src/cli/x.ts', text: "import {\n  A,\n} from '../control/control.ts';" },
      { path: 'src/netpol/x.ts', text: "import type { A } from '../plan/view.ts';" },
    ],
    'packages only as the table says': [{ path: 'src/plan/x.ts', text: "import { z } from 'zod';" }, { path: 'src/api/x.ts', text: "import 'node:fs';" }],
    'one door per package': [{ path: 'src/kube/objects.ts', text: "import type { V1Pod } from '@kubernetes/client-node';" }, { path: 'src/control/x.ts', text: "import PQueue from 'p-queue';" }],
    'environment, process, clock and randomness are read in one place each': [
      { path: 'src/config.ts', text: 'const a = process.env;' }, { path: 'src/apply/x.ts', text: 'process.exit(1);' }, { path: 'src/control/x.ts', text: 'const now = Date.now();' },
      { path: 'src/kube/x.ts', text: 'const at = new Date();' }, { path: 'src/kube/y.ts', text: 'const jitter = Math.random();' },
    ].map(({ path, text }) => ({ path, text })),
    'plan, netpol and api are pure: no waiting, no clock, no randomness, no process': ['export async function a() {}', 'const now = Date.now();', 'console.log(1);', 'const r = Math.random();'].map((text, index) => ({ path: `src/${index % 2 === 0 ? 'plan' : 'netpol'}/x${index}.ts`, text })),
    'of Node.js, plan and netpol import nothing, and api only node:crypto': [{ path: 'src/plan/x.ts', text: "import { createHash } from 'node:crypto';" }, { path: 'src/api/x.ts', text: "import { readFileSync } from 'node:fs';" }],
    'relative imports end in .ts': [{ path: 'src/plan/x.ts', text: "import { a } from './y';" }, { path: 'src/plan/z.ts', text: "import { a } from './y.js';" }],
    'no barrels: no index.ts, no export *, no file that only passes on': [{ path: 'src/plan/index.ts', text: '' }, { path: 'src/plan/x.ts', text: "export * from './y.ts';" }, { path: 'src/plan/z.ts', text: "export { a } from './y.ts';" }],
    'no default exports': [{ path: 'src/plan/x.ts', text: 'export default 1;' }],
    'no state of modules': [{ path: 'src/control/x.ts', text: 'let count = 0;' }, { path: 'src/control/y.ts', text: 'export let count = 0;' }],
    'src never imports test, scripts or bin': [{ path: 'src/plan/x.ts', text: "import { a } from '../../test/support/build.ts';" }],
    'nothing imports main.ts': [{ path: 'src/cli/x.ts', text: "import '../main.ts';" }],
    'only the operator command imports operator.ts': [{ path: 'src/cli/audit.ts', text: "import { startOperator } from '../operator.ts';" }],
    'main.ts imports nothing statically': [{ path: 'src/main.ts', text: "import { a } from './cli/program.ts';" }],
    'no cycles': [{ path: 'src/plan/a.ts', text: "import type { B } from './b.ts';" }, { path: 'src/plan/b.ts', text: "import { c } from './c.ts';" }, { path: 'src/plan/c.ts', text: "import { a } from './a.ts';" }],
    'no generated classes of the API client carry a policy': [{ path: 'src/kube/x.ts', text: 'let a: V1NetworkPolicy;' }, { path: 'src/kube/y.ts', text: 'a._from = [];' }],
    'every file of src belongs to a layer, or is one of the few at the top': [{ path: 'src/utils.ts', text: '' }, { path: 'src/helpers/x.ts', text: '' }],
  };
  for (const [name, files] of Object.entries(broken)) {
    it(name, () => {
      const found = RULES[name]?.(files) ?? [];
      for (const { path } of name === 'no cycles' ? files.slice(0, 1) : files) assert.ok(found.some((violation) => violation.includes(path)), `${path} passes`);
    });
  }
  it('no rule is left without', () => assert.deepEqual(Object.keys(broken).sort(), Object.keys(RULES).sort()));
  it('comments say what they like', () => {
    const files = [{ path: 'src/plan/x.ts', text: "/** await Date.now() */\n// import { a } from 'zod';\nconst at = 'https://example.com'; // process.env" }];
    for (const rule of Object.values(RULES)) assert.deepEqual(rule(files.map(withoutComments)), []);
  });
});

function sourcesBelow(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => withoutComments({ path: relative(ROOT, join(folder, name)), text: readFileSync(join(folder, name), 'utf8') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function withoutComments({ path, text }: Source): Source {
  return { path, text: text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1') };
}

/** As written, statements over several lines included. */
function specifiersIn(text: string): { to: string; types: boolean }[] {
  const statements = [...text.matchAll(/^(?:import|export)\s+(type\s)?[^;'"]*?from\s*['"]([^'"]+)['"]/gm)].map(([, types, to = '']) => ({ to, types: types !== undefined }));
  const bare = [...text.matchAll(/^import\s*['"]([^'"]+)['"]/gm)].map(([, to = '']) => ({ to, types: false }));
  const calls = [...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)].map(([, to = '']) => ({ to, types: false }));
  return [...statements, ...bare, ...calls];
}

/** Relative ones as paths from the root. */
function importsOf(files: readonly Source[]): Import[] {
  return files.flatMap(({ path, text }) => specifiersIn(text).map(({ to, types }) => ({ from: path, to: to.startsWith('.') ? normalize(join(dirname(path), to)) : to, types })));
}

function isRelative({ to }: Import): boolean {
  return /^(src|test|scripts|bin|dist)\//.test(to);
}

function layerOf(path: string): Layer | undefined {
  const [, folder] = /^src\/(\w+)\//.exec(path) ?? [];
  return LAYERS.find((layer) => layer === folder);
}

function linesWith(pattern: RegExp, text: string): string[] {
  return text.split('\n').filter((line) => pattern.test(line)).map((line) => line.trim());
}

/** Each cycle once, as `a -> b -> a`. */
function cyclesIn(imports: readonly Import[]): string[] {
  const edges = new Map<string, string[]>();
  for (const { from, to } of imports) edges.set(from, [...(edges.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start !== -1) found.push([...path.slice(start), file].join(' -> '));
    if (start !== -1 || done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  return found;
}
