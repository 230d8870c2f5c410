/**
 * Which pods a policy of Calico may be about. Its selectors see the labels of the pod, and some that Calico makes up:
 * the namespace's name is understood, the rest of these says nothing here.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { alternativesIn } from './calico-expression.ts';
import { NAMESPACE_NAME_LABEL, type OpaqueScope } from './model.ts';
import { isObject, listIn, scopeOf, type Requirement } from './opaque-selectors.ts';

/** Calico lists policies of Kubernetes under these names, too; those are evaluated as what they are. */
const PROJECTED = ['knp.default.', 'kanp.adminnetworkpolicy.', 'kbanp.baselineadminnetworkpolicy.', 'kcnp.kube-admin.', 'kcnp.kube-baseline.'];

/** Only the aggregated API has them, and refuses such names from anybody else. */
export function isProjected(name: string): boolean {
  return PROJECTED.some((prefix) => name.startsWith(prefix));
}

/** `undefined`: every pod. */
export function calicoScopes(spec: unknown): OpaqueScope[] | undefined {
  if (!isObject(spec)) return undefined;
  const directions = directionsIn(spec['types']);
  const ofNamespaces = alternativesIn(spec['namespaceSelector']);
  return alternativesIn(spec['selector']).flatMap((ofPod) => ofNamespaces.map((ofNamespace) => scopeOf(
    [...named(ofNamespace, 'projectcalico.org/name'), ...plain(ofNamespace), ...named(ofPod, 'projectcalico.org/namespace')],
    plain(ofPod),
    directions,
  )));
}

/** Those about the namespace's name, which the API server vouches for under a key of its own. */
function named(requirements: readonly Requirement[], nameKey: string): Requirement[] {
  return requirements.filter(({ key }) => key === nameKey).map((requirement) => ({ ...requirement, key: NAMESPACE_NAME_LABEL }));
}

/** Without labels that Calico makes up: of the endpoint, of its namespace and of its service account. */
function plain(requirements: readonly Requirement[]): Requirement[] {
  return requirements.filter(({ key }) => !/^(projectcalico\.org\/|pcns\.|pcsa\.)/.test(key));
}

/** Without types: both, as Calico's agent has it. */
function directionsIn(types: unknown): readonly Direction[] {
  const listed = (listIn(types) ?? []).map((type) => DIRECTIONS.find((direction) => typeof type === 'string' && direction.toLowerCase() === type.toLowerCase()));
  return listed.length === 0 || listed.includes(undefined) ? DIRECTIONS : DIRECTIONS.filter((direction) => listed.includes(direction));
}
