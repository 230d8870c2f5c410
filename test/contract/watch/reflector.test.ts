/**
 * Reflectors on a real control plane of their own: in step with the server whatever happens to it or to the wire.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../../src/control/clock.ts';
import { createKubeClient, type ClientOptions, type KubeClient } from '../../../src/kube/client.ts';
import { isKubeError } from '../../../src/kube/errors.ts';
import { kubeconfigConnection } from '../../../src/kube/kubeconfig.ts';
import { parseBaseline, parseNamespace, parsePolicy, type BaselineRecord, type NamespaceRecord, type PolicyRecord } from '../../../src/kube/objects.ts';
import { policyInterner } from '../../../src/kube/policy-interner.ts';
import { BASELINES, NAMESPACES, NETWORK_POLICIES } from '../../../src/kube/resources.ts';
import type { RequestRecord } from '../../../src/kube/requests.ts';
import type { ReflectorSettings } from '../../../src/watch/reflector-step.ts';
import { startReflector, type Reflector } from '../../../src/watch/reflector.ts';
import { createStore, type WritableStore } from '../../../src/watch/store.ts';
import { startControlPlane, type ControlPlane } from '../../control-plane/control-plane.ts';
import { apiAs, POLICIES, type Api } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';
import { memoryLogger, type MemoryLogger } from '../../support/log.ts';
import { startWire, type Wire } from '../kube/stand-in.ts';
import { whenEstablished } from '../../control-plane/established.ts';

interface Watched {
  readonly client: KubeClient;
  readonly namespaces: WritableStore<NamespaceRecord>;
  readonly policies: WritableStore<PolicyRecord>;
  readonly baselines: WritableStore<BaselineRecord>;
  readonly said: string[];
  readonly reflectors: readonly Reflector[];
  readonly log: MemoryLogger;
  readonly requests: RequestRecord[];
  stop(): Promise<void>;
}

const never = new AbortController().signal;
const intern = policyInterner();
const spec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };

/** Three reflectors, through a wire when its port is given. */
async function watching(plane: ControlPlane, options: { wire?: Wire; reflector?: Partial<ReflectorSettings>; client?: ClientOptions['settings'] } = {}): Promise<Watched> {
  const connection = await kubeconfigConnection([plane.adminKubeconfig], undefined);
  const server = options.wire === undefined ? connection.server : `https://127.0.0.1:${options.wire.port}`;
  const requests: RequestRecord[] = [];
  const client = await createKubeClient({ connection: { ...connection, server }, userAgent: 'test', clock: systemClock, onRequest: (record) => { requests.push(record); }, settings: options.client ?? {} });
  const log = memoryLogger();
  const said: string[] = [];
  const namespaces = createStore<NamespaceRecord>();
  const policies = createStore<PolicyRecord>((record) => record.namespace);
  const baselines = createStore<BaselineRecord>();
  const parts = { client, log, clock: systemClock, onSynced: () => undefined, settings: options.reflector ?? {} };
  const reflectors = [
    startReflector({ ...parts, resource: NAMESPACES, parse: parseNamespace, store: namespaces, onChange: () => undefined }),
    startReflector({ ...parts, resource: NETWORK_POLICIES, parse: (object) => parsePolicy(object, intern), store: policies,
      onChange: ({ name, before, after }) => { said.push(`${name} ${before === undefined ? 'new' : after === undefined ? 'gone' : 'changed'}`); } }),
    startReflector({ ...parts, resource: BASELINES, parse: parseBaseline, store: baselines, onChange: () => undefined }),
  ];
  return {
    client, namespaces, policies, baselines, said, reflectors, log, requests,
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
      await client.close();
    },
  };
}

