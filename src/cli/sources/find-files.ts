/**
 * Which files are meant by what was typed: files as they are, and of folders every YAML and JSON file below them.
 *
 * Promises: sorted, each file once, by whatever name it is reached; hidden folders, node_modules and links to folders
 * are not entered. Must not: read a file.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceError, UsageError } from '../command.ts';

export const STDIN = '-';

export interface FoundFiles {
  /** As people would name them; `-` is stdin. */
  readonly files: readonly string[];
  /** In the folders, and not read. */
  readonly skipped: readonly string[];
  /** Links to folders, which are not followed. */
  readonly links: readonly string[];
}

const MANIFEST = /\.(ya?ml|json)$/i;

export async function findFiles(paths: readonly string[]): Promise<FoundFiles> {
  const seen = new Set<string>();
  const files: string[] = [];
  const skipped: string[] = [];
  const links: string[] = [];
  for (const path of paths) {
    const within = await filesAt(path);
    skipped.push(...within.skipped);
    links.push(...within.links);
    for (const file of within.files) {
      const key = file === STDIN ? STDIN : await realpath(file).catch(() => file);
      if (!seen.has(key)) files.push(file);
      seen.add(key);
    }
  }
  return { files, skipped, links };
}

async function filesAt(path: string): Promise<FoundFiles> {
  if (path === STDIN) return { files: [STDIN], skipped: [], links: [] };
  if (path === '') throw new UsageError('--filename is empty: name a file or a folder, or - for stdin');
  if (/^https?:\/\//.test(path)) throw new UsageError(`${path}: addresses are not fetched; download it first, or pipe it: curl -fsSL ${path} | … -f -`);
  if (!await isFolder(path)) return { files: [path], skipped: [], links: [] };
  const found = await filesBelow(path);
  if (found.files.length > 0) return found;
  const others = found.skipped.length === 0 ? 'it is empty' : `it holds ${found.skipped.length} other ${found.skipped.length === 1 ? 'file' : 'files'} only`;
  throw new SourceError(`${path}: there is no file *.yaml, *.yml or *.json in this folder; ${others}`);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function filesBelow(folder: string): Promise<FoundFiles> {
  const files: string[] = [];
  const skipped: string[] = [];
  const links: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => { throw unreadable(folder, error); });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const below = await filesBelow(path);
      files.push(...below.files);
      skipped.push(...below.skipped);
      links.push(...below.links);
    } else if (entry.isSymbolicLink() && await leadsToFolder(path)) links.push(path);
    else if (MANIFEST.test(entry.name) && await isReadableFile(path)) files.push(path);
    else skipped.push(path);
  }
  return { files, skipped, links };
}

/** One that leads nowhere is skipped as any other file. */
async function leadsToFolder(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isDirectory(), () => false);
}

/** Links to files are followed; what is neither, such as a pipe, would be waited for. */
async function isReadableFile(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isFile(), () => false);
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder'], ['EACCES', 'this user may not read it'], ['EPERM', 'this user may not read it'],
  ['EISDIR', 'it is a folder'], ['ERR_STRING_TOO_LONG', 'it is larger than 512 MB; split it'], ['ERR_FS_FILE_TOO_LARGE', 'it is larger than 2 GB; split it'],
]);

export function unreadable(path: string, cause: unknown): SourceError {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const reason = REASONS.get(code) ?? (cause instanceof Error ? cause.message : String(cause));
  return new SourceError(`${path}: ${reason}`, { cause });
}
