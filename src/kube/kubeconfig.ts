/**
 * Kubeconfig files: client-node reads them and runs credential plugins. The only file that imports it.
 *
 * It is imported only here and only when a kubeconfig is used: it costs half a second and 50 MB. Of it, only
 * loading and credentials are used; its transport opens a connection per call, its typed API renames `from`.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import { ConnectionError, type Connection } from './connection-source.ts';
import type { Credentials } from './credentials.ts';

/** Several files are merged, as KUBECONFIG does it; the first one names the current context. */
export async function kubeconfigConnection(files: readonly string[], context: string | undefined): Promise<Connection> {
  let config = await loadFiles(files, context);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new ConnectionError(`${describe(files)}: its current context names no cluster`);
  const server = new URL(cluster.server).href.replace(/\/+$/, '');
  return {
    source: `${describe(files)}, context ${config.getCurrentContext()}`,
    server,
    proxyUrl: proxyOf(cluster.proxyUrl),
    async read(anew) {
      if (anew) config = await loadFiles(files, context);
      return credentialsOf(config, server);
    },
  };
}

async function loadFiles(files: readonly string[], context: string | undefined): Promise<KubeConfig> {
  const { KubeConfig: Config } = await import('@kubernetes/client-node');
  const config = new Config();
  for (const [index, file] of files.entries()) {
    try {
      if (index === 0) config.loadFromFile(file);
      else config.mergeConfig(loaded(new Config(), file), true);
    } catch (cause) {
      throw new ConnectionError(`kubeconfig ${file}: ${reasonOf(cause)}`, { cause });
    }
  }
  choose(config, files, context);
  return config;
}

function loaded(config: KubeConfig, file: string): KubeConfig {
  config.loadFromFile(file);
  return config;
}

function choose(config: KubeConfig, files: readonly string[], context: string | undefined): void {
  const known = config.getContexts().map((one) => one.name);
  const wanted = context ?? config.getCurrentContext();
  if (!wanted) throw new ConnectionError(`${describe(files)}: it has no current context; choose one with --context: ${known.join(', ')}`);
  if (!known.includes(wanted)) throw new ConnectionError(`${describe(files)}: there is no context ${wanted}; there are: ${known.join(', ') || 'none'}`);
  config.setCurrentContext(wanted);
}

async function credentialsOf(config: KubeConfig, server: string): Promise<Credentials> {
  if (server.startsWith('http:')) return { headers: {}, tls: {} }; // kubectl proxy: it adds the credentials
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return {
    headers: headersOf(options),
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
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return 'no such file';
  return cause instanceof Error ? (cause.message.split('\n')[0] ?? cause.name) : String(cause);
}
