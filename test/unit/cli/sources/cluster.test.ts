/** Reading a cluster: against a client made up here, and against servers that are no API server at all. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SourceError } from '../../../../src/cli/command.ts';
import { listKinds } from '../../../../src/cli/sources/listing.ts';
import { startProgress } from '../../../../src/cli/sources/progress.ts';
import { loadSnapshot } from '../../../../src/cli/sources/source.ts';
import type { KubeClient, ListPage, PageQuery } from '../../../../src/kube/client.ts';
import { KubeError, type KubeErrorKind } from '../../../../src/kube/errors.ts';
import type { KindName } from '../../../../src/kube/kinds.ts';
import type { WireObject } from '../../../../src/kube/objects.ts';
import type { Resource } from '../../../../src/kube/resources.ts';
import { manualClock } from '../../../support/clock.ts';
import { memoryHost } from '../../../support/host.ts';

const never = new AbortController().signal;
const failure = (kind: KubeErrorKind, code?: number, message = `list things: ${code} ${kind}`): KubeError => new KubeError(message, { kind, code });
const page = (names: readonly string[], continueToken?: string): ListPage => ({ items: names.map((name) => ({ metadata: { name } })), resourceVersion: '7', continueToken });

/** `answer` may throw. Remembers the paths that were asked for. */
function clientThat(answer: (resource: Resource, query: PageQuery) => ListPage | Promise<ListPage>, serves: (plural: string) => boolean = () => true) {
  const asked: string[] = [];
  const client: Pick<KubeClient, 'listPage' | 'serves'> = {
    serves: async ({ plural }) => serves(plural),
    async listPage<W extends WireObject>(resource: Resource<W>, query: PageQuery) {
      asked.push(`${resource.group}/${resource.version}/${resource.plural}${query.continueToken === undefined ? '' : `?${query.continueToken}`}`);
      return await answer(resource, query) as ListPage<W>;
    },
  };
  return { client, asked };
}

const list = (kinds: readonly KindName[], ...answers: Parameters<typeof clientThat>) => {
  const { client, asked } = clientThat(...answers);
  const pages: [KindName, number][] = [];
  return { asked, pages, result: listKinds(kinds, { client, signal: never, onPage: (kind, count) => pages.push([kind, count]) }) };
};

