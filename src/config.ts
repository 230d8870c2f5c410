/**
 * The settings of the operator: one table, from which parsing, `npb operator --help` and the documentation
 * are made. The only reader of the environment, which is passed in.
 *
 * Promises: a flag wins over its variable, the variable over the default; every bad value is reported at
 * once, by the name under which it was given; the result is frozen.
 * Must not: read files or the environment by itself, or print anything.
 */
import type { z } from 'zod';
import { DEFAULT_OPERATOR_NAMESPACE, DEFAULT_SYSTEM_NAMESPACES } from './api/names.ts';
import { address, choice, count, dnsLabel, durationMs, formatDuration, names, onOff, text } from './config-values.ts';

/** Where the values come from. */
export interface ConfigInputs {
  /** By flag name without dashes, as typed. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: HostFacts;
}

/** What only the machine knows. */
export interface HostFacts {
  readonly hostname: string;
  readonly uuid: string;
  /** Namespace of the pod's ServiceAccount; absent outside a cluster. */
  readonly podNamespace: string | undefined;
  /** Whether people read the log as it comes. */
  readonly terminal: boolean;
  /** `~/.kube/config` as an absolute path. */
  readonly defaultKubeconfig: string;
  /** Between the files of KUBECONFIG. */
  readonly pathDelimiter: string;
}

/** One setting: `fallback` is the default as it would be typed; absent where there is none. */
export interface Setting<T> {
  readonly flag: string;
  readonly env: string;
  /** What stands for the value in the help. */
  readonly value: string;
  readonly group: SettingGroup;
  readonly help: string;
  readonly fallback: (host: HostFacts, inCluster: boolean) => string | undefined;
  /** The default as the help tells it, also where it depends on the machine; absent where there is none. */
  readonly fallbackText?: string;
  /** What the flag alone, without a value, means. */
  readonly bare?: string;
  readonly schema: z.ZodType<T, string>;
}

export const SETTING_GROUPS = ['Cluster', 'Scope', 'Isolation', 'Leader election', 'Work', 'Endpoint and logs'] as const;
export type SettingGroup = (typeof SETTING_GROUPS)[number];

type Details<T> = Omit<Setting<T>, 'flag' | 'env' | 'fallback' | 'group'> & {
  readonly fallback?: string | Setting<T>['fallback'];
};

const inGroup = (group: SettingGroup) => <T>(flag: string, { fallback, ...details }: Details<T>): Setting<T> => ({
  flag, group, env: `NPB_${flag.replaceAll('-', '_').toUpperCase()}`,
  ...(typeof fallback === 'string' && { fallbackText: fallback }), ...details,
  fallback: typeof fallback === 'function' ? fallback : () => fallback,
});
const cluster = inGroup('Cluster');
const scope = inGroup('Scope');
const isolation = inGroup('Isolation');
const election = inGroup('Leader election');
const workload = inGroup('Work');
const surface = inGroup('Endpoint and logs');

/** client-go's: what the retry period may be stretched by. */
const RENEW_JITTER = 1.2;
const SECOND = 1000;
const HOUR = 3_600_000;

/** Every setting by its name in `Config`. */
export const SETTINGS = {
  kubeconfig: cluster('kubeconfig', {
    value: 'FILE', schema: text(),
    help: 'Kubeconfig that names the cluster. Without it KUBECONFIG, then the ServiceAccount of the pod, then ~/.kube/config.',
  }),
  context: cluster('context', {
    value: 'NAME', schema: text(), help: 'Context of the kubeconfig; its current context when not given.',
  }),
  namespace: cluster('namespace', {
    value: 'NAME', schema: dnsLabel(),
    fallback: (host) => host.podNamespace ?? DEFAULT_OPERATOR_NAMESPACE,
    fallbackText: `the namespace of the pod, else ${DEFAULT_OPERATOR_NAMESPACE}`,
    help: 'Namespace of the operator: its Lease is there, and no baseline ever applies to it.',
  }),
  systemNamespaces: scope('system-namespaces', {
    value: 'NAMES', schema: names(), fallback: DEFAULT_SYSTEM_NAMESPACES.join(','),
    help: `Exact names, separated by commas, of the namespaces that no baseline ever applies to. They replace the default: to add some, repeat ${DEFAULT_SYSTEM_NAMESPACES.join(',')}. The namespace of the operator is always one of them.`,
  }),
  evaluateIsolation: isolation('evaluate-isolation', {
    value: 'true|false', schema: onOff(), fallback: 'true', bare: 'true',
    help: 'Watch pods and every kind of policy, and say what is really isolated. Off: isolation is unknown, and the permissions of config/rbac/isolation are not needed.',
  }),
  ipBlockMatchesPods: isolation('ip-block-matches-pods', {
    value: 'yes|no|unknown', schema: choice(['yes', 'no', 'unknown']), fallback: 'unknown',
    help: 'Whether ipBlock in a NetworkPolicy matches addresses of pods: yes on most CNIs, no on Cilium. Unknown: the weaker of both answers counts.',
  }),
  leaderElect: election('leader-elect', {
    value: 'true|false', schema: onOff(), fallback: 'true', bare: 'true',
    help: 'Write only while holding the Lease. Turn it off only where a single replica is certain.',
  }),
  identity: election('identity', {
    value: 'NAME', schema: text(), fallback: (host) => `${host.hostname}_${host.uuid}`, fallbackText: 'hostname_uuid',
    help: 'Name of this replica in the Lease and in events. Two replicas must never share one.',
  }),
  leaseDurationMs: election('lease-duration', {
    value: 'DURATION', schema: durationMs(SECOND, HOUR, SECOND), fallback: '15s',
    help: 'How long standbys wait after the last renewal they saw before one takes over. Whole seconds.',
  }),
  renewDeadlineMs: election('renew-deadline', {
    value: 'DURATION', schema: durationMs(SECOND, HOUR), fallback: '10s',
    help: 'A leader that could not renew for this long stops writing and exits. Shorter than the lease duration.',
  }),
  retryPeriodMs: election('retry-period', {
    value: 'DURATION', schema: durationMs(100, HOUR), fallback: '5s',
    help: 'How often the leader renews. Shorter than the renew deadline.',
  }),
  maxInFlight: workload('max-in-flight', {
    value: 'NUMBER', schema: count(1, 24), fallback: '16',
    help: 'Namespaces that are worked on at the same time, each with one request to the API server. Status, events and the Lease come on top, with all of it at most 24 requests.',
  }),
  firstWriteDelayMs: workload('first-write-delay', {
    value: 'DURATION', schema: durationMs(0, SECOND), fallback: '2ms',
    help: 'Wait before the first write into a new namespace. The API server holds an earlier one for 50ms, until its own admission has seen the namespace.',
  }),
  relistIntervalMs: workload('relist-interval', {
    value: 'DURATION', schema: durationMs(60 * SECOND, 24 * HOUR), fallback: '45m',
    help: 'How often everything is listed and compared again, with up to a third of jitter. Bounds what a lost event can hide; writes nothing when all is well.',
  }),
  statusIntervalMs: workload('status-interval', {
    value: 'DURATION', schema: durationMs(100, HOUR), fallback: '5s',
    help: 'A status changes at once, then at most this often.',
  }),
  drainTimeoutMs: workload('drain-timeout', {
    value: 'DURATION', schema: durationMs(0, HOUR), fallback: '15s',
    help: 'How long a stopping operator waits for writes under way. Shorter than the grace period of the pod.',
  }),
  listenAddress: surface('listen-address', {
    value: 'HOST:PORT', schema: address(),
    fallback: (_host, inCluster) => (inCluster ? ':8080' : '127.0.0.1:8080'),
    fallbackText: ':8080 in a cluster, 127.0.0.1:8080 outside',
    help: 'Where /metrics, /healthz and /readyz are served. Port 0 takes any free one.',
  }),
  openReports: surface('open-reports', {
    value: 'true|false', schema: onOff(), fallback: 'false', bare: 'true',
    help: 'Write a Report of openreports.io for each namespace while the API server knows that kind. Needs the permissions of config/rbac/open-reports.',
  }),
  statusPage: surface('status-page', {
    value: 'true|false', schema: onOff(), fallback: 'false', bare: 'true',
    help: 'Serve a read-only page for people at / and /namespaces/NAME: coverage, and what needs attention. --metrics-secure protects it, too.',
  }),
  metricsSecure: surface('metrics-secure', {
    value: 'true|false', schema: onOff(), fallback: 'false', bare: 'true',
    help: 'Serve over TLS, and everything but the probes only to bearer tokens that may get the path by RBAC. Needs the permissions of config/rbac/metrics-auth.',
  }),
  tlsCertFile: surface('tls-cert-file', {
    value: 'FILE', schema: text(),
    help: 'Certificate for --metrics-secure as PEM, with those of intermediate authorities; read again when it changes. Without it: a self-signed one, new at each start.',
  }),
  tlsPrivateKeyFile: surface('tls-private-key-file', {
    value: 'FILE', schema: text(), help: 'Key of --tls-cert-file as PEM; read again with it.',
  }),
  logLevel: surface('log-level', {
    value: 'LEVEL', schema: choice(['debug', 'info', 'warn', 'error']), fallback: 'info', help: 'debug, info, warn or error.',
  }),
  logFormat: surface('log-format', {
    value: 'FORMAT', schema: choice(['json', 'text']),
    fallback: (host) => (host.terminal ? 'text' : 'json'), fallbackText: 'text on a terminal, else json',
    help: 'json: one object on each line. text: for people.',
  }),
} as const satisfies Record<string, Setting<unknown>>;

type SettingName = keyof typeof SETTINGS;
/** Without a default. */
type Optional = 'context' | 'tlsCertFile' | 'tlsPrivateKeyFile';
type Value<Name extends SettingName> = z.output<(typeof SETTINGS)[Name]['schema']>;

/** What `npb operator` runs with. Durations in milliseconds. */
export type Config =
  & { readonly [Name in Exclude<SettingName, 'kubeconfig' | 'systemNamespaces' | Optional>]: Value<Name> }
  & { readonly [Name in Optional]?: Value<Name> }
  & {
    /** Files that are merged as kubectl merges them; none when the credentials are those of the pod. */
    readonly kubeconfig: readonly string[];
    /** Sorted, with the operator's own. */
    readonly systemNamespaces: readonly string[];
    /** Whether the credentials are those of the pod. */
    readonly inCluster: boolean;
  };

/** Lists every value that cannot be used; `problems` has one line for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The configuration is not valid:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

/** Throws a `ConfigError` that lists all bad values. An empty value counts as not given. */
export function loadConfig(inputs: ConfigInputs): Config {
  const files = kubeconfigFiles(inputs);
  const inCluster = files === undefined && nonEmpty(inputs.env['KUBERNETES_SERVICE_HOST']) !== undefined;
  const { values, found, problems } = parseSettings(inputs, inCluster);
  problems.push(...impossibleTogether(values, found));
  if (problems.length > 0) throw new ConfigError(problems);
  const settings = values as Parsed;
  return Object.freeze({
    ...settings, inCluster,
    kubeconfig: Object.freeze(inCluster ? [] : files ?? [inputs.host.defaultKubeconfig]),
    systemNamespaces: Object.freeze([...new Set([...settings.systemNamespaces, settings.namespace])].sort()),
  });
}

/** What is there when no value is bad; what is optional only where it was given. */
type Parsed = { readonly [Name in Exclude<SettingName, 'kubeconfig' | Optional>]: Value<Name> } & { readonly [Name in Optional]?: Value<Name> };

function parseSettings(inputs: ConfigInputs, inCluster: boolean) {
  const values: Partial<Record<SettingName, unknown>> = {};
  const found = new Map<string, Found>();
  const problems: string[] = [];
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const value = given(setting, inputs) ?? { name: `--${setting.flag}`, typed: setting.fallback(inputs.host, inCluster) };
    if (value.typed === undefined) continue;
    const parsed = setting.schema.safeParse(value.typed);
    found.set(name, value);
    if (parsed.success) values[name as SettingName] = parsed.data;
    else problems.push(`${described(value)}: expected ${parsed.error.issues[0]?.message ?? 'another value'}`);
  }
  return { values, found, problems };
}

