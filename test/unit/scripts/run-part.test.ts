import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countLine } from '../../../scripts/test/counts.ts';
import { filesOf, PARTS, ROOT } from '../../../scripts/test/parts.ts';
import { runPart } from '../../../scripts/test/run-part.ts';

const run = (fixture: string, more: { lingerMs?: number } = {}) =>
  runPart('unit', [`test/unit/scripts/fixtures/${fixture}.ts`], [], { quiet: true, ...more });

describe('running a part of the tests', function () {
  this.timeout(60_000);

  it('counts what passed, failed and was skipped, with the reasons and the victims of a failed hook', async () => {
    const { passed, failed, skipped, failures, trouble } = await run('mixed');
    assert.equal(passed, 1);
    assert.equal(failed, 3, 'the failed test, the failed hook, the test that could not run because of it');
    assert.deepEqual(skipped, [
      { title: 'mixed is skipped with a reason', reason: 'no such tool here' },
      { title: 'mixed is not written', unwritten: true },
      { title: 'mixed skips itself without a word' },
      { title: 'mixed a suite that is skipped does not run', reason: 'wrong kind of machine' },
    ]);
    assert.equal(failures.length, failed, 'each failure is named, for the end of the log');
    assert.deepEqual(failures[0], { title: 'mixed fails', message: 'on purpose' });
    assert.equal(trouble, undefined);
  });

  it('says that a part crashed before its tests ended, even with exit code 0', async () => {
    const { failed, trouble } = await run('crash');
    assert.equal(failed, 1);
    assert.equal(trouble, 'it crashed before its tests ended (exit code 0)');
  });

  it('says that a part died after its tests had passed', async () => {
    const { passed, failed, trouble } = await run('crash-late');
    assert.deepEqual([passed, failed], [1, 1]);
    assert.equal(trouble, 'its tests passed, then it crashed (signal SIGKILL)');
  });

  it('ends a process that something keeps alive, and says so', async () => {
    const { passed, failed, trouble } = await run('hang', { lingerMs: 300 });
    assert.deepEqual([passed, failed], [1, 1]);
    assert.match(trouble ?? '', /something is left open/);
  });

  it('puts every test file into exactly one part', () => {
    const files = PARTS.flatMap(filesOf);
    assert.equal(new Set(files).size, files.length);
    assert.ok(files.includes('test/unit/scripts/run-part.test.ts'));
  });

  it('no test is switched off in the source', () => {
    const off = PARTS.flatMap(filesOf).filter((file) => /\b(?:(?:it|describe|context|specify)\.skip|x(?:it|describe))\(/.test(readFileSync(join(ROOT, file), 'utf8')));
    assert.deepEqual(off, []);
  });

  it('sums up in one line', () => {
    const part = { passed: 2, failed: 0, skipped: [{ title: 'x' }] };
    assert.equal(countLine([part, part]), '4 passed, 0 failed, 2 skipped');
    assert.equal(countLine([]), '0 passed, 0 failed, 0 skipped');
  });
});
