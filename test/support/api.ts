/**
 * The API server as tests use it: plain JSON as the identity of a kubeconfig, independent of the operator's client.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { parse } from 'yaml';

export interface Answer<T = Json> { readonly code: number; readonly body: T }
// eslint-disable-next-line typescript/no-explicit-any
export type Json = any; // any: tests read whatever the API server sends

export type PatchType = 'application/merge-patch+json' | 'application/json-patch+json' | 'application/strategic-merge-patch+json' | 'application/apply-patch+yaml';

export interface Api {
  readonly url: string;
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  /** JSON merge patch, unless another type is given. */
  patch(path: string, body: unknown, type?: PatchType): Promise<Answer>;
  delete(path: string, body?: unknown): Promise<Answer>;
  close(): Promise<void>;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string } }[];
  users: { user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string } }[];
}

/** Throws nothing on 4xx and 5xx: the code is part of the answer. */
export function apiAs(kubeconfigPath: string, connections = 32): Api {
  const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
  const { server, ...cluster } = config.clusters[0]?.cluster ?? { server: '' };
  const user = config.users[0]?.user ?? {};
  const decode = (data: string | undefined) => (data === undefined ? undefined : Buffer.from(data, 'base64').toString());
  const agent = new Agent({
    connections,
    connect: { ca: decode(cluster['certificate-authority-data']), cert: decode(user['client-certificate-data']), key: decode(user['client-key-data']) } as object,
  });

  async function call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
    const response = await request(server + path, {
      method,
      dispatcher: agent,
      headers: {
        accept: 'application/json', 'content-type': type, 'user-agent': 'test',
        ...(user.token === undefined ? {} : { authorization: `Bearer ${user.token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.body.text();
    return { code: response.statusCode, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  return {
    url: server,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    put: (path, body) => call('PUT', path, body),
    patch: (path, body, type = 'application/merge-patch+json') => call('PATCH', path, body, type),
    delete: (path, body) => call('DELETE', path, body),
    close: () => agent.close(),
  };
}

export const POLICIES = (namespace: string): string => `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
export const BASELINES = '/apis/netbaseline.io/v1alpha1/namespacepolicybaselines';
