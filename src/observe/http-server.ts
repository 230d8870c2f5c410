/**
 * The one endpoint: metrics and health, on one port, read only.
 *
 * Promises: answers GET and HEAD; whatever else is asked gets an answer that says what there is; with a guard, nothing but the
 * probes is answered before it was asked, and all of it over TLS; whoever is slow is cut off; a bounded number of answers is made at once, beside those of the probes; `close` ends within half a second;
 * nothing of a request is echoed by it. Must not: know what it serves or who may see it, functions are given.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from './logger.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a guard is told of a request. */
export interface Asked {
  /** As it was sent, without the query: what is allowed is what is served. */
  readonly path: string;
  readonly authorization: string | undefined;
}

/** `undefined`: go on. Otherwise what is answered instead. */
export type Guard = (asked: Asked) => Promise<Answer | undefined>;

/** Certificate and key as PEM, which may change; `close` ends the looking for changes. */
export interface ServingCertificate {
  current(): { readonly cert: string; readonly key: string };
  onChange(listener: (pair: { readonly cert: string; readonly key: string }) => void): void;
  close(): void;
}

/** What a route is told of a request. */
export interface Wanted {
  /** What follows the path of the route; empty unless that ends in a slash. */
  readonly rest: string;
  /** Without its question mark. */
  readonly query: string;
}

export type Route = (wanted: Wanted) => Answer | Promise<Answer>;

/** By path, such as `/metrics`; one that ends in a slash also has what is below it, but for `/`. */
export type Routes = ReadonlyMap<string, Route>;

/** A yes or no, with one line for each thing that was looked at; safe to show. */
export interface Check {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

export interface HttpServerOptions {
  /** Without a host: every address of the machine. Port 0: any free one. */
  readonly address: { readonly host?: string; readonly port: number };
  readonly routes: Routes;
  readonly log: Logger;
  /** Absent: everybody may see everything, without TLS. */
  readonly protection?: { readonly guard: Guard; readonly certificate: ServingCertificate } | undefined;
}

export interface HttpServer {
  /** Where it listens, without a slash at the end; a name that works on this machine. */
  readonly url: string;
  close(): Promise<void>;
}

/** The address cannot be used; the message says why and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

const TEXT = 'text/plain; charset=utf-8';
/** How long a request may take to finish once the server closes. */
const CLOSE_MS = 500;
const REQUEST_MS = 10_000;
/** For those who connect and say nothing, send little by little, or do not read the answer. */
const PATIENCE = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: REQUEST_MS, connectionsCheckingInterval: 2_000 };
const SILENT_MS = 15_000;
/** That are made, or made and not read: more would fill the memory, as one connection may ask for thousands without reading one. */
const MOST_ANSWERS = 32;
/** What a kubelet asks, which has no token. They tell nothing but how the operator is. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

const BUSY: Answer = { status: 503, contentType: TEXT, body: 'Too many answers are under way, or are not read. Come back later.\n', headers: { 'Retry-After': '1' } };

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
} as const;

/** `/metrics`, `/healthz` and `/readyz`. */
export function standardRoutes(parts: {
  readonly metrics: { render(): Promise<string>; readonly contentType: string };
  readonly live: () => Check;
  readonly ready: () => Check;
}): Map<string, Route> {
  return new Map<string, Route>([
    ['/metrics', async () => ({ status: 200, contentType: parts.metrics.contentType, body: await parts.metrics.render() })],
    ['/healthz', () => checked(parts.live())],
    ['/readyz', () => checked(parts.ready())],
  ]);
}

function checked({ ok, lines }: Check): Answer {
  return { status: ok ? 200 : 503, contentType: TEXT, body: [ok ? 'ok' : 'not ok', ...lines, ''].join('\n') };
}

