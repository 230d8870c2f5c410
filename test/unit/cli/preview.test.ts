/** `npb preview` as people and programs call it: formats, exit codes, suggestions, and input that means harm. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { NEED_KINDS } from '../../../src/analyze/needs/need.ts';
import { baselineSpec } from '../../../src/api/v1alpha1.ts';
import { previewCommand } from '../../../src/cli/preview.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { STATES } from '../../../src/plan/verdict.ts';
import { isGolden } from '../../support/golden.ts';
import { memoryHost, type MemoryHost, type MemoryHostOptions } from '../../support/host.ts';
import { pod, service } from '../../support/needs.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const at = (path: string): string => relative(process.cwd(), join(import.meta.dirname, 'manifests', path)).replaceAll('\\', '/');
const PLAIN = at('preview-baselines/plain.yaml');
const CLUSTER = relative(process.cwd(), join(ROOT, 'docs/example-cluster')).replaceAll('\\', '/');
const golden = (name: string): string => join(import.meta.dirname, 'golden/preview', name);

interface Ended { readonly code: number; readonly host: MemoryHost }

async function preview(args: readonly string[], options: MemoryHostOptions = {}): Promise<Ended> {
  const host = memoryHost(options);
  return { code: await runProgram(['preview', ...args], host, [previewCommand]), host };
}
const ofManifests = (...args: string[]): Promise<Ended> => preview(['-f', PLAIN, '--manifests', CLUSTER, ...args]);
/** Over objects as JSON; the baseline is the plain one. */
const ofObjects = (objects: readonly string[], ...args: string[]): Promise<Ended> =>
  preview(['-f', PLAIN, '--manifests', '-', ...args], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects.map((each) => JSON.parse(each) as object) }) });
const ofBaseline = (spec: string, ...args: string[]): Promise<Ended> =>
  preview(['-f', '-', '--manifests', CLUSTER, ...args], { stdin: `apiVersion: netbaseline.io/v1alpha1\nkind: NamespacePolicyBaseline\nmetadata: {name: default}\nspec: ${spec}\n` });

const party = z.union([z.strictObject({ name: z.string(), namespace: z.string(), pods: z.number() }), z.strictObject({ name: z.string(), addresses: z.array(z.string()) })]);
const ref = z.strictObject({ kind: z.string(), namespace: z.string().optional(), name: z.string() });
const because = z.strictObject({ kind: z.string(), namespace: z.string().optional(), name: z.string(), where: z.string().optional() });
const need = { need: z.enum(NEED_KINDS), text: z.string(), from: party, to: party, port: z.number(), protocol: z.string(), because, alsoBecause: z.number() };
const blocked = z.array(z.strictObject({ direction: z.enum(['Ingress', 'Egress']), by: z.array(ref) }));
const change = z.strictObject({ action: z.enum(['create', 'change', 'delete']), policy: z.string(), baseline: z.string(), cause: z.string(), differences: z.array(z.object({ field: z.string(), want: z.string(), have: z.string() })).optional() });
const DOCUMENT = z.strictObject({
  kind: z.literal('Preview'), schemaVersion: z.literal(1), source: z.strictObject({ type: z.string(), from: z.string() }), unread: z.array(z.unknown()),
  baselines: z.array(z.strictObject({ name: z.string(), change: z.enum(['new', 'changed', 'same']) })),
  summary: z.record(z.string(), z.number()),
  namespaces: z.array(z.strictObject({ namespace: z.string(), state: z.enum(STATES), reason: z.string(), message: z.string().optional(), changes: z.array(change), held: z.array(change).optional(), losesIsolation: z.array(z.enum(['Ingress', 'Egress'])) })),
  held: z.array(z.strictObject({ baseline: z.string(), token: z.string(), namespaces: z.array(z.string()) })),
  cuts: z.array(z.strictObject({ ...need, blocked, keptBy: z.array(z.string()), kept: z.boolean() })),
  alreadyBlocked: z.array(z.strictObject({ ...need, blocked })),
  unknown: z.array(z.strictObject({ ...need, policies: z.array(ref), codes: z.array(z.string()) })),
  unresolved: z.array(z.strictObject({ need: z.enum(NEED_KINDS), problem: z.string(), because })),
  notes: z.array(z.string()),
  suggestions: z.strictObject({ baseline: z.string(), policies: z.array(z.unknown()), withoutRoom: z.number() }),
});

