/** What holds for every preview: applied, it is empty; every suggestion keeps what it is for; nothing depends on order. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { baselineSpec } from '../../../src/api/v1alpha1.ts';
import { needText } from '../../../src/analyze/needs/need.ts';
import type { KubeObject, Snapshot } from '../../../src/analyze/snapshot.ts';
import { aTemplate } from '../../support/build.ts';
import { API_SERVER, cluster, object, pod, service } from '../../support/needs.ts';
import { aBaselineObject, applied, cutsOf, preview } from '../../support/preview.ts';

const NAMESPACES = ['shop', 'data', 'constructor'] as const;
const APPS = ['web', 'orders', 'db'] as const;

const directions = () => fc.subarray(['Ingress', 'Egress'] as const, { minLength: 1 });
const mode = () => fc.constantFrom('Enforce', 'Enforce', 'Enforce', 'Audit', 'Disabled');
const selector = () => fc.constantFrom<object>({}, {}, { matchLabels: { tier: 'gold' } }, { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } });

const spec = () => fc.record({
  ingress: fc.record({ mode: mode() }), egress: fc.record({ mode: mode() }), dns: fc.record({ enabled: fc.boolean() }), namespaceSelector: selector(),
  excludedNamespaces: fc.subarray([...NAMESPACES], { maxLength: 1 }), driftPolicy: fc.constantFrom('Repair', 'Warn'), adoptionPolicy: fc.constantFrom('Refuse', 'Adopt'),
  policies: fc.subarray([aTemplate('allow-x', { policyTypes: ['Ingress'] }), aTemplate('allow-y', { policyTypes: ['Egress'] })]),
  exemptions: fc.array(fc.record({ namespace: fc.constantFrom(...NAMESPACES), directions: directions(), reason: fc.constant('r') }), { maxLength: 1 }),
});

/** Pods that call each other, a webhook, an ingress controller, a scraper, an API client; foreign policies. */
const documents = () => fc.record({
  labelled: fc.subarray([...NAMESPACES]),
  apps: fc.uniqueArray(fc.record({ namespace: fc.constantFrom(...NAMESPACES), app: fc.constantFrom(...APPS), calls: fc.subarray(NAMESPACES.flatMap((to) => APPS.map((app) => `${app}.${to}.svc:80`)), { maxLength: 3 }), dns: fc.boolean() }), { maxLength: 6, selector: ({ namespace, app }) => `${namespace}/${app}` }),
  extras: fc.subarray(['webhook', 'ingress', 'scrape', 'client', 'published'] as const),
  foreign: fc.subarray(NAMESPACES.flatMap((namespace) => [
    object('networking.k8s.io/v1', 'NetworkPolicy', `${namespace}/default-deny`, { spec: { podSelector: {}, policyTypes: ['Ingress'] } }),
    object('networking.k8s.io/v1', 'NetworkPolicy', `${namespace}/allow-webhooks`, { spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }] } }),
  ]), { maxLength: 2 }),
}).map(({ labelled, apps, extras, foreign }) => [
  ...[...NAMESPACES, 'kube-system', 'default'].map((name) => JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: labelled.includes(name as never) ? { tier: 'gold' } : {} } })),
  pod('kube-system/coredns', { labels: { 'k8s-app': 'kube-dns' }, ip: '10.9.0.1' }), API_SERVER,
  ...apps.flatMap(({ namespace, app, calls, dns }, index) => [
    pod(`${namespace}/${app}`, { labels: { app, 'pod-template-hash': `h${index}` }, ip: `10.1.0.${index + 1}`, spec: dns ? { dnsPolicy: 'ClusterFirst' } : {}, container: { env: calls.map((value, at) => ({ name: `URL${at}`, value })) } }),
    service(`${namespace}/${app}`, { app }, { http: [80, 8080] }),
  ]),
  ...extras.flatMap((extra) => EXTRAS[extra]), ...foreign,
]);

