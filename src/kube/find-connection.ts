/** Which cluster: the one of the pod, or of a kubeconfig. The same for the operator and for every command. */
import type { Connection, ConnectionEnvironment } from './connection-source.ts';
import { inClusterConnection, SERVICE_ACCOUNT_DIR } from './in-cluster.ts';
import { kubeconfigConnection } from './kubeconfig.ts';

export interface ClusterChoice {
  /** The credentials are those of the pod. */
  readonly inCluster: boolean;
  /** Files that are merged as kubectl merges them. */
  readonly kubeconfig: readonly string[];
  readonly context?: string;
}

/** Rejects with a `ConnectionError` whose message says what to do. */
export async function findConnection({ inCluster, kubeconfig, context }: ClusterChoice, env: ConnectionEnvironment): Promise<Connection> {
  return inCluster ? inClusterConnection(env, SERVICE_ACCOUNT_DIR) : kubeconfigConnection(kubeconfig, context);
}