describe('npb preview: formats', () => {
  before(function () {
    if (process.cwd() !== ROOT) this.skip(); // paths in the goldens are relative to it
  });

  for (const [format, file] of [['table', 'table.txt'], ['wide', 'wide.txt'], ['json', 'preview.json'], ['yaml', 'preview.yaml'], ['markdown', 'preview.md']] as const) {
    it(`${format} is as it was`, async () => {
      const { code, host } = await ofManifests('-o', format);
      assert.equal(code, 1);
      isGolden(golden(file), host.out());
    });
  }

  it('json and yaml say the same, in the documented shape', async () => {
    const [json, yaml] = [(await ofManifests('-o', 'json')).host.out(), (await ofManifests('-o', 'yaml')).host.out()];
    DOCUMENT.parse(JSON.parse(json));
    assert.deepEqual(parse(yaml), JSON.parse(json));
  });

  it('sums up at the end of what people read, and on stderr beside what programs read', async () => {
    const { host: table } = await ofManifests();
    assert.match(table.out(), /^7 namespaces: 12 policies created, 0 changed, 0 deleted in 6\.$/m);
    assert.equal(table.err(), '');
    const { host: json } = await ofManifests('-o', 'json');
    assert.match(json.err(), /^16 needs found: 5 would be cut, 1 denied today already/m);
  });

  it('has colours on a terminal, and cuts lines there', async () => {
    const { host } = await preview(['-f', PLAIN, '--manifests', CLUSTER], { terminal: 80, env: { TERM: 'xterm' } });
    assert.ok(host.out().includes('\u001b[31mNeeded, and would be cut\u001b[39m'));
    assert.ok((await ofManifests()).host.out().split('\n').every((line) => !line.includes('\u001b')));
  });
});

describe('npb preview: exit codes', () => {
  it('0 where nothing that is needed would be cut, or with --exit-zero', async () => {
    assert.equal((await ofBaseline('{ingress: {mode: Audit}, egress: {mode: Audit}}')).code, 0);
    assert.equal((await ofManifests('--exit-zero')).code, 0);
  });

  it('2 for a baseline that no API server would take, with every line', async () => {
    const { code, host } = await preview(['-f', at('preview-baselines/bad.yaml'), '--manifests', CLUSTER]);
    assert.equal(code, 2);
    assert.equal(host.out(), '');
    assert.deepEqual(host.err().trim().split('\n').map((line) => /bad\.yaml:(\d+): NamespacePolicyBaseline default: (\S+):/.exec(line)?.slice(1)), [['13', 'spec.policies[0].networkPolicy.ingress[0].frm'], ['6', 'spec.ingress.mode']]);
  });

  for (const [what, args, message] of [
    ['no baseline', ['--manifests', 'x'], /there is no baseline: name its file with -f/],
    ['a file without one', ['-f', CLUSTER, '--manifests', CLUSTER], /there is no NamespacePolicyBaseline in it/],
    ['stdin twice', ['-f', '-', '--manifests', '-'], /-f and --manifests cannot both read stdin/],
    ['an unknown format', ['-f', PLAIN, '-o', 'sarif'], /--output is "sarif": expected table, wide, json, yaml or markdown/],
    ['a namespace that is not there', ['-f', PLAIN, '--manifests', CLUSTER, '-n', 'shpo'], /there is no namespace "shpo"/],
    ['a file that cannot be written', ['-f', PLAIN, '--manifests', CLUSTER, '--suggest', '/nonexistent/x.yaml'], /--suggest \/nonexistent\/x\.yaml: cannot be written/],
  ] as const) {
    it(`2 for ${what}`, async () => {
      const { code, host } = await preview(args);
      assert.equal(code, 2);
      assert.match(host.err(), message);
      assert.equal(host.out(), '');
    });
  }
});

