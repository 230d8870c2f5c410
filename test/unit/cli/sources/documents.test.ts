import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { documentsIn } from '../../../../src/cli/sources/documents.ts';

const valuesIn = (text: string): unknown[] => {
  const { found, problems } = documentsIn(text);
  assert.deepEqual(problems, []);
  return found.map(({ value }) => value);
};
const problemsIn = (text: string) => documentsIn(text).problems;

describe('documents of a file', () => {
  it('are separated by ---, whatever stands behind it; empty ones and comments are nothing', () => {
    assert.deepEqual(valuesIn('# a comment\n---\n# Source: chart/templates/a.yaml\na: 1\n---\n---  \nb: 2\n--- # c\nc: |\n  --- no separator\n...\n---\n'), [{ a: 1 }, { b: 2 }, { c: '--- no separator\n' }]);
    assert.deepEqual(valuesIn('a: 1\r\n---\r\nb: 2\r\n'), [{ a: 1 }, { b: 2 }]);
    assert.deepEqual(valuesIn('%YAML 1.2\n---\na: 1\n'), [{ a: 1 }]);
    for (const empty of ['', '\n', '---\n', '# nothing\n', '--- null\n']) assert.deepEqual(valuesIn(empty), []);
  });

  it('are read as Kubernetes reads YAML: yes and off are booleans, merge keys count', () => {
    assert.deepEqual(valuesIn('a: [yes, No, ON, off, y, true, "yes", ~, 0o17, 1e3, 2026-01-01]'), [{ a: [true, false, true, false, true, true, 'yes', null, 15, 1000, '2026-01-01'] }]);
    assert.deepEqual(valuesIn('base: &base {a: 1, b: 2}\nmore: {<<: *base, b: 3}'), [{ base: { a: 1, b: 2 }, more: { a: 1, b: 3 } }]);
  });

  it('may be JSON, one or several', () => {
    assert.deepEqual(valuesIn('{"a": [1, "}{"]}'), [{ a: [1, '}{'] }]);
    assert.deepEqual(valuesIn('\n{"a": 1}\n{"b": "\\"{"}{"c": []}\n'), [{ a: 1 }, { b: '"{' }, { c: [] }]);
    assert.deepEqual(valuesIn('{a: 1, b: [2]}\n'), [{ a: 1, b: [2] }]);
    assert.deepEqual(valuesIn('{"a": 1}\n---\n{"b": 2}\n'), [{ a: 1 }, { b: 2 }]);
  });

  it('tell the line of a field, and of the nearest one around it that is there', () => {
    const text = '# one\n---\n# two\nkind: A\nspec:\n  rules:\n  - from: x\n    to: y\n  - *alias\n---\nkind: B\nother: &alias {k: v}\n'.replace('  - *alias\n', '  - &r\n    p: q\n');
    const [a, b] = documentsIn(text).found;
    const lines = (paths: readonly (readonly (string | number)[])[]) => paths.map((path) => a?.lineOf(path));
    assert.deepEqual(lines([[], ['kind'], ['spec'], ['spec', 'rules'], ['spec', 'rules', 0], ['spec', 'rules', 0, 'to'], ['spec', 'rules', 1, 'p']]), [4, 4, 5, 6, 7, 8, 10]);
    assert.deepEqual(lines([['nothing'], ['spec', 'nothing', 'at all'], ['spec', 'rules', 7], ['kind', 'x']]), [4, 5, 6, 4]);
    assert.deepEqual([b?.lineOf([]), b?.lineOf(['other', 'k'])], [12, 13]);
    const [, second] = documentsIn('{"a": 1}\n{\n  "b": {\n    "c": 2\n  }\n}\n').found;
    assert.deepEqual([second?.lineOf(['b']), second?.lineOf(['b', 'c'])], [3, 4]);
  });

  it('that are wrong are told with line, column and cause, and the others are read', () => {
    const { found, problems } = documentsIn('a: 1\n---\nb: 2\n c: 3\n---\nd: 4\n');
    assert.deepEqual(found.map(({ value }) => value), [{ a: 1 }, { d: 4 }]);
    assert.deepEqual(problems.map(({ line, column }) => [line, column]), [[3, 4]]);
    assert.match(problemsIn('a:\n\tb: 1\n')[0]?.message ?? '', /[Tt]ab/);
    assert.deepEqual(problemsIn('a: 1\nb:\n- c: 1\n  d: 1\n  "c": 2\n'), [{ message: 'the field "c" is there twice', line: 5, column: 3 }]);
    assert.deepEqual(valuesIn('a: &a {b: 1}\nc: {<<: *a, <<: {d: 2}}'), [{ a: { b: 1 }, c: { b: 1, d: 2 } }]);
    assert.equal(problemsIn('{"a": 1,\n "b": }\n{').length, 1);
  });

  it('do no harm: aliases, depth, prototypes', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[index]}`).join(',')}]`).join('\n')}\n`;
    assert.match(problemsIn(bomb)[0]?.message ?? '', /^its aliases stand for more than 1000 times what they name$/);
    assert.match(problemsIn('['.repeat(5000))[0]?.message ?? '', /^it is nested too deeply$/);
    for (const text of ['__proto__: {polluted: yes}\nconstructor: {prototype: {polluted: yes}}', '{"__proto__": {"polluted": true}}']) {
      const [value] = valuesIn(text) as [object];
      assert.ok(Object.hasOwn(value, '__proto__'));
      assert.equal(Object.getPrototypeOf(value), Object.prototype);
      assert.equal((Object.prototype as { polluted?: unknown }).polluted, undefined);
    }
  });

  it('take time in proportion to their size, also where they are made to take longer', function () {
    this.timeout(10_000); // 20,000 keys took 40 s while the package compared each with each
    const hostile = { keys: Array.from({ length: 20_000 }, (_, index) => `k${index}: v`), anchors: Array.from({ length: 20_000 }, (_, index) => `- &a${index} v`), aliases: ['- &a v', ...Array.from({ length: 20_000 }, () => '- *a')] };
    for (const lines of Object.values(hostile)) documentsIn(lines.join('\n'));
  });

  it('that are large lists are taken apart before they are parsed, with the same result', () => {
    const items = Array.from({ length: 800 }, (_, index) => ({
      apiVersion: 'v1', kind: 'Pod', metadata: { name: `pod-${index}`, annotations: { text: `line\n- item\n--- no\n${'x'.repeat(index % 300)}\n`, 'items:': '- a' } }, spec: { containers: [{ name: 'a' }] },
    }));
    const text = stringify({ apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } }, { lineWidth: 0, indentSeq: false });
    assert.ok(text.length > 250_000, String(text.length));
    const { found, problems } = documentsIn(`# dump\n---\n${text}`);
    assert.deepEqual(problems, []);
    assert.deepEqual(found.map(({ value }) => value), items);
    const lines = `# dump\n---\n${text}`.split('\n');
    for (const index of [0, 1, 350, 799]) {
      assert.equal(lines[(found[index]?.lineOf(['metadata', 'name']) ?? 0) - 1], `    name: pod-${index}`);
      assert.equal(lines[(found[index]?.lineOf([]) ?? 0) - 1], '- apiVersion: v1');
    }
  });

  it('that are too large for their parser are refused with a way out, and JSON of that size is read', () => {
    const text = `a: ${'x'.repeat(8_000_000)}\n`;
    assert.deepEqual(problemsIn(`b: 1\n---\n${text}`).map(({ message, line }) => [message, line]), [['one YAML document of 8 MB is too much to read: write it as JSON (kubectl get -o json), or as several documents', 2]]);
    const [found] = documentsIn(JSON.stringify({ a: 'x'.repeat(9_000_000) })).found;
    assert.equal(found?.lineOf(['a']), 1);
  });

  it('come out as they went in, in YAML, in JSON and in many documents', () => {
    const anything = fc.array(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), { minLength: 1, maxLength: 4 }).filter((values) => !JSON.stringify(values).includes('"<<"')); // a merge key
    fc.assert(fc.property(anything, (values) => {
      const plain = JSON.parse(JSON.stringify(values)) as unknown[];
      assert.deepEqual(valuesIn(plain.map((value) => stringify(value, { lineWidth: 0, version: '1.1' })).join('---\n')), plain);
      assert.deepEqual(valuesIn(plain.map((value) => JSON.stringify(value)).join('\n')), plain);
    }), { numRuns: 60 });
  });
});
