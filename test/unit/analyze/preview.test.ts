/** What applying a baseline would do: writes, holds, cuts, and the policies that keep what would be cut. */
import assert from 'node:assert/strict';
import { hashedSpec } from '../../../src/api/canonical.ts';
import { DIRECTIONS } from '../../../src/api/network-policy.ts';
import { baselineSpec } from '../../../src/api/v1alpha1.ts';
import { compileBaseline } from '../../../src/plan/compile.ts';
import { parseBaseline } from '../../../src/kube/objects.ts';
import { lossesText } from '../../../src/analyze/preview/consequences.ts';
import { refText } from '../../../src/analyze/explain/words.ts';
import { needText } from '../../../src/analyze/needs/need.ts';
import type { Preview } from '../../../src/analyze/preview/preview.ts';
import { defaultDeny } from '../../../src/plan/templates/default-deny.ts';
import { NOW_MS, ourLabels } from '../../support/build.ts';
import { API_SERVER, cluster, object, pod, service } from '../../support/needs.ts';
import { aBaselineObject, changesOf, cutsOf, outcomeOf, preview } from '../../support/preview.ts';

const namespace = (name: string, labels: Record<string, string> = {}): string => JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
const policy = (id: string, spec: object, metadata: object = {}): string => {
  const [place = '', name = ''] = id.split('/');
  return JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: place, uid: `uid-${id}`, resourceVersion: '7', ...metadata }, spec });
};
const generated = (id: string, spec: object, baseline = 'default'): string => {
  const name = id.split('/')[1] ?? '';
  return policy(id, spec, { labels: ourLabels(baseline, name), annotations: { 'netbaseline.io/template-hash': hashedSpec(spec as never).hash } });
};
const deny = (place: string, baseline = 'default'): string => generated(`${place}/default-deny`, defaultDeny(DIRECTIONS), baseline);
const live = (spec: object, status: object = {}): string => JSON.stringify({ ...aBaselineObject(spec, 'default', { uid: 'u', generation: 3, creationTimestamp: '2026-01-01T00:00:00Z' }), status: { observedGeneration: 3, ...status } });

