/** Completion for bash, 3.2 of macOS included: nothing of the package bash-completion is needed. */
import type { CompletedCommand, CompletedOption } from './words.ts';

export function bashCompletion(commands: readonly CompletedCommand[]): string {
  return `# Completion of npb for bash. Load it now: source <(npb completion bash)
_npb() {
  local cur prev cmd i words='' files=''
  COMPREPLY=()
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  if [ "$cur" = '=' ]; then
    cur=''
  elif [ "$prev" = '=' ]; then
    prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  cmd=''
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      -*) ;;
      *) cmd="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  case "$cmd $prev" in
${commands.flatMap(valueCases).map((line) => `    ${line}\n`).join('')}    *)
      case "$cmd" in
        '') words=${quoted([...commands.map(({ name }) => name), '--help'])} ;;
${commands.flatMap(wordCases).map((line) => `        ${line}\n`).join('')}      esac
      ;;
  esac
  local IFS=$' \\t\\n'
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
  if [ -n "$files" ]; then
    IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$cur"))
    compopt -o filenames 2>/dev/null
  fi
  return 0
}
complete -F _npb npb
`;
}

/** After an option that takes a value there is nothing else. */
function valueCases({ name, options }: CompletedCommand): string[] {
  return options.flatMap((option) => {
    if (option.value === undefined || option.value.isOptional) return [];
    return [`${option.names.map((each) => `'${name} ${each}'`).join('|')}) ${sourceOf(option)} ;;`];
  });
}

function sourceOf({ value }: CompletedOption): string {
  if (value === undefined || value.completes.length === 0) return ':';
  return value.completes === 'file' ? 'files=1' : `words=${quoted(value.completes)}`;
}

function wordCases({ name, options, arguments: positional }: CompletedCommand): string[] {
  const flags = quoted(options.flatMap(({ names }) => names));
  const others = positional === 'file' ? 'files=1' : `words=${quoted(positional)}`;
  return [`${name}) case "$cur" in -*) words=${flags} ;; *) ${others} ;; esac ;;`];
}

/** Words are names of commands, flags and values of them: no blanks, no quotes. */
const quoted = (words: readonly string[]): string => `'${words.join(' ')}'`;