describe('reflector on a real control plane', function () {
  this.timeout(180_000);
  let plane: ControlPlane;
  let api: Api;
  const stops: (() => Promise<void>)[] = [];
  before(async () => {
    plane = await startControlPlane();
    api = apiAs(plane.adminKubeconfig);
    for (const name of ['a', 'b']) await api.post('/api/v1/namespaces', { metadata: { name } });
  });
  after(async () => {
    await api.close();
    await plane.stop();
  });
  afterEach(async () => { for (const stop of stops.splice(0).reverse()) await stop(); });

  async function isWatched(...args: Parameters<typeof watching> extends [unknown, ...infer Rest] ? Rest : never): Promise<Watched> {
    const watched = await watching(plane, ...args);
    stops.push(watched.stop);
    await eventually(() => [watched.namespaces.synced, watched.policies.synced], (synced) => assert.deepEqual(synced, [true, true]));
    return watched;
  }
  const post = (namespace: string, name: string): Promise<unknown> => api.post(POLICIES(namespace), { metadata: { name }, spec });
  const clear = async (namespace: string): Promise<void> => { await plane.kubectl(['delete', 'networkpolicy', '--all', '-n', namespace]); };
  const names = (watched: Watched, namespace: string): string[] => [...watched.policies.inNamespace(namespace).keys()].toSorted();

  it('lists, follows, and treats an object of the same name as another one', async () => {
    await post('a', 'p');
    const watched = await isWatched();
    assert.ok(watched.namespaces.get('a') !== undefined && watched.policies.get('p', 'a') !== undefined);
    const { uid } = watched.policies.get('p', 'a') ?? {};
    watched.said.length = 0;
    await api.delete(`${POLICIES('a')}/p`);
    await post('a', 'p');
    await eventually(() => watched.policies.get('p', 'a')?.uid, (now) => assert.ok(now !== undefined && now !== uid));
    assert.deepEqual(watched.said, ['p gone', 'p new']);
    assert.ok(watched.requests.every(({ code }) => ['200', '404'].includes(code)));
    await clear('a');
  });

  it('shows own writes at once and says them once', async () => {
    const watched = await isWatched();
    watched.said.length = 0;
    const made = await watched.client.createPolicy({ metadata: { name: 'own', namespace: 'b' }, spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [], egress: [] } }, never);
    watched.policies.observeWrite(parsePolicy(made, intern));
    assert.equal(watched.policies.get('own', 'b')?.resourceVersion, made.metadata.resourceVersion);
    const { uid = '', resourceVersion = '' } = made.metadata;
    await watched.client.removePolicy({ namespace: 'b', name: 'own', uid, resourceVersion }, never);
    watched.policies.observeRemoval('b', 'own', uid);
    assert.equal(watched.policies.get('own', 'b'), undefined);
    await post('b', 'later');
    await eventually(() => names(watched, 'b'), (seen) => assert.deepEqual(seen, ['later']));
    assert.deepEqual(watched.said, ['own new', 'own gone', 'later new']);
    await clear('b');
  });

  it('takes a missing CRD for unknown, notices it when it comes, and keeps what it knows when it goes', async () => {
    const watched = await isWatched({ reflector: { missingMs: 300 } });
    const health = () => watched.reflectors[2]?.health();
    await eventually(() => health()?.problem?.kind, (kind) => assert.equal(kind, 'NotFound'));
    assert.equal(watched.baselines.synced, false);
    await plane.kubectl(['apply', '--server-side', '-k', 'crds']);
    await whenEstablished(plane.kubectl, 'namespacepolicybaselines.netbaseline.io');
    await eventually(() => watched.baselines.synced, assert.ok);
    await api.post('/apis/netbaseline.io/v1alpha1/namespacepolicybaselines', { apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name: 'default' }, spec: { paused: true } });
    await eventually(() => watched.baselines.get('default')?.spec?.paused, (paused) => assert.equal(paused, true));
    await plane.kubectl(['delete', 'crd', 'namespacepolicybaselines.netbaseline.io']);
    await eventually(() => health()?.problem?.kind, (kind) => assert.equal(kind, 'NotFound'));
    assert.equal(watched.baselines.synced, true);
  });

  it('catches up after an API server that was killed and started again', async () => {
    const watched = await isWatched();
    await post('a', 'before');
    await eventually(() => names(watched, 'a'), (seen) => assert.deepEqual(seen, ['before']));
    watched.said.length = 0;
    await plane.killApiServer();
    await eventually(() => watched.reflectors[1]?.health().problem?.kind, (kind) => assert.equal(kind, 'Unavailable'));
    await plane.startApiServer();
    const readyMs = performance.now();
    await post('a', 'after');
    await eventually(() => names(watched, 'a'), (seen) => assert.deepEqual(seen, ['after', 'before']));
    const tookMs = performance.now() - readyMs;
    assert.deepEqual(watched.said, ['after new']);
    assert.ok(tookMs < 20_000, `caught up after ${tookMs} ms`);
    await eventually(() => watched.reflectors.slice(0, 2).map((reflector) => reflector.health().problem), (problems) => assert.deepEqual(problems, [undefined, undefined]));
    // why a list may be needed although nothing was missed for long: a new process remembers no older version
    const old = watched.client.watch(NAMESPACES, { initialEvents: false, resourceVersion: '1', timeoutSeconds: 5 }, { alive: () => undefined, frame: () => assert.fail() }, never);
    await assert.rejects(old, (error) => isKubeError(error, 'Expired'));
    await clear('a');
  });

  it('resumes without a list when its connections are cut', async () => {
    const wire = await startWire(Number(new URL(plane.url).port));
    stops.push(() => wire.stop());
    const watched = await isWatched({ wire });
    const lists = watched.reflectors[1]?.health().lists;
    wire.cut();
    await post('b', 'meanwhile');
    await eventually(() => names(watched, 'b'), (seen) => assert.deepEqual(seen, ['meanwhile']));
    assert.equal(watched.reflectors[1]?.health().lists, lists);
    await clear('b');
  });

  it('notices a wire that carries nothing any more, and catches up when it does again', async () => {
    const wire = await startWire(Number(new URL(plane.url).port));
    stops.push(() => wire.stop());
    const watched = await isWatched({ wire, client: { pingMs: 100, pingSilenceMs: 400, connectMs: 2_000, watchAnswerMs: 2_000 } });
    wire.freeze();
    await post('b', 'unheard');
    await eventually(() => watched.reflectors[1]?.health().problem?.kind, (kind) => assert.equal(kind, 'Unavailable'));
    assert.deepEqual(names(watched, 'b'), []);
    wire.thaw();
    await eventually(() => names(watched, 'b'), (seen) => assert.deepEqual(seen, ['unheard']));
    await clear('b');
  });

  it('lists beside the watch and finds nothing to say', async () => {
    await post('a', 'p');
    const watched = await isWatched({ reflector: { auditMinMs: 200, auditMaxMs: 300 } });
    watched.said.length = 0;
    await eventually(() => watched.reflectors[1]?.health().lists ?? 0, (lists) => assert.ok(lists >= 3));
    await post('a', 'q');
    await eventually(() => names(watched, 'a'), (seen) => assert.deepEqual(seen, ['p', 'q']));
    assert.deepEqual(watched.said, ['q new']);
    await clear('a');
  });

  it('ends in the same state after a storm of writes, cuts and own writes', async () => {
    const wire = await startWire(Number(new URL(plane.url).port));
    stops.push(() => wire.stop());
    const watched = await isWatched({ wire, reflector: { auditMinMs: 300, auditMaxMs: 600, backoffMs: 50 } });
    const cutting = setInterval(() => { wire.cut(); }, 400);
    await Promise.all(Array.from({ length: 8 }, async (_none, lane) => {
      for (let turn = 0; turn < 25; turn += 1) {
        const name = `p${lane}-${turn % 3}`;
        await api.delete(`${POLICIES('a')}/${name}`);
        const { body, code } = await api.post(POLICIES('a'), { metadata: { name }, spec });
        if (code === 201 && turn % 2 === 0) watched.policies.observeWrite(parsePolicy(body, intern));
        if (turn % 5 === 0) await delay(20);
      }
    }));
    clearInterval(cutting);
    const { body } = await api.get(POLICIES('a'));
    const truth = Object.fromEntries((body as { items: { metadata: { name: string; resourceVersion: string } }[] }).items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
    await eventually(() => Object.fromEntries([...watched.policies.inNamespace('a').values()].map((one) => [one.name, one.resourceVersion])), (seen) => assert.deepEqual(seen, truth), { withinMs: 20_000 });
    await clear('a');
  });
});

describe('reflector on a control plane without WatchList', function () {
  this.timeout(120_000);
  it('lists by pages and follows', async () => {
    const plane = await startControlPlane({ extraApiServerFlags: ['--feature-gates=WatchList=false'] });
    const api = apiAs(plane.adminKubeconfig);
    try {
      for (let index = 0; index < 7; index += 1) await api.post('/api/v1/namespaces', { metadata: { name: `n${index}` } });
      const watched = await watching(plane, { reflector: { pageSize: 3 } });
      await eventually(() => watched.namespaces.size, (size) => assert.ok(size >= 11));
      assert.deepEqual([watched.namespaces.synced, watched.reflectors[0]?.health().problem], [true, undefined]);
      await api.post('/api/v1/namespaces', { metadata: { name: 'later' } });
      await eventually(() => watched.namespaces.get('later'), assert.ok);
      await watched.stop();
    } finally {
      await api.close();
      await plane.stop();
    }
  });
});
