/**
 * The API server through nothing but undici: for the floor, and for whoever creates and looks on.
 *
 * The cheapest way that Node offers: plain callbacks, HTTP/1.1, no retries, no deadlines. Must not use the operator's client:
 * what that costs is what is measured.
 */
import { readFileSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { Client, Pool, type Dispatcher } from 'undici';
import { parse } from 'yaml';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RawRequest {
  readonly method: Method;
  readonly path: string;
  readonly body?: string | undefined;
  /** Beside the credentials. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RawAnswer {
  readonly code: number;
  readonly text: string;
}

export interface RawApi {
  /** Any status is an answer. */
  send(request: RawRequest): Promise<RawAnswer>;
  /** Sends and parses; throws unless the status is 2xx. */
  must(request: RawRequest): Promise<unknown>;
  /** On a connection of its own; resolves when the answer has begun. `onEnd` is told of every later end but by `close`. */
  watch(path: string, onLine: (line: string) => void, onEnd: () => void): Promise<void>;
  /** Ends everything at once. */
  close(): Promise<void>;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } }[];
  readonly users: readonly { readonly user: { readonly token?: string; readonly 'client-certificate-data'?: string; readonly 'client-key-data'?: string } }[];
}

/** As the first user of a kubeconfig file that holds everything in itself. */
export function rawApi(kubeconfigPath: string, connections: number): RawApi {
  const { origin, ca, client, token } = credentialsIn(kubeconfigPath);
  const tls = { ca, ...client };
  const pool = new Pool(origin, { connections, pipelining: 1, allowH2: false, headersTimeout: 0, bodyTimeout: 0, connect: tls });
  const watches = new Set<Client>();
  const common = { accept: 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  let closed = false;

  function send({ method, path, body, headers }: RawRequest): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      let code = 0;
      const chunks: Buffer[] = [];
      pool.dispatch({ method, path, headers: { ...common, ...headers }, body: body ?? null }, {
        onRequestStart() {},
        onResponseStart(_controller, status) { code = status; },
        onResponseData(_controller, bytes) { chunks.push(bytes); },
        onResponseEnd() { resolve({ code, text: Buffer.concat(chunks).toString() }); },
        onResponseError(_controller, error) { reject(error); },
      });
    });
  }

  return {
    send,
    async must(request) {
      const { code, text } = await send(request);
      if (code < 200 || code > 299) throw new Error(`${request.method} ${request.path}: ${code} ${text.slice(0, 300)}`);
      return JSON.parse(text) as unknown;
    },
    watch(path, onLine, onEnd) {
      const client = new Client(origin, { allowH2: false, headersTimeout: 0, bodyTimeout: 0, connect: tls });
      watches.add(client);
      return new Promise((resolve, reject) => {
        let begun = false;
        const onBegin = (): void => { begun = true; resolve(); };
        const onEnded = (error: Error): void => {
          watches.delete(client);
          void client.destroy();
          if (!begun) reject(error);
          else if (!closed) onEnd();
        };
        client.dispatch({ method: 'GET', path, headers: common, body: null }, lineHandler({ path, onLine, onBegin, onEnd: onEnded }));
      });
    },
    async close() {
      closed = true;
      await Promise.all([pool.destroy(), ...[...watches].map((client) => client.destroy())]);
    },
  };
}

interface LineEvents {
  readonly path: string;
  readonly onLine: (line: string) => void;
  readonly onBegin: () => void;
  readonly onEnd: (error: Error) => void;
}

function lineHandler({ path, onLine, onBegin, onEnd }: LineEvents): Dispatcher.DispatchHandler {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  let code = 0;
  return {
    onRequestStart() {},
    onResponseStart(_controller, status) {
      code = status;
      if (status === 200) onBegin();
    },
    onResponseData(_controller, bytes) {
      pending += decoder.write(bytes);
      if (code !== 200) return;
      let from = 0;
      for (let to = pending.indexOf('\n'); to >= 0; to = pending.indexOf('\n', from)) {
        onLine(pending.slice(from, to));
        from = to + 1;
      }
      pending = pending.slice(from);
    },
    onResponseEnd() { onEnd(new Error(`the watch ${path} ended${code === 200 ? '' : `: ${code} ${pending.slice(0, 300)}`}`)); },
    onResponseError(_controller, error) { onEnd(error); },
  };
}

/** Of a kubeconfig file with one cluster and one user. */
export interface Credentials {
  readonly origin: string;
  readonly ca: string;
  readonly client: { readonly cert: string; readonly key: string } | undefined;
  readonly token: string | undefined;
}

export function credentialsIn(kubeconfigPath: string): Credentials {
  const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
  const cluster = config.clusters[0]?.cluster;
  const user = config.users[0]?.user;
  if (cluster === undefined || user === undefined) throw new Error(`${kubeconfigPath} names no cluster or no user`);
  const decoded = (data: string): string => Buffer.from(data, 'base64').toString();
  const { 'client-certificate-data': cert, 'client-key-data': key, token } = user;
  return {
    origin: cluster.server,
    ca: decoded(cluster['certificate-authority-data']),
    client: cert === undefined || key === undefined ? undefined : { cert: decoded(cert), key: decoded(key) },
    token,
  };
}

/** As much of a watch event as whoever follows it declares to be there. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR';
  readonly object: { readonly metadata: { readonly name: string; readonly resourceVersion: string } };
}

/**
 * Watches what happens to a collection from now on; resolves when the watch has begun. A watch that the API server ends, as it
 * does with one that reads too slowly, goes on where it was.
 */
export async function follow<E extends WatchEvent>(api: RawApi, collection: string, onEvent: (event: E) => void, onFailure: (error: Error) => void): Promise<void> {
  const { metadata } = await api.must({ method: 'GET', path: `${collection}?limit=1` }) as { metadata: { resourceVersion: string } };
  let version = metadata.resourceVersion;
  let failed = false;
  const begin = (): Promise<void> => api.watch(`${collection}?watch=1&resourceVersion=${version}`, (line) => {
    const event = JSON.parse(line) as E;
    if (event.type === 'ERROR') {
      failed = true;
      onFailure(new Error(`the watch on ${collection} failed: ${line.slice(0, 300)}`));
      return;
    }
    version = event.object.metadata.resourceVersion;
    onEvent(event);
  }, () => { if (!failed) begin().catch(onFailure); });
  await begin();
}

export const NAMESPACES_PATH = '/api/v1/namespaces';
export const POLICIES_PATH = '/apis/networking.k8s.io/v1/networkpolicies';
export const policyPath = (namespace: string, name: string): string => `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`;
