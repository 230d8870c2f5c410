/** The guard against an API server that is slow, overloaded or broken, and the endpoint against clients that are. */
import assert from 'node:assert/strict';
import { connect as connectPlain, type Socket } from 'node:net';
import { once } from 'node:events';
import { connect as connectSecure } from 'node:tls';
import { createGuard } from '../../src/access/guard.ts';
import { selfSigned } from '../../src/access/self-signed.ts';
import { systemClock } from '../../src/control/clock.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { startHttpServer, type Answer, type Guard } from '../../src/observe/http-server.ts';
import { eventually } from '../support/eventually.ts';
import { memoryLogger } from '../support/log.ts';
import { clientOf, startStandIn, type Handler, type StandIn } from './kube/stand-in.ts';

const never = new AbortController().signal;
const KNOWN = { status: { authenticated: true, user: { username: 'jane', uid: '1', groups: ['a', 'b'], extra: { 'example.com/x': ['y'] } } } };
const status = (code: number, message: string): object => ({ kind: 'Status', status: 'Failure', code, message });

describe('guard', function () {
  this.timeout(30_000);
  const stops: (() => Promise<void>)[] = [];
  let nowMs = 0;
  afterEach(async () => { for (const stop of stops.splice(0).reverse()) await stop(); });

  async function aGuard(handle: Handler): Promise<{ guard: Guard; server: StandIn; client: KubeClient; log: ReturnType<typeof memoryLogger> }> {
    const server = await startStandIn(handle);
    stops.push(() => server.stop());
    const client = await clientOf(server);
    stops.push(() => client.close());
    const log = memoryLogger();
    return { guard: createGuard({ reviews: client, clock: { now: () => nowMs, sleep: systemClock.sleep }, log }), server, client, log };
  }
  const ask = (guard: Guard, token = 'token', path = '/metrics'): Promise<Answer | undefined> => guard({ path, authorization: `Bearer ${token}` });

  it('asks whose the token is, then whether all that is known of them may get the path', async () => {
    const { guard, server } = await aGuard((asked, reply) => reply.json(201, asked.path.includes('tokenreviews') ? KNOWN : { status: { allowed: true } }));
    assert.equal(await ask(guard), undefined);
    assert.deepEqual(server.asked.map(({ method, path, body }) => [method, path, JSON.parse(body).spec]), [
      ['POST', '/apis/authentication.k8s.io/v1/tokenreviews', { token: 'token' }],
      ['POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        user: 'jane', uid: '1', groups: ['a', 'b'], extra: { 'example.com/x': ['y'] }, nonResourceAttributes: { path: '/metrics', verb: 'get' },
      }],
    ]);
  });

  it('lets nobody in on an answer that is not a clear yes', async () => {
    const answers: [object, object, number][] = [
      [{}, { status: { allowed: true } }, 401], [{ status: { authenticated: false, user: { username: 'jane' } } }, { status: { allowed: true } }, 401],
      [{ status: { authenticated: 'true', user: { username: 'jane' } } }, { status: { allowed: true } }, 401],
      [{ status: { authenticated: true } }, { status: { allowed: true } }, 503], [{ status: { authenticated: true, user: { username: '' } } }, { status: { allowed: true } }, 503],
      [KNOWN, {}, 403], [KNOWN, { status: { allowed: true, denied: true } }, 403], [KNOWN, { status: { allowed: false, evaluationError: 'x' } }, 403],
    ];
    for (const [user, access, wanted] of answers) {
      const { guard } = await aGuard((asked, reply) => reply.json(201, asked.path.includes('tokenreviews') ? user : access));
      assert.equal((await ask(guard))?.status, wanted, JSON.stringify([user, access]));
    }
  });

  it('still knows who was let in after a flood of good tokens of somebody who may not', async function () {
    this.timeout(120_000);
    const tokenIn = (body: string): string => (JSON.parse(body) as { spec: { token: string } }).spec.token;
    const { guard, server } = await aGuard(({ path, body }, reply) => {
      const may = path.includes('tokenreviews') ? tokenIn(body) === 'prometheus' : body.includes('"prometheus"');
      reply.json(201, path.includes('tokenreviews') ? { status: { authenticated: true, user: { username: may ? 'prometheus' : 'jane' } } } : { status: { allowed: may } });
    });
    assert.equal(await ask(guard, 'prometheus'), undefined);
    for (let index = 0; index < 600; index += 1) assert.equal((await ask(guard, `jane-${index}`))?.status, 403);
    assert.equal(await ask(guard, 'prometheus'), undefined);
    assert.equal(server.asked.filter(({ path, body }) => path.includes('tokenreviews') && tokenIn(body) === 'prometheus').length, 1);
  });

  it('asks no more while the API server says "later", and nothing else waits for it', async () => {
    let busy = true;
    const { guard, server, client } = await aGuard((asked, reply) => {
      if (asked.path.includes('reviews') && busy) return reply.json(429, status(429, 'too many'), { 'retry-after': '7' });
      reply.json(200, asked.path.includes('tokenreviews') ? KNOWN : { status: { allowed: true }, metadata: { name: 'p' } });
    });
    nowMs = 0;
    const first = await ask(guard);
    assert.deepEqual([first?.status, first?.headers?.['Retry-After']], [503, '7']);
    assert.equal((await client.getPolicy('a', 'p', never)).metadata.name, 'p', 'baseline work goes on at once');
    busy = false;
    nowMs = 6_999;
    assert.equal((await ask(guard, 'another'))?.status, 503);
    assert.equal(server.asked.filter(({ path }) => path.includes('reviews')).length, 1);
    nowMs = 7_000;
    assert.equal(await ask(guard), undefined);
  });

  it('gives up in time, says so once a minute, and tells nobody what went wrong', async () => {
    const { guard, log } = await aGuard((asked, reply) => {
      if (asked.body.includes('slow')) return;
      reply.json(500, status(500, 'etcd at 10.0.0.7 lost its secret'));
    });
    const started = performance.now();
    const [slow, broken, again] = [await ask(guard, 'slow'), await ask(guard, 'x'), await ask(guard, 'y')];
    assert.ok(performance.now() - started < 25_000);
    for (const answer of [slow, broken, again]) assert.deepEqual([answer?.status, answer?.body], [503, 'Not answered: the API server could not be asked who you are. Come back later.\n']);
    assert.deepEqual(log.lines(), ['warn who reads the metrics cannot be asked']);
  });

  it('asks four things at once at most, and sends the rest away', async () => {
    const { guard, server } = await aGuard(() => {});
    const many = Array.from({ length: 40 }, (_, index) => ask(guard, `t${index}`));
    const answers = await Promise.all(many);
    assert.deepEqual(new Set(answers.map((answer) => answer?.status)), new Set([503]));
    assert.equal(answers.filter((answer) => answer?.body.includes('too many')).length, 40 - 1 - 16);
    assert.ok(server.connections().most <= 4, String(server.connections().most));
  });
});

