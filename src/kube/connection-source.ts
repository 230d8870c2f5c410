/**
 * What a connection is made from, wherever that was found.
 */
import type { ReadCredentials } from './credentials.ts';

export type ConnectionEnvironment = Readonly<Record<string, string | undefined>>;

export interface Connection {
  /** In words, for logs and errors: which file and context, or that it is the pod's own. */
  readonly source: string;
  /** URL of the API server, without a slash at the end. */
  readonly server: string;
  readonly proxyUrl: string | undefined;
  readonly read: ReadCredentials;
}

/** There is no usable description of a cluster; the message says what to do. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}
