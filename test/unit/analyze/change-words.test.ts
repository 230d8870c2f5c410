/** What is said of a change before the rule of a cluster policy. */
import assert from 'node:assert/strict';
import { changeText } from '../../../src/analyze/explain/change-words.ts';
import { smallestChange } from '../../../src/netpol/smallest-change.ts';
import { evaluate } from '../../../src/netpol/evaluate.ts';
import type { Policy } from '../../../src/netpol/model.ts';
import { aBaselinePolicy, anAdminPolicy, aNetworkPolicy, aWorld, connectionOf } from '../../support/netpol.ts';

const DENY = { priority: 5, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] };
const textOf = (policy: Policy): string => {
  const world = aWorld([policy]);
  return smallestChange(world, connectionOf('y/a -> x/a', world)).map(changeText).join();
};

describe('words of a change', () => {
  it('a rule of the Admin tier: no NetworkPolicy can overrule it', () => assert.match(textOf(anAdminPolicy('p', DENY)), /^a rule before .*, which no NetworkPolicy can overrule \(it allows more/));
  it('a rule of the Baseline tier: a NetworkPolicy can, and isolates the pod', () => {
    assert.doesNotMatch(textOf(aBaselinePolicy(DENY)), /overrule/);
    assert.match(textOf(aBaselinePolicy(DENY)), /^a rule before .*; or a new NetworkPolicy x\/allow-a-from-y-a-tcp-80, which counts before that tier; it isolates the pod/);
  });
  it('and so it is', () => {
    const letIn = aNetworkPolicy('x/in', { ingress: [{ from: [{ namespaceSelector: {} }] }] });
    const verdicts = [anAdminPolicy('p', DENY), aBaselinePolicy(DENY)].map((policy) => { const world = aWorld([policy, letIn]); return evaluate(world, connectionOf('y/a -> x/a', world)).verdict; });
    assert.deepEqual(verdicts, ['denied', 'allowed']);
  });
});