/** Of this process: both ends of a connection, while both are there. */
const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

describe('endpoint and slow clients', function () {
  this.timeout(90_000);

  it('are cut off: who says nothing, begins and stops, or does not read', async () => {
    const pair = selfSigned(Date.now());
    const big = 'x'.repeat(64 * 1024 * 1024);
    const routes = new Map([['/big', () => ({ status: 200, contentType: 'text/plain', body: big })], ['/readyz', () => ({ status: 200, contentType: 'text/plain', body: 'ok' })]]);
    const server = await startHttpServer({
      address: { host: '127.0.0.1', port: 0 }, routes, log: memoryLogger(),
      protection: { guard: async () => undefined, certificate: { current: () => pair, onChange: () => {}, close: () => {} } },
    });
    const port = Number(new URL(server.url).port);
    const ended = (socket: Socket): Promise<unknown> => once(socket.on('error', () => {}), 'close');
    const secure = (said: string): Socket => {
      const socket = connectSecure({ port, host: '127.0.0.1', ca: pair.cert }, () => void socket.write(said));
      return socket;
    };
    const unread = secure('GET /big HTTP/1.1\r\nHost: x\r\n\r\n');
    unread.pause();
    const begun = secure('GET /readyz HTTP/1.1\r\nHost: x\r\n');
    begun.resume();
    const silent = secure('');
    silent.resume();
    const noHandshake = connectPlain(port, '127.0.0.1');
    noHandshake.resume();
    after(async () => { // also where one of them is not cut off: nothing may keep the run from ending
      for (const socket of [unread, begun, silent, noHandshake]) socket.destroy();
      await server.close();
    });
    await Promise.all([ended(noHandshake), ended(silent), ended(begun)]);
    await eventually(openSockets, (count) => assert.equal(count, 1, 'the end of the client alone'), { withinMs: 40_000, everyMs: 200 });
    let received = 0;
    unread.on('data', (chunk: Buffer) => { received += chunk.length; });
    unread.resume();
    await ended(unread);
    assert.ok(received < big.length, 'not all of it was sent');
  });
});
