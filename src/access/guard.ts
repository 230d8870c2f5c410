/**
 * Who may see what is served: the API server is asked, as controller-runtime does it. A TokenReview says whose the bearer
 * token is, a SubjectAccessReview whether they may `get` the path.
 *
 * Promises: every request is answered within `DEADLINE_MS`; without an answer of the API server nobody gets in; a token is kept
 * as a hash only and is in no log line and no answer; the API server is asked four things at once at most, and not at all
 * while it says "later". Nothing else waits because of it.
 */
import { createHash } from 'node:crypto';
import { stableJson } from '../api/hash.ts';
import { isKubeError } from '../kube/errors.ts';
import { LONGEST_CLOSURE_MS } from '../kube/gate.ts';
import type { KubeClient } from '../kube/client.ts';
import type { UserInfo } from '../kube/reviews.ts';
import type { Answer, Asked, Guard } from '../observe/http-server.ts';
import type { Logger } from '../observe/logger.ts';
import { LaneFull } from './lane.ts';
import { createVerdicts, type VerdictClock, type VerdictLimits } from './verdicts.ts';

export interface GuardParts {
  readonly reviews: Pick<KubeClient, 'reviewToken' | 'reviewAccess'>;
  readonly clock: VerdictClock;
  readonly log: Logger;
}

/** Prometheus waits 10 s by default. */
const DEADLINE_MS = 6_000;
/** A right that was taken away, or a token that ended, is noticed within the first; one that was given within the second. */
const LIMITS: VerdictLimits = { yes: { forMs: 60_000, most: 512 }, no: { forMs: 10_000, most: 1024 }, room: 16 };
const LOG_EVERY_MS = 60_000;
const LATER_MS = 1_000;

export function createGuard({ reviews, clock, log }: GuardParts): Guard {
  const users = createVerdicts<UserInfo>(LIMITS, clock);
  const rights = createVerdicts<true>(LIMITS, clock);
  const failures = createFailures(log, () => clock.now());

  async function look({ path, authorization }: Asked, signal: AbortSignal): Promise<Answer | undefined> {
    const token = bearerToken(authorization);
    if (token === undefined) return WITHOUT_TOKEN;
    const key = sha256(token);
    const user = await users(key, failures.watch(() => reviews.reviewToken(token, signal)), signal);
    if (user === undefined) return BAD_TOKEN;
    const mayGet = async (): Promise<true | undefined> => (await reviews.reviewAccess(user, path, signal) ? true : undefined);
    if (await rights(sha256(stableJson([user, path])), failures.watch(mayGet), signal) !== true) return forbidden(user);
    users.value(key); // anybody can have hundreds of tokens
    return undefined;
  }

  return async (asked) => {
    try {
      return await look(asked, AbortSignal.timeout(DEADLINE_MS));
    } catch (error) {
      return failures.answer(error);
    }
  };
}

/** Whether the operator has the rights that its guard needs: asks what the API server refuses to answer, but only to who may ask. */
export async function missingRights({ reviews, signal }: { readonly reviews: GuardParts['reviews']; readonly signal: AbortSignal }): Promise<unknown[]> {
  const asked = await Promise.allSettled([reviews.reviewToken('', signal), reviews.reviewAccess({ username: '' }, '', signal)]);
  return asked.flatMap((each) => (each.status === 'rejected' && isKubeError(each.reason, 'Forbidden') ? [each.reason] : []));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');

/** As RFC 6750 writes it. */
function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
}

const answerOf = (status: number, text: string, headers: Answer['headers'] = {}): Answer => ({ status, contentType: 'text/plain; charset=utf-8', body: `${text}\n`, headers });

const WITHOUT_TOKEN = answerOf(401, 'Unauthorized: send the token of a ServiceAccount that may get this path, as "Authorization: Bearer TOKEN".', { 'WWW-Authenticate': 'Bearer' });
const BAD_TOKEN = answerOf(401, 'Unauthorized: the API server does not know this token; it has ended, or it is meant for another audience.', { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
const NOT_ALLOWED_TO_ASK = answerOf(500, 'The operator may not ask the API server who you are: its administrator has to apply config/rbac/metrics-auth.');

/** The name is the API server's, told to who has it. */
function forbidden({ username }: UserInfo): Answer {
  return answerOf(403, `Forbidden: ${username} may not get this path. The ClusterRole namespace-policy-baseline-metrics-reader allows it.`);
}

function later(why: string, ms: number): Answer {
  return answerOf(503, `Not answered: ${why}. Come back later.`, { 'Retry-After': String(Math.ceil(ms / 1000)) });
}

/** What becomes of questions that are not answered: told once a minute, and no more of them while the API server says "later". */
function createFailures(log: Logger, now: () => number) {
  let throttled: { readonly error: unknown; readonly untilMs: number } | undefined;
  let quietUntilMs = 0;

  function tell(error: unknown): void {
    if (now() < quietUntilMs) return;
    quietUntilMs = now() + LOG_EVERY_MS;
    if (isKubeError(error, 'Forbidden')) log.error('metrics are refused to everybody: the operator may not ask who reads them, apply config/rbac/metrics-auth', { error });
    else log.warn('who reads the metrics cannot be asked', { error });
  }

  return {
    watch: <T>(ask: () => Promise<T>) => async (): Promise<T> => {
      if (throttled !== undefined && now() < throttled.untilMs) throw throttled.error;
      try {
        return await ask();
      } catch (error) {
        if (isKubeError(error, 'Throttled')) throttled = { error, untilMs: now() + Math.min(error.retryAfterMs ?? LATER_MS, LONGEST_CLOSURE_MS) };
        tell(error);
        throw error;
      }
    },
    answer(error: unknown): Answer {
      if (isKubeError(error, 'Forbidden')) return NOT_ALLOWED_TO_ASK;
      if (error instanceof LaneFull) return later('too many ask at once', LATER_MS);
      return later('the API server could not be asked who you are', throttled === undefined ? LATER_MS : Math.max(LATER_MS, throttled.untilMs - now()));
    },
  };
}
