/** How long writes wait that were refused, and a deny for the allows that fail. */
import assert from 'node:assert/strict';
import { KubeError, type KubeErrorKind } from '../../../src/kube/errors.ts';
import { controlRig, type ControlRig } from '../../support/control-rig.ts';

const allow = (name: string, port = 80) =>
  ({ name, networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }], ports: [{ port }] }] } });
const INGRESS_ONLY = { egress: { mode: 'Disabled' }, dns: { enabled: false } };

/** The API server answers so to every write of this policy. */
function answers(rig: ControlRig, policy: string, kind: KubeErrorKind | undefined): void {
  rig.refuse = (write) => (kind !== undefined && write.endsWith(`/${policy}`) ? new KubeError(`answered ${kind}`, { kind }) : undefined);
}
const writesOf = (rig: ControlRig, policy: string): number => rig.writes.filter((write) => write.endsWith(`/${policy}`)).length;

describe('a refused write', () => {
  async function refused() {
    const rig = controlRig();
    answers(rig, 'allow-x', 'Invalid');
    rig.baseline('b', { ...INGRESS_ONLY, policies: [allow('allow-x')] });
    rig.namespace('team-a');
    rig.control.start();
    await rig.clock.advance(0);
    return rig;
  }

  it('is not sent again because another one beside it was taken', async () => {
    const rig = await refused();
    await rig.clock.advance(100);
    assert.deepEqual(rig.writes, ['create team-a/allow-x', 'create team-a/default-deny']);
  });

  it('backs off, however often the namespace changes, and says neither that it works nor that it fails meanwhile', async () => {
    const rig = await refused();
    for (let second = 0; second < 120; second += 1) {
      rig.namespace('team-a', {}, { second: String(second) });
      await rig.clock.advance(1_000);
    }
    const count = writesOf(rig, 'allow-x');
    assert.ok(count >= 6 && count <= 11, `${count} times in two minutes`);
    const said = rig.log.lines().filter((line) => line.includes('Reconcile'));
    assert.deepEqual(said, ['error Reconcile failed, will be retried']);
  });

  it('is sent again for ever, and heals', async () => {
    const rig = await refused();
    await rig.clock.advance(30 * 60_000);
    const before = writesOf(rig, 'allow-x');
    await rig.clock.advance(10 * 60_000);
    assert.ok(writesOf(rig, 'allow-x') >= before + 2);
    answers(rig, 'allow-x', undefined);
    rig.namespace('team-a', {}, { touched: 'yes' });
    await rig.clock.advance(5 * 60_000);
    assert.ok(rig.log.lines().includes('info Reconcile works again'));
    assert.ok(rig.stores.policies.get('allow-x', 'team-a') !== undefined);
  });

  it('is sent at once when a baseline has changed', async () => {
    const rig = await refused();
    await rig.clock.advance(10 * 60_000);
    const before = writesOf(rig, 'allow-x');
    rig.baseline('b', { ...INGRESS_ONLY, policies: [allow('allow-x', 443)] });
    await rig.clock.advance(1);
    assert.equal(writesOf(rig, 'allow-x'), before + 1);
  });
});

describe('default-deny', () => {
  it('waits for a failing allow for 30 s, also where another allow is repaired again and again meanwhile', async () => {
    const rig = controlRig();
    answers(rig, 'allow-b', 'Unavailable');
    rig.baseline('b', { ...INGRESS_ONLY, policies: [allow('allow-b'), allow('allow-z')] });
    rig.namespace('team-a');
    rig.control.start();
    await rig.clock.advance(20_000);
    rig.policyGone('team-a', 'allow-z');
    await rig.clock.advance(9_000);
    assert.equal(writesOf(rig, 'default-deny'), 0);
    assert.equal(writesOf(rig, 'allow-z'), 2);
    await rig.clock.advance(2_000);
    assert.equal(writesOf(rig, 'default-deny'), 1);
  });

  it('does not wait any more when the allow that failed is not planned any more', async () => {
    const rig = controlRig();
    answers(rig, 'allow-b', 'Unavailable');
    rig.baseline('b', { ...INGRESS_ONLY, policies: [allow('allow-b')] });
    rig.namespace('team-a');
    rig.control.start();
    await rig.clock.advance(5_000);
    rig.baseline('b', INGRESS_ONLY);
    await rig.clock.advance(100);
    assert.equal(writesOf(rig, 'default-deny'), 1);
  });
});
