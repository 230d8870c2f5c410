/** Section 4: coverage over all baselines, every namespace that is not terminating exactly once per direction. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DIRECTIONS, type Direction } from '../../../src/api/network-policy.ts';
import { COVERAGES, type Coverage } from '../../../src/plan/coverage.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { reportOn } from '../../../src/plan/report.ts';
import { defaultDeny } from '../../../src/plan/templates/default-deny.ts';
import { NO_FACTS } from '../../../src/plan/verdict.ts';
import type { NamespaceView } from '../../../src/plan/view.ts';
import { aBaseline, aDeny, aNamespace, aPolicy, aView, type SpecFields } from '../../support/build.ts';
import { someView } from '../../support/random-views.ts';

const coverage = (view: NamespaceView) => reportOn(view, planNamespace(view), NO_FACTS).coverage;
const of = (view: NamespaceView, direction: Direction = 'Ingress'): Coverage | undefined => coverage(view)?.[direction];
const exempt = (fields: object = {}): SpecFields => ({ exemptions: [{ namespace: 'team-a', reason: 'r', ...fields }] });
const AUDIT: SpecFields = { ingress: { mode: 'Audit' }, egress: { mode: 'Audit' } };
const OFF: SpecFields = { ingress: { mode: 'Disabled' }, egress: { mode: 'Disabled' } };

describe('section 4: coverage, first of excluded, protected, exempt, audited, else unprotected', () => {
  const cases: readonly [string, Coverage | undefined, NamespaceView][] = [
    ['terminating: not counted', undefined, aView({ namespace: aNamespace('team-a', { terminating: true }), policies: [aDeny('a')] })],
    ['a system namespace', 'excluded', aView({ namespace: aNamespace('kube-system'), baselines: [] })],
    ['a system namespace that holds our default-deny still', 'excluded', aView({ system: ['team-a'], policies: [aDeny('default')] })],
    ['excluded by name, by the only baseline', 'excluded', aView({ baselines: [aBaseline('a', { excludedNamespaces: ['team-a'] })] })],
    ['excluded by one, selected by another', 'unprotected', aView({ baselines: [aBaseline('a', { excludedNamespaces: ['team-a'] }), aBaseline('b')] })],
    ['default-deny in place', 'protected', aView({ policies: [aDeny('default')] })],
    ['in place for another baseline than the one that exempts', 'protected', aView({ baselines: [aBaseline('a', exempt()), aBaseline('b')], policies: [aDeny('b')] })],
    ['left over in an exempt namespace: isolated until it is gone', 'protected', aView({ baselines: [aBaseline('a', exempt())], policies: [aDeny('a')] })],
    ['retained from a baseline that is gone', 'protected', aView({ baselines: [], policies: [aDeny('gone')] })],
    ['somebody else’s, equal in meaning', 'protected', aView({ policies: [aPolicy('default-deny', { spec: defaultDeny(DIRECTIONS) })] })],
    ['somebody else’s, equal, while paused', 'protected', aView({ baselines: [aBaseline('a', { paused: true })], policies: [aPolicy('default-deny', { spec: defaultDeny(DIRECTIONS) })] })],
    ['somebody else’s, different', 'unprotected', aView({ policies: [aPolicy('default-deny', { spec: { ingress: [{}] } })] })],
    ['somebody else’s, equal, where no baseline plans it', 'unprotected', aView({ baselines: [], policies: [aPolicy('default-deny', { spec: defaultDeny(DIRECTIONS) })] })],
    ['opened by a rule', 'unprotected', aView({ policies: [aDeny('default', undefined, { spec: { ingress: [{}] } })] })],
    ['for some pods only', 'unprotected', aView({ policies: [aDeny('default', undefined, { spec: { podSelector: { matchLabels: { a: 'b' } } } })] })],
    ['for the other direction', 'unprotected', aView({ policies: [aDeny('default', ['Egress'])] })],
    ['label edited, and closed all the same', 'protected', aView({ policies: [aDeny('default', undefined, { labels: {} })] })],
    ['exempt before audited', 'exempt', aView({ baselines: [aBaseline('a', exempt()), aBaseline('b', AUDIT)] })],
    ['exempt from an audit', 'exempt', aView({ baselines: [aBaseline('a', { ...AUDIT, ...exempt() })] })],
    ['an exemption of the other direction', 'unprotected', aView({ baselines: [aBaseline('a', exempt({ directions: ['Egress'] }))] })],
    ['an exemption that has expired', 'unprotected', aView({ baselines: [aBaseline('a', exempt({ expiresAt: '2026-01-01T00:00:00Z' }))] })],
    ['an exemption from nothing', 'unprotected', aView({ baselines: [aBaseline('a', { ...OFF, ...exempt() })] })],
    ['an exemption of a baseline on its way out', 'unprotected', aView({ baselines: [aBaseline('a', exempt(), { deleting: true })] })],
    ['audited', 'audited', aView({ baselines: [aBaseline('a', AUDIT)] })],
    ['audited by one, enforced by another, not there yet', 'audited', aView({ baselines: [aBaseline('a', AUDIT), aBaseline('b')] })],
    ['disabled', 'unprotected', aView({ baselines: [aBaseline('a', OFF)] })],
    ['not there yet', 'unprotected', aView()],
    ['selected by none', 'unprotected', aView({ baselines: [aBaseline('a', { namespaceSelector: { matchLabels: { a: 'b' } } })] })],
    ['no baseline', 'unprotected', aView({ baselines: [] })],
  ];
  for (const [what, expected, view] of cases) it(`${what}: ${expected ?? 'no row'}`, () => assert.equal(of(view), expected));

  it('each direction by itself', () => {
    const view = aView({ baselines: [aBaseline('a', { egress: { mode: 'Audit' } })], policies: [aDeny('a', ['Ingress'])] });
    assert.deepEqual(coverage(view), { Ingress: 'protected', Egress: 'audited' });
  });
  it('every namespace that is not terminating has exactly one word per direction', () => {
    fc.assert(fc.property(someView(), (view) => {
      const found = coverage(view);
      if (view.namespace.terminating) return assert.equal(found, undefined);
      for (const direction of DIRECTIONS) assert.ok(COVERAGES.includes(found?.[direction] ?? assert.fail()));
    }));
  });
});
