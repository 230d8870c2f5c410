/**
 * Everything that can go wrong between the operator and the API server: a closed list of kinds, and what each means
 * for the work that met it. Answers of the server are sorted into kinds in error-answers.ts.
 */

export type KubeErrorKind =
  | 'AlreadyExists'           // POST of a name that is taken: look, compare
  | 'BeingDeleted'            // the name is taken by an object that is going away
  | 'Conflict'                // PUT, PATCH or DELETE of a version that is no longer the present one
  | 'Throttled'               // 429, or 503 that says when to come back
  | 'Unavailable'             // 5xx, connection refused or reset, no answer in time: the outcome is unknown
  | 'Expired'                 // 410: a resourceVersion or continue token that is too old
  | 'TooLargeResourceVersion' // a resourceVersion that this API server has not reached yet
  | 'NamespaceTerminating'    // no creates there any more
  | 'NamespaceMissing'
  | 'NotFound'
  | 'Invalid'                 // 422 by validation, 413
  | 'BadRequest'              // other 4xx: this request can never succeed
  | 'Unauthorized'            // 401, after the credentials were read again
  | 'Forbidden'               // 403 by RBAC
  | 'QuotaExceeded'           // by a ResourceQuota
  | 'AdmissionDenied'         // refused by a webhook or an admission policy
  | 'Malformed'               // an answer or a frame that is not what the API promises
  | 'Aborted'                 // by our own signal
  | 'Unexpected';             // thrown by something that is not the API

/** What a worker does with a failed key. No key is ever lost: only `drop` forgets one. */
export type Disposition =
  /** Again with backoff of at most 60 s. */
  | 'retry'
  /** Again with backoff of at most 5 min: somebody has to change something first. */
  | 'retrySlowly'
  /** The namespace is gone or going: nothing is left to do. */
  | 'drop'
  /** The world is not as planned: look and plan again, at once. */
  | 'replan';

const dispositions: Record<KubeErrorKind, Disposition> = {
  AlreadyExists: 'replan',
  BeingDeleted: 'retry', // not `replan`: it lasts as long as somebody's finalizer
  Conflict: 'replan',
  Throttled: 'retry',
  Unavailable: 'retry',
  Expired: 'retry',
  TooLargeResourceVersion: 'retry',
  NamespaceTerminating: 'drop',
  NamespaceMissing: 'drop',
  NotFound: 'replan',
  Invalid: 'retrySlowly',
  BadRequest: 'retrySlowly',
  Unauthorized: 'retry',
  Forbidden: 'retrySlowly',
  QuotaExceeded: 'retrySlowly',
  AdmissionDenied: 'retrySlowly',
  Malformed: 'retry',
  Aborted: 'retry',
  Unexpected: 'retry',
};

/** What becomes of a key whose work threw `error`, which may be anything. */
export function dispositionOn(error: unknown): Disposition {
  return error instanceof KubeError ? dispositions[error.kind] : 'retry';
}

/** Whether what was asked for may have been done all the same: no answer came, or none that can be read. */
export function mayHaveBeenDone(error: unknown): boolean {
  return !(error instanceof KubeError) || error.kind === 'Unavailable' || error.kind === 'Malformed' || error.kind === 'Aborted' || error.kind === 'Unexpected';
}

/** What was tried, in the words of RBAC; for messages. */
export interface Attempt {
  readonly verb: string;
  readonly resource: string;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface ErrorCause {
  readonly reason?: string;
  readonly field?: string;
  readonly message?: string;
}

export interface KubeErrorFacts {
  readonly kind: KubeErrorKind;
  /** HTTP status, or the code inside an ERROR frame; absent when there was no answer. */
  readonly code?: number | undefined;
  /** `Status.reason`, or the error code of a socket (`ECONNREFUSED`). */
  readonly reason?: string | undefined;
  readonly causes?: readonly ErrorCause[];
  /** `Status.details.kind`. */
  readonly detailsKind?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly kind: KubeErrorKind;
  readonly code: number | undefined;
  readonly reason: string | undefined;
  readonly causes: readonly ErrorCause[];
  readonly detailsKind: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, facts: KubeErrorFacts, options?: ErrorOptions) {
    super(message, options);
    this.kind = facts.kind;
    this.code = facts.code;
    this.reason = facts.reason;
    this.causes = facts.causes ?? [];
    this.detailsKind = facts.detailsKind;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** Anything thrown, as a `KubeError` that keeps it as its cause. */
export function toKubeError(thrown: unknown, attempt?: Attempt): KubeError {
  if (thrown instanceof KubeError) return thrown;
  const { code, name, message } = facts(thrown);
  const kind = kindOfThrown(thrown, code, name);
  return new KubeError(`${words(attempt)}${message}`, { kind, reason: code ?? name }, { cause: thrown });
}

function kindOfThrown(thrown: unknown, code: string | undefined, name: string): KubeErrorKind {
  if (name === 'AbortError') return 'Aborted';
  if (code !== undefined && CONNECTION_CODES.test(code)) return 'Unavailable';
  return thrown instanceof SyntaxError ? 'Malformed' : 'Unexpected';
}

/** Codes of sockets, TLS, certificates, name resolution, HTTP/2 and undici. */
const CONNECTION_CODES = /^(E(AI_)?[A-Z]+|UND_ERR_.+|ERR_(SSL|TLS|HTTP2|STREAM|SOCKET|PROXY)_.+|[A-Z]+_CERT_.+|CERT_.+|DEPTH_ZERO_.+|SELF_SIGNED_.+|UNABLE_TO_.+|HPE_.+)$/;

/** undici wraps what happened in the error of the attempt; several addresses fail as one AggregateError. */
function facts(thrown: unknown): { code: string | undefined; name: string; message: string } {
  if (!(thrown instanceof Error)) return { code: undefined, name: 'Unknown', message: String(thrown) };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  const inner = thrown.cause instanceof Error ? facts(thrown.cause) : undefined;
  return { code: code ?? inner?.code, name: thrown.name, message: thrown.message || (inner?.message ?? code ?? thrown.name) };
}

/** `create networkpolicies default-deny in team-a: `, or nothing. */
export function words(attempt: Attempt | undefined): string {
  if (attempt === undefined) return '';
  const { verb, resource, name, namespace } = attempt;
  return `${verb} ${resource}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}: `;
}

/** Whether `error` is a `KubeError` of one of these kinds. */
export function isKubeError(error: unknown, ...kinds: readonly KubeErrorKind[]): error is KubeError {
  return error instanceof KubeError && (kinds.length === 0 || kinds.includes(error.kind));
}
