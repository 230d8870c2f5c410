/**
 * The API server as the demo sees it: plain JSON and a watch, as the identity of a kubeconfig. It shares with the
 * operator only how credentials are found; what the operator does is seen from outside.
 */
import { createInterface } from 'node:readline';
import { Agent, EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { kubeconfigConnection } from '../../src/kube/kubeconfig.ts';
import { DemoFailure } from './failure.ts';

/** What the demo looks at of any object. */
export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface KubeList<T = KubeObject> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

export interface WatchFrame {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

export interface ClusterApi {
  readonly server: string;
  /** `undefined` when there is no such thing; throws on every other answer that is no success. */
  get<T>(path: string): Promise<T | undefined>;
  /** Resolves when the API server ends the watch; rejects when it is refused or breaks. */
  watch(path: string, onFrame: (frame: WatchFrame) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 15_000;

export async function connectTo(kubeconfig: string, context: string | undefined): Promise<ClusterApi> {
  const connection = await kubeconfigConnection([kubeconfig], context);
  const { headers, tls } = await connection.read(false);
  const dispatcher = dispatcherFor(tls, connection.proxyUrl);

  async function send(path: string, signal?: AbortSignal): Promise<Dispatcher.ResponseData> {
    return request(connection.server + path, {
      dispatcher,
      headers: { accept: 'application/json', 'user-agent': 'namespace-policy-baseline-demo', ...headers },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: signal === undefined ? TIMEOUT_MS : 0,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  return {
    server: connection.server,
    async get<T>(path: string): Promise<T | undefined> {
      const { statusCode, body } = await send(path);
      const text = await body.text();
      if (statusCode === 404) return undefined;
      if (statusCode >= 300) throw new DemoFailure(`GET ${path} was answered ${statusCode}: ${text.slice(0, 300)}`);
      return JSON.parse(text) as T;
    },
    async watch(path, onFrame, signal) {
      const { statusCode, body } = await send(path, signal);
      if (statusCode >= 300) throw new DemoFailure(`watching ${path} was answered ${statusCode}: ${(await body.text()).slice(0, 300)}`);
      for await (const line of createInterface({ input: body, crlfDelay: Infinity })) onFrame(JSON.parse(line) as WatchFrame);
    },
    close: () => dispatcher.destroy(),
  };
}

type Tls = Awaited<ReturnType<Awaited<ReturnType<typeof kubeconfigConnection>>['read']>>['tls'];

function dispatcherFor(tls: Tls, proxyUrl: string | undefined): Dispatcher {
  const connect = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
  if (proxyUrl === undefined) return new Agent({ connect });
  return new EnvHttpProxyAgent({ httpProxy: proxyUrl, httpsProxy: proxyUrl, noProxy: '', requestTls: connect });
}
