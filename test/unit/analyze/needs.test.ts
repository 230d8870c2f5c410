/** What a cluster needs, kind by kind: the object that says so, its twin that does not, and ends that cannot be found. */
import assert from 'node:assert/strict';
import { becauseText } from '../../../src/analyze/needs/need.ts';
import { needsOf } from '../../../src/analyze/needs/needs.ts';
import type { Snapshot } from '../../../src/analyze/snapshot.ts';
import { API_SERVER, cluster, needLines, object, pod, problemsIn, service } from '../../support/needs.ts';

const WEB = pod('shop/web', { labels: { app: 'web' }, container: { ports: [{ name: 'http', containerPort: 8080 }, { name: 'metrics', containerPort: 9100 }] } });
const WEB_SERVICE = service('shop/web', { app: 'web' }, { http: [80, 'http'], metrics: [9100] });
const BOTH = [WEB, WEB_SERVICE];
const NGINX = pod('edge/nginx', { labels: { 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' } });
const NGINX_CLASS = object('networking.k8s.io/v1', 'IngressClass', 'nginx', { spec: { controller: 'k8s.io/ingress-nginx' } });
const PROMETHEUS = pod('mon/prometheus', { labels: { 'app.kubernetes.io/name': 'prometheus' } });

interface Row { readonly what: string; readonly cluster: Snapshot; readonly needs?: readonly string[]; readonly problems?: readonly string[] }

function table(rows: readonly Row[]): void {
  for (const { what, cluster: found, needs = [], problems = [] } of rows) {
    it(what, () => {
      assert.deepEqual(needLines(found), needs);
      assert.deepEqual(problemsIn(found), problems);
    });
  }
}

describe('needs: what the API server calls', () => {
  const webhook = (clientConfig: object, kind = 'ValidatingWebhookConfiguration'): string => object('admissionregistration.k8s.io/v1', kind, 'guard', { webhooks: [{ name: 'a.b.c', clientConfig }] });
  const toWeb = { service: { namespace: 'shop', name: 'web', port: 80 } };
  table([
    { what: 'a validating webhook, behind the named target port', cluster: cluster(...BOTH, API_SERVER, webhook(toWeb)), needs: ['admission webhook: API server -> Service shop/web, port 8080'] },
    { what: 'a mutating webhook', cluster: cluster(...BOTH, API_SERVER, webhook(toWeb, 'MutatingWebhookConfiguration')), needs: ['admission webhook: API server -> Service shop/web, port 8080'] },
    { what: 'both at once are one need', cluster: cluster(...BOTH, API_SERVER, webhook(toWeb), webhook(toWeb, 'MutatingWebhookConfiguration')), needs: ['admission webhook: API server -> Service shop/web, port 8080'] },
    { what: 'port 443 where none is said', cluster: cluster(WEB, service('shop/web', { app: 'web' }, { https: [443, 8443] }), API_SERVER, webhook({ service: { namespace: 'shop', name: 'web' } })), needs: ['admission webhook: API server -> Service shop/web, port 8443'] },
    { what: 'not a webhook behind a URL', cluster: cluster(...BOTH, API_SERVER, webhook({ url: 'https://guard.example.com' })) },
    { what: 'a URL with the name of a Service', cluster: cluster(...BOTH, API_SERVER, webhook({ url: 'https://web.shop.svc:80/x' })), needs: ['admission webhook: API server -> Service shop/web, port 8080'] },
    { what: 'one without a port', cluster: cluster(...BOTH, API_SERVER, webhook({ url: 'https://web.shop.svc.cluster.local/x' })), problems: ['Service shop/web has no port 443'] },
    { what: 'a Service that is not there is told', cluster: cluster(API_SERVER, webhook(toWeb)), problems: ['Service shop/web does not exist'] },
    { what: 'a Service without that port is told', cluster: cluster(...BOTH, API_SERVER, webhook({ service: { namespace: 'shop', name: 'web', port: 8443 } })), problems: ['Service shop/web has no port 8443'] },
    { what: 'a Service without pods is told', cluster: cluster(WEB_SERVICE, API_SERVER, webhook(toWeb)), problems: ['Service shop/web selects no pod'] },
    { what: 'an API server whose addresses nobody knows is told', cluster: cluster(...BOTH, webhook(toWeb)), problems: ['the addresses of the API server are not known: no EndpointSlice of Service default/kubernetes has any'] },
    {
      what: 'conversion by webhook',
      cluster: cluster(...BOTH, API_SERVER, object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'things.example.com', { spec: { conversion: { strategy: 'Webhook', webhook: { clientConfig: toWeb } } } })),
      needs: ['conversion webhook: API server -> Service shop/web, port 8080'],
    },
    { what: 'not a CRD without conversion', cluster: cluster(...BOTH, API_SERVER, object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'things.example.com', { spec: { conversion: { strategy: 'None' } } })) },
    { what: 'an aggregated API', cluster: cluster(...BOTH, API_SERVER, object('apiregistration.k8s.io/v1', 'APIService', 'v1.example.com', { spec: { service: { namespace: 'shop', name: 'web', port: 9100 } } })), needs: ['API service: API server -> Service shop/web, port 9100'] },
    { what: 'not an API that the API server serves itself', cluster: cluster(...BOTH, API_SERVER, object('apiregistration.k8s.io/v1', 'APIService', 'v1.apps', { spec: { service: null } })) },
  ]);
  it('says which webhook, and what happens when it does not answer', () => {
    const { needs: [need] } = needsOf(cluster(...BOTH, API_SERVER, webhook(toWeb), webhook(toWeb, 'MutatingWebhookConfiguration')));
    assert.equal(need === undefined ? '' : becauseText(need.because), 'ValidatingWebhookConfiguration guard, webhook a.b.c, failurePolicy Fail');
    assert.equal(need?.alsoBecause, 1);
  });
});

describe('needs: DNS', () => {
  const coredns = pod('kube-system/coredns', { labels: { 'k8s-app': 'kube-dns' } });
  const kubeDns = object('v1', 'Service', 'kube-system/kube-dns', { spec: { selector: { 'k8s-app': 'kube-dns' }, ports: [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 5353 }, { name: 'dns-tcp', port: 53, targetPort: 5353 }, { name: 'metrics', port: 9153 }] } });
  const asker = (dnsPolicy?: string, spec: object = {}): string => pod('shop/web', { spec: { ...(dnsPolicy === undefined ? { dnsPolicy: undefined } : { dnsPolicy }), ...spec } });
  table([
    { what: 'every pod, at the target ports of the Service', cluster: cluster(coredns, kubeDns, asker()), needs: ['DNS: Pod shop/web -> Service kube-system/kube-dns, port 5353', 'DNS: Pod shop/web -> Service kube-system/kube-dns, port 5353/UDP'] },
    { what: 'the well-known pods where there is no Service', cluster: cluster(coredns, asker('ClusterFirst')), needs: ['DNS: Pod shop/web -> DNS, port 53', 'DNS: Pod shop/web -> DNS, port 53/UDP'] },
    {
      what: 'the pods of other distributions where there is no Service, and where it selects none',
      cluster: cluster(pod('openshift-dns/dns-x', { labels: { 'dns.operator.openshift.io/daemonset-dns': 'default' } }), kubeDns, asker()), needs: ['DNS: Pod shop/web -> DNS, port 5353', 'DNS: Pod shop/web -> DNS, port 5353/UDP'],
    },
    {
      what: 'a Service by its label, and not one before it that selects nobody',
      cluster: cluster(kubeDns, pod('kube-system/unbound', { labels: { app: 'unbound' } }), object('v1', 'Service', 'kube-system/names', { spec: { selector: { app: 'unbound' }, ports: [{ port: 53, protocol: 'UDP' }] } }).replace('"name":"names"', '"name":"names","labels":{"k8s-app":"kube-dns"}'), asker()),
      needs: ['DNS: Pod shop/web -> Service kube-system/names, port 53/UDP'],
    },
    { what: 'one that selects nobody is told', cluster: cluster(kubeDns, asker()), problems: ["the cluster's DNS: Service kube-system/kube-dns selects no pod"] },
    { what: 'not a pod with the resolver of its node', cluster: cluster(coredns, asker('Default')) },
    { what: 'not a pod with servers of its own', cluster: cluster(coredns, asker('None')) },
    { what: 'not a pod on the network of its node', cluster: cluster(coredns, asker('ClusterFirstWithHostNet', { hostNetwork: true })) },
    { what: 'a cluster without DNS is told', cluster: cluster(asker()), problems: ["the cluster's DNS was not found: no Service kube-dns and no pod with k8s-app=kube-dns in kube-system"] },
    {
      what: 'the cache on each node', cluster: cluster(coredns, asker(), object('apps/v1', 'DaemonSet', 'kube-system/node-local-dns', {}), JSON.stringify({
        apiVersion: 'v1', kind: 'Pod', metadata: { name: 'node-local-dns-x', namespace: 'kube-system', uid: 'n', ownerReferences: [{ kind: 'DaemonSet', name: 'node-local-dns', controller: true }] },
        spec: { hostNetwork: true, containers: [{ name: 'cache', args: ['-localip', '169.254.20.10,10.96.0.10', '-conf', '/etc/Corefile'] }] }, status: { phase: 'Running' },
      })),
      needs: [
        'DNS: Pod shop/web -> DNS, port 53', 'DNS: Pod shop/web -> DNS, port 53/UDP',
        "DNS: Pod shop/web -> DaemonSet kube-system/node-local-dns on the pod's own node, port 53", "DNS: Pod shop/web -> DaemonSet kube-system/node-local-dns on the pod's own node, port 53/UDP",
      ].sort(),
    },
  ]);
});

