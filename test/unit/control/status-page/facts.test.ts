/** What the status page says of a namespace comes from its plan and from what is really isolated; what is not known is not said. */
import assert from 'node:assert/strict';
import type { NamespaceRollUp } from '../../../../src/control/isolation/roll-up.ts';
import { createNamespaceMemories, policyMemory, type NamespaceMemory } from '../../../../src/control/namespace-memory.ts';
import { detailOf } from '../../../../src/control/status-page/detail.ts';
import { directionFacts, factsOf } from '../../../../src/control/status-page/facts.ts';
import type { Coverage } from '../../../../src/plan/coverage.ts';
import { planNamespace } from '../../../../src/plan/plan.ts';
import { reportOn } from '../../../../src/plan/report.ts';
import { NO_FACTS } from '../../../../src/plan/verdict.ts';
import type { NamespaceView } from '../../../../src/plan/view.ts';
import { aBaseline, aDeny, aGenerated, aNamespace, aPolicy, aTemplate, aView, NOW_MS } from '../../../support/build.ts';

type Class = NamespaceRollUp['classes']['Ingress'];
const DEFEAT = 'open to everybody (allow-all) through NetworkPolicy allow-all (rule 0)';

function rollUp(name: Class, { defeat, unknownBy }: { defeat?: string; unknownBy?: string } = {}): NamespaceRollUp {
  const effect = { isolated: name === 'restricted' || name === 'closed', defeat, unknownBy };
  return { classes: { Ingress: name, Egress: name }, effect: { Ingress: effect, Egress: effect } };
}

function memoryOf(view: NamespaceView): NamespaceMemory {
  const memory = createNamespaceMemories().of(view.namespace.name, view.namespace.uid);
  memory.report = reportOn(view, planNamespace(view), NO_FACTS);
  return memory;
}

const facts = (view: NamespaceView, known?: NamespaceRollUp) => factsOf(view.namespace.name, memoryOf(view), known, 0);
const detail = (view: NamespaceView, change: (memory: NamespaceMemory) => void = () => undefined) => {
  const memory = memoryOf(view);
  change(memory);
  return detailOf({ view, memory, rollUp: undefined, nowMs: 0 });
};
const remarks = (view: NamespaceView, change?: (memory: NamespaceMemory) => void): string[] =>
  (detail(view, change)?.policies ?? []).map(({ name, baseline = '-', note }) => `${name} ${baseline} ${note}`.trim());

describe('a direction on the status page', () => {
  const cases: readonly [Coverage, NamespaceRollUp | undefined, string, RegExp | undefined][] = [
    ['protected', rollUp('restricted'), 'isolated', undefined],
    ['protected', rollUp('allow-all', { defeat: DEFEAT }), 'overridden', /^A default-deny is in place, but ingress is open to everybody \(allow-all\) through NetworkPolicy allow-all/],
    ['protected', rollUp('allow-all'), 'open', /policies of the baselines themselves/],
    ['protected', rollUp('unknown', { unknownBy: 'CiliumNetworkPolicy a' }), 'unknown', /CiliumNetworkPolicy a/],
    ['protected', undefined, 'protected', undefined],
    ['unprotected', undefined, 'unprotected', undefined],
    ['unprotected', rollUp('open'), 'open', undefined],
    ['unprotected', rollUp('closed'), 'isolated', /no baseline generates/],
    ['unprotected', rollUp('allow-all', { defeat: DEFEAT }), 'open', /No baseline denies here, and it is open to everybody/],
    ['audited', undefined, 'audited', undefined],
    ['audited', rollUp('open'), 'audited', undefined],
    ['audited', rollUp('restricted'), 'isolated', /no baseline generates/],
    ['exempt', rollUp('closed'), 'exempt', undefined],
    ['excluded', rollUp('open'), 'excluded', undefined],
  ];
  for (const [coverage, known, glance, why] of cases) {
    it(`${coverage}, ${known?.classes.Ingress ?? 'not known'}${known?.effect.Ingress.defeat === undefined ? '' : ', defeated'}: ${glance}`, () => {
      const found = directionFacts('Ingress', coverage, known);
      assert.deepEqual([found.glance, found.denied, found.class], [glance, coverage === 'protected', known?.classes.Ingress]);
      if (why === undefined) assert.equal(found.why, undefined);
      else assert.match(found.why ?? '', why);
    });
  }
});

