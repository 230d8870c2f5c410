/** Which namespaces no baseline ever applies to: the same settings as the operator's, since the same plan must come out. */
import { DEFAULT_OPERATOR_NAMESPACE, DEFAULT_SYSTEM_NAMESPACES } from '../../api/names.ts';
import { names } from '../../config-values.ts';
import { SETTINGS } from '../../config.ts';
import { UsageError, type CommandOption, type Flags, type Host } from '../command.ts';

/** Of commands that plan: `namespaceViewsOf` wants the result of `systemNamespacesOf`. */
export const SYSTEM_NAMESPACES_OPTION: CommandOption = {
  flag: 'system-namespaces', value: 'NAMES', group: 'Baseline',
  help: `Exact names, separated by commas, of the namespaces that no baseline ever applies to, as they are set on the operator; they replace the default (${SETTINGS.systemNamespaces.env}; default: ${DEFAULT_SYSTEM_NAMESPACES.join(',')},${DEFAULT_OPERATOR_NAMESPACE}).`,
};

export function systemNamespacesOf({ env }: Pick<Host, 'env'>, flags: Flags): ReadonlySet<string> {
  const typed = flags['system-namespaces'] ?? (env[SETTINGS.systemNamespaces.env] || undefined);
  if (typed === undefined) return new Set([...DEFAULT_SYSTEM_NAMESPACES, DEFAULT_OPERATOR_NAMESPACE]);
  const parsed = names().safeParse(typed);
  if (!parsed.success) throw new UsageError(`--system-namespaces is ${JSON.stringify(typed)}: expected ${parsed.error.issues[0]?.message ?? 'names'}`);
  return new Set(parsed.data);
}