describe('needs: the API server', () => {
  const client = (spec: object = {}): string => pod('ops/agent', { spec: { serviceAccountName: 'agent', automountServiceAccountToken: undefined, ...spec } });
  const role = (verbs: readonly string[]): string => object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'reader', { rules: [{ apiGroups: [''], resources: ['pods'], verbs }] });
  const binding = (subject: object, name = 'reader'): string => object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'agent', { roleRef: { kind: 'ClusterRole', name }, subjects: [subject] });
  const agent = { kind: 'ServiceAccount', namespace: 'ops', name: 'agent' };
  const need = ['API server: Pod ops/agent -> API server, port 6443'];
  table([
    { what: 'a pod whose ServiceAccount has rights', cluster: cluster(API_SERVER, client(), role(['get']), binding(agent)), needs: need },
    { what: 'by a RoleBinding, in the namespace of the binding', cluster: cluster(API_SERVER, client(), object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'ops/agent', { roleRef: { kind: 'Role', name: 'x' }, subjects: [{ kind: 'ServiceAccount', name: 'agent' }] })), needs: need },
    { what: 'named as a user', cluster: cluster(API_SERVER, client(), binding({ kind: 'User', name: 'system:serviceaccount:ops:agent' })), needs: need },
    { what: 'by the group of its namespace', cluster: cluster(API_SERVER, client(), binding({ kind: 'Group', name: 'system:serviceaccounts:ops' })), needs: need },
    { what: 'not by the group of all of them', cluster: cluster(API_SERVER, client(), binding({ kind: 'Group', name: 'system:serviceaccounts' })) },
    { what: 'not without rights', cluster: cluster(API_SERVER, client()) },
    { what: 'not with the rights of another account', cluster: cluster(API_SERVER, client(), binding({ ...agent, name: 'constructor' })) },
    { what: 'not with rights that are used at admission only', cluster: cluster(API_SERVER, client(), role(['use']), binding(agent)) },
    { what: 'not to pull images', cluster: cluster(API_SERVER, client(), binding({ kind: 'Group', name: 'system:serviceaccounts:ops' }, 'system:image-puller')) },
    { what: 'not without a token', cluster: cluster(API_SERVER, client({ automountServiceAccountToken: false }), binding(agent)) },
    { what: 'not where its account mounts none', cluster: cluster(API_SERVER, client(), binding(agent), object('v1', 'ServiceAccount', 'ops/agent', { automountServiceAccountToken: false })) },
    { what: 'unless the pod says otherwise', cluster: cluster(API_SERVER, client({ automountServiceAccountToken: true }), binding(agent), object('v1', 'ServiceAccount', 'ops/agent', { automountServiceAccountToken: false })), needs: need },
    { what: 'with a projected token', cluster: cluster(API_SERVER, client({ automountServiceAccountToken: false, volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] }), binding(agent)), needs: need },
    { what: 'not with a token for another audience', cluster: cluster(API_SERVER, client({ automountServiceAccountToken: false, volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'vault' } }] } }] }), binding(agent)) },
    { what: 'not on the network of its node', cluster: cluster(API_SERVER, client({ hostNetwork: true }), binding(agent)) },
    { what: 'addresses that nobody knows are told', cluster: cluster(client(), binding(agent)), problems: ['the addresses of the API server are not known: no EndpointSlice of Service default/kubernetes has any'] },
  ]);
});

