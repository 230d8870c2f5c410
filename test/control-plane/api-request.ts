/**
 * One request to the API server as one identity, with nothing but node:https.
 * For setting the control plane up and looking whether it is ready; the operator has its own client.
 */
import { request as requestPlain } from 'node:http';
import { request } from 'node:https';
import type { KeyPairPem } from './certificates.ts';

export interface ApiIdentity {
  readonly url: string;
  readonly caPem: string;
  readonly client: KeyPairPem;
}

export interface ApiResponse {
  readonly code: number;
  readonly body: string;
}

const TIMEOUT_MS = 10_000;

/** Any status is a result; rejects when there is no answer. Each request has a connection of its own. */
export function apiRequest(identity: ApiIdentity, method: 'GET' | 'POST', path: string, body?: unknown): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, identity.url), {
      method,
      ca: identity.caPem,
      cert: identity.client.certPem,
      key: identity.client.keyPem,
      agent: false,
      timeout: TIMEOUT_MS,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
    });
    outgoing.once('error', reject);
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer to ${method} ${path} within ${TIMEOUT_MS} ms`)));
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ code: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** HTTP status that a server on a Unix socket gives for a path. */
export function statusOnSocket(socketPath: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = requestPlain({ socketPath, path, agent: false, timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer from ${socketPath}`)));
    outgoing.once('error', reject);
    outgoing.end();
  });
}
