/** Roll-ups of namespaces: what a pod event costs does not depend on how many pods there are. Counted exactly. */
import assert from 'node:assert/strict';
import { createRollUps } from '../../../../src/control/isolation/roll-up.ts';
import { createClassifier } from '../../../../src/netpol/classifier.ts';
import { aNamespaceOf, aNetworkPolicy, aPodOf } from '../../../support/netpol.ts';

const PODS = 500;

/** Namespace x with many pods, all denied; those with a label are open. */
function aScene() {
  const classifier = createClassifier({ ipBlockMatchesPods: 'yes' });
  classifier.upsertNamespace(aNamespaceOf('x'));
  classifier.upsertPolicy(aNetworkPolicy('x/deny', { policyTypes: ['Ingress', 'Egress'] }));
  classifier.upsertPolicy(aNetworkPolicy('x/public', { podSelector: { matchLabels: { public: 'yes' } }, ingress: [{}] }));
  for (let index = 0; index < PODS; index += 1) classifier.upsertPod(aPodOf(`x/p${index}`, { labels: { public: index % 2 === 0 ? 'yes' : 'no' }, ips: ['10.0.0.1'] }));
  classifier.flush();
  let asked = 0;
  const counted = { ...classifier, defeating: (...about: Parameters<typeof classifier.defeating>) => { asked += 1; return classifier.defeating(...about); } };
  const rollUps = createRollUps(counted, ({ name }) => name === 'deny');
  const defeat = (): readonly unknown[] => {
    asked = 0;
    return [rollUps.of('x')?.effect.Ingress.defeat, asked];
  };
  return { classifier, rollUps, defeat };
}
const THROUGH = (name: string): string => `open to everybody (allow-all) through NetworkPolicy ${name} (rule 0)`;

describe('isolation: roll-ups', () => {
  it('ask about each class of a namespace once, whatever its pods do', () => {
    const { classifier, rollUps, defeat } = aScene();
    assert.deepEqual(classifier.classesIn('x', 'Ingress').map(({ podClass }) => podClass.class).sort(), ['allow-all', 'closed']);
    assert.deepEqual(defeat(), [THROUGH('public'), 1]);
    assert.deepEqual(rollUps.of('x')?.effect.Ingress.through, ['public'], 'without deny, which is as generated');
    for (let index = 0; index < PODS - 2; index += 1) {
      classifier.removePod('x', `p${index}`);
      classifier.flush();
      assert.deepEqual(defeat(), [THROUGH('public'), 0]);
    }
    classifier.removePod('x', `p${PODS - 2}`);
    classifier.flush();
    assert.deepEqual(defeat(), [undefined, 0]);
    classifier.removePod('x', `p${PODS - 1}`);
    classifier.flush();
    assert.deepEqual(classifier.classesIn('x', 'Ingress'), []);
  });

  it('ask anew when a policy is another, by whatever name', () => {
    const { classifier, rollUps, defeat } = aScene();
    assert.deepEqual(defeat(), [THROUGH('public'), 1]);
    classifier.removePolicy({ kind: 'NetworkPolicy', namespace: 'x', name: 'public' });
    classifier.upsertPolicy(aNetworkPolicy('x/shown', { podSelector: { matchLabels: { public: 'yes' } }, ingress: [{}] }));
    rollUps.touched('x');
    classifier.flush();
    assert.deepEqual(defeat(), [THROUGH('shown'), 1]);
  });

  it('many pods that the same policy makes unknown are one class', () => {
    const { classifier, rollUps } = aScene();
    classifier.upsertPolicy({ kind: 'Opaque', apiKind: 'CiliumNetworkPolicy', namespace: 'x', name: 'l7' });
    classifier.flush();
    assert.equal(classifier.classesIn('x', 'Ingress').length, 2, 'open or closed without it');
    assert.deepEqual(rollUps.of('x')?.effect.Ingress, { isolated: false, defeat: undefined, unknownBy: 'CiliumNetworkPolicy l7' });
  });
});