describe('needs: Ingresses', () => {
  const ingress = (spec: object, metadata: object = {}): string => JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'shop', namespace: 'shop', ...metadata }, spec });
  const path = (service_: object): object => ({ rules: [{ host: 'shop.example.com', http: { paths: [{ path: '/', backend: { service: service_ } }] } }] });
  const toWeb = path({ name: 'web', port: { number: 80 } });
  const need = ['ingress: Pod edge/nginx -> Service shop/web, port 8080'];
  table([
    { what: 'from the controller of its class', cluster: cluster(...BOTH, NGINX, NGINX_CLASS, ingress({ ingressClassName: 'nginx', ...toWeb })), needs: need },
    { what: 'by the name of a port', cluster: cluster(...BOTH, NGINX, NGINX_CLASS, ingress({ ingressClassName: 'nginx', ...path({ name: 'web', port: { name: 'http' } }) })), needs: need },
    { what: 'its default backend', cluster: cluster(...BOTH, NGINX, NGINX_CLASS, ingress({ ingressClassName: 'nginx', defaultBackend: { service: { name: 'web', port: { number: 80 } } } })), needs: need },
    { what: 'by the old annotation', cluster: cluster(...BOTH, NGINX, NGINX_CLASS, ingress(toWeb, { annotations: { 'kubernetes.io/ingress.class': 'nginx' } })), needs: need },
    { what: 'without a class: the only controller that is known', cluster: cluster(...BOTH, NGINX, ingress(toWeb)), needs: need },
    {
      what: 'a controller that says its class in an argument, whatever its labels', needs: ['ingress: Pod edge/mine -> Service shop/web, port 8080'],
      cluster: cluster(...BOTH, pod('edge/mine', { container: { args: ['--controller-class=example.com/mine'] } }), object('networking.k8s.io/v1', 'IngressClass', 'mine', { spec: { controller: 'example.com/mine' } }), ingress({ ingressClassName: 'mine', ...toWeb })),
    },
    { what: 'a controller that is not found is told', cluster: cluster(...BOTH, NGINX_CLASS, ingress({ ingressClassName: 'nginx', ...toWeb })), problems: ['the pods of k8s.io/ingress-nginx were not found'] },
    { what: 'no controller at all is told', cluster: cluster(...BOTH, ingress(toWeb)), problems: ['no ingress controller was found'] },
    {
      what: 'a load balancer outside of the cluster is told', problems: ['traffic of ingress.k8s.aws/alb comes from load balancers of AWS, which no pod stands for'],
      cluster: cluster(...BOTH, object('networking.k8s.io/v1', 'IngressClass', 'alb', { spec: { controller: 'ingress.k8s.aws/alb' } }), ingress({ ingressClassName: 'alb', ...toWeb })),
    },
    { what: 'a backend that is not there is told', cluster: cluster(NGINX, NGINX_CLASS, ingress({ ingressClassName: 'nginx', ...toWeb })), problems: ['Service shop/web does not exist'] },
    { what: 'not a backend that is no Service', cluster: cluster(...BOTH, NGINX, NGINX_CLASS, ingress({ ingressClassName: 'nginx', defaultBackend: { resource: { kind: 'Bucket', name: 'b' } } })) },
  ]);
});

