/** Backends of routes of the Gateway API: from the pods of the Gateways that they are attached to. */
import { objectsOf, type KubeObject } from '../snapshot.ts';
import { backendsOf, isMissing, type NoBackend, type ServiceRef } from './backends.ts';
import type { Catalog } from './catalog.ts';
import { controllerPods, gatewayPods } from './controllers.ts';
import { at, itemsOf, numberOf, textOf } from './fields.ts';
import type { Because, Finding, PodParty } from './need.ts';

const ROUTES = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'] as const;

export function gatewayNeeds(catalog: Catalog): Finding[] {
  const gateways = new Map(objectsOf(catalog.snapshot, 'Gateway').map(({ object }) => [`${object.metadata.namespace ?? ''}/${object.metadata.name}`, object]));
  const pods = new Map<string, readonly PodParty[] | NoBackend>();
  const podsFor = (key: string): readonly PodParty[] | NoBackend => {
    const found = pods.get(key) ?? podsOfGateway(catalog, key, gateways.get(key));
    pods.set(key, found);
    return found;
  };
  return ROUTES.flatMap((kind) => objectsOf(catalog.snapshot, kind).flatMap(({ object }) => ofRoute(catalog, object, podsFor)));
}

function podsOfGateway(catalog: Catalog, key: string, gateway: KubeObject | undefined): readonly PodParty[] | NoBackend {
  if (gateway === undefined) return { problem: `Gateway ${key} does not exist` };
  const { namespace = '', name } = gateway.metadata;
  const own = gatewayPods(catalog, { namespace, name });
  if (own.length > 0) return own;
  const className = textOf(at(gateway, 'spec', 'gatewayClassName')) ?? '';
  const gatewayClass = objectsOf(catalog.snapshot, 'GatewayClass').find(({ object }) => object.metadata.name === className);
  const controller = textOf(at(gatewayClass?.object, 'spec', 'controllerName'));
  return controller === undefined ? { problem: `the pods of Gateway ${key} were not found: there is no GatewayClass ${className}` } : controllerPods(catalog, controller);
}

function ofRoute(catalog: Catalog, route: KubeObject, podsFor: (gateway: string) => readonly PodParty[] | NoBackend): Finding[] {
  const { kind, metadata: { namespace = '', name } } = route;
  const because: Because = { kind, namespace, name, where: '' };
  const gateways = new Set(itemsOf(at(route, 'spec', 'parentRefs')).filter((parent) => (at(parent, 'kind') ?? 'Gateway') === 'Gateway')
    .map((parent) => `${textOf(at(parent, 'namespace')) ?? namespace}/${textOf(at(parent, 'name')) ?? ''}`));
  return [...gateways].flatMap((gateway) => {
    const from = podsFor(gateway);
    return serviceRefs(route, namespace).flatMap((service): Finding[] => {
      if (isMissing(from)) return [{ kind: 'gateway', because, problem: from.problem }];
      const backends = backendsOf(catalog, service);
      if (isMissing(backends)) return [{ kind: 'gateway', because, problem: backends.problem }];
      return backends.flatMap(({ to, port, protocol }) => from.map((pods) => ({ kind: 'gateway', from: pods, to, port, protocol, because }) as const));
    });
  });
}

/** Of its rules, and where requests are mirrored to. */
function serviceRefs(route: KubeObject, ownNamespace: string): ServiceRef[] {
  const rules = itemsOf(at(route, 'spec', 'rules'));
  const mirrors = rules.flatMap((rule) => itemsOf(at(rule, 'filters')).flatMap((filter) => at(filter, 'requestMirror', 'backendRef') ?? []));
  return [...rules.flatMap((rule) => itemsOf(at(rule, 'backendRefs'))), ...mirrors].flatMap((ref) => {
    const name = textOf(at(ref, 'name'));
    if (name === undefined || (at(ref, 'kind') ?? 'Service') !== 'Service' || (textOf(at(ref, 'group')) ?? '') !== '') return [];
    return [{ namespace: textOf(at(ref, 'namespace')) ?? ownNamespace, name, port: numberOf(at(ref, 'port')) }];
  });
}
