/** The commands that a page of the documentation shows, run as they stand there by a shell. */
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { run, type RunResult } from '../tools/run.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** The lines of the shell blocks below a heading, up to the next one; a line that goes on in the next is one. */
export async function commandsBelow(page: string, heading: string): Promise<string[]> {
  const commands: string[] = [];
  let found = false;
  let [here, fence] = [false, ''];
  for (const line of (await readFile(join(ROOT, page), 'utf8')).replaceAll('\\\n', ' ').split('\n')) {
    if (fence !== '') {
      if (line === '```') fence = '';
      else if (here && fence === '```sh') commands.push(line);
    } else if (line.startsWith('```')) fence = line;
    else if (line.startsWith('#')) {
      here = line.replace(/^#+ /, '') === heading;
      found ||= here;
    }
  }
  if (!found) throw new Error(`${page} has no heading "${heading}"`);
  if (commands.length === 0) throw new Error(`${page} shows no command below "${heading}"`);
  return commands;
}

export interface Shell {
  /** Fails with what was said, unless the command ends well. */
  run(command: string, stdin?: string): Promise<RunResult>;
  /** However it ends. */
  ask(command: string): Promise<RunResult>;
  end(): Promise<void>;
}

/** `programs` by the name that they have in the commands, and `npb` of this checkout; `cwd` is its root unless said otherwise. */
export async function aShell(kubeconfig: string, programs: Readonly<Record<string, string>>, cwd = ROOT): Promise<Shell> {
  const home = await mkdtemp(join(tmpdir(), 'npb-shell-'));
  for (const [name, path] of Object.entries({ npb: join(ROOT, 'bin/npb.js'), ...programs })) await symlink(path, join(home, name));
  const env = { PATH: [home, dirname(process.execPath), process.env['PATH']].join(delimiter), HOME: home, KUBECONFIG: kubeconfig };
  const ask = (command: string, stdin?: string): Promise<RunResult> => run('sh', ['-euc', command], { cwd, env, ...(stdin !== undefined && { stdin }) });
  return {
    ask,
    async run(command, stdin) {
      const result = await ask(command, stdin);
      if (result.code !== 0) throw new Error(`${command} ended with ${result.code}: ${result.stderr}`);
      return result;
    },
    end: () => rm(home, { recursive: true, force: true }),
  };
}
