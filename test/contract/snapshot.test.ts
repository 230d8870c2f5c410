/**
 * Snapshots against a real API server: what is listed in pages is what kubectl dumps, and a dump read as files is the
 * same snapshot as the cluster itself.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baselinesOf, namespaceViewsOf, VIEW_KINDS, worldInputOf, WORLD_KINDS } from '../../src/analyze/world.ts';
import type { Snapshot } from '../../src/analyze/snapshot.ts';
import { WORKLOAD_KINDS } from '../../src/analyze/workloads.ts';
import { joinValues } from '../../src/cli/command.ts';
import { listKinds } from '../../src/cli/sources/listing.ts';
import { loadSnapshot } from '../../src/cli/sources/source.ts';
import { systemClock } from '../../src/control/clock.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { kubeconfigConnection } from '../../src/kube/kubeconfig.ts';
import { CLUSTER_POLICY_KINDS, KINDS, type KindName } from '../../src/kube/kinds.ts';
import { planNamespace } from '../../src/plan/plan.ts';
import { eventually } from '../support/eventually.ts';
import { memoryHost } from '../support/host.ts';
import { aWorld, type World } from '../support/world.ts';

/** Those that every API server has, the baselines, and some that nobody installed here. */
const DUMPED: readonly KindName[] = [
  'Namespace', 'Pod', 'Service', 'ServiceAccount', 'EndpointSlice', ...WORKLOAD_KINDS, 'Ingress', 'ValidatingWebhookConfiguration', 'CustomResourceDefinition', 'APIService', 'ClusterRole', 'RoleBinding', 'NetworkPolicy', 'NamespacePolicyBaseline',
];
const ABSENT: readonly KindName[] = ['HTTPRoute', 'CiliumNetworkPolicy', 'AdminNetworkPolicy', 'CalicoNetworkPolicyV3'];

