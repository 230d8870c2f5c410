/** Rules 8, 9 and 10: policies that are no longer planned: leftovers, retained ones, Retain and Delete, paused. */
import assert from 'node:assert/strict';
import { compileBaseline, type CompiledBaseline } from '../../../src/plan/compile.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { reportOn } from '../../../src/plan/report.ts';
import { NO_FACTS } from '../../../src/plan/verdict.ts';
import type { NamespaceView } from '../../../src/plan/view.ts';
import { aBaseline, aDeny, aGenerated, aNamespace, aPolicy, aRecord, aTemplate, aView, said, stateOf, writesOf, type SpecFields } from '../../support/build.ts';
import { settled } from '../../support/namespace-model.ts';

const POLICIES: SpecFields = { policies: [aTemplate('x'), aTemplate('web', {}, { namespaceSelector: { matchLabels: { tier: 'web' } } })] };
const web = aNamespace('team-a', { labels: { tier: 'web' } });
const held = settled(aView({ namespace: web, baselines: [aBaseline('a', POLICIES)] }));
const under = (...baselines: CompiledBaseline[]): NamespaceView => ({ ...held, cluster: aView({ baselines }).cluster });
const leftovers = (view: NamespaceView): string[] => planNamespace(view).leftovers.map(({ policy, reason, removable }) => `${policy.name} ${reason}${removable ? '' : ' (stays)'}`);
const all = (reason: string): string[] => ['allow-dns', 'default-deny', 'web', 'x'].map((name) => `${name} ${reason}`);

describe('rule 8: leaving scope, by each cause', () => {
  const causes: readonly [string, NamespaceView, string[]][] = [
    ['selector', under(aBaseline('a', { ...POLICIES, namespaceSelector: { matchLabels: { a: 'b' } } })), all('NotSelected')],
    ['exclusion', under(aBaseline('a', { ...POLICIES, excludedNamespaces: ['team-a'] })), all('ExcludedByName')],
    ['exemption', under(aBaseline('a', { ...POLICIES, exemptions: [{ namespace: 'team-a', reason: 'r' }] })), all('Exempt')],
    ['exemption of one direction', under(aBaseline('a', { ...POLICIES, exemptions: [{ namespace: 'team-a', reason: 'r', directions: ['Egress'] }] })), ['allow-dns Exempt']],
    ['a direction', under(aBaseline('a', { ...POLICIES, egress: { mode: 'Audit' } })), ['allow-dns DirectionNotEnforced']],
    ['a template removed', under(aBaseline('a', { policies: [] })), ['web TemplateRemoved', 'x TemplateRemoved']],
    ['a template renamed', under(aBaseline('a', { policies: [aTemplate('y')] })), ['web TemplateRemoved', 'x TemplateRemoved']],
    ['the label that a template selects by', { ...under(aBaseline('a', POLICIES)), namespace: aNamespace('team-a') }, ['web NotSelected']],
    ['the system list', { ...held, cluster: { ...held.cluster, systemNamespaces: new Set(['team-a']) } }, all('SystemNamespace')],
    ['the baseline, Delete', under(aBaseline('a', { ...POLICIES, deletionPolicy: 'Delete' }, { deleting: true })), all('BaselineDeleted')],
  ];
  for (const [what, view, expected] of causes) {
    it(`${what}: leftover with the reason, and removed`, () => {
      assert.deepEqual(leftovers(view), expected);
      assert.deepEqual(planNamespace(view).retained, []);
      assert.deepEqual(planNamespace(view).writes.filter(({ kind }) => kind === 'Remove').map(said).sort(), expected.map((entry) => entry.replace(/^(\S+) (\S+)$/, 'Remove $1 ($2)')).sort());
      assert.deepEqual(leftovers(settled(view)), []);
    });
  }
  it('a template removed where one of its directions is exempt as well: removed is what took both away', () => {
    const both = aTemplate('both', { policyTypes: ['Ingress', 'Egress'] });
    const exemptions = [{ namespace: 'team-a', reason: 'r', directions: ['Egress' as const] }];
    const present = settled(aView({ baselines: [aBaseline('a', { exemptions: [], policies: [both] })] }));
    assert.deepEqual(leftovers({ ...present, cluster: aView({ baselines: [aBaseline('a', { exemptions, policies: [] })] }).cluster }), ['allow-dns Exempt', 'both TemplateRemoved']);
    const auditing = aBaseline('a', { exemptions, policies: [], ingress: { mode: 'Audit' } });
    assert.deepEqual(leftovers({ ...present, cluster: aView({ baselines: [auditing] }).cluster }), ['allow-dns Exempt', 'both Exempt', 'default-deny Exempt']);
  });
  it('what is planned is neither left over nor retained', () => {
    const plan = planNamespace(under(aBaseline('a', POLICIES)));
    assert.deepEqual([plan.leftovers, plan.retained], [[], []]);
  });
  it('only the baseline in the label decides: another one that leaves takes nothing along', () => {
    assert.deepEqual(leftovers(under(aBaseline('a', POLICIES), aBaseline('b', { excludedNamespaces: ['team-a'] }))), []);
  });
  it('a namespace that terminates is left alone', () => {
    const plan = planNamespace({ ...under(aBaseline('a', { excludedNamespaces: ['team-a'] })), namespace: aNamespace('team-a', { terminating: true }) });
    assert.deepEqual([plan.writes, plan.leftovers, plan.retained, plan.names, plan.losses, plan.changesAtMs], [[], [], [], [], [], undefined]);
  });
  it('a policy on its way out already is not deleted again', () => {
    const view = aView({ baselines: [aBaseline('a', { excludedNamespaces: ['team-a'] })], policies: [aDeny('a', undefined, { deleting: true, finalizers: ['a/b'] })] });
    assert.deepEqual([leftovers(view), writesOf(view)], [['default-deny ExcludedByName (stays)'], []]);
  });
});

