/** Rule 5: what is ours, and what becomes of a policy that is not. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BASELINE_LABEL, FIELD_MANAGER, MANAGED_BY_LABEL, PART_OF_LABEL, PRODUCT, STATUS_FIELD_MANAGER, TEMPLATE_LABEL } from '../../../src/api/names.ts';
import { parsePolicy } from '../../../src/kube/objects.ts';
import { policyInterner } from '../../../src/kube/policy-interner.ts';
import { heldFor } from '../../../src/plan/isolation.ts';
import { isFullyLabelled, isOurReport, isOurs } from '../../../src/plan/ownership.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { defaultDeny } from '../../../src/plan/templates/default-deny.ts';
import { aBaseline, aDeny, aGenerated, aPolicy, aTemplate, aView, aWirePolicy, ourLabels, stateOf, writesOf, type PolicyFields } from '../../support/build.ts';
import { settled } from '../../support/namespace-model.ts';

const NO_DNS = { dns: { enabled: false } };
const DENY = { spec: defaultDeny(['Ingress', 'Egress']) };

describe('rule 5: what is ours', () => {
  const all = ourLabels('a', 'default-deny');
  const without = (key: string) => Object.fromEntries(Object.entries(all).filter(([label]) => label !== key));
  const cases: readonly [string, PolicyFields, { ours: boolean; labelled: boolean }][] = [
    ['all labels', { labels: all }, { ours: true, labelled: true }],
    ['all labels, written by somebody else', { labels: all, managers: ['kubectl', 'argocd'] }, { ours: true, labelled: true }],
    ['without part-of, which says nothing by itself', { labels: without(PART_OF_LABEL) }, { ours: true, labelled: true }],
    ['the managed-by label alone', { labels: { [MANAGED_BY_LABEL]: PRODUCT } }, { ours: false, labelled: false }],
    ['without managed-by', { labels: without(MANAGED_BY_LABEL) }, { ours: false, labelled: false }],
    ['managed by somebody else', { labels: { ...all, [MANAGED_BY_LABEL]: 'Helm' } }, { ours: false, labelled: false }],
    ['without the baseline', { labels: without(BASELINE_LABEL) }, { ours: false, labelled: false }],
    ['without the template', { labels: without(TEMPLATE_LABEL) }, { ours: false, labelled: false }],
    ['all labels, but another template’s', { labels: { ...all, [TEMPLATE_LABEL]: 'allow-dns' } }, { ours: true, labelled: false }],
    ['no labels at all', {}, { ours: false, labelled: false }],
    ['an entry of our field manager', { managers: [FIELD_MANAGER] }, { ours: true, labelled: false }],
    ['an entry of our field manager among others', { managers: ['kubectl', FIELD_MANAGER] }, { ours: true, labelled: false }],
    ['an entry of our manager for status only', { managers: [STATUS_FIELD_MANAGER] }, { ours: false, labelled: false }],
    ['a manager of a similar name', { managers: [`${FIELD_MANAGER}-2`] }, { ours: false, labelled: false }],
    ['labels and our manager', { labels: all, managers: [FIELD_MANAGER] }, { ours: true, labelled: true }],
  ];
  for (const [what, fields, expected] of cases) {
    it(`${what}: ${expected.ours ? 'ours' : 'foreign'}${expected.labelled ? ', may be deleted' : ''}`, () => {
      const policy = aPolicy('default-deny', { ...DENY, ...fields });
      assert.deepEqual({ ours: isOurs(policy), labelled: isFullyLabelled(policy) }, expected);
    });
  }
  it('a uid that was known as ours stays ours, whatever its managedFields say now', () => {
    const policy = parsePolicy(aWirePolicy('default-deny', DENY), policyInterner(), true);
    assert.ok(isOurs(policy));
    assert.ok(!isFullyLabelled(policy));
  });
});

describe('a report of our name', () => {
  const cases: readonly [string, readonly string[] | undefined, boolean][] = [
    ['written by us', [FIELD_MANAGER], true],
    ['written by us and edited', ['kubectl', FIELD_MANAGER], true],
    ['written by somebody else', ['kubectl'], false],
    ['written by a manager of a similar name', [`${FIELD_MANAGER}-2`], false],
    ['of which nobody knows who wrote it', undefined, false],
  ];
  for (const [what, managers, expected] of cases) {
    it(`${what}: ${expected ? 'ours' : 'foreign'}`, () => assert.equal(isOurReport({ metadata: { name: PRODUCT, ...(managers && { managedFields: managers.map((manager) => ({ manager })) }) } }), expected));
  }
});

describe('what a baseline holds', () => {
  const cases: readonly [string, ReturnType<typeof aPolicy>, boolean][] = [
    ['its own policy', aDeny('a'), true],
    ['a direction of another one’s default-deny', aDeny('b', undefined, { isolatedFor: 'Egress=a' }), true],
    ['another one’s policy', aDeny('b', undefined, { isolatedFor: 'Egress=c' }), false],
    ['a policy that has lost its labels', aDeny('a', undefined, { labels: {} }), false],
    ['somebody else’s policy that says so', aPolicy('default-deny', { annotations: { 'netbaseline.io/isolated-for': 'Egress=a' } }), false],
  ];
  for (const [what, policy, expected] of cases) it(`${what}: ${expected ? 'yes' : 'no'}`, () => assert.equal(heldFor(policy).has('a'), expected));
});

describe('rule 5: a foreign policy of a planned name', () => {
  const refuse = aBaseline('a', NO_DNS);
  const adopt = aBaseline('a', { ...NO_DNS, adoptionPolicy: 'Adopt' });
  const different = aPolicy('default-deny', { spec: { policyTypes: ['Ingress'], ingress: [{}] } });
  const equal = aPolicy('default-deny', DENY);

  it('Refuse, equal in meaning: counts as present, never written', () => {
    const view = aView({ baselines: [refuse], policies: [equal] });
    assert.deepEqual(writesOf(view), []);
    assert.equal(stateOf(view, 'a'), 'protected InPlace');
  });
  it('Refuse, equal after the three normalisations', () => {
    const same = aPolicy('default-deny', { spec: { policyTypes: ['Egress', 'Ingress'] } });
    assert.equal(stateOf(aView({ baselines: [refuse], policies: [same] }), 'a'), 'protected InPlace');
  });
  it('Refuse, different: the namespace is conflicted, and the rest is written', () => {
    const view = aView({ baselines: [aBaseline('a')], policies: [different] });
    assert.deepEqual(writesOf(view), ['Create allow-dns (Missing)']);
    assert.equal(stateOf(view, 'a'), 'conflicted ForeignPolicy');
  });
  it('Refuse, with the managed-by label of ours alone: still foreign', () => {
    const labelled = aPolicy('default-deny', { labels: { [MANAGED_BY_LABEL]: PRODUCT }, spec: { ingress: [{}] } });
    assert.deepEqual(writesOf(aView({ baselines: [refuse], policies: [labelled] })), []);
  });
  it('heals once the name is free', () => assert.deepEqual(writesOf(aView({ baselines: [refuse] })), ['Create default-deny (Missing)']));
  for (const [what, policy] of [['equal', equal], ['different', different]] as const) {
    it(`Adopt takes over what is ${what}, in place`, () => {
      const view = aView({ baselines: [adopt], policies: [policy] });
      assert.deepEqual(writesOf(view), ['Update default-deny (Adopted)']);
      const taken = settled(view).policies.get('default-deny');
      assert.equal(taken?.uid, policy.uid);
      assert.ok(taken !== undefined && isFullyLabelled(taken));
      assert.deepEqual(writesOf(settled(view)), []);
    });
  }
  it('Adopt leaves other names alone', () => assert.deepEqual(writesOf(settled(aView({ baselines: [adopt], policies: [aPolicy('theirs'), equal] }))), []));
  it('the winner decides whether it is adopted', () => {
    const x = (spec: object) => ({ ...NO_DNS, policies: [aTemplate('x')], ...spec });
    const view = (winner: object, loser: object) => writesOf(aView({ baselines: [aBaseline('a', x(winner)), aBaseline('b', x(loser))], policies: [aPolicy('x', { spec: { ingress: [{}] } }), aDeny('a')] }));
    assert.deepEqual(view({ adoptionPolicy: 'Adopt' }, {}), ['Update x (Adopted)']);
    assert.deepEqual(view({}, { adoptionPolicy: 'Adopt' }), []);
  });
  it('a paused winner does not decide for default-deny: nothing is changed for it', () => {
    const view = (paused: object, active: object) => writesOf(aView({
      baselines: [aBaseline('a', { ...NO_DNS, ...paused, paused: true }), aBaseline('b', { ...NO_DNS, ...active })], policies: [different],
    }));
    assert.deepEqual(view({ adoptionPolicy: 'Adopt' }, {}), []);
    assert.deepEqual(view({}, { adoptionPolicy: 'Adopt' }), ['Update default-deny (Adopted)']);
  });
});

describe('rule 5: only fully labelled objects of an existing baseline are ever deleted', () => {
  const gone = aBaseline('a', { excludedNamespaces: ['team-a'] });
  it('fully labelled: removed', () => assert.deepEqual(writesOf(aView({ baselines: [gone], policies: [aDeny('a')] })), ['Remove default-deny (ExcludedByName)']));
  for (const [what, fields] of [
    ['a label is gone', { labels: { [MANAGED_BY_LABEL]: PRODUCT, [BASELINE_LABEL]: 'a' } }],
    ['all labels are gone', { labels: {} }],
    ['the template is another name', { labels: ourLabels('a', 'allow-dns') }],
    ['managed by somebody else', { labels: { ...ourLabels('a', 'default-deny'), [MANAGED_BY_LABEL]: 'Helm' } }],
  ] as const) {
    it(`${what}: kept, even though we wrote it`, () => {
      const plan = planNamespace(aView({ baselines: [gone], policies: [aDeny('a', undefined, fields)] }));
      assert.deepEqual([plan.writes, plan.leftovers, plan.retained], [[], [], []]);
    });
  }
  it('of a baseline that is gone: kept and reported as retained', () => {
    const plan = planNamespace(aView({ baselines: [], policies: [aDeny('a'), aGenerated('a', 'x', aTemplate('x').networkPolicy)] }));
    assert.deepEqual([plan.writes, plan.leftovers, plan.retained], [[], [], ['default-deny', 'x']]);
  });
  it('and taken over in place by whichever baseline claims the name', () => {
    const view = aView({ baselines: [aBaseline('b', NO_DNS)], policies: [aDeny('a')] });
    assert.deepEqual(writesOf(view), ['Update default-deny (Outdated)']);
    assert.equal(settled(view).policies.get('default-deny')?.uid, 'uid-default-deny');
    assert.equal(settled(view).policies.get('default-deny')?.own.baseline, 'b');
  });
  it('a baseline created later under the same name takes them up without a write', () => {
    assert.deepEqual(writesOf(aView({ baselines: [aBaseline('a', NO_DNS, { uid: 'another' })], policies: [aDeny('a')] })), []);
  });
});

describe('rule 5: foreign policies of other names', () => {
  it('are never looked at, whatever they are called or hold', () => {
    const name = fc.constantFrom('theirs', 'constructor', 'toString', 'z'.repeat(63));
    const labels = fc.constantFrom({}, { [MANAGED_BY_LABEL]: PRODUCT }, { [BASELINE_LABEL]: 'a' });
    fc.assert(fc.property(name, labels, (theirs, some) => {
      const view = settled(aView({ policies: [aPolicy(theirs, { labels: some })] }));
      assert.deepEqual(view.policies.get(theirs), aPolicy(theirs, { labels: some }));
      assert.equal(planNamespace(view).names.some((planned) => planned.name === theirs), false);
    }));
  });
});
