/** docs/behaviours.md names tests that exist, and leaves out neither a behaviour of the catalogue nor a scenario of one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** The catalogue numbers its rows; ids are never used again. */
const LAST_ID = 89;

interface Reference { readonly file: string; readonly title: string }
/** `full` begins with the groups that the test is in. */
interface Title { readonly own: string; readonly full: string }

const text = readFileSync(join(ROOT, 'docs/behaviours.md'), 'utf8');
const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| id') && !line.startsWith('| rule |')).map((line) => line.slice(2, -2).split(' | '));

/** `path`: “title” “title”<br>`path`: “title” */
function referencesIn(cell: string): Reference[] {
  return cell.split('<br>').flatMap((part) => {
    const file = /^`([^`]+)`: “/.exec(part)?.[1];
    return file === undefined ? [] : [...part.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ file, title }));
  });
}

const references = rows.flatMap((cells) => referencesIn(cells.at(-1) ?? ''));

/** `GB-nn`; `rule n` and `never n` by their sections. */
const referencesById = Map.groupBy(text.split('\n## ').flatMap((section) => {
  const kind = { 'Rules of meaning': 'rule ', Never: 'never ' }[section.split('\n')[0] ?? ''] ?? '';
  const table = section.split('\n').filter((line) => /^\| (GB-)?\d/.test(line)).map((line) => line.slice(2, -2).split(' | '));
  return table.flatMap((cells) => referencesIn(cells.at(-1) ?? '').map((reference) => ({ id: kind + cells[0], reference })));
}), ({ id }) => id);

/** What a title such as `GB-33 rule 6: …` or `Never 1: …` begins with. */
function idsIn(title: string): string[] {
  const [begin = ''] = /^((GB-\d+|rule \d+|never \d+)[, ]*)+:/i.exec(title) ?? [];
  return [...begin.matchAll(/GB-\d+|rule \d+|never \d+/gi)].map(([id]) => (id.startsWith('GB') ? id : id.toLowerCase()));
}

/** As mocha knows them. Nothing is run. */
function titlesByFile(files: readonly string[]): Map<string, Title[]> {
  const command = ['node_modules/mocha/bin/mocha.js', '--no-config', '--dry-run', '--reporter', 'json', ...files.map(pathOf)];
  const output = execFileSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2, stdio: ['ignore', 'pipe', 'pipe'] });
  const { tests } = JSON.parse(output) as { tests: { file: string; title: string; fullTitle: string }[] };
  return new Map(files.map((file) => [file, tests.filter((test) => test.file === join(ROOT, pathOf(file))).map(({ title, fullTitle }) => ({ own: title, full: fullTitle }))]));
}

const pathOf = (file: string): string => `test/${file}.test.ts`;
const named = [...new Set(references.map(({ file }) => file))];
const scenarios = readdirSync(join(ROOT, 'test/scenario')).filter((name) => name.endsWith('.test.ts')).map((name) => `scenario/${name.slice(0, -'.test.ts'.length)}`);

describe('docs/behaviours.md', function () {
  this.timeout(60_000);

  let titles: Map<string, Title[]>;
  before(() => { titles = titlesByFile([...new Set([...named, ...scenarios])].filter((file) => existsSync(join(ROOT, pathOf(file))))); });

  it('names files that exist', () => {
    assert.ok(references.length > 200, `only ${references.length} tests are named`);
    assert.deepEqual(named.filter((file) => !existsSync(join(ROOT, pathOf(file)))), []);
  });

  it('names tests and groups of tests that exist', () => {
    const missing = references.filter(({ file, title }) => !titles.get(file)?.some(({ full }) => full.includes(title)));
    assert.deepEqual(missing, []);
  });

  it('names every scenario beside the ids that its title begins with', () => {
    const begun = scenarios.flatMap((file) => (titles.get(file) ?? []).flatMap(({ own, full }) => idsIn(own).map((id) => ({ file, full, id }))));
    assert.ok(begun.length > 150, `only ${begun.length} titles begin with an id`);
    const unnamed = begun.filter(({ file, full, id }) => !referencesById.get(id)?.some(({ reference }) => reference.file === file && full.includes(reference.title)));
    assert.deepEqual(unnamed, []);
  });

  it('has every id of the catalogue once, with a test or with the reason why there is none', () => {
    const ids = rows.map(([id = '']) => id).filter((id) => id.startsWith('GB-'));
    assert.deepEqual(ids.toSorted(), Array.from({ length: LAST_ID }, (_, index) => `GB-${String(index + 1).padStart(2, '0')}`));
    for (const [id = '', , tests] of rows) if (id.startsWith('GB-') && tests !== undefined) assert.ok(referencesIn(tests).length > 0, `${id} names no test`);
  });

  it('has every rule of meaning and every Never, with tests', () => {
    const numbersAfter = (heading: string): Set<number> => {
      const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
      const lines = section.split('\n').filter((line) => /^\| \d/.test(line));
      for (const line of lines) assert.ok(referencesIn(line.slice(2, -2).split(' | ').at(-1) ?? '').length > 0, line);
      return new Set(lines.map((line) => Number(/^\| (\d+)/.exec(line)?.[1])));
    };
    assert.deepEqual([...numbersAfter('Rules of meaning')], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert.deepEqual([...numbersAfter('Never')], [1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
