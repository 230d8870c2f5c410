/**
 * Answers of the API server that are not a success, sorted into kinds of `KubeError`.
 *
 * Promises: code, reason, details, causes and headers decide. Message text decides in `sayInWordsOnly` alone, where the
 * API server offers nothing else. Messages are short: what was tried and the first cause, never a whole body.
 * The shapes are those of kube-apiserver 1.36; the fixtures of the tests were recorded from it.
 */
import { clip } from '../api/text.ts';
import { KubeError, words, type Attempt, type ErrorCause, type KubeErrorKind } from './errors.ts';

/** A complete HTTP answer. Header names are in lower case. */
export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** `metav1.Status`, as far as it is looked at. */
export interface WireStatus {
  readonly kind?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly causes?: readonly ErrorCause[];
    readonly retryAfterSeconds?: number;
  };
}

/** What the kind is decided from. */
interface Refusal {
  readonly attempt: Attempt;
  readonly code: number;
  readonly status: WireStatus;
  readonly retryAfterMs: number | undefined;
  /** The API server sets it where authorization refuses, and nowhere else in its JSON answers. */
  readonly nosniff: boolean;
}

export function errorFromAnswer(attempt: Attempt, answer: Answer): KubeError {
  const status = statusIn(answer.text);
  const retryAfterMs = retryAfterOf(answer, status);
  const nosniff = answer.headers['x-content-type-options'] === 'nosniff';
  return errorFrom({ attempt, code: answer.code, status: status ?? {}, retryAfterMs, nosniff }, answer.text);
}

/** The object of an ERROR frame: the answer itself was 200 by then. */
export function errorFromStatus(attempt: Attempt, status: WireStatus): KubeError {
  const retryAfterMs = millis(status.details?.retryAfterSeconds);
  return errorFrom({ attempt, code: status.code ?? 0, status, retryAfterMs, nosniff: false }, '');
}

function errorFrom(refusal: Refusal, text: string): KubeError {
  const { attempt, code, status, retryAfterMs } = refusal;
  const { reason, details } = status;
  const said = shorten(status.message ?? text);
  return new KubeError(`${words(attempt)}${code}${reason === undefined ? '' : ` ${reason}`}${said === '' ? '' : `: ${said}`}`, {
    kind: kindOf(refusal), code, reason, causes: details?.causes ?? [], detailsKind: details?.kind, retryAfterMs,
  });
}

function kindOf(refusal: Refusal): KubeErrorKind {
  const decide = byCode[refusal.code];
  if (decide !== undefined) return decide(refusal);
  return refusal.code >= 400 && refusal.code < 500 ? 'BadRequest' : byCause(refusal);
}

const byCode: Readonly<Record<number, (refusal: Refusal) => KubeErrorKind>> = {
  400: (refusal) => (fromWebhook(refusal) && refusal.status.reason === undefined ? 'AdmissionDenied' : 'BadRequest'),
  401: () => 'Unauthorized',
  403: forbidden,
  404: (refusal) => (refusal.attempt.verb === 'create' && refusal.status.details?.kind === 'namespaces' ? 'NamespaceMissing' : 'NotFound'),
  408: () => 'Unavailable',
  409: conflict,
  410: () => 'Expired',
  413: (refusal) => (fromAdmissionPolicy(refusal) ? 'AdmissionDenied' : 'Invalid'),
  422: (refusal) => (fromWebhook(refusal) || fromAdmissionPolicy(refusal) ? 'AdmissionDenied' : 'Invalid'),
  429: (refusal) => (fromWebhook(refusal) && refusal.retryAfterMs === undefined ? 'AdmissionDenied' : 'Throttled'),
  503: (refusal) => (refusal.retryAfterMs === undefined ? 'Unavailable' : 'Throttled'),
};

