/**
 * What the documentation says is so: links lead somewhere, and every flag, variable, metric, state, reason, script and
 * path that it names exists; what there is to know is in it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { LASTING_CONDITIONS, PASSING_CONDITIONS } from '../../src/api/conditions.ts';
import { baselineSpec } from '../../src/api/v1alpha1.ts';
import { allCommands } from '../../src/cli/program.ts';
import { SETTINGS } from '../../src/config.ts';
import { OPAQUE_POLICY_KINDS, peopleCall } from '../../src/kube/kinds.ts';
import { metricTable } from '../../src/observe/metric-catalog.ts';
import { STATES } from '../../src/plan/verdict.ts';
import { RECORDING_RULES } from '../../scripts/observability/rules/recording.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Page { readonly path: string; readonly text: string; readonly blocks: readonly Block[]; readonly prose: string }
interface Block { readonly language: string; readonly text: string }

const pages = [...markdownIn('.', false), ...markdownIn('docs', true), ...markdownIn('src', true)].map(pageAt);
const pageCalled = (path: string): Page => pages.find((page) => page.path === path) ?? assert.fail(`there is no ${path}`);
/** Written by the bench and its owner, with numbers and flags of their own. */
const names = pages.filter(({ path }) => !['docs/performance.md', 'docs/behaviours.md'].includes(path));

