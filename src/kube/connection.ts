/**
 * Which API server to talk to, and as whom.
 *
 * Looks at, in this order: the file that was named, KUBECONFIG, ~/.kube/config, the pod's ServiceAccount.
 * Promises: nothing is guessed; when no place says anything, the error says which were looked at and what to do.
 */
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ConnectionError, type Connection, type ConnectionEnvironment } from './connection-source.ts';
import { createKubeClient, type ClientOptions, type KubeClient } from './client.ts';
import { inClusterConnection, SERVICE_ACCOUNT_DIR, whyNotInCluster } from './in-cluster.ts';
import { kubeconfigConnection } from './kubeconfig.ts';

export interface ConnectionOptions {
  /** Path of a kubeconfig that was named explicitly; no other place is looked at then. */
  readonly kubeconfig?: string | undefined;
  /** Context of the kubeconfig; its current one when absent. */
  readonly context?: string | undefined;
  /** The process's environment: KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT. */
  readonly env: ConnectionEnvironment;
  /** Where a pod finds its token; for tests. */
  readonly serviceAccountDir?: string;
}

/** Finds the cluster and opens the door to it. */
export async function connect(options: ConnectionOptions & Omit<ClientOptions, 'connection'>): Promise<KubeClient> {
  return createKubeClient({ ...options, connection: await loadConnection(options) });
}

export async function loadConnection(options: ConnectionOptions): Promise<Connection> {
  const { env, kubeconfig, context } = options;
  if (kubeconfig !== undefined) return kubeconfigConnection([kubeconfig], context);
  const files = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (files.length > 0) return kubeconfigConnection(files, context);
  const homeFile = join(env['HOME'] ?? env['USERPROFILE'] ?? '', '.kube', 'config');
  if (await isReadable(homeFile)) return kubeconfigConnection([homeFile], context);
  const dir = options.serviceAccountDir ?? SERVICE_ACCOUNT_DIR;
  const obstacle = whyNotInCluster(env) ?? (await isReadable(join(dir, 'token')) ? undefined : `no token in ${dir}`);
  if (obstacle === undefined) return inClusterConnection(env, dir);
  throw new ConnectionError(
    `no cluster to talk to. Looked at: --kubeconfig (not given), KUBECONFIG (not set), ${homeFile} (no such file), this pod's ServiceAccount (${obstacle}). `
    + 'Name a kubeconfig with --kubeconfig FILE or set KUBECONFIG; `npm run demo` starts a cluster to try things on.');
}

async function isReadable(path: string): Promise<boolean> {
  return readFile(path).then(() => true, () => false);
}
