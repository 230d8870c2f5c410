/** The scripts for shells, sourced in those that are installed; of every shell, that no flag is forgotten. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allCommands, runProgram } from '../../../src/cli/program.ts';
import type { Command } from '../../../src/cli/command.ts';
import { bashCompletion } from '../../../src/cli/completion/bash.ts';
import { fishCompletion } from '../../../src/cli/completion/fish.ts';
import { kubectlCompletion } from '../../../src/cli/completion/kubectl.ts';
import { powershellCompletion } from '../../../src/cli/completion/powershell.ts';
import { completedCommands } from '../../../src/cli/completion/words.ts';
import { zshCompletion } from '../../../src/cli/completion/zsh.ts';
import { memoryHost } from '../../support/host.ts';
import { skipBecause } from '../../support/skip.ts';

const scan: Command = {
  name: 'scan', summary: "Look at what's there", description: 'Looks.', run: async () => 0,
  arguments: [{ name: 'WHAT', help: 'what', completes: ['pods', 'services'] }],
  options: [
    { flag: 'filename', short: 'f', value: 'PATH', repeatable: true, completes: 'file', help: 'Files [and] folders: all of them. Several times.' },
    { flag: 'output', short: 'o', value: 'FORMAT', completes: ['table', 'json'], help: "It's the format." },
    { flag: 'strict', value: 'true|false', bare: 'true', help: 'How.' },
    { flag: 'context', value: 'NAME', help: 'Which.' },
    { flag: 'no-headers', help: 'Without.' },
  ],
};
const read: Command = { name: 'read', summary: 'Read files', description: 'Reads.', run: async () => 0, arguments: [{ name: 'FILE', help: 'what', completes: 'file' }], options: [] };
const COMMANDS = completedCommands([scan, read]);

let folder: string;
before(async () => { folder = await mkdtemp(join(tmpdir(), 'npb-completion-')); });
after(() => rm(folder, { recursive: true }));

function run(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number | undefined; out: string }> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env }, timeout: 15_000 },
      (error, out, err) => resolve({ code: error !== null && error.code === 'ENOENT' ? undefined : child.exitCode ?? -1, out: out + err }));
  });
}

const isInstalled = async (program: string): Promise<boolean> => (await run(program, ['--version'])).code === 0;

describe('npb completion', () => {
  it('in bash completes commands, flags, values, files and nothing where nothing is known', async function () {
    if (!await isInstalled('bash')) skipBecause(this, 'bash is not installed');
    await writeFile(join(folder, 'a file.yaml'), '');
    await writeFile(join(folder, 'npb.bash'), bashCompletion(COMMANDS));
    const cases: [string[], string[]][] = [
      [['npb', ''], ['--help', 'help', 'read', 'scan']],
      [['npb', 're'], ['read']],
      [['npb', 'scan', '--'], ['--context', '--filename', '--help', '--no-headers', '--output', '--strict']],
      [['npb', 'scan', ''], ['pods', 'services']],
      [['npb', 'scan', '--output', ''], ['json', 'table']],
      [['npb', 'scan', '-o', 'j'], ['json']],
      [['npb', 'scan', '--output', '=', 'ta'], ['table']],
      [['npb', 'scan', '--output', '='], ['json', 'table']],
      [['npb', 'scan', '-f', 'a'], ['a file.yaml']],
      [['npb', 'scan', '--context', ''], []],
      [['npb', 'scan', '--strict', 'p'], ['pods']],
      [['npb', 'read', 'a'], ['a file.yaml']],
      [['npb', 'help', 'r'], ['read']],
      [['npb', 'nothing', ''], []],
    ];
    const script = cases.map(([words]) => `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _npb; printf '%s\\n' "\${COMPREPLY[@]}" --`);
    await writeFile(join(folder, 'try.bash'), ['set -u', 'source ./npb.bash', 'complete -p npb >/dev/null || echo not registered', ...script].join('\n'));
    const { code, out } = await run('bash', ['--norc', 'try.bash']);
    assert.equal(code, 0, out);
    const found = out.split('--\n').slice(0, -1).map((part) => part.split('\n').filter((line) => line !== '').sort());
    assert.deepEqual(cases.map(([words], index) => [words.join(' '), found[index]]), cases.map(([words, expected]) => [words.join(' '), expected]));
  });

  it('in fish completes the same, with what it means', async function () {
    if (!await isInstalled('fish')) skipBecause(this, 'fish is not installed');
    await writeFile(join(folder, 'npb.fish'), fishCompletion(COMMANDS));
    const asked = ['npb ', 'npb scan --', 'npb scan --output ', 'npb scan '].map((line) => `complete -C '${line}'; echo @@`).join('; ');
    const { out } = await run('fish', ['--no-config', '-c', `source npb.fish; ${asked}`]);
    const [commands = '', flags = '', values = '', positional = ''] = out.split('@@\n');
    assert.match(commands, /^help\tShow the help of a command\nread\tRead files\nscan\tLook at what's there\n$/);
    assert.match(flags, /--filename\tFiles \[and\] folders: all of them\n/);
    assert.match(values, /^json\t.*\ntable\t.*\n$/);
    assert.match(positional, /^pods\nservices\n$/);
  });

  it('is what zsh takes', async function () {
    if (!await isInstalled('zsh')) skipBecause(this, 'zsh is not installed');
    await writeFile(join(folder, '_npb'), zshCompletion(COMMANDS));
    const { out } = await run('zsh', ['-f', '-c', 'autoload -U compinit; compinit -u -D; source ./_npb; print -r -- $_comps[npb]']);
    assert.equal(out, '_npb\n');
  });

  it('for kubectl is a program that answers as kubectl wants it', async function () {
    if (!await isInstalled('bash')) skipBecause(this, 'no POSIX shell is known to be there');
    await writeFile(join(folder, 'complete'), kubectlCompletion(COMMANDS));
    const answers = await Promise.all([[''], ['scan', ''], ['scan', '--o'], ['scan', '-o', ''], ['scan', '-f', ''], ['scan', '--context', ''], ['read', 'a']].map((args) => run('sh', ['complete', ...args])));
    assert.deepEqual(answers.map(({ out }) => out.trimEnd().split('\n')), [
      ['scan', 'read', 'help', '--help', ':4'], ['pods', 'services', ':4'],
      ['--filename', '-f', '--output', '-o', '--strict', '--context', '--no-headers', '--help', '-h', ':4'],
      ['table', 'json', ':4'], [':0'], [':4'], [':0'],
    ]);
  });

  it('for zsh and PowerShell is as it was when it was tried there', () => {
    assert.equal(zshCompletion(COMMANDS).split('  case $words[1] in\n')[1]?.split('\n    read)')[0], `    scan)
      _arguments -s \\
        '*'{--filename=,-f+}'[Files \\[and\\] folders: all of them]:PATH:_files' \\
        '(--output -o)'{--output=,-o+}'[It'\\''s the format]:FORMAT:(table json)' \\
        --strict=-'[How]::true|false:(true false)' \\
        --context='[Which]:NAME: ' \\
        --no-headers'[Without]' \\
        '(--help -h)'{--help,-h}'[Show the help]' \\
        '*:argument:(pods services)'
      ;;`);
    const script = powershellCompletion(COMMANDS);
    for (const line of ["    'scan' = 'Look at what''s there'", "      '--output' = 'It''s the format'", "    'scan --output' = [ordered]@{ 'table' = 'table'; 'json' = 'json' }", "    'scan' = [ordered]@{ 'pods' = 'pods'; 'services' = 'services' }"]) {
      assert.ok(script.split('\n').includes(line), `${line} is not in\n${script}`);
    }
  });

  it('leaves out no command and no flag of the program, whatever the shell', async () => {
    const commands = await allCommands();
    for (const shell of ['bash', 'zsh', 'fish', 'powershell', 'kubectl']) {
      const host = memoryHost();
      assert.equal(await runProgram(['completion', shell], host), 0);
      for (const { name, options } of commands) {
        assert.match(host.out(), new RegExp(`\\b${name}\\b`), shell);
        for (const { flag } of options) assert.match(host.out(), shell === 'fish' ? new RegExp(`-l ${flag}\\b`) : new RegExp(`--${flag}\\b`), `${shell}: ${name}`);
      }
    }
  });

  it('has words that need no quotes, and no two flags that PowerShell takes for one', async () => {
    for (const { name, options } of completedCommands(await allCommands())) {
      const names = options.flatMap((option) => option.names);
      const values = options.flatMap(({ value }) => (value === undefined || value.completes === 'file' ? [] : value.completes));
      for (const word of [name, ...names, ...values]) assert.match(word, /^[A-Za-z0-9.:/=-]+$/);
      assert.equal(new Set(names.map((each) => each.toLowerCase())).size, names.length, `${name}: ${names.join(' ')}`);
    }
  });

  it('says which shells there are', async () => {
    const host = memoryHost();
    assert.equal(await runProgram(['completion', 'tcsh'], host), 2);
    assert.equal(host.err(), 'there is no completion for "tcsh": expected bash, zsh, fish, powershell, kubectl\n');
  });
});