describe('preview: what would be written', () => {
  it('creates what is missing, in every namespace but the system ones', () => {
    const found = preview(cluster(namespace('shop'), namespace('kube-system')), aBaselineObject());
    assert.deepEqual(changesOf(found, 'shop'), ['create allow-dns', 'create default-deny']);
    assert.equal(outcomeOf(found, 'shop').verdict.state, 'protected');
    assert.deepEqual(changesOf(found, 'kube-system'), []);
    assert.equal(outcomeOf(found, 'kube-system').verdict.reason, 'SystemNamespace');
  });

  it('changes what is there in another form, and says what of it', () => {
    const found = preview(cluster(namespace('shop'), live({ egress: { mode: 'Audit' } }), generated('shop/default-deny', defaultDeny(['Ingress']))), aBaselineObject());
    assert.deepEqual(changesOf(found, 'shop'), ['create allow-dns', 'change default-deny (spec.policyTypes is ["Ingress"], should be ["Ingress","Egress"])']);
    assert.equal(found.baselines[0]?.change, 'changed');
  });

  it('deletes what is not planned any more', () => {
    const found = preview(cluster(namespace('shop'), live({}), deny('shop')), aBaselineObject({ ingress: { mode: 'Audit' }, egress: { mode: 'Disabled' } }));
    assert.deepEqual(changesOf(found, 'shop'), ['delete default-deny']);
    assert.equal(outcomeOf(found, 'shop').verdict.state, 'audited');
  });

  it('leaves the policy of somebody else, and says so', () => {
    const found = preview(cluster(namespace('shop'), policy('shop/allow-dns', { podSelector: {}, policyTypes: ['Egress'], egress: [{}] })), aBaselineObject());
    assert.deepEqual(changesOf(found, 'shop'), ['create default-deny']);
    assert.deepEqual([outcomeOf(found, 'shop').verdict.state, outcomeOf(found, 'shop').verdict.reason], ['conflicted', 'ForeignPolicy']);
  });

  it('is empty for a baseline that is in force', () => {
    const spec = { dns: { enabled: false } };
    const found = preview(cluster(namespace('shop'), live(spec), deny('shop')), aBaselineObject(spec));
    assert.deepEqual(changesOf(found, 'shop'), []);
    assert.equal(found.baselines[0]?.change, 'same');
    assert.deepEqual(found.held, []);
  });

  it('plans with the other baselines of the cluster', () => {
    const other = JSON.stringify(aBaselineObject({ ingress: { mode: 'Disabled' }, dns: { enabled: false } }, 'other', { uid: 'o', generation: 1 }));
    const found = preview(cluster(namespace('shop'), other), aBaselineObject({ egress: { mode: 'Disabled' } }));
    assert.deepEqual(outcomeOf(found, 'shop').changes.map(({ policy: name, baseline }) => `${name} of ${baseline}`), ['default-deny of other']);
  });

  it('takes several baselines at once', () => {
    const found = preview(cluster(namespace('shop')), aBaselineObject({ egress: { mode: 'Disabled' } }, 'a'), aBaselineObject({ ingress: { mode: 'Disabled' } }, 'b'));
    assert.deepEqual(changesOf(found, 'shop'), ['create allow-dns', 'create default-deny']);
  });

  it('says which namespaces lose isolation as a whole, unless somebody else keeps it', () => {
    const kept = policy('c/theirs', { podSelector: {}, policyTypes: ['Egress'] });
    const off = aBaselineObject({ ingress: { mode: 'Audit' }, egress: { mode: 'Disabled' } });
    const found = preview(cluster(...['a', 'b', 'c', 'd'].map((name) => namespace(name)), live({}), deny('a'), deny('b'), deny('c'), kept), off);
    assert.deepEqual(found.namespaces.map((one) => one.losesIsolation), [['Ingress', 'Egress'], ['Ingress', 'Egress'], ['Ingress'], []]);
    assert.deepEqual(lossesText(found.namespaces), ['2 namespaces lose ingress and egress isolation: a and b.', '1 namespace loses ingress isolation: c.']);
    assert.deepEqual(lossesText(preview(cluster(namespace('a'), deny('a'), live({})), aBaselineObject()).namespaces), []);
  });

  it('says which exemptions are for nobody', () => {
    const exemptions = [{ namespace: 'shop', reason: 'a' }, { namespace: 'typo', reason: 'b' }, { namespaceSelector: { matchLabels: { a: 'b' } }, reason: 'c' }];
    assert.deepEqual(preview(cluster(namespace('shop')), aBaselineObject({ exemptions })).notes.map((note) => note.replace(/\(.*\)/, '')),
      ['Baseline default: spec.exemptions[1]  is for no namespace that there is.', 'Baseline default: spec.exemptions[2]  is for no namespace that there is.']);
  });

  it('says of several baselines what one enforces, not that others leave the namespace alone', () => {
    const others = [{ excludedNamespaces: ['shop'] }, { namespaceSelector: { matchLabels: { a: 'b' } } }, { ingress: { mode: 'Audit' }, egress: { mode: 'Audit' } }];
    for (const other of others) {
      const found = preview(cluster(namespace('shop')), aBaselineObject(other, 'a'), aBaselineObject({ ingress: { mode: 'Disabled' } }, 'b'));
      assert.deepEqual(changesOf(found, 'shop'), ['create allow-dns', 'create default-deny']);
      assert.equal(outcomeOf(found, 'shop').verdict.state, 'protected', JSON.stringify(other));
    }
    const [excluded, , audited] = others;
    assert.equal(outcomeOf(preview(cluster(namespace('shop')), aBaselineObject(excluded, 'a'), aBaselineObject(audited, 'b')), 'shop').verdict.state, 'audited');
  });
});

