/** `npb audit` as people and programs call it: formats, exit codes, options, and input that means harm. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { CATALOG } from '../../../src/analyze/audit/catalog.ts';
import { FINDING_IDS, FINDING_LEVELS, LEVELS } from '../../../src/analyze/audit/finding.ts';
import { DIRECTIONS } from '../../../src/api/network-policy.ts';
import { auditCommand } from '../../../src/cli/audit.ts';
import { auditDocument } from '../../../src/cli/audit/document.ts';
import { auditText } from '../../../src/cli/audit/text.ts';
import { wrapped } from '../../../src/cli/audit/wrap.ts';
import { toYaml } from '../../../src/cli/output/yaml.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { CLASSES } from '../../../src/netpol/effective.ts';
import { NAMESPACE_CLASSES } from '../../../src/netpol/namespace-class.ts';
import { aNamespace, aPolicy, auditObjects, CLUSTER, denyAll } from '../../support/audit.ts';
import { isGolden } from '../../support/golden.ts';
import { memoryHost, type MemoryHost, type MemoryHostOptions } from '../../support/host.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const MANIFESTS = relative(process.cwd(), join(import.meta.dirname, 'manifests/audit')).replaceAll('\\', '/');
const golden = (name: string): string => join(import.meta.dirname, 'golden/audit', name);

interface Ended { readonly code: number; readonly host: MemoryHost }

async function audit(args: readonly string[], options: MemoryHostOptions = {}): Promise<Ended> {
  const host = memoryHost(options);
  return { code: await runProgram(['audit', ...args], host, [auditCommand]), host };
}
const ofManifests = (...args: string[]): Promise<Ended> => audit(['-f', MANIFESTS, ...args]);
const ofText = (text: string, ...args: string[]): Promise<Ended> => audit(['-f', '-', ...args], { stdin: text });
const ofObjects = (objects: readonly unknown[], ...args: string[]): Promise<Ended> => ofText(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), ...args);

describe('npb audit: formats', () => {
  before(function () {
    if (process.cwd() !== ROOT) this.skip(); // paths in the goldens are relative to it
  });

  for (const [format, file] of [['table', 'table.txt'], ['wide', 'wide.txt'], ['json', 'audit.json'], ['yaml', 'audit.yaml'], ['markdown', 'audit.md'], ['junit', 'junit.xml'], ['sarif', 'audit.sarif']] as const) {
    it(`${format} is as it was`, async () => {
      const { code, host } = await ofManifests('-o', format);
      assert.equal(code, 1);
      isGolden(golden(file), host.out());
    });
  }

  it('breaks and cuts lines on a terminal, and shows colours there', async () => {
    const { host } = await audit(['-f', MANIFESTS], { terminal: 100, env: { TERM: 'xterm' } });
    isGolden(golden('terminal.txt'), host.out());
  });

  it('has no colours elsewhere, with NO_COLOR, or with --color never', async () => {
    for (const [args, options] of [[[], {}], [[], { terminal: 100, env: { NO_COLOR: '1' } }], [['--color', 'never'], { terminal: 100 }]] as const) {
      const { host } = await audit(['-f', MANIFESTS, ...args], options);
      assert.ok(!host.out().includes('\u001b'), host.out());
    }
    const { host } = await ofManifests('--color', 'always');
    assert.ok(host.out().includes('\u001b[31mFAIL\u001b[39m'));
  });

  it('sums up at the end of what people read, and on stderr beside what programs read', async () => {
    const summary = /^5 namespaces: 2 FAIL, 1 WARN, 2 OK\. Isolated: ingress 2 of 4, egress 3 of 4\. Exempt: ingress 1, egress 1\. Score 62 of 100\. 1 system namespace left out\.$/m;
    for (const format of ['table', 'wide']) {
      const { host } = await ofManifests('-o', format);
      assert.match(host.out(), summary);
      assert.equal(host.err(), '');
    }
    for (const format of ['json', 'yaml', 'junit', 'sarif']) assert.match((await ofManifests('-o', format)).host.err(), summary);
  });

  it('JSON and YAML say the same', async () => {
    const [json, yaml] = await Promise.all(['json', 'yaml'].map((format) => ofManifests('-o', format)));
    assert.equal(toYaml(JSON.parse(json?.host.out() ?? '')), yaml?.host.out());
  });
});

const count = z.int().min(0);
const podClass = z.enum([...CLASSES, 'unknown', 'not-coverable']);
const pods = z.partialRecord(podClass, z.int().min(1));
const policy = z.strictObject({ kind: z.string(), namespace: z.string().optional(), name: z.string() });
const summaryOf = z.strictObject({ isolated: count, notIsolated: count, unknown: count, exempt: count, pods });
const directionOf = z.strictObject({
  class: z.enum(NAMESPACE_CLASSES), isolated: z.enum(['yes', 'no', 'unknown']), pods, hasDefaultDeny: z.boolean(), defaultDeny: z.array(z.string()),
  defeatedBy: z.array(policy.extend({ rules: z.array(count).min(1) })),
  alsoBy: z.array(policy.extend({ rules: z.array(count).min(1) })),
});
/** What docs/cli.md promises. */
const DOCUMENT = z.strictObject({
  kind: z.literal('Audit'), schemaVersion: z.literal(1),
  source: z.strictObject({ type: z.enum(['cluster', 'files']), from: z.string() }),
  summary: z.strictObject({
    namespaces: count, levels: z.strictObject({ FAIL: count, WARN: count, OK: count }), system: count, systemLeftOut: count, ingress: summaryOf, egress: summaryOf, score: z.int().min(0).max(100).optional(),
  }),
  unread: z.array(z.strictObject({ kind: z.string(), why: z.string() })),
  namespaces: z.array(z.strictObject({
    namespace: z.string(), level: z.enum(LEVELS), system: z.boolean(),
    exemptions: z.array(z.strictObject({ direction: z.enum(DIRECTIONS), baseline: z.string(), reason: z.string(), expiresAt: z.iso.datetime().optional() })),
    policies: count, pods: count, ingress: directionOf, egress: directionOf, dns: z.enum(['allowed', 'partly', 'blocked', 'unknown']),
    findings: z.array(z.strictObject({
      id: z.enum(FINDING_IDS), level: z.enum(FINDING_LEVELS), object: policy, path: z.string().optional(), direction: z.enum(DIRECTIONS).optional(), message: z.string(), fix: z.string(),
      file: z.string().optional(), line: z.int().min(1).optional(),
    })),
  })),
});

