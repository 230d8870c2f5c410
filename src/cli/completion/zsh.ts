/** Completion for zsh, with what each word means. */
import type { CompletedCommand, CompletedOption } from './words.ts';
import type { Completes } from '../command.ts';

export function zshCompletion(commands: readonly CompletedCommand[]): string {
  return `#compdef npb
# Completion of npb for zsh. Load it now, after compinit: source <(npb completion zsh)
_npb() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${single(`${name}:${summary}`)}\n`).join('')}  )
  if (( CURRENT == 2 )); then
    _describe -t commands 'command' commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(commandCase).join('')}  esac
}
if [ "$funcstack[1]" = '_npb' ]; then
  _npb "$@"
else
  compdef _npb npb
fi
`;
}

function commandCase({ name, options, arguments: positional }: CompletedCommand): string {
  const specs = [...options.map(optionSpec), ...positional.length === 0 ? [] : [single(`*:argument:${action(positional)}`)]];
  return `    ${name})\n      _arguments -s ${specs.map((spec) => `\\\n        ${spec}`).join(' ')}\n      ;;\n`;
}

/** `'(-o --output)'{-o+,--output=}'[help]:FORMAT:(table json)'` */
function optionSpec({ names, help, value, isRepeatable }: CompletedOption): string {
  const forms = names.map((name) => name + valueMark(name, value));
  const exclusive = isRepeatable ? "'*'" : names.length > 1 ? single(`(${names.join(' ')})`) : '';
  const form = forms.length > 1 ? `{${forms.join(',')}}` : forms[0] ?? '';
  return exclusive + form + single(`[${escaped(help, /[[\]\\]/g)}]${valueSpec(value)}`);
}

function valueMark(name: string, value: CompletedOption['value']): string {
  if (value === undefined) return '';
  if (!name.startsWith('--')) return '+';
  return value.isOptional ? '=-' : '=';
}

function valueSpec(value: CompletedOption['value']): string {
  if (value === undefined) return '';
  return `${value.isOptional ? '::' : ':'}${escaped(value.name, /[:\\]/g)}:${action(value.completes)}`;
}

function action(completes: Completes): string {
  if (completes === 'file') return '_files';
  return completes.length === 0 ? ' ' : `(${completes.join(' ')})`;
}

const escaped = (text: string, what: RegExp): string => text.replaceAll(what, '\\$&');
const single = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