/** Resolves when it listens; rejects with a `ListenError`. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { address, log, protection } = options;
  const underWay = createPlaces(MOST_ANSWERS);
  const server = serverFor(protection?.certificate, (request, response) => void respond(request, response, { ...options, takePlace: () => underWay(response) }));
  await listen(server, address).catch((error: unknown) => {
    protection?.certificate.close();
    throw error;
  });
  server.on('error', (error) => log.error('Endpoint failed', { error }));
  return {
    url: `${protection === undefined ? 'http' : 'https'}://${addressOf(server)}`,
    close() {
      protection?.certificate.close();
      return close(server);
    },
  };
}

function serverFor(certificate: ServingCertificate | undefined, answer: (request: IncomingMessage, response: ServerResponse) => void): Server {
  if (certificate === undefined) return createServer(PATIENCE, answer).setTimeout(SILENT_MS);
  const server = createSecureServer({ ...PATIENCE, ...certificate.current(), handshakeTimeout: REQUEST_MS }, answer).setTimeout(SILENT_MS);
  certificate.onChange((pair) => server.setSecureContext(pair));
  return server;
}

interface Request extends HttpServerOptions {
  /** Whether there is room for its answer. */
  readonly takePlace: () => boolean;
}

/** A place is free again when its answer was read, or nobody waits for it any more. */
function createPlaces(most: number): (response: ServerResponse) => boolean {
  const taken = new Set<ServerResponse>();
  return (response) => {
    if (taken.size >= most) for (const each of taken) if (each.req.socket.destroyed) taken.delete(each); // one that waits behind another is not told
    if (taken.size >= most) return false;
    taken.add(response);
    response.once('close', () => taken.delete(response));
    return true;
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, options: Request): Promise<void> {
  const answer = await answerTo(request, options);
  response.writeHead(answer.status, {
    ...HEADERS, ...answer.headers, 'Content-Type': answer.contentType, 'Content-Length': Buffer.byteLength(answer.body),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerTo({ method, url = '/', headers }: IncomingMessage, { routes, log, protection, takePlace }: Request): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, contentType: TEXT, body: 'Only GET and HEAD are answered here.\n', headers: { Allow: 'GET, HEAD' } };
  const [path = '/'] = url.split('?', 1);
  try {
    const refusal = PROBES.has(path) ? undefined : await protection?.guard({ path, authorization: headers.authorization });
    if (refusal !== undefined) return refusal;
    const [route, rest] = routeTo(path, routes);
    if (route === undefined) return { status: 404, contentType: TEXT, body: `Not found. There is ${[...routes.keys()].join(', ')}.\n` };
    if (!PROBES.has(path) && !takePlace()) return BUSY;
    return await route({ rest, query: url.slice(path.length + 1) });
  } catch (error) {
    log.error('Endpoint could not answer', { path, error });
    return { status: 500, contentType: TEXT, body: 'This could not be answered; the log of the operator says why.\n' };
  }
}

function routeTo(path: string, routes: Routes): readonly [route: Route | undefined, rest: string] {
  const exact = routes.get(path);
  if (exact !== undefined) return [exact, ''];
  const end = path.indexOf('/', 1) + 1;
  return end === 0 ? [undefined, ''] : [routes.get(path.slice(0, end)), path.slice(end)];
}

function listen(server: Server, address: HttpServerOptions['address']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new ListenError(whyNot(error, address), { cause: error })));
    server.listen({ ...address }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

const CHOOSE = 'choose another with --listen-address HOST:PORT (NPB_LISTEN_ADDRESS)';
const REASONS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', `something else listens there; stop it, or ${CHOOSE}`],
  ['EACCES', `this user may not use that port; ports from 1024 on are free to use, ${CHOOSE}`],
  ['EADDRNOTAVAIL', `this machine does not have that address; ${CHOOSE}`],
  ['ENOTFOUND', `the name is not known; ${CHOOSE}`],
]);

function whyNot({ code = '', message }: NodeJS.ErrnoException, { host = '', port }: HttpServerOptions['address']): string {
  return `cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${REASONS.get(code) ?? `${message}; ${CHOOSE}`}`;
}

function addressOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  if (address === '::' || address === '0.0.0.0') return `localhost:${port}`;
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Requests under way get a moment; connections that only wait do not. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}
