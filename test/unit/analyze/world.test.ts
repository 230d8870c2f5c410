import assert from 'node:assert/strict';
import fc from 'fast-check';
import { baselinesOf, namespacesOf, namespaceViewsOf, podsOf, policiesOf, storedSpecOf, worldInputOf } from '../../../src/analyze/world.ts';
import type { KubeObject, Snapshot } from '../../../src/analyze/snapshot.ts';
import { DEFAULT_SYSTEM_NAMESPACES } from '../../../src/api/names.ts';
import { parseBaseline, parseNamespace, parsePolicy, type BaselineRecord, type NamespaceRecord, type PolicyRecord } from '../../../src/kube/objects.ts';
import { policyInterner } from '../../../src/kube/policy-interner.ts';
import { buildWorld } from '../../../src/netpol/world.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import type { NamespaceView } from '../../../src/plan/view.ts';
import { createStore } from '../../../src/watch/store.ts';
import { createViews } from '../../../src/watch/views.ts';
import { NOW_MS } from '../../support/build.ts';
import { ask } from '../../support/netpol.ts';
import { snapshotOf, snapshotOfObjects } from '../../support/snapshot.ts';

const filesOf = (text: string): Snapshot => snapshotOf(text, { source: 'files', from: 'deploy' });
const podNames = (snapshot: Snapshot): string[] => podsOf(snapshot).map(({ namespace, name, workload }) => `${namespace}/${name}${workload === undefined ? '' : ` of ${workload.kind} ${workload.name}`}`);
const TEMPLATE = 'template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{name: http, containerPort: 80}, {containerPort: 53, protocol: UDP}]}]}}';
const owned = (kind: string, name: string): string => `ownerReferences: [{apiVersion: v1, kind: Other, name: other}, {apiVersion: v1, kind: ${kind}, name: ${name}, controller: true}]`;

describe('namespaces of a snapshot', () => {
  it('are those that are declared, and those in which something is', () => {
    const found = namespacesOf(filesOf('{apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {team: x}, annotations: {owner: y}}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}}\n---\n{apiVersion: v1, kind: Node, metadata: {name: n}}'));
    assert.deepEqual(found.map(({ name, labels, declared, annotations }) => [name, Object.fromEntries(labels), declared, Object.fromEntries(annotations)]), [
      ['a', { 'kubernetes.io/metadata.name': 'a' }, false, {}], ['b', { team: 'x', 'kubernetes.io/metadata.name': 'b' }, true, { owner: 'y' }],
    ]);
  });

  it('have the label that the API server gives them, whatever a manifest says', () => {
    const [found] = namespacesOf(filesOf('{apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {kubernetes.io/metadata.name: kube-system}}}'));
    assert.equal(found?.labels.get('kubernetes.io/metadata.name'), 'b');
  });
});

