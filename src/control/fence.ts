/**
 * Asks before each write whether this replica may still write.
 *
 * The signal that ends with the Lease fences whatever waits; after a process was stopped and goes on, a worker
 * can come to its write before any timer has ended that signal.
 */
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';

/** The client, except that its writes to policies, baselines, events and reports fail while `mayWrite` says no. */
export function fenced(client: KubeClient, mayWrite: () => boolean): KubeClient {
  const guard = <A extends unknown[], R>(write: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => {
    if (!mayWrite()) throw new KubeError('not written: this replica does not hold the Lease any more', { kind: 'Aborted' });
    return write(...args);
  };
  return {
    ...client,
    createPolicy: guard(client.createPolicy),
    replacePolicy: guard(client.replacePolicy),
    removePolicy: guard(client.removePolicy),
    patchBaseline: guard(client.patchBaseline),
    patchBaselineStatus: guard(client.patchBaselineStatus),
    createEvent: guard(client.createEvent),
    createReport: guard(client.createReport),
    patchReport: guard(client.patchReport),
    removeReport: guard(client.removeReport),
  };
}