describe('npb audit: data', () => {
  it('JSON has the fields that are documented, and no others', async () => {
    for (const { host } of await Promise.all([ofManifests('-o', 'json'), ofManifests('-o', 'json', '--include-system'), ofObjects(CLUSTER, '-o', 'json')])) {
      DOCUMENT.parse(JSON.parse(host.out()));
    }
  });

  it('SARIF refers to rules that are there, one fingerprint each', async () => {
    const { runs: [run] } = JSON.parse((await ofManifests('-o', 'sarif')).host.out()) as { runs: { tool: { driver: { rules: { id: string }[] } }; results: { ruleId: string; ruleIndex: number; level: string; partialFingerprints: object; locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[] }[] }[] };
    assert.ok(run !== undefined && run.results.length > 3);
    assert.deepEqual(run.tool.driver.rules.map(({ id }) => id), Object.keys(CATALOG));
    for (const { ruleId, ruleIndex, locations } of run.results) {
      assert.equal(run.tool.driver.rules[ruleIndex]?.id, ruleId);
      assert.match(locations[0]?.physicalLocation.artifactLocation.uri ?? '', /audit\/(platform|shop)\.yaml$/);
      assert.ok((locations[0]?.physicalLocation.region.startLine ?? 0) > 0);
    }
    const prints = run.results.map(({ partialFingerprints }) => JSON.stringify(partialFingerprints));
    assert.equal(new Set(prints).size, prints.length);
  });

  it('JUnit fails what --fail-on fails, and skips the rest', async () => {
    const countsOf = async (...args: string[]): Promise<string | undefined> => /<testsuites [^>]*>/.exec((await ofManifests('-o', 'junit', ...args)).host.out())?.[0].replace(/ errors="0"/, '');
    assert.equal(await countsOf(), '<testsuites name="npb audit" tests="8" failures="3" skipped="4">');
    assert.equal(await countsOf('--fail-on', 'warn'), '<testsuites name="npb audit" tests="8" failures="5" skipped="2">');
    assert.equal(await countsOf('--fail-on', 'none'), '<testsuites name="npb audit" tests="8" failures="0" skipped="7">');
    assert.equal(await countsOf('--exit-zero'), await countsOf());
  });
});

