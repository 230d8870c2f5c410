/**
 * One request to the API server, from the gate to a parsed answer or a `KubeError`.
 *
 * Promises: every try ends by the deadline; after an outdated token was read again there is a second one, never a third.
 */
import { errorFromAnswer, type Answer } from './error-answers.ts';
import { KubeError, toKubeError, words, type Attempt } from './errors.ts';
import { exchange, type ExchangeRequest } from './exchange.ts';
import { malformed } from './frames.ts';
import type { CredentialKeeper } from './credentials.ts';
import type { Gate } from './gate.ts';
import type { Transport } from './transport.ts';

/** One finished exchange, for the metrics `rest_client_*`. */
export interface RequestRecord {
  /** HTTP method. */
  readonly verb: string;
  readonly host: string;
  /** HTTP status, or `<error>` where there was no answer, as client-go counts it. */
  readonly code: string;
  /** To the end of the answer; absent for a watch, which lasts as long as it is kept open. */
  readonly durationMs: number | undefined;
}

/** A request that was sent again, with the answer that it had before. */
export type RetryRecord = Pick<RequestRecord, 'verb' | 'host' | 'code'>;

export interface RequestParts {
  readonly transport: Transport;
  readonly credentials: CredentialKeeper;
  readonly gate: Gate;
  readonly host: string;
  /** Path of the API server's URL, when it is served below one; empty otherwise. */
  readonly basePath: string;
  readonly userAgent: string;
  readonly now: () => number;
  readonly onRequest: (record: RequestRecord) => void;
  readonly onRetry: (record: RetryRecord) => void;
}

export interface Call {
  readonly attempt: Attempt;
  readonly method: ExchangeRequest['method'];
  readonly path: string;
  readonly body?: object;
  readonly contentType?: string;
  /** Another answer than plain JSON of the objects. */
  readonly accept?: string | undefined;
  /** A 429 holds up this call only. */
  readonly optional?: true | undefined;
  readonly deadlineMs: number;
  /** Goes although the gate is closed, and on connections of its own. */
  readonly urgent?: boolean;
}

export async function callApi(parts: RequestParts, call: Call, signal: AbortSignal): Promise<unknown> {
  if (call.urgent !== true) await passGate(parts.gate, call.attempt, signal);
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  let answer = await exchangeOnce(parts, call, body, signal);
  if (answer.code === 401) {
    await renewCredentials(parts, call.method);
    answer = await exchangeOnce(parts, call, body, signal);
  }
  return resultOf(parts, call, answer);
}

/** Before a request that met an outdated token is sent again. */
export async function renewCredentials({ credentials, onRetry, host }: RequestParts, verb: string): Promise<void> {
  await credentials.refresh();
  onRetry({ verb, host, code: '401' });
}

export async function passGate(gate: Gate, attempt: Attempt, signal: AbortSignal): Promise<void> {
  try {
    await gate.pass(signal);
  } catch (cause) {
    throw aborted(attempt, cause);
  }
}

export function aborted(attempt: Attempt, cause: unknown): KubeError {
  return new KubeError(`${words(attempt)}aborted`, { kind: 'Aborted' }, { cause });
}

export function headersFor(parts: RequestParts, contentType?: string, accept = 'application/json'): Record<string, string> {
  const headers = { accept, 'user-agent': parts.userAgent, ...parts.credentials.current().headers };
  return contentType === undefined ? headers : { ...headers, 'content-type': contentType };
}

/** Notes Retry-After: the whole process waits, not only this request, unless it was for something optional. */
export function refusal(parts: RequestParts, { attempt, optional }: Pick<Call, 'attempt' | 'optional'>, answer: Answer): KubeError {
  const error = errorFromAnswer(attempt, answer);
  if (error.kind === 'Throttled' && error.retryAfterMs !== undefined && optional !== true) parts.gate.close(error.retryAfterMs);
  return error;
}

async function exchangeOnce(parts: RequestParts, call: Call, body: string | undefined, signal: AbortSignal): Promise<Answer> {
  const startedMs = parts.now();
  let code = '<error>';
  try {
    const { method } = call;
    const headers = headersFor(parts, body === undefined ? undefined : call.contentType ?? 'application/json', call.accept);
    const dispatcher = parts.transport.requests(parts.credentials.current().tls, call.urgent === true);
    const answer = await exchange(dispatcher, { method, path: parts.basePath + call.path, headers, body }, {
      signal,
      aborted: () => aborted(call.attempt, signal.reason),
      deadline: { ms: call.deadlineMs, expired: () => noAnswer(call) },
    });
    code = String(answer.code);
    return answer;
  } catch (thrown) {
    throw toKubeError(thrown, call.attempt);
  } finally {
    parts.onRequest({ verb: call.method, host: parts.host, code, durationMs: parts.now() - startedMs });
  }
}

function noAnswer({ attempt, deadlineMs }: Call): KubeError {
  return new KubeError(`${words(attempt)}no answer within ${deadlineMs} ms`, { kind: 'Unavailable', reason: 'DeadlineExceeded' });
}

function resultOf(parts: RequestParts, call: Call, answer: Answer): unknown {
  if (answer.code < 200 || answer.code > 299) throw refusal(parts, call, answer);
  try {
    return JSON.parse(answer.text) as unknown;
  } catch (cause) {
    throw malformed(call.attempt, `an answer ${answer.code} that is not JSON`, cause);
  }
}
