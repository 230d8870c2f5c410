/** The client against a server that misbehaves: what it sends, when it gives up, and that nothing is left behind. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient, WatchSink } from '../../../src/kube/client.ts';
import { isKubeError, type KubeErrorKind } from '../../../src/kube/errors.ts';
import type { Frame } from '../../../src/kube/frames.ts';
import { CRDS, NAMESPACES, NETWORK_POLICIES } from '../../../src/kube/resources.ts';
import type { RequestRecord } from '../../../src/kube/requests.ts';
import { systemClock } from '../../../src/control/clock.ts';
import { createKubeClient } from '../../../src/kube/client.ts';
import { eventually } from '../../support/eventually.ts';
import { clientOf, startProxy, startStandIn, startWire, type Handler, type StandIn, type Wire } from './stand-in.ts';

const never = new AbortController().signal;
const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'p', namespace: 'a', resourceVersion: '7' } };
const frame = (type: string, name: string): string => `${JSON.stringify({ type, object: { metadata: { name, uid: 'u', resourceVersion: '9' } } })}\n`;
const status = (code: number, reason: string, more: object = {}): object => ({ kind: 'Status', status: 'Failure', code, reason, message: reason, ...more });
const of = (...kinds: KubeErrorKind[]) => (error: unknown): boolean => isKubeError(error, ...kinds);
const withReason = (reason: string) => (error: unknown): boolean => isKubeError(error) && error.reason === reason;

function sink(): WatchSink & { readonly frames: Frame[]; readonly alive: () => void; lives: number } {
  const frames: Frame[] = [];
  const one = { frames, lives: 0, alive: () => { one.lives += 1; }, frame: (next: Frame) => { frames.push(next); } };
  return one;
}
const query = { initialEvents: false, resourceVersion: '7', timeoutSeconds: 1800 };

describe('client', function () {
  this.timeout(20_000);
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => { for (const stop of stops.splice(0).reverse()) await stop(); });

  async function aServer(handle: Handler, options: Parameters<typeof startStandIn>[1] = {}): Promise<StandIn> {
    const standIn = await startStandIn(handle, options);
    stops.push(() => standIn.stop());
    return standIn;
  }
  async function aClient(...args: Parameters<typeof clientOf>): Promise<KubeClient> {
    const client = await clientOf(...args);
    stops.push(() => client.close());
    return client;
  }
  async function aWire(port: number): Promise<Wire> {
    const wire = await startWire(port);
    stops.push(() => wire.stop());
    return wire;
  }

  describe('requests', () => {
    it('say who writes, refuse unknown fields, and are plain JSON over HTTP/1.1', async () => {
      const server = await aServer((asked, reply) => { reply.json(200, asked.body === '' ? { metadata: { name: 'x' } } : JSON.parse(asked.body)); });
      const client = await aClient(server);
      assert.deepEqual(await client.createPolicy(policy, never), policy);
      await client.replacePolicy(policy, never);
      await client.removePolicy({ namespace: 'a', name: 'p', uid: 'u', resourceVersion: '7' }, never);
      await client.patchBaseline('b', { metadata: { finalizers: null } }, never);
      await client.patchBaselineStatus('b', { status: {} }, never);
      await client.createEvent('a', { metadata: { name: 'e' } }, never);
      await client.replaceLease({ metadata: { name: 'l', namespace: 'a' } }, never);
      assert.deepEqual(server.asked.map(({ method, path, query: params }) => `${method} ${path}?${params.toString()}`), [
        'POST /apis/networking.k8s.io/v1/namespaces/a/networkpolicies?fieldManager=namespace-policy-baseline&fieldValidation=Strict',
        'PUT /apis/networking.k8s.io/v1/namespaces/a/networkpolicies/p?fieldManager=namespace-policy-baseline&fieldValidation=Strict',
        'DELETE /apis/networking.k8s.io/v1/namespaces/a/networkpolicies/p?',
        'PATCH /apis/netbaseline.io/v1alpha1/namespacepolicybaselines/b?fieldManager=namespace-policy-baseline&fieldValidation=Strict',
        'PATCH /apis/netbaseline.io/v1alpha1/namespacepolicybaselines/b/status?fieldManager=namespace-policy-baseline-status&fieldValidation=Ignore',
        'POST /apis/events.k8s.io/v1/namespaces/a/events?fieldManager=namespace-policy-baseline&fieldValidation=Strict',
        'PUT /apis/coordination.k8s.io/v1/namespaces/a/leases/l?fieldManager=namespace-policy-baseline&fieldValidation=Strict',
      ]);
      assert.ok(server.asked.every(({ httpVersion, headers }) => httpVersion === '1.1' && headers['user-agent'] === 'test/1' && headers['authorization'] === 'Bearer token'));
      assert.deepEqual(server.asked.map(({ headers }) => headers['content-type']), ['application/json', 'application/json', 'application/json', 'application/merge-patch+json', 'application/merge-patch+json', 'application/json', 'application/json']);
      assert.deepEqual(JSON.parse(server.asked[2]?.body ?? '').preconditions, { uid: 'u', resourceVersion: '7' });
    });

    it('reach an API server below a path', async () => {
      const server = await aServer((asked, reply) => { reply.json(200, { metadata: { name: asked.path } }); });
      const client = await aClient({ ...server, url: `${server.url}/k8s/clusters/c-1` });
      assert.equal((await client.getPolicy('a', 'p', never)).metadata.name, '/k8s/clusters/c-1/apis/networking.k8s.io/v1/namespaces/a/networkpolicies/p');
    });

    it('end by their deadline when the server is silent, and leave no connection behind', async () => {
      const server = await aServer(() => undefined);
      const client = await aClient(server, { settings: { requestMs: 100 } });
      await assert.rejects(client.createPolicy(policy, never), withReason('DeadlineExceeded'));
      await eventually(() => server.connections().open, (open) => assert.equal(open, 0));
    });

    it('end at once when they are aborted, also those that wait for a connection; never more than 24 connections', async () => {
      const server = await aServer(() => undefined);
      const client = await aClient(server);
      const aborting = new AbortController();
      const requests = Array.from({ length: 40 }, () => client.createPolicy(policy, aborting.signal));
      await eventually(() => server.asked.length, (count) => assert.equal(count, 22));
      aborting.abort();
      const startedMs = performance.now();
      const results = await Promise.allSettled(requests);
      assert.ok(results.every((result) => result.status === 'rejected' && isKubeError(result.reason, 'Aborted')));
      assert.ok(performance.now() - startedMs < 2_000);
      assert.equal(server.connections().most, 22);
      server.handle = (_asked, reply) => { reply.json(200, policy); };
      await client.createPolicy(policy, never);
    });

    it('on the Lease do not wait behind others that hang, and have two connections of the 24', async () => {
      const server = await aServer((asked, reply) => { if (asked.path.includes('/leases/')) reply.json(200, { metadata: { name: 'l' } }); });
      const client = await aClient(server);
      const aborting = new AbortController();
      let ended = 0;
      const hanging = Array.from({ length: 24 }, () => client.createPolicy(policy, aborting.signal).finally(() => { ended += 1; }));
      await eventually(() => server.asked.length, (count) => assert.equal(count, 22));
      await Promise.all(Array.from({ length: 5 }, () => client.getLease('a', 'l', never)));
      assert.equal(ended, 0);
      assert.equal(server.connections().most, 24);
      aborting.abort();
      await Promise.allSettled(hanging);
    });

    it('whose connection breaks are Unavailable', async () => {
      const server = await aServer((_asked, reply) => { reply.reset(); });
      const client = await aClient(server);
      await assert.rejects(client.createPolicy(policy, never), of('Unavailable'));
      server.handle = (_asked, reply) => {
        reply.begin(200, { 'content-length': '1000' });
        reply.write('{"kind":');
        setTimeout(() => { reply.reset(); }, 20);
      };
      await assert.rejects(client.createPolicy(policy, never), of('Unavailable'));
    });

    it('with an answer that is no JSON are Malformed, and a list without items is', async () => {
      const server = await aServer((_asked, reply) => { reply.begin(); reply.end('<html>'); });
      const client = await aClient(server);
      await assert.rejects(client.getPolicy('a', 'p', never), of('Malformed'));
      server.handle = (_asked, reply) => { reply.json(200, { metadata: {} }); };
      await assert.rejects(client.listPage(NAMESPACES, { limit: 1 }, never), of('Malformed'));
    });

    it('to a port where nobody listens are Unavailable with ECONNREFUSED', async () => {
      const server = await startStandIn(() => undefined);
      await server.stop();
      const client = await aClient(server);
      await assert.rejects(client.getPolicy('a', 'p', never), withReason('ECONNREFUSED'));
    });

    it('are counted with method, host and code, as client-go counts them', async () => {
      const records: RequestRecord[] = [];
      const server = await aServer((asked, reply) => { if (asked.method === 'GET') reply.json(404, status(404, 'NotFound')); else reply.reset(); });
      const client = await aClient(server, { onRequest: (record) => { records.push(record); } });
      await assert.rejects(client.getPolicy('a', 'p', never), of('NotFound'));
      await assert.rejects(client.createPolicy(policy, never), of('Unavailable'));
      assert.deepEqual(records.map(({ verb, host, code }) => [verb, host, code]), [['GET', `127.0.0.1:${server.port}`, '404'], ['POST', `127.0.0.1:${server.port}`, '<error>']]);
    });
  });

  describe('credentials', () => {
    let token = 'old';
    let retries: string[];
    let records: RequestRecord[];
    async function rotating(server: StandIn): Promise<KubeClient> {
      token = 'old';
      retries = [];
      records = [];
      const client = await createKubeClient({
        connection: { source: 'test', server: server.url, proxyUrl: undefined, read: async () => ({ headers: { authorization: `Bearer ${token}` }, tls: { ca: server.caPem } }) },
        userAgent: 'test/1', clock: systemClock,
        onRequest: (record) => { records.push(record); },
        onRetry: ({ verb, host, code }) => { retries.push(`${verb} ${host} ${code}`); },
      });
      stops.push(() => client.close());
      return client;
    }
    const onlyNew: Handler = (asked, reply) => {
      if (asked.headers['authorization'] !== 'Bearer new') reply.json(401, status(401, 'Unauthorized'));
      else if (asked.query.has('watch')) { reply.begin(); reply.end(frame('ADDED', 'a')); } else reply.json(200, policy);
    };

    it('are read again on 401 and the request is repeated once', async () => {
      const server = await aServer(onlyNew);
      const client = await rotating(server);
      token = 'new';
      await client.getPolicy('a', 'p', never);
      assert.equal(server.asked.length, 2);
      assert.deepEqual(retries, [`GET 127.0.0.1:${server.port} 401`]);
      assert.ok(records.every(({ durationMs }) => durationMs !== undefined));
    });
    it('that stay wrong are Unauthorized', async () => {
      const server = await aServer(onlyNew);
      const client = await rotating(server);
      await assert.rejects(client.getPolicy('a', 'p', never), of('Unauthorized'));
      assert.equal(server.asked.length, 2);
    });
    it('are read again for a watch, too', async () => {
      const server = await aServer(onlyNew);
      const client = await rotating(server);
      token = 'new';
      const heard = sink();
      await client.watch(NAMESPACES, query, heard, never);
      assert.equal(heard.frames.length, 1);
      assert.deepEqual(retries, [`GET 127.0.0.1:${server.port} 401`]);
      assert.deepEqual(records.map(({ code, durationMs }) => [code, durationMs]), [['401', undefined], ['200', undefined]], 'a watch has no duration');
    });
    it('with another authority make new connections', async () => {
      const [first, second] = [await aServer((_asked, reply) => { reply.json(200, policy); }), await aServer(() => undefined)];
      let ca = first.caPem;
      const client = await createKubeClient({
        connection: { source: 'test', server: first.url, proxyUrl: undefined, read: async () => ({ headers: {}, tls: { ca } }) },
        userAgent: 'test/1', clock: systemClock, settings: { credentialsMs: 50 },
      });
      stops.push(() => client.close());
      await client.getPolicy('a', 'p', never);
      ca = second.caPem; // not the one that signed the server's certificate
      await eventually(() => client.getPolicy('a', 'p', never).then(() => 'answered', (error: unknown) => (isKubeError(error) ? error.kind : 'other')), (kind) => assert.equal(kind, 'Unavailable'));
      ca = first.caPem;
      await eventually(() => client.getPolicy('a', 'p', never), () => undefined);
    });
  });

  it('429 with Retry-After makes all requests wait, but for the Lease', async () => {
    const server = await aServer((_asked, reply) => { reply.json(429, status(429, 'TooManyRequests'), { 'retry-after': '3' }); });
    const client = await aClient(server);
    await assert.rejects(client.getPolicy('a', 'p', never), of('Throttled'));
    server.handle = (_asked, reply) => { reply.begin(); reply.end(frame('ADDED', 'a')); };
    const startedMs = performance.now();
    let waiting = true;
    const others = Promise.all([client.getPolicy('a', 'p', never), client.watch(NAMESPACES, query, sink(), never)]).then(() => { waiting = false; });
    await client.getLease('a', 'l', never);
    assert.ok(waiting);
    await others;
    assert.ok(performance.now() - startedMs > 2_700);
  });

  it('429 about a kind that may not be there holds up nobody else', async () => {
    const server = await aServer((_asked, reply) => { reply.json(429, status(429, 'TooManyRequests'), { 'retry-after': '8' }); });
    const client = await aClient(server);
    const optional = { group: 'a.example', version: 'v1', plural: 'things', optional: true } as const;
    await assert.rejects(client.watch(optional, query, sink(), never), of('Throttled'));
    await assert.rejects(client.listPage(optional, { limit: 1 }, never), of('Throttled'));
    server.handle = (_asked, reply) => { reply.json(200, policy); };
    const startedMs = performance.now();
    await client.getPolicy('a', 'p', never);
    assert.ok(performance.now() - startedMs < 6_000);
  });

  it('asks for metadata alone where that is all that is wanted, in lists and watches', async () => {
    const server = await aServer((asked, reply) => {
      if (asked.query.get('watch') === null) return reply.json(200, { metadata: { resourceVersion: '1' }, items: [] });
      reply.begin();
      reply.end(frame('ADDED', 'a'));
    });
    const client = await aClient(server);
    await client.listPage(CRDS, { limit: 1 }, never);
    await client.watch(CRDS, query, sink(), never);
    await client.watch(NAMESPACES, query, sink(), never);
    assert.deepEqual(server.asked.map(({ headers }) => headers['accept']), [
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'application/json',
    ]);
  });

  describe('watches', () => {
    it('ask for bookmarks over HTTP/2, deliver frames, and end when the server ends them', async () => {
      const server = await aServer((_asked, reply) => {
        reply.begin();
        reply.write(frame('ADDED', 'a') + frame('DELETED', 'b').slice(0, 20));
        setTimeout(() => { reply.end(frame('DELETED', 'b').slice(20)); }, 20);
      });
      const client = await aClient(server);
      const heard = sink();
      await client.watch(NETWORK_POLICIES, { initialEvents: true, timeoutSeconds: 1800 }, heard, never);
      assert.deepEqual(heard.frames.map((one) => one.kind), ['Applied', 'Deleted']);
      assert.deepEqual(Object.fromEntries(server.asked[0]?.query ?? []), { watch: '1', allowWatchBookmarks: 'true', timeoutSeconds: '1800', sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' });
      assert.equal(server.asked[0]?.httpVersion, '2.0');
      await eventually(() => server.connections().open, (open) => assert.equal(open, 0));
    });

    const ends: readonly [string, Handler, (error: unknown) => boolean][] = [
      ['an ERROR frame 410', (_asked, reply) => { reply.begin(); reply.end(frame('ADDED', 'a') + `${JSON.stringify({ type: 'ERROR', object: status(410, 'Expired') })}\n`); }, of('Expired')],
      ['an answer 410', (_asked, reply) => { reply.json(410, status(410, 'Expired')); }, of('Expired')],
      ['a refusal', (_asked, reply) => { reply.json(403, status(403, 'Forbidden', { details: { kind: 'namespaces' } })); }, of('Forbidden')],
      ['a frame that was cut off', (_asked, reply) => { reply.begin(); reply.end(frame('ADDED', 'a').slice(0, -10)); }, of('Malformed')],
      ['garbage', (_asked, reply) => { reply.begin(); reply.write('<html>\n'); }, of('Malformed')],
      ['a broken connection', (_asked, reply) => { reply.begin(); reply.write(frame('ADDED', 'a')); setTimeout(() => { reply.reset(); }, 20); }, of('Unavailable')],
    ];
    for (const [title, handle, expected] of ends) {
      it(`end with ${title} as what it is`, async () => {
        const server = await aServer(handle);
        const client = await aClient(server);
        await assert.rejects(client.watch(NAMESPACES, query, sink(), never), expected);
        await eventually(() => server.connections().open, (open) => assert.equal(open, 0));
      });
    }

    it('end as Malformed when a frame cannot be taken', async () => {
      const server = await aServer((_asked, reply) => { reply.begin(); reply.write(frame('ADDED', 'a')); });
      const client = await aClient(server);
      await assert.rejects(client.watch(NAMESPACES, query, { alive: () => undefined, frame: () => { throw new TypeError('no labels'); } }, never), of('Malformed'));
    });

    it('deliver nothing that comes after a bad frame', async () => {
      const server = await aServer((_asked, reply) => {
        reply.begin();
        reply.write(`${frame('ADDED', 'a')}garbage\n${frame('ADDED', 'b')}`);
        for (let index = 0; index < 200; index += 1) reply.write(frame('ADDED', `later-${index}`).repeat(20));
      });
      const client = await aClient(server);
      const heard = sink();
      await assert.rejects(client.watch(NAMESPACES, query, heard, never), of('Malformed'));
      await delay(50);
      assert.equal(heard.frames.length, 1);
    });

    it('that are not answered end by their deadline', async () => {
      const server = await aServer(() => undefined);
      const client = await aClient(server, { settings: { watchAnswerMs: 100 } });
      await assert.rejects(client.watch(NAMESPACES, query, sink(), never), withReason('DeadlineExceeded'));
    });

    it('stay open while pings are answered, and are alive by them', async () => {
      const server = await aServer((_asked, reply) => { reply.begin(); });
      const client = await aClient(server, { settings: { pingMs: 50, pingSilenceMs: 5_000 } });
      const aborting = new AbortController();
      const heard = sink();
      const watching = client.watch(NAMESPACES, query, heard, aborting.signal);
      await eventually(() => heard.lives, (lives) => assert.ok(lives >= 3));
      aborting.abort();
      await assert.rejects(watching, of('Aborted'));
    });

    it('end when the other side has vanished and pings stay unanswered', async () => {
      const server = await aServer((_asked, reply) => { reply.begin(); reply.write(frame('ADDED', 'a')); });
      const wire = await aWire(server.port);
      const client = await aClient({ ...server, url: `https://127.0.0.1:${wire.port}` }, { settings: { pingMs: 50, pingSilenceMs: 500 } });
      const heard = sink();
      const watching = client.watch(NAMESPACES, query, heard, never);
      await eventually(() => heard.frames.length, (count) => assert.equal(count, 1));
      wire.freeze();
      const startedMs = performance.now();
      await assert.rejects(watching, withReason('DeadConnection'));
      assert.ok(performance.now() - startedMs < 5_000);
    });

    it('end after silence even when pings are answered, and tell complete silence from a pause', async () => {
      const server = await aServer((asked, reply) => { reply.begin(); if (asked.path.includes('networkpolicies')) reply.write(frame('ADDED', 'a')); });
      const client = await aClient(server, { settings: { pingMs: 20, watchSilenceMs: 200 } });
      await assert.rejects(client.watch(NAMESPACES, query, sink(), never), withReason('Silent'));
      await assert.rejects(client.watch(NETWORK_POLICIES, query, sink(), never), withReason('DeadConnection'));
    });

    it('work over HTTP/1.1, where only silence tells', async () => {
      const server = await aServer((_asked, reply) => { reply.begin(); reply.write(frame('ADDED', 'a')); }, { http1Only: true });
      const client = await aClient(server, { settings: { pingMs: 20, pingSilenceMs: 60, watchSilenceMs: 300 } });
      const heard = sink();
      const startedMs = performance.now();
      await assert.rejects(client.watch(NAMESPACES, query, heard, never), withReason('DeadConnection'));
      assert.ok(performance.now() - startedMs >= 300);
      assert.deepEqual([server.asked[0]?.httpVersion, heard.frames.length], ['1.1', 1]);
    });

    it('go on after a GOAWAY until the server ends them, and requests do not notice', async () => {
      const server = await aServer((asked, reply) => {
        if (!asked.query.has('watch')) { reply.json(200, policy); return; }
        reply.begin();
        reply.write(frame('ADDED', 'a'));
        reply.session?.goaway(0);
        setTimeout(() => { reply.end(frame('ADDED', 'b')); }, 50);
      });
      const client = await aClient(server, { settings: { requestMs: 2000 } });
      const heard = sink();
      const watching = client.watch(NAMESPACES, query, heard, never).then(() => 'ended', (error: unknown) => (isKubeError(error) ? error.kind : 'other'));
      await eventually(() => heard.frames.length, (count) => assert.ok(count > 0));
      await Promise.all(Array.from({ length: 20 }, () => client.getPolicy('a', 'p', never)));
      assert.deepEqual([await watching, heard.frames.length], ['ended', 2]);
    });

    it('end when the client is closed', async () => {
      const server = await aServer((_asked, reply) => { reply.begin(); reply.write(frame('ADDED', 'a')); });
      const client = await clientOf(server);
      const heard = sink();
      const watching = client.watch(NAMESPACES, query, heard, never);
      await eventually(() => heard.frames.length, (count) => assert.equal(count, 1));
      await Promise.all([client.close(), assert.rejects(watching)]);
      await eventually(() => server.connections().open, (open) => assert.equal(open, 0));
    });

    it('and requests go through an HTTP proxy', async () => {
      const server = await aServer((asked, reply) => { if (asked.query.has('watch')) { reply.begin(); reply.end(frame('ADDED', 'a')); } else reply.json(200, policy); });
      const proxy = await startProxy();
      stops.push(proxy.stop);
      const client = await aClient(server, { connection: { source: 'test', server: server.url, proxyUrl: proxy.url, read: async () => ({ headers: {}, tls: { ca: server.caPem } }) } });
      const heard = sink();
      await client.getPolicy('a', 'p', never);
      await client.watch(NAMESPACES, query, heard, never);
      assert.deepEqual([proxy.tunnels(), heard.frames.length], [2, 1]);
    });

    it('and requests go to a server without TLS, which kubectl proxy is', async () => {
      const server = await aServer((asked, reply) => { if (asked.query.has('watch')) { reply.begin(); reply.end(frame('ADDED', 'a')); } else reply.json(200, policy); }, { plain: true });
      const client = await aClient(server);
      const heard = sink();
      await client.getPolicy('a', 'p', never);
      await client.watch(NAMESPACES, query, heard, never);
      assert.equal(heard.frames.length, 1);
    });

    it('say nothing after they were aborted', async () => {
      const server = await aServer((_asked, reply) => {
        reply.begin();
        const timer = setInterval(() => { reply.write(frame('ADDED', 'a')); }, 1);
        void reply.closed.then(() => { clearInterval(timer); });
      });
      const client = await aClient(server);
      const aborting = new AbortController();
      const heard = sink();
      const watching = client.watch(NAMESPACES, query, heard, aborting.signal);
      await eventually(() => heard.frames.length, (count) => assert.ok(count > 3));
      aborting.abort();
      const { length } = heard.frames;
      await assert.rejects(watching, of('Aborted'));
      await delay(30);
      assert.equal(heard.frames.length, length);
      await assert.rejects(client.watch(NAMESPACES, query, heard, aborting.signal), of('Aborted'));
    });

    it('leave nothing behind after 300 of them', async function () {
      this.timeout(60_000);
      const server = await aServer((_asked, reply) => { reply.begin(); reply.end(frame('ADDED', 'a')); });
      const client = await aClient(server);
      for (let turn = 0; turn < 300; turn += 1) await client.watch(NAMESPACES, query, sink(), never);
      await eventually(() => server.connections().open, (open) => assert.equal(open, 0));
      assert.ok(server.connections().most <= 3, String(server.connections().most));
    });
  });
});
