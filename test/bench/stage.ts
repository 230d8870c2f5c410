/**
 * What every measurement works with: somebody who makes and breaks things, somebody who looks on, and somebody who is measured.
 */
import { NAMESPACES_PATH, policyPath, type RawApi } from './raw-api.ts';
import { requestCounts, type RequestCounts } from './exposition.ts';
import type { Patience } from './patience.ts';
import type { PolicyWatch } from './policy-watch.ts';

export interface Stage {
  readonly api: RawApi;
  readonly watch: PolicyWatch;
  readonly patience: Patience;
  /** Names of the policies that every namespace must have. */
  readonly policies: readonly string[];
  /** Process ids whose time is measured beside the subject's. */
  readonly servers: { readonly apiserver: number; readonly etcd: number };
}

/** Before all names that the bench makes up. */
export const PREFIX = 'bench-';

/** Resolves with the time of `performance.now` when the answer was there. */
export async function createNamespace({ api }: Stage, name: string): Promise<number> {
  await api.must({ method: 'POST', path: NAMESPACES_PATH, body: JSON.stringify({ metadata: { name } }), headers: { 'content-type': 'application/json' } });
  return performance.now();
}

export async function deletePolicy({ api }: Stage, namespace: string, name: string): Promise<number> {
  await api.must({ method: 'DELETE', path: policyPath(namespace, name) });
  return performance.now();
}

/** Opens it for everybody, as somebody with kubectl would. */
export async function openPolicy({ api }: Stage, namespace: string, name: string): Promise<number> {
  const headers = { 'content-type': 'application/merge-patch+json' };
  await api.must({ method: 'PATCH', path: policyPath(namespace, name), body: JSON.stringify({ spec: { ingress: [{}] } }), headers });
  return performance.now();
}

/** From the API server's own metrics. */
export async function requestsNow({ api }: Pick<Stage, 'api'>): Promise<RequestCounts> {
  const { code, text } = await api.send({ method: 'GET', path: '/metrics', headers: { accept: 'text/plain' } });
  if (code !== 200) throw new Error(`the API server does not show its metrics: ${code} ${text.slice(0, 200)}`);
  return requestCounts(text);
}
