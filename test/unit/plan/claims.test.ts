/** Rule 4: several baselines on one namespace. */
import assert from 'node:assert/strict';
import { hashedSpec } from '../../../src/api/canonical.ts';
import type { Direction } from '../../../src/api/network-policy.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { compileBaseline, type CompiledBaseline } from '../../../src/plan/compile.ts';
import {
  aBaseline, aDeny, aGenerated, aRecord, aTemplate, aView, nameIn, said, specOf, stateOf, verdictOf, writesOf, type BaselineFields, type SpecFields, type ViewFields,
} from '../../support/build.ts';
import { afterAll, settled } from '../../support/namespace-model.ts';

const INGRESS: SpecFields = { egress: { mode: 'Disabled' } };
const EGRESS: SpecFields = { ingress: { mode: 'Disabled' } };
const NO_DNS: SpecFields = { dns: { enabled: false } };

const plan = (...baselines: CompiledBaseline[]) => planNamespace(aView({ baselines }));
const deny = (view: ViewFields) => nameIn(planNamespace(aView(view)), 'default-deny').desired;
const types = (view: ViewFields): string | undefined => deny(view)?.spec.spec.policyTypes.join('+');

describe('rule 4: default-deny covers the union of the directions that any baseline enforces', () => {
  const cases: readonly [string, CompiledBaseline[], string][] = [
    ['Ingress and Egress', [aBaseline('a', INGRESS), aBaseline('b', EGRESS)], 'Ingress+Egress'],
    ['Ingress twice', [aBaseline('a', INGRESS), aBaseline('b', INGRESS)], 'Ingress'],
    ['both and one', [aBaseline('a'), aBaseline('b', EGRESS)], 'Ingress+Egress'],
    ['Audit adds nothing', [aBaseline('a', INGRESS), aBaseline('b', { ...EGRESS, egress: { mode: 'Audit' } })], 'Ingress'],
    ['an exempt direction adds nothing', [aBaseline('a', INGRESS), aBaseline('b', { exemptions: [{ namespace: 'team-a', directions: ['Egress'], reason: 'r' }] })], 'Ingress'],
    ['an unselecting baseline adds nothing', [aBaseline('a', INGRESS), aBaseline('b', { namespaceSelector: { matchLabels: { a: 'b' } } })], 'Ingress'],
    ['a deleting baseline adds nothing', [aBaseline('a', INGRESS), aBaseline('b', {}, { deleting: true })], 'Ingress'],
  ];
  for (const [what, baselines, expected] of cases) it(what, () => assert.equal(types({ baselines }), expected));

  it('the label is the winner’s, and the annotation says who asks for the rest', () => {
    const desired = deny({ baselines: [aBaseline('a', INGRESS), aBaseline('b', { ...EGRESS, priority: 1 })] });
    assert.equal(desired?.baseline, 'b');
    assert.equal(desired?.isolatedFor, 'Ingress=a');
  });
  it('no annotation where the winner asks for all of it itself', () => assert.equal(deny({ baselines: [aBaseline('a'), aBaseline('b')] })?.isolatedFor, undefined));
  it('nobody loses default-deny: both count as protected', () => {
    const view = settled(aView({ baselines: [aBaseline('a', INGRESS), aBaseline('b', { ...EGRESS, ...NO_DNS })] }));
    assert.deepEqual([stateOf(view, 'a'), stateOf(view, 'b')], ['protected InPlace', 'protected InPlace']);
  });
});

