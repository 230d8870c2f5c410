/** The snapshot that questions about connections are answered from, with what could not be read said or refused. */
import { clusterOf, type Cluster } from '../analyze/explain/cluster.ts';
import type { KindName } from '../kube/kinds.ts';
import { POLICY_KINDS, WORLD_KINDS } from '../analyze/world.ts';
import { SourceError, type Flags, type Host } from './command.ts';
import { evaluationOptions } from './ip-block.ts';
import { unreadNote } from './sources/notes.ts';
import { loadSnapshot } from './sources/source.ts';

const KINDS = [...WORLD_KINDS, 'EndpointSlice'] as const satisfies readonly KindName[];
/** Without them every answer could be wrong. */
const NEEDED: ReadonlySet<KindName> = new Set(['Namespace', 'Pod']);
/** Of these an answer says by itself that they were not read, where it matters. */
const SAID: ReadonlySet<KindName> = new Set(POLICY_KINDS);

/** Of `flags`, `filename` names manifests. */
export async function loadCluster(host: Host, flags: Flags): Promise<Cluster> {
  const options = evaluationOptions(flags);
  const snapshot = await loadSnapshot(host, flags, KINDS);
  const missing = snapshot.unread.filter(({ kind }) => NEEDED.has(kind));
  if (missing.length > 0) throw new SourceError(`${snapshot.from}: connections are between pods of namespaces, so both must be read.\n${missing.map(({ why }) => why).join('\n')}`);
  for (const each of snapshot.unread.filter(({ kind }) => !SAID.has(kind))) host.stderr.write(`${unreadNote(each)}\n`);
  return clusterOf(snapshot, options);
}