describe('npb audit: exit codes', () => {
  const closed = [...CLUSTER];
  const warned = [...CLUSTER, aNamespace('mail'), denyAll('mail')];
  const open = [...CLUSTER, aNamespace('open')];

  it('is 1 for what --fail-on asks for, else 0', async () => {
    for (const [objects, args, code] of [
      [closed, [], 0], [closed, ['--fail-on', 'warn'], 0], [warned, [], 0], [warned, ['--fail-on', 'warn'], 1], [open, [], 1], [open, ['--fail-on', 'warn'], 1],
      [open, ['--fail-on', 'none'], 0], [open, ['--exit-zero'], 0], [open, ['-n', 'shop'], 0], [open, ['-l', 'team=a'], 0], [open, ['-l', '!team'], 1],
    ] as const) assert.equal((await ofObjects(objects, ...args)).code, code, args.join(' '));
  });

  it('is 2, with what is wrong on stderr, for what makes no sense', async () => {
    for (const [args, message] of [
      [['--fail-on', 'error'], /^--fail-on is "error": expected fail, warn or none\n$/], [['--top', '-1'], /--top is "-1": expected a number/], [['--top', '1e3'], /--top is "1e3"/],
      [['-o', 'csv'], /--output is "csv": expected table, wide, json, yaml, markdown, html, junit or sarif/], [['--ip-block-matches-pods', 'maybe'], /--ip-block-matches-pods is "maybe"/],
      [['-n', 'nowhere'], /nothing is in a namespace "nowhere"/], [['-n', 'shop', '-l', 'team=b'], /nothing is in a namespace "shop" with labels "team=b"/],
    ] as const) {
      const { code, host } = await ofObjects(closed, ...args);
      assert.deepEqual([code, host.out()], [2, ''], args.join(' '));
      assert.match(host.err(), message);
    }
  });

  it('is 2 where there is nothing to look at', async () => {
    const nothing = async (text: string, ...args: string[]): Promise<void> => {
      const { code, host } = await ofText(text, ...args);
      assert.deepEqual([code, host.out()], [2, ''], text);
      assert.match(host.err(), /there is nothing to audit: no namespace/);
    };
    await nothing('{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}');
    await nothing('{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, resources: []}');
    await nothing('{apiVersion: v1, kind: Namespace, metadata: {name: a}}', '-l', 'team=zz');
    assert.equal((await ofText('{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}')).code, 0);
  });

  it('is 2 where a file cannot be read, with its place', async () => {
    const { code, host } = await ofText('apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b}\nspec:\n  ingress: {}\n');
    assert.equal(code, 2);
    assert.match(host.err(), /^stdin:5: NetworkPolicy b\/a: spec\.ingress/);
  });
});

