/**
 * What the settings of `npb operator` say that is allowed and hardly meant, told once at the start. Pure.
 */
import { nearNames } from '../analyze/explain/near-names.ts';
import { DEFAULT_SYSTEM_NAMESPACES } from '../api/names.ts';
import { SETTINGS, type Config, type ConfigInputs } from '../config.ts';
import type { LogFields } from '../observe/logger.ts';

/** A line of the log. */
export interface StartWarning {
  readonly message: string;
  readonly fields: LogFields;
}

export function startWarnings(config: Pick<Config, 'systemNamespaces'>, env: ConfigInputs['env']): readonly StartWarning[] {
  return [...missingSystemNamespaces(config), ...unknownVariables(env)];
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

/** What the image, the tests and the bench of this project are told. */
const NO_SETTING = /^NPB_(REVISION|CACHE_DIR|UPDATE_GOLDENS|TEST_\w+|BENCH_\w+)$/;

/** A misspelt flag is refused; variables come from everywhere, so one that is misspelt is only told. */
function unknownVariables(env: ConfigInputs['env']): StartWarning[] {
  const known = Object.values(SETTINGS).map((setting) => setting.env);
  const isKnown = new Set<string>(known);
  const variables = Object.keys(env).filter((name) => name.startsWith('NPB_') && env[name] !== '' && !isKnown.has(name) && !NO_SETTING.test(name) && !isOfAService(name, env)).sort();
  if (variables.length === 0) return [];
  const nearest = variables.flatMap((name) => nearNames(name.toUpperCase(), known).slice(0, 1));
  return [{
    message: 'variables that begin with NPB_ and belong to no setting are ignored',
    fields: { variables, ...(nearest.length > 0 && { didYouMean: [...new Set(nearest)] }) },
  }];
}

/** Kubernetes tells every pod the Services of its namespace: those of a release called `npb` begin like our variables. */
function isOfAService(name: string, env: ConfigInputs['env']): boolean {
  const [, service] = /^(\w+?)_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/.exec(name) ?? [];
  return service !== undefined && env[`${service}_SERVICE_HOST`] !== undefined;
}
