/** docs/behaviours.md names tests that exist, and leaves no behaviour of the catalogue out. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** The catalogue numbers its rows; ids are never used again. */
const LAST_ID = 89;

interface Reference { readonly file: string; readonly title: string }

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

/** Full titles by file, as mocha knows them: groups first, then the test. Nothing is run. */
function titlesByFile(files: readonly string[]): Map<string, string[]> {
  const command = ['node_modules/mocha/bin/mocha.js', '--no-config', '--dry-run', '--reporter', 'json', ...files.map(pathOf)];
  const output = execFileSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2, stdio: ['ignore', 'pipe', 'pipe'] });
  const { tests } = JSON.parse(output) as { tests: { file: string; fullTitle: string }[] };
  return new Map(files.map((file) => [file, tests.filter((test) => test.file === join(ROOT, pathOf(file))).map(({ fullTitle }) => fullTitle)]));
}

const pathOf = (file: string): string => `test/${file}.test.ts`;

describe('docs/behaviours.md', function () {
  this.timeout(60_000);

  it('names files that exist', () => {
    assert.ok(references.length > 200, `only ${references.length} tests are named`);
    assert.deepEqual([...new Set(references.map(({ file }) => file))].filter((file) => !existsSync(join(ROOT, pathOf(file)))), []);
  });

  it('names tests and groups of tests that exist', () => {
    const titles = titlesByFile([...new Set(references.map(({ file }) => file))]);
    const missing = references.filter(({ file, title }) => !titles.get(file)?.some((full) => full.includes(title)));
    assert.deepEqual(missing, []);
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
