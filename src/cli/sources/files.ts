/** TODO: until the files source is there. */
import type { KindName } from '../../kube/kinds.ts';
import type { Snapshot } from '../../analyze/snapshot.ts';
import { SourceError, type Host } from '../command.ts';

export interface FilesQuery {
  readonly paths: readonly string[];
  readonly kinds: readonly KindName[];
  readonly namespace: string;
}

export async function loadFromFiles(_host: Host, { paths }: FilesQuery): Promise<Snapshot> {
  throw new SourceError(`${paths.join(', ')}: files cannot be read yet`);
}
