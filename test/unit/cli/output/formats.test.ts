import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { toJson } from '../../../../src/cli/output/json.ts';
import { escapeXml, junitXml } from '../../../../src/cli/output/junit.ts';
import { outputOf, outputOptions } from '../../../../src/cli/output/output.ts';
import { sarifLog } from '../../../../src/cli/output/sarif.ts';
import { toYaml, toYamlDocuments } from '../../../../src/cli/output/yaml.ts';
import { UsageError } from '../../../../src/cli/command.ts';
import { memoryHost } from '../../../support/host.ts';

describe('output as JUnit', () => {
  it('counts what it holds, and says why', () => {
    assert.equal(junitXml('npb audit', [{
      name: 'shop', cases: [
        { name: 'ingress' }, { name: 'egress', failure: { message: 'open: "no" policy', details: 'line 1\n<line> 2 & more' } }, { name: 'dns', skipped: 'not read' },
      ],
    }]), `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="npb audit" tests="3" failures="1" errors="0" skipped="1">
  <testsuite name="shop" tests="3" failures="1" errors="0" skipped="1">
    <testcase name="ingress" classname="shop"/>
    <testcase name="egress" classname="shop">
      <failure message="open: &quot;no&quot; policy">line 1
&lt;line&gt; 2 &amp; more</failure>
    </testcase>
    <testcase name="dns" classname="shop">
      <skipped message="not read"/>
    </testcase>
  </testsuite>
</testsuites>
`);
  });

  it('holds no character that XML does not know', () => {
    assert.equal(escapeXml('a\u0000b\u001bc\ud800d\u{1f600}\uffff\r\n'), 'a?b?c?d\u{1f600}?&#13;\n');
    assert.match(junitXml('a\nb', []), /name="a&#10;b"/);
  });
});

describe('output as SARIF', () => {
  it('has what version 2.1.0 requires, with places in files and without', () => {
    const rules = [{ id: 'NPB001', title: 'No policy', help: 'Add one.', level: 'error' }, { id: 'NPB002', title: 'Stale', help: 'Delete it.', level: 'note' }] as const;
    assert.deepEqual(sarifLog({ version: '1.2.3', rules }, [
      { rule: 'NPB002', level: 'note', message: 'selects nothing', file: './deploy/a b.yaml', line: 7, object: 'NetworkPolicy shop/p' },
      { rule: 'NPB001', level: 'error', message: 'is open', object: 'Namespace shop' },
    ]), {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [{
        tool: { driver: {
          name: 'npb', fullName: 'namespace-policy-baseline', version: '1.2.3', semanticVersion: '1.2.3',
          rules: [
            { id: 'NPB001', name: 'NPB001', shortDescription: { text: 'No policy' }, help: { text: 'Add one.' }, defaultConfiguration: { level: 'error' } },
            { id: 'NPB002', name: 'NPB002', shortDescription: { text: 'Stale' }, help: { text: 'Delete it.' }, defaultConfiguration: { level: 'note' } },
          ],
        } },
        columnKind: 'utf16CodeUnits',
        results: [
          {
            ruleId: 'NPB002', ruleIndex: 1, level: 'note', message: { text: 'selects nothing' },
            locations: [{
              physicalLocation: { artifactLocation: { uri: 'deploy/a%20b.yaml' }, region: { startLine: 7 } },
              logicalLocations: [{ fullyQualifiedName: 'NetworkPolicy shop/p', kind: 'resource' }],
            }],
            partialFingerprints: { 'object/v1': 'NPB002:NetworkPolicy shop/p' },
          },
          {
            ruleId: 'NPB001', ruleIndex: 0, level: 'error', message: { text: 'is open' },
            locations: [{ logicalLocations: [{ fullyQualifiedName: 'Namespace shop', kind: 'resource' }] }],
            partialFingerprints: { 'object/v1': 'NPB001:Namespace shop' },
          },
        ],
      }],
    });
  });

  it('spells places of files as addresses', () => {
    const uriOf = (file: string) => JSON.stringify(sarifLog({ version: '1', rules: [] }, [{ rule: 'x', level: 'note', message: '', file, object: '' }]));
    for (const [file, uri] of [['../a.yaml', '../a.yaml'], ['/a/ü.yaml', 'file:///a/%C3%BC.yaml'], ['././a#b.yaml', 'a%23b.yaml']] as const) assert.ok(uriOf(file).includes(`"uri":"${uri}"`), uriOf(file));
  });
});

