/** Stale policies for the metric: counted beside who asks, seldom, and only somebody's. */
import assert from 'node:assert/strict';
import { FIELD_MANAGER } from '../../../../src/api/names.ts';
import { createStaleCount } from '../../../../src/control/isolation/stale-count.ts';
import { parsePolicy, specInterner, type PolicyRecord } from '../../../../src/kube/objects.ts';
import { parsePod, podInterner } from '../../../../src/kube/pods.ts';
import { aNamespace, asGenerated, aWirePolicy, type PolicyFields } from '../../../support/build.ts';
import { manualClock } from '../../../support/clock.ts';

const intern = specInterner({ keepsForeign: true });
const policy = (name: string, fields: PolicyFields): PolicyRecord => parsePolicy(aWirePolicy(name, { namespace: 'x', ...fields }), intern);
const selecting = (app: string, fields: PolicyFields['spec'] = {}): PolicyFields => ({ spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress'], ...fields } });

/** Namespace x with one pod, app web. */
function aCount(policies: PolicyRecord[]) {
  const clock = manualClock();
  const pods = [parsePod({ metadata: { name: 'web', namespace: 'x', labels: { app: 'web' } }, status: { podIP: '10.0.0.1' } }, podInterner())];
  const of = <T>(items: T[]) => ({ all: () => items });
  return { clock, policies, count: createStaleCount({ clock, namespaces: of([aNamespace('x'), aNamespace('empty')]), policies: of(policies), pods: of(pods) }) };
}
const counted = async ({ clock, count }: ReturnType<typeof aCount>): Promise<object | undefined> => {
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

  it('are counted in slices, and not after the end', async () => {
    const many = Array.from({ length: 4_500 }, (_, index) => policy(`p${index}`, selecting(index % 2 === 0 ? 'web' : 'gone')));
    assert.deepEqual(await counted(aCount(many)), { selects_nothing: 2_250, peers_match_nothing: 0 });
    const scene = aCount(many);
    scene.count.counts();
    scene.count.stop();
    assert.deepEqual([await counted(scene), scene.clock.timers], [undefined, 0]);
  });
});