describe('pods of a snapshot', () => {
  it('belong to the workload that people know', () => {
    assert.deepEqual(podNames(snapshotOf([
      `{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: x, labels: {pod-template-hash: 5d8f}, ${owned('ReplicaSet', 'web-5d8f')}}}`,
      `{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: x, ${owned('ReplicaSet', 'own')}}}`, `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: own, namespace: x, ${owned('Deployment', 'named')}}}`,
      `{apiVersion: v1, kind: Pod, metadata: {name: c, namespace: x, ${owned('Job', 'backup-28934520')}}}`, `{apiVersion: v1, kind: Pod, metadata: {name: d, namespace: x, ${owned('Job', 'backup-20240101')}}}`,
      `{apiVersion: v1, kind: Pod, metadata: {name: e, namespace: x, ${owned('StatefulSet', 'db')}}}`, '{apiVersion: v1, kind: Pod, metadata: {name: f, namespace: x}}', `{apiVersion: v1, kind: Pod, metadata: {name: g, namespace: x, ${owned('Workflow', 'w')}}}`,
    ].join('\n---\n'))), ['x/a of Deployment web', 'x/b of Deployment named', 'x/c of CronJob backup', 'x/d of Job backup-20240101', 'x/e of StatefulSet db', 'x/f', 'x/g of Workflow w']);
  });

  it('stand for workloads of manifests, one for each, with its labels and ports and without an address', () => {
    const pods = podsOf(filesOf(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: x}, spec: {${TEMPLATE}}}\n---\n{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: x}, spec: {jobTemplate: {spec: {${TEMPLATE}}}}}`
      + `\n---\n{apiVersion: batch/v1, kind: Job, metadata: {name: once, namespace: x}, spec: {${TEMPLATE}}}\n---\n{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: x}, spec: {template: {spec: {hostNetwork: true}}}}`));
    assert.deepEqual(pods.map(({ name, labels, hostNetwork, ips, hypothetical, workload }) => [name, Object.fromEntries(labels), hostNetwork, ips, hypothetical, workload?.kind]), [
      ['cronjob/nightly', { app: 'web' }, false, [], true, 'CronJob'], ['daemonset/agent', {}, true, [], true, 'DaemonSet'], ['deployment/web', { app: 'web' }, false, [], true, 'Deployment'],
      ['job/once', { 'job-name': 'once', 'batch.kubernetes.io/job-name': 'once', app: 'web' }, false, [], true, 'Job'],
    ]);
    assert.deepEqual(pods[0]?.ports, [{ name: 'http', containerPort: 80, protocol: 'TCP' }, { containerPort: 53, protocol: 'UDP' }]);
  });

  it('do not stand for a workload that has pods, belongs to another one, wants none or has finished', () => {
    const finished = 'status: {conditions: [{type: Suspended, status: "False"}, {type: Complete, status: "True"}]}';
    assert.deepEqual(podNames(filesOf([
      `{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: x, labels: {pod-template-hash: h}, ${owned('ReplicaSet', 'web-h')}}}`, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: x}, spec: {${TEMPLATE}}}`,
      `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-h, namespace: x, ${owned('Deployment', 'web')}}, spec: {${TEMPLATE}}}`, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: y}, spec: {${TEMPLATE}}}`,
      `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: none, namespace: x, uid: at-rest}, spec: {replicas: 0, ${TEMPLATE}}}`, `{apiVersion: batch/v1, kind: Job, metadata: {name: done, namespace: x}, spec: {${TEMPLATE}}, ${finished}}`,
      '{apiVersion: apps/v1, kind: Deployment, metadata: {name: without-template, namespace: x}}',
    ].join('\n---\n'))), ['x/a of Deployment web', 'y/deployment/web of Deployment web']);
  });

  it('stand for a workload that a manifest scales to nothing, as something scales it up later', () => {
    assert.deepEqual(podNames(filesOf(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: scaled, namespace: x}, spec: {replicas: 0, ${TEMPLATE}}}`)), ['x/deployment/scaled of Deployment scaled']);
  });

  it('stand for nothing where the snapshot is a cluster, or a dump of one with its pods', () => {
    const deployment = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: x, uid: u}, spec: {${TEMPLATE}}}`;
    const pod = '{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: y, uid: v}}';
    const written = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: new, namespace: x}, spec: {${TEMPLATE}}}`;
    assert.deepEqual([podNames(snapshotOf(deployment)), podNames(filesOf(deployment)), podNames(filesOf([deployment, pod, written].join('\n---\n')))], [[], ['x/deployment/web of Deployment web'], ['x/deployment/new of Deployment new', 'y/a']]);
  });

  it('may be written with nulls wherever nothing is meant', () => {
    const [pod] = podsOf(filesOf('apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: x, ownerReferences: null}\nspec: {hostNetwork: null, nodeName: null, containers: [{name: c, ports: null}], initContainers: null}\nstatus: {phase: null, podIPs: null, podIP: null}'));
    assert.deepEqual([pod?.ports, pod?.ips, pod?.hostNetwork, pod?.node, pod?.terminal], [[], [], false, undefined, false]);
    for (const more of ['spec: null\nstatus: null', 'spec: {template: {metadata: {labels: null}, spec: {containers: null}}}']) assert.equal(podsOf(filesOf(`apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: x}\n${more}`)).length, 1);
    assert.equal(podNames(filesOf('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: x}\nspec: {replicas: null, template: {metadata: null, spec: {containers: null}}}')).length, 1);
  });
});