describe('output as JSON and YAML', () => {
  it('JSON has one line feed at its end', () => assert.equal(toJson({ a: [1] }), '{\n  "a": [\n    1\n  ]\n}\n'));

  it('YAML quotes what YAML 1.1 takes for something else, folds nothing and repeats what is shared', () => {
    const shared = { app: 'web' };
    const value = { on: 'yes', port: '080', long: 'word '.repeat(40), time: '2027-01-29T10:00:00Z', a: shared, b: shared, empty: {}, none: [] };
    const text = toYaml(value);
    assert.match(text, /^"?on"?: "yes"\nport: "080"\n/);
    assert.doesNotMatch(text, /[&*]a|>-/);
    assert.deepEqual([parse(text), parse(text, { version: '1.1' })], [value, value]);
    assert.equal(toYamlDocuments([{ a: 1 }, { b: 2 }]), 'a: 1\n---\nb: 2\n');
  });
});

describe('the options for output', () => {
  const FORMATS = ['table', 'wide', 'json'] as const;

  it('take the first format when none is given, and say which there are', () => {
    assert.equal(outputOf(memoryHost(), {}, FORMATS).format, 'table');
    assert.equal(outputOf(memoryHost(), { output: 'json' }, FORMATS).format, 'json');
    assert.throws(() => outputOf(memoryHost(), { output: 'xml' }, FORMATS), new UsageError('--output is "xml": expected table, wide or json'));
    assert.throws(() => outputOf(memoryHost(), { color: 'blue' }, FORMATS), new UsageError('--color is "blue": expected auto, always or never'));
    assert.deepEqual(outputOptions(['yaml', 'json']).map(({ flag, help }) => [flag, help]), [
      ['output', 'yaml or json (default: yaml).'], ['color', 'auto: on a terminal, unless NO_COLOR is set; always; never (default: auto).'],
    ]);
  });

  it('colour and cut on a terminal only, or where it is asked for', () => {
    const style = (host: Parameters<typeof memoryHost>[0], flags: Record<string, string> = {}) => outputOf(memoryHost(host), flags, FORMATS).style;
    const cases: [ReturnType<typeof style>, boolean, number | undefined][] = [
      [style({}), false, undefined],
      [style({ terminal: 80 }), true, 80],
      [style({ terminal: 80 }, { output: 'wide' }), true, undefined],
      [style({ terminal: 80, env: { NO_COLOR: '1' } }), false, 80],
      [style({ terminal: 80, env: { NO_COLOR: '' } }), true, 80],
      [style({ terminal: 80, env: { TERM: 'dumb' } }), false, 80],
      [style({ terminal: 80, env: { NO_COLOR: '1' } }, { color: 'always' }), true, 80],
      [style({}, { color: 'always' }), true, undefined],
      [style({ terminal: 80 }, { color: 'never' }), false, 80],
    ];
    for (const [found, color, width] of cases) assert.deepEqual([found.color, found.width], [color, width]);
    assert.deepEqual([style({}, { 'no-headers': 'true' }).headers, style({}).headers, style({}, { output: 'wide' }).wide], [false, true, true]);
  });

  it('a reader that goes away is no error, a full disk is one', async () => {
    const failing = (code: string) => {
      const host = memoryHost();
      host.stdout.write = ((_text: string, done: (error: Error) => void) => {
        const error = Object.assign(new Error(code), { code });
        done(error);
        setImmediate(() => host.stdout.emit('error', error));
        return false;
      }) as never;
      return outputOf(host, {}, FORMATS).write('x');
    };
    await failing('EPIPE');
    await assert.rejects(failing('ENOSPC'), /ENOSPC/);
    const host = memoryHost();
    await outputOf(host, {}, FORMATS).write('text');
    assert.deepEqual([host.out(), host.stdout.listenerCount('error')], ['text', 0]);
  });
});
