import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { selfSigned } from '../../../src/access/self-signed.ts';
import { ListenError, standardRoutes, startHttpServer, type Answer, type Asked, type Check, type Guard, type HttpServer, type Route } from '../../../src/observe/http-server.ts';
import { eventually } from '../../support/eventually.ts';
import { httpsGet } from '../../support/https-get.ts';
import { memoryLogger } from '../../support/log.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

const said = (body: string): Answer => ({ status: 200, contentType: 'text/plain', body });

describe('http server', () => {
  const log = memoryLogger();
  let ready: Check = { ok: true, lines: ['namespaces: synced'] };
  let server: HttpServer;

  before(async () => {
    const metrics = {
      contentType: 'text/plain; version=0.0.4', render: () => (ready.ok ? Promise.resolve('up 1\n') : Promise.reject(new Error('no registry'))),
    };
    const routes = standardRoutes({ metrics, live: () => ({ ok: true, lines: [] }), ready: () => ready });
    server = await startHttpServer({ address: LOOPBACK, routes, log });
  });
  after(() => server.close());
  beforeEach(() => void (ready = { ok: true, lines: ['namespaces: synced'] }));

  it('serves metrics and health with headers that are safe', async () => {
    const metrics = await fetch(`${server.url}/metrics?x=1`);
    assert.deepEqual([metrics.status, await metrics.text()], [200, 'up 1\n']);
    assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4');
    assert.equal(metrics.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(metrics.headers.get('cache-control'), 'no-store');
    assert.equal(await (await fetch(`${server.url}/healthz`)).text(), 'ok\n');
    assert.equal(await (await fetch(`${server.url}/readyz`)).text(), 'ok\nnamespaces: synced\n');
  });

  it('says what is missing while it is not ready', async () => {
    ready = { ok: false, lines: ['namespaces: synced', 'networkpolicies: first list is under way'] };
    const answer = await fetch(`${server.url}/readyz`);
    assert.deepEqual([answer.status, await answer.text()], [503, 'not ok\nnamespaces: synced\nnetworkpolicies: first list is under way\n']);
  });

  it('answers HEAD without a body and nothing but GET and HEAD', async () => {
    const head = await fetch(`${server.url}/metrics`, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '5', '']);
    const post = await fetch(`${server.url}/metrics`, { method: 'POST', body: 'x' });
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
  });

  it('says what there is when asked for something else, without echoing it', async () => {
    const answer = await fetch(`${server.url}/<script>`);
    assert.deepEqual([answer.status, await answer.text()], [404, 'Not found. There is /metrics, /healthz, /readyz.\n']);
  });

  it('hands a route what is below it and what was asked, and the front page nothing else', async () => {
    const routes = new Map<string, Route>([['/', ({ rest, query }) => said(`home ${rest}|${query}`)], ['/things/', ({ rest, query }) => said(`things ${rest}|${query}`)]]);
    const other = await startHttpServer({ address: LOOPBACK, routes, log });
    const answers = await Promise.all(['/', '/?a=b?c', '/things/x%20y/z?q=%3C', '/things/', '/things', '/else', '/else/x'].map(async (path) => (await fetch(`${other.url}${path}`)).text()));
    await other.close();
    assert.deepEqual(answers, ['home |', 'home |a=b?c', 'things x%20y/z|q=%3C', 'things |', ...Array<string>(3).fill('Not found. There is /, /things/.\n')]);
  });

  it('survives a route that throws', async () => {
    ready = { ok: false, lines: [] };
    const answer = await fetch(`${server.url}/metrics`);
    assert.deepEqual([answer.status, (await answer.text()).includes('no registry')], [500, false]);
    assert.deepEqual(log.lines(), ['error Endpoint could not answer']);
  });

  it('makes a bounded number of answers at once, however many are asked for on one connection, and forgets those that nobody waits for', async () => {
    let running = 0;
    let open = Promise.withResolvers<void>();
    const slow: Route = async () => {
      running += 1;
      await open.promise;
      running -= 1;
      return said('made');
    };
    const other = await startHttpServer({ address: LOOPBACK, routes: new Map<string, Route>([['/slow', slow], ['/healthz', () => said('ok')]]), log });
    const runs = (count: number) => eventually(() => running, (now) => assert.equal(now, count));
    /** Asks 40 times on one connection; 32 places are taken, and the rest is refused. */
    const flood = async () => {
      const socket = connect(Number(new URL(other.url).port), '127.0.0.1');
      const read = { text: '' };
      socket.on('data', (data) => { read.text += data.toString(); });
      socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(40));
      await runs(32);
      const refused = await fetch(`${other.url}/slow`);
      assert.deepEqual([refused.status, refused.headers.get('retry-after'), running], [503, '1', 32]);
      assert.equal((await fetch(`${other.url}/healthz`)).status, 200, 'probes go on');
      return { socket, read };
    };
    try {
      const { socket: gone } = await flood();
      gone.destroy();
      const next = eventually(() => fetch(`${other.url}/slow`), ({ status }) => assert.equal(status, 200));
      await runs(33);
      open.resolve();
      await next;
      open = Promise.withResolvers<void>();
      const { socket, read } = await flood();
      open.resolve();
      await eventually(() => read.text, (text) => assert.deepEqual([200, 503].map((status) => text.split(`HTTP/1.1 ${status}`).length - 1), [32, 8]));
      socket.destroy();
    } finally {
      open.resolve();
      await other.close();
    }
  });

  it('names the address and the next step when it cannot listen', async () => {
    const port = Number(new URL(server.url).port);
    await assert.rejects(startHttpServer({ address: { host: '127.0.0.1', port }, routes: new Map(), log }), (error) => {
      assert.ok(error instanceof ListenError);
      assert.match(error.message, new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port}: something else listens there; .*--listen-address.*NPB_LISTEN_ADDRESS`));
      return true;
    });
    await assert.rejects(startHttpServer({ address: { host: '192.0.2.1', port: 0 }, routes: new Map(), log }), /does not have that address/);
  });

  it('closes promptly although connections are open', async () => {
    const other = await startHttpServer({ address: LOOPBACK, routes: new Map([['/slow', () => new Promise<never>(() => {})]]), log });
    const { port } = new URL(other.url);
    const idle = connect(Number(port), '127.0.0.1');
    const busy = connect(Number(port), '127.0.0.1', () => void busy.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'));
    for (const socket of [idle, busy]) socket.on('error', () => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    const from = performance.now();
    await other.close();
    assert.ok(performance.now() - from < 1500);
  });
});

describe('http server with protection', () => {
  const log = memoryLogger();
  const asked: Asked[] = [];
  let refusal: Answer | undefined;
  let server: HttpServer;
  const pair = selfSigned(Date.now());
  const certificate = { current: () => pair, onChange: () => {}, close: () => {} };
  const guard: Guard = async (request) => {
    asked.push(request);
    return refusal;
  };
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') => httpsGet(server.url, { path, ca: pair.cert, headers, method });

  before(async () => {
    const routes = standardRoutes({ metrics: { contentType: 'text/plain', render: async () => 'up 1\n' }, live: () => ({ ok: true, lines: [] }), ready: () => ({ ok: true, lines: [] }) });
    server = await startHttpServer({ address: LOOPBACK, routes, log, protection: { guard, certificate } });
  });
  after(() => server.close());
  beforeEach(() => {
    asked.splice(0);
    refusal = { status: 401, contentType: 'text/plain', body: 'no\n', headers: { 'WWW-Authenticate': 'Bearer' } };
  });

  it('answers nothing but the probes before the guard was asked, whatever the path looks like', async () => {
    for (const path of ['/metrics', '/metrics?x=/healthz', '/', '/nowhere', '/healthz/', '/healthz/../metrics', '//healthz', '/%68ealthz', '/readyz%2f..%2fmetrics']) {
      const { status, body, headers } = await get(path);
      assert.deepEqual([path, status, body, headers['www-authenticate']], [path, 401, 'no\n', 'Bearer']);
    }
    assert.deepEqual(asked.map(({ path }) => path), ['/metrics', '/metrics', '/', '/nowhere', '/healthz/', '/healthz/../metrics', '//healthz', '/%68ealthz', '/readyz%2f..%2fmetrics']);
    for (const path of ['/healthz', '/readyz', '/readyz?verbose']) assert.equal((await get(path)).status, 200, path);
    assert.equal(asked.length, 9);
    assert.equal((await get('/metrics', {}, 'HEAD')).status, 401);
  });

  it('serves whom the guard lets through, and hands it the path and the header as they came', async () => {
    refusal = undefined;
    assert.deepEqual([(await get('/metrics', { authorization: 'Bearer x' })).body, asked], ['up 1\n', [{ path: '/metrics', authorization: 'Bearer x' }]]);
    assert.equal((await get('/nowhere')).status, 404);
  });

  it('a guard that throws lets nobody in', async () => {
    const broken = await startHttpServer({ address: LOOPBACK, routes: new Map([['/metrics', () => ({ status: 200, contentType: 'text/plain', body: 'secret' })]]), log, protection: { guard: () => Promise.reject(new Error('bug')), certificate } });
    const { status, body } = await httpsGet(`${broken.url}/metrics`, { ca: pair.cert });
    assert.deepEqual([status, body.includes('secret'), body.includes('bug')], [500, false, false]);
    await broken.close();
  });

  it('ends what is no TLS, and goes on', async () => {
    await assert.rejects(fetch(server.url.replace('https', 'http')));
    assert.equal((await get('/healthz')).status, 200);
  });
});
