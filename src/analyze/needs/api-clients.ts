/**
 * Pods that use the Kubernetes API: they have a token, and somebody gave their ServiceAccount rights of its own.
 *
 * Rights that every ServiceAccount has say nothing; neither do those that are only used by the API server itself.
 */
import { objectsOf, type KubeObject } from '../snapshot.ts';
import { apiServerOf, isMissing } from './backends.ts';
import type { Catalog, Workload } from './catalog.ts';
import { at, itemsOf, textOf } from './fields.ts';
import type { Because, Finding } from './need.ts';

export function apiClientNeeds(catalog: Catalog): Finding[] {
  const rights = rightsIn(catalog);
  const accounts = new Map(objectsOf(catalog.snapshot, 'ServiceAccount').map(({ object }) => [`${object.metadata.namespace ?? ''}/${object.metadata.name}`, object]));
  const servers = apiServerOf(catalog);
  return catalog.workloads.flatMap((workload): Finding[] => {
    if (at(workload.spec, 'hostNetwork') === true) return [];
    const account = textOf(at(workload.spec, 'serviceAccountName')) ?? textOf(at(workload.spec, 'serviceAccount')) ?? 'default';
    const binding = rights(workload.namespace, account);
    if (binding === undefined || !hasToken(workload, accounts.get(`${workload.namespace}/${account}`))) return [];
    const because: Because = { ...binding, where: `ServiceAccount ${account} of ${workload.kind} ${workload.name}` };
    if (isMissing(servers)) return [{ kind: 'API server', because, problem: servers.problem }];
    return servers.map(({ to, port, protocol }) => ({ kind: 'API server', from: workload.party, to, port, protocol, because }));
  });
}

/** The API server puts the token into pods as a volume; a template says only whether it shall. */
function hasToken({ spec }: Workload, account: KubeObject | undefined): boolean {
  if (itemsOf(at(spec, 'volumes')).some(isTokenVolume)) return true;
  const own = at(spec, 'automountServiceAccountToken');
  return typeof own === 'boolean' ? own : account?.['automountServiceAccountToken'] !== false;
}

/** For the API server itself, not for another audience. */
function isTokenVolume(volume: unknown): boolean {
  return itemsOf(at(volume, 'projected', 'sources')).some((source) => at(source, 'serviceAccountToken') !== undefined && textOf(at(source, 'serviceAccountToken', 'audience')) === undefined);
}

type Binding = Pick<Because, 'kind' | 'namespace' | 'name'>;
/** The first binding that gives an account rights which not every account has. */
type Rights = (namespace: string, account: string) => Binding | undefined;

function rightsIn({ snapshot }: Catalog): Rights {
  const byAccount = new Map<string, Binding>();
  const byNamespace = new Map<string, Binding>();
  const asks = rolesThatAsk(snapshot);
  for (const kind of ['ClusterRoleBinding', 'RoleBinding'] as const) {
    for (const { object } of objectsOf(snapshot, kind)) {
      const { metadata: { namespace, name } } = object;
      if (!asks(object)) continue;
      for (const subject of itemsOf(object['subjects'])) grant({ kind, namespace, name }, subject, { byAccount, byNamespace });
    }
  }
  return (namespace, account) => byAccount.get(`${namespace}/${account}`) ?? byNamespace.get(namespace);
}

interface Granted { readonly byAccount: Map<string, Binding>; readonly byNamespace: Map<string, Binding> }

function grant(binding: Binding, subject: unknown, { byAccount, byNamespace }: Granted): void {
  const account = accountOf(subject, binding.namespace);
  if (account !== undefined) byAccount.set(account, byAccount.get(account) ?? binding);
  const namespace = at(subject, 'kind') === 'Group' ? /^system:serviceaccounts:(.+)$/.exec(textOf(at(subject, 'name')) ?? '')?.[1] : undefined;
  if (namespace !== undefined) byNamespace.set(namespace, byNamespace.get(namespace) ?? binding);
}

/** `namespace/name`; a ServiceAccount can also be named as the user that it is. */
function accountOf(subject: unknown, ownNamespace = ''): string | undefined {
  const name = textOf(at(subject, 'name')) ?? '';
  const kind = at(subject, 'kind');
  if (kind === 'ServiceAccount') return `${textOf(at(subject, 'namespace')) ?? ownNamespace}/${name}`;
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(kind === 'User' ? name : '') ?? [];
  return account === undefined ? undefined : `${namespace}/${account}`;
}

/** Roles that are looked up on behalf of an account, by the kubelet or at admission, and that it does not use itself. */
function rolesThatAsk(snapshot: Catalog['snapshot']): (binding: KubeObject) => boolean {
  const passive = new Set<string>();
  for (const kind of ['Role', 'ClusterRole'] as const) {
    for (const { object } of objectsOf(snapshot, kind)) {
      const rules = itemsOf(object['rules']);
      const isPassive = rules.every((rule) => itemsOf(at(rule, 'verbs')).every((verb) => verb === 'use'));
      if (isPassive && rules.length > 0) passive.add(`${kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`);
    }
  }
  return ({ roleRef, metadata: { namespace = '' } }) => {
    const kind = textOf(at(roleRef, 'kind')) ?? '';
    const name = textOf(at(roleRef, 'name')) ?? '';
    return name !== 'system:image-puller' && !passive.has(`${kind} ${kind === 'Role' ? namespace : ''}/${name}`);
  };
}