describe('npb audit: what it tells about', () => {
  const namesIn = ({ host }: Ended): string[] => (JSON.parse(host.out()) as { namespaces: { namespace: string }[] }).namespaces.map(({ namespace }) => namespace);

  it('leaves system namespaces out unless they are asked for', async () => {
    assert.deepEqual(namesIn(await ofObjects(CLUSTER, '-o', 'json')), ['shop']);
    assert.deepEqual(namesIn(await ofObjects(CLUSTER, '-o', 'json', '--include-system')), ['kube-system', 'shop']);
    assert.deepEqual(namesIn(await ofObjects(CLUSTER, '-o', 'json', '-n', 'kube-system')), ['kube-system']);
    assert.deepEqual(namesIn(await ofObjects(CLUSTER, '-o', 'json', '--system-namespaces', 'shop')), ['kube-system']);
  });

  it('looks at everything, whatever is told about', async () => {
    const { host } = await ofManifests('-o', 'json', '-n', 'payments');
    const { namespaces: [payments] } = JSON.parse(host.out()) as { namespaces: { level: string; findings: unknown[] }[] };
    assert.deepEqual([payments?.level, payments?.findings], ['OK', []]); // its peer in shop is known
  });

  it('shows the worst of many namespaces, and counts the others', async () => {
    const many = [...CLUSTER, ...Array.from({ length: 30 }, (_, index) => aNamespace(`open-${String(index).padStart(2, '0')}`))];
    const linesOf = async (...args: string[]): Promise<string[]> => (await ofObjects(many, ...args)).host.out().split('\n').filter((line) => /^(open|shop)[-\w]* {2}/.test(line));
    assert.equal((await linesOf()).length, 20);
    assert.match((await ofObjects(many)).host.out(), /^11 more namespaces not shown \(10 FAIL, 1 OK\): --top 0 shows all of them\.$/m);
    assert.deepEqual((await linesOf('--top', '2')).map((line) => line.split(' ')[0]), ['open-00', 'open-01']);
    assert.equal((await linesOf('--top', '0')).length, 31);
    assert.equal(namesIn(await ofObjects(many, '-o', 'json')).length, 31);
    assert.match((await ofObjects(many, '-o', 'markdown', '--top', '1')).host.out(), /30 more namespaces not shown/);
  });

  it('shows notes with -o wide only', async () => {
    const objects = [...CLUSTER, aPolicy('shop/p', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: { matchLabels: { app: 'api' } } }] }] })];
    assert.doesNotMatch((await ofObjects(objects)).host.out(), /rule-without-ports/);
    assert.match((await ofObjects(objects, '-o', 'wide')).host.out(), /INFO rule-without-ports/);
  });

  it('says of which kinds it knows nothing, and why', () => {
    const text = auditText(auditObjects(CLUSTER, { unread: [{ kind: 'Pod', why: 'pods is forbidden' }] }), { style: { color: false }, top: 0 });
    assert.match(text, /^Not read: Pod\. pods is forbidden$/m);
  });

  it('names kinds as people know them', () => {
    const audit = auditObjects(CLUSTER, { unread: [{ kind: 'CalicoNetworkPolicyV3', why: 'a\u001b[2J' }] });
    assert.match(auditText(audit, { style: { color: false }, top: 0 }), /^Not read: NetworkPolicy\.projectcalico\.org\. a\\u001b\[2J$/m);
    assert.match(JSON.stringify(auditDocument(audit)), /"unread":\[\{"kind":"NetworkPolicy.projectcalico.org"/);
  });

  it('says what there is where there is nothing', async () => {
    const { code, host } = await ofObjects([aNamespace('kube-system')]);
    assert.deepEqual([code, host.out()], [0, '0 namespaces: 0 FAIL, 0 WARN, 0 OK. Isolated: ingress 0 of 0, egress 0 of 0. 1 system namespace left out.\n']);
  });
});

describe('npb audit: input that means harm', () => {
  const EVIL = '\u001b[31mred\u001b]0;title\u0007\r\n| `<script>alert(1)</script>` ](javascript:x) ]]> & "\u202e';
  const evil = [
    ...CLUSTER, aNamespace(EVIL), { ...aPolicy(`x/y`, { podSelector: { matchLabels: { [EVIL]: EVIL } }, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: { matchLabels: { app: EVIL } } }], ports: [{ port: EVIL }] }, {}] }), metadata: { name: EVIL, namespace: 'shop' } },
    { apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name: 'default' }, spec: { exemptions: [{ namespace: EVIL, reason: EVIL }] } },
  ];

  it('reaches neither the terminal', async () => {
    for (const format of ['table', 'wide']) {
      const { host } = await ofObjects(evil, '-o', format, '--color', 'never');
      assert.match(host.out(), /script/);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(host.out() + host.err(), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });

  it('nor the page', async () => {
    const { host } = await ofObjects(evil, '-o', 'markdown');
    assert.doesNotMatch(host.out(), /<script|(?<!\\)\]\(javascript/);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(host.out(), /[\u0000-\u0009\u000b-\u001f]/);
    for (const line of host.out().split('\n').filter((each) => each.startsWith('| '))) assert.equal(line.split(/(?<!\\)\|/).length, 11, line);
  });

  it('nor whoever parses XML, JSON or YAML', async () => {
    const xml = (await ofObjects(evil, '-o', 'junit')).host.out();
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(xml, /[\u0000-\u0008\u000b-\u001f]|<script/);
    for (const format of ['json', 'sarif']) JSON.parse((await ofObjects(evil, '-o', format)).host.out());
    DOCUMENT.parse(JSON.parse((await ofObjects(evil, '-o', 'json')).host.out()));
  });
});

