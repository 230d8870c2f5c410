/**
 * The cluster that is measured on: a fresh real control plane with CRD and RBAC as they are shipped.
 *
 * Its kube-controller-manager is ended once everything is installed: it makes a ServiceAccount and a ConfigMap in each new namespace at
 * a limited rate, so that it would still be at it minutes after a burst, and would be counted to whoever is measured then.
 */
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from '../support/control-plane.ts';
import type { Log } from '../tools/cache.ts';
import { whenEstablished } from '../control-plane/established.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The one that everything is measured with: default templates, every namespace. */
export const BASELINE = { name: 'default', spec: {} } as const;

export interface Cluster {
  readonly plane: ControlPlane;
  /** Of the operator's ServiceAccount; operator and floor use it both. */
  readonly kubeconfig: string;
}

export async function startCluster(log: Log): Promise<Cluster> {
  const plane = await startControlPlane({ log });
  try {
    await install(plane);
    await endControllerManager(plane);
    return { plane, kubeconfig: await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT) };
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

async function install(plane: ControlPlane): Promise<void> {
  const apply = (...what: string[]) => plane.kubectl(['apply', '--server-side', ...what]);
  await apply('-f', `${ROOT}config/default/namespace.yaml`);
  await apply('-k', `${ROOT}crds`);
  await apply('-n', OPERATOR_NAMESPACE, '-k', `${ROOT}config/rbac`);
  await apply('-k', `${ROOT}config/rbac/isolation`);
  await whenEstablished(plane.kubectl, 'namespacepolicybaselines.netbaseline.io');
  const baseline = { apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name: BASELINE.name }, spec: BASELINE.spec };
  await plane.kubectl(['apply', '--server-side', '-f', '-'], { stdin: JSON.stringify(baseline) });
}

const POLL_MS = 20;

async function endControllerManager({ pids }: ControlPlane): Promise<void> {
  const { controllerManager } = pids;
  process.kill(controllerManager, 'SIGKILL');
  while (isAlive(controllerManager)) await sleep(POLL_MS);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
