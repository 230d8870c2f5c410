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
    changes: z.array(z.looseObject({ kind: z.enum(['policy', 'exception', 'impossible']), direction: z.string(), text: z.string() })), pairsLeft: z.number().optional(),
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

  it('--fix for a denial of the Baseline tier has the NetworkPolicy that would do as well, as a comment since it isolates', async () => {
    const namespaces = ['a', 'b'].map((name) => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ${name}, labels: {app: ${name}}}\nspec: {containers: [{name: c, ports: [{containerPort: 80}]}]}\n---\n`).join('');
    const stdin = `${namespaces}apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {name: default}\nspec: {subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}, {networks: [0.0.0.0/0, "::/0"]}]}]}\n---\n`;
    for (const question of [['a/p', 'b/p'], ['a/p', 'internet:443'], ['a/p', '8.8.0.0/16:53/udp']]) {
      const { host } = await explain([...question, '--fix', '-f', '-'], { stdin });
      const [before = '', instead = ''] = host.out().split(/^# Or a new NetworkPolicy .*:$/m);
      assert.match(before, /^# DENIED .*\n# Egress: a rule before spec\.egress\[0\] of BaselineAdminNetworkPolicy default[^;]*\n# To be put before [^]*action: Allow/, host.out());
      assert.equal(host.out().split('\n').find((line) => line !== '' && !line.startsWith('#')), undefined, 'nothing that kubectl would apply');
      const applied = await explain([...question, '-f', '-'], { stdin: stdin + instead.replaceAll(/^# {3}/gm, '') });
      assert.deepEqual([applied.code, applied.host.out().slice(0, 7)], [0, 'ALLOWED'], applied.host.out() + applied.host.err());
    }
  });

  it('says of how many ends the smallest change is not: pods of other workloads', async () => {
    const pod = (name: string, ip: number): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}-${ip}, namespace: a, uid: u, labels: {app: ${name}}}\nspec: {containers: [{name: c}]}\nstatus: {phase: Running, podIPs: [{ip: 10.0.0.${ip}}]}\n---\n`;
    const stdin = `apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n${pod('web', 1)}${pod('web', 2)}${pod('api', 3)}${pod('db', 4)}`
      + 'apiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: b}\nspec: {podSelector: {}, policyTypes: [Egress]}\n';
    const ask = async (to: string, ...more: string[]): Promise<string> => (await explain(['b/{app=x}', to, '-f', '-', ...more], { stdin })).host.out();
    const told = '3 pairs of ends more need a change of their own: this is for the first. Ask for each workload by its name.';
    assert.ok((await ask('10.0.0.0/29:80')).includes(`\n  ${told}\n`), await ask('10.0.0.0/29:80'));
    assert.ok((await ask('10.0.0.0/29:80', '--fix')).includes(`\n# ${told}\n`));
    assert.equal((JSON.parse(await ask('10.0.0.0/29:80', '-o', 'json')) as { cases: { pairsLeft?: number }[] }).cases[0]?.pairsLeft, 3);
    assert.match(await ask('10.0.0.2/31:80', '--fix'), /# 1 pair of ends more needs a change of its own/);
    for (const alike of ['10.0.0.1:80', '10.0.0.0/31:80']) assert.doesNotMatch(await ask(alike, '--fix'), /of ends more/);
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