describe('a namespace on the status page', () => {
  const baselines = [aBaseline('a', { priority: 2, ownerKey: 'team' }), aBaseline('b', { priority: 1, namespaceSelector: { matchLabels: { x: 'y' } } })];

  it('has a state for each baseline, by precedence, with its reason and what it enforces', () => {
    const found = facts(aView({ namespace: aNamespace('team-a', { labels: { team: 'web' } }), baselines, policies: [aDeny('a')] }));
    assert.deepEqual(found?.baselines?.map(({ baseline, state, reason, enforced }) => [baseline, state, reason, enforced.join()]), [['a', 'pending', 'Missing', 'Ingress,Egress'], ['b', 'unselected', 'NotSelected', '']]);
    assert.equal(found?.owner, 'web');
    assert.deepEqual([found?.attention?.tone, found?.attention?.reason], ['warn', 'Missing']);
  });

  it('needs attention where it is overridden, with the words of the status', () => {
    const found = facts(aView({ baselines: [aBaseline('a', { dns: { enabled: false } })], policies: [aDeny('a')] }), rollUp('allow-all', { defeat: DEFEAT }));
    assert.deepEqual(found?.attention && [found.attention.tone, found.attention.reason, found.attention.message], ['bad', 'Overridden', `ingress is ${DEFEAT}; egress is ${DEFEAT}`]);
  });

  it('has none of this on its way out, or before it was planned', () => {
    assert.equal(facts(aView({ namespace: aNamespace('team-a', { terminating: true }) })), undefined);
    assert.equal(factsOf('x', createNamespaceMemories().of('x', 'u'), undefined, 0), undefined);
  });
});

describe('the policies of a namespace on the status page', () => {
  const template = aTemplate('web');
  const deny = aDeny('default');

  it('are those that are planned, with what is wrong about them, then what else is ours, then the rest', () => {
    const view = aView({
      baselines: [aBaseline('default', { policies: [template] })], deleted: ['web'],
      policies: [deny, aPolicy('theirs'), aPolicy('also-theirs'), aGenerated('default', 'gone', deny.spec ?? assert.fail()), aGenerated('other', 'kept', deny.spec ?? assert.fail())],
    });
    assert.deepEqual(remarks(view), [
      'allow-dns default not there yet', 'default-deny default as planned', 'web default somebody deleted it',
      'gone default not planned any more, still there: TemplateRemoved', 'kept other kept, its baseline is gone', 'also-theirs -', 'theirs -',
    ]);
  });

  it('say who edited what, and what the API server refuses', () => {
    const edited = aDeny('default', undefined, { spec: { ingress: [{}] } });
    assert.match(remarks(aView({ policies: [edited] })).join('\n'), /default-deny default edited: .*ingress/);
    assert.match(remarks(aView({ baselines: [aBaseline('default', { driftPolicy: 'Warn' })], policies: [edited] })).join('\n'), /left so \(driftPolicy: Warn\)/);
    assert.match(remarks(aView({ policies: [aPolicy('default-deny')] })).join('\n'), /default-deny default has a planned name and is not ours/);
    const refused = remarks(aView(), (memory) => { policyMemory(memory, 'default-deny').refusal = { reason: 'QuotaExceeded', message: 'no <room>', generation: 1 }; });
    assert.match(refused.join('\n'), /default-deny default default-deny: a ResourceQuota leaves no room for it, raise that: no <room>/);
  });

  it('are bounded, and say how many there are', () => {
    const many = Array.from({ length: 1000 }, (_, index) => aPolicy(`p-${String(index).padStart(4, '0')}`));
    const found = detail(aView({ policies: many }));
    assert.equal(found?.policies.length, 200);
    assert.equal(found.policies[0]?.name, 'allow-dns');
    assert.deepEqual(found.figures, [['Policies', '1002, of which 200 are shown']]);
  });

  it('come with every exemption that is about the namespace, ended or not', () => {
    const exemptions = [{ namespace: 'team-a', directions: ['Egress' as const], reason: 'ticket' }, { namespaceSelector: { matchLabels: { x: 'y' } }, reason: 'old', expiresAt: '2026-01-01T00:00:00Z' }, { namespace: 'another', reason: 'no' }];
    const found = detail(aView({ namespace: aNamespace('team-a', { labels: { x: 'y' } }), baselines: [aBaseline('default', { exemptions })] }));
    assert.deepEqual(found?.exemptions.map(({ reason, directions, expiresAtMs }) => [reason, directions.join(), expiresAtMs !== undefined && expiresAtMs < NOW_MS]), [['ticket', 'Egress', false], ['old', 'Ingress,Egress', true]]);
    assert.deepEqual([found.directions.Egress.glance, found.directions.Egress.why], ['exempt', 'ticket']);
  });
});