describe('documentation', () => {
  it('is there', () => {
    for (const path of ['README.md', 'CHANGELOG.md', 'src/README.md', 'docs/concepts.md', 'docs/metrics.md', 'docs/configuration.md', 'docs/troubleshooting.md']) pageCalled(path);
    assert.ok(pages.some(({ path }) => path.startsWith('docs/decisions/')));
    assert.match(read('LICENSE'), /Apache License\s+Version 2\.0, January 2004/);
  });

  for (const page of pages) {
    it(`${page.path}: links and anchors lead somewhere`, () => assert.deepEqual(brokenLinks(page), []));
    it(`${page.path}: names nothing that only this workshop has`, () => assert.deepEqual(wordsOfTheWorkshop(page), []));
    it(`${page.path}: blocks of YAML and JSON can be read`, () => {
      for (const { language, text } of page.blocks) {
        if (language === 'yaml') for (const document of parseAllDocuments(text)) assert.deepEqual(document.errors, [], text);
        if (language === 'json') JSON.parse(text);
      }
    });
  }

  for (const page of names) {
    it(`${page.path}: flags, variables, metrics, scripts and paths exist`, () => {
      assert.deepEqual(unknown(page, ANY_FLAG, FLAGS), [], 'flags');
      assert.deepEqual(unknown(page, ANY_VARIABLE, VARIABLES), [], 'variables');
      assert.deepEqual(unknown(page, ANY_METRIC, METRICS), [], 'metrics');
      assert.deepEqual(unknown(page, ANY_SCRIPT, SCRIPTS), [], 'scripts');
      assert.deepEqual(pathsIn(page).filter((path) => !existsSync(join(ROOT, path))), [], 'paths');
    });

    it(`${page.path}: its baselines are what the API takes`, () => {
      for (const { spec } of baselinesIn(page)) assert.deepEqual(notTaken(spec, baselineSpec.parse(spec), 'spec'), []);
    });
  }

  it('src: what messages send people to exists', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => read(join('src', name)));
    const found = files.flatMap(pathsForPeople);
    for (const path of ['config/rbac/isolation', 'crds', 'docs/cli.md']) assert.ok(found.includes(path), path);
    assert.deepEqual(found.filter((path) => !existsSync(join(ROOT, path))), []);
  });

  it('README: explains every field of the spec', () => {
    const documented = tableAfter(pageCalled('README.md'), '| field of `spec`').flatMap(([cell = '']) => codeIn(cell)).map((field) => field.split('.')[0] ?? '');
    assert.deepEqual(new Set(documented.toSorted()), new Set(Object.keys(baselineSpec.shape).toSorted()));
  });

  for (const path of ['README.md', 'docs/concepts.md']) {
    it(`${path}: explains every state, in their order`, () => {
      assert.deepEqual(tableAfter(pageCalled(path), '| state |').flatMap(([cell = '']) => codeIn(cell)), [...STATES]);
    });
  }

  it('troubleshooting: explains every condition and its reasons', () => {
    const rows = tableAfter(pageCalled('docs/troubleshooting.md'), '| type | status | reason |');
    assert.deepEqual(rows.flatMap(([type = '']) => codeIn(type)).toSorted(), [...LASTING_CONDITIONS, ...PASSING_CONDITIONS].toSorted());
    const written = [...read('src/plan/status.ts').matchAll(/reason: '(\w+)'/g)].map(([, reason = '']) => reason);
    written.push(...unionIn('src/plan/effect.ts', 'UnknownReason'));
    assert.deepEqual(new Set(rows.flatMap(([, , reason = '']) => codeIn(reason)).filter((word) => word !== 'Stalled').toSorted()), new Set(written.toSorted()));
  });

  it('troubleshooting: explains every reason of a namespace', () => {
    const rows = tableAfter(pageCalled('docs/troubleshooting.md'), '| state | reason |');
    const verdicts = [...unionIn('src/plan/verdict.ts', 'VerdictReason'), ...unionIn('src/plan/verdict.ts', 'RefusalReason')];
    assert.deepEqual(new Set(rows.flatMap(([, reason = '']) => codeIn(reason)).toSorted()), new Set([...verdicts, 'Leftover', 'Overridden', 'NotEvaluated', 'Unprotected'].toSorted()));
    for (const reason of ['Overridden', 'NotEvaluated']) assert.ok(read('src/plan/status-isolation.ts').includes(`= '${reason}';`), reason);
    assert.match(read('src/plan/report.ts'), /reason: 'Leftover'[\s\S]*reason: 'Unprotected'/);
    for (const reason of unionIn('src/plan/leaving.ts', 'LeftoverReason')) assert.ok(pageCalled('docs/troubleshooting.md').text.includes(`\`${reason}\``), reason);
  });

  it('coverage: names every kind of policy that is not evaluated, as it is called', () => {
    const rows = tableAfter(pageCalled('docs/coverage.md'), '| of | kinds |');
    assert.deepEqual(rows.flatMap(([, kinds = '']) => codeIn(kinds)).toSorted(), OPAQUE_POLICY_KINDS.map(peopleCall).toSorted());
  });

  it('troubleshooting: explains every event', () => {
    const rows = tableAfter(pageCalled('docs/troubleshooting.md'), '| reason | on | when |');
    assert.deepEqual(rows.flatMap(([reason = '']) => codeIn(reason)).toSorted(), unionIn('src/apply/events.ts', 'EventReason').toSorted());
  });

  it('CHANGELOG: has the version of the package', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    assert.match(pageCalled('CHANGELOG.md').text, new RegExp(String.raw`^## ${version.replaceAll('.', String.raw`\.`)}\b`, 'm'));
  });
});

describe('documentation: each check sees what is wrong', () => {
  const wrong = (text: string): Page => pageOf('README.md', text);

  it('links', () => {
    const text = '# One two\n[a](#one-two) [b](#one-too) [c](nowhere.md) [d](LICENSE) [e](docs/concepts.md#nothing) [f](../outside) `[g](code)`';
    assert.deepEqual(brokenLinks(wrong(text)), ['#one-too', 'nowhere.md', 'docs/concepts.md#nothing', '../outside']);
  });

  it('names', () => {
    assert.deepEqual(unknown(wrong('`--kubeconfig F --kubeconfg F`'), ANY_FLAG, FLAGS), ['kubeconfg']);
    assert.deepEqual(unknown(wrong('NPB_LOG_LEVEL NPB_LOG_LEVL'), ANY_VARIABLE, VARIABLES), ['NPB_LOG_LEVL']);
    assert.deepEqual(unknown(wrong('netpol_baseline_policies, netpol_baseline_polices{a="b"}, `workqueue_…`'), ANY_METRIC, METRICS), ['netpol_baseline_polices']);
    assert.deepEqual(unknown(wrong('npm test, npm run tset, npm run lint'), ANY_SCRIPT, SCRIPTS), ['tset']);
    assert.deepEqual(pathsIn(wrong('config/samples/minimal.yaml and config/samples/maximal.yaml')).filter((path) => !existsSync(join(ROOT, path))), ['config/samples/maximal.yaml']);
    assert.deepEqual(pathsForPeople("import { a } from '../config/a.ts'; log('apply config/crd, or kubectl apply --server-side -k crd'); // ~/.config/fish, docs/x.md"), ['config/crd', 'docs/x.md', 'crd']);
  });

  it('fields that the API does not have', () => {
    const [baseline] = baselinesIn(wrong('```yaml\nkind: NamespacePolicyBaseline\nspec: {dns: {enabeld: true}, paused: true}\n```\n'));
    assert.deepEqual(notTaken(baseline?.spec, baselineSpec.parse(baseline?.spec), 'spec'), ['spec.dns.enabeld']);
  });

  it('words of the workshop', () => {
    assert.deepEqual(wordsOfTheWorkshop(wrong(`https://registry.internal/x, ${'/work'}/main, ../${'shared'}/x, https://kyverno.io`)), ['registry.internal', '/work', 'shared/']);
  });
});

