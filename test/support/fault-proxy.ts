/**
 * A proxy before a real API server that misbehaves on demand: TLS with HTTP/1.1 and HTTP/2 on loopback, everything
 * forwarded with the caller's own credentials, but for what a rule says.
 *
 * What the API server itself did is in its audit log; what was asked, and when, is in `asked`.
 */
import { once } from 'node:events';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request as forward } from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthority } from '../control-plane/certificates.ts';
import type { Json } from './api.ts';

export interface Asked {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Of `performance.now`. */
  readonly atMs: number;
  /** Of a write. */
  readonly body: string;
  /** What a rule did to it. */
  readonly fault: Fault['kind'] | undefined;
}

export type Fault =
  | { readonly kind: 'answer'; readonly code: number; readonly body?: Json; readonly headers?: Record<string, string> }
  /** Forwarded when the promise is settled. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'resetBefore' }
  /** The API server has done it, and nobody hears of it. */
  | { readonly kind: 'resetAfter' }
  /** It never arrives, and nobody says so. */
  | { readonly kind: 'hang' }
  /** The API server does it; its answer never arrives, and the connection stays. */
  | { readonly kind: 'unanswered' }
  /** Of a watch: what is handed on of each frame; nothing drops it, the same twice repeats it. */
  | { readonly kind: 'frames'; readonly each: (frame: Json) => readonly Json[] };

export interface Target {
  readonly method?: string;
  readonly path: RegExp;
  /** Only requests with this parameter. */
  readonly query?: string;
  /** How many of them; all when absent. */
  readonly times?: number;
}

export interface Rule {
  /** When it was applied, by `performance.now`. */
  readonly appliedMs: readonly number[];
  /** Resolves when it was applied for the first time. */
  readonly applied: Promise<void>;
  end(): void;
}

export interface FaultProxy {
  readonly asked: readonly Asked[];
  /** Connections that are open now. */
  connections(): number;
  /** The first rule that fits counts. */
  rule(target: Target, fault: Fault): Rule;
  /** Ends every rule. */
  clear(): void;
  /** Ends the open watches in the ordinary way. */
  endWatches(): void;
  /** Nothing that comes on the watches which are open now is handed on any more; they stay open. */
  freezeWatches(): void;
  /** A copy of a kubeconfig that goes through here. */
  through(kubeconfig: string): Promise<string>;
  stop(): Promise<void>;
}

interface ActiveRule extends Rule { readonly target: Target; readonly fault: Fault; readonly appliedMs: number[]; readonly begin: () => void }
interface Watch { frozen: boolean; end(): void }
type Request = Http2ServerRequest;
type Response = Http2ServerResponse;

