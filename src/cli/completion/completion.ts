/** `npb completion SHELL`: a script that teaches a shell the commands, their flags and values. Asks no cluster. */
import { EXIT, UsageError, type Command } from '../command.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { kubectlCompletion } from './kubectl.ts';
import { powershellCompletion } from './powershell.ts';
import { completedCommands, type CompletedCommand } from './words.ts';
import { zshCompletion } from './zsh.ts';

type Script = (commands: readonly CompletedCommand[]) => string;
const SCRIPTS: ReadonlyMap<string, Script> = new Map([
  ['bash', bashCompletion], ['zsh', zshCompletion], ['fish', fishCompletion], ['powershell', powershellCompletion], ['kubectl', kubectlCompletion],
]);
const SHELLS = [...SCRIPTS.keys()];

/** `commands` is asked when it runs: this command is one of them. */
export function completionCommand(commands: () => Promise<readonly Command[]>): Command {
  return {
    name: 'completion',
    summary: 'Print a script that completes commands in your shell',
    description: 'Prints a script for bash, zsh, fish or PowerShell that completes commands, flags and their values; or one that kubectl runs for its plugin.',
    arguments: [{ name: 'SHELL', help: `${SHELLS.slice(0, -1).join(', ')} or ${SHELLS.at(-1) ?? ''}`, completes: SHELLS }],
    options: [],
    epilogue: () => [
      'To load it in every new shell:',
      "  bash:        echo 'source <(npb completion bash)' >> ~/.bashrc",
      "  zsh:         echo 'source <(npb completion zsh)' >> ~/.zshrc",
      '  fish:        npb completion fish > ~/.config/fish/completions/npb.fish',
      '  PowerShell:  npb completion powershell >> $PROFILE',
      '',
      'kubectl policy-baseline completes with kubectl 1.26 or newer and its own completion loaded, once this is in PATH:',
      '  npb completion kubectl > ~/.local/bin/kubectl_complete-policy_baseline',
      '  chmod +x ~/.local/bin/kubectl_complete-policy_baseline',
    ].join('\n'),
    async run({ stdout }, _flags, [shell = '']) {
      const script = SCRIPTS.get(shell);
      if (script === undefined) throw new UsageError(`there is no completion for ${JSON.stringify(shell)}: expected ${SHELLS.join(', ')}`);
      stdout.write(script(completedCommands(await commands())));
      return EXIT.ok;
    },
  };
}
