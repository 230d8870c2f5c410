/** What an API server would refuse of a manifest. That a real one agrees, test/contract/refused.test.ts and refused-cluster.test.ts ask it. */
import assert from 'node:assert/strict';
import { clusterPolicyRefusals } from '../../../src/netpol/refused-cluster.ts';
import { networkPolicyRefusals } from '../../../src/netpol/refused.ts';
import { REFUSED as REFUSED_CLUSTER, TAKEN as TAKEN_CLUSTER, type ClusterRow } from './bad-cluster-policies.ts';
import { REFUSED, TAKEN } from './bad-policies.ts';

describe('refused: NetworkPolicy', () => {
  for (const [title, spec, path] of REFUSED) {
    it(title, () => assert.deepEqual(networkPolicyRefusals(spec as object).map((found) => found.path.join('.')), [path]));
  }
  for (const [title, spec] of TAKEN) it(`not ${title}`, () => assert.deepEqual(networkPolicyRefusals(spec as object), []));
});

describe('refused: policies of cluster scope', () => {
  const refused = ({ kind, spec, name = 'default' }: ClusterRow): string[] => clusterPolicyRefusals(kind, name, spec).map(({ path }) => path.join('.'));
  for (const row of REFUSED_CLUSTER) it(`${row.title} (${row.kind})`, () => assert.deepEqual(refused(row), row.paths));
  for (const row of TAKEN_CLUSTER) it(`not ${row.title} (${row.kind})`, () => assert.deepEqual(refused(row), []));
  it('nothing of what a newer CRD may have', () => {
    const spec = { tier: 'Admin', priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Accept', from: [{ futurePeer: {} }], protocols: [{ quic: {} }] }] };
    assert.deepEqual(refused({ title: '', kind: 'ClusterNetworkPolicy', spec }), []);
  });
});