describe('policies of a snapshot', () => {
  const POLICIES = [
    '{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: x, labels: {a: b}, annotations: {c: d}}, spec: {ingress: [{from: null}]}}', '{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: q, namespace: x}}',
    '{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: admin}, spec: {priority: 1}}', '{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: c}, spec: {endpointSelector: {}}}',
  ].join('\n---\n');

  it('are of all kinds, with specs as they are written', () => {
    assert.deepEqual(policiesOf(filesOf(POLICIES)).map((policy) => [policy.kind === 'Opaque' ? policy.apiKind : policy.kind, policy.name, Object.fromEntries(policy.labels), Object.fromEntries(policy.annotations), 'spec' in policy ? policy.spec : undefined]), [
      ['AdminNetworkPolicy', 'admin', {}, {}, { priority: 1 }], ['CiliumClusterwideNetworkPolicy', 'c', {}, {}, undefined],
      ['NetworkPolicy', 'p', { a: 'b' }, { c: 'd' }, { ingress: [{ from: null }] }], ['NetworkPolicy', 'q', {}, {}, {}],
    ]);
  });

  it('are called as people know them, with the group where two share a kind', () => {
    const called = (apiVersion: string, kind: string): unknown => {
      const [policy] = policiesOf(filesOf(`{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: p, namespace: x}, spec: {}}`));
      return policy?.kind === 'Opaque' ? policy.apiKind : policy?.kind;
    };
    assert.deepEqual([called('projectcalico.org/v3', 'GlobalNetworkPolicy'), called('crd.projectcalico.org/v1', 'NetworkPolicy'), called('crd.antrea.io/v1beta1', 'ClusterNetworkPolicy'), called('cilium.io/v2', 'CiliumNetworkPolicy')], [
      'GlobalNetworkPolicy.projectcalico.org', 'NetworkPolicy.crd.projectcalico.org', 'ClusterNetworkPolicy.crd.antrea.io', 'CiliumNetworkPolicy']);
    assert.deepEqual(policiesOf({ ...filesOf(''), unread: [{ kind: 'CalicoGlobalNetworkPolicyV3', why: '403' }] }).map((policy) => policy.kind === 'Opaque' && policy.apiKind), ['GlobalNetworkPolicy.projectcalico.org']);
  });

  it('that may not be read make unknown what they may change', () => {
    const snapshot = snapshotOf('{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: x}, status: {podIP: 10.0.0.1}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: x}, status: {podIP: 10.0.0.2}}');
    const verdict = (unread: Snapshot['unread']) => ask(buildWorld(worldInputOf({ ...snapshot, unread }, { ipBlockMatchesPods: 'yes' })), 'x/a -> x/b:80').verdict;
    assert.deepEqual([verdict([]), verdict([{ kind: 'Service', why: '403' }]), verdict([{ kind: 'NetworkPolicy', why: '403' }]), verdict([{ kind: 'CiliumNetworkPolicy', why: '403' }])], ['allowed', 'allowed', 'unknown', 'unknown']);
    assert.deepEqual(policiesOf({ ...snapshot, unread: [{ kind: 'NetworkPolicy', why: 'why' }] }).map(({ name, unread }) => [name, unread]), [['*', 'why']]);
  });

  it('come with nodes and the addresses of services', () => {
    const { nodes, serviceIps } = worldInputOf(snapshotOf([
      '{apiVersion: v1, kind: Node, metadata: {name: n, labels: {zone: a}}, status: {addresses: [{type: Hostname, address: n}, {type: InternalIP, address: 192.168.0.1}, {type: InternalIP, address: "fd00::1"}]}}',
      '{apiVersion: v1, kind: Service, metadata: {name: a, namespace: x}, spec: {clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, "fd00:96::1"], externalIPs: [192.0.2.1]}, status: {loadBalancer: {ingress: [{ip: 198.51.100.1}, {hostname: x}]}}}',
      '{apiVersion: v1, kind: Service, metadata: {name: b, namespace: x}, spec: {clusterIP: None}}', '{apiVersion: v1, kind: Service, metadata: {name: c, namespace: x}, spec: {clusterIP: 10.96.0.2}}', '{apiVersion: v1, kind: Service, metadata: {name: d, namespace: x}, spec: null, status: {loadBalancer: null}}',
    ].join('\n---\n')), { ipBlockMatchesPods: 'yes' });
    assert.deepEqual(nodes.map(({ name, labels, ips }) => [name, Object.fromEntries(labels), ips]), [['n', { zone: 'a' }, ['192.168.0.1', 'fd00::1']]]);
    assert.deepEqual(serviceIps, ['10.96.0.1', 'fd00:96::1', '192.0.2.1', '198.51.100.1', '10.96.0.2']);
  });
});

