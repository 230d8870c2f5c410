/**
 * Builds the programs that a Go module pins as its `tool` dependencies, once, into the cache.
 * A folder in the cache is whole or not there: programs are built beside it, their versions checked against the
 * pins, stamped, and renamed into place. A change of go.mod, go.sum or a flag gives another folder.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from './file-lock.ts';
import { ensureGo, goEnvironment, isExecutable } from './go-toolchain.ts';
import { run } from './run.ts';
import { startWatchdog } from './watchdog.ts';
import type { Environment, Log } from './cache.ts';
import type { GoToolchain } from './go-toolchain.ts';

/** One program of a module. */
export interface GoProgram {
  /** File name in the cache. */
  readonly name: string;
  /** Import path of its main package. */
  readonly package: string;
  /** The module in go.mod whose version is the program's pin. */
  readonly module: string;
  /** Arguments that make it print its version. */
  readonly versionArgs: readonly string[];
  /** The version that it must print, from the pin (`v1.36.3`); by default the pin without its `v`. */
  readonly version?: (pin: string) => string;
  /** Values to set at link time (`-X`), from the version and, for those of its dependencies, the text of go.mod. */
  readonly variables?: (version: string, goMod: string) => Readonly<Record<string, string>>;
}

export interface GoModule {
  /** Folder name in the cache, and what progress lines call it. */
  readonly name: string;
  /** Folder of go.mod and go.sum. */
  readonly folder: string;
  readonly programs: readonly GoProgram[];
}

/** Written last: a folder with a stamp is complete and its programs ran. */
export interface BuildStamp {
  readonly key: string;
  /** The Go that built it, for example `go1.26.8`. */
  readonly go: string;
  /** Program name -> the version that it printed and its pin asked for. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface BuiltModule {
  readonly dir: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Absolute path of a program of the module. */
  path(name: string): string;
}

export interface BuildOptions {
  readonly env: Environment;
  readonly cacheDir: string;
  readonly log: Log;
}

const STAMP = 'stamp.json';
const BUILD_FLAGS = ['-mod=readonly', '-trimpath', '-buildvcs=false'] as const;
/** How often a long build says that it is still at it, in milliseconds. */
const STILL_BUILDING_MS = 30_000;
/** Builds of other pins that nobody used for this long are removed, in milliseconds: 30 days. */
const KEEP_UNUSED_MS = 30 * 24 * 3_600_000;

/** The version of a module in the text of a go.mod file. */
export function pinnedVersion(goMod: string, module: string): string {
  const escaped = module.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const found = new RegExp(String.raw`^\s*(?:require\s+)?${escaped}\s+(v\S+)`, 'm').exec(goMod)?.[1];
  if (found === undefined) throw new Error(`go.mod does not require ${module}`);
  return found;
}

/** The version that a program must print, from the text of the go.mod that pins it. */
export function wantedVersion(program: GoProgram, goMod: string): string {
  const pin = pinnedVersion(goMod, program.module);
  return program.version?.(pin) ?? pin.replace(/^v/, '');
}

/** Linker flags: without symbols, with the program's version variables. */
export function linkerFlags(program: GoProgram, version: string, goMod: string): string {
  const variables = Object.entries(program.variables?.(version, goMod) ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  return ['-s', '-w', ...variables].join(' ');
}

/** Names the build: everything that decides what comes out, except the Go that builds it. */
export function buildKey(module: GoModule, goMod: string, goSum: string): string {
  const programs = module.programs.map((program) => [
    program.name,
    program.package,
    linkerFlags(program, wantedVersion(program, goMod), goMod),
  ]);
  const input = JSON.stringify([goMod, goSum, BUILD_FLAGS, programs, process.platform, process.arch]);
  return createHash('sha256').update(input).digest('hex').slice(0, 16);
}

/** Whether an answer to a version question names exactly that version. */
export function printsVersion(output: string, version: string): boolean {
  const escaped = version.replaceAll('.', String.raw`\.`);
  return new RegExp(String.raw`(?<![\d.])v?${escaped}(?![\d.]*\d)`).test(output);
}

/** Reads a stamp, `undefined` when the text is not the stamp of that key. */
export function parseStamp(text: string, key: string): BuildStamp | undefined {
  try {
    const value = JSON.parse(text) as Partial<BuildStamp> | null;
    if (value?.key !== key || typeof value.go !== 'string' || typeof value.versions !== 'object' || value.versions === null) return undefined;
    return { key, go: value.go, versions: value.versions };
  } catch {
    return undefined;
  }
}

/** The programs of the module, from the cache, else built now. */
export async function ensureGoModule(module: GoModule, options: BuildOptions): Promise<BuiltModule> {
  const goMod = readFileSync(join(module.folder, 'go.mod'), 'utf8');
  const key = buildKey(module, goMod, readFileSync(join(module.folder, 'go.sum'), 'utf8'));
  const home = join(options.cacheDir, module.name);
  const dir = join(home, key);
  const ready = (stamp: BuildStamp): BuiltModule => ({ dir, versions: stamp.versions, path: (name) => join(dir, name) });
  const before = await usableStamp(module, dir, key);
  if (before !== undefined) return ready(before);
  return withFileLock(join(home, `${key}.lock`), options.log, async () => {
    const meanwhile = await usableStamp(module, dir, key);
    if (meanwhile !== undefined) return ready(meanwhile);
    await removeLeftovers(home, key);
    const stamp = await build(module, { goMod, key, home, dir }, options);
    await removeUnused(home, key);
    return ready(stamp);
  });
}

/** The stamp of a complete folder; touching it records the use. */
async function usableStamp(module: GoModule, dir: string, key: string): Promise<BuildStamp | undefined> {
  const path = join(dir, STAMP);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const stamp = text === undefined ? undefined : parseStamp(text, key);
  if (stamp === undefined || !module.programs.every((program) => isExecutable(join(dir, program.name)))) return undefined;
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined); // a read-only cache is fine
  return stamp;
}

