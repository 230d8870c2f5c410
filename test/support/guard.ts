/** The admission guard of config/admission on a control plane, and the people that it is about. */
import assert from 'node:assert/strict';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { apiAs, POLICIES, type Answer, type Api, type Json } from './api.ts';
import { startInstalled } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { aWorld, type RunningOperator, type World } from './world.ts';

const RBAC = 'rbac.authorization.k8s.io';
const ROLE_BINDINGS = (namespace: string): string => `/apis/${RBAC}/v1/namespaces/${namespace}/rolebindings`;
export const GUARD = 'config/admission';
/** Policies of `GUARD` alone; its folders beside have one each. */
export const GUARD_POLICIES = ['managed-policies', 'operator-baselines', 'operator-policies'];

/** Somebody with the ClusterRole `admin` in some namespaces, which has full rights over NetworkPolicies, roles and pods. */
export interface Tenant {
  readonly api: Api;
  readonly kubeconfig: string;
}

export interface GuardedWorld {
  readonly plane: ControlPlane;
  readonly world: World;
  /** Two namespaces that the tenant administers. */
  readonly namespace: string;
  readonly other: string;
  readonly tenant: Tenant;
  startOperator(): Promise<RunningOperator>;
  install(): Promise<void>;
  end(): Promise<void>;
}

/** On a control plane of its own, since a guard is for the whole of it. The operator is not started yet. */
export async function aGuardedWorld(): Promise<GuardedWorld> {
  const plane = await startInstalled();
  const world = await aWorld(plane);
  const [namespace, other] = [await world.namespace(), await world.namespace()];
  const tenant = await aTenant(plane, world.admin, [namespace, other]);
  const install = (): Promise<void> => applied(plane, GUARD, () => isGuarded(tenant.api, namespace));
  await install();
  return {
    plane, world, namespace, other, tenant, install,
    startOperator: () => world.operator({ flags: { 'leader-elect': 'false', 'status-interval': '200ms' } }),
    async end() {
      await tenant.api.close();
      await world.end();
      await plane.stop();
    },
  };
}

/** The ServiceAccount is made in the first namespace. */
export async function aTenant(plane: ControlPlane, admin: Api, namespaces: readonly string[], clusterRole = 'admin'): Promise<Tenant> {
  const [home = ''] = namespaces;
  const name = `tenant-${clusterRole}`;
  await must(admin.post(`/api/v1/namespaces/${home}/serviceaccounts`, { metadata: { name } }));
  for (const namespace of namespaces) await bind(admin, namespace, clusterRole, { namespace: home, name });
  const kubeconfig = await plane.serviceAccountKubeconfig(home, name);
  const api = apiAs(kubeconfig, 4);
  await eventually(() => api.get(POLICIES(namespaces.at(-1) ?? home)), ({ code }) => assert.equal(code, 200), { withinMs: 20_000 });
  return { api, kubeconfig };
}

/** Gives a ClusterRole to a ServiceAccount in one namespace; returns how to take it back. */
export async function bind(admin: Api, namespace: string, clusterRole: string, account: { namespace: string; name: string }): Promise<() => Promise<void>> {
  const name = `${clusterRole}-${account.name}`;
  await must(admin.post(ROLE_BINDINGS(namespace), {
    metadata: { name }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: clusterRole }, subjects: [{ kind: 'ServiceAccount', ...account }],
  }));
  return async () => { await must(admin.delete(`${ROLE_BINDINGS(namespace)}/${name}`)); };
}

/** Applies a folder with kubectl, and waits until the API server has compiled the policies in it and acts on them. */
export async function applied(plane: ControlPlane, folder: string, inForce: () => Promise<boolean>): Promise<void> {
  await plane.kubectl(['apply', '--server-side', '-k', folder]);
  await eventually(inForce, (so) => assert.ok(so, `${folder} is not in force`), { withinMs: 30_000, everyMs: 50 });
}

/** Whether somebody would be kept from creating a policy that passes for a generated one. */
export async function isGuarded(api: Api, namespace: string): Promise<boolean> {
  const { code } = await api.post(`${POLICIES(namespace)}?dryRun=All`, {
    metadata: { name: 'probe', labels: { 'app.kubernetes.io/managed-by': 'namespace-policy-baseline' } }, spec: { podSelector: {} },
  });
  assert.ok([201, 403].includes(code), `answered ${code}`);
  return code === 403;
}

export async function must(answer: Promise<{ code: number; body: Json }>): Promise<Json> {
  const { code, body } = await answer;
  assert.ok(code < 300, `${code}: ${typeof body === 'string' ? body : body.message}`);
  return body;
}

/** Refused by RBAC or by a policy, whose own words are compared: without those of the API server before them. */
export function isRefused({ code, body }: Answer, says: RegExp): void {
  assert.equal(code, 403, JSON.stringify(body));
  assert.match(String(body.message).replace(/^.*?denied request: /, ''), says);
}
