/**
 * Coverage of a namespace per direction, over all baselines.
 *
 * Protected means that a default-deny which isolates every pod in this direction is in place. Whether
 * another policy defeats it, and whether the network enforces it, are other questions.
 */
import { DEFAULT_DENY } from '../api/names.ts';
import type { Direction, NetworkPolicySpec } from '../api/network-policy.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import { claimsNames, wantedOf } from './claims.ts';
import { isOurs } from './ownership.ts';
import type { NamespacePlan } from './plan.ts';

export const COVERAGES = ['protected', 'audited', 'unprotected', 'exempt', 'excluded'] as const;
export type Coverage = (typeof COVERAGES)[number];

export function coverageOf(direction: Direction, plan: NamespacePlan, policies: ReadonlyMap<string, PolicyRecord>, isSystem: boolean): Coverage {
  if (isSystem || isExcludedOnly(plan)) return 'excluded';
  if (denies(direction, plan, policies.get(DEFAULT_DENY))) return 'protected';
  const selecting = plan.scopes.filter(({ baseline }) => claimsNames(baseline));
  if (selecting.some(({ scope }) => scope.kind === 'Selected' && scope.exempt.has(direction))) return 'exempt';
  return selecting.some(({ baseline, scope }) => scope.kind === 'Selected' && baseline.modes[direction] === 'Audit') ? 'audited' : 'unprotected';
}

/** Some baseline excludes it by name, and none selects it. */
function isExcludedOnly({ scopes }: NamespacePlan): boolean {
  return scopes.some(({ scope }) => scope.kind === 'Excluded') && !scopes.some(({ scope }) => scope.kind === 'Selected');
}

/** Also by a policy that is left over or retained: it isolates until it is gone. */
function denies(direction: Direction, plan: NamespacePlan, deny: PolicyRecord | undefined): boolean {
  if (deny === undefined) return false;
  if (isOurs(deny)) return deny.spec !== undefined && deniesAll(deny.spec, direction);
  const planned = plan.names.find(({ name }) => name === DEFAULT_DENY);
  if (planned === undefined || (planned.decision.kind !== 'ForeignEqual' && planned.decision.kind !== 'InPlace')) return false;
  return (planned.desired?.spec ?? wantedOf(planned)).spec.policyTypes.includes(direction);
}

function deniesAll({ podSelector, policyTypes, ingress = [], egress = [] }: NetworkPolicySpec, direction: Direction): boolean {
  const rules = direction === 'Ingress' ? ingress : egress;
  return policyTypes.includes(direction) && rules.length === 0 && Object.keys(podSelector).length === 0;
}
