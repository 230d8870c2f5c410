/** Who holds policies of a baseline, counted change by change: the same as counted anew. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createHolders } from '../../../src/control/holders.ts';
import type { NamespaceRecord, PolicyRecord } from '../../../src/kube/objects.ts';
import { heldFor } from '../../../src/plan/isolation.ts';
import { createStore } from '../../../src/watch/store.ts';
import { aDeny, aGenerated, aNamespace, aPolicy } from '../../support/build.ts';
import { defaultDeny } from '../../../src/plan/templates/default-deny.ts';

const NAMESPACES = ['n1', 'n2', 'constructor'] as const;
const BASELINES = ['a', 'b', 'constructor'] as const;

describe('holders', () => {
  it('are what a count of all policies says, after any changes and from any start', () => {
    const policy = fc.record({
      kind: fc.constantFrom('deny', 'union', 'allow', 'foreign'), baseline: fc.constantFrom(...BASELINES), other: fc.constantFrom(...BASELINES), namespace: fc.constantFrom(...NAMESPACES),
    });
    const step = fc.oneof(
      policy.map((fields) => ({ do: 'put' as const, ...fields })),
      fc.record({ do: fc.constant('drop' as const), namespace: fc.constantFrom(...NAMESPACES), name: fc.constantFrom('default-deny', 'allow-x') }),
      fc.record({ do: fc.constant('namespace' as const), name: fc.constantFrom(...NAMESPACES), state: fc.constantFrom('live', 'terminating', 'gone') }),
      fc.constant({ do: 'begin' as const }),
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const namespaces = createStore<NamespaceRecord>();
      const policies = createStore<PolicyRecord>(({ namespace }) => namespace);
      let version = 1;
      const begin = () => createHolders({ policies: policies.all(), isLive: (name) => namespaces.get(name)?.terminating === false });
      let holders = begin();
      namespaces.listen((change) => holders.namespaceChanged(change));
      policies.listen((change) => holders.policyChanged(change));
      const newer = <R extends object>(record: R): R => ({ ...record, resourceVersion: String(version += 1) });
      for (const one of steps) {
        if (one.do === 'begin') holders = begin();
        else if (one.do === 'put') policies.apply(newer(policyOf(one)), false);
        else if (one.do === 'drop') {
          const known = policies.get(one.name, one.namespace);
          if (known !== undefined) policies.remove(newer(known));
        } else if (one.state === 'gone') {
          const known = namespaces.get(one.name);
          if (known !== undefined) namespaces.remove(newer(known));
        } else namespaces.apply(newer(aNamespace(one.name, { terminating: one.state === 'terminating' })), false);
        for (const baseline of BASELINES) {
          const counted = [...policies.all()].filter((each) => heldFor(each).has(baseline) && namespaces.get(each.namespace)?.terminating === false);
          assert.deepEqual([...holders.of(baseline)].sort(), [...new Set(counted.map(({ namespace }) => namespace))].sort());
        }
      }
    }), { numRuns: 200 });
  });
});

function policyOf({ kind, baseline, other, namespace }: { kind: string; baseline: string; other: string; namespace: string }): PolicyRecord {
  if (kind === 'deny') return aDeny(baseline, undefined, { namespace, uid: `deny-${namespace}` });
  if (kind === 'union') return aDeny(baseline, undefined, { namespace, uid: `deny-${namespace}`, isolatedFor: `Egress=${other}` });
  if (kind === 'allow') return aGenerated(baseline, 'allow-x', defaultDeny(['Ingress']), { namespace, uid: `allow-${namespace}` });
  return aPolicy('allow-x', { namespace, uid: `allow-${namespace}` });
}
