import assert from 'node:assert/strict';
import { SourceError, UsageError, valuesOf, type Command, type CommandOption, type Flags } from '../../../src/cli/command.ts';
import { nameOf } from '../../../src/cli/host.ts';
import { allCommands, runProgram } from '../../../src/cli/program.ts';
import { SETTINGS, type Setting } from '../../../src/config.ts';
import { memoryHost } from '../../support/host.ts';

function greet(run: (flags: Flags) => Promise<number>): Command {
  return {
    name: 'greet', summary: 'Greet somebody', description: 'Greets somebody.',
    options: [
      { flag: 'to-whom', short: 't', value: 'NAME', help: 'whom' },
      { flag: 'loud', value: 'true|false', bare: 'true', help: 'how' },
    ],
    epilogue: (calledAs) => `Example:\n  ${calledAs} greet`,
    run: (_host, flags) => run(flags),
  };
}

describe('command line', () => {
  it('runs a command with its flags as typed, and gives back its exit code', async () => {
    const cases: [string[], Flags][] = [
      [['greet'], { 'to-whom': undefined, loud: undefined }],
      [['greet', '--to-whom', 'you', '--loud'], { 'to-whom': 'you', loud: 'true' }],
      [['greet', '-t', 'you', '--loud=false'], { 'to-whom': 'you', loud: 'false' }],
      [['greet', '--to-whom='], { 'to-whom': '', loud: undefined }],
    ];
    for (const [args, expected] of cases) {
      let got: Flags = {};
      const code = await runProgram(args, memoryHost(), [greet(async (flags) => (got = flags, 7))]);
      assert.deepEqual([code, got], [7, expected], args.join(' '));
    }
  });

  it('shows help on stdout, by the name it was called by', async () => {
    for (const [calledAs, args] of [['npb', ['greet', '--help']], ['kubectl policy-baseline', ['help', 'greet']]] as const) {
      const host = memoryHost({ calledAs });
      assert.equal(await runProgram(args, host, [greet(async () => 0)]), 0);
      assert.ok(host.out().startsWith(`Usage: ${calledAs} greet [options]\n`), host.out());
      assert.ok(host.out().includes(`Example:\n  ${calledAs} greet`));
      assert.equal(host.err(), '');
    }
    const host = memoryHost();
    assert.equal(await runProgram([], host), 0);
    assert.match(host.out(), /operator .*Run the operator[^]*version .*Show the version/);
  });

  it('says where to begin, with commands that there are', async () => {
    for (const calledAs of ['npb', 'kubectl policy-baseline']) {
      const host = memoryHost({ calledAs });
      await runProgram(['--help'], host);
      const [, lines = ''] = /^Begin with\n([^]*)^None of these writes/m.exec(host.out()) ?? [];
      const named = [...lines.matchAll(new RegExp(`^  ${calledAs} (\\w+)`, 'gm'))].map(([, name]) => name);
      assert.deepEqual(named, ['audit', 'audit', 'preview', 'explain']);
      for (const name of named) assert.ok((await allCommands()).some((command) => command.name === name), name);
    }
  });

  it('says on stderr what it does not understand and where help is, with exit code 2', async () => {
    const cases: [string[], RegExp][] = [
      [['gret'], /unknown command 'gret'\n\(Did you mean greet\?\)\n\(npb --help shows what there is\)/],
      [['help', 'gret'], /unknown command 'gret'\n\(Did you mean greet\?\)/],
      [['greet', '--lout'], /unknown option '--lout'[^]*\(npb greet --help shows what there is\)/],
      [['greet', 'you'], /too many arguments/],
      [['greet', '--to-whom'], /argument missing/],
    ];
    for (const [args, message] of cases) {
      const host = memoryHost();
      assert.equal(await runProgram(args, host, [greet(async () => 0)]), 2, args.join(' '));
      assert.match(host.err(), message);
      assert.equal(host.out(), '');
    }
  });

  it('shows a mistake of the caller as a message, an error of the program with its stack', async () => {
    const usage = memoryHost();
    assert.equal(await runProgram(['greet'], usage, [greet(() => Promise.reject(new UsageError('greet whom?')))]), 2);
    assert.equal(usage.err(), 'greet whom?\n');
    const bug = memoryHost();
    assert.equal(await runProgram(['greet'], bug, [greet(() => Promise.reject(new TypeError('oops')))]), 1);
    assert.match(bug.err(), /TypeError: oops\n {4}at /);
  });

  it('hands on positional arguments, and says which are missing', async () => {
    const seen: (readonly string[])[] = [];
    const command = (...args: Command['arguments'] & object): Command => ({
      name: 'go', summary: 'Go', description: 'Goes.', options: [{ flag: 'fast', help: 'how' }], arguments: args, run: async (_host, _flags, typed) => (seen.push(typed), 0),
    });
    const [from, to, more] = [{ name: 'FROM', help: 'where from' }, { name: 'TO', help: 'where to', optional: true }, { name: 'MORE', help: 'what else', optional: true, variadic: true }] as const;
    for (const args of [['a', 'b'], ['a'], ['--fast', 'a', 'b'], ['a', '--', '--b'], ['a', '->'], ['a', '->b']]) assert.equal(await runProgram(['go', ...args], memoryHost(), [command(from, to)]), 0);
    assert.equal(await runProgram(['go', 'a', 'b', 'c'], memoryHost(), [command(from, more)]), 0);
    assert.deepEqual(seen, [['a', 'b'], ['a'], ['a', 'b'], ['a', '--b'], ['a', '→'], ['a', '→b'], ['a', 'b', 'c']]);
    for (const [args, message] of [[[], /missing required argument 'FROM'/], [['a', 'b', 'c'], /too many arguments/]] as const) {
      const host = memoryHost();
      assert.equal(await runProgram(['go', ...args], host, [command(from, to)]), 2);
      assert.match(host.err(), message);
    }
    const help = memoryHost();
    await runProgram(['go', '--help'], help, [command(from, more)]);
    assert.match(help.out(), /^Usage: npb go \[options\] <FROM> \[MORE\.\.\.\]\n[^]*Arguments:\n +FROM +where from\n +MORE +what else\n/);
  });

  it('gives all values of a repeatable option, and a switch that begins with no-', async () => {
    const options: readonly CommandOption[] = [{ flag: 'file-name', short: 'f', value: 'PATH', repeatable: true, help: 'what' }, { flag: 'no-headers', help: 'without' }];
    const cases: [string[], readonly string[], string | undefined][] = [
      [[], [], undefined], [['-f', 'a'], ['a'], undefined], [['-f', 'a, b\nc', '--file-name=-', '-f', '', '--no-headers'], ['a, b\nc', '-', ''], 'true'],
    ];
    for (const [args, values, noHeaders] of cases) {
      let got: Flags = {};
      const command: Command = { name: 'go', summary: 'Go', description: 'Goes.', options, run: async (_host, flags) => (got = flags, 0) };
      assert.equal(await runProgram(['go', ...args], memoryHost(), [command]), 0);
      assert.deepEqual([valuesOf(got, 'file-name'), got['no-headers']], [values, noHeaders]);
    }
  });

  it('shows what cannot be read as a message, with exit code 2', async () => {
    const host = memoryHost();
    assert.equal(await runProgram(['greet'], host, [greet(() => Promise.reject(new SourceError('a.yaml: there is no such file')))]), 2);
    assert.equal(host.err(), 'a.yaml: there is no such file\n');
  });

  it('knows every command by its own name', async () => {
    const commands = await allCommands();
    for (const { name } of commands) {
      const host = memoryHost();
      assert.equal(await runProgram([name, '--help'], host), 0);
      assert.match(host.out(), new RegExp(`^Usage: npb ${name} `));
    }
    assert.ok(commands.length > 3);
  });

  it('is called what kubectl calls it', () => {
    assert.deepEqual(['/a/npb', '/a/kubectl-policy_baseline', '/a/src/main.ts', ''].map(nameOf), ['npb', 'kubectl policy-baseline', 'npb', 'npb']);
  });
});

