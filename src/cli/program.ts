/**
 * The command line: `npb COMMAND [options]`, also installed as `kubectl policy-baseline`. commander parses and
 * writes the help; it is imported only here.
 *
 * Promises: data on stdout, everything else on stderr; 0 is success, 2 is a mistake of the caller; the help
 * shows the name by which the program was called. Must not: end the process. The exit code is returned.
 */
import { Argument, Command as Parser, CommanderError, Option } from 'commander';
import { EXIT, joinValues, SourceError, UsageError, type Command, type CommandArgument, type CommandOption, type Flags, type Host } from './command.ts';

type Load = () => Promise<Command>;

/** In the order of the help, by name. A command is loaded when it is asked for, so that none makes another slower or larger. */
const COMMANDS: ReadonlyMap<string, Load> = new Map([
  ['operator', async () => (await import('./operator.ts')).operatorCommand],
  ['audit', async () => (await import('./audit.ts')).auditCommand],
  ['explain', async () => (await import('./explain.ts')).explainCommand],
  ['preview', async () => (await import('./preview.ts')).previewCommand],
  ['render', async () => (await import('./render.ts')).renderCommand],
  ['test', async () => (await import('./test.ts')).testCommand],
  ['completion', async () => (await import('./completion/completion.ts')).completionCommand(allCommands)],
  ['version', async () => (await import('./version.ts')).versionCommand],
]);

/** For help and completion. */
export function allCommands(): Promise<readonly Command[]> {
  return Promise.all([...COMMANDS.values()].map((load) => load()));
}

/** The one that is named first, else all: then commander has something to say about what was typed. */
async function commandsFor([name = '']: readonly string[]): Promise<readonly Command[]> {
  const load = COMMANDS.get(name);
  return load === undefined ? allCommands() : [await load()];
}

/** An arrow is no option; the version is a command; help about a command that there is not has a name to offer. */
function understood(typed: readonly string[], names: ReadonlySet<string>): readonly string[] {
  const [first = '', second = '', ...more] = typed;
  if (first === '--version' || first === '-V') return ['version', ...typed.slice(1)];
  if (first === 'help' && second !== '' && second !== 'help' && !second.startsWith('-') && !names.has(second)) return [second, ...more];
  return typed.map((arg) => arg.replace(/^->/, '→'));
}

const DESCRIPTION = 'Keeps default-deny, allow-dns and platform-allow NetworkPolicies in every non-system namespace, and tells what is really isolated.';

/** For who is here for the first time: nothing that writes. */
const beginning = (calledAs: string): string => [
  '',
  'Begin with',
  `  ${calledAs} audit                           what is isolated in the cluster of your kubeconfig, and what is not`,
  `  ${calledAs} audit -f deploy/                the same of manifests, without a cluster`,
  `  ${calledAs} preview -f baseline.yaml        what a baseline would write, and what it would cut`,
  `  ${calledAs} explain shop/web db/api:8080    whether a connection is allowed, and why`,
  `None of these writes to a cluster. ${calledAs} help COMMAND has all options of a command, with examples.`,
].join('\n');

/** Runs one command. `typed` are those after the name of the program. Resolves with the exit code, never rejects. */
export async function runProgram(typed: readonly string[], host: Host, commands?: readonly Command[]): Promise<number> {
  let code: number = EXIT.ok;
  const args = understood(typed, new Set(commands?.map(({ name }) => name) ?? COMMANDS.keys()));
  const parser = new Parser(host.calledAs);
  parser.description(DESCRIPTION).helpCommand('help [command]', 'Show the help of a command').showHelpAfterError(`(${host.calledAs} --help shows what there is)`);
  parser.addHelpText('after', beginning(host.calledAs));
  parser.option('-V, --version', 'show the version, as the command version does');
  prepare(parser, host);
  for (const command of commands ?? await commandsFor(args)) {
    const sub = parser.command(command.name).summary(command.summary).description(command.description);
    prepare(sub, host);
    sub.showHelpAfterError(`(${host.calledAs} ${command.name} --help shows what there is)`);
    for (const argument of command.arguments ?? []) sub.addArgument(toArgument(argument));
    for (const option of command.options) sub.addOption(toOption(option));
    if (command.epilogue !== undefined) sub.addHelpText('after', `\n${command.epilogue(host.calledAs)}`);
    sub.action(async () => {
      code = await command.run(host, flagsOf(sub, command.options), sub.args);
    });
  }
  try {
    if (args.length === 0) parser.help();
    await parser.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return report(error, host);
  }
}

function prepare(parser: Parser, host: Host): void {
  parser.exitOverride().allowExcessArguments(false).configureOutput({
    writeOut: (text) => void host.stdout.write(text),
    writeErr: (text) => void host.stderr.write(text),
    getOutHelpWidth: () => helpWidth(host.stdout),
    getErrHelpWidth: () => helpWidth(host.stderr),
  });
}

const HELP_WIDTH = 100;
const helpWidth = (stream: NodeJS.WritableStream & { readonly columns?: number }): number => Math.min(stream.columns ?? HELP_WIDTH, HELP_WIDTH);

function toArgument({ name, help, optional, variadic }: CommandArgument): Argument {
  const shown = variadic === true ? `${name}...` : name;
  return new Argument(optional === true ? `[${shown}]` : `<${shown}>`, help);
}

function toOption({ flag, short, value, bare, repeatable, group, help }: CommandOption): Option {
  const names = short === undefined ? `--${flag}` : `-${short}, --${flag}`;
  const placeholder = value === undefined ? '' : bare === undefined ? ` <${value}>` : ` [${value}]`;
  const option = new Option(`${names}${placeholder}`, help);
  if (repeatable === true) option.argParser((one: string, before: readonly string[] | undefined) => [...before ?? [], one]);
  return group === undefined ? option : option.helpGroup(`${group}:`);
}

function flagsOf(parser: Parser, options: readonly CommandOption[]): Flags {
  const typed = parser.opts<Record<string, string | boolean | readonly string[] | undefined>>();
  return Object.fromEntries(options.map((option) => [option.flag, valueIn(typed, option)]));
}

function valueIn(typed: Readonly<Record<string, string | boolean | readonly string[] | undefined>>, { flag, bare = 'true' }: CommandOption): string | undefined {
  if (flag.startsWith('no-')) return typed[camelCased(flag.slice('no-'.length))] === false ? 'true' : undefined; // commander's own way with these
  const value = typed[camelCased(flag)];
  if (typeof value === 'string') return value;
  if (typeof value === 'object') return joinValues(value);
  return value === true ? bare : undefined;
}

const camelCased = (flag: string): string => flag.replaceAll(/-(.)/g, (_match, letter: string) => letter.toUpperCase());

/** commander has already said what it did not like. */
function report(error: unknown, { stderr }: Host): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const explained = error instanceof UsageError || error instanceof SourceError;
  const message = explained ? error.message : error instanceof Error ? error.stack ?? error.message : String(error);
  stderr.write(`${message}\n`);
  return explained ? EXIT.error : EXIT.failed;
}
