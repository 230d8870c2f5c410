/** scripts/setup.mjs on a checkout of its own: installs when it must, does nothing when it need not, never twice at once. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findOnPath } from '../tools/go-toolchain.ts';
import { run } from '../tools/run.ts';
import type { RunResult } from '../tools/run.ts';

const SETUP = fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url));
const NPM_MS = 120_000;
/** Above the highest process id that Linux gives out. */
const NO_SUCH_PID = 2 ** 22 + 1;

describe('setup', () => {
  let root: string;
  let env: Record<string, string | undefined>;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'npb-setup-'));
    await mkdir(join(root, 'scripts'));
    await copyFile(SETUP, join(root, 'scripts', 'setup.mjs'));
    await locks('1.0.0');
    // npm scripts of this very run must not leak into the npm that is started
    env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(?:lifecycle|package)_/.test(name)));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  /** A project with one package that lies beside it, so that npm needs no network. */
  async function locks(version: string): Promise<void> {
    const root0 = { name: 'x', version, dependencies: { local: 'file:local' } };
    const lock = { name: 'x', version, lockfileVersion: 3, requires: true, packages: { '': root0, local: { version: '1.0.0' }, 'node_modules/local': { resolved: 'local', link: true } } };
    await mkdir(join(root, 'local'), { recursive: true });
    await writeFile(join(root, 'local', 'package.json'), JSON.stringify({ name: 'local', version: '1.0.0' }));
    await writeFile(join(root, 'package.json'), JSON.stringify(root0));
    await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
  }

  const setup = (options: readonly string[] = []): Promise<RunResult> => run(process.execPath, [...options, join(root, 'scripts', 'setup.mjs')], { env, cwd: tmpdir() });

  async function installs(result: RunResult): Promise<boolean> {
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.stdout, '');
    await stat(join(root, 'node_modules', 'local'));
    assert.match(await readFile(join(root, 'node_modules', '.npb-setup'), 'utf8'), /^[0-9a-f]{64} /);
    assert.deepEqual(await readdir(join(root, '.npb')), []);
    return /setup: packages installed in [\d.]+ s/.test(result.stderr);
  }

  it('installs what is not there, then does nothing', async function () {
    this.timeout(NPM_MS);
    assert.equal(await installs(await setup()), true);
    const again = await setup();
    assert.deepEqual(again, { stdout: '', stderr: '', code: 0 });
  });

  it('installs again when the lock file changed or node_modules was thrown away', async function () {
    this.timeout(NPM_MS);
    await setup();
    await rm(join(root, 'node_modules'), { recursive: true });
    assert.equal(await installs(await setup()), true);
    await locks('1.0.1');
    await rm(join(root, 'node_modules', 'local'));
    const changed = await setup();
    assert.equal(await installs(changed), true);
    assert.match(changed.stderr, /package-lock\.json changed/);
  });

  it('leaves alone what somebody installed by hand', async function () {
    this.timeout(NPM_MS);
    const npm = findOnPath('npm', process.env);
    assert.ok(npm !== undefined);
    const byHand = await run(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root, env });
    assert.equal(byHand.code, 0, byHand.stderr);
    assert.equal(await installs(await setup()), false);
  });

  it('installs once when two ask at once', async function () {
    this.timeout(NPM_MS);
    const results = await Promise.all([setup(), setup(), setup()]);
    const installed = await Promise.all(results.map(installs));
    assert.equal(installed.filter(Boolean).length, 1);
  });

  it('takes over from one that was killed', async function () {
    this.timeout(NPM_MS);
    await mkdir(join(root, '.npb'));
    for (const content of [String(NO_SUCH_PID), '']) {
      await rm(join(root, 'node_modules'), { recursive: true, force: true });
      await writeFile(join(root, '.npb', 'setup.lock'), content);
      assert.equal(await installs(await setup()), true);
    }
  });

  it('passes on what npm says, and tries again next time', async function () {
    this.timeout(NPM_MS);
    await writeFile(join(root, 'package.json'), JSON.stringify({ name: 'x', version: '1.0.0', dependencies: { local: 'file:local', other: '1.0.0' } }));
    const failed = await setup();
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /in sync[^]*setup: npm ci failed \(exit code 1\)/);
    await locks('1.0.0');
    assert.equal(await installs(await setup()), true);
  });

  it('says which Node to install when there is none that is new enough', async function () {
    this.timeout(NPM_MS);
    const pretend = join(root, 'pretend.cjs');
    await writeFile(pretend, "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.1' } });\n");
    const old = await setup(['--require', pretend]);
    assert.equal(old.code, 1);
    assert.match(old.stderr, /no packaged one that runs on this machine.*Install Node 22\.19 or newer/);
  });

  it('uses the Node of the machine where the packaged one does not run', async function () {
    this.timeout(NPM_MS);
    await setup();
    await mkdir(join(root, 'node_modules', '.bin'), { recursive: true });
    await writeFile(join(root, 'node_modules', '.bin', 'node'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    await locks('1.0.1');
    const dropped = await setup();
    assert.equal(dropped.code, 0, dropped.stderr);
    assert.match(dropped.stderr, /the packaged Node does not run on this machine/);
  });
});