describe('npb audit: help', () => {
  it('explains every option, with examples by the name that was called', async () => {
    const host = memoryHost({ calledAs: 'kubectl policy-baseline' });
    assert.equal(await runProgram(['audit', '--help'], host, [auditCommand]), 0);
    for (const { flag } of auditCommand.options) assert.ok(host.out().includes(`--${flag}`), flag);
    assert.match(host.out(), /kubectl policy-baseline audit -f deploy\/ -o sarif/);
    for (const line of host.out().split('\n')) assert.ok(line.length <= 120, line);
  });
});

describe('npb audit: documentation', () => {
  before(function () {
    if (process.cwd() !== ROOT) this.skip();
  });

  for (const page of ['docs/cli.md', 'README.md']) {
    it(`${page} shows what the command really says`, async () => {
      const blocks = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```console\n\$ npb audit (.*)\n([\s\S]*?)^```$/gm)];
      assert.equal(blocks.length, 1);
      for (const [, typed = '', shown] of blocks) {
        const { host } = await audit(typed.split(' '), { terminal: 100, env: { NO_COLOR: '1' } });
        if (process.env['NPB_UPDATE_GOLDENS'] === '1') writeFileSync(join(ROOT, page), readFileSync(join(ROOT, page), 'utf8').replace(`$ npb audit ${typed}\n${shown}`, () => `$ npb audit ${typed}\n${host.out()}`));
        else assert.equal(shown, host.out());
      }
    });
  }

  it('docs/cli.md names every field of the data and every option', () => {
    const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
    const section = page.slice(page.indexOf('## npb audit')).split(/^## (?!npb audit)/m)[0] ?? '';
    for (const field of fieldsOf(JSON.parse(readFileSync(golden('audit.json'), 'utf8')))) assert.ok(section.includes(field), field);
    for (const { flag, short } of auditCommand.options) if (flag !== 'all-namespaces') assert.ok(section.includes(`--${flag}`) || section.includes(`\`-${short}\``), flag);
  });
});

/** Names of fields at any depth, but for classes, which are values. */
function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [...(podClass.safeParse(key).success ? [] : [key]), ...fieldsOf(inner)]);
}

describe('npb audit: lines on a terminal', () => {
  it('break at blanks, with the lines indented', () => assert.equal(wrapped('one two three four five six seven eight nine', 40, '  '), '  one two three four five six seven\n  eight nine'));
  it('stay whole elsewhere, and on terminals that are too narrow', () => assert.deepEqual([wrapped('one two', undefined, ' '), wrapped('one two', 5, ' ')], [' one two', ' one two']));
  it('keep words that are longer than a line', () => assert.equal(wrapped(`a ${'b'.repeat(50)} c`, 40, ''), `a\n${'b'.repeat(50)}\nc`));
});
