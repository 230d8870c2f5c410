/**
 * A snapshot of a cluster, through its API server.
 *
 * Promises: reads only; the cluster is the one that `npb operator` would choose; what goes wrong is a `SourceError` that
 * names the cluster, the cause and the next step.
 */
import type { Snapshot } from '../../analyze/snapshot.ts';
import { PRODUCT } from '../../api/names.ts';
import { ConfigError, loadConfig, SETTINGS } from '../../config.ts';
import { systemClock } from '../../control/clock.ts';
import { createKubeClient } from '../../kube/client.ts';
import { ConnectionError, type Connection } from '../../kube/connection-source.ts';
import { isKubeError, type KubeError } from '../../kube/errors.ts';
import { findConnection, type ClusterChoice } from '../../kube/find-connection.ts';
import { KINDS, type KindName } from '../../kube/kinds.ts';
import { VERSION } from '../../version.ts';
import { SourceError, UsageError, type Flags, type Host } from '../command.ts';
import { hostFacts } from '../host-facts.ts';
import { listKinds } from './listing.ts';
import { startProgress } from './progress.ts';

export async function loadFromCluster(host: Host, flags: Flags, kinds: readonly KindName[]): Promise<Snapshot> {
  const connection = await connectionFor(host, flags);
  const client = await createKubeClient({ connection, clock: systemClock, userAgent: `${PRODUCT}/${VERSION}` }).catch((error: unknown) => { throw explained(error, connection); });
  const progress = startProgress(host, systemClock);
  const ending = new AbortController();
  const read = new Map<KindName, number>();
  const onPage = (kind: KindName, count: number): void => {
    const total = [...read.set(kind, count).values()].reduce((sum, each) => sum + each, 0);
    progress.tell(`Reading ${connection.server}: ${KINDS[kind].plural} ${count}, ${read.size} of ${kinds.length} kinds, ${total} objects`);
  };
  try {
    const { objects, unread } = await listKinds(kinds, { client, signal: ending.signal, onPage });
    if (unread.length > 0 && unread.length === kinds.length) throw new SourceError(`${connection.server}: nothing of what is needed may be read with ${connection.source}. ${unread[0]?.why ?? ''}`);
    return { source: 'cluster', from: connection.server, objects, unread };
  } catch (error) {
    throw explained(error, connection);
  } finally {
    ending.abort();
    progress.end();
    await client.close();
  }
}

async function connectionFor(host: Host, flags: Flags): Promise<Connection> {
  try {
    return await findConnection(choiceOf(host, flags), host.env);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    throw new SourceError(`${error.message}\nTo look at manifests instead of a cluster, name them with -f.`, { cause: error });
  }
}

/** By the settings of the operator, and no others of them: a bad one is not ours to complain about. */
function choiceOf(host: Host, { kubeconfig, context }: Flags): ClusterChoice {
  const names = ['KUBECONFIG', 'KUBERNETES_SERVICE_HOST', SETTINGS.kubeconfig.env, SETTINGS.context.env];
  const env = Object.fromEntries(names.map((name) => [name, host.env[name]]));
  try {
    return loadConfig({ flags: { kubeconfig, context }, env, host: hostFacts(host) });
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** Anything else stays what it is: a mistake of this program. */
function explained(error: unknown, connection: Connection): unknown {
  if (error instanceof ConnectionError) return new SourceError(error.message, { cause: error });
  if (!isKubeError(error)) return error;
  return new SourceError(`${connection.server}: ${reasonOf(error, connection)}`, { cause: error });
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ERR_(SSL|TLS)/;

function reasonOf({ kind, reason = '', code, message }: KubeError, { source }: Connection): string {
  if (kind === 'Unauthorized') return `it does not accept the credentials of ${source} (${message}). They may have expired: log in again, or choose another --context`;
  if (kind === 'Unavailable' && code === undefined && CERTIFICATE.test(reason)) return `its certificate is not accepted (${message}). See certificate-authority and server in ${source}`;
  if (kind === 'Unavailable' && code === undefined) return `it cannot be reached (${message}). Is the cluster running, and is ${source} the right one?`;
  if (kind === 'Malformed' || kind === 'NotFound') return `it does not answer as an API server of Kubernetes (${message}). See server in ${source}`;
  return `${message}. Read with ${source}`;
}
