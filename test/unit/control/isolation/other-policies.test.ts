/** Policies of other kinds as the operator keeps them: under the names that people know. */
import assert from 'node:assert/strict';
import { OTHER_KINDS } from '../../../../src/control/isolation/other-policies.ts';
import { CLUSTER_POLICY_KINDS, KINDS, OPAQUE_POLICY_KINDS } from '../../../../src/kube/kinds.ts';
import { aTrackedCluster } from '../../../support/isolation-tracker.ts';

const parse = (name: string, namespace?: string) => {
  const found = OTHER_KINDS.find(({ kind }) => kind === name) ?? assert.fail(`${name} is not read`);
  return found.parse({ metadata: { name: 'p', uid: 'u', resourceVersion: '1', ...(namespace === undefined ? {} : { namespace }) } });
};

describe('policies of other kinds', () => {
  it('are called as kubectl calls them: by their kind, with its group where the kind alone is another one', () => {
    assert.deepEqual(['AdminNetworkPolicy', 'CiliumNetworkPolicy', 'CalicoNetworkPolicy', 'CalicoGlobalNetworkPolicyV3', 'AwsApplicationNetworkPolicy'].map((name) => parse(name, 'x').kind),
      ['AdminNetworkPolicy', 'CiliumNetworkPolicy', 'NetworkPolicy.crd.projectcalico.org', 'GlobalNetworkPolicy.projectcalico.org', 'ApplicationNetworkPolicy.networking.k8s.aws']);
    for (const name of [...CLUSTER_POLICY_KINDS, ...OPAQUE_POLICY_KINDS]) assert.ok(parse(name).kind.split('.')[0] === KINDS[name].kind, name);
  });

  it('in what is said of them, and they are taken back under that name', async () => {
    const cluster = aTrackedCluster();
    cluster.namespace('shop');
    cluster.policy('shop/deny', { spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } });
    cluster.pod('shop/a');
    await cluster.settle();
    cluster.other(parse('CalicoNetworkPolicyV3', 'shop'));
    await cluster.settle();
    assert.match(cluster.drifts().join(), /: NetworkPolicy\.projectcalico\.org shop\/p was created$/);
    assert.equal(cluster.tracker.of('shop')?.effect.Ingress.unknownBy, 'NetworkPolicy.projectcalico.org p');
    cluster.remove('other', 'shop/p');
    await cluster.settle();
    assert.equal(cluster.of('shop'), 'closed/closed');
  });
});
