/**
 * What a real API server cannot be made to do on demand: a stand-in whose answers a test chooses, over TLS with HTTP/2
 * and HTTP/1.1, and a wire in front of a server that can be frozen or cut.
 */
import { once, type EventEmitter } from 'node:events';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createAuthority } from '../../control-plane/certificates.ts';
import { createKubeClient, type ClientOptions, type KubeClient } from '../../../src/kube/client.ts';
import { systemClock } from '../../../src/control/clock.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
  /** `2.0` or `1.1`. */
  readonly httpVersion: string;
}

export interface Reply {
  begin(code?: number, headers?: Record<string, string>): void;
  write(text: string): void;
  end(text?: string): void;
  json(code: number, body: unknown, headers?: Record<string, string>): void;
  /** Ends the connection without a word. */
  reset(): void;
  readonly session: ServerHttp2Session | undefined;
  readonly closed: Promise<unknown>;
}

export type Handler = (asked: Asked, reply: Reply) => void;

export interface StandIn {
  readonly url: string;
  readonly port: number;
  readonly caPem: string;
  readonly asked: Asked[];
  /** Connections that are open now, and ever were at once. */
  connections(): { open: number; most: number };
  handle: Handler;
  stop(): Promise<void>;
}

/** With `http1Only` it negotiates no HTTP/2, as some load balancers do; `plain` is HTTP without TLS, as kubectl proxy is. */
export async function startStandIn(handle: Handler, options: { http1Only?: boolean; plain?: boolean } = {}): Promise<StandIn> {
  const authority = createAuthority('stand-in');
  const { certPem, keyPem } = authority.issue({ usage: 'server', commonName: 'stand-in', ipAddresses: ['127.0.0.1'] });
  const tls = { cert: certPem, key: keyPem };
  const server = options.plain === true ? createHttpServer() : options.http1Only === true ? createHttpsServer(tls) : createSecureServer({ ...tls, allowHTTP1: true });
  const sockets = new Set<Socket>();
  let most = 0;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    most = Math.max(most, sockets.size);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  const port = await listen(server);
  const standIn: StandIn = {
    url: `${options.plain === true ? 'http' : 'https'}://127.0.0.1:${port}`, port, caPem: authority.certPem, asked: [], handle,
    connections: () => ({ open: sockets.size, most }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close').catch(() => undefined);
    },
  };
  const onRequest = (request: Http2ServerRequest, response: Http2ServerResponse): void => { void answer(standIn, request, response); };
  (server as EventEmitter).on('request', onRequest);
  server.on('sessionError', () => undefined);
  return standIn;
}

async function answer(standIn: StandIn, request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  response.on('error', () => undefined);
  let body = '';
  try {
    for await (const chunk of request) body += String(chunk);
  } catch {
    return; // reset by the client
  }
  const url = new URL(request.url, standIn.url);
  const asked: Asked = { method: request.method, path: url.pathname, query: url.searchParams, headers: request.headers, body, httpVersion: request.httpVersion };
  standIn.asked.push(asked);
  const closed = new Promise((resolve) => { response.once('close', resolve); });
  const begin = (code = 200, headers: Record<string, string> = {}): void => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    if (request.httpVersion === '1.1') (response as unknown as { flushHeaders(): void }).flushHeaders();
  };
  standIn.handle(asked, {
    begin, closed,
    session: request.httpVersion === '2.0' ? request.stream.session as ServerHttp2Session : undefined,
    write: (text) => void response.write(text),
    end: (text) => void (text === undefined ? response.end() : response.end(text)),
    json: (code, object, headers) => {
      begin(code, headers);
      response.end(JSON.stringify(object));
    },
    reset: () => void (request.httpVersion === '2.0' ? request.stream.session?.destroy() : request.socket.destroy()),
  });
}

/** A client of it, with short deadlines where a test names them. */
export function clientOf(standIn: { url: string; caPem: string }, options: Partial<ClientOptions> = {}): Promise<KubeClient> {
  return createKubeClient({
    connection: {
      source: 'test', server: standIn.url, proxyUrl: undefined,
      read: async () => ({ headers: { authorization: 'Bearer token' }, tls: { ca: standIn.caPem } }),
    },
    userAgent: 'test/1', clock: systemClock, ...options,
  });
}

export interface Wire {
  readonly port: number;
  /** Bytes are taken and go nowhere, in both directions: as when a host vanishes behind a load balancer. */
  freeze(): void;
  thaw(): void;
  /** Ends all connections. */
  cut(): void;
  stop(): Promise<void>;
}

/** A TCP hop in front of a server on 127.0.0.1. */
export async function startWire(targetPort: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let frozen = false;
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from);
      from.on('data', (bytes) => { if (!frozen) to.write(bytes); });
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('error', () => undefined);
    }
  });
  const port = await listen(server);
  const cut = (): void => { for (const socket of sockets) socket.destroy(); };
  return {
    port, cut,
    freeze: () => { frozen = true; },
    thaw: () => { frozen = false; },
    async stop() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An HTTP proxy that tunnels, and says how often it did. */
export async function startProxy(): Promise<{ readonly url: string; tunnels: () => number; stop(): Promise<void> }> {
  let tunnels = 0;
  const server = createHttpServer();
  server.on('connect', (request: { url?: string }, near: Socket) => {
    tunnels += 1;
    const [host = '', port] = (request.url ?? '').split(':');
    const far = connect(Number(port), host, () => {
      near.write('HTTP/1.1 200 Connection established\r\n\r\n');
      near.pipe(far).pipe(near);
    });
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`, tunnels: () => tunnels,
    async stop() {
      server.close();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server | HttpsServer | Http2SecureServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
