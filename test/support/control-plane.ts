/**
 * One real control plane for all suites of a test run, started by the first that asks, ended by mocha's root hook.
 *
 * The CRD and the RBAC come from the very files in crds/ and config/. `NPB_TEST_KUBECONFIG` is not used here:
 * these tests take the cluster for themselves.
 */
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import { whenEstablished } from '../control-plane/established.ts';

let shared: Promise<ControlPlane> | undefined;

export function sharedControlPlane(): Promise<ControlPlane> {
  shared ??= startInstalled();
  return shared;
}

/** A fresh one with CRD and RBAC, for tests that kill it or need it empty. The caller stops it. */
export async function startInstalled(extraApiServerFlags: readonly string[] = []): Promise<ControlPlane> {
  const plane = await startControlPlane({ auditLog: true, extraApiServerFlags });
  await plane.kubectl(['apply', '--server-side', '-f', 'config/default/namespace.yaml']);
  await plane.kubectl(['apply', '--server-side', '-k', 'crds']);
  await plane.kubectl(['apply', '--server-side', '-n', OPERATOR_NAMESPACE, '-k', 'config/rbac']);
  await plane.kubectl(['apply', '--server-side', '-k', 'config/rbac/isolation']);
  await whenEstablished(plane.kubectl, 'namespacepolicybaselines.netbaseline.io');
  return plane;
}

export async function stopSharedControlPlane(): Promise<void> {
  const plane = await shared;
  shared = undefined;
  await plane?.stop();
}

export const OPERATOR_NAMESPACE = 'namespace-policy-baseline-system';
export const SERVICE_ACCOUNT = 'namespace-policy-baseline';
