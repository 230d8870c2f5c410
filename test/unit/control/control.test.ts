/** What a standby remembers, and what a leader knows before it says anything. */
import assert from 'node:assert/strict';
import { stateGaugeRows } from '../../../src/control/state-rows.ts';
import { KubeError } from '../../../src/kube/errors.ts';
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

  const refusesAllow = (rig: ControlRig): void => {
    rig.refuse = (write) => (write.endsWith('/allow-x') ? new KubeError('denied by a webhook', { kind: 'AdmissionDenied', code: 403 }) : undefined);
  };

  it('ends an exemption when its time comes, though another policy of the namespace is refused for ever', async () => {
    const rig = controlRig();
    refusesAllow(rig);
    const endsMs = rig.clock.wallMs() + 20 * 60_000;
    rig.baseline('b', { dns: { enabled: false }, policies: [TEMPLATE], exemptions: [{ namespace: 'team-a', directions: ['Egress'], reason: 'x', expiresAt: new Date(endsMs).toISOString() }] });
    rig.namespace('team-a');
    rig.control.start();
    const denied = (): readonly string[] | undefined => rig.stores.policies.get('default-deny', 'team-a')?.policyTypes;
    await rig.clock.advance(endsMs - rig.clock.wallMs() - 1_000);
    assert.deepEqual(denied(), ['Ingress']);
    await rig.clock.advance(1_500);
    assert.deepEqual(denied(), ['Ingress', 'Egress']);
  });

  it('repairs a contended policy that may be open within five seconds, though another one is refused for ever', async () => {
    const rig = controlRig();
    refusesAllow(rig);
    rig.baseline('b', { ...INGRESS_ONLY, policies: [TEMPLATE] });
    rig.namespace('team-a');
    rig.control.start();
    await rig.clock.advance(20 * 60_000); // the wait after a refusal is at its longest
    let openMs = 0;
    let longestMs = 0;
    for (let second = 0; second < 30 * 60; second += 1) {
      const deny = rig.stores.policies.get('default-deny', 'team-a') ?? assert.fail();
      if (deny.specHash === deny.templateHash) {
        openMs = 0;
        rig.policyEdited('team-a', 'default-deny', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] });
      }
      await rig.clock.advance(1_000);
      longestMs = Math.max(longestMs, openMs += 1_000);
    }
    assert.ok(longestMs <= 6_000, `${longestMs} ms, a look in each second`);
  });

  it('counts removals whose answer was lost: ten go, and the others are held', async () => {
    const rig = controlRig();
    rig.refuse = (write) => {
      const [, namespace] = /^remove (.*)\/default-deny$/.exec(write) ?? [];
      if (namespace === undefined) return undefined;
      setImmediate(() => rig.policyGone(namespace, 'default-deny'));
      return new KubeError('no answer within 10000 ms', { kind: 'Unavailable', reason: 'DeadlineExceeded' });
    };
    rig.baseline('b', { ...INGRESS_ONLY, namespaceSelector: { matchLabels: { covered: 'yes' } } });
    const teams = Array.from({ length: 40 }, (_, index) => `team-${index}`);
    for (const team of teams) rig.namespace(team, { covered: 'yes' });
    rig.control.start();
    await rig.clock.advance(10_000);
    for (const team of teams.slice(0, 20)) {
      rig.namespace(team);
      await rig.clock.advance(2_000);
    }
    assert.equal(teams.filter((team) => rig.stores.policies.get('default-deny', team) === undefined).length, 10);
    assert.equal((rig.statuses.at(-1)?.['held'] as { namespaces: number } | undefined)?.namespaces, 10);
  });

  it('names the owner of a namespace as it is now', async () => {
    const rig = controlRig();
    refusesAllow(rig);
    rig.baseline('b', { ...INGRESS_ONLY, policies: [TEMPLATE], ownerKey: 'team' });
    rig.namespace('team-a', { team: 'red' });
    rig.control.start();
    await rig.clock.advance(10_000);
    rig.namespace('team-a', { team: 'blue' });
    await rig.clock.advance(10_000);
    const worst = rig.statuses.at(-1)?.['worst'] as { message: string }[];
    assert.match(worst[0]?.message ?? '', /\(owner: blue\)$/);
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
