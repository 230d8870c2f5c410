/**
 * Carries out a Dockerfile without Docker, as far as ours needs it: each stage is a folder, COPY and RUN do there what
 * they say, with the Node of this process instead of the one in the base image.
 *
 * Must not: guess. An instruction that it does not know is an error, as the result would be another than the image.
 */
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { run } from '../tools/run.ts';

export interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

export interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

export interface CopyInstruction {
  /** Name of a stage; absent: the files of the build context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/** The stages in their order. Arguments before the first of them are filled in with their defaults. */
export function parseDockerfile(text: string): Stage[] {
  const defaults = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of text.split('\n').filter((each) => /^[A-Z]/.test(each))) {
    const [keyword = '', ...words] = line.split(' ');
    const rest = words.join(' ');
    const stage = stages.at(-1);
    if (keyword === 'FROM') {
      const [, image = '', name] = /^(?:--platform=\S+ )?(\S+)(?: AS (\S+))?$/.exec(rest) ?? [];
      stages.push({ base: image.replace(/\$\{(\w+)\}/, (_, argument: string) => defaults.get(argument) ?? ''), name, instructions: [] });
    } else if (stage !== undefined) {
      stage.instructions.push({ keyword, text: rest });
    } else if (keyword === 'ARG') {
      const [name = '', value = ''] = rest.split('=');
      defaults.set(name, value);
    }
  }
  return stages;
}

export function parseCopy(text: string): CopyInstruction {
  const words = text.split(' ');
  const from = words[0]?.startsWith('--from=') === true ? words.shift()?.slice('--from='.length) : undefined;
  const target = words.pop() ?? '';
  return { from, sources: words, target };
}

/** What stands in an exec form: `["node", "main.js"]`. Throws on the shell form, which a distroless image cannot run. */
export function execForm({ instructions }: Stage, keyword: 'ENTRYPOINT' | 'CMD'): string[] {
  return JSON.parse(instructions.findLast((each) => each.keyword === keyword)?.text ?? '[]') as string[];
}

/** The variables that a container of a stage has, built with these arguments. */
export function environmentOf({ instructions }: Stage, args: Readonly<Record<string, string>> = {}): Record<string, string> {
  const pairs = (keyword: string): [string, string][] => instructions.filter((each) => each.keyword === keyword).map(({ text }) => {
    const [name = '', value = ''] = text.split('=');
    return [name, value];
  });
  const values = new Map([...pairs('ARG'), ...Object.entries(args)]);
  return Object.fromEntries(pairs('ENV').map(([name, value]) => [name, value.replace(/\$\{(\w+)\}/, (_, argument: string) => values.get(argument) ?? '')]));
}

/** Whether .dockerignore keeps a file of the context out. Knows `*`, names and `!`; the last match counts. */
export function isIgnored(path: string, dockerignore: string): boolean {
  const patterns = dockerignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const matches = (pattern: string): boolean => pattern === '*' || path === pattern || path.startsWith(`${pattern}/`);
  return patterns.reduce((ignored, pattern) => (pattern.startsWith('!') ? ignored && !matches(pattern.slice(1)) : ignored || matches(pattern)), false);
}

/** Builds all stages below `folder`; returns the working folder of the last one. */
export async function buildStages(stages: readonly Stage[], context: string, folder: string): Promise<string> {
  const roots = new Map<string, string>();
  let workdir = folder;
  for (const [index, stage] of stages.entries()) {
    const root = join(folder, String(index));
    if (stage.name !== undefined) roots.set(stage.name, root);
    workdir = root;
    await mkdir(root);
    for (const instruction of stage.instructions) {
      if (instruction.keyword === 'WORKDIR') {
        workdir = join(root, instruction.text);
        await mkdir(workdir, { recursive: true });
      } else {
        await carryOut(instruction, { workdir, context, roots });
      }
    }
  }
  return workdir;
}

interface Place {
  readonly workdir: string;
  readonly context: string;
  readonly roots: ReadonlyMap<string, string>;
}

async function carryOut({ keyword, text }: Instruction, place: Place): Promise<void> {
  switch (keyword) {
    case 'COPY': return copy(parseCopy(text), place);
    case 'RUN': return runShell(text, place.workdir);
    case 'ARG': case 'ENV': case 'LABEL': case 'USER': case 'ENTRYPOINT': case 'CMD': return undefined;
    default: throw new Error(`Dockerfile: this test does not know ${keyword}`);
  }
}

async function copy({ from, sources, target }: CopyInstruction, { workdir, context, roots }: Place): Promise<void> {
  const origin = from === undefined ? context : roots.get(from);
  if (origin === undefined) throw new Error(`Dockerfile: there is no stage ${from} before this one`);
  const ignore = from === undefined ? await readFile(join(context, '.dockerignore'), 'utf8') : '';
  for (const source of sources) {
    if (isIgnored(source, ignore)) throw new Error(`.dockerignore keeps ${source} out of the build`);
    const isFolder = (await stat(join(origin, source))).isDirectory();
    const to = target.endsWith('/') && !isFolder ? join(workdir, target, basename(source)) : join(workdir, target);
    await cp(join(origin, source), to, { recursive: true, verbatimSymlinks: true });
  }
}

/** A build may not see that it runs inside `npm test`: npm would install into this repository. */
const NOT_PASSED_ON = /^(npm_(package|lifecycle)_|npm_config_local_prefix$|INIT_CWD$|NODE_OPTIONS$)/i;

async function runShell(command: string, workdir: string): Promise<void> {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_PASSED_ON.test(name));
  const env = { ...Object.fromEntries(inherited), PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, npm_config_prefer_offline: 'true' };
  const { code, stdout, stderr } = await run('/bin/sh', ['-c', command], { cwd: workdir, env, timeoutMs: 240_000 });
  if (code !== 0) throw new Error(`RUN ${command} failed with ${code}:\n${stdout}\n${stderr}`);
}