describe('snapshots of a real API server', function () {
  this.timeout(180_000);
  let world: World;
  let folder: string;
  let fromCluster: Snapshot;
  let namespaces: readonly string[];

  before(async () => {
    world = await aWorld();
    folder = await mkdtemp(join(tmpdir(), 'npb-snapshot-'));
    namespaces = await world.namespaces(7, { annotations: { multi: 'line one\nline two: yes\n' } });
    const [first = '', second = ''] = namespaces;
    await world.createPolicy(first, 'allow-all', { podSelector: {}, ingress: [{}] });
    await world.createPolicy(second, 'defaulted', { podSelector: { matchLabels: { app: 'on' } }, egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 53 }] }] });
    const podSpec = { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'x', ports: [{ name: 'http', containerPort: 80 }], env: [{ name: 'ON', value: 'yes' }] }] };
    const deployed = { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: podSpec } };
    await world.create(`/apis/apps/v1/namespaces/${first}/deployments`, { metadata: { name: 'web' }, spec: { replicas: 0, ...deployed } });
    await world.create(`/apis/batch/v1/namespaces/${second}/cronjobs`, { metadata: { name: 'nightly' }, spec: { schedule: '0 3 * * *', suspend: true, jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } } } });
    await world.create(`/api/v1/namespaces/${first}/services`, { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] } });
    await eventually(() => world.admin.get(`/api/v1/namespaces/${first}/serviceaccounts/default`), ({ code }) => assert.equal(code, 200), { withinMs: 30_000 });
    await world.create(`/api/v1/namespaces/${first}/pods`, { metadata: { name: 'bare', labels: { app: 'bare' } }, spec: podSpec });
    await world.baseline({ egress: { mode: 'Audit' } });
    fromCluster = await loadSnapshot(memoryHost(), { kubeconfig: world.plane.adminKubeconfig }, [...DUMPED, ...ABSENT]);
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
    await world.end();
  });

  async function dumped(format: 'yaml' | 'json'): Promise<Snapshot> {
    const names = DUMPED.map((kind) => (KINDS[kind].group === '' ? KINDS[kind].plural : `${KINDS[kind].plural}.${KINDS[kind].group}`));
    const { stdout } = await world.plane.kubectl(['get', names.join(','), '--all-namespaces', '--show-managed-fields', '-o', format]);
    const file = join(folder, `dump.${format}`);
    await writeFile(file, stdout);
    return loadSnapshot(memoryHost(), { filename: joinValues([file]) }, [...DUMPED, ...ABSENT]);
  }

  /** Other suites use the same API server, and what they leave behind is on its way out. */
  const isHere = (namespace: string | undefined): boolean => namespace === undefined || namespaces.includes(namespace);

  for (const format of ['json', 'yaml'] as const) {
    it(`are equal to those of a dump in ${format.toUpperCase()}, object by object`, async () => {
      const fromFiles = await dumped(format);
      for (const kind of [...DUMPED, ...ABSENT]) {
        const objects = (snapshot: Snapshot) => snapshot.objects.get(kind)?.map(({ object }) => object).filter(({ metadata: { namespace, name } }) => isHere(namespace ?? (kind === 'Namespace' ? name : undefined)));
        assert.deepEqual(objects(fromFiles), objects(fromCluster), kind);
      }
      assert.ok((fromCluster.objects.get('Namespace')?.length ?? 0) >= 7);
      assert.deepEqual([fromCluster.unread, fromFiles.unread], [[], []]);
      assert.ok(fromFiles.objects.get('Service')?.every(({ origin }) => origin?.line !== undefined && origin.line > 0));
    });
  }

  it('mean the same: pods, policies and plans', async () => {
    const fromFiles = await dumped('json');
    const own = new Set(fromCluster.objects.get('Service')?.filter(({ object: { metadata } }) => isHere(metadata.namespace)).flatMap(({ object }) => (object['spec'] as { clusterIPs?: string[] }).clusterIPs ?? []));
    const meaning = (snapshot: Snapshot) => {
      const { namespaces: found, pods, policies, serviceIps } = worldInputOf(snapshot, { ipBlockMatchesPods: 'yes' });
      const plain = <T extends { origin: unknown }>(values: readonly T[]) => values.map(({ origin: _origin, ...rest }) => rest);
      const plans = namespaceViewsOf(snapshot, { baselines: baselinesOf(snapshot), systemNamespaces: new Set(['kube-system']), nowMs: 0 }).map((view) => {
        const { namespace, writes } = planNamespace(view);
        return { namespace, writes };
      });
      return {
        found: plain(found).filter(({ name }) => isHere(name)), pods: plain(pods).filter(({ namespace }) => isHere(namespace)), policies: plain(policies.filter((policy) => policy.kind !== 'NetworkPolicy' || isHere(policy.namespace))),
        serviceIps: serviceIps.filter((ip) => own.has(ip)), plans: plans.filter(({ namespace }) => isHere(namespace)),
      };
    };
    const [cluster, files] = [meaning(fromCluster), meaning(fromFiles)];
    assert.deepEqual(files, cluster);
    assert.ok(cluster.serviceIps.length > 0);
    assert.deepEqual(cluster.pods.map(({ name }) => name), ['bare']); // neither the CronJob nor the Deployment of the dump stands for pods
    assert.deepEqual(cluster.plans.map(({ writes }) => writes.map(({ kind }) => kind)), namespaces.map(() => ['Create']));
  });

  it('are read in pages, however small', async () => {
    const client = await createKubeClient({ connection: await kubeconfigConnection([world.plane.adminKubeconfig], undefined), userAgent: 'namespace-policy-baseline/test', clock: systemClock });
    try {
      const pages: number[] = [];
      const { objects } = await listKinds(['Namespace'], { client, signal: new AbortController().signal, onPage: (_kind, count) => pages.push(count), pageSize: 3 });
      const ownNames = (found: Snapshot['objects']) => found.get('Namespace')?.map(({ object }) => object.metadata.name).filter(isHere);
      assert.deepEqual(ownNames(objects), ownNames(fromCluster.objects));
      assert.deepEqual(ownNames(objects), namespaces.toSorted());
      assert.ok(pages.length > 3 && pages.every((count, index) => count <= 3 * (index + 1)), pages.join(' '));
    } finally {
      await client.close();
    }
  });

  it('tell what a stranger may not read, and nothing of what does not exist', async () => {
    const kubeconfig = await world.plane.serviceAccountKubeconfig('default', 'default');
    await world.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: `snapshot-${namespaces[0]}` }, rules: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['list'] }] });
    await world.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: `snapshot-${namespaces[0]}` }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `snapshot-${namespaces[0]}` }, subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
    });
    const { unread, objects } = await loadSnapshot(memoryHost(), { kubeconfig }, [...WORLD_KINDS, ...VIEW_KINDS]);
    assert.deepEqual(unread.map(({ kind }) => kind).filter((kind) => !CLUSTER_POLICY_KINDS.includes(kind as never)), ['Pod', 'Node', 'Service', 'NamespacePolicyBaseline', 'NetworkPolicy']);
    assert.match(unread[0]?.why ?? '', /pods is forbidden: User "system:serviceaccount:default:default" cannot list.*Allow it: kubectl create clusterrolebinding npb-view --clusterrole=view --user=USER$/);
    assert.ok((objects.get('Namespace')?.length ?? 0) >= 7);
  });
});
