/** An API server with the published CRDs refuses the policies that src/netpol/refused-cluster.ts says it does, and takes the others. Nothing is stored. */
import assert from 'node:assert/strict';
import { KINDS, CLUSTER_POLICY_KINDS } from '../../src/kube/kinds.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import { apiAs, type Api } from '../support/api.ts';
import { pathOf } from '../support/policy-crds.ts';
import { skipBecause } from '../support/skip.ts';
import { serveUpstream, upstreamCrd } from '../support/upstream-crds.ts';
import { REFUSED, TAKEN, type ClusterRow } from '../unit/netpol/bad-cluster-policies.ts';

describe('what the published CRDs refuse of policies of cluster scope', function () {
  this.timeout(180_000);
  let plane: ControlPlane | undefined;
  let admin: Api;

  before(async function () {
    const crds = await Promise.all(CLUSTER_POLICY_KINDS.map(async (kind) => ({ kind, crd: await upstreamCrd(kind) })))
      .catch((error: unknown) => skipBecause(this, `the CRDs of sigs.k8s.io/network-policy-api cannot be had: ${String(error)}`));
    plane = await startControlPlane();
    admin = apiAs(plane.adminKubeconfig);
    for (const { kind, crd } of crds) await serveUpstream(admin, kind, crd);
  });
  after(() => plane?.stop());

  async function answerTo({ kind, spec, name = 'default' }: ClusterRow): Promise<{ readonly code: number; readonly text: string }> {
    const { group, versions: [version] } = KINDS[kind];
    const { code, body } = await admin.post(`${pathOf(kind)}?dryRun=All`, { apiVersion: `${group}/${version}`, kind, metadata: { name }, spec });
    return { code, text: JSON.stringify(body) };
  }

  for (const row of REFUSED) {
    it(`refuses ${row.title} (${row.kind})`, async () => {
      const { code, text } = await answerTo(row);
      assert.ok([400, 422].includes(code), `${code} ${text}`);
    });
  }
  for (const row of TAKEN) {
    it(`takes ${row.title} (${row.kind})`, async () => {
      const { code, text } = await answerTo(row);
      assert.equal(code, 201, text);
    });
  }
});