describe('views of namespaces', () => {
  it('have specs as the API server would store them', () => {
    assert.deepEqual([storedSpecOf(null), storedSpecOf({ podSelector: null, ingress: [null, { from: null, ports: [{ port: 80, endPort: null }] }], egress: null }), storedSpecOf({ podSelector: { matchLabels: { a: 'b' } }, egress: [{}], policyTypes: [] }), storedSpecOf({ policyTypes: ['Egress'] })], [
      { podSelector: {}, policyTypes: ['Ingress'] },
      { podSelector: {}, ingress: [{}, { ports: [{ port: 80 }] }], policyTypes: ['Ingress'] },
      { podSelector: { matchLabels: { a: 'b' } }, egress: [{}], policyTypes: ['Ingress', 'Egress'] },
      { podSelector: {}, policyTypes: ['Egress'] },
    ]);
  });

  const ours = (baseline: string, template: string): Record<string, string> =>
    ({ 'app.kubernetes.io/managed-by': 'namespace-policy-baseline', 'app.kubernetes.io/part-of': 'namespace-policy-baseline', 'netbaseline.io/baseline': baseline, 'netbaseline.io/template': template });
  const policy = (namespace: string, name: string, more: object, spec: object = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }): KubeObject =>
    ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace, uid: `${namespace}-${name}`, resourceVersion: '5', ...more }, spec });
  const object = (kind: string, apiVersion: string, metadata: object, more: object = {}): KubeObject => ({ apiVersion, kind, metadata: { uid: `uid-${JSON.stringify(metadata)}`, resourceVersion: '3', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata } as KubeObject['metadata'], ...more });
  const ALL: readonly KubeObject[] = [
    ...['a', 'b', 'kube-system'].map((name) => object('Namespace', 'v1', { name, labels: { 'kubernetes.io/metadata.name': name, team: name } })),
    object('Namespace', 'v1', { name: 'going', labels: { 'kubernetes.io/metadata.name': 'going' }, deletionTimestamp: '2026-06-01T00:00:00Z' }),
    object('NamespacePolicyBaseline', 'netbaseline.io/v1alpha1', { name: 'default', generation: 1 }, { spec: { exemptions: [{ namespace: 'b', directions: ['Egress'], reason: 'r', expiresAt: '2026-07-01T00:00:00Z' }] } }),
    object('NamespacePolicyBaseline', 'netbaseline.io/v1alpha1', { name: 'team-a', generation: 2 }, { spec: { priority: 5, namespaceSelector: { matchLabels: { team: 'a' } }, egress: { mode: 'Audit' }, policies: [{ name: 'web', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] } }] } }),
    object('NamespacePolicyBaseline', 'netbaseline.io/v1alpha1', { name: 'broken', generation: 2 }, { spec: { namespaceSelector: { matchLabels: { 'no key!': '' } } } }),
    policy('a', 'default-deny', { labels: ours('default', 'default-deny') }), policy('b', 'default-deny', { labels: { app: 'theirs' } }), policy('b', 'web', { labels: ours('team-a', 'web') }),
    policy('a', 'allow-dns', { labels: ours('default', 'allow-dns'), managedFields: [{ manager: 'namespace-policy-baseline', operation: 'Update' }] }, { podSelector: {}, policyTypes: ['Egress'], egress: [{}] }),
    policy('kube-system', 'default-deny', { labels: ours('gone', 'default-deny') }),
  ];
  const system = new Set(DEFAULT_SYSTEM_NAMESPACES);

  /** As the operator comes to them: through its stores. */
  function operatorViews(objects: readonly KubeObject[]): Map<string, NamespaceView | undefined> {
    const [namespaces, policies, baselines] = [createStore<NamespaceRecord>(), createStore<PolicyRecord>(({ namespace }) => namespace), createStore<BaselineRecord>()];
    const views = createViews({ namespaces, policies, baselines, systemNamespaces: system, wallMs: () => NOW_MS });
    const intern = policyInterner();
    for (const [index, written] of objects.entries()) {
      const each = { ...written, metadata: { ...written.metadata, resourceVersion: String(index + 1) } }; // the stores take nothing twice
      if (each.kind === 'Namespace') namespaces.apply(parseNamespace(each), false);
      else if (each.kind === 'NetworkPolicy') policies.apply(parsePolicy({ metadata: each.metadata, spec: written['spec'] as never }, intern), false);
      else views.baselineChanged({ name: each.metadata.name, namespace: undefined, before: undefined, after: parseBaseline(each) });
    }
    return new Map(objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata: { name } }) => [name, views.namespace(name)]));
  }

  /** Everything of a plan that is a value. */
  const planned = (view: NamespaceView | undefined): unknown => JSON.parse(JSON.stringify(view === undefined ? undefined : planNamespace(view), (key, value: unknown) => (key === 'resourceVersion' ? undefined : value instanceof Map || value instanceof Set ? [...value as Set<unknown>] : value)));

  it('plan as the operator plans, whatever there is', () => {
    fc.assert(fc.property(fc.subarray([...ALL], { minLength: 1 }), (objects) => {
      const snapshot = snapshotOfObjects(objects);
      const views = namespaceViewsOf(snapshot, { baselines: baselinesOf(snapshot), systemNamespaces: system, nowMs: NOW_MS });
      const expected = operatorViews(objects);
      for (const view of views) if (expected.has(view.namespace.name)) assert.deepEqual(planned(view), planned(expected.get(view.namespace.name)));
      for (const name of expected.keys()) assert.ok(views.some(({ namespace }) => namespace.name === name), name);
    }), { numRuns: 150, examples: [[[...ALL]]] });
  });

  it('are there for namespaces that nobody declares', () => {
    const snapshot = snapshotOfObjects([policy('new', 'p', {}), ...ALL.filter(({ kind }) => kind === 'NamespacePolicyBaseline')]);
    const views = namespaceViewsOf(snapshot, { baselines: baselinesOf(snapshot), systemNamespaces: system, nowMs: NOW_MS });
    assert.deepEqual(views.map((view) => [view.namespace.name, planNamespace(view).writes.map(({ kind }) => kind)]), [['new', ['Create', 'Create']]]);
  });
});
