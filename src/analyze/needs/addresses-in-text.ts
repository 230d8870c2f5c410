/**
 * Host names in values that people write: URLs with any scheme and credentials, `host:port`, lists of them, flags and
 * shell scripts. Only what can be the name of a Service is found.
 */
import { portNumberOf } from './fields.ts';

export interface HostInText {
  /** Lower case, without a final dot. */
  readonly host: string;
  readonly port: number | undefined;
  /** The last one where there are several: `postgresql` of `jdbc:postgresql://`. */
  readonly scheme: string | undefined;
}

const BETWEEN = /[\s,;=|"'`()<>{}[\]]+/;
const SCHEMES = /^((?:[a-z][a-z0-9+.-]*:)+)\/\/(.*)$/i;
const HOST_AND_PORT = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*)\.?(?::(\d{1,5}))?$/i;
/** A value that is longer holds something else, such as a certificate. */
const LONGEST = 16_384;

export function hostsIn(text: string): HostInText[] {
  if (text.length > LONGEST) return [];
  return text.split(BETWEEN).flatMap((word) => hostIn(word) ?? []);
}

function hostIn(word: string): HostInText | undefined {
  const [, schemes, behind = word] = SCHEMES.exec(word) ?? [];
  const [authority = ''] = behind.split(/[/?#]/);
  const [, host = '', portText] = HOST_AND_PORT.exec(authority.slice(authority.lastIndexOf('@') + 1)) ?? [];
  const port = portText === undefined ? undefined : portNumberOf(portText);
  const isPort = portText === undefined || port !== undefined;
  return isPort && isName(host) ? { host: host.toLowerCase(), port, scheme: schemes?.split(':').at(-2)?.toLowerCase() } : undefined;
}

/** An address has no letter. */
function isName(host: string): boolean {
  return /[a-z]/i.test(host) && host.length <= 253;
}

/** The Service that a name means which ends in `.svc` or has more behind it, so that it can mean nothing else. */
export function serviceNamed(host: string): { readonly namespace: string; readonly name: string } | undefined {
  const labels = host.split('.');
  const svc = labels.lastIndexOf('svc');
  return svc < 2 ? undefined : { name: labels[svc - 2]!, namespace: labels[svc - 1]! };
}

/** Of schemes that are seen in clusters. */
const SCHEME_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80], ['ws', 80], ['https', 443], ['wss', 443], ['grpcs', 443], ['postgres', 5432], ['postgresql', 5432], ['mysql', 3306], ['mariadb', 3306],
  ['redis', 6379], ['rediss', 6379], ['amqp', 5672], ['amqps', 5671], ['mongodb', 27_017], ['nats', 4222], ['ldap', 389], ['ldaps', 636],
  ['smtp', 25], ['ftp', 21], ['mqtt', 1883], ['memcached', 11_211],
]);

export function portOfScheme(scheme: string | undefined): number | undefined {
  return SCHEME_PORTS.get(scheme ?? '');
}
