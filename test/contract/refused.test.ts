/** A real API server refuses the manifests that src/netpol/refused.ts says it does, and takes the others. Nothing is stored. */
import assert from 'node:assert/strict';
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import { apiAs, type Api } from '../support/api.ts';
import { REFUSED, TAKEN } from '../unit/netpol/bad-policies.ts';

describe('what an API server refuses of a NetworkPolicy', function () {
  this.timeout(120_000);
  let plane: ControlPlane;
  let admin: Api;

  before(async () => {
    plane = await startControlPlane();
    admin = apiAs(plane.adminKubeconfig);
  });
  after(() => plane.stop());

  const codeOf = async (spec: unknown): Promise<number> => (await admin.post('/apis/networking.k8s.io/v1/namespaces/default/networkpolicies?dryRun=All', {
    apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'p', namespace: 'default' }, spec,
  })).code;

  for (const [title, spec] of REFUSED) it(`refuses ${title}`, async () => assert.ok([400, 422].includes(await codeOf(spec))));
  for (const [title, spec] of TAKEN) it(`takes ${title}`, async () => assert.equal(await codeOf(spec), 201));
});