/** A value as it was typed, and the flag or variable that it came by. */
interface Found {
  readonly name: string;
  readonly typed: string | undefined;
}

const described = ({ name, typed }: Found): string => `${name} is ${JSON.stringify(typed)}`;
const nonEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

function given({ flag, env }: Setting<unknown>, inputs: ConfigInputs): Found | undefined {
  const byFlag = nonEmpty(inputs.flags[flag]);
  if (byFlag !== undefined) return { name: `--${flag}`, typed: byFlag };
  const byVariable = nonEmpty(inputs.env[env]);
  return byVariable === undefined ? undefined : { name: env, typed: byVariable };
}

function kubeconfigFiles(inputs: ConfigInputs): readonly string[] | undefined {
  const file = given(SETTINGS.kubeconfig, inputs)?.typed;
  if (file !== undefined) return [file];
  const files = (inputs.env['KUBECONFIG'] ?? '').split(inputs.host.pathDelimiter).filter((each) => each !== '');
  return files.length > 0 ? files : undefined;
}

/** Only pairs of values that are good by themselves are compared. */
function impossibleTogether(values: Partial<Record<SettingName, unknown>>, found: ReadonlyMap<string, Found>): string[] {
  const problems: string[] = [];
  const mustExceed = (name: SettingName, other: SettingName, factor: number): void => {
    const [larger, smaller] = [values[name], values[other]];
    if (typeof larger !== 'number' || typeof smaller !== 'number' || larger > smaller * factor) return;
    const limit = `more than ${factor === 1 ? '' : `${factor} times `}--${SETTINGS[other].flag} (${formatDuration(smaller)})`;
    problems.push(`${described(found.get(name) as Found)}: expected ${limit}`);
  };
  const needs = (name: SettingName, other: SettingName, isThere: boolean): void => {
    if (values[name] !== undefined && !isThere) problems.push(`${described(found.get(name) as Found)}: expected --${SETTINGS[other].flag} with it`);
  };
  mustExceed('leaseDurationMs', 'renewDeadlineMs', 1);
  mustExceed('renewDeadlineMs', 'retryPeriodMs', RENEW_JITTER);
  needs('tlsCertFile', 'tlsPrivateKeyFile', found.has('tlsPrivateKeyFile'));
  needs('tlsPrivateKeyFile', 'tlsCertFile', found.has('tlsCertFile'));
  needs('tlsCertFile', 'metricsSecure', values['metricsSecure'] !== false);
  return problems;
}
