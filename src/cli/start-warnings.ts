/**
 * What the settings of `npb operator` say that is allowed and hardly meant, told once at the start. Pure.
 */
import { DEFAULT_SYSTEM_NAMESPACES } from '../api/names.ts';
import { SETTINGS, type Config } from '../config.ts';
import type { LogFields } from '../observe/logger.ts';

/** A line of the log. */
export interface StartWarning {
  readonly message: string;
  readonly fields: LogFields;
}

export function startWarnings(config: Pick<Config, 'systemNamespaces'>): readonly StartWarning[] {
  return missingSystemNamespaces(config);
}

/** Who means to add a name easily drops these. */
function missingSystemNamespaces({ systemNamespaces }: Pick<Config, 'systemNamespaces'>): StartWarning[] {
  const missing = DEFAULT_SYSTEM_NAMESPACES.filter((name) => !systemNamespaces.includes(name));
  const { flag, env } = SETTINGS.systemNamespaces;
  return missing.length === 0 ? [] : [{
    message: `--${flag} (${env}) replaces its default and leaves out names of it: baselines apply to these namespaces as to any other, and default-deny in kube-system cuts off the DNS and the add-ons of the cluster`,
    fields: { missing },
  }];
}
