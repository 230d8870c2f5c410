/**
 * Completion for `kubectl policy-baseline`: kubectl (1.26 and newer) runs an executable `kubectl_complete-policy_baseline`
 * and takes what it prints, one word in each line, and last a number: 4 means no files, 0 files too.
 */
import type { CompletedCommand, CompletedOption } from './words.ts';

export function kubectlCompletion(commands: readonly CompletedCommand[]): string {
  return `#!/bin/sh
# Completion of kubectl policy-baseline. Save it as kubectl_complete-policy_baseline in a folder of PATH, executable.
none=':4'
files=':0'
cmd=''
prev=''
cur=''
for word in "$@"; do
  prev="$cur"
  if [ -z "$cmd" ]; then case "$prev" in ''|-*) ;; *) cmd="$prev" ;; esac; fi
  cur="$word"
done
say() {
  last="$1"
  shift
  for each in "$@"; do echo "$each"; done
  echo "$last"
  exit 0
}
case "$cmd $prev" in
${commands.flatMap(valueCases).map((line) => `  ${line}\n`).join('')}esac
case "$cmd" in
  '') say "$none" ${commands.map(({ name }) => name).join(' ')} --help ;;
${commands.map(wordCase).map((line) => `  ${line}\n`).join('')}esac
say "$files"
`;
}

function valueCases({ name, options }: CompletedCommand): string[] {
  return options.flatMap((option) => {
    if (option.value === undefined || option.value.isOptional) return [];
    return [`${option.names.map((each) => `'${name} ${each}'`).join('|')}) ${said(option)} ;;`];
  });
}

function said({ value }: CompletedOption): string {
  return value === undefined || value.completes === 'file' ? 'say "$files"' : ['say "$none"', ...value.completes].join(' ');
}

function wordCase({ name, options, arguments: positional }: CompletedCommand): string {
  const others = positional === 'file' ? 'say "$files"' : ['say "$none"', ...positional].join(' ');
  return `${name}) case "$cur" in -*) say "$none" ${options.flatMap(({ names }) => names).join(' ')} ;; *) ${others} ;; esac ;;`;
}