describe('rule 4: other names go to higher priority, then older, then name', () => {
  const x = (port: number) => ({ policies: [aTemplate('x', { ingress: [{ from: [{ podSelector: {} }], ports: [{ port }] }] })] });
  const winner = (...baselines: CompiledBaseline[]) => nameIn(plan(...baselines), 'x').desired?.baseline;
  it('priority', () => assert.equal(winner(aBaseline('a', x(1)), aBaseline('b', { ...x(2), priority: 1 })), 'b'));
  it('age', () => assert.equal(winner(aBaseline('a', x(1), { created: '2026-02-01T00:00:00Z' }), aBaseline('b', x(2))), 'b'));
  it('name', () => assert.equal(winner(aBaseline('b', x(1)), aBaseline('a', x(2))), 'a'));
  it('allow-dns too', () => assert.equal(nameIn(plan(aBaseline('a'), aBaseline('b', { priority: 1 })), 'allow-dns').desired?.baseline, 'b'));
  it('only claims in enforced directions compete', () => {
    assert.equal(winner(aBaseline('a', x(1)), aBaseline('b', { ...x(2), ...EGRESS, priority: 1 })), 'a');
    assert.equal(winner(aBaseline('a', x(1)), aBaseline('b', { ...x(2), ingress: { mode: 'Audit' }, priority: 1 })), 'a');
    assert.equal(winner(aBaseline('a', x(1)), aBaseline('b', { ...x(2), exemptions: [{ namespace: 'team-a', directions: ['Ingress'], reason: 'r' }], priority: 1 })), 'a');
  });
  it('a template that does not select the namespace does not compete', () => {
    const [template] = x(2).policies;
    const other = { policies: [{ ...(template as object), namespaceSelector: { matchLabels: { a: 'b' } } }], priority: 1 };
    assert.equal(winner(aBaseline('a', x(1)), aBaseline('b', other)), 'a');
  });
  it('a template that cannot be used keeps its name: the last good policy stays', () => {
    const bad = { policies: [aTemplate('x', { podSelector: { matchLabels: { 'a b': '' } } })], priority: 1 };
    assert.equal(nameIn(plan(aBaseline('a', x(1)), aBaseline('b', bad)), 'x').blocked, 'InvalidTemplate');
  });
  it('the loser with another spec is conflicted, Superseded, and hears of the winner', () => {
    const view = settled(aView({ baselines: [aBaseline('a', x(1)), aBaseline('b', x(2))] }));
    assert.equal(stateOf(view, 'a'), 'protected InPlace');
    assert.equal(stateOf(view, 'b'), 'conflicted Superseded');
    assert.match(verdictOf(view, 'b').message, /^x: baseline a claims this name/);
  });
  it('the loser with an equal spec counts as protected', () => {
    const view = settled(aView({ baselines: [aBaseline('a', x(1)), aBaseline('b', x(1))] }));
    assert.deepEqual([stateOf(view, 'a'), stateOf(view, 'b')], ['protected InPlace', 'protected InPlace']);
  });
  it('equal is after projection: what is enforced here', () => {
    const both = aTemplate('x', { policyTypes: ['Ingress', 'Egress'] });
    const view = settled(aView({ baselines: [aBaseline('a', { policies: [both] }), aBaseline('b', { ...INGRESS, policies: [both] })] }));
    assert.equal(stateOf(view, 'b'), 'conflicted Superseded');
  });
  it('distinct names coexist', () => {
    const view = settled(aView({ baselines: [aBaseline('a', x(1)), aBaseline('b', { policies: [aTemplate('y')] })] }));
    assert.deepEqual([...view.policies.keys()].sort(), ['allow-dns', 'default-deny', 'x', 'y']);
  });
  it('a change of the winner updates in place, and does not come back', () => {
    const before = settled(aView({ baselines: [aBaseline('a', x(1)), aBaseline('b', x(2))] }));
    const view = { ...before, cluster: aView({ baselines: [aBaseline('a', x(1)), aBaseline('b', { ...x(2), priority: 1 })] }).cluster };
    assert.deepEqual(writesOf(view), ['Update allow-dns (Outdated)', 'Update x (Outdated)', 'Update default-deny (Outdated)']);
    assert.equal(view.policies.get('x')?.uid, settled(view).policies.get('x')?.uid);
    assert.deepEqual(writesOf(settled(view)), []);
  });
});

describe('rule 4: an exemption does not open what another baseline enforces', () => {
  const exempt = (directions?: Direction[]): SpecFields => ({ ...NO_DNS, exemptions: [{ namespace: 'team-a', reason: 'NET-12', ...(directions === undefined ? {} : { directions }) }] });
  it('and its status says so', () => {
    const view = settled(aView({ baselines: [aBaseline('a', exempt()), aBaseline('b', { ...EGRESS, ...NO_DNS })] }));
    assert.deepEqual(view.policies.get('default-deny')?.spec?.policyTypes, ['Egress']);
    assert.equal(stateOf(view, 'a'), 'exempt ExemptionOverridden');
    assert.equal(verdictOf(view, 'a').message, 'Egress is exempt here, but baseline b enforces it');
  });
  it('also where only one direction is exempt and the other is protected', () => {
    const view = settled(aView({ baselines: [aBaseline('a', exempt(['Egress'])), aBaseline('b', { ...EGRESS, ...NO_DNS })] }));
    assert.equal(stateOf(view, 'a'), 'protected ExemptionOverridden');
  });
  it('another direction does not override it', () => {
    const view = settled(aView({ baselines: [aBaseline('a', exempt(['Egress'])), aBaseline('b', { ...INGRESS })] }));
    assert.equal(stateOf(view, 'a'), 'protected InPlace');
  });
  it('a baseline on its way out, auditing, or exempting too does not override it', () => {
    for (const other of [aBaseline('b', {}, { deleting: true }), aBaseline('b', { ingress: { mode: 'Audit' }, egress: { mode: 'Audit' } }), aBaseline('b', exempt())]) {
      assert.equal(stateOf(aView({ baselines: [aBaseline('a', exempt()), other] }), 'a'), 'exempt Exempt');
    }
  });
  it('without an override the reason is the exemption’s', () => assert.equal(verdictOf(aView({ baselines: [aBaseline('a', exempt())] }), 'a').message, 'NET-12'));
});

