/**
 * What commands look at: a cluster, or files of manifests. Both become one `Snapshot`.
 *
 * Promises: reads only; notes and progress on stderr; throws a `UsageError` or a `SourceError` that names what cannot
 * be read, why, and the next step. What may exist and may not be read is in `unread`.
 */
import { KINDS, type KindName } from '../../kube/kinds.ts';
import type { Snapshot } from '../../analyze/snapshot.ts';
import { WORKLOAD_KINDS } from '../../analyze/workloads.ts';
import { valuesOf, type CommandOption, type Flags, type Host } from '../command.ts';
import { scopeOf } from './scope.ts';

const GROUP = 'Source';

const FILENAME: CommandOption = {
  flag: 'filename', short: 'f', value: 'PATH', repeatable: true, completes: 'file', group: GROUP,
  help: 'Read this file of manifests, every one in this folder and below it, or stdin (-), instead of a cluster. May be given several times.',
};
/** Of commands to which -f is something else. */
export const MANIFESTS_OPTION: CommandOption = {
  flag: 'manifests', value: 'PATH', repeatable: true, completes: 'file', group: GROUP,
  help: 'Look at these manifests instead of a cluster: a file, a folder and what is below it, or stdin (-). May be given several times.',
};

/** Which cluster. */
export const CLUSTER_OPTIONS: readonly CommandOption[] = [
  { flag: 'kubeconfig', value: 'FILE', completes: 'file', group: GROUP, help: 'Kubeconfig that names the cluster. Without it KUBECONFIG, then the ServiceAccount of the pod, then ~/.kube/config.' },
  { flag: 'context', value: 'NAME', group: GROUP, help: 'Context of the kubeconfig; its current context when not given.' },
];

/** Which namespaces to tell about. */
export const SCOPE_OPTIONS: readonly CommandOption[] = [
  { flag: 'namespace', short: 'n', value: 'NAME', group: GROUP, help: 'Tell about this namespace only. Also that of objects in files that name none (else: default).' },
  { flag: 'all-namespaces', short: 'A', group: GROUP, help: 'Tell about all namespaces. This is the default.' },
  { flag: 'selector', short: 'l', value: 'SELECTOR', group: GROUP, help: 'Tell about namespaces with these labels only, for example team=a,env!=dev.' },
];
/** Of commands that are asked about names. */
export const NAMES_OPTION: CommandOption = {
  flag: 'namespace', short: 'n', value: 'NAME', group: GROUP, help: 'Namespace of names that come without one, and of objects in files that name none (else: default).',
};

/** A cluster, or files with -f. */
export const SOURCE_OPTIONS: readonly CommandOption[] = [FILENAME, ...CLUSTER_OPTIONS];

/**
 * Everything of these kinds, whatever -n and -l say: what is told about is chosen by `scopeOf(flags)`, and what a
 * connection means can depend on every namespace. From files, workloads are read along with `Pod`.
 */
export async function loadSnapshot(host: Host, flags: Flags, kinds: readonly KindName[]): Promise<Snapshot> {
  const scope = scopeOf(flags);
  const paths = valuesOf(flags, 'filename');
  if (paths.length === 0) {
    const { loadFromCluster } = await import('./cluster.ts');
    return loadFromCluster(host, flags, unique(kinds));
  }
  const wanted = kinds.includes('Pod') ? [...kinds, ...WORKLOAD_KINDS] : kinds;
  const { loadFromFiles } = await import('./files.ts');
  return loadFromFiles(host, { paths, kinds: unique(wanted), namespace: scope.namespace ?? 'default' });
}

/** In the order in which they are told, namespaces first. */
function unique(kinds: readonly KindName[]): readonly KindName[] {
  const wanted = new Set(kinds);
  return (Object.keys(KINDS) as KindName[]).filter((kind) => wanted.has(kind));
}
