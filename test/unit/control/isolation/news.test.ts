/** What is told of isolation: by the leader, once, and no more lines than somebody reads. */
import assert from 'node:assert/strict';
import type { NewEvent } from '../../../../src/apply/events.ts';
import type { EffectiveDrift } from '../../../../src/control/isolation/drift.ts';
import { createIsolationNews } from '../../../../src/control/isolation/news.ts';
import { createNamespaceMemories } from '../../../../src/control/namespace-memory.ts';
import type { DirectionEffect, IsolationKnowledge } from '../../../../src/plan/effect.ts';
import { planNamespace } from '../../../../src/plan/plan.ts';
import { reportOn } from '../../../../src/plan/report.ts';
import { NO_FACTS } from '../../../../src/plan/verdict.ts';
import { aBaseline, aGenerated, aNamespace, aView } from '../../../support/build.ts';
import { memoryLogger } from '../../../support/log.ts';
import { defaultDeny } from '../../../../src/plan/templates/default-deny.ts';

const ISOLATED: DirectionEffect = { isolated: true, defeat: undefined, unknownBy: undefined };
const OPEN: DirectionEffect = { isolated: false, defeat: 'open to everybody (allow-all) through NetworkPolicy mine (rule 0)', unknownBy: undefined };

/** The namespaces are protected by baseline b. */
function aScene(...namespaces: string[]) {
  const log = memoryLogger();
  const events: NewEvent[] = [];
  const touched: string[] = [];
  const counted: string[] = [];
  const effects = new Map<string, { Ingress: DirectionEffect; Egress: DirectionEffect }>();
  const memories = createNamespaceMemories();
  const state = { leads: true, knowledge: { kind: 'Known' } as IsolationKnowledge };
  for (const name of namespaces) {
    const baseline = aBaseline('b', { dns: { enabled: false } });
    const view = aView({ namespace: aNamespace(name), baselines: [baseline], policies: [aGenerated('b', 'default-deny', defaultDeny(['Ingress', 'Egress']))] });
    memories.of(name, `uid-${name}`).report = reportOn(view, planNamespace(view), NO_FACTS);
    effects.set(name, { Ingress: ISOLATED, Egress: ISOLATED });
  }
  const news = createIsolationNews({
    log, memories, leads: () => state.leads, touchBaseline: (name) => touched.push(name), countDrift: (...what) => counted.push(what.join(' ')),
    events: { record: (event) => void events.push(event), settled: () => Promise.resolve() },
    now: () => 0,
    tracker: {
      knowledge: () => state.knowledge,
      of: (name) => { const effect = effects.get(name); return state.knowledge.kind === 'Known' && effect !== undefined ? { effect, classes: { Ingress: 'closed', Egress: 'closed' } } : undefined; },
    },
  });
  return { log, events, touched, counted, effects, memories, news, state };
}
const drift = (fields: Partial<EffectiveDrift> = {}): EffectiveDrift => ({
  namespace: 'x', direction: 'Egress', change: 'opened', before: 'restricted', after: 'allow-all', pods: 1, examples: ['a'], cause: { kind: 'policy', text: 'NetworkPolicy x/mine was created', isOurs: false }, ...fields,
});

