/** Completion for PowerShell, with what each word means. Files are completed by the shell itself where this has nothing. */
import type { CompletedCommand } from './words.ts';

export function powershellCompletion(commands: readonly CompletedCommand[]): string {
  return `# Completion of npb for PowerShell. Load it now: npb completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName npb -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = [ordered]@{
${commands.map(({ name, summary }) => `    ${single(name)} = ${single(summary)}\n`).join('')}  }
  $options = @{
${commands.map(optionTable).join('')}  }
  $values = @{
${commands.flatMap(valueRows).map((row) => `    ${row}\n`).join('')}  }
  $typed = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() } | Select-Object -Skip 1)
  $command = $typed | Where-Object { $_ -notlike '-*' } | Select-Object -First 1
  $before = $typed | Select-Object -Last 1
  if (-not $command) { $found = $commands }
  elseif ($values.ContainsKey("$command $before")) { $found = $values["$command $before"] }
  elseif ($wordToComplete -like '-*') { $found = $options[$command] }
  else { $found = $values[$command] }
  if ($found) {
    $found.GetEnumerator() | Where-Object { $_.Key -like "$wordToComplete*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_.Key, $_.Key, 'ParameterValue', $_.Value)
    }
  }
}
`;
}

function optionTable({ name, options }: CompletedCommand): string {
  const rows = options.flatMap(({ names, help }) => names.map((each) => `      ${single(each)} = ${single(help)}\n`));
  return `    ${single(name)} = [ordered]@{\n${rows.join('')}    }\n`;
}

/** Keys are `command --option`, or the command alone for its arguments. */
function valueRows({ name, options, arguments: positional }: CompletedCommand): string[] {
  const row = (key: string, words: readonly string[]): string => `${single(key)} = [ordered]@{ ${words.map((word) => `${single(word)} = ${single(word)}`).join('; ')} }`;
  const rows = options.flatMap(({ names, value }) => (value === undefined || value.isOptional || value.completes === 'file' || value.completes.length === 0
    ? [] : names.map((each) => row(`${name} ${each}`, value.completes as readonly string[]))));
  return positional === 'file' || positional.length === 0 ? rows : [...rows, row(name, positional)];
}

const single = (text: string): string => `'${text.replaceAll("'", "''")}'`;
