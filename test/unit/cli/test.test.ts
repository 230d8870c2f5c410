/** `npb test` as people and CI call it: formats, exit codes, files, mistakes in them, and input that means harm. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { OUTCOMES } from '../../../src/analyze/expectations/check.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { testCommand } from '../../../src/cli/test.ts';
import { isGolden } from '../../support/golden.ts';
import { memoryHost, type MemoryHost, type MemoryHostOptions } from '../../support/host.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const example = (name: string): string => relative(process.cwd(), join(ROOT, 'docs/examples', name)).replaceAll('\\', '/');
const [SHOP, EXPECTATIONS] = [example('shop.yaml'), example('expectations.yaml')];
const golden = (name: string): string => join(import.meta.dirname, 'golden/test', name);

interface Ended { readonly code: number; readonly host: MemoryHost }

async function test(args: readonly string[], options: MemoryHostOptions = {}): Promise<Ended> {
  const host = memoryHost(options);
  return { code: await runProgram(['test', ...args], host, [testCommand]), host };
}
const file = (...items: readonly string[]): string => ['apiVersion: netbaseline.io/v1alpha1', 'kind: Expectations', 'expectations:', ...items.map((item) => `- ${item}`), ''].join('\n');
const ofItems = (items: readonly string[], ...args: string[]): Promise<Ended> => test(['-f', '-', '--manifests', SHOP, ...args], { stdin: file(...items) });
const ofText = (stdin: string, ...args: string[]): Promise<Ended> => test(['-f', '-', '--manifests', SHOP, ...args], { stdin });

/** Some that are met, and one of each kind that is not. */
const ITEMS = [
  '"shop/web -> orders/api:8080 allowed"', '"* -> orders/api:8080 denied"', '"shop/admin -> db/postgres:5432 allowed"', '"shop/* -> metadata denied"', '"shop/wbe -> orders/api:80 denied"',
  '"shop/web -> orders/api:grpc denied"', '{from: {namespaceSelector: {matchLabels: {kind: batch}}}, to: internet, expect: denied, allowEmpty: true}',
];

const DOCUMENT = z.strictObject({
  kind: z.literal('ExpectationResults'), schemaVersion: z.literal(1), source: z.strictObject({ type: z.string(), from: z.string() }), unread: z.array(z.unknown()),
  met: z.boolean(), summary: z.strictObject(Object.fromEntries(OUTCOMES.map((outcome) => [outcome, z.number()]))),
  results: z.array(z.strictObject({
    name: z.string(), file: z.string(), line: z.number(), expect: z.enum(['allowed', 'denied']), outcome: z.enum(OUTCOMES), message: z.string(),
    pairs: z.number(), against: z.number(), unknown: z.number(), details: z.array(z.string()), notes: z.array(z.string()), example: z.looseObject({ verdict: z.string() }).optional(),
  })),
});

