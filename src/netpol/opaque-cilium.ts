/**
 * Which pods a CiliumNetworkPolicy or its clusterwide kind may be about.
 *
 * Its selectors see pods through Cilium's labels: with a source in front, the namespace among them, and without those
 * that an administrator has taken out. So a label that must be absent may be there on the pod, and says nothing here.
 */
import type { Direction } from '../api/network-policy.ts';
import { NAMESPACE_NAME_LABEL, type OpaqueScope } from './model.ts';
import { isObject, isThere, listIn, requirementsIn, scopeOf, type Requirement } from './opaque-selectors.ts';

const NAMESPACE = 'io.kubernetes.pod.namespace';
const NAMESPACE_LABEL = 'io.cilium.k8s.namespace.labels.';
/** Of pods as Kubernetes knows them; labels of other sources are no pod's, or nothing that we see. */
const SOURCES = new Set(['k8s', 'any']);

const SECTIONS: Readonly<Record<Direction, readonly string[]>> = { Ingress: ['ingress', 'ingressDeny'], Egress: ['egress', 'egressDeny'] };

/** `undefined`: every pod. `isNamespaced`: the policy's own namespace counts, whatever its selector says of one. */
export function ciliumScopes({ spec, specs }: { readonly spec?: unknown; readonly specs?: unknown }, isNamespaced: boolean): OpaqueScope[] | undefined {
  const rules = [...(isThere(spec) ? [spec] : []), ...(listIn(specs) ?? [])];
  return rules.length === 0 ? undefined : rules.flatMap((rule) => ruleScopes(rule, isNamespaced));
}

function ruleScopes(rule: unknown, isNamespaced: boolean): OpaqueScope[] {
  if (!isObject(rule)) return [{}];
  if (isThere(rule['nodeSelector']) && !isThere(rule['endpointSelector'])) return []; // of hosts
  const directions = (['Ingress', 'Egress'] as const).filter((direction) => actsOn(direction, rule));
  if (directions.length === 0) return [];
  const requirements = requirementsIn(rule['endpointSelector']).flatMap((requirement) => placed(requirement, isNamespaced));
  const of = (place: Placed['place']): Requirement[] => requirements.filter((found) => found.place === place).map((found) => found.requirement);
  return [scopeOf(of('namespace'), of('pod'), directions)];
}

/** A section that is there counts even if it is empty: what that means has changed over time. */
function actsOn(direction: Direction, rule: Readonly<Record<string, unknown>>): boolean {
  const deny = isObject(rule['enableDefaultDeny']) ? rule['enableDefaultDeny'][direction.toLowerCase()] : undefined;
  return SECTIONS[direction].some((section) => isThere(rule[section])) || deny === true;
}

interface Placed { readonly place: 'namespace' | 'pod'; readonly requirement: Requirement }

/** Nothing for what may hold for every pod. */
function placed({ key: written, ...rest }: Requirement, isNamespaced: boolean): Placed[] {
  const [source, key] = written.includes(':') ? [written.slice(0, written.indexOf(':')), written.slice(written.indexOf(':') + 1)] : ['any', written];
  if (!SOURCES.has(source)) return [];
  if (key === NAMESPACE) return isNamespaced ? [] : [{ place: 'namespace', requirement: { key: NAMESPACE_NAME_LABEL, ...rest } }];
  if (rest.operator === 'NotIn' || rest.operator === 'DoesNotExist') return [];
  if (key.startsWith(NAMESPACE_LABEL)) return [{ place: 'namespace', requirement: { key: key.slice(NAMESPACE_LABEL.length), ...rest } }];
  return /^io\.(cilium|kubernetes)\./.test(key) ? [] : [{ place: 'pod', requirement: { key, ...rest } }];
}