/** Timeouts and other 5xx; 0 in an ERROR frame without a code. */
function byCause({ status }: Refusal): KubeErrorKind {
  if (hasCause(status, 'ResourceVersionTooLarge')) return 'TooLargeResourceVersion';
  if (status.reason === 'Expired' || status.reason === 'Gone') return 'Expired';
  return 'Unavailable';
}

function forbidden(refusal: Refusal): KubeErrorKind {
  if (hasCause(refusal.status, 'NamespaceTerminating')) return 'NamespaceTerminating';
  if (refusedByRbac(refusal)) return 'Forbidden';
  return !fromWebhook(refusal) && sayInWordsOnly(refusal.status) === 'QuotaRefusal' ? 'QuotaExceeded' : 'AdmissionDenied';
}

/**
 * RBAC and quota answer alike: 403, reason `Forbidden`, details of the resource. What differs on a real API server:
 * RBAC knows no name on a create, admission always does; admission never runs on reads; and only RBAC's answer has
 * `X-Content-Type-Options: nosniff`. A refusal by a webhook has no details at all. Text counts only where a proxy
 * took the header away.
 */
function refusedByRbac(refusal: Refusal): boolean {
  const { attempt, nosniff, status } = refusal;
  if (READS.has(attempt.verb)) return true;
  if (fromWebhook(refusal)) return false;
  if (attempt.verb === 'create') return status.details?.name === undefined;
  return nosniff || sayInWordsOnly(status) === 'RbacRefusal';
}
const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

function conflict(refusal: Refusal): KubeErrorKind {
  if (fromWebhook(refusal)) return 'AdmissionDenied';
  if (refusal.status.reason !== 'AlreadyExists') return 'Conflict';
  return sayInWordsOnly(refusal.status) === 'BeingDeleted' ? 'BeingDeleted' : 'AlreadyExists';
}

/** A webhook chooses code and reason freely; its refusal of a write is the one Status without details. */
function fromWebhook({ attempt, status }: Refusal): boolean {
  return !READS.has(attempt.verb) && status.kind === 'Status' && status.details === undefined;
}

/** A ValidatingAdmissionPolicy gives causes without a reason; validation of fields always gives one. */
function fromAdmissionPolicy({ status }: Refusal): boolean {
  const causes = status.details?.causes ?? [];
  return causes.length > 0 && causes.every((cause) => cause.reason === undefined);
}

function hasCause(status: WireStatus, reason: string): boolean {
  return status.details?.causes?.some((cause) => cause.reason === reason) ?? false;
}

/** The last resort: what kube-apiserver 1.36 tells in the text of its message and nowhere else. */
function sayInWordsOnly({ message = '' }: WireStatus): 'BeingDeleted' | 'QuotaRefusal' | 'RbacRefusal' | undefined {
  if (message.startsWith('object is being deleted: ')) return 'BeingDeleted';
  if (/^\S+ "[^"]*" is forbidden: (exceeded quota|failed quota|insufficient quota|status unknown for quota)\b/.test(message)) return 'QuotaRefusal';
  return / is forbidden: User "[^"]*" cannot /.test(message) ? 'RbacRefusal' : undefined;
}

function retryAfterOf(answer: Answer, status: WireStatus | undefined): number | undefined {
  const header = answer.headers['retry-after'];
  const seconds = typeof header === 'string' && /^\d+$/.test(header) ? Number(header) : undefined;
  return millis(seconds ?? status?.details?.retryAfterSeconds);
}

const millis = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1000);

/** The Status in a body; a missing path, or a proxy, answers with other text. */
function statusIn(text: string): WireStatus | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const parsed = JSON.parse(text) as WireStatus;
    return parsed.kind === 'Status' ? parsed : undefined;
  } catch {
    return undefined; // cut short: the code still says what it is
  }
}

const LONGEST_QUOTE = 240;

function shorten(text: string): string {
  return clip(text.replaceAll(/\s+/g, ' ').trim(), LONGEST_QUOTE);
}
