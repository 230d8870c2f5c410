/**
 * How long a policy that somebody deleted or opened stays so, one at a time, each in another namespace:
 * from the answer to the deed until an independent watch has seen it undone.
 */
import { deletePolicy, openPolicy, type Stage } from './stage.ts';

export interface Repairs {
  /** Milliseconds until a deleted policy was back. */
  readonly deletedMs: readonly number[];
  /** Milliseconds until an opened policy was closed. */
  readonly editedMs: readonly number[];
}

const TIMEOUT_MS = 30_000;
const DELETED = 'allow-dns';
const EDITED = 'default-deny';

export async function measureRepairs(stage: Stage, namespaces: readonly string[]): Promise<Repairs> {
  const deletedMs: number[] = [];
  const editedMs: number[] = [];
  for (const namespace of namespaces) {
    const back = stage.watch.next(namespace, DELETED, ({ type }) => type === 'ADDED');
    const deleteAnsweredMs = await deletePolicy(stage, namespace, DELETED);
    deletedMs.push(await stage.patience.within(TIMEOUT_MS, back, () => `${namespace}/${DELETED} was deleted and did not come back`) - deleteAnsweredMs);

    const closed = stage.watch.next(namespace, EDITED, ({ type, object }) => type === 'MODIFIED' && object.spec.ingress === undefined);
    const editAnsweredMs = await openPolicy(stage, namespace, EDITED);
    editedMs.push(await stage.patience.within(TIMEOUT_MS, closed, () => `${namespace}/${EDITED} was opened and was not closed again`) - editAnsweredMs);
  }
  return { deletedMs, editedMs };
}
