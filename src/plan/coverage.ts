/**
 * Coverage of a namespace per direction, over all baselines.
 *
 * Protected means that a default-deny which isolates every pod in this direction is in place. Whether
 * another policy defeats it, and whether the network enforces it, are other questions.
 */
import { DEFAULT_DENY } from '../api/names.ts';
import type { Direction } from '../api/network-policy.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import type { NamespacePlan } from './plan.ts';

export const COVERAGES = ['protected', 'audited', 'unprotected', 'exempt', 'excluded'] as const;
export type Coverage = (typeof COVERAGES)[number];

export function coverageOf(direction: Direction, plan: NamespacePlan, policies: ReadonlyMap<string, PolicyRecord>, isSystem: boolean): Coverage {
  if (isSystem || isExcludedOnly(plan)) return 'excluded';
  if (denies(direction, plan, policies)) return 'protected';
  const selected = plan.scopes.filter(({ scope }) => scope.kind === 'Selected');
  if (selected.some(({ scope }) => scope.kind === 'Selected' && scope.exempt.has(direction))) return 'exempt';
  return selected.some(({ baseline }) => baseline.modes[direction] === 'Audit') ? 'audited' : 'unprotected';
}

/** Some baseline excludes it by name, and none selects it. */
function isExcludedOnly({ scopes }: NamespacePlan): boolean {
  return scopes.some(({ scope }) => scope.kind === 'Excluded') && !scopes.some(({ scope }) => scope.kind === 'Selected');
}

function denies(direction: Direction, plan: NamespacePlan, policies: ReadonlyMap<string, PolicyRecord>): boolean {
  const planned = plan.names.find(({ name }) => name === DEFAULT_DENY);
  if (planned?.desired?.spec.spec.policyTypes.includes(direction)
    && (planned.decision.kind === 'InPlace' || planned.decision.kind === 'ForeignEqual')) return true;
  const spec = policies.get(DEFAULT_DENY)?.spec;
  if (spec === undefined || planned === undefined) return false;
  const rules = direction === 'Ingress' ? spec.ingress : spec.egress;
  return spec.policyTypes.includes(direction) && (rules ?? []).length === 0 && Object.keys(spec.podSelector).length === 0;
}
