/** The one thing about the network plugin that answers often depend on. */
import type { Options } from '../netpol/model.ts';
import { UsageError, type CommandOption, type Flags } from './command.ts';

const ANSWERS = ['yes', 'no', 'unknown'] as const satisfies readonly Options['ipBlockMatchesPods'][];

export const IP_BLOCK_OPTION: CommandOption = {
  flag: 'ip-block-matches-pods', value: 'yes|no|unknown', completes: ANSWERS, group: 'Network plugin',
  help: 'Whether the ipBlock of a policy matches the addresses of pods: yes with Calico, Antrea and OVN-Kubernetes, no with Cilium. What depends on it is unknown otherwise (default: unknown).',
};

export function evaluationOptions(flags: Flags): Options {
  const typed = flags[IP_BLOCK_OPTION.flag] ?? 'unknown';
  const ipBlockMatchesPods = ANSWERS.find((answer) => answer === typed);
  if (ipBlockMatchesPods === undefined) throw new UsageError(`--${IP_BLOCK_OPTION.flag} is ${JSON.stringify(typed)}: expected yes, no or unknown`);
  return { ipBlockMatchesPods };
}
