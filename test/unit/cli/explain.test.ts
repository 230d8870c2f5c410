/** `npb explain` as people and programs call it: questions, formats, exit codes, and input that means harm. */
import assert from 'node:assert/strict';
import { join, relative, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { explainCommand } from '../../../src/cli/explain.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { isGolden } from '../../support/golden.ts';
import { memoryHost, type MemoryHost, type MemoryHostOptions } from '../../support/host.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const SHOP = relative(process.cwd(), join(ROOT, 'docs/examples/shop.yaml')).replaceAll('\\', '/');
const golden = (name: string): string => join(import.meta.dirname, 'golden/explain', name);

interface Ended { readonly code: number; readonly host: MemoryHost }

async function explain(args: readonly string[], options: MemoryHostOptions = {}): Promise<Ended> {
  const host = memoryHost(options);
  return { code: await runProgram(['explain', ...args], host, [explainCommand]), host };
}
const inShop = (...args: string[]): Promise<Ended> => explain([...args, '-f', SHOP]);

const ref = z.strictObject({ kind: z.string(), namespace: z.string().optional(), name: z.string() });
const place = { policy: ref, rule: z.string(), peer: z.number().optional(), port: z.number().optional(), file: z.string().optional(), line: z.number().optional() };
const verdict = z.enum(['allowed', 'denied', 'unknown']);
const decider = { tier: z.enum(['Admin', 'NetworkPolicy', 'Baseline']), action: z.enum(['Allow', 'Deny', 'Pass']), ...place };
const side = z.strictObject({
  verdict, isolatedBy: z.array(ref), withoutEffect: z.array(ref), codes: z.array(z.string()),
  reasons: z.array(z.strictObject({ verdict, reason: z.string(), by: z.strictObject(decider).optional() })),
  tiers: z.array(z.strictObject({ tier: z.string(), asked: z.boolean(), policies: z.array(ref), matching: z.array(z.strictObject({ ...decider, certain: z.boolean() })) })),
  nearest: z.array(z.strictObject({ ...place, misses: z.array(z.strictObject({ kind: z.string(), text: z.string() })) })),
  notEvaluated: z.array(ref.extend({ unread: z.string().optional() })),
});
const party = z.strictObject({ name: z.string(), workload: z.string().optional(), ranges: z.array(z.string()).optional(), all: z.array(z.string()).optional() });
const DOCUMENT = z.strictObject({
  kind: z.literal('ConnectionExplanation'), schemaVersion: z.literal(1), source: z.strictObject({ type: z.string(), from: z.string() }), unread: z.array(z.unknown()),
  question: z.strictObject({ from: z.string(), to: z.string() }), verdict: z.enum(['allowed', 'denied', 'unknown', 'mixed']), withoutEndpoints: z.array(z.string()), notes: z.array(z.string()),
  cases: z.array(z.strictObject({
    verdict, from: party, to: party, pairs: z.number(), protocol: z.string(), port: z.number().optional(), family: z.string().optional(), egress: side, ingress: side,
    changes: z.array(z.looseObject({ kind: z.enum(['policy', 'exception', 'impossible']), direction: z.string(), text: z.string() })),
  })).min(1),
  codes: z.array(z.strictObject({ code: z.string(), meaning: z.string() })),
});

describe('npb explain: a connection', () => {
  before(function () {
    if (process.cwd() !== ROOT) this.skip(); // paths in the goldens are relative to it
  });

  const questions = [
    ['allowed.txt', ['shop/web', 'orders/api:8080'], 0], ['denied.txt', ['shop/admin', 'orders/api:8080'], 1], ['both-sides.txt', ['db/postgres', 'orders/api'], 1],
    ['service.txt', ['shop/web', 'svc/orders/api:http'], 0], ['internet.txt', ['shop/web', 'internet:443'], 0], ['denied.json', ['shop/admin', 'orders/api:8080', '-o', 'json'], 1],
    ['denied.yaml', ['shop/admin', 'orders/api:8080', '-o', 'yaml'], 1], ['fix.yaml', ['shop/web', 'db/postgres:5432', '--fix'], 1], ['colours.txt', ['shop/admin', 'orders/api:8080', '--color', 'always'], 1],
  ] as const;
  for (const [file, args, expected] of questions) {
    it(`${args.join(' ')}: ${file}, exit code ${expected}`, async () => {
      const { code, host } = await inShop(...args);
      isGolden(golden(file), host.out());
      assert.deepEqual([code, host.err()], [expected, '']);
    });
  }

  it('breaks lines on a terminal, and shows colours there', async () => {
    const { host } = await explain(['db/postgres', 'orders/api', '-f', SHOP], { terminal: 80, env: { TERM: 'xterm' } });
    isGolden(golden('terminal.txt'), host.out());
  });

  it('may be asked with an arrow, in one argument or more, and with a namespace for names without one', async () => {
    const { host: { out } } = await inShop('shop/web', 'orders/api:8080');
    for (const args of [['shop/web -> orders/api:8080'], ['shop/web->orders/api:8080'], ['shop/web', '→', 'orders/api:8080'], ['shop/web', '->', 'orders/api:8080'], ['shop/web', '->orders/api:8080'], ['web', 'orders/api:8080', '-n', 'shop'], ['shop/web', 'api:8080', '--namespace', 'orders']]) {
      const { host } = await inShop(...args);
      assert.equal(host.out(), out(), args.join(' '));
    }
  });

  it('exits with 0 for allowed, 1 for everything else, 0 for everything with --exit-zero, 2 where it cannot answer', async () => {
    const unknown = ['shop/web', 'orders/api:8080', '-f', '-', '-f', SHOP];
    const cilium = 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: orders}\nspec: {endpointSelector: {}, ingress: [{}]}\n';
    assert.equal((await explain(unknown, { stdin: cilium })).code, 1);
    assert.equal((await explain([...unknown, '--exit-zero'], { stdin: cilium })).code, 0);
    assert.equal((await inShop('shop/admin', 'orders/api:8080', '--exit-zero')).code, 0);
    assert.equal((await inShop('shop/admin', 'orders/ap:8080', '--exit-zero')).code, 2);
  });

  const mistakes: readonly [readonly string[], RegExp][] = [
    [['shop/web'], /^expected a source and a destination, for example: npb explain shop\/web orders\/api:8080\n$/],
    [['shop/web', 'orders/api', 'db/postgres'], /^expected a source and a destination/],
    [['shop/web', '-'], /^the shell took > for a file to write to: leave the arrow out, or quote it as in 'shop\/web -> orders\/api:8080'\n$/],
    [['web', 'orders/api:8080'], /^"web" has no namespace: expected NAMESPACE\/web\n$/],
    [['shop/web', 'orders/api:99999'], /^port 99999 does not exist/],
    [['shop/wbe', 'orders/api:8080'], /^namespace shop has no pod or workload with pods "wbe"\. Did you mean shop\/web\?\n$/],
    [['shop/web', 'orders/api:8080', '-o', 'sarif'], /^--output is "sarif": expected table, json or yaml\n$/],
    [['shop/web', 'orders/api:8080', '--ip-block-matches-pods', 'maybe'], /^--ip-block-matches-pods is "maybe": expected yes, no or unknown\n$/],
    [['shop/web', 'orders/api:8080', '-f', '/nonexistent'], /\/nonexistent: there is no such file or folder\n$/],
    [['\u001b[31m', 'orders/api'], /^"\\u001b\[31m" names no end/],
  ];
  for (const [args, message] of mistakes) {
    it(`refuses ${JSON.stringify(args.join(' '))} with exit code 2`, async () => {
      const { code, host } = await inShop(...args);
      assert.match(host.err(), message);
      assert.deepEqual([code, host.out()], [2, '']);
    });
  }

  it('as JSON is what is documented, and YAML says the same', async () => {
    for (const question of [['shop/web', 'orders/api:8080'], ['shop/admin', 'svc/orders/api'], ['shop/web', 'db/postgres:5432'], ['internet', 'db/postgres:icmp'], ['shop/web', '0.0.0.0/0:1']]) {
      const json = (await inShop(...question, '-o', 'json')).host.out();
      DOCUMENT.parse(JSON.parse(json));
      assert.deepEqual(parse((await inShop(...question, '-o', 'yaml')).host.out()), JSON.parse(json));
    }
  });

  it('--fix prints what can be applied, and what it prints makes it allowed', async () => {
    const { host } = await inShop('shop/web', 'db/postgres:5432', '--fix');
    for (const document of parseAllDocuments(host.out())) assert.deepEqual(document.errors, []);
    const { code } = await explain(['shop/web', 'db/postgres:5432', '-f', SHOP, '-f', '-'], { stdin: host.out() });
    assert.equal(code, 0);
    assert.match((await inShop('shop/web', 'orders/api:8080', '--fix')).host.out(), /^# ALLOWED {2}[^\n]*: nothing to change\n$/);
  });

  it('shows what a file says, and does not do it', async () => {
    const hostile = `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "x\\u001b[2J\\nkind: Secret", namespace: orders}\nspec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {a: "b\\u202e"}}}]}]}\n`;
    for (const more of [[], ['--fix'], ['-o', 'yaml']]) {
      const { host } = await explain(['shop/admin', 'orders/api:8080', '-f', SHOP, '-f', '-', ...more], { stdin: hostile });
      const text = host.out() + host.err();
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(text, /\u001b|^kind: Secret/m);
      if (more.length === 0) assert.match(text, /x\\u001b\[2J\\u000akind: Secret/);
    }
  });

  it('explains itself', async () => {
    const { code, host } = await explain(['--help']);
    assert.equal(code, 0);
    for (const word of ['svc/shop/web', "'shop/{app=web}'", '--fix', '--exit-zero', 'Exit code: 0 allowed; 1 denied', 'npb explain namespace shop']) assert.ok(host.out().includes(word), word);
  });
});