describe('rule 9: deleting the baseline', () => {
  it('Retain keeps the policies, labelled, while it goes and when it is gone', () => {
    for (const view of [under(aBaseline('a', POLICIES, { deleting: true })), under()]) {
      assert.deepEqual(planNamespace(view).retained, ['allow-dns', 'default-deny', 'web', 'x']);
      assert.deepEqual(writesOf(view), []);
    }
  });
  it('a baseline created later under the same name takes them up without a write', () => {
    assert.deepEqual(writesOf(under(aBaseline('a', POLICIES, { uid: 'later', created: '2026-05-01T00:00:00Z' }))), []);
  });
  it('Delete removes them, deny first', () => {
    assert.deepEqual(writesOf(under(aBaseline('a', { ...POLICIES, deletionPolicy: 'Delete' }, { deleting: true }))),
      ['default-deny', 'allow-dns', 'web', 'x'].map((name) => `Remove ${name} (BaselineDeleted)`));
  });
  it('Delete while not deleting changes nothing', () => assert.deepEqual(writesOf(under(aBaseline('a', { ...POLICIES, deletionPolicy: 'Delete' }))), []));
  it('Delete leaves to another baseline what that one claims', () => {
    const view = under(aBaseline('a', { ...POLICIES, deletionPolicy: 'Delete' }, { deleting: true }), aBaseline('b', { egress: { mode: 'Disabled' } }));
    assert.deepEqual(writesOf(view), ['Update default-deny (Outdated)', 'Remove allow-dns (BaselineDeleted)', 'Remove web (BaselineDeleted)', 'Remove x (BaselineDeleted)']);
    assert.equal(settled(view).policies.get('default-deny')?.own.baseline, 'b');
  });
  it('Delete touches no foreign policy and none of another baseline', () => {
    const view = { ...under(aBaseline('a', { deletionPolicy: 'Delete' }, { deleting: true })), policies: new Map([
      ['theirs', aPolicy('theirs')], ['x', aGenerated('gone', 'x', aTemplate('x').networkPolicy)],
    ]) };
    assert.deepEqual([writesOf(view), planNamespace(view).retained], [[], ['x']]);
  });
  it('a baseline that cannot be read retains, since nobody knows what it would want', () => {
    const view = under(compileBaseline(aRecord('a', { ingress: { mode: 'Off' }, deletionPolicy: 'Delete' }, { deleting: true })));
    assert.deepEqual([writesOf(view), planNamespace(view).retained.length], [[], 4]);
  });
  it('a baseline on its way out enforces nothing any more', () => assert.equal(stateOf(under(aBaseline('a', POLICIES, { deleting: true })), 'a'), 'audited NotEnforced'));
});

describe('rule 10: paused', () => {
  it('nothing leaves: leftovers are shown, and stay', () => {
    const view = under(aBaseline('a', { ...POLICIES, excludedNamespaces: ['team-a'], paused: true }));
    assert.deepEqual([leftovers(view), writesOf(view)], [all('ExcludedByName (stays)'), []]);
  });
  it('also while it is being deleted with Delete: it waits to be unpaused', () => {
    const going = (paused: boolean) => under(aBaseline('a', { ...POLICIES, deletionPolicy: 'Delete', paused }, { deleting: true }));
    assert.deepEqual([leftovers(going(true)), writesOf(going(true))], [all('BaselineDeleted (stays)'), []]);
    assert.equal(writesOf(going(false)).length, 4);
  });
  it('what it retains is retained, paused or not', () => assert.equal(planNamespace(under(aBaseline('a', { ...POLICIES, paused: true }, { deleting: true }))).retained.length, 4));
});

describe('a baseline without a good spec', () => {
  it('loses nothing: its policies are shown, and stay', () => {
    const view = under(compileBaseline(aRecord('a', { ingress: { mode: 'Off' } })));
    assert.deepEqual([leftovers(view), writesOf(view)], [all('BaselineUnreadable (stays)'), []]);
  });
  it('is not reported as leftover anywhere: nobody decided that they should go', () => {
    const view = under(compileBaseline(aRecord('a', { ingress: { mode: 'Off' } })));
    const { leftovers: reported, attention } = reportOn(view, planNamespace(view), NO_FACTS);
    assert.deepEqual([reported, attention], [[], undefined]);
  });
});
