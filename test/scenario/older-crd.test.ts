/** The operator is newer than the CRD in the cluster: the API server drops fields of the status that it does not know. */
import assert from 'node:assert/strict';
import { markAudit, readAudit } from '../control-plane/audit-log.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { Json } from '../support/api.ts';
import { startInstalled } from '../support/control-plane.ts';
import { aWitness, OPERATOR_USER } from '../support/witness.ts';
import { aWorld, type World } from '../support/world.ts';

const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/namespacepolicybaselines.netbaseline.io';
/** Changes of the baseline, each of which has its status compared once more. */
const LOOKS = 10;

describe('a CRD that is older than the operator', function () {
  this.timeout(240_000);
  let plane: ControlPlane;
  let world: World;
  before(async () => {
    plane = await startInstalled();
    world = await aWorld(plane);
    const crd = (await world.admin.get(CRD)).body;
    delete crd.spec.versions[0].schema.openAPIV3Schema.properties.status.properties.isolation;
    const { code, body } = await world.admin.put(CRD, crd);
    assert.equal(code, 200, JSON.stringify(body));
  });
  after(async () => {
    await world?.end();
    await plane?.stop();
  });

  it('has no status written again and again, and that is said once', async () => {
    const operator = await world.operator({ flags: { 'status-interval': '200ms' } });
    const witness = await aWitness(world);
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    const stored = await world.status(baseline, ({ isolated, conditions }) => {
      assert.equal(isolated, '1/1');
      assert.equal(conditions.find(({ type }: Json) => type === 'Ready').status, 'True');
    });
    assert.equal(stored.isolation, undefined, 'the API server does not keep it');
    await witness.settled();
    const mark = markAudit(plane.auditLogPath ?? '');
    for (let look = 0; look < LOOKS; look += 1) {
      await world.admin.patch(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${baseline}`, { metadata: { annotations: { 'test.netbaseline.io/look': String(look) } } });
      await witness.heardOfBaselines();
    }
    const written = (await readAudit(plane.auditLogPath ?? '', mark)).filter(({ user, verb, subresource, name }) => user === OPERATOR_USER && verb === 'patch' && subresource === 'status' && name === baseline);
    assert.deepEqual(written, []);
    const said = operator.log.entries.filter(({ message, fields }) => message.startsWith('the API server does not keep all of a status') && fields['baseline'] === baseline);
    assert.deepEqual(said.map(({ fields }) => fields['fields']), [['isolation']]);
    await witness.end();
  });
});