const ANY_FLAG = /(?<![\w-])--([a-z][a-z-]+)/g;
const ANY_VARIABLE = /\b(NPB_[A-Z_]+)\b/g;
const ANY_METRIC = /\b((?:netpol_baseline|controller_runtime|workqueue|rest_client|leader_election)_[a-z_]*[a-z])\b/g;
const ANY_SCRIPT = /\bnpm (?:run )?(test|start|(?<=run )[a-z:-]+)/g;

/** Flags of every command of `npb`, and of the demo. */
const OWN_FLAGS = [...(await allCommands()).flatMap(({ options }) => options.map(({ flag }) => flag)), 'once', 'kubeconfig', 'context', 'help', 'version'];
const FLAGS_OF_OTHERS = {
  kubectl: ['type', 'server-side', 'overwrite', 'show-labels', 'show-managed-fields', 'field-selector', 'replicas', 'prefix', 'previous', 'raw', 'tail', 'for', 'recursive', 'clusterrole', 'group', 'user', 'all', 'as'],
  kind: ['config', 'name'],
  helm: ['destination', 'install', 'create-namespace', 'set', 'take-ownership', 'force-conflicts'],
  'npm run build:install': ['image'],
};
const FLAGS = new Set([...OWN_FLAGS, ...Object.values(FLAGS_OF_OTHERS).flat()]);
const VARIABLES = new Set([...Object.values(SETTINGS).map(({ env }) => env), ...variablesIn('test/tools/cache.ts')]);
const METRICS = new Set(metricTable().flatMap(({ name, type }) => (type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])).concat(RECORDING_RULES.flatMap(({ record }) => record.split(':'))));
const SCRIPTS = new Set(Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts));
/** Prefixes that are spoken of as such. */
const PREFIXES = new Set(['controller_runtime', 'workqueue', 'rest_client', 'leader_election', 'netpol_baseline']);

function variablesIn(path: string): string[] {
  return [...read(path).matchAll(/\bNPB_[A-Z_]+\b/g)].map(([name]) => name);
}

function markdownIn(folder: string, recursive: boolean): string[] {
  return readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => join(folder, name)).toSorted();
}

function pageAt(path: string): Page {
  return pageOf(path, read(path));
}

function pageOf(path: string, text: string): Page {
  const fenced = /^```(\w*)\n([\s\S]*?)^```$/gm;
  const blocks = [...text.matchAll(fenced)].map(([, language = '', block = '']) => ({ language, text: block }));
  return { path, text, blocks, prose: text.replaceAll(fenced, '').replaceAll(/<!--[\s\S]*?-->/g, '') };
}

function brokenLinks({ path, text, prose }: Page): string[] {
  const targets = [...prose.replaceAll(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    const found = resolve(ROOT, dirname(path), file);
    if (!existsSync(found) || relative(ROOT, found).startsWith('..')) return true;
    return anchor !== undefined && !anchorsIn(file === '' ? text : readFileSync(found, 'utf8')).has(anchor);
  });
}