describe('listing a cluster', () => {
  it('puts pages together, says what objects are, and sorts them by namespace and name', async () => {
    const items = { '': ['b', 'a'], second: ['a-b'] };
    const { result, pages } = list(['Namespace', 'NetworkPolicy'], ({ plural }, { continueToken = '' }) => (plural === 'namespaces'
      ? page(items[continueToken as ''] , continueToken === '' ? 'second' : undefined)
      : { items: [['a-b', 'x'], ['a', 'z'], ['a', 'y']].map(([namespace = '', name = '']) => ({ metadata: { namespace, name } })), resourceVersion: '1', continueToken: undefined }));
    const { objects, unread } = await result;
    assert.deepEqual(objects.get('Namespace')?.map(({ object, origin }) => [object.apiVersion, object.kind, object.metadata.name, origin]), [['v1', 'Namespace', 'a', undefined], ['v1', 'Namespace', 'a-b', undefined], ['v1', 'Namespace', 'b', undefined]]);
    assert.deepEqual(objects.get('NetworkPolicy')?.map(({ object: { apiVersion, metadata } }) => [apiVersion, `${metadata.namespace}/${metadata.name}`]), [['networking.k8s.io/v1', 'a/y'], ['networking.k8s.io/v1', 'a/z'], ['networking.k8s.io/v1', 'a-b/x']]);
    assert.deepEqual([unread, pages], [[], [['Namespace', 2], ['NetworkPolicy', 3], ['Namespace', 3]]]);
  });

  it('tries the versions of a kind in their order; one that no version serves has no objects', async () => {
    const { result, asked } = list(['GRPCRoute', 'AdminNetworkPolicy'], ({ version }) => {
      if (version === 'v1alpha2') return page(['a']);
      throw failure('NotFound', 404);
    });
    const { objects, unread } = await result;
    assert.deepEqual(asked.sort(), ['gateway.networking.k8s.io/v1/grpcroutes', 'gateway.networking.k8s.io/v1alpha2/grpcroutes', 'policy.networking.k8s.io/v1alpha1/adminnetworkpolicies']);
    assert.deepEqual([objects.get('GRPCRoute')?.[0]?.object.apiVersion, objects.get('AdminNetworkPolicy'), unread], ['gateway.networking.k8s.io/v1alpha2', [], []]);
  });

  it('tells what may not be read, and what would allow it', async () => {
    const { result } = list(['Namespace', 'Node', 'CiliumNetworkPolicy', 'CalicoNetworkPolicyV3'], ({ plural, group }) => {
      if (plural === 'namespaces') return page(['a']);
      throw group === 'projectcalico.org' ? failure('Unavailable', 503, 'list networkpolicies: 503') : failure('Forbidden', 403, `list ${plural}: 403`);
    });
    const { objects, unread } = await result;
    assert.deepEqual(unread, [
      { kind: 'Node', why: 'list nodes: 403. Allow it: kubectl create clusterrole npb-nodes --verb=list --resource=nodes, then kubectl create clusterrolebinding npb-nodes --clusterrole=npb-nodes --user=USER' },
      { kind: 'CiliumNetworkPolicy', why: 'list ciliumnetworkpolicies: 403. Allow it: kubectl create clusterrole npb-ciliumnetworkpolicies --verb=list --resource=ciliumnetworkpolicies.cilium.io, then kubectl create clusterrolebinding npb-ciliumnetworkpolicies --clusterrole=npb-ciliumnetworkpolicies --user=USER' },
      { kind: 'CalicoNetworkPolicyV3', why: 'list networkpolicies: 503. The API server answers, but not for projectcalico.org: look at what serves it' },
    ]);
    assert.deepEqual(objects.get('Node'), []);
    const absent = await list(['NetworkPolicy', 'CiliumNetworkPolicy', 'OvnEgressFirewall'], () => { throw failure('Forbidden', 403, 'no'); }, (plural) => {
      if (plural === 'egressfirewalls') throw failure('Unavailable', 503);
      return plural === 'networkpolicies';
    }).result;
    assert.deepEqual(absent.unread.map(({ kind }) => kind), ['NetworkPolicy', 'OvnEgressFirewall']); // a 403 alone does not say that a kind exists
    const viewed = await list(['NetworkPolicy', 'Namespace'], ({ plural }) => { if (plural === 'namespaces') return page([]); throw failure('Forbidden', 403, 'no'); }).result;
    assert.equal(viewed.unread[0]?.why, 'no. Allow it: kubectl create clusterrolebinding npb-view --clusterrole=view --user=USER');
  });

  it('begins again when the server was busy or forgot the first page, but not for ever', async () => {
    const answers: (() => ListPage)[] = [() => page(['a'], 'next'), () => { throw failure('Expired', 410); }, () => { throw failure('Throttled', 429); }, () => page(['a', 'b'])];
    const { result, asked } = list(['Namespace'], () => (answers.shift() ?? assert.fail())());
    assert.deepEqual((await result).objects.get('Namespace')?.map(({ object }) => object.metadata.name), ['a', 'b']);
    assert.deepEqual(asked, ['/v1/namespaces', '/v1/namespaces?next', '/v1/namespaces', '/v1/namespaces']);
    const busy = list(['Namespace'], () => { throw failure('Throttled', 429); });
    await assert.rejects(busy.result, /429 Throttled/);
    assert.equal(busy.asked.length, 5);
  });

  it('throws whatever concerns the whole cluster', async () => {
    for (const [kind, code] of [['Unauthorized', 401], ['Unavailable', undefined], ['Unavailable', 500], ['Malformed', undefined]] as const) await assert.rejects(list(['Pod', 'Namespace'], () => { throw failure(kind, code); }).result, (error) => error instanceof KubeError && error.kind === kind);
    await assert.rejects(list(['Namespace'], () => { throw failure('NotFound', 404); }).result, /404/);
  });

  it('asks for four kinds at once, and no more', async () => {
    let [now, most] = [0, 0];
    const { result } = list(['Namespace', 'Pod', 'Node', 'Service', 'Ingress', 'Role', 'Job'], async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return page([]);
    });
    await result;
    assert.equal(most, 4);
  });
});

