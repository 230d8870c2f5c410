/** What can be typed, in the form from which every shell's script is made. */
import type { Command, CommandArgument, CommandOption, Completes } from '../command.ts';

export interface CompletedOption {
  /** As typed, with dashes: the long form first. */
  readonly names: readonly string[];
  readonly help: string;
  /** Absent: a switch. */
  readonly value?: { readonly name: string; readonly isOptional: boolean; readonly completes: Completes };
  readonly isRepeatable: boolean;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** Of every positional argument alike: shells are not told which one it is. */
  readonly arguments: Completes;
}

/** With the help that every command has. */
export function completedCommands(commands: readonly Command[]): readonly CompletedCommand[] {
  const names = commands.map(({ name }) => name);
  return [...commands.map(completedCommand), { name: 'help', summary: 'Show the help of a command', options: [HELP], arguments: names }];
}

const HELP: CompletedOption = { names: ['--help', '-h'], help: 'Show the help', isRepeatable: false };

function completedCommand({ name, summary, options, arguments: positional = [] }: Command): CompletedCommand {
  return { name, summary, options: [...options.map(completedOption), HELP], arguments: argumentValues(positional) };
}

function argumentValues(positional: readonly CommandArgument[]): Completes {
  if (positional.some(({ completes }) => completes === 'file')) return 'file';
  return positional.flatMap(({ completes }) => (completes === undefined || completes === 'file' ? [] : completes));
}

function completedOption({ flag, short, value, bare, repeatable, completes, help }: CommandOption): CompletedOption {
  const names = short === undefined ? [`--${flag}`] : [`--${flag}`, `-${short}`];
  const option = { names, help: firstSentence(help), isRepeatable: repeatable === true };
  if (value === undefined) return option;
  return { ...option, value: { name: value, isOptional: bare !== undefined, completes: completes ?? valuesIn(value) } };
}

/** `true|false` says it all. */
function valuesIn(name: string): Completes {
  if (name === 'FILE') return 'file';
  return name.includes('|') ? name.split('|') : [];
}

const firstSentence = (help: string): string => help.replace(/\. .*$|\.$/s, '').replaceAll('\n', ' ');