describe('npb test', () => {
  before(function () {
    if (process.cwd() !== ROOT) this.skip(); // paths in the goldens are relative to it
  });

  it('the example in the documentation is met', async () => {
    const { code, host } = await test(['-f', EXPECTATIONS, '--manifests', SHOP]);
    isGolden(golden('example.txt'), host.out());
    assert.equal(code, 0);
  });

  for (const [format, name] of [['table', 'table.txt'], ['wide', 'wide.txt'], ['json', 'results.json'], ['yaml', 'results.yaml'], ['markdown', 'results.md'], ['junit', 'junit.xml']] as const) {
    it(`${format} is as it was`, async () => {
      const { code, host } = await ofItems(ITEMS, '-o', format);
      isGolden(golden(name), host.out());
      assert.equal(code, 1);
    });
  }

  it('has colours on a terminal, and none elsewhere', async () => {
    const { host } = await test(['-f', '-', '--manifests', SHOP], { stdin: file(...ITEMS), terminal: 120, env: { TERM: 'xterm' } });
    isGolden(golden('terminal.txt'), host.out());
    assert.ok(host.out().includes('\u001b[31mfailed '));
    for (const [args, options] of [[[], {}], [['--color', 'never'], { terminal: 120 }], [[], { terminal: 120, env: { NO_COLOR: '1' } }]] as const) {
      assert.ok(!(await test(['-f', '-', '--manifests', SHOP, ...args], { stdin: file(...ITEMS), ...options })).host.out().includes('\u001b'));
    }
  });

  it('sums up at the end of what people read, and on stderr beside what programs read', async () => {
    const sum = /^3 passed, 1 failed, 1 about nobody, 1 not answered, 1 skipped$/m;
    const items = [...ITEMS.slice(0, 1), '"shop/admin -> orders/api:8080 denied"', ...ITEMS.slice(2)];
    for (const format of ['table', 'wide']) assert.match((await ofItems(items, '-o', format)).host.out(), sum);
    for (const format of ['json', 'yaml', 'junit', 'markdown']) {
      const { host } = await ofItems(items, '-o', format);
      assert.match(host.err(), sum);
      assert.doesNotMatch(host.out(), sum);
    }
  });

  it('as JSON is what is documented, and YAML says the same', async () => {
    const json: unknown = JSON.parse((await ofItems(ITEMS, '-o', 'json')).host.out());
    DOCUMENT.parse(json);
    assert.deepEqual(parse((await ofItems(ITEMS, '-o', 'yaml')).host.out()), json);
  });

  it('fails for what cannot be known, unless that is allowed', async () => {
    const cilium = 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: orders}\nspec: {endpointSelector: {}, ingress: [{}]}\n';
    const folder = mkdtempSync(join(tmpdir(), 'npb-test-'));
    try {
      writeFileSync(join(folder, 'cilium.yaml'), cilium);
      const args = ['-f', '-', '--manifests', SHOP, '--manifests', folder];
      const stdin = file('"shop/web -> orders/api:8080 allowed"');
      const { code, host } = await test(args, { stdin });
      assert.equal(code, 1);
      assert.match(host.out(), /^unknown [^]*Ingress of deploy\/orders\/api: CiliumNetworkPolicy orders\/c may change this: policies of this kind are not evaluated[^]*\n1 unknown\n$/m);
      assert.equal((await test([...args, '--allow-unknown'], { stdin })).code, 0);
      assert.match((await test([...args, '--allow-unknown', '-o', 'junit'], { stdin })).host.out(), /<skipped message="1 of 1 pair unknown"\/>/);
      assert.equal((await test([...args, '--allow-unknown'], { stdin: file('"shop/admin -> db/postgres:5432 allowed"') })).code, 1, 'a failure stays one');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('reads expectations that lie beside manifests, from a folder and in several documents', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'npb-test-'));
    try {
      mkdirSync(join(folder, 'deep'));
      writeFileSync(join(folder, 'a.yaml'), `apiVersion: v1\nkind: Namespace\nmetadata: {name: extra}\n---\n${file('"shop/web -> orders/api:8080 allowed"')}---\n${file('"shop/admin -> orders/api:8080 denied"')}`);
      writeFileSync(join(folder, 'deep', 'b.json'), JSON.stringify(parse(file('"db/* -> internet denied"'))));
      const { code, host } = await test(['-f', folder, '--manifests', SHOP, '--manifests', join(folder, 'a.yaml'), '-o', 'json']);
      assert.deepEqual([code, (JSON.parse(host.out()) as z.infer<typeof DOCUMENT>).results.map((result) => [relative(folder, result.file), result.line])], [0, [['a.yaml', 8], ['a.yaml', 13], ['deep/b.json', 1]]]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('tells every mistake of every file at once, with file and line, and tests nothing then', async () => {
    const { code, host } = await ofText(file('nonsense', '"shop/web -> orders/api:8080 allowed"', '{from: x, to: {podSelecter: {}}, expect: maybe}') + '---\n' + file('"a/b -> c/d:99999 denied"'));
    assert.deepEqual([code, host.out(), host.err()], [2, '', [
      'stdin:4: "nonsense" is no expectation: expected "FROM -> TO:PORT allowed" or "FROM -> TO denied"',
      'stdin:6: to: unrecognized key: "podSelecter"',
      'stdin:6: to: expected namespace, namespaceSelector or podSelector; every pod is "*"',
      'stdin:6: expect: expected "allowed" or "denied"',
      'stdin:6: from: "x" has no namespace: expected NAMESPACE/x',
      'stdin:11: port 99999 does not exist: expected a number from 1 to 65535', '',
    ].join('\n')]);
  });

  const mistakes: readonly [string, readonly string[], RegExp][] = [
    ['', [], /^stdin: it is empty\. They are documents of kind Expectations, apiVersion netbaseline\.io\/v1alpha1\n$/],
    ['[a, b]', [], /^stdin:1: expected object, received array\. A file of expectations has apiVersion: netbaseline\.io\/v1alpha1, kind: Expectations and expectations\n$/],
    ['kind: Pod\napiVersion: v1\nmetadata: {name: x}', [], /^stdin:\d: (apiVersion|kind)/],
    [file('* -> db/postgres denied'), [], /^stdin:4: Alias.*\. A text that begins with \* has to be quoted\n$/s],
    [file('"a/b -> c/d denied"'), ['--manifests', '-'], /^-f and --manifests cannot both read stdin\n$/],
    [file('"a/b -> c/d denied"'), ['-o', 'sarif'], /^--output is "sarif": expected table, wide, json, yaml, markdown or junit\n$/],
    [file('"a/b -> c/d denied"'), ['-f', '/nonexistent'], /^\/nonexistent: there is no such file or folder\n$/],
  ];
  for (const [stdin, args, message] of mistakes) {
    it(`refuses ${JSON.stringify(stdin.split('\n').at(-2) ?? stdin)} ${args.join(' ')} with exit code 2`, async () => {
      const { code, host } = await ofText(stdin, ...args);
      assert.match(host.err(), message);
      assert.deepEqual([code, host.out()], [2, '']);
    });
  }

  it('wants a file of expectations', async () => {
    const { code, host } = await test(['--manifests', SHOP]);
    assert.deepEqual([code, host.err()], [2, 'expected a file of expectations, for example: npb test -f expectations.yaml\n']);
    assert.match((await test(['-f', join(ROOT, 'config/samples'), '--manifests', SHOP])).host.err(), /there are no expectations\. They are documents of kind Expectations/);
  });

  it('shows what a file says, and does not do it', async () => {
    const hostile = file('{name: "x\\u001b[2J\\n</testcase>", from: "shop/web", to: "orders/api:8080", expect: denied}');
    for (const format of ['table', 'markdown', 'junit']) {
      const { host } = await ofText(hostile, '-o', format);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(host.out(), /\u001b|^<\/testcase>/m, format);
    }
    const { host } = await ofText(file('"a/{x=\\u001b[2J} -> c/d denied"', '"\\u001b[2J"'));
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(host.out() + host.err(), /\u001b/);
  });

  it('explains itself', async () => {
    const { code, host } = await test(['--help']);
    assert.equal(code, 0);
    for (const word of ['kind: Expectations', '--allow-unknown', '--manifests', 'Exit code: 0 all are met']) assert.ok(host.out().includes(word), word);
  });
});