export async function startFaultProxy(upstream: { readonly url: string; readonly caPem: string }): Promise<FaultProxy> {
  const authority = createAuthority('fault-proxy');
  const { certPem, keyPem } = authority.issue({ usage: 'server', commonName: 'fault-proxy', ipAddresses: ['127.0.0.1'] });
  const agent = new Agent({ ca: upstream.caPem, keepAlive: true });
  const asked: Asked[] = [];
  let rules: ActiveRule[] = [];
  const watches = new Set<Watch>();
  const sockets = new Set<Socket>();

  function ruleFor(method: string, url: URL): ActiveRule | undefined {
    return rules.find(({ fault, target, appliedMs }) => fault.kind !== 'frames' && (target.method ?? method) === method && target.path.test(url.pathname)
      && (target.query === undefined || url.searchParams.has(target.query)) && appliedMs.length < (target.times ?? Infinity));
  }

  async function serve(request: Request, response: Response): Promise<void> {
    response.on('error', () => undefined);
    const url = new URL(request.url, upstream.url);
    const rule = ruleFor(request.method, url);
    const atMs = performance.now();
    rule?.appliedMs.push(atMs);
    rule?.begin();
    const body = await bodyOf(request);
    asked.push({ method: request.method, path: url.pathname, query: url.searchParams, atMs, body: body.toString(), fault: rule?.fault.kind });
    const fault = rule?.fault;
    switch (fault?.kind) {
      case 'answer': return answer(response, fault);
      case 'resetBefore': return reset(request);
      case 'hang': return;
      case 'hold': await fault.until.catch(() => undefined); break;
      case 'delay': await delay(fault.ms); break;
      case 'resetAfter': // once it has been answered
      case 'unanswered':
      case 'frames':
      case undefined: break;
    }
    pass({ request, response, url, body, fault });
  }

  interface Passing { readonly request: Request; readonly response: Response; readonly url: URL; readonly body: Buffer; readonly fault: Fault | undefined }

  function pass({ request, response, url, body, fault }: Passing): void {
    const isLost = fault?.kind === 'resetAfter' || fault?.kind === 'unanswered';
    const sent: ClientRequest = forward(upstream.url + request.url, { method: request.method, agent, headers: onward(request.headers) }, (came) => {
      if (isLost) {
        came.resume().on('end', () => { if (fault.kind === 'resetAfter') reset(request); }).on('error', () => undefined);
        return;
      }
      response.writeHead(came.statusCode ?? 502, onward(came.headers));
      if (url.searchParams.has('watch')) relayWatch({ request, response, url }, came, sent);
      else came.pipe(response);
    });
    sent.on('error', () => reset(request));
    if (!isLost) response.on('close', () => sent.destroy());
    sent.end(body);
  }

  function relayWatch({ request, response, url }: Pick<Passing, 'request' | 'response' | 'url'>, came: IncomingMessage, sent: ClientRequest): void {
    if (request.httpVersion === '1.1') (response as unknown as { flushHeaders(): void }).flushHeaders(); // on HTTP/2 they go at once
    const watch: Watch = {
      frozen: false,
      end() {
        sent.destroy();
        response.end();
      },
    };
    watches.add(watch);
    response.on('close', () => watches.delete(watch));
    let rest = '';
    came.setEncoding('utf8');
    came.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (watch.frozen) return;
      for (const frame of lines.flatMap((line) => framesOf(url, line))) response.write(`${frame}\n`);
    });
    came.on('end', () => response.end()).on('error', () => undefined);
  }

  /** Rules for frames hold for watches that are open already. */
  function framesOf(url: URL, line: string): string[] {
    const rule = rules.find(({ fault, target }) => fault.kind === 'frames' && target.path.test(url.pathname));
    if (rule?.fault.kind !== 'frames') return [line];
    rule.appliedMs.push(performance.now());
    rule.begin();
    return rule.fault.each(JSON.parse(line)).map((frame) => JSON.stringify(frame));
  }

  const server = createSecureServer({ cert: certPem, key: keyPem, allowHTTP1: true }, (request, response) => {
    serve(request, response).catch(() => reset(request));
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  server.on('sessionError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    asked,
    connections: () => sockets.size,
    rule(target, fault) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const rule: ActiveRule = { target, fault, appliedMs: [], applied: promise, begin: resolve, end: () => { rules = rules.filter((each) => each !== rule); } };
      rules.push(rule);
      return rule;
    },
    clear: () => { rules = []; },
    endWatches: () => { for (const watch of watches) watch.end(); },
    freezeWatches: () => { for (const watch of watches) watch.frozen = true; },
    async through(kubeconfig) {
      const config = JSON.parse(await readFile(kubeconfig, 'utf8'));
      config.clusters[0].cluster = { server: url, 'certificate-authority-data': Buffer.from(authority.certPem).toString('base64') };
      const path = `${kubeconfig}.proxied`;
      await writeFile(path, JSON.stringify(config), { mode: 0o600 });
      return path;
    },
    async stop() {
      agent.destroy();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close').catch(() => undefined);
    },
  };
}

async function bodyOf(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function answer(response: Response, { code, body = '', headers = {} }: Extract<Fault, { kind: 'answer' }>): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Ends the connection without a word. */
function reset(request: Request): void {
  if (request.httpVersion === '2.0') request.stream.session?.destroy();
  else request.socket.destroy();
}

/** Without what belongs to one hop. */
function onward(headers: Readonly<Record<string, string | readonly string[] | undefined>>): Record<string, string | string[]> {
  const hop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'upgrade', 'accept-encoding']);
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => value !== undefined && !name.startsWith(':') && !hop.has(name))) as Record<string, string | string[]>;
}

/** `metav1.Status`, as the API server answers a failure. */
export const failure = (code: number, reason: string, more: Json = {}): Fault => ({
  kind: 'answer', code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: `${reason}, by the test`, details: {}, ...more },
});
