/** What a standby remembers, and what a leader knows before it says anything. */
import assert from 'node:assert/strict';
import { stateGaugeRows } from '../../../src/control/state-rows.ts';
import { controlRig, type ControlRig } from '../../support/control-rig.ts';

const TEMPLATE = { name: 'allow-x', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] } };
const INGRESS_ONLY = { egress: { mode: 'Disabled' }, dns: { enabled: false } };

const conditionOf = (status: Record<string, unknown> | undefined, type: string) =>
  (status?.['conditions'] as { type: string; status: string }[] | undefined)?.find((condition) => condition.type === type)?.status;

function gaugesOf({ control, stores, clock }: ControlRig) {
  const leadership = control.leadership();
  return leadership?.isWhole() === true ? stateGaugeRows({ state: leadership.state, isolation: control.isolation, stores, limit: 200, now: clock.now, wallMs: clock.wallMs }) : undefined;
}

describe('a standby', () => {
  it('queues and remembers nothing, whatever happens while it looks on', async () => {
    const rig = controlRig();
    rig.baseline('b', INGRESS_ONLY);
    rig.namespace('team-a');
    assert.equal(rig.control.leadership(), undefined);
    rig.control.start();
    await rig.clock.advance(1_000);
    assert.deepEqual(rig.writes, ['create team-a/default-deny']);
  });

  it('starts nothing any more after it was stopped', async () => {
    const rig = controlRig();
    rig.baseline('b', INGRESS_ONLY);
    rig.namespace('team-a');
    await rig.control.drain(0);
    rig.control.start();
    await rig.clock.advance(1_000);
    assert.deepEqual(rig.writes, []);
  });
});

describe('a leader', () => {
  it('exports no state before it has looked at every namespace', async () => {
    const rig = controlRig();
    rig.baseline('b', INGRESS_ONLY);
    rig.namespace('team-a');
    rig.control.start();
    assert.equal(gaugesOf(rig), undefined);
    await rig.clock.advance(1_000);
    const { coverageNamespaces } = gaugesOf(rig) ?? assert.fail();
    assert.equal(coverageNamespaces.find(({ labels }) => labels.direction === 'Ingress' && labels.coverage === 'protected')?.value, 1);
  });

  it('says nothing of a baseline before its removals were assessed, though every namespace was brought to it: what is held would be lost', async () => {
    const rig = controlRig({ slowTurns: true });
    const held = { token: 't', generation: 1, namespaces: 20, since: '2025-12-31T00:00:00Z' };
    rig.baseline('b', INGRESS_ONLY, { observedGeneration: 1, held });
    for (let index = 0; index < 30; index += 1) rig.namespace(`team-${index}`);
    rig.control.start();
    await rig.clock.advance(3_000);
    assert.equal(rig.writes.length, 30);
    assert.deepEqual(rig.statuses, []);
    await rig.clock.advance(30_000);
    assert.ok(rig.statuses.length > 0);
  });

  it('counts what is pending after five seconds, though nothing else happens', async () => {
    const rig = controlRig();
    rig.baseline('b', { ...INGRESS_ONLY, paused: true });
    rig.namespace('team-0');
    rig.control.start();
    await rig.clock.advance(10_000);
    rig.namespace('team-a');
    await rig.clock.advance(1_000);
    const early = rig.statuses.at(-1)?.['namespaces'] as { pending: number };
    assert.equal(early.pending, 1);
    await rig.clock.advance(6_000);
    const late = rig.statuses.at(-1)?.['namespaces'] as { pending: number };
    assert.equal(late.pending, 2);
  });

  it('drops the templates of a baseline with it', async () => {
    const rig = controlRig();
    rig.baseline('a', INGRESS_ONLY);
    rig.baseline('b', { ...INGRESS_ONLY, policies: [TEMPLATE] });
    rig.control.start();
    await rig.clock.advance(1_000);
    assert.ok(rig.templates.includes('allow-x'));
    rig.baselineGone('b');
    await rig.clock.advance(1_000);
    assert.ok(!rig.templates.includes('allow-x'));
    assert.ok(rig.templates.includes('default-deny'));
  });

  it('plans everything once more when the policies were listed anew', async () => {
    const rig = controlRig();
    rig.baseline('b', INGRESS_ONLY);
    rig.namespace('team-a');
    rig.control.start();
    await rig.clock.advance(1_000);
    const leadership = rig.control.leadership() ?? assert.fail();
    const before = leadership.state.lastFullScanMs() ?? assert.fail();
    await rig.clock.advance(60_000);
    assert.equal(leadership.state.lastFullScanMs(), before);
    rig.control.relisted();
    await rig.clock.advance(1_000);
    assert.ok((leadership.state.lastFullScanMs() ?? 0) >= before + 60_000);
  });

  it('is ready after the first round', async () => {
    const rig = controlRig();
    rig.baseline('b', INGRESS_ONLY);
    rig.namespace('team-a');
    rig.control.start();
    await rig.clock.advance(1_000);
    assert.equal(conditionOf(rig.statuses.at(-1), 'Ready'), 'True');
  });
});
