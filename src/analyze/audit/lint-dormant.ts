/**
 * Rules that open nothing yet, since their policy selects no pod: the first pod that it selects is open. And findings that
 * are less than they would be for the same reason.
 */
import { compileSelector } from '../../netpol/compile-selector.ts';
import type { Draft } from './finding.ts';
import type { Inventory } from './inventory.ts';
import type { PolicyOfNamespace } from './lint-peers.ts';
import { rulesIn, selectsAll } from './lint-spec.ts';

/** `nobody`: of the pods that are there; `nobody known`: no pod of the namespace is known, and manifests need not have all. */
type Selected = 'somebody' | 'nobody' | 'nobody known';

/** Of a policy for every pod more is said elsewhere. */
export function lintDormant(policy: PolicyOfNamespace, inventory: Inventory): Draft[] {
  const selected = selectedBy(policy, inventory);
  if (selected === 'somebody' || selectsAll(policy.spec.podSelector)) return [];
  const who = selected === 'nobody' ? 'none is there now' : 'none is known here';
  return rulesIn(policy.spec).filter(({ rule }) => rule !== null && rule !== undefined && Object.keys(rule).length === 0).map(({ direction, path }): Draft => ({
    id: 'opens-later', level: 'WARN', path, direction,
    message: `the rule lets ${direction === 'Ingress' ? 'everybody in' : 'everything out'} on every port of each pod that podSelector selects, and ${who}: the first one is allow-all`,
    fix: 'name the peers and ports that are needed, or remove the policy if its pods are gone',
  }));
}

/** What opens nothing is a mistake still, and no reason to fail. */
export function dormant(drafts: readonly Draft[], policy: PolicyOfNamespace, inventory: Inventory): Draft[] {
  if (!drafts.some(isOpening) || selectedBy(policy, inventory) !== 'nobody' || selectsAll(policy.spec.podSelector)) return [...drafts];
  return drafts.map((draft) => (isOpening(draft) ? { ...draft, level: 'WARN', message: `${draft.message}, as soon as the policy selects a pod` } : draft));
}

const isOpening = ({ level, id }: Draft): boolean => level === 'FAIL' && (id === 'empty-from' || id === 'unknown-field');

function selectedBy({ namespace, spec }: PolicyOfNamespace, inventory: Inventory): Selected {
  for (const { terminal, hostNetwork } of inventory.podsOf(namespace).matching(compileSelector(spec.podSelector))) if (!terminal && !hostNetwork) return 'somebody';
  return inventory.podsIn(namespace).length > 0 || inventory.knowsPods ? 'nobody' : 'nobody known';
}
