/**
 * Numbers of the API client; durations in milliseconds.
 */
export interface ClientSettings {
  /** For one request that writes, or reads one object. */
  readonly requestMs: number;
  /**
   * For one patch of a baseline. The API server checks the whole object with every CEL rule: one at the limits of
   * the schema took 1.4 s on an idle machine and over 10 s on a busy one.
   */
  readonly baselineMs: number;
  /** For one page of a list. */
  readonly listMs: number;
  /** Until a connection is made. */
  readonly connectMs: number;
  /** Until the answer to a watch begins; a streamed list waits in the server until its cache is fresh. */
  readonly watchAnswerMs: number;
  /** A watch without a single byte for this long is dead: the server sends a bookmark every minute. */
  readonly watchSilenceMs: number;
  /** Between two HTTP/2 pings on a watch, and how long none may be answered. */
  readonly pingMs: number;
  readonly pingSilenceMs: number;
  /** Between two readings of the credentials. */
  readonly credentialsMs: number;
  /** For reading them, which may run a credential plugin. */
  readonly credentialsReadMs: number;
  /** Connections for requests; more than 24 in flight, with the urgent ones, only burden the API server. */
  readonly connections: number;
  /** Beside them, for requests on the Lease: they must not wait behind writes that hang. */
  readonly urgentConnections: number;
}

export const DEFAULT_CLIENT_SETTINGS: ClientSettings = {
  requestMs: 10_000,
  baselineMs: 45_000,
  listMs: 60_000,
  connectMs: 10_000,
  watchAnswerMs: 30_000,
  watchSilenceMs: 150_000,
  pingMs: 10_000,
  pingSilenceMs: 25_000,
  credentialsMs: 60_000,
  credentialsReadMs: 15_000,
  connections: 22,
  urgentConnections: 2,
};
