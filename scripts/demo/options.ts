/** What the command line asks the demo for. Pure. */
import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** Runs it through and ends, with exit code 0 when everything that it shows was so. */
  readonly once: boolean;
  /** A cluster of the user's instead of one of the demo's own. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

export const USAGE = `Usage: npm run demo [-- OPTIONS]

Shows the operator at work: on a control plane of its own, which is started for
it and ended with it, or on a cluster that you have.

  --once             run it through and end; exit code 0 when all was as it
                     should be, 1 when not
  --kubeconfig FILE  use the cluster that FILE names, in namespaces of the
                     demo's own; everything is removed again at the end
  --context NAME     context of that file; its current context when not given
  --help             this text
`;

/** Says what is wrong with the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `undefined` when help is asked for. */
export function parseOptions(args: readonly string[]): DemoOptions | undefined {
  const { values } = parsed(args);
  if (values.help === true) return undefined;
  if (values.context !== undefined && values.kubeconfig === undefined) {
    throw new UsageError('--context needs --kubeconfig: without it the demo starts a control plane of its own');
  }
  return { once: values.once === true, kubeconfig: values.kubeconfig, context: values.context };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { once: { type: 'boolean' }, kubeconfig: { type: 'string' }, context: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
