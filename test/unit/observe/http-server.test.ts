import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { ListenError, standardRoutes, startHttpServer, type Check, type HttpServer } from '../../../src/observe/http-server.ts';
import { memoryLogger } from '../../support/log.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

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

  it('survives a route that throws', async () => {
    ready = { ok: false, lines: [] };
    const answer = await fetch(`${server.url}/metrics`);
    assert.deepEqual([answer.status, (await answer.text()).includes('no registry')], [500, false]);
    assert.deepEqual(log.lines(), ['error Endpoint could not answer']);
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