/** A build that was killed leaves its work folder behind. Called under the lock, so none of this key is in use. */
async function removeLeftovers(home: string, key: string): Promise<void> {
  const names = (await readdir(home)).filter((name) => name.startsWith(`${key}.building-`));
  await Promise.all(names.map((name) => rm(join(home, name), { recursive: true, force: true })));
}

async function removeUnused(home: string, key: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name === key || !/^[0-9a-f]{16}$/.test(name)) continue;
    const used = await stat(join(home, name, STAMP)).catch(() => undefined);
    if (used !== undefined && Date.now() - used.mtimeMs > KEEP_UNUSED_MS) await rm(join(home, name), { recursive: true, force: true });
  }
}

interface BuildPlace {
  readonly goMod: string;
  readonly key: string;
  readonly home: string;
  readonly dir: string;
}

async function build(module: GoModule, place: BuildPlace, options: BuildOptions): Promise<BuildStamp> {
  const go = await ensureGo(options);
  await mkdir(place.home, { recursive: true });
  const work = await mkdtemp(join(place.home, `${place.key}.building-`));
  const watchdog = startWatchdog({ dir: work, executables: [go.path] });
  const began = Date.now();
  try {
    options.log(`${module.name}: building ${module.programs.length} program(s) with ${go.version} into ${place.dir}, once`);
    const versions: Record<string, string> = {};
    for (const [index, program] of module.programs.entries()) {
      const step = `[${index + 1}/${module.programs.length}]`;
      versions[program.name] = await buildProgram({ module, program, step, go, work, goMod: place.goMod }, options);
    }
    const stamp: BuildStamp = { key: place.key, go: go.version, versions };
    await writeFile(join(work, STAMP), `${JSON.stringify(stamp, undefined, 2)}\n`);
    await rm(place.dir, { recursive: true, force: true });
    await rename(work, place.dir);
    options.log(`${module.name}: ready after ${secondsSince(began)} s`);
    return stamp;
  } finally {
    await rm(work, { recursive: true, force: true });
    watchdog.release();
  }
}

interface ProgramStep {
  readonly module: GoModule;
  readonly program: GoProgram;
  readonly step: string;
  readonly go: GoToolchain;
  readonly work: string;
  readonly goMod: string;
}

/** Builds one program and returns the version that it prints, which is the pinned one. */
async function buildProgram({ module, program, step, go, work, goMod }: ProgramStep, { env, log }: BuildOptions): Promise<string> {
  const version = wantedVersion(program, goMod);
  const what = `${module.name}: ${step} ${program.name} ${version}`;
  log(`${what}: building`);
  const began = Date.now();
  const reminder = setInterval(() => log(`${what}: still building, ${secondsSince(began)} s so far`), STILL_BUILDING_MS);
  const output = join(work, program.name);
  const args = ['build', ...BUILD_FLAGS, '-ldflags', linkerFlags(program, version, goMod), '-o', output, program.package];
  try {
    const result = await run(go.path, args, { cwd: module.folder, env: goEnvironment(env), ownGroup: true });
    if (result.code !== 0) throw new Error(`${what}: go ${args.join(' ')} failed in ${module.folder}:\n${result.stderr.trim()}`);
  } finally {
    clearInterval(reminder);
  }
  const answer = await run(output, program.versionArgs);
  const printed = `${answer.stdout}${answer.stderr}`;
  if (answer.code !== 0 || !printsVersion(printed, version)) {
    throw new Error(`${what}: the built program does not say that version:\n${printed.trim()}`);
  }
  log(`${what}: done in ${secondsSince(began)} s`);
  return version;
}

function secondsSince(began: number): string {
  return ((Date.now() - began) / 1000).toFixed(1);
}
