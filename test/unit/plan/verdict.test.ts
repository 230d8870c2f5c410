/** Section 4: states are exclusive per baseline, and the first that applies counts. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CompiledBaseline } from '../../../src/plan/compile.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { reportOn } from '../../../src/plan/report.ts';
import { NO_FACTS, severity, STATES, type NamespaceFacts, type State } from '../../../src/plan/verdict.ts';
import type { NamespaceView } from '../../../src/plan/view.ts';
import { aBaseline, aDeny, aGenerated, aNamespace, aPolicy, aTemplate, aView, stateOf, verdictOf, type SpecFields, type ViewFields } from '../../support/build.ts';
import { settled } from '../../support/namespace-model.ts';

const X = aTemplate('x').networkPolicy;
const SPEC: SpecFields = { dns: { enabled: false }, policies: [aTemplate('x'), aTemplate('y')] };
const refused = (...names: string[]): NamespaceFacts => ({ ...NO_FACTS, refused: new Map(names.map((name) => [name, { reason: 'Forbidden', message: 'may not' } as const])) });
const contended = (...names: string[]): NamespaceFacts => ({ ...NO_FACTS, contended: new Set(names) });

describe('section 4: the state of a namespace, first that applies', () => {
  const edited = aGenerated('a', 'x', X, { spec: { ingress: [{}] } });
  const foreign = aPolicy('y');
  const everything = { policies: [edited, foreign] };
  const cases: readonly [string, State, SpecFields, ViewFields, NamespaceFacts][] = [
    ['terminating before anything else', 'terminating', { ...SPEC, excludedNamespaces: ['team-a'] }, { ...everything, namespace: aNamespace('team-a', { terminating: true }) }, refused('x')],
    ['excluded before unselected', 'excluded', { ...SPEC, excludedNamespaces: ['team-a'], namespaceSelector: { matchLabels: { a: 'b' } } }, everything, refused('x')],
    ['excluded as a system namespace', 'excluded', SPEC, { ...everything, system: ['team-a'] }, NO_FACTS],
    ['unselected before exempt', 'unselected', { ...SPEC, namespaceSelector: { matchLabels: { a: 'b' } }, exemptions: [{ namespace: 'team-a', reason: 'r' }] }, everything, NO_FACTS],
    ['exempt before audited', 'exempt', { ...SPEC, egress: { mode: 'Audit' }, exemptions: [{ namespace: 'team-a', reason: 'r' }] }, everything, refused('x')],
    ['exempt only if every enforced direction is', 'pending', { exemptions: [{ namespace: 'team-a', reason: 'r', directions: ['Egress'] }] }, {}, NO_FACTS],
    ['exempt where the direction that is left only audits', 'exempt', { ...SPEC, egress: { mode: 'Audit' }, exemptions: [{ namespace: 'team-a', reason: 'r', directions: ['Ingress'] }] }, {}, NO_FACTS],
    ['audited: nothing is enforced, so that an exemption has nothing to take away', 'audited', { ingress: { mode: 'Audit' }, egress: { mode: 'Audit' }, exemptions: [{ namespace: 'team-a', reason: 'r' }] }, everything, NO_FACTS],
    ['audited also where both are disabled', 'audited', { ingress: { mode: 'Disabled' }, egress: { mode: 'Disabled' } }, {}, NO_FACTS],
    ['failed before conflicted', 'failed', SPEC, everything, refused('default-deny')],
    ['conflicted before drifted', 'conflicted', SPEC, everything, NO_FACTS],
    ['drifted before pending', 'drifted', SPEC, { policies: [edited] }, NO_FACTS],
    ['pending: not there yet', 'pending', SPEC, { policies: [aGenerated('a', 'x', X)] }, NO_FACTS],
    ['contended counts as drifted', 'drifted', SPEC, { policies: [aGenerated('a', 'x', X)] }, contended('y')],
    ['contended does not hide a conflict', 'conflicted', SPEC, everything, contended('x', 'y')],
  ];
  for (const [what, state, spec, fields, facts] of cases) {
    it(`${what}: ${state}`, () => assert.equal(verdictOf(aView({ baselines: [aBaseline('a', spec)], ...fields }), 'a', facts).state, state));
  }
  it('protected: everything is in place', () => assert.equal(stateOf(settled(aView({ baselines: [aBaseline('a', SPEC)] })), 'a'), 'protected InPlace'));
  it('protected, although somebody is remembered to have fought for it', () => {
    assert.equal(stateOf(settled(aView({ baselines: [aBaseline('a', SPEC)] })), 'a', contended('x')), 'protected InPlace');
  });
});

describe('section 4: reasons', () => {
  const view = aView({ baselines: [aBaseline('a', SPEC)], policies: [aGenerated('a', 'x', X, { spec: { ingress: [{}] } })] });
  const cases: readonly [string, NamespaceView, NamespaceFacts, string, RegExp][] = [
    ['a refusal, with what the API server said', view, refused('x'), 'failed Forbidden', /^x: the operator may not write here, apply config\/rbac again: may not$/],
    ['drift, field by field', view, NO_FACTS, 'drifted Modified', /^x: spec\.ingress is \[\{\}\], should be/],
    ['a fight, and where to look', view, contended('x'), 'drifted Contended', /^x: somebody undoes every repair/],
    ['a foreign policy, and what can be done', aView({ baselines: [aBaseline('a', SPEC)], policies: [aPolicy('y')] }), NO_FACTS, 'conflicted ForeignPolicy', /^y exists and is not ours; .*adoptionPolicy: Adopt/],
    ['missing', aView({ baselines: [aBaseline('a')] }), NO_FACTS, 'pending Missing', /^allow-dns is not there yet$/],
    ['deleted', aView({ baselines: [aBaseline('a')], deleted: ['allow-dns'] }), NO_FACTS, 'drifted Deleted', /^allow-dns was deleted$/],
    ['an adoption under way', aView({ baselines: [aBaseline('a', { ...SPEC, policies: [], adoptionPolicy: 'Adopt' })], policies: [aPolicy('default-deny')] }), NO_FACTS, 'pending Adopted', /^default-deny is not up to date yet$/],
    ['an exemption', aView({ baselines: [aBaseline('a', { exemptions: [{ namespace: 'team-a', reason: 'NET-12' }] })] }), NO_FACTS, 'exempt Exempt', /^NET-12$/],
    ['a bad template', aView({ baselines: [aBaseline('a', { policies: [aTemplate('x', { podSelector: { matchLabels: { 'a b': '' } } })] })] }), NO_FACTS, 'failed InvalidTemplate', /^x: podSelector: label key/],
  ];
  for (const [what, present, facts, state, message] of cases) {
    it(what, () => {
      assert.equal(stateOf(present, 'a', facts), state);
      assert.match(verdictOf(present, 'a', facts).message, message);
    });
  }
  it('a superseded claim is conflicted, whatever becomes of the winner’s write', () => {
    const x = (port: number) => ({ dns: { enabled: false }, policies: [aTemplate('x', { ingress: [{ from: [{ podSelector: {} }], ports: [{ port }] }] })] });
    const two = aView({ baselines: [aBaseline('a', x(1)), aBaseline('b', x(2))] });
    assert.deepEqual([stateOf(two, 'a', refused('x')), stateOf(two, 'b', refused('x'))], ['failed Forbidden', 'conflicted Superseded']);
    const bad = aView({ baselines: [aBaseline('a', { ...x(1), policies: [aTemplate('x', { podSelector: { matchLabels: { 'a b': '' } } })] }), aBaseline('b', x(2))] });
    assert.deepEqual([stateOf(bad, 'a'), stateOf(bad, 'b')], ['failed InvalidTemplate', 'conflicted Superseded']);
  });
  it('says whose template stands in the way, or whose last good policy, and what can be done', () => {
    const INGRESS = { egress: { mode: 'Disabled' } } as const;
    const message = (...baselines: ReturnType<typeof aBaseline>[]): string => verdictOf(aView({ baselines, policies: [aGenerated('b', 'x', aTemplate('x').networkPolicy), aDeny('a', ['Ingress'])] }), 'a').message;
    const bad = { matchLabels: { 'a b': '' } };
    const changed = aTemplate('x', { ingress: [] });
    assert.match(message(aBaseline('a', { ...INGRESS, policies: [changed] }), aBaseline('b', { namespaceSelector: bad, policies: [aTemplate('x')] })), /^x: it was written for baseline b and stays as it is while the spec of that one cannot be used/);
    const winner = aBaseline('b', { ...INGRESS, priority: 1, policies: [aTemplate('x', { ingress: [] }, { namespaceSelector: bad })] });
    assert.match(message(aBaseline('a', { ...INGRESS, policies: [changed] }), winner), /^x: baseline b has precedence, and its template cannot be used: namespaceSelector: label key/);
    const first = aBaseline('b', { ...INGRESS, priority: 1, policies: [aTemplate('x')] });
    assert.match(message(aBaseline('a', { ...INGRESS, policies: [changed] }), first), /has precedence; rename one, or raise spec\.priority$/);
  });
  it('the loser with an equal spec shares what becomes of the policy', () => {
    const two = aView({ baselines: [aBaseline('a', SPEC), aBaseline('b', SPEC)] });
    assert.deepEqual([stateOf(two, 'a', refused('x')), stateOf(two, 'b', refused('x'))], ['failed Forbidden', 'failed Forbidden']);
  });
  it('what default-deny still isolates for another baseline, held or about to go, is no trouble of one that has what it asks for', () => {
    const away = aBaseline('a', { dns: { enabled: false }, namespaceSelector: { matchLabels: { a: 'b' } } });
    const staying = aBaseline('b', { dns: { enabled: false }, egress: { mode: 'Disabled' } });
    const kept = aDeny('b', ['Ingress', 'Egress'], { isolatedFor: 'Egress=a' });
    const held = aView({ baselines: [away, staying], policies: [kept] });
    assert.deepEqual([stateOf(held, 'b'), stateOf(held, 'b', refused('default-deny'))], ['protected InPlace', 'failed Forbidden']);
    const labelled = aView({ baselines: [away, staying], policies: [aDeny('a', ['Ingress', 'Egress'], { isolatedFor: 'Ingress=b' })] });
    assert.equal(stateOf(labelled, 'b'), 'pending Outdated', 'its own label is not there yet');
    const own = aBaseline('b', { dns: { enabled: false }, exemptions: [{ namespace: 'team-a', directions: ['Egress'], reason: 'r' }] });
    assert.equal(stateOf(aView({ baselines: [own], policies: [aDeny('b')] }), 'b'), 'pending Outdated', 'its own direction is to go');
  });
  it('a claim of one baseline is no trouble of another', () => {
    const two = aView({ baselines: [aBaseline('a', SPEC), aBaseline('b', { ...SPEC, policies: [] })], policies: [aDeny('a')] });
    assert.deepEqual([stateOf(two, 'a', refused('x')), stateOf(two, 'b', refused('x'))], ['failed Forbidden', 'protected InPlace']);
  });
  it('severity follows the order of the states', () => {
    assert.deepEqual([...STATES].sort((a, b) => severity({ state: a }) - severity({ state: b })), STATES);
  });
});

describe('section 4: the report of a namespace', () => {
  const report = (view: NamespaceView, facts = NO_FACTS) => reportOn(view, planNamespace(view), facts);
  const attention = (view: NamespaceView, facts = NO_FACTS): string | undefined => {
    const found = report(view, facts).attention;
    return found === undefined ? undefined : `${found.state} ${found.reason}`;
  };
  const done = (...baselines: CompiledBaseline[]): NamespaceView => settled(aView({ baselines }));
  const cases: readonly [string, string | undefined, NamespaceView, NamespaceFacts?][] = [
    ['as it should be', undefined, done(aBaseline('a'))],
    ['audited on purpose', undefined, done(aBaseline('a', { ingress: { mode: 'Audit' }, egress: { mode: 'Audit' } }))],
    ['exempt on purpose', undefined, done(aBaseline('a', { exemptions: [{ namespace: 'team-a', reason: 'r' }] }))],
    ['a direction that is disabled on purpose', undefined, done(aBaseline('a', { egress: { mode: 'Disabled' } }))],
    ['excluded by name', undefined, done(aBaseline('a', { excludedNamespaces: ['team-a'] }))],
    ['a system namespace', undefined, aView({ namespace: aNamespace('kube-system') })],
    ['terminating', undefined, aView({ namespace: aNamespace('team-a', { terminating: true }) })],
    ['no baseline at all', undefined, aView({ baselines: [] })],
    ['selected by none', 'unselected Unprotected', done(aBaseline('a', { namespaceSelector: { matchLabels: { a: 'b' } } }))],
    ['pending', 'pending Missing', aView()],
    ['the worst over all baselines', 'failed Forbidden', aView({ baselines: [aBaseline('a'), aBaseline('b', SPEC)] }), refused('x')],
    ['left over', 'excluded Leftover', aView({ baselines: [aBaseline('a', { excludedNamespaces: ['team-a'] })], policies: [aDeny('a')] })],
    ['an exemption that another baseline overrides', 'exempt ExemptionOverridden', done(aBaseline('a', { exemptions: [{ namespace: 'team-a', reason: 'r' }] }), aBaseline('b'))],
  ];
  for (const [what, expected, view, facts] of cases) it(`attention, ${what}: ${expected ?? 'none'}`, () => assert.equal(attention(view, facts), expected));

  it('every baseline has exactly one verdict', () => {
    const { verdicts } = report(aView({ baselines: [aBaseline('a'), aBaseline('b', { excludedNamespaces: ['team-a'] }), aBaseline('c', {}, { deleting: true })] }));
    assert.deepEqual([...verdicts].map(([name, { state }]) => `${name} ${state}`).sort(), ['a pending', 'b excluded', 'c audited']);
  });
  it('the owner is what the baseline of highest precedence finds in labels, then annotations', () => {
    const owner = (fields: Parameters<typeof aNamespace>[1], ...keys: string[]) =>
      report(aView({ namespace: aNamespace('team-a', fields), baselines: keys.map((ownerKey, index) => aBaseline(`b${index}`, { ownerKey })) })).owner;
    assert.equal(owner({ labels: { team: 'x' }, annotations: { team: 'y' } }, 'team'), 'x');
    assert.equal(owner({ annotations: { team: 'y' } }, 'team'), 'y');
    assert.equal(owner({ labels: { team: 'x' } }, '', 'other', 'team'), 'x');
    assert.equal(owner({ labels: { team: 'x' } }, ''), '');
    assert.equal(owner({}, 'constructor'), '');
  });
  it('contended names are sorted, whatever order they were found in', () => {
    fc.assert(fc.property(fc.shuffledSubarray(['a', 'b', 'c', 'd']), (names) => assert.deepEqual(report(aView(), contended(...names)).contended, [...names].sort())));
  });
});