/** As GitHub makes them: lower case, without punctuation, blanks become hyphens, repeated ones are numbered. */
function anchorsIn(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading = ''] of text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim().toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
    for (let number = 0; ; number += 1) {
      const anchor = number === 0 ? plain : `${plain}-${number}`;
      if (found.has(anchor)) continue;
      found.add(anchor);
      break;
    }
  }
  return found;
}

/** Hosts that a reader may be sent to, and examples. */
const HOSTS = new Set(['netbaseline.io', 'kyverno.io', 'kind.sigs.k8s.io', 'semver.org', 'openreports.io', '127.0.0.1']);

function wordsOfTheWorkshop({ text }: Page): string[] {
  const hosts = [...text.matchAll(/\bhttps?:\/\/([\w.-]+)/g)].map(([, host = '']) => host).filter((host) => !HOSTS.has(host));
  const words = text.match(/(?<![\w.])\/work\b|\bshared\/|\/root\/|\b(artifactory|nexus|goproxy|pypi\.org|npmjs|mirror)\b/gi) ?? [];
  return [...hosts, ...words];
}

function unknown({ text }: Page, pattern: RegExp, known: ReadonlySet<string>): string[] {
  const found = [...text.matchAll(pattern)].map(([, name = '']) => name);
  return [...new Set(found)].filter((name) => !known.has(name) && !PREFIXES.has(name));
}

/** What is written as code and looks like a path of this repository. */
function pathsIn({ path, text }: Pick<Page, 'path' | 'text'>): string[] {
  const folder = dirname(path) === 'src' ? 'src' : '.';
  return [...text.matchAll(/(?<![\w./])((?:\.ci|bin|config|crds|docs|scripts|src|test)\/[\w./-]*[\w/])(?![\w*…])/g)].map(([, found = '']) => found)
    .concat([...text.matchAll(/`([a-z]+\/[\w./-]+\.ts)`/g)].map(([, found = '']) => (existsSync(join(ROOT, found)) ? found : join(folder, found))))
    .filter((found) => !found.includes('..'));
}

/** In a source: what its messages and comments name outside of it. */
function pathsForPeople(text: string): string[] {
  return pathsIn({ path: '', text }).filter((path) => /^(config|crds|docs)\//.test(path))
    .concat([...text.matchAll(/\bkubectl apply [^'"`]*?-[kf] ([\w./-]*\w)/g)].map(([, path = '']) => path));
}

interface Baseline { readonly kind: string; readonly spec: unknown }

function baselinesIn({ blocks }: Page): Baseline[] {
  return blocks.filter(({ language }) => language === 'yaml')
    .flatMap(({ text }) => parseAllDocuments(text).map((document) => document.toJS() as Baseline | null))
    .filter((manifest): manifest is Baseline => manifest?.kind === 'NamespacePolicyBaseline');
}

/** Fields that are given and that the schema drops: misspelt, or not there. */
function notTaken(given: unknown, taken: unknown, path: string): string[] {
  if (typeof given !== 'object' || given === null) return [];
  return Object.entries(given).flatMap(([key, value]) => {
    const inner: unknown = typeof taken === 'object' && taken !== null ? Reflect.get(taken, key) : undefined;
    return inner === undefined ? [`${path}.${key}`] : notTaken(value, inner, `${path}.${key}`);
  });
}

/** Cells of the rows of the table whose header begins like this. */
function tableAfter({ text, path }: Page, header: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(header));
  assert.ok(start >= 0, `${path} has no table "${header}"`);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end === -1 ? undefined : end).map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
}

const codeIn = (cell: string): string[] => [...cell.matchAll(/`([\w.]+)`/g)].map(([, word = '']) => word);

/** Members of a union of string literals, as they are written in a file. */
function unionIn(path: string, name: string): string[] {
  const [, body = ''] = new RegExp(String.raw`export type ${name} =([^;]*);`).exec(read(path)) ?? assert.fail(`${path} has no type ${name}`);
  return [...body.matchAll(/'(\w+)'/g)].map(([, member = '']) => member);
}
