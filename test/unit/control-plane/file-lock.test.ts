/** The lock between processes: one owner at a time, and none that is dead. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isStale, parseOwner, viewProcess, withFileLock } from '../../tools/file-lock.ts';
import type { LockOwner } from '../../tools/file-lock.ts';

const owner: LockOwner = { token: 't', pid: 42, host: 'here', startedAt: '100' };
/** Above the highest process id that Linux gives out. */
const NO_SUCH_PID = 2 ** 22 + 1;

describe('file lock', () => {
  let dir: string;
  let path: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'npb-lock-'));
    path = join(dir, 'deep', 'x.lock');
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('is stale when its process is gone or the id belongs to a later one', () => {
    assert.equal(isStale(owner, 'here', () => ({ alive: false, startedAt: undefined })), true);
    assert.equal(isStale(owner, 'here', () => ({ alive: true, startedAt: '200' })), true);
    assert.equal(isStale(owner, 'here', () => ({ alive: true, startedAt: '100' })), false);
  });

  it('is believed when start times cannot be compared, or the owner is on another host', () => {
    assert.equal(isStale(owner, 'here', () => ({ alive: true, startedAt: undefined })), false);
    assert.equal(isStale({ ...owner, startedAt: undefined }, 'here', () => ({ alive: true, startedAt: '1' })), false);
    assert.equal(isStale(owner, 'elsewhere', () => ({ alive: false, startedAt: undefined })), false);
  });

  it('sees this process alive and an impossible one dead', () => {
    assert.equal(viewProcess(process.pid).alive, true);
    assert.deepEqual(viewProcess(NO_SUCH_PID), { alive: false, startedAt: undefined });
  });

  it('reads an owner, and nothing that is none', () => {
    assert.deepEqual(parseOwner(JSON.stringify(owner)), owner);
    assert.equal(parseOwner(''), undefined);
    assert.equal(parseOwner('null'), undefined);
    assert.equal(parseOwner('{"pid": "42"}'), undefined);
  });

  it('lets one in at a time and tells the other whom it waits for', async () => {
    const said: string[] = [];
    let inside = 0;
    const work = async (): Promise<number> => {
      inside += 1;
      assert.equal(inside, 1);
      await sleep(100);
      inside -= 1;
      return 7;
    };
    const results = await Promise.all([1, 2, 3].map(() => withFileLock(path, (line) => said.push(line), work)));
    assert.deepEqual(results, [7, 7, 7]);
    assert.ok(said.some((line) => line.includes(`process ${process.pid}`)), said.join('\n'));
    assert.deepEqual(await readdir(join(dir, 'deep')), []);
  });

  it('is given back when the work fails', async () => {
    await assert.rejects(withFileLock(path, () => undefined, () => Promise.reject(new Error('broken'))), /broken/);
    assert.equal(await withFileLock(path, () => undefined, () => Promise.resolve('again')), 'again');
  });

  it('is taken over from a dead owner and from an unreadable file', async () => {
    await withFileLock(path, () => undefined, () => Promise.resolve()); // makes the folder
    const dead: LockOwner = { token: 'dead', pid: NO_SUCH_PID, host: hostname(), startedAt: '1' };
    for (const text of [JSON.stringify(dead), '', 'half {']) {
      await writeFile(path, text);
      const seen = await withFileLock(path, () => undefined, async () => parseOwner(await readFile(path, 'utf8'))?.pid);
      assert.equal(seen, process.pid);
    }
    assert.deepEqual(await readdir(join(dir, 'deep')), []);
  });
});