describe('needs: routes of the Gateway API', () => {
  const gateway = object('gateway.networking.k8s.io/v1', 'Gateway', 'edge/main', { spec: { gatewayClassName: 'mesh' } });
  const route = (spec: object, kind = 'HTTPRoute'): string => object('gateway.networking.k8s.io/v1', kind, 'shop/web', { spec: { parentRefs: [{ name: 'main', namespace: 'edge' }], rules: [{ backendRefs: [{ name: 'web', port: 80 }] }], ...spec } });
  const own = pod('edge/main-istio', { labels: { 'gateway.networking.k8s.io/gateway-name': 'main' } });
  const need = ['gateway: Pod edge/main-istio -> Service shop/web, port 8080'];
  table([
    { what: 'from the pods of the Gateway', cluster: cluster(...BOTH, gateway, own, route({})), needs: need },
    { what: 'of every kind of route', cluster: cluster(...BOTH, gateway, own, route({}, 'GRPCRoute')), needs: need },
    { what: 'where requests are mirrored to', cluster: cluster(...BOTH, gateway, own, route({ rules: [{ filters: [{ requestMirror: { backendRef: { name: 'web', port: 9100 } } }] }] })), needs: ['gateway: Pod edge/main-istio -> Service shop/web, port 9100'] },
    { what: 'not a Gateway of that name elsewhere', cluster: cluster(...BOTH, gateway, pod('other/main', { labels: { 'gateway.networking.k8s.io/gateway-name': 'main' } }), route({})), problems: ['the pods of Gateway edge/main were not found: there is no GatewayClass mesh'] },
    { what: 'from the controller of its class where it has no pods', cluster: cluster(...BOTH, gateway, NGINX, object('gateway.networking.k8s.io/v1', 'GatewayClass', 'mesh', { spec: { controllerName: 'k8s.io/ingress-nginx' } }), route({})), needs: ['gateway: Pod edge/nginx -> Service shop/web, port 8080'] },
    { what: 'not a route of a mesh, whose parent is a Service', cluster: cluster(...BOTH, gateway, own, route({ parentRefs: [{ kind: 'Service', name: 'web' }] })) },
    { what: 'a Gateway that is not there is told', cluster: cluster(...BOTH, route({})), problems: ['Gateway edge/main does not exist'] },
  ]);
});