describe('preview: what the breaker holds', () => {
  const fleet = ['a', 'b', 'c'].flatMap((name) => [namespace(name), deny(name)]);
  const narrowed = aBaselineObject({ dns: { enabled: false }, namespaceSelector: { matchLabels: { tier: 'gold' } } });

  it('removals everywhere, with the token that confirms them', () => {
    const found = preview(cluster(...fleet, live({ dns: { enabled: false } })), narrowed);
    assert.deepEqual(found.held.map(({ baseline, namespaces }) => ({ baseline, namespaces })), [{ baseline: 'default', namespaces: ['a', 'b', 'c'] }]);
    assert.match(found.held[0]?.token ?? '', /^[0-9a-f]{16}$/);
    for (const name of ['a', 'b', 'c']) {
      assert.deepEqual(changesOf(found, name), []);
      assert.deepEqual(outcomeOf(found, name).held.map(({ action, policy: held }) => `${action} ${held}`), ['delete default-deny']);
    }
  });

  it('not what is confirmed together with the change', () => {
    const token = preview(cluster(...fleet, live({ dns: { enabled: false } })), narrowed).held[0]?.token ?? '';
    const found = preview(cluster(...fleet, live({ dns: { enabled: false } })), { ...narrowed, metadata: { name: 'default', annotations: { 'netbaseline.io/confirm': token } } });
    assert.deepEqual(found.held, []);
    assert.deepEqual(changesOf(found, 'a'), ['delete default-deny']);
  });

  it('what comes on top of what the operator let through lately', () => {
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].flatMap((name) => [namespace(name, name === 'a' ? {} : { tier: 'gold' }), deny(name)]);
    const heldAfter = (recentRemovals: object | undefined): number => preview(cluster(...many, live({ dns: { enabled: false } }, { recentRemovals })), narrowed).held.length;
    const until = new Date(NOW_MS + 60_000).toISOString();
    assert.deepEqual([heldAfter(undefined), heldAfter({ namespaces: 6, until }), heldAfter({ namespaces: 7, until })], [0, 0, 1]);
  });

  it('not a mode that is switched off', () => {
    const found = preview(cluster(...fleet, live({ dns: { enabled: false } })), aBaselineObject({ dns: { enabled: false }, ingress: { mode: 'Audit' }, egress: { mode: 'Audit' } }));
    assert.deepEqual(found.held, []);
    assert.deepEqual(changesOf(found, 'a'), ['delete default-deny']);
  });
});

const COREDNS = pod('kube-system/coredns', { labels: { 'k8s-app': 'kube-dns' }, ip: '10.1.0.2' });
const ORDERS = [pod('shop/orders', { labels: { app: 'orders', 'pod-template-hash': 'x' }, ip: '10.1.1.2' }), service('shop/orders', { app: 'orders' }, { http: [80, 8080] })];
const WEB = pod('shop/web', { labels: { app: 'web', 'pod-template-hash': 'y' }, ip: '10.1.1.3', container: { env: [{ name: 'ORDERS', value: 'http://orders' }] } });
const WEBHOOK = object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'guard', { webhooks: [{ name: 'a.b.c', clientConfig: { service: { namespace: 'guard', name: 'hook' } } }] });
const HOOK = [namespace('guard'), pod('guard/hook', { labels: { app: 'hook' }, ip: '10.1.2.2' }), service('guard/hook', { app: 'hook' }, { https: [443, 9443] })];
const SHOP = { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } };
const BASE = [namespace('kube-system'), namespace('default'), namespace('shop'), COREDNS, API_SERVER];

