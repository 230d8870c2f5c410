/** Backends of Ingresses: from the pods of the ingress controller of their class. */
import { objectsOf, type KubeObject } from '../snapshot.ts';
import { backendsOf, isMissing, type NoBackend } from './backends.ts';
import type { Catalog } from './catalog.ts';
import { anyIngressController, controllerPods } from './controllers.ts';
import { at, itemsOf, numberOf, textOf, textsOf } from './fields.ts';
import type { Because, Finding, PodParty } from './need.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const DEFAULT_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';

export function ingressNeeds(catalog: Catalog): Finding[] {
  const ingresses = objectsOf(catalog.snapshot, 'Ingress').map(({ object }) => object);
  const controllers = remembered((className: string) => controllerOf(catalog, className));
  return ingresses.flatMap((ingress) => ofIngress(catalog, ingress, controllers(classOf(ingress) ?? '')));
}

type Found = readonly PodParty[] | NoBackend;

/** Many Ingresses have one class. */
function remembered<T>(ask: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    const found = known.get(name) ?? ask(name);
    known.set(name, found);
    return found;
  };
}

function classOf({ spec, metadata }: KubeObject): string | undefined {
  return textOf(at(spec, 'ingressClassName')) ?? textsOf(metadata.annotations).get(CLASS_ANNOTATION);
}

/** No name is the default class, where there is one; a name without an IngressClass is what controllers used to be called by. */
function controllerOf(catalog: Catalog, className: string): Found {
  const classes = objectsOf(catalog.snapshot, 'IngressClass').map(({ object }) => object);
  const found = classes.find(({ metadata }) => (className === '' ? textsOf(metadata.annotations).get(DEFAULT_ANNOTATION) === 'true' : metadata.name === className));
  const controller = textOf(at(found, 'spec', 'controller'));
  if (controller !== undefined) return controllerPods(catalog, controller);
  return anyIngressController(catalog);
}

function ofIngress(catalog: Catalog, ingress: KubeObject, controllers: Found): Finding[] {
  const { kind, metadata: { namespace = '', name } } = ingress;
  return backendRefs(ingress).flatMap(({ service, where }): Finding[] => {
    const because: Because = { kind, namespace, name, where };
    if (isMissing(controllers)) return [{ kind: 'ingress', because, problem: controllers.problem }];
    const backends = backendsOf(catalog, { namespace, ...service });
    if (isMissing(backends)) return [{ kind: 'ingress', because, problem: backends.problem }];
    return backends.flatMap(({ to, port, protocol }) => controllers.map((from) => ({ kind: 'ingress', from, to, port, protocol, because }) as const));
  });
}

interface BackendRef { readonly service: { readonly name: string; readonly port: number | string | undefined }; readonly where: string }

function backendRefs({ spec }: KubeObject): BackendRef[] {
  const ofRules = itemsOf(at(spec, 'rules')).flatMap((rule) => itemsOf(at(rule, 'http', 'paths'))
    .flatMap((path) => backendRef(at(path, 'backend'), `${textOf(at(rule, 'host')) ?? '*'}${textOf(at(path, 'path')) ?? '/'}`)));
  return [...ofRules, ...backendRef(at(spec, 'defaultBackend'), 'spec.defaultBackend')];
}

function backendRef(backend: unknown, where: string): BackendRef[] {
  const service = at(backend, 'service');
  const name = textOf(at(service, 'name'));
  return name === undefined ? [] : [{ service: { name, port: numberOf(at(service, 'port', 'number')) ?? textOf(at(service, 'port', 'name')) }, where }];
}