describe('needs: published Services', () => {
  const published = (spec: object): string => service('shop/web', { app: 'web' }, { http: [80, 'http'] }, { spec });
  table([
    { what: 'by a load balancer, from everywhere', cluster: cluster(WEB, published({ type: 'LoadBalancer' })), needs: ['outside: the outside -> Service shop/web, port 8080'] },
    { what: 'from the ranges that it lets through', cluster: cluster(WEB, published({ type: 'LoadBalancer', loadBalancerSourceRanges: ['192.0.2.0/24'] })), needs: ['outside: 192.0.2.0/24 -> Service shop/web, port 8080'] },
    { what: 'by a port of the nodes', cluster: cluster(WEB, published({ type: 'NodePort' })), needs: ['outside: the outside -> Service shop/web, port 8080'] },
    { what: 'not one of the cluster', cluster: cluster(WEB, published({ type: 'ClusterIP' })) },
  ]);
});

describe('needs: metrics', () => {
  const monitor = (spec: object): string => object('monitoring.coreos.com/v1', 'ServiceMonitor', 'mon/web', { spec });
  const podMonitor = (endpoint: object): string => object('monitoring.coreos.com/v1', 'PodMonitor', 'shop/web', { spec: { selector: { matchLabels: { app: 'web' } }, podMetricsEndpoints: [endpoint] } });
  const labelled = service('shop/web', { app: 'web' }, { http: [80, 'http'], metrics: [9100] }, { metadata: { labels: { team: 'a' } } });
  const everywhere = { selector: { matchLabels: { team: 'a' } }, namespaceSelector: { any: true } };
  const need = ['scrape: Pod mon/prometheus -> Service shop/web, port 9100'];
  const annotated = (annotations: Record<string, string>): string => pod('shop/web', { labels: { app: 'web' }, annotations, container: { ports: [{ containerPort: 8080 }, { containerPort: 53, protocol: 'UDP' }] } });
  table([
    { what: 'a ServiceMonitor over all namespaces', cluster: cluster(WEB, labelled, PROMETHEUS, monitor({ ...everywhere, endpoints: [{ port: 'metrics' }] })), needs: need },
    { what: 'over named ones', cluster: cluster(WEB, labelled, PROMETHEUS, monitor({ ...everywhere, namespaceSelector: { matchNames: ['shop'] }, endpoints: [{ port: 'metrics' }] })), needs: need },
    { what: 'not over its own where the Service is elsewhere', cluster: cluster(WEB, labelled, PROMETHEUS, monitor({ selector: everywhere.selector, endpoints: [{ port: 'metrics' }] })) },
    { what: 'not a Service with other labels', cluster: cluster(WEB, labelled, PROMETHEUS, monitor({ ...everywhere, selector: { matchLabels: { team: 'b' } }, endpoints: [{ port: 'metrics' }] })) },
    { what: 'a port of the pods', cluster: cluster(WEB, labelled, PROMETHEUS, monitor({ ...everywhere, endpoints: [{ targetPort: 9100 }] })), needs: need },
    { what: 'a name of a port of the pods', cluster: cluster(WEB, labelled, PROMETHEUS, monitor({ ...everywhere, endpoints: [{ targetPort: 'metrics' }] })), needs: need },
    { what: 'a port that is not there is told', cluster: cluster(WEB, labelled, PROMETHEUS, monitor({ ...everywhere, endpoints: [{ port: 'admin' }] })), problems: ['Service shop/web has no port admin'] },
    { what: 'not that others which it selects do not have the port', cluster: cluster(WEB, labelled, service('db/pg', undefined, { pg: [5432] }), PROMETHEUS, monitor({ selector: {}, namespaceSelector: { any: true }, endpoints: [{ port: 'metrics' }] })), needs: need },
    {
      what: 'that none of them has it', cluster: cluster(WEB, labelled, service('db/pg', undefined, { pg: [5432] }), PROMETHEUS, monitor({ selector: {}, namespaceSelector: { any: true }, endpoints: [{ port: 'admin' }] })),
      problems: ['none of the 2 Services that it selects has the port: Service shop/web has no port admin'],
    },
    { what: 'nor that other pods do not', cluster: cluster(WEB, pod('shop/old', { labels: { app: 'web' } }), PROMETHEUS, podMonitor({ port: 'metrics' })), needs: ['scrape: Pod mon/prometheus -> Pod shop/web, port 9100'] },
    { what: 'no Prometheus is told', cluster: cluster(WEB, labelled, monitor({ ...everywhere, endpoints: [{ port: 'metrics' }] })), problems: ['no Prometheus was found: no pod with app.kubernetes.io/name=prometheus, or another program that is known to scrape'] },
    { what: 'a PodMonitor, by the name of a port', cluster: cluster(WEB, PROMETHEUS, podMonitor({ port: 'metrics' })), needs: ['scrape: Pod mon/prometheus -> Pod shop/web, port 9100'] },
    { what: 'by its number', cluster: cluster(WEB, PROMETHEUS, podMonitor({ portNumber: 9100 })), needs: ['scrape: Pod mon/prometheus -> Pod shop/web, port 9100'] },
    { what: 'an annotated pod, at its port', cluster: cluster(annotated({ 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9102' }), PROMETHEUS), needs: ['scrape: Pod mon/prometheus -> Pod shop/web, port 9102'] },
    { what: 'at every port that it declares where none is said', cluster: cluster(annotated({ 'prometheus.io/scrape': 'true' }), PROMETHEUS), needs: ['scrape: Pod mon/prometheus -> Pod shop/web, port 8080'] },
    { what: 'not where it says false', cluster: cluster(annotated({ 'prometheus.io/scrape': 'false', 'prometheus.io/port': '9102' }), PROMETHEUS) },
    { what: 'an annotated Service', cluster: cluster(WEB, service('shop/web', { app: 'web' }, { http: [80, 'http'] }, { metadata: { annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9100' } } }), PROMETHEUS), needs: need },
    { what: 'Prometheus before other programs that scrape', cluster: cluster(annotated({ 'prometheus.io/scrape': 'true' }), PROMETHEUS, pod('a/alloy', { labels: { 'app.kubernetes.io/name': 'alloy' } })), needs: ['scrape: Pod mon/prometheus -> Pod shop/web, port 8080'] },
    { what: 'another one where there is no Prometheus', cluster: cluster(annotated({ 'prometheus.io/scrape': 'true' }), pod('a/alloy', { labels: { 'app.kubernetes.io/name': 'alloy' } })), needs: ['scrape: Pod a/alloy -> Pod shop/web, port 8080'] },
  ]);
});

describe('needs: Services named in variables and arguments', () => {
  const orders = [pod('shop/orders', { labels: { app: 'orders' } }), service('shop/orders', { app: 'orders' }, { http: [8080] })];
  const db = [pod('data/db-0', { labels: { app: 'db' } }), service('data/db', { app: 'db' }, { pg: [5432] }), service('data/db-nodes', { app: 'db' }, { pg: [5432, 5433] }, { spec: { clusterIP: 'None' } })];
  const client = (container: object, spec: object = {}): string => pod('shop/client', { container, spec });
  const env = (...pairs: readonly (readonly [string, string])[]): string => client({ env: pairs.map(([name, value]) => ({ name, value })) });
  const ofOrders = ['service: Pod shop/client -> Service shop/orders, port 8080'];
  const ofDb = ['service: Pod shop/client -> Service data/db, port 5432'];
  const all = (found: string): Snapshot => cluster(...orders, ...db, found);
  table([
    { what: 'a URL with the whole name', cluster: all(env(['URL', 'http://orders.shop.svc:8080/v1'])), needs: ofOrders },
    { what: 'with the domain of the cluster and a final dot', cluster: all(env(['URL', 'orders.shop.svc.cluster.local.:8080'])), needs: ofOrders },
    { what: 'name and namespace', cluster: all(env(['URL', 'orders.shop:8080'])), needs: ofOrders },
    { what: 'the name alone, in its own namespace', cluster: all(env(['URL', 'orders:8080'])), needs: ofOrders },
    { what: 'not the name alone of another namespace', cluster: all(env(['URL', 'db:5432'])) },
    { what: 'with credentials, whatever is in them', cluster: all(env(['DSN', 'postgres://user:p@ss:w0rd@db.data.svc:5432/x?sslmode=off'])), needs: ofDb },
    { what: 'the port of the scheme', cluster: all(env(['DSN', 'postgresql://db.data/x'])), needs: ofDb },
    { what: 'several schemes', cluster: all(env(['DSN', 'jdbc:postgresql://db.data:5432/x'])), needs: ofDb },
    { what: 'several hosts', cluster: all(env(['PEERS', 'db.data:5432,orders.shop:8080'])), needs: [...ofDb, ...ofOrders] },
    { what: 'a host and its port', cluster: all(env(['DB_HOST', 'db.data'], ['DB_PORT', '5432'])), needs: ofDb },
    { what: 'a host alone: every port of the Service', cluster: all(env(['ORDERS_SERVICE', 'orders'])), needs: ofOrders },
    { what: 'not a word that happens to be a name', cluster: all(env(['TABLE', 'orders'])) },
    { what: 'not a port that the Service does not have', cluster: all(env(['IMAGE', 'orders:9999'])) },
    { what: 'variables in variables', cluster: all(env(['HOST_NAME', 'orders.shop'], ['URL', 'http://$(HOST_NAME):8080'])), needs: ofOrders },
    { what: 'an argument', cluster: all(client({ args: ['--upstream=http://orders:8080'] })), needs: ofOrders },
    { what: 'an argument and its value', cluster: all(client({ args: ['--db-host', 'db.data', '--db-port', '5432'] })), needs: ofDb },
    { what: 'a script', cluster: all(client({ command: ['sh', '-c', 'curl -s "http://orders:8080/ready" && run'] })), needs: ofOrders },
    { what: 'an init container', cluster: all(client({}, { initContainers: [{ name: 'wait', env: [{ name: 'URL', value: 'orders:8080' }] }] })), needs: ofOrders },
    { what: 'a pod behind a headless Service, at the port that is named', cluster: all(env(['SEED', 'db-0.db-nodes.data.svc:5432'])), needs: ['service: Pod shop/client -> Service data/db-nodes, port 5432'] },
    { what: 'not an address', cluster: all(env(['URL', 'http://10.0.0.7:8080'])) },
    { what: 'not a host of the internet', cluster: all(env(['URL', 'https://orders.example.com:8080'])) },
    { what: 'not a value from elsewhere', cluster: all(client({ env: [{ name: 'URL', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] })) },
    { what: 'not a pod on the network of its node', cluster: all(client({ env: [{ name: 'URL', value: 'orders:8080' }] }, { hostNetwork: true })) },
    { what: 'a Service that is not there is told, if it can be nothing else', cluster: all(env(['URL', 'http://gone.shop.svc:80'], ['ALSO', 'gone:80'])), problems: ['Service shop/gone does not exist'] },
    { what: 'a name of another place is told', cluster: cluster(service('shop/ext', undefined, {}, { spec: { type: 'ExternalName', externalName: 'db.example.com' } }), env(['URL', 'ext.shop.svc:80'])), problems: ['Service shop/ext is a name for db.example.com, outside of the cluster'] },
    { what: 'names that objects inherit', cluster: all(env(['constructor', 'constructor:8080'], ['__proto__', 'orders:8080'])), needs: ofOrders },
  ]);
  it('says where, and never the value', () => {
    const { needs: [need] } = needsOf(all(env(['DSN', 'postgres://user:secret@db.data.svc:5432/x'])));
    assert.equal(need === undefined ? '' : becauseText(need.because), 'Pod shop/client, variable DSN of container main');
    const where = (container: object): string => needsOf(all(client(container))).needs[0]?.because.where ?? '';
    assert.equal(where({ command: ['sh', '-c', 'pg_dump -h db.data:5432'] }), 'command -c of container main');
    assert.equal(where({ args: ['--upstream=http://orders:8080'] }), 'argument --upstream of container main');
    assert.equal(where({ args: ['-upstream=http://orders:8080'] }), 'argument -upstream of container main');
    assert.equal(where({ command: ['run', 'http://orders:8080'] }), 'its command of container main');
    assert.equal(where({ args: ['-psecret', 'db.data:5432'] }), 'its arguments of container main');
    assert.doesNotMatch(JSON.stringify(need, (key, value: unknown) => (key === 'object' ? undefined : value)), /secret/);
  });
});

describe('needs: pods of workloads', () => {
  it('are one need, named by the workload', () => {
    const replica = (name: string): string => JSON.stringify({
      apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop', uid: name, labels: { 'pod-template-hash': 'abc', app: 'c' }, ownerReferences: [{ kind: 'ReplicaSet', name: 'client-abc', controller: true }] },
      spec: { dnsPolicy: 'Default', automountServiceAccountToken: false, containers: [{ name: 'main', env: [{ name: 'URL', value: 'web:80' }] }] }, status: { phase: 'Running' },
    });
    assert.deepEqual(needLines(cluster(...BOTH, replica('client-abc-1'), replica('client-abc-2'))), ['service: Deployment shop/client -> Service shop/web, port 8080']);
  });

  it('and a pod that has finished needs nothing', () => {
    assert.deepEqual(needLines(cluster(...BOTH, pod('shop/done', { container: { env: [{ name: 'URL', value: 'web:80' }] }, status: { phase: 'Succeeded' } }))), []);
  });

  it('of a Service whose ports have other numbers in other pods are one need for each', () => {
    const other = pod('shop/web2', { labels: { app: 'web' }, container: { ports: [{ name: 'http', containerPort: 3000 }] } });
    const found = cluster(...BOTH, other, pod('shop/c', { container: { env: [{ name: 'URL', value: 'http://web' }] } }));
    assert.deepEqual(needLines(found), ['service: Pod shop/c -> Service shop/web, port 3000', 'service: Pod shop/c -> Service shop/web, port 8080']);
  });

  it('survive whatever else is written in their place', () => {
    const odd = [null, 7, 'x', [], [null], { a: null }];
    for (const value of odd) {
      const found = cluster(JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'n' }, spec: value }), object('networking.k8s.io/v1', 'Ingress', 'n/i', { spec: value }),
        object('monitoring.coreos.com/v1', 'ServiceMonitor', 'n/m', { spec: { selector: value, namespaceSelector: value, endpoints: value } }), object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'w', { webhooks: value }),
        object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'b', { subjects: value, roleRef: value }), object('gateway.networking.k8s.io/v1', 'HTTPRoute', 'n/r', { spec: value }), pod('n/p', { container: { env: value, args: value, command: value } }));
      assert.deepEqual(needLines(found), []);
    }
  });
});
