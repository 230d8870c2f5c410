/**
 * The source of a published Go module, pinned by version and hash, through `go mod download`: for files that a project ships beside
 * its code, such as CRDs. Nothing is built.
 */
import { tmpdir } from 'node:os';
import { cacheRoot, logToStderr } from './cache.ts';
import { ensureGo, goEnvironment } from './go-toolchain.ts';
import { run } from './run.ts';
import type { Environment, Log } from './cache.ts';

export interface ModulePin {
  readonly path: string;
  readonly version: string;
  /** Of its content, as go.sum has it: `h1:…`. */
  readonly sum: string;
}

export interface SourceOptions {
  /** Progress; to stderr when absent. */
  readonly log?: Log;
  /** The process's own environment when absent. */
  readonly env?: Environment;
}

/** The folder, in Go's module cache, which is read-only. Throws where it cannot be had, and where its content is not the pinned one. */
export async function moduleSource({ path, version, sum }: ModulePin, { log = logToStderr, env = process.env }: SourceOptions = {}): Promise<string> {
  const go = await ensureGo({ env, cacheDir: cacheRoot(env), log });
  const { stdout, stderr } = await run(go.path, ['mod', 'download', '-json', `${path}@${version}`], { cwd: tmpdir(), env: goEnvironment(env) });
  const found = stdout === '' ? { Error: stderr.trim() } : JSON.parse(stdout) as { readonly Dir?: string; readonly Sum?: string; readonly Error?: string };
  if (!('Dir' in found) || found.Dir === undefined) throw new Error(`${path}@${version} cannot be downloaded: ${found.Error}`);
  if (found.Sum !== sum) throw new Error(`${path}@${version} has the hash ${found.Sum}, and ${sum} is pinned`);
  return found.Dir;
}
