/** Ports of metrics: from the pods of Prometheus to what ServiceMonitors, PodMonitors and scrape annotations name. */
import { compileSelector } from '../../netpol/compile-selector.ts';
import type { Protocol } from '../../netpol/model.ts';
import type { StoredSelector } from '../../netpol/stored.ts';
import { objectsOf, type KubeObject } from '../snapshot.ts';
import { annotationsOf, backendsOf, isMissing, namedBackends, podsBehind, type Backend, type NoBackend } from './backends.ts';
import type { Catalog, Service, Workload } from './catalog.ts';
import { scraperPods } from './controllers.ts';
import { at, itemsOf, numberOf, portNumberOf, textOf, textsOf } from './fields.ts';
import type { Because, Finding, PodParty } from './need.ts';

export function scrapeNeeds(catalog: Catalog): Finding[] {
  const scrapers = scraperPods(catalog);
  return [...targets(catalog)].flatMap(({ because, found }): Finding[] => {
    if (isMissing(found)) return [{ kind: 'scrape', because, problem: found.problem }];
    if (isMissing(scrapers)) return [{ kind: 'scrape', because, problem: scrapers.problem }];
    return found.flatMap(({ to, port, protocol }) => scrapers.map((from) => ({ kind: 'scrape', from, to, port, protocol, because }) as const));
  });
}

interface Target { readonly because: Because; readonly found: readonly Backend[] | NoBackend }

function* targets(catalog: Catalog): Iterable<Target> {
  const { snapshot, services, workloads } = catalog;
  const servicesIn = Map.groupBy(services, ({ namespace }) => namespace);
  const workloadsIn = Map.groupBy(workloads, ({ namespace }) => namespace);
  for (const { object } of objectsOf(snapshot, 'ServiceMonitor')) {
    const chosen = chosenBy(object, servicesIn, ({ object: { metadata } }) => textsOf(metadata.labels));
    for (const endpoint of itemsOf(at(object, 'spec', 'endpoints'))) yield* withPort(chosen.map((service) => ofServiceMonitor(catalog, object, { service, endpoint })), object);
  }
  for (const { object } of objectsOf(snapshot, 'PodMonitor')) {
    const chosen = chosenBy(object, workloadsIn, ({ party: { pods: [first] } }) => first?.labels ?? new Map());
    for (const endpoint of itemsOf(at(object, 'spec', 'podMetricsEndpoints'))) yield* withPort(chosen.map(({ party }) => ofPodMonitor(object, party, endpoint)), object);
  }
  for (const service of services) if (asksFor(annotationsOf(service))) yield ofAnnotatedService(catalog, service);
  for (const workload of workloads) if (asksFor(workload.annotations)) yield ofAnnotatedPods(workload);
}

/** Who is chosen by labels and does not have the port is not scraped, and nobody misses that; only where none has it. */
function withPort(found: readonly Target[], { kind, metadata: { namespace, name } }: KubeObject): readonly Target[] {
  const [first, ...others] = found;
  const having = found.filter(({ found: each }) => !isMissing(each) || each.portless === undefined);
  if (first === undefined || having.length > 0 || others.length === 0) return having.length > 0 ? having : found;
  const what = kind === 'ServiceMonitor' ? 'Services' : 'workloads';
  const example = isMissing(first.found) ? first.found.problem : '';
  return [{ because: { kind, namespace, name, where: '' }, found: { problem: `none of the ${found.length} ${what} that it selects has the port: ${example}` } }];
}

/** By the selector of a monitor, in the namespaces that it names: its own unless it says otherwise. */
function chosenBy<T>(monitor: KubeObject, byNamespace: ReadonlyMap<string, readonly T[]>, labelsOf: (candidate: T) => ReadonlyMap<string, string>): T[] {
  const where = at(monitor, 'spec', 'namespaceSelector');
  const names = itemsOf(at(where, 'matchNames')).flatMap((name) => textOf(name) ?? []);
  const namespaces = at(where, 'any') === true ? [...byNamespace.keys()] : names.length > 0 ? names : [monitor.metadata.namespace ?? ''];
  const { matches } = compileSelector(selectorIn(at(monitor, 'spec', 'selector')));
  return namespaces.flatMap((namespace) => (byNamespace.get(namespace) ?? []).filter((candidate) => matches(labelsOf(candidate))));
}

function selectorIn(value: unknown): StoredSelector {
  return { matchLabels: Object.fromEntries(textsOf(at(value, 'matchLabels'))), matchExpressions: itemsOf(at(value, 'matchExpressions')) as StoredSelector['matchExpressions'] };
}

function ofServiceMonitor(catalog: Catalog, monitor: KubeObject, { service, endpoint }: { readonly service: Service; readonly endpoint: unknown }): Target {
  const { kind, metadata: { namespace, name } } = monitor;
  const because: Because = { kind, namespace, name, where: `Service ${service.namespace}/${service.name}` };
  const port = textOf(at(endpoint, 'port'));
  if (port !== undefined) return { because, found: backendsOf(catalog, { ...service, port }) };
  const party = podsBehind(catalog, service);
  const found = party === undefined ? backendsOf(catalog, service) : portsOf(party, at(endpoint, 'targetPort'));
  return { because, found };
}

function ofPodMonitor({ kind, metadata: { namespace, name } }: KubeObject, party: PodParty, endpoint: unknown): Target {
  const because: Because = { kind, namespace, name, where: party.name };
  return { because, found: portsOf(party, numberOf(at(endpoint, 'portNumber')) ?? textOf(at(endpoint, 'port')) ?? at(endpoint, 'targetPort')) };
}

/** By number or by name; what pods do not have is not scraped. */
function portsOf(party: PodParty, port: unknown): readonly Backend[] | NoBackend {
  const number = numberOf(port);
  if (number !== undefined) return [{ to: party, port: number, protocol: 'TCP' }];
  const found = namedBackends(party, textOf(port) ?? '');
  return found.length > 0 ? found : { problem: `${party.name} has no port called ${textOf(port) ?? '(none)'}`, portless: true };
}

const SCRAPE = 'prometheus.io/scrape';
const SCRAPE_PORT = 'prometheus.io/port';

function asksFor(annotations: ReadonlyMap<string, string>): boolean {
  return annotations.get(SCRAPE) === 'true';
}

/** The port of the annotation replaces that of the endpoints. */
function ofAnnotatedService(catalog: Catalog, service: Service): Target {
  const { namespace, name, object: { kind } } = service;
  const because: Because = { kind, namespace, name, where: `annotation ${SCRAPE}` };
  const port = portNumberOf(annotationsOf(service).get(SCRAPE_PORT));
  const party = podsBehind(catalog, service);
  return { because, found: port === undefined || party === undefined ? backendsOf(catalog, service) : [{ to: party, port, protocol: 'TCP' }] };
}

/** Without a port in an annotation, every port that the containers declare is tried, as Prometheus does it. */
function ofAnnotatedPods({ kind, namespace, name, party, annotations }: Workload): Target {
  const because: Because = { kind, namespace, name, where: `annotation ${SCRAPE}` };
  const annotated = portNumberOf(annotations.get(SCRAPE_PORT));
  const declared = [...new Set(party.pods.flatMap(({ ports }) => ports.filter(({ protocol }) => protocol === 'TCP').map(({ containerPort }) => containerPort)))];
  const protocol: Protocol = 'TCP';
  const found = (annotated === undefined ? declared : [annotated]).map((port) => ({ to: party, port, protocol }));
  return { because, found: found.length > 0 ? found : { problem: `${party.name} declares no port` } };
}