describe('npb version', () => {
  it('tells the version, for people and for programs', async () => {
    const host = memoryHost({ env: { NPB_REVISION: 'abc' } });
    assert.equal(await runProgram(['version'], host), 0);
    assert.match(host.out(), /^namespace-policy-baseline \d+\.\d+\.\d+ \(revision abc, Node\.js v\d+.*\)\n$/);
    for (const flag of ['--version', '-V']) {
      const same = memoryHost({ env: { NPB_REVISION: 'abc' } });
      assert.equal(await runProgram([flag], same), 0);
      assert.equal(same.out(), host.out());
    }
    const json = memoryHost();
    assert.equal(await runProgram(['version', '-o', 'json'], json), 0);
    assert.deepEqual(Object.keys(JSON.parse(json.out()) as object), ['version', 'revision', 'node']);
    const bad = memoryHost();
    assert.equal(await runProgram(['version', '-o', 'xml'], bad), 2);
    assert.equal(bad.err(), '--output is "xml": expected text or json\n');
  });
});

describe('npb operator', () => {
  it('documents every setting with its variable and its default', async () => {
    const host = memoryHost();
    await runProgram(['operator', '--help'], host);
    const help = host.out().replaceAll(/\s+/g, ' ');
    for (const { flag, env, help: text, fallbackText } of Object.values<Setting<unknown>>(SETTINGS)) {
      assert.ok(help.includes(`--${flag} `), flag);
      assert.ok(help.includes(`${text} (${fallbackText === undefined ? env : `${env}; default: ${fallbackText}`})`), `${flag}: ${text}`);
    }
    for (const line of host.out().split('\n')) assert.ok(line.length <= 110, line);
  });

  it('lists all bad values before it starts anything', async () => {
    const host = memoryHost({ env: { NPB_LOG_LEVEL: 'loud' } });
    assert.equal(await runProgram(['operator', '--max-in-flight', '99'], host), 2);
    assert.equal(host.err(), [
      'The configuration is not valid:',
      '  - --max-in-flight is "99": expected a whole number from 1 to 24',
      '  - NPB_LOG_LEVEL is "loud": expected one of debug, info, warn, error', '',
    ].join('\n'));
    assert.equal(host.out(), '');
  });
});
