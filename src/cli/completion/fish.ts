/** Completion for fish, with what each word means. */
import type { CompletedCommand, CompletedOption } from './words.ts';

export function fishCompletion(commands: readonly CompletedCommand[]): string {
  return [
    '# Completion of npb for fish. Load it now: npb completion fish | source',
    'complete -c npb -f',
    ...commands.map(({ name, summary }) => `complete -c npb -n __fish_use_subcommand -a ${name} -d ${single(summary)}`),
    ...commands.flatMap(commandLines), '',
  ].join('\n');
}

function commandLines({ name, options, arguments: positional }: CompletedCommand): string[] {
  const begin = `complete -c npb -n '__fish_seen_subcommand_from ${name}'`;
  const others = positional === 'file' ? [`${begin} -F`] : positional.length === 0 ? [] : [`${begin} -a ${single(positional.join(' '))}`];
  return [...options.map((option) => `${begin} ${optionWords(option)} -d ${single(option.help)}`), ...others];
}

function optionWords({ names, value }: CompletedOption): string {
  const forms = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');
  if (value === undefined) return forms;
  if (value.completes === 'file') return `${forms} -r -F`;
  const values = value.completes.length === 0 ? '' : ` -a ${single(value.completes.join(' '))}`;
  return `${forms} ${value.isOptional ? '-f' : '-x'}${values}`;
}

const single = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
