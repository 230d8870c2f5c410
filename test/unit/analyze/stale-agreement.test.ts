/** The audit and the metric of the operator mean the same by a policy that selects nothing, and by a peer that matches nothing. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { takeInventory } from '../../../src/analyze/audit/inventory.ts';
import { createSelectorLint } from '../../../src/analyze/audit/lint-selectors.ts';
import type { NetworkPolicy } from '../../../src/netpol/model.ts';
import { staleIn } from '../../../src/netpol/stale.ts';
import { aNamespaceOf } from '../../support/netpol.ts';
import { someWorld } from '../../support/random-netpol.ts';

/** Without it an audit knows that it does not see the whole cluster. */
const KUBE_SYSTEM = aNamespaceOf('kube-system');

describe('stale policies: audit and operator', () => {
  it('agree on any cluster', () => {
    const seen = new Set<string>();
    fc.assert(fc.property(someWorld(), fc.nat(), ({ policies, namespaces, pods: some }, at) => {
      const all = [...namespaces, KUBE_SYSTEM];
      const empty = all[at % all.length]?.name; // where there is no pod, nobody can say what a selector is for
      const pods = some.filter(({ namespace }) => namespace !== empty);
      const own = policies.filter((policy): policy is NetworkPolicy => policy.kind === 'NetworkPolicy');
      const lint = createSelectorLint(takeInventory(all, pods, true));
      const audited = own.flatMap(({ namespace, name, spec }) => lint.lint(namespace, spec).map(({ path }) => [namespace, name, ...said(path)].join(' ')));
      const counted = staleIn(own, all, pods).map((stale) => [stale.policy.namespace, stale.policy.name, ...(stale.kind === 'selects nothing' ? [] : [stale.direction, stale.rule, stale.peer, stale.why])].join(' '));
      assert.deepEqual(counted.sort(), audited.sort());
      for (const each of counted) seen.add(each.split(' ').at(-1) ?? '');
    }), { numRuns: 200 });
    assert.ok(seen.has('pod') && seen.has('namespace'), [...seen].join());
  });
});

/** `spec.ingress.0.from.1.podSelector` as `Ingress 0 1 no pod`; nothing for what the policy itself selects. */
function said([, list, rule, , peer, field]: readonly (string | number)[]): unknown[] {
  if (list === 'podSelector') return [];
  return [list === 'ingress' ? 'Ingress' : 'Egress', rule, peer, field === 'podSelector' ? 'no pod' : 'no namespace'];
}