describe('rules 4 and 10: claims of a paused baseline stay', () => {
  const paused = (name: string, spec: SpecFields = {}, fields: BaselineFields = {}) => aBaseline(name, { ...spec, paused: true }, fields);
  it('nothing is created for it', () => assert.deepEqual(writesOf(aView({ baselines: [paused('a')] })), []));
  it('the name stays its own: a loser does not take it', () => {
    const x = (name: string) => ({ policies: [aTemplate('x', { ingress: [{ from: [{ namespaceSelector: { matchLabels: { name } } }] }] })], ...NO_DNS });
    const view = aView({ baselines: [paused('a', { ...x('a'), priority: 1 }), aBaseline('b', x('b'))] });
    assert.deepEqual(writesOf(view), ['Create default-deny (Missing)']);
    assert.equal(stateOf(view, 'b'), 'conflicted Superseded');
  });
  it('it adds no direction that is not in place, and takes none away', () => {
    const baselines = [paused('a', EGRESS), aBaseline('b', { ...INGRESS })];
    assert.equal(types({ baselines }), 'Ingress');
    assert.equal(types({ baselines, policies: [aDeny('b', ['Ingress', 'Egress'], { isolatedFor: 'Egress=a' })] }), 'Ingress+Egress');
  });
  it('the label of a paused winner stays where it is, and is not put where it is not', () => {
    const baselines = [paused('a', { ...INGRESS, priority: 1 }), aBaseline('b', INGRESS)];
    assert.equal(deny({ baselines })?.baseline, 'b');
    assert.deepEqual(writesOf(aView({ baselines, policies: [aDeny('a', ['Ingress'])] })), []);
  });
  it('of those that ask for a direction, an active one is named before a paused one', () => {
    const baselines = [aBaseline('a', { ...INGRESS, priority: 2 }), paused('b', { ...EGRESS, priority: 1 }), aBaseline('c', { ...EGRESS, ...NO_DNS })];
    const policies = [aDeny('a', ['Ingress', 'Egress'], { isolatedFor: 'Egress=c' })];
    assert.equal(deny({ baselines, policies })?.isolatedFor, 'Egress=c');
    assert.equal(deny({ baselines: baselines.slice(0, 2), policies })?.isolatedFor, 'Egress=b');
  });
  it('all of them paused: in place is what they want together', () => {
    const baselines = [paused('a', { ...INGRESS }), paused('b', { ...EGRESS, ...NO_DNS })];
    const view = aView({ baselines, policies: [aDeny('a', ['Ingress', 'Egress'], { isolatedFor: 'Egress=b' })] });
    assert.deepEqual([stateOf(view, 'a'), stateOf(view, 'b'), writesOf(view)], ['protected InPlace', 'protected InPlace', []]);
  });
});

