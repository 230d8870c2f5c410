/** Stale policies for the metric: counted beside who asks, seldom, and only somebody's. */
import assert from 'node:assert/strict';
import { FIELD_MANAGER } from '../../../../src/api/names.ts';
import { createStaleCount } from '../../../../src/control/isolation/stale-count.ts';
import { parsePolicy, type PolicyRecord } from '../../../../src/kube/objects.ts';
import { policyInterner } from '../../../../src/kube/policy-interner.ts';
import { parsePod, podInterner, type PodRecord } from '../../../../src/kube/pods.ts';
import { aNamespace, asGenerated, aWirePolicy, type PolicyFields } from '../../../support/build.ts';
import { manualClock, type ManualClock } from '../../../support/clock.ts';
import { memoryLogger } from '../../../support/log.ts';

const intern = policyInterner({ keepsForeign: true });
const policy = (name: string, fields: PolicyFields): PolicyRecord => parsePolicy(aWirePolicy(name, { namespace: 'x', ...fields }), intern);
const selecting = (app: string, fields: PolicyFields['spec'] = {}): PolicyFields => ({ spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress'], ...fields } });

const web = (name: string): PodRecord => parsePod({ metadata: { name, namespace: 'x', labels: { app: 'web' } }, status: { podIP: '10.0.0.1' } }, podInterner());

/** Namespace x with one pod, app web. */
function aCount(policies: PolicyRecord[], pods: PodRecord[] = [web('web')], clock: ManualClock = manualClock(), isBusy?: () => boolean) {
  const log = memoryLogger();
  const of = <T>(items: T[]) => ({ all: () => items });
  return { clock, log, policies, pods, count: createStaleCount({ clock, log, ...(isBusy === undefined ? {} : { isBusy }), namespaces: of([aNamespace('x'), aNamespace('empty')]), policies: of(policies), pods: of(pods) }) };
}
const counted = async ({ clock, count }: Pick<ReturnType<typeof aCount>, 'clock' | 'count'>): Promise<object | undefined> => {
  count.counts();
  await clock.advance(10);
  const found = count.counts();
  return found === undefined ? undefined : Object.fromEntries(found);
};

describe('stale policies', () => {
  it('are those that select no pod, and those with a peer that does not exist', async () => {
    const scene = aCount([
      policy('good', selecting('web')),
      policy('nobody', selecting('gone')),
      policy('peer', selecting('web', { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'gone' } } }] }] })),
      policy('peers', selecting('web', { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'gone' } } }, { namespaceSelector: { matchLabels: { no: 'such' } } }] }] })),
    ]);
    assert.deepEqual(await counted(scene), { selects_nothing: 1, peers_match_nothing: 2 });
  });

  it('are never ours, and not for all pods of a namespace where there is none', async () => {
    const scene = aCount([
      policy('ours', asGenerated('ours', { ...selecting('gone'), managers: [FIELD_MANAGER] })),
      policy('all', { namespace: 'empty', spec: { podSelector: {}, policyTypes: ['Ingress'] } }),
    ]);
    assert.deepEqual(await counted(scene), { selects_nothing: 0, peers_match_nothing: 0 });
  });

  it('are counted when somebody asks, and anew after a minute at the earliest, if anything has changed', async () => {
    const scene = aCount([policy('nobody', selecting('gone'))]);
    const { clock, count, policies } = scene;
    assert.equal(count.counts(), undefined);
    await clock.advance(10);
    assert.equal(count.counts()?.get('selects_nothing'), 1);
    policies.pop();
    count.touch();
    assert.deepEqual(await counted(scene), { selects_nothing: 1, peers_match_nothing: 0 });
    await clock.advance(60_000);
    assert.deepEqual(await counted(scene), { selects_nothing: 0, peers_match_nothing: 0 });
    policies.push(policy('nobody', selecting('gone')));
    await clock.advance(60_000);
    assert.deepEqual(await counted(scene), { selects_nothing: 0, peers_match_nothing: 0 }, 'nobody said that something changed');
  });

  it('are counted in slices of a few milliseconds, however many policies with selectors of their own a tenant has', async () => {
    const clock = manualClock();
    const slices: number[] = [];
    const timed: ManualClock = { ...clock, setTimer: (ms, fn) => clock.setTimer(ms, () => {
      const startedMs = clock.now();
      fn();
      slices.push(clock.now() - startedMs);
    }) };
    let looks = 0;
    /** Each look at its labels takes a fiftieth of a millisecond. */
    const slow = (pod: PodRecord): PodRecord => Object.defineProperty({ ...pod }, 'labels', { get: () => {
      looks += 1;
      clock.freeze(0.02);
      return pod.labels;
    } });
    const policies = Array.from({ length: 1_500 }, (_, index) => policy(`p${index}`, selecting(`gone-${index}`)));
    const scene = aCount(policies, Array.from({ length: 100 }, (_, index) => slow(web(`web-${index}`))), timed);
    scene.count.counts();
    await clock.advance(60_000);
    assert.deepEqual(Object.fromEntries(scene.count.counts() ?? []), { selects_nothing: 1_500, peers_match_nothing: 0 });
    assert.ok(looks >= 150_000, `${looks} looks`);
    assert.ok(Math.max(...slices) <= 5.1, `${Math.max(...slices)} ms in one slice`);
  });

  it('are counted after the policies that are being written, and after a minute in any case', async () => {
    const busy = { is: true };
    const scene = aCount([policy('nobody', selecting('gone'))], undefined, manualClock(), () => busy.is);
    const { clock, count } = scene;
    assert.equal(count.counts(), undefined);
    await clock.advance(59_000);
    assert.equal(count.counts(), undefined);
    await clock.advance(1_200);
    assert.equal(count.counts()?.get('selects_nothing'), 1);
    scene.policies.push(policy('else', selecting('gone')));
    count.touch();
    await clock.advance(60_000);
    count.counts();
    await clock.advance(5_000);
    assert.equal(count.counts()?.get('selects_nothing'), 1);
    busy.is = false;
    await clock.advance(200);
    assert.equal(count.counts()?.get('selects_nothing'), 2);
  });

  it('are not counted after the end, whether it has begun or not', async () => {
    const many = Array.from({ length: 200 }, (_, index) => policy(`p${index}`, selecting('gone')));
    const clock = manualClock();
    const everywhere = { ...clock, now: () => { clock.freeze(1); return clock.now(); } }; // a slice is a few steps
    for (const turns of [0, 3]) {
      const scene = aCount(many, undefined, everywhere);
      scene.count.counts();
      for (let turn = 0; turn < turns; turn += 1) await clock.advance(0);
      scene.count.stop();
      assert.deepEqual([await counted(scene), clock.timers], [undefined, 0]);
    }
  });

  it('have no count where counting fails, which is said once and ends nothing; they have one when it does not', async () => {
    const scene = aCount([policy('nobody', selecting('gone'))]);
    assert.deepEqual(await counted(scene), { selects_nothing: 1, peers_match_nothing: 0 });
    const bad = { ...scene.policies[0]!, get anySpec(): never { throw new Error('a bug'); } };
    scene.policies.push(bad);
    for (let minute = 0; minute < 3; minute += 1) {
      scene.count.touch();
      await scene.clock.advance(60_000);
      assert.equal(await counted(scene), undefined);
    }
    assert.deepEqual(scene.log.entries.map(({ level, message, fields }) => [level, message, String(fields['error'])]), [['error', 'stale policies cannot be counted', 'Error: a bug']]);
    scene.policies.pop();
    scene.count.touch();
    await scene.clock.advance(60_000);
    assert.deepEqual(await counted(scene), { selects_nothing: 1, peers_match_nothing: 0 });
  });
});
