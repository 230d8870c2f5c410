/**
 * Turns a fresh API server into a cluster to work with: an administrator without the privileges of `system:masters`
 * (that group is exempt from API priority and fairness), and the objects that every cluster has from its first second.
 */
import { apiRequest } from './api-request.ts';
import { waitFor } from './wait-for.ts';
import type { ApiIdentity, ApiResponse } from './api-request.ts';

/** The administrator; bound to cluster-admin by name, so RBAC and flow control apply to it as to any user. */
export const ADMIN_USER = 'control-plane-admin';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const BINDING = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: ADMIN_USER },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: ADMIN_USER }],
};

/** What the controllers and the API server make by themselves soon after the start. */
const FIRST_OBJECTS = [
  '/api/v1/namespaces/kube-system',
  '/api/v1/namespaces/kube-public',
  '/api/v1/namespaces/kube-node-lease',
  '/api/v1/namespaces/default/serviceaccounts/default',
  '/api/v1/namespaces/kube-system/serviceaccounts/default',
  '/api/v1/namespaces/default/configmaps/kube-root-ca.crt',
] as const;

/** Binds the administrator, as `masters`, and waits until `admin` may do everything. */
export async function bootstrapAdmin(masters: ApiIdentity, admin: ApiIdentity, timeoutMs: number): Promise<void> {
  const made = await apiRequest(masters, 'POST', `${RBAC}/clusterrolebindings`, BINDING);
  if (made.code !== 201 && made.code !== 409) throw new Error(`binding the administrator was refused: ${made.code} ${made.body}`);
  await waitFor('the administrator to have its rights', timeoutMs, async () => isOk(await apiRequest(admin, 'GET', `${RBAC}/clusterroles/cluster-admin`)));
}

/** Resolves when /readyz says so, which includes the built-in roles and flow schemas. */
export async function waitForApiServer(identity: ApiIdentity, timeoutMs: number, mustRun: () => Promise<void>): Promise<void> {
  await waitFor('kube-apiserver to be ready', timeoutMs, async () => {
    await mustRun();
    return isOk(await apiRequest(identity, 'GET', '/readyz'));
  });
}

export async function waitForFirstObjects(admin: ApiIdentity, timeoutMs: number): Promise<void> {
  for (const path of FIRST_OBJECTS) {
    await waitFor(path, timeoutMs, async () => isOk(await apiRequest(admin, 'GET', path)));
  }
}

/** A token of a ServiceAccount by TokenRequest. `lifetimeSeconds` is at least 600. */
export async function requestToken(admin: ApiIdentity, account: { namespace: string; name: string }, lifetimeSeconds: number): Promise<string> {
  const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: lifetimeSeconds } };
  const answer = await apiRequest(admin, 'POST', path, body);
  if (answer.code !== 201) throw new Error(`no token for ServiceAccount ${account.namespace}/${account.name}: ${answer.code} ${answer.body}`);
  const { status } = JSON.parse(answer.body) as { status: { token: string } };
  return status.token;
}

function isOk(response: ApiResponse): boolean {
  return response.code === 200;
}
