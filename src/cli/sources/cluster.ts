/** TODO: until the cluster source is there. */
import type { KindName } from '../../kube/kinds.ts';
import type { Snapshot } from '../../analyze/snapshot.ts';
import { SourceError, type Flags, type Host } from '../command.ts';

export async function loadFromCluster(_host: Host, _flags: Flags, _kinds: readonly KindName[]): Promise<Snapshot> {
  throw new SourceError('a cluster cannot be read yet');
}