describe('preview: what would be cut', () => {
  it('a webhook, a Service; not what is open before and after', () => {
    const found = preview(cluster(...BASE, ...HOOK, WEBHOOK, ...ORDERS, WEB), aBaselineObject());
    assert.deepEqual(cutsOf(found), ['admission webhook: API server -> Service guard/hook, port 9443', 'service: Pod shop/web -> Service shop/orders, port 8080']);
    assert.deepEqual(found.cuts.map(({ sides }) => sides.map(({ direction, by }) => `${direction} by ${by.map(refText).join(' and ')}`)), [
      ['Ingress by NetworkPolicy guard/default-deny'],
      ['Egress by NetworkPolicy shop/allow-dns and NetworkPolicy shop/default-deny', 'Ingress by NetworkPolicy shop/default-deny'],
    ]);
  });

  it('nothing where everything is in Audit', () => {
    const found = preview(cluster(...BASE, ...HOOK, WEBHOOK, ...ORDERS, WEB), aBaselineObject({ ingress: { mode: 'Audit' }, egress: { mode: 'Audit' } }));
    assert.deepEqual(cutsOf(found), []);
    assert.deepEqual(found.suggestions.policies, []);
  });

  it('nothing that the baseline allows', () => {
    const allow = { name: 'allow-webhooks', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.1/32' } }], ports: [{ port: 9443 }] }] } };
    assert.deepEqual(cutsOf(preview(cluster(...BASE, ...HOOK, WEBHOOK), aBaselineObject({ policies: [allow] }))), []);
  });

  it('not what is denied today: that is told apart', () => {
    const found = preview(cluster(...BASE, ...HOOK, WEBHOOK, policy('guard/closed', defaultDeny(['Ingress']))), aBaselineObject());
    assert.deepEqual(cutsOf(found), []);
    assert.deepEqual(found.alreadyBlocked.map(({ need, sides }) => `${needText(need)} by ${sides.flatMap(({ by }) => by.map(refText)).join()}`), [
      'API server -> Service guard/hook, port 9443 by NetworkPolicy guard/closed',
    ]);
  });

  it('not what is held', () => {
    const found = preview(cluster(...BASE, ...HOOK, deny('guard'), namespace('b'), deny('b'), live({})), aBaselineObject({ namespaceSelector: { matchLabels: { a: 'b' } } }));
    assert.deepEqual(found.held.map(({ namespaces }) => namespaces), [['b', 'guard']]);
    assert.deepEqual(cutsOf(found), []);
  });

  it('nothing in a namespace that is exempt, or excluded', () => {
    assert.deepEqual(cutsOf(preview(cluster(...BASE, ...HOOK, WEBHOOK), aBaselineObject({ excludedNamespaces: ['guard'] }))), []);
    assert.deepEqual(cutsOf(preview(cluster(...BASE, ...HOOK, WEBHOOK), aBaselineObject({ exemptions: [{ namespace: 'guard', reason: 'r' }] }))), []);
    assert.deepEqual(cutsOf(preview(cluster(...BASE, ...HOOK, WEBHOOK), aBaselineObject({ exemptions: [{ namespace: 'guard', directions: ['Egress'], reason: 'r' }] }))).length, 1);
  });

  it('what policies that are not evaluated decide is not known, and said', () => {
    const cilium = JSON.stringify({ apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata: { name: 'c', namespace: 'guard' }, spec: { endpointSelector: {}, ingress: [{}] } });
    const found = preview(cluster(...BASE, ...HOOK, WEBHOOK, cilium), aBaselineObject());
    assert.deepEqual(cutsOf(found), []);
    assert.deepEqual(found.unknown.map(({ need, doubts }) => `${needText(need)}: ${doubts.policies.map(refText).join()}`), ['API server -> Service guard/hook, port 9443: CiliumNetworkPolicy guard/c']);
  });

  it('needs whose ends are not there are named', () => {
    const found = preview(cluster(...BASE, WEBHOOK), aBaselineObject());
    assert.deepEqual(found.unresolved.map(({ because, problem }) => `${because.name}: ${problem}`), ['guard: Service guard/hook does not exist']);
  });
});

describe('preview: policies that keep what would be cut', () => {
  /** Every suggestion is one that the API takes, that can be rendered, and that keeps what it is for. */
  function holds(found: Preview): void {
    const spec = baselineSpec.parse({ policies: found.suggestions.policies });
    const compiled = compileBaseline(parseBaseline({ metadata: { name: 'x' }, spec }));
    assert.deepEqual(compiled.templates.flatMap(({ problem }) => problem ?? []), []);
    assert.deepEqual(found.cuts.filter(({ kept }) => !kept).map(({ need }) => needText(need)), []);
  }

  it('one for a sort of flow of the platform, in the namespaces that have it', () => {
    const second = [namespace('guard2'), pod('guard2/hook', { labels: { app: 'h' }, ip: '10.1.3.2' }), service('guard2/hook', { app: 'h' }, { https: [443, 8443] })];
    const hooks = object('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'guard2', { webhooks: [{ name: 'x', clientConfig: { service: { namespace: 'guard2', name: 'hook' } } }] });
    const found = preview(cluster(...BASE, ...HOOK, ...second, WEBHOOK, hooks), aBaselineObject());
    assert.deepEqual(found.suggestions.policies, [{
      name: 'allow-webhooks',
      description: 'needed by ValidatingWebhookConfiguration guard, webhook a.b.c, failurePolicy Fail, and 1 more',
      namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['guard', 'guard2'] }] },
      networkPolicy: {
        podSelector: {}, policyTypes: ['Ingress'],
        ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.1/32' } }], ports: [{ protocol: 'TCP', port: 8443 }, { protocol: 'TCP', port: 9443 }] }],
      },
    }]);
    holds(found);
  });

  it('one for each side of a flow of an application, by labels that stay', () => {
    const found = preview(cluster(...BASE, ...ORDERS, WEB), aBaselineObject());
    assert.deepEqual(found.suggestions.policies.map(({ name, namespaceSelector, networkPolicy }) => ({ name, namespaceSelector, networkPolicy })), [
      {
        name: 'allow-web-to-orders', namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
        networkPolicy: {
          podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'],
          egress: [{ to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } }, podSelector: { matchLabels: { app: 'orders' } } }], ports: [{ protocol: 'TCP', port: 8080 }] }],
        },
      },
      {
        name: 'allow-orders-from-web', namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
        networkPolicy: {
          podSelector: { matchLabels: { app: 'orders' } }, policyTypes: ['Ingress'],
          ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } }, podSelector: { matchLabels: { app: 'web' } } }], ports: [{ protocol: 'TCP', port: 8080 }] }],
        },
      },
    ]);
    holds(found);
  });

  it('one for all of a target where there would be more than a baseline takes', () => {
    const many = Array.from({ length: 20 }, (_, index) => [
      pod(`shop/web${index}`, { labels: { app: `web${index}` }, ip: `10.2.0.${index + 1}`, container: { env: [{ name: 'ORDERS', value: 'http://orders' }] } }),
    ]).flat();
    const found = preview(cluster(...BASE, ...ORDERS, ...many), aBaselineObject());
    assert.equal(found.cuts.length, 20);
    assert.deepEqual(found.suggestions.policies.map(({ name, networkPolicy }) => ({ name, networkPolicy })), [
      {
        name: 'allow-to-orders',
        networkPolicy: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: SHOP, podSelector: { matchLabels: { app: 'orders' } } }], ports: [{ protocol: 'TCP', port: 8080 }] }] },
      },
      {
        name: 'allow-clients-of-orders',
        networkPolicy: { podSelector: { matchLabels: { app: 'orders' } }, policyTypes: ['Ingress'], ingress: [{ from: [{ namespaceSelector: SHOP }], ports: [{ protocol: 'TCP', port: 8080 }] }] },
      },
    ]);
    assert.equal(found.suggestions.withoutRoom, 0);
    holds(found);
  });

  it('one for all inside of namespaces where that is still too many', () => {
    const many = Array.from({ length: 40 }, (_, index) => [
      pod(`n${index}/web`, { labels: { app: 'web' }, ip: `10.2.0.${index + 1}`, container: { env: [{ name: 'ORDERS', value: 'http://orders' }] } }),
      pod(`n${index}/orders`, { labels: { app: 'orders' }, ip: `10.3.0.${index + 1}` }), service(`n${index}/orders`, { app: 'orders' }, { http: [80, 8080] }),
    ]).flat();
    const found = preview(cluster(...BASE, ...many), aBaselineObject());
    assert.equal(found.cuts.length, 40);
    assert.deepEqual(found.suggestions.policies.map(({ name, namespaceSelector, networkPolicy }) => ({ name, namespaceSelector, networkPolicy })), [{
      name: 'allow-same-namespace', namespaceSelector: undefined,
      networkPolicy: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [{ podSelector: {} }] }], egress: [{ to: [{ podSelector: {} }] }] },
    }]);
    holds(found);
  });

  it('for clients in more namespaces than a selector takes, every namespace', () => {
    const many = Array.from({ length: 40 }, (_, index) => pod(`n${index}/web`, { labels: { app: 'web' }, ip: `10.2.0.${index + 1}`, container: { env: [{ name: 'ORDERS', value: 'http://orders.shop' }] } }));
    const found = preview(cluster(...BASE, ...ORDERS, ...many), aBaselineObject());
    assert.deepEqual(found.suggestions.policies.map(({ name, networkPolicy: { ingress, egress } }) => [name, ingress?.[0]?.from ?? egress?.[0]?.to]), [
      ['allow-to-orders', [{ namespaceSelector: SHOP, podSelector: { matchLabels: { app: 'orders' } } }]], ['allow-clients-of-orders', [{ namespaceSelector: {} }]],
    ]);
    holds(found);
  });

  it('none beyond what a baseline takes: the rest is said', () => {
    const full = Array.from({ length: 32 }, (_, index) => ({ name: `p${index}`, networkPolicy: { podSelector: {}, policyTypes: ['Ingress'] } }));
    const found = preview(cluster(...BASE, ...ORDERS, WEB), aBaselineObject({ policies: full }));
    assert.deepEqual([found.suggestions.policies.length, found.suggestions.withoutRoom, found.cuts[0]?.kept], [0, 1, false]);
  });

  it('under names that nobody has', () => {
    const mine = { name: 'allow-webhooks', networkPolicy: { podSelector: { matchLabels: { a: 'b' } }, policyTypes: ['Ingress'] } };
    const found = preview(cluster(...BASE, ...HOOK, WEBHOOK, policy('guard/allow-webhooks-2', { podSelector: {}, policyTypes: ['Egress'], egress: [{}] })), aBaselineObject({ policies: [mine] }));
    assert.deepEqual(found.suggestions.policies.map(({ name }) => name), ['allow-webhooks-3']);
    holds(found);
  });

  it('says where none helps: a policy of cluster scope denies it, by another baseline', () => {
    const other = JSON.stringify(aBaselineObject({ egress: { mode: 'Disabled' }, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'guard' } } }, 'other', { uid: 'o', generation: 1 }));
    const found = preview(cluster(...BASE, ...HOOK, WEBHOOK, other), aBaselineObject({ excludedNamespaces: ['guard'] }));
    assert.deepEqual(found.cuts.map(({ kept }) => kept), [false]);
  });

  it('every kind of need', () => {
    const nginx = [namespace('edge'), pod('edge/nginx', { labels: { 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' }, ip: '10.1.5.1' }), service('edge/nginx', { 'app.kubernetes.io/name': 'ingress-nginx' }, { https: [443, 8443] }, { spec: { type: 'LoadBalancer' } })];
    const ingress = object('networking.k8s.io/v1', 'Ingress', 'shop/shop', { spec: { defaultBackend: { service: { name: 'orders', port: { number: 80 } } } } });
    const prometheus = [namespace('mon'), pod('mon/prometheus', { labels: { 'app.kubernetes.io/name': 'prometheus' }, ip: '10.1.6.1' })];
    const monitor = object('monitoring.coreos.com/v1', 'ServiceMonitor', 'shop/orders', { spec: { selector: {}, endpoints: [{ port: 'http' }] } });
    const agent = [pod('mon/agent', { labels: { app: 'agent' }, ip: '10.1.6.2', spec: { serviceAccountName: 'agent', automountServiceAccountToken: true, dnsPolicy: 'ClusterFirst' } }),
      object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'agent', { roleRef: { kind: 'ClusterRole', name: 'view' }, subjects: [{ kind: 'ServiceAccount', namespace: 'mon', name: 'agent' }] })];
    const node = pod('edge/host', { labels: { 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' }, ip: '192.168.0.7', spec: { hostNetwork: true } });
    const found = preview(cluster(...BASE, ...nginx, node, ...ORDERS, WEB, ingress, ...prometheus, monitor, ...agent, ...HOOK, WEBHOOK), aBaselineObject({ dns: { enabled: false } }));
    assert.deepEqual([...new Set(found.cuts.map(({ need }) => need.kind))], ['admission webhook', 'DNS', 'API server', 'ingress', 'outside', 'scrape', 'service']);
    assert.deepEqual(found.suggestions.policies.map(({ name }) => name), [
      'allow-webhooks', 'allow-cluster-dns', 'allow-kube-api', 'allow-from-edge', 'allow-edge-backends', 'allow-outside-to-nginx', 'allow-scrapes', 'allow-monitoring', 'allow-web-to-orders', 'allow-orders-from-web',
    ]);
    holds(found);
  });
});