const EXTRAS = {
  webhook: [object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'w', { webhooks: [{ name: 'w', clientConfig: { service: { namespace: 'shop', name: 'web', port: 80 } } }] })],
  ingress: [pod('data/nginx', { labels: { 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' }, ip: '10.2.0.1' }), object('networking.k8s.io/v1', 'Ingress', 'shop/i', { spec: { defaultBackend: { service: { name: 'orders', port: { number: 80 } } } } })],
  scrape: [pod('constructor/prometheus', { labels: { 'app.kubernetes.io/name': 'prometheus' }, ip: '10.3.0.1' }), object('monitoring.coreos.com/v1', 'PodMonitor', 'shop/m', { spec: { selector: {}, namespaceSelector: { any: true }, podMetricsEndpoints: [{ portNumber: 9100 }] } })],
  client: [pod('data/agent', { labels: {}, ip: '10.4.0.1', spec: { serviceAccountName: 'a', automountServiceAccountToken: true } }), object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'a', { roleRef: { kind: 'ClusterRole', name: 'view' }, subjects: [{ kind: 'ServiceAccount', namespace: 'data', name: 'a' }] })],
  published: [service('shop/front', { app: 'web' }, { http: [80, 8080] }, { spec: { type: 'LoadBalancer' } })],
} as const;

const withBaseline = (found: readonly string[], baseline: KubeObject): Snapshot => cluster(...found, JSON.stringify({ ...baseline, metadata: { ...baseline.metadata, uid: 'u', generation: 1 }, status: { observedGeneration: 1 } }));

describe('laws of previews', () => {
  it('a baseline that was applied and carried out has an empty preview', () => {
    fc.assert(fc.property(documents(), spec(), (found, wanted) => {
      const baseline = aBaselineObject(wanted);
      const after = applied(withBaseline(found, baseline), preview(cluster(...found), baseline));
      const again = preview(after, baseline);
      assert.deepEqual(again.namespaces.flatMap(({ namespace, changes, held }) => [...changes, ...held].map(({ action, policy }) => `${namespace}: ${action} ${policy}`)), []);
      assert.deepEqual([cutsOf(again), again.held, again.baselines.map(({ change }) => change)], [[], [], ['same']]);
    }), { numRuns: 80 });
  });

  it('every suggestion is what the API takes, and with it what it is for is not cut', () => {
    let cuts = 0;
    fc.assert(fc.property(documents(), spec(), (found, wanted) => {
      const first = preview(cluster(...found), aBaselineObject(wanted));
      cuts += first.cuts.length;
      assert.deepEqual(first.cuts.filter(({ kept, keptBy }) => !kept || keptBy.length === 0).map(({ need }) => needText(need)), []);
      const policies = baselineSpec.parse({ policies: [...wanted.policies, ...first.suggestions.policies] }).policies;
      assert.deepEqual(cutsOf(preview(cluster(...found), aBaselineObject({ ...wanted, policies }))), []);
    }), { numRuns: 80 });
    assert.ok(cuts > 50, `only ${cuts} needs were cut in all`);
  });

  it('a baseline in Audit cuts nothing and writes nothing', () => {
    fc.assert(fc.property(documents(), spec(), (found, wanted) => {
      const first = preview(cluster(...found), aBaselineObject({ ...wanted, ingress: { mode: 'Audit' }, egress: { mode: 'Audit' } }));
      assert.deepEqual([cutsOf(first), first.namespaces.flatMap(({ changes }) => changes), first.suggestions.policies], [[], [], []]);
    }), { numRuns: 50 });
  });

  it('the order in which objects are told does not matter', () => {
    fc.assert(fc.property(documents().chain((found) => fc.tuple(fc.constant(found), fc.shuffledSubarray(found, { minLength: found.length }))), spec(), ([found, shuffled], wanted) => {
      const [one, other] = [found, shuffled].map((some) => preview(cluster(...some), aBaselineObject(wanted)));
      assert.deepEqual(new Set(cutsOf(other!)), new Set(cutsOf(one!)));
      assert.deepEqual(other?.namespaces, one?.namespaces);
    }), { numRuns: 50 });
  });
});
