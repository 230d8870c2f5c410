/** A control plane that is started for the demo and ends with it: real etcd, kube-apiserver and controllers. */
import { join } from 'node:path';
import { ensureControlPlaneBinaries } from '../../test/control-plane/binaries.ts';
import { startControlPlane, type ControlPlane } from '../../test/control-plane/control-plane.ts';
import { kubectlOn, OPERATOR_NAMESPACE, sampleBaseline, SERVICE_ACCOUNT, type Stage } from './stage.ts';
import type { Terminal } from './terminal.ts';
import { whenEstablished } from '../../test/control-plane/established.ts';

export async function ownStage(terminal: Terminal, { workDir, signal }: { readonly workDir: string; readonly signal: AbortSignal }, onStarted: (plane: ControlPlane) => void): Promise<Stage> {
  await terminal.section('A Kubernetes control plane of our own');
  const { version, source } = await ensureControlPlaneBinaries({ log: (line) => terminal.progress(line) });
  const began = performance.now();
  const plane = await startControlPlane({ log: () => {} });
  onStarted(plane);
  const origin = source === 'built' ? 'built from its Go modules' : `from ${source}`;
  terminal.ok('control plane', `Kubernetes ${version}, ${origin}: etcd, kube-apiserver and kube-controller-manager; ready after ${seconds(began)}`);
  const { run: kubectl } = kubectlOn({ kubectlPath: plane.kubectlPath, kubeconfig: plane.adminKubeconfig, cacheDir: join(workDir, 'kubectl-cache'), signal });
  await install(kubectl);
  terminal.ok('installed', 'the CRD from crds/, ServiceAccount and RBAC from config/rbac/');
  return {
    kind: 'own',
    kubectlPath: plane.kubectlPath,
    kubeconfig: plane.adminKubeconfig,
    context: undefined,
    baseline: sampleBaseline(),
    labels: {},
    namespace: (short) => short,
    kubectl,
    operatorKubeconfig: () => plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT),
    end: () => plane.stop(),
  };
}

/** From the very files that are installed into any cluster. */
async function install(kubectl: Stage['kubectl']): Promise<void> {
  await kubectl(['apply', '--server-side', '-f', 'config/default/namespace.yaml']);
  await kubectl(['apply', '--server-side', '-k', 'crds']);
  await kubectl(['apply', '--server-side', '-n', OPERATOR_NAMESPACE, '-k', 'config/rbac']);
  await kubectl(['apply', '--server-side', '-k', 'config/rbac/isolation']);
  await whenEstablished(kubectl, 'namespacepolicybaselines.netbaseline.io');
}

export const seconds = (beganMs: number): string => `${((performance.now() - beganMs) / 1000).toFixed(1)} s`;
