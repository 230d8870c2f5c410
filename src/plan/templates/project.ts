/**
 * Projects a policy onto the enforced directions.
 *
 * Any policy that selects a pod isolates it in every direction of its policyTypes, so that a template
 * with a direction that is not enforced would isolate it by the back door.
 */
import { DIRECTIONS, type Direction, type NetworkPolicySpec } from '../../api/network-policy.ts';

/** `undefined` when nothing of the policy is left. */
export function project(spec: NetworkPolicySpec, enforced: ReadonlySet<Direction>): NetworkPolicySpec | undefined {
  const policyTypes = DIRECTIONS.filter((direction) => enforced.has(direction) && spec.policyTypes.includes(direction));
  if (policyTypes.length === 0) return undefined;
  return {
    podSelector: spec.podSelector,
    policyTypes,
    ingress: policyTypes.includes('Ingress') ? spec.ingress ?? [] : [],
    egress: policyTypes.includes('Egress') ? spec.egress ?? [] : [],
  };
}