describe('npb preview: what it is asked for', () => {
  it('-n and -l narrow what is told, and what counts; needs with an end there stay', async () => {
    const { host, code } = await ofManifests('-n', 'shop', '-o', 'json');
    const { namespaces, cuts, suggestions } = DOCUMENT.parse(JSON.parse(host.out()));
    assert.deepEqual(namespaces.map(({ namespace }) => namespace), ['shop']);
    assert.deepEqual(cuts.map((each) => each.need), ['ingress', 'scrape']);
    assert.deepEqual(suggestions.policies.length, 4);
    assert.equal(code, 1);
    const labelled = DOCUMENT.parse(JSON.parse((await ofManifests('-l', 'team=shop', '-o', 'json')).host.out()));
    assert.deepEqual(labelled.namespaces.map(({ namespace }) => namespace), ['search', 'shop']);
    assert.equal((await ofManifests('-n', 'search')).code, 0);
  });

  it('a baseline from stdin', async () => assert.equal((await ofBaseline('{}')).code, 1));

  it('--suggest writes the baseline with the policies, and with it nothing is cut', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'npb-preview-'));
    try {
      const file = join(folder, 'suggested.yaml');
      await ofManifests('--suggest', file);
      const written = parse(readFileSync(file, 'utf8')) as { spec: { policies: unknown[] } };
      assert.equal(baselineSpec.parse(written.spec).policies.length, 7);
      assert.equal((await preview(['-f', file, '--manifests', CLUSTER])).code, 0);
      const { host } = await ofManifests('--suggest', '-');
      assert.equal(host.out(), readFileSync(file, 'utf8'));
      assert.match(host.err(), /5 would be cut/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('--ip-block-matches-pods and --system-namespaces count', async () => {
    const { namespaces } = DOCUMENT.parse(JSON.parse((await ofManifests('--system-namespaces', 'kube-system,shop', '-o', 'json')).host.out()));
    assert.equal(namespaces.find(({ namespace }) => namespace === 'shop')?.state, 'excluded');
    assert.equal((await ofManifests('--ip-block-matches-pods', 'perhaps')).code, 2);
  });
});

describe('npb preview: large clusters and hostile ones', () => {
  it('a thousand namespaces that are alike are one line; many cuts are few, and how many are left out is said', async () => {
    const target = [pod('shop/orders', { labels: { app: 'orders' }, ip: '10.1.0.1' }), service('shop/orders', { app: 'orders' }, { http: [80, 8080] })];
    const many = Array.from({ length: 1000 }, (_, index) => pod(`team-${index}/web`, { labels: { app: `w${index}` }, ip: `10.2.${Math.floor(index / 200)}.${index % 200}`, container: { env: [{ name: 'U', value: 'http://orders.shop' }] } }));
    const { host, code } = await ofObjects([...target, ...many]);
    assert.equal(code, 1);
    const lines = host.out().split('\n');
    assert.ok(lines.length < 150, `${lines.length} lines`);
    assert.match(host.out(), /1001\)\s+protected\s+create allow-dns, default-deny/);
    assert.match(host.out(), /^ {2}service: Pod team-0\/web, .* and 997 more -> Service shop\/orders, port 8080$/m);
  });

  it('nothing that a cluster says moves the cursor, or is taken for Markdown', async () => {
    const evil = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', labels: { app: '\u001b[2Jx' } }, spec: { containers: [{ name: '\u001b]0;x\u0007|<b>', env: [{ name: '\u001b[31mURL', value: 'http://orders:80' }] }] } });
    const objects = [evil, pod('shop/orders', { labels: { app: 'orders' } }), service('shop/orders', { app: 'orders' }, { http: [80] })];
    for (const format of ['table', 'wide', 'markdown']) {
      const { host } = await ofObjects(objects, '-o', format);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(host.out(), /[\u0000-\u0009\u000b-\u001f\u007f]/);
      if (format === 'markdown') assert.doesNotMatch(host.out().replace(/```yaml[\s\S]*```/, ''), /<b>/);
    }
  });
});

describe('docs/cli.md: previews, renderings and namespaces', () => {
  before(function () {
    if (process.cwd() !== ROOT) this.skip(); // paths in the page are relative to it
  });
  const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
  const blocks = [...page.matchAll(/^```console\n\$ npb (preview|render|explain namespace) (.*)\n([\s\S]*?)^```$/gm)].map(([, command = '', args = '', shown = '']) => ({ command, args, shown }));

  it('shows one of each', () => assert.deepEqual(blocks.map(({ command }) => command), ['preview', 'render', 'explain namespace']));
  for (const { command, args, shown } of blocks) {
    it(`npb ${command}: what is really printed`, async () => {
      const host = memoryHost();
      await runProgram([...command.split(' '), ...args.split(' ')], host);
      const out = host.out();
      let from = 0;
      for (const part of shown.split(/^\[…\]\n/m)) {
        const at = out.indexOf(part, from);
        assert.notEqual(at, -1, `not printed:\n${part}\nbut:\n${out.slice(from)}`);
        from = at + part.length;
      }
      assert.equal(out.slice(from), '');
    });
  }
});
