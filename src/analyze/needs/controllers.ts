/**
 * Pods that carry the traffic of Ingresses and Gateways, and those that scrape metrics. No object says which they are,
 * so they are found by what their arguments and labels say; where they are not found, nothing is guessed.
 */
import { matcherOf } from '../../api/selector.ts';
import type { NoBackend } from './backends.ts';
import type { Catalog, Workload } from './catalog.ts';
import { at, itemsOf, textOf } from './fields.ts';
import type { PodParty } from './need.ts';

type Labels = Readonly<Record<string, string>>;

/** Labels that charts and operators give the pods of a controller; any of them will do. */
const KNOWN: readonly { readonly controller: RegExp; readonly labels: readonly Labels[] }[] = [
  { controller: /^k8s\.io\/ingress-nginx/, labels: [{ 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' }] },
  { controller: /^nginx\.org\/ingress-controller/, labels: [{ 'app.kubernetes.io/name': 'nginx-ingress' }, { app: 'nginx-ingress' }] },
  { controller: /^traefik\.io\//, labels: [{ 'app.kubernetes.io/name': 'traefik' }, { app: 'traefik' }] },
  { controller: /^haproxy\.org\//, labels: [{ 'app.kubernetes.io/name': 'kubernetes-ingress' }] },
  { controller: /^haproxy-ingress\.github\.io\//, labels: [{ 'app.kubernetes.io/name': 'haproxy-ingress' }] },
  { controller: /^projectcontour\.io\//, labels: [{ app: 'envoy' }, { 'app.kubernetes.io/component': 'envoy', 'app.kubernetes.io/name': 'contour' }] },
  { controller: /^(ingress-controllers\.konghq\.com|konghq\.com)\//, labels: [{ app: 'ingress-kong' }, { 'app.kubernetes.io/name': 'kong' }, { 'app.kubernetes.io/name': 'gateway' }] },
  { controller: /^istio\.io\//, labels: [{ istio: 'ingressgateway' }, { istio: 'ingress' }] },
  { controller: /^(getambassador\.io|emissary-ingress)/, labels: [{ 'app.kubernetes.io/name': 'emissary-ingress' }] },
  { controller: /^apisix\.apache\.org\//, labels: [{ 'app.kubernetes.io/name': 'apisix' }] },
];

/** Controllers that send traffic from outside of the cluster, or as their nodes. */
const NO_PODS: readonly { readonly controller: RegExp; readonly where: string }[] = [
  { controller: /^ingress\.k8s\.aws\/alb|^gateway\.k8s\.aws\//, where: 'load balancers of AWS' },
  { controller: /^(k8s\.io\/ingress-gce|networking\.gke\.io\/)/, where: 'load balancers of Google Cloud' },
  { controller: /^azure\/application-gateway|^alb\.networking\.azure\.io\//, where: 'load balancers of Azure' },
  { controller: /^(cilium\.io\/ingress-controller|io\.cilium\/gateway-controller)/, where: 'the Envoy of Cilium on each node' },
];

/** The pods of a controller, by what an IngressClass or a GatewayClass calls it. */
export function controllerPods(catalog: Catalog, controller: string): readonly PodParty[] | NoBackend {
  const outside = NO_PODS.find((known) => known.controller.test(controller));
  if (outside !== undefined) return { problem: `traffic of ${controller} comes from ${outside.where}, which no pod stands for` };
  const named = catalog.workloads.filter(({ spec }) => wordsOf(spec).some((word) => word.endsWith(controller) && /(^|[=\s])$/.test(word.slice(0, -controller.length))));
  if (named.length > 0) return parties(named);
  const labels = KNOWN.find((known) => known.controller.test(controller))?.labels ?? [{ 'app.kubernetes.io/name': controller.split('/').at(-1) ?? controller }];
  const found = labelled(catalog, labels);
  return found.length > 0 ? found : { problem: `the pods of ${controller} were not found` };
}

/** Of all controllers that are known, for objects that name none. */
export function anyIngressController(catalog: Catalog): readonly PodParty[] | NoBackend {
  const found = KNOWN.map(({ labels }) => labelled(catalog, labels)).filter((pods) => pods.length > 0);
  const [only, ...others] = found;
  if (only === undefined) return { problem: 'no ingress controller was found' };
  return others.length === 0 ? only : { problem: 'there are several ingress controllers, and this Ingress names no class' };
}

/** Labels on the pods of a Gateway that has some of its own, with its name; they run beside it, or say where it is. */
const GATEWAY_LABELS = ['gateway.networking.k8s.io/gateway-name', 'gateway.envoyproxy.io/owning-gateway-name', 'projectcontour.io/owning-gateway-name'] as const;
const GATEWAY_NAMESPACE_LABEL = 'gateway.envoyproxy.io/owning-gateway-namespace';

/** Empty where it has none: its controller's pods then carry the traffic. */
export function gatewayPods(catalog: Catalog, { namespace, name }: { readonly namespace: string; readonly name: string }): readonly PodParty[] {
  return labelled(catalog, GATEWAY_LABELS.map((label) => ({ [label]: name })))
    .filter(({ pods: [first], namespace: place }) => (first?.labels.get(GATEWAY_NAMESPACE_LABEL) ?? place) === namespace);
}

/** Programs that scrape, the best known first: where there is one of these, others read something else. */
const SCRAPERS: readonly (readonly Labels[])[] = [
  [{ 'app.kubernetes.io/name': 'prometheus' }, { 'app.kubernetes.io/name': 'prometheus-agent' }, { app: 'prometheus' }, { app: 'prometheus', component: 'server' }],
  [{ 'app.kubernetes.io/name': 'vmagent' }, { 'app.kubernetes.io/name': 'victoria-metrics-agent' }, { 'app.kubernetes.io/name': 'vmsingle' }],
  [{ 'app.kubernetes.io/name': 'alloy' }, { 'app.kubernetes.io/name': 'grafana-agent' }],
  [{ 'app.kubernetes.io/name': 'opentelemetry-collector' }],
];

export function scraperPods(catalog: Catalog): readonly PodParty[] | NoBackend {
  const found = SCRAPERS.map((labels) => labelled(catalog, labels)).find((pods) => pods.length > 0);
  return found ?? { problem: 'no Prometheus was found: no pod with app.kubernetes.io/name=prometheus, or another program that is known to scrape' };
}

function labelled(catalog: Catalog, any: readonly Labels[]): PodParty[] {
  const matchers = any.map((matchLabels) => matcherOf({ matchLabels }));
  return parties(catalog.workloads.filter(({ party: { pods: [first] } }) => first !== undefined && matchers.some((matches) => matches(first.labels))));
}

function parties(workloads: readonly Workload[]): PodParty[] {
  return workloads.map(({ party }) => party);
}

function wordsOf(spec: Workload['spec']): string[] {
  return itemsOf(at(spec, 'containers')).flatMap((container) => [...itemsOf(at(container, 'command')), ...itemsOf(at(container, 'args'))].flatMap((word) => textOf(word) ?? []));
}