describe('rules 5, 9 and 10: what default-deny isolates for a baseline of which nothing may be removed stays', () => {
  const live = aDeny('b', ['Ingress', 'Egress'], { isolatedFor: 'Egress=other' });
  const others: readonly [string, CompiledBaseline[]][] = [
    ['is gone', []],
    ['is on its way out and retains', [aBaseline('other', {}, { deleting: true })]],
    ['is paused and does not select the namespace any more', [aBaseline('other', { paused: true, namespaceSelector: { matchLabels: { a: 'b' } } })]],
    ['is paused and enforces nothing any more', [aBaseline('other', { ingress: { mode: 'Audit' }, egress: { mode: 'Disabled' }, paused: true })]],
    ['cannot be read', [compileBaseline(aRecord('other', { ingress: { mode: 'Off' } }))]],
  ];
  for (const [what, extra] of others) {
    it(`a baseline that ${what}: the claim of another one does not narrow it`, () => {
      assert.deepEqual(writesOf(aView({ policies: [live], baselines: [aBaseline('b', INGRESS), ...extra] })), []);
    });
    it(`a baseline that ${what}: when the others leave, its part is what is left`, () => {
      const view = aView({ policies: [live], baselines: [aBaseline('b', { ...INGRESS, excludedNamespaces: ['team-a'] }), ...extra] });
      const [write, ...more] = planNamespace(view).writes;
      assert.deepEqual([write?.kind, more.length], ['Update', 0]);
      assert.ok(write?.kind === 'Update');
      assert.deepEqual([write.policy.spec.spec.policyTypes, write.policy.baseline, write.policy.isolatedFor], [['Egress'], 'other', undefined]);
      assert.deepEqual(write.opens.map(({ baseline, direction }) => `${baseline} ${direction}`), ['b Ingress']);
      assert.deepEqual(writesOf(settled(view)), []);
    });
  }
  it('the policies of a baseline that is gone are taken over in place, its directions with them', () => {
    const view = aView({ policies: [aDeny('gone')], baselines: [aBaseline('b', INGRESS)] });
    const [write] = planNamespace(view).writes;
    assert.ok(write?.kind === 'Update');
    assert.deepEqual([write.policy.baseline, write.policy.spec.spec.policyTypes, write.policy.isolatedFor, write.live.uid], ['b', ['Ingress', 'Egress'], 'Egress=gone', 'uid-default-deny']);
    assert.deepEqual(planNamespace(settled(view)).retained, ['default-deny']);
  });
  it('a baseline of that name that comes back decides again', () => {
    assert.deepEqual(writesOf(aView({ policies: [live], baselines: [aBaseline('b', INGRESS), aBaseline('other', { ...INGRESS })] })), ['Update default-deny (Outdated)']);
    assert.deepEqual(writesOf(aView({ policies: [live], baselines: [aBaseline('b', INGRESS), aBaseline('other', { ...EGRESS, ...NO_DNS })] })), []);
  });
  it('an active baseline that does not ask for it any more does not keep it', () => {
    assert.deepEqual(writesOf(aView({ policies: [aDeny('b')], baselines: [aBaseline('b', INGRESS)] })), ['Update default-deny (Outdated)']);
  });
  it('somebody else’s policy keeps nothing', () => {
    const foreign = aDeny('gone', undefined, { labels: { 'app.kubernetes.io/managed-by': 'x' }, managers: ['kubectl'] });
    assert.equal(types({ policies: [foreign], baselines: [aBaseline('b', { ...INGRESS, adoptionPolicy: 'Adopt' })] }), 'Ingress');
  });
  it('the last good policy of a baseline that cannot be read is not overwritten by another one’s', () => {
    const x = aTemplate('x').networkPolicy;
    const broken = compileBaseline(aRecord('other', { ingress: { mode: 'Off' } }));
    const policies = [aGenerated('other', 'x', { ...x, ingress: [] }), aDeny('b')];
    const view = aView({ policies, baselines: [aBaseline('b', { ...NO_DNS, policies: [aTemplate('x')] }), broken] });
    assert.deepEqual(writesOf(view), []);
    assert.equal(stateOf(view, 'b'), 'failed InvalidTemplate');
    assert.equal(stateOf(aView({ policies: [aGenerated('other', 'x', x), aDeny('b')], baselines: [...view.cluster.baselines] }), 'b'), 'protected InPlace');
  });
});

describe('a claimed policy', () => {
  it('carries nothing of the baseline but its name', () => {
    const compiled = aBaseline('a', {}, { labels: { team: 'x' } });
    const [write] = plan(compiled).writes;
    assert.ok(write?.kind === 'Create');
    assert.deepEqual(Object.keys(write.policy).sort(), ['baseline', 'description', 'isolatedFor', 'name', 'spec']);
  });
  it('is hashed as it is sent', () => {
    const view = aView();
    for (const { desired } of planNamespace(view).names) assert.equal(hashedSpec(desired?.spec.spec ?? assert.fail()).hash, desired?.spec.hash);
    assert.deepEqual(afterAll(view, planNamespace(view).writes).policies.get('default-deny')?.templateHash, specHash(view));
  });
  it('is told in a few words', () => assert.equal(said(planNamespace(aView()).writes[0] ?? assert.fail()), 'Create allow-dns (Missing)'));
});

function specHash(view: ReturnType<typeof aView>): string {
  return hashedSpec(specOf(planNamespace(view), 'default-deny') ?? assert.fail()).hash;
}