describe('progress of a long reading', () => {
  it('shows on a terminal after a second, and goes without a trace', async () => {
    const host = memoryHost({ terminal: 20 });
    const clock = manualClock();
    const progress = startProgress(host, clock);
    progress.tell('early');
    await clock.advance(999);
    assert.equal(host.err(), '');
    progress.tell('Reading pods 500\u001b and more');
    await clock.advance(1);
    assert.equal(host.err(), '\r\u001b[KReading pods 500\\u0');
    progress.tell('next');
    await clock.advance(100);
    progress.end();
    assert.equal(host.err(), '\r\u001b[KReading pods 500\\u0\r\u001b[Knext\r\u001b[K');
    assert.equal(clock.timers, 0);
  });

  it('shows nowhere else, and not where it was quick', async () => {
    const clock = manualClock();
    for (const host of [memoryHost(), memoryHost({ terminal: 80, env: { TERM: 'dumb' } }), memoryHost({ terminal: 80 })]) {
      const progress = startProgress(host, clock);
      progress.tell('x');
      await clock.advance(host.stderr.isTTY === true && host.env['TERM'] === undefined ? 900 : 2000);
      progress.end();
      assert.equal(host.err(), '');
    }
  });
});

describe('a cluster that cannot be read', () => {
  let folder: string;
  let server: Server | undefined;
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'npb-cluster-')); });
  afterEach(async () => {
    await rm(folder, { recursive: true });
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  /** Answers every request with this; returns its address. */
  async function serving(code: number, body: string): Promise<string> {
    const listening = createServer((_request, response) => response.writeHead(code, { 'content-type': 'application/json' }).end(body));
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  }

  async function refusal(url: string, flags: Record<string, string> = {}, env: Record<string, string> = {}): Promise<string> {
    const kubeconfig = join(folder, 'kubeconfig');
    const context = (name: string) => ({ name, context: { cluster: 'c', user: 'u' } });
    await writeFile(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'here', contexts: [context('here')], clusters: [{ name: 'c', cluster: { server: url } }], users: [{ name: 'u', user: {} }] }));
    const error = await loadSnapshot(memoryHost({ env: { KUBECONFIG: kubeconfig, ...env } }), flags, ['Namespace', 'Pod']).then(() => assert.fail('it was read'), (thrown: unknown) => thrown as Error);
    assert.ok(error instanceof SourceError, error.stack);
    return error.message.replaceAll(folder, 'FOLDER');
  }

  it('says where it looked, why it failed and what to do', async () => {
    const status = (code: number, reason: string) => JSON.stringify({ kind: 'Status', code, reason, message: reason.toLowerCase() });
    const closed = 'http://127.0.0.1:1';
    assert.match(await refusal(closed), /^http:\/\/127\.0\.0\.1:1: it cannot be reached \(list \w+: .*ECONNREFUSED.*\)\. Is the cluster running, and is kubeconfig FOLDER\/kubeconfig, context here the right one\?$/);
    const expired = await serving(401, status(401, 'Unauthorized'));
    assert.equal(await refusal(expired), `${expired}: it does not accept the credentials of kubeconfig FOLDER/kubeconfig, context here (list namespaces: 401 Unauthorized: unauthorized). They may have expired: log in again, or choose another --context`);
  });

  it('says so when nothing may be read, and when it is no API server', async () => {
    const forbidden = await serving(403, JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message: 'namespaces is forbidden: User "me" cannot list resource "namespaces"' }));
    assert.match(await refusal(forbidden), /nothing of what is needed may be read with kubeconfig FOLDER\/kubeconfig, context here\. list namespaces: 403 Forbidden: .*User "me" cannot list.*Allow it: kubectl create clusterrolebinding npb-view --clusterrole=view --user=USER$/);
    server?.close();
    for (const [code, body] of [[200, '<html>'], [404, 'not here'], [200, '{}']] as const) {
      assert.match(await refusal(await serving(code, body)), /it does not answer as an API server of Kubernetes \(.*\)\. See server in kubeconfig FOLDER\/kubeconfig, context here$/);
      server?.close();
    }
  });

  it('says which contexts there are, and that manifests would do', async () => {
    assert.equal(await refusal('http://127.0.0.1:1', { context: 'there' }), 'kubeconfig FOLDER/kubeconfig: there is no context there; there are: here\nTo look at manifests instead of a cluster, name them with -f.');
    assert.match(await refusal('http://127.0.0.1:1', { kubeconfig: '/nonexistent' }), /^kubeconfig \/nonexistent: no such file\. [^]*name them with -f\.$/);
  });

  it('does not mind settings that only the operator has', async () => {
    assert.match(await refusal('http://127.0.0.1:1', {}, { NPB_LOG_LEVEL: 'loud', NPB_LEASE_DURATION: 'x' }), /it cannot be reached/);
  });
});