describe('news of isolation', () => {
  it('drift that opens is a warning, an event and a count; what stays isolated only a line and a count', () => {
    const { log, events, counted, news } = aScene('x');
    news.drifted([drift(), drift({ direction: 'Ingress', before: 'closed', after: 'restricted' }), drift({ change: 'closed', before: 'open', after: 'closed' })]);
    assert.deepEqual(log.lines(), ['warn effective isolation changed', 'info effective isolation changed', 'info effective isolation changed']);
    assert.equal(log.entries[0]?.fields['baseline'], 'b');
    assert.deepEqual(events.map(({ reason, type, regarding }) => [reason, type, regarding.kind, regarding.name]), [['IsolationOpened', 'Warning', 'Namespace', 'x']]);
    assert.equal(events[0]?.note, 'egress of 1 pod is allow-all now, was restricted: NetworkPolicy x/mine was created (a)');
    assert.deepEqual(counted, ['Egress opened policy', 'Ingress opened policy', 'Egress closed policy']);
  });

  it('what is not known any more is neither opened nor closed', () => {
    const { log, events, counted, news } = aScene('x');
    news.drifted([drift({ change: 'unknown', after: 'unknown' }), drift({ change: 'known', before: 'unknown' })]);
    assert.deepEqual([log.lines(), events, counted], [['info effective isolation changed', 'info effective isolation changed'], [], []]);
  });

  it('one cause is at most twenty lines and events, and counted in full', () => {
    const { log, events, counted, news } = aScene();
    news.drifted(Array.from({ length: 500 }, (_, index) => drift({ namespace: `n${index}` })));
    assert.equal(counted.length, 500);
    assert.equal(events.length, 20);
    assert.deepEqual([log.entries.length, log.entries.at(-1)?.message, log.entries.at(-1)?.fields['more']], [21, 'effective isolation changed in more namespaces', 480]);
  });

  it('standbys know, and say nothing', () => {
    const { log, events, counted, news, state, effects } = aScene('x');
    state.leads = false;
    news.drifted([drift()]);
    news.planned('x');
    effects.set('x', { Ingress: OPEN, Egress: ISOLATED });
    news.namespaceChanged('x');
    assert.deepEqual([log.entries, events, counted], [[], [], []]);
  });

  it('an override is told when it comes and when it goes, and the baseline is looked at again', () => {
    const { log, events, touched, news, effects } = aScene('x');
    news.planned('x');
    effects.set('x', { Ingress: ISOLATED, Egress: OPEN });
    news.namespaceChanged('x');
    news.namespaceChanged('x');
    assert.deepEqual(log.lines(), ['warn isolation is overridden']);
    assert.deepEqual(log.entries[0]?.fields, { namespace: 'x', baseline: 'b', through: 'egress is open to everybody (allow-all) through NetworkPolicy mine (rule 0)' });
    assert.deepEqual(events.map(({ reason, note }) => [reason, note]), [['IsolationOverridden', 'egress is open to everybody (allow-all) through NetworkPolicy mine (rule 0), though a default-deny is in place (baseline b)']]);
    assert.ok(touched.includes('b'));
    effects.set('x', { Ingress: ISOLATED, Egress: ISOLATED });
    news.namespaceChanged('x');
    assert.deepEqual(log.lines().slice(1), ['info isolation is not overridden any more']);
  });

  it('one policy that overrides many namespaces is twenty lines and events a minute, for all of them', () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    const { log, events, news, effects } = aScene(...names);
    for (const name of names) news.planned(name);
    for (const name of names) {
      effects.set(name, { Ingress: ISOLATED, Egress: OPEN });
      news.namespaceChanged(name);
    }
    assert.deepEqual([log.lines().filter((line) => line === 'warn isolation is overridden').length, events.length], [20, 20]);
  });

  it('one that was there at the start, or before it was known, is no news', () => {
    const { log, events, news, effects, state } = aScene('x');
    effects.set('x', { Ingress: OPEN, Egress: OPEN });
    news.planned('x');
    assert.deepEqual([log.entries, events], [[], []]);
    state.knowledge = { kind: 'Unknown', why: 'pods: 403' };
    news.knowledgeChanged(state.knowledge);
    state.knowledge = { kind: 'Unknown', why: 'pods: 403; customresourcedefinitions: 403' };
    news.knowledgeChanged(state.knowledge);
    effects.set('x', { Ingress: ISOLATED, Egress: OPEN });
    news.namespaceChanged('x');
    state.knowledge = { kind: 'Known' };
    news.knowledgeChanged(state.knowledge);
    assert.deepEqual([log.lines(), events], [['warn isolation is not known', 'info isolation is not known', 'info isolation is known'], []], 'one warning');
  });

  it('a default-deny that comes to a namespace which is open: its override is news', () => {
    const { events, news, effects, memories } = aScene('x');
    effects.set('x', { Ingress: OPEN, Egress: ISOLATED });
    const memory = memories.get('x');
    const report = memory?.report;
    assert.ok(memory !== undefined && report !== undefined);
    memory.report = { ...report, coverage: { Ingress: 'unprotected', Egress: 'unprotected' } };
    news.planned('x');
    memory.report = report;
    news.planned('x');
    assert.deepEqual(events.map(({ reason }) => reason), ['IsolationOverridden']);
  });

  it('whose status may be another one: the baselines that enforce something there', () => {
    const { touched, news } = aScene('x');
    news.namespaceChanged('x');
    news.namespaceChanged('nobody knows it');
    assert.deepEqual(touched, ['b']);
  });
});
