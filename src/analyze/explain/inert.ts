/** Rules that count for nothing, since policyTypes leaves their direction out: a common reason for "but I allowed it". */
import type { Direction } from '../../api/network-policy.ts';
import { compileNetworkPolicy } from '../../netpol/compile-network-policy.ts';
import { compileSelector } from '../../netpol/compile-selector.ts';
import { askedOf } from '../../netpol/evaluate.ts';
import type { Connection, PolicyRef } from '../../netpol/model.ts';
import type { Cluster } from './cluster.ts';

export function inertFor({ world, policies }: Pick<Cluster, 'world' | 'policies'>, connection: Connection, direction: Direction): PolicyRef[] {
  const asked = askedOf(world, connection, direction);
  if ('verdict' in asked) return [];
  const { pod } = asked.governed;
  return policies.flatMap((policy) => {
    if (policy.kind !== 'NetworkPolicy' || policy.namespace !== pod.namespace) return [];
    const rules = direction === 'Egress' ? policy.spec.egress : policy.spec.ingress;
    const isInert = (rules?.length ?? 0) > 0 && !compileNetworkPolicy(policy.spec, 0).isolates[direction];
    return isInert && compileSelector(policy.spec.podSelector).matches(pod.labels) ? [{ kind: policy.kind, namespace: policy.namespace, name: policy.name }] : [];
  });
}
