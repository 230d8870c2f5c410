/**
 * What the API server is asked about somebody who is not the operator: whose token is this, and may they see a path?
 * The shapes of TokenReview and SubjectAccessReview on the wire.
 */
import { malformed } from './frames.ts';
import type { Attempt } from './errors.ts';

/** Somebody as the API server knows them, in the words of both reviews; handed from one to the other as it is. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
export const ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

export function tokenReview(token: string): object {
  return { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
}

/** Of a path that is no object, such as `/metrics`; the verb is `get`. */
export function accessReview({ username, ...user }: UserInfo, path: string): object {
  const nonResourceAttributes = { path, verb: 'get' };
  return { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { ...user, user: username, nonResourceAttributes } };
}

/** `undefined`: the token is nobody's. */
export function userIn(attempt: Attempt, answer: unknown): UserInfo | undefined {
  const { status } = answer as { status?: { authenticated?: boolean; user?: Partial<UserInfo> } };
  if (status?.authenticated !== true) return undefined;
  const { username = '', ...user } = status.user ?? {};
  if (username === '') throw malformed(attempt, 'a token of a user without a name');
  return { username, ...user };
}

export function isAllowedBy(answer: unknown): boolean {
  const { status } = answer as { status?: { allowed?: boolean; denied?: boolean } };
  return status?.allowed === true && status.denied !== true;
}
