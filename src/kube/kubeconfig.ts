/**
 * Kubeconfig files: client-node reads them and runs credential plugins. The only file that imports it.
 *
 * It is imported only here and only when a kubeconfig is used: it costs half a second and 50 MB. Of it, only
 * loading and credentials are used; its transport opens a connection per call, its typed API renames `from`.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { ConnectionError, type Connection } from './connection-source.ts';
import type { Credentials } from './credentials.ts';

interface Loaded {
  readonly config: KubeConfig;
  /** Of the chosen user: client-node does not know this field of a kubeconfig, and would go without a token. */
  readonly tokenFile: string | undefined;
}

/** Several files are merged, as KUBECONFIG does it; the first one names the current context. */
export async function kubeconfigConnection(files: readonly string[], context: string | undefined): Promise<Connection> {
  let loaded = await load(files, context);
  const cluster = loaded.config.getCurrentCluster();
  if (!cluster) throw new ConnectionError(`${describe(files)}: its current context names no cluster`);
  const server = new URL(cluster.server).href.replace(/\/+$/, '');
  return {
    source: `${describe(files)}, context ${loaded.config.getCurrentContext()}`,
    server,
    proxyUrl: proxyOf(cluster.proxyUrl),
    async read(anew) {
      if (anew) loaded = await load(files, context);
      return credentialsOf(loaded, server);
    },
  };
}

async function load(files: readonly string[], context: string | undefined): Promise<Loaded> {
  const { KubeConfig: Config, loadYaml } = await import('@kubernetes/client-node');
  const config = new Config();
  const tokenFiles = new Map<string, string>();
  for (const [index, file] of files.entries()) {
    try {
      const part = index === 0 ? config : new Config();
      part.loadFromFile(file);
      if (index > 0) config.mergeConfig(part, true);
      for (const [user, tokenFile] of tokenFilesIn(loadYaml<RawKubeconfig>(await readFile(file, 'utf8')))) tokenFiles.set(user, resolve(dirname(file), tokenFile));
    } catch (cause) {
      throw new ConnectionError(`kubeconfig ${file}: ${reasonOf(cause)}`, { cause });
    }
  }
  choose(config, files, context);
  return { config, tokenFile: tokenFiles.get(config.getCurrentUser()?.name ?? '') };
}

interface RawKubeconfig { readonly users?: readonly { readonly name: string; readonly user?: { readonly tokenFile?: string } }[] }

function tokenFilesIn({ users }: RawKubeconfig): [string, string][] {
  return (users ?? []).flatMap(({ name, user }) => (user?.tokenFile ? [[name, user.tokenFile]] : []));
}

function choose(config: KubeConfig, files: readonly string[], context: string | undefined): void {
  const known = config.getContexts().map((one) => one.name);
  const wanted = context ?? config.getCurrentContext();
  if (!wanted) throw new ConnectionError(`${describe(files)}: it has no current context; choose one with --context: ${known.join(', ')}`);
  if (!known.includes(wanted)) throw new ConnectionError(`${describe(files)}: there is no context ${wanted}; there are: ${known.join(', ') || 'none'}`);
  config.setCurrentContext(wanted);
}

async function credentialsOf({ config, tokenFile }: Loaded, server: string): Promise<Credentials> {
  if (server.startsWith('http:')) return { headers: {}, tls: {} }; // kubectl proxy: it adds the credentials
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const token = tokenFile === undefined ? undefined : await readFile(tokenFile, 'utf8');
  return {
    headers: { ...headersOf(options), ...(token === undefined ? {} : { authorization: `Bearer ${token.trim()}` }) },
    tls: {
      ca: textOf(options.ca), cert: textOf(options.cert), key: textOf(options.key), passphrase: options.passphrase,
      servername: options.servername, rejectUnauthorized: options.rejectUnauthorized,
    },
  };
}

function headersOf(options: RequestOptions): Record<string, string> {
  const given = Object.entries((options.headers ?? {}) as Record<string, string>);
  const headers = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value.trim()]));
  if (options.auth) headers['authorization'] ??= `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}

/** client-node gives Buffers of files and decoded data. */
function textOf(pem: unknown): string | undefined {
  if (Buffer.isBuffer(pem)) return pem.toString('utf8');
  return typeof pem === 'string' ? pem : undefined;
}

function proxyOf(url: string | undefined): string | undefined {
  if (!url) return undefined;
  if (/^https?:/.test(url)) return url;
  throw new ConnectionError(`proxy-url ${url}: only http and https proxies are supported`);
}

const describe = (files: readonly string[]): string => `kubeconfig ${files.join(', ')}`;

function reasonOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return 'no such file. Name one with --kubeconfig FILE or KUBECONFIG; `npm run demo` starts a cluster to try things on';
  return cause instanceof Error ? (cause.message.split('\n')[0] ?? cause.name) : String(cause);
}
