/**
 * What is known of the scope of policies that are not evaluated: which pods each may be about, and in which direction.
 *
 * Never narrower than the truth: what is not understood concerns everything. So a pod that no scope reaches is certain.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { OpaqueKindName } from '../kube/kinds.ts';
import type { OpaquePolicy, OpaqueScope } from './model.ts';
import { calicoScopes, isProjected } from './opaque-calico.ts';
import { ciliumScopes } from './opaque-cilium.ts';
import { inNamespace, isObject, isThere, listIn, requirementsIn, scopeOf } from './opaque-selectors.ts';

/** As it stands on the wire or in a manifest; nothing of it is trusted. */
export interface OpaqueObject {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
  readonly spec?: unknown;
  /** CiliumNetworkPolicy and its clusterwide kind may have several. */
  readonly specs?: unknown;
}

/** `undefined`: every pod that the policy can be about by where it stands. */
type ScopesOf = (object: OpaqueObject) => OpaqueScope[] | undefined;

const SCOPES_OF: Readonly<Record<OpaqueKindName, ScopesOf>> = {
  CiliumNetworkPolicy: (object) => ciliumScopes(object, true),
  CiliumClusterwideNetworkPolicy: (object) => ciliumScopes(object, false),
  CalicoNetworkPolicy: ({ spec }) => calicoScopes(spec),
  CalicoGlobalNetworkPolicy: ({ spec }) => calicoScopes(spec),
  CalicoNetworkPolicyV3: ({ metadata, spec }) => (isProjected(metadata.name) ? [] : calicoScopes(spec)),
  CalicoGlobalNetworkPolicyV3: ({ metadata, spec }) => (isProjected(metadata.name) ? [] : calicoScopes(spec)),
  AntreaNetworkPolicy: ({ spec }) => antreaScopes(spec),
  AntreaClusterNetworkPolicy: ({ spec }) => antreaScopes(spec),
  AwsClusterNetworkPolicy: ({ spec }) => awsScopes(spec),
  AwsApplicationNetworkPolicy: ({ spec }) => applicationScopes(spec),
  OvnEgressFirewall: () => [{ directions: ['Egress'] }],
};

/** Always one, with no scopes where it concerns no pod: so an update replaces what was known under the same key. */
export function opaquePolicyOf(kind: OpaqueKindName, object: OpaqueObject): OpaquePolicy {
  const { name, namespace } = object.metadata;
  return { kind: 'Opaque', apiKind: kind, namespace, name, scopes: SCOPES_OF[kind](object) };
}

const SECTIONS: Readonly<Record<Direction, string>> = { Ingress: 'ingress', Egress: 'egress' };

/** Directions that have rules; such policies isolate nothing by themselves. */
function directionsIn(spec: Readonly<Record<string, unknown>>): Direction[] {
  return (['Ingress', 'Egress'] as const).filter((direction) => isThere(spec[SECTIONS[direction]]));
}

/** What `appliedTo` says stands in the spec, or else in each rule. */
function antreaScopes(spec: unknown): OpaqueScope[] | undefined {
  if (!isObject(spec)) return undefined;
  return directionsIn(spec).flatMap((direction) => {
    const rules = listIn(spec[SECTIONS[direction]]);
    if (rules === undefined) return [{ directions: [direction] }];
    const common = listIn(spec['appliedTo']) ?? [];
    const lists = common.length > 0 ? [common] : rules.map((rule) => (isObject(rule) ? listIn(rule['appliedTo']) : undefined) ?? [undefined]);
    return lists.flat().flatMap((target) => appliedScopes(target, direction));
  });
}

/** Groups, and what a Service is reached by, may be any pod. */
function appliedScopes(target: unknown, direction: Direction): OpaqueScope[] {
  const everything = [{ directions: [direction] }];
  if (!isObject(target)) return everything;
  const { podSelector, namespaceSelector, serviceAccount, ...others } = target;
  const more = Object.keys(others).filter((key) => isThere(others[key]));
  if (isObject(serviceAccount) && typeof serviceAccount['namespace'] === 'string') return [scopeOf([inNamespace(serviceAccount['namespace'])], [], [direction])];
  if (isThere(podSelector) || isThere(namespaceSelector)) return [scopeOf(requirementsIn(namespaceSelector), requirementsIn(podSelector), [direction])];
  return more.length === 1 && (more[0] === 'nodeSelector' || more[0] === 'externalEntitySelector') && !isThere(serviceAccount) ? [] : everything;
}

function awsScopes(spec: unknown): OpaqueScope[] | undefined {
  if (!isObject(spec)) return undefined;
  const directions = directionsIn(spec);
  if (directions.length === 0) return [];
  const subject = isObject(spec['subject']) ? spec['subject'] : {};
  if (isThere(subject['namespaces'])) return [scopeOf(requirementsIn(subject['namespaces']), [], directions)];
  const pods = isObject(subject['pods']) ? subject['pods'] : {};
  return [scopeOf(requirementsIn(pods['namespaceSelector']), requirementsIn(pods['podSelector']), directions)];
}

/** As NetworkPolicy has it: who is selected is isolated in the directions named, with rules or without. None named: it may be both. */
function applicationScopes(spec: unknown): OpaqueScope[] | undefined {
  if (!isObject(spec)) return undefined;
  const named = listIn(spec['policyTypes']) ?? [];
  const directions = DIRECTIONS.filter((direction) => named.length === 0 || named.includes(direction));
  return [scopeOf([], requirementsIn(spec['podSelector']), directions)];
}
