/**
 * Connections to the API server: a pool of HTTP/1.1 for requests, a small one beside it for what must not wait behind
 * them, and one HTTP/2 connection for each watch.
 *
 * Separate, because after an HTTP/2 GOAWAY undici never settles later requests of a connection that still has a
 * watch open, and because HTTP/1.1 is faster for many small requests.
 */
import type { EventEmitter } from 'node:events';
import { buildConnector, Client, Pool, ProxyAgent, type Dispatcher } from 'undici';
import type { TlsFiles } from './credentials.ts';

export interface TransportOptions {
  /** Origin of the API server. */
  readonly origin: string;
  readonly proxyUrl: string | undefined;
  readonly connections: number;
  readonly urgentConnections: number;
  readonly connectMs: number;
  /** Between two HTTP/2 pings on a watch. */
  readonly pingMs: number;
}

/** One watch's connection. */
export interface WatchLine {
  readonly dispatcher: Dispatcher;
  /** Whether pings can be expected; false until connected, and for ever on HTTP/1.1. */
  pings(): boolean;
  destroy(): Promise<void>;
}

export interface Transport {
  /** For requests; new pools when TLS has changed, while the old ones finish what they have. */
  requests(tls: TlsFiles, urgent: boolean): Dispatcher;
  /** A new connection. An open watch keeps its TLS until it ends, which is within the hour. */
  openWatch(tls: TlsFiles, onPing: () => void): WatchLine;
  close(): Promise<void>;
}

/** kube-apiserver closes idle connections after 90 s; leaving earlier avoids writing into a closing one. */
const KEEP_ALIVE_MS = 60_000;

export function createTransport(options: TransportOptions): Transport {
  const { origin, proxyUrl, connectMs } = options;
  let pools: { readonly tls: TlsFiles; readonly ordinary: Dispatcher; readonly urgent: Dispatcher } | undefined;
  const lines = new Set<WatchLine>();

  function createPool(tls: TlsFiles, connections: number): Dispatcher {
    // headersTimeout and bodyTimeout are off: every request has its own deadline
    const limits = { connections, pipelining: 1, allowH2: false, keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 0, bodyTimeout: 0 };
    const connect = { ...defined(tls), timeout: connectMs };
    return proxyUrl === undefined
      ? new Pool(origin, { ...limits, connect })
      : viaOrigin(new ProxyAgent({ ...limits, uri: proxyUrl, requestTls: connect }), origin);
  }

  return {
    requests(tls, urgent) {
      if (pools?.tls !== tls) {
        void pools?.ordinary.close();
        void pools?.urgent.close();
        pools = { tls, ordinary: createPool(tls, options.connections), urgent: createPool(tls, options.urgentConnections) };
      }
      return urgent ? pools.urgent : pools.ordinary;
    },
    openWatch(tls, onPing) {
      const line = proxyUrl === undefined ? directLine(options, tls, onPing) : proxiedLine(options, proxyUrl, tls);
      lines.add(line);
      return {
        ...line,
        destroy() {
          lines.delete(line);
          return line.destroy();
        },
      };
    },
    async close() {
      const open = [...lines];
      lines.clear();
      await Promise.all([pools?.ordinary.destroy(), pools?.urgent.destroy(), ...open.map((line) => line.destroy())]);
    },
  };
}

function directLine({ origin, connectMs, pingMs }: TransportOptions, tls: TlsFiles, onPing: () => void): WatchLine {
  const connector = buildConnector({ ...defined(tls), timeout: connectMs, allowH2: true });
  let http2 = false;
  const client = new Client(origin, {
    allowH2: true,
    h2Options: { pingInterval: pingMs },
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (target, done) => {
      connector(target, (error, socket) => {
        // Typed as null, undici leaves the other one out: undefined.
        if (error != null) return done(error, null);
        http2 = 'alpnProtocol' in socket && socket.alpnProtocol === 'h2';
        done(null, socket);
      });
    },
  });
  (client as EventEmitter).on('ping', onPing); // undici emits it, its types do not say so
  return { dispatcher: client, pings: () => http2, destroy: () => client.destroy() };
}

/** Through a proxy: HTTP/1.1, so only silence tells that the other end is gone. */
function proxiedLine({ origin, connectMs }: TransportOptions, proxyUrl: string, tls: TlsFiles): WatchLine {
  const agent = new ProxyAgent({ uri: proxyUrl, headersTimeout: 0, bodyTimeout: 0, requestTls: { ...defined(tls), timeout: connectMs } });
  return { dispatcher: viaOrigin(agent, origin), pings: () => false, destroy: () => agent.destroy() };
}

/** An agent serves many origins and wants to be told; a pool has one. */
function viaOrigin(agent: ProxyAgent, origin: string): Dispatcher {
  return agent.compose((dispatch) => (request, handler) => dispatch({ ...request, origin }, handler));
}

function defined(tls: TlsFiles): buildConnector.BuildOptions {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}
