/** What is told of isolation: by the leader, once, and no more lines than somebody reads. */
import assert from 'node:assert/strict';
import type { NewEvent } from '../../../../src/apply/events.ts';
import type { EffectiveDrift } from '../../../../src/control/isolation/drift.ts';
import { createIsolationNews } from '../../../../src/control/isolation/news.ts';
import { createNamespaceMemories } from '../../../../src/control/namespace-memory.ts';
import type { PolicyRecord } from '../../../../src/kube/objects.ts';
import type { DirectionEffect, IsolationKnowledge } from '../../../../src/plan/effect.ts';
import { planNamespace } from '../../../../src/plan/plan.ts';
import { reportOn } from '../../../../src/plan/report.ts';
import { lastTold, type LastTold } from '../../../../src/plan/last-told.ts';
import { NO_FACTS } from '../../../../src/plan/verdict.ts';
import { aBaseline, aGenerated, aNamespace, aView } from '../../../support/build.ts';
import { manualClock } from '../../../support/clock.ts';
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
  const clock = manualClock();
  const state = { leads: true, knowledge: { kind: 'Known' } as IsolationKnowledge, told: {} as Record<string, LastTold> };
  for (const name of namespaces) {
    const baseline = aBaseline('b', { dns: { enabled: false } });
    const view = aView({ namespace: aNamespace(name), baselines: [baseline], policies: [aGenerated('b', 'default-deny', defaultDeny(['Ingress', 'Egress']))] });
    memories.of(name, `uid-${name}`).report = reportOn(view, planNamespace(view), NO_FACTS);
    effects.set(name, { Ingress: ISOLATED, Egress: ISOLATED });
  }
  const policies = new Map<string, PolicyRecord>();
  const news = createIsolationNews({
    log, memories, policies: { get: (name, namespace) => policies.get(`${namespace}/${name}`) }, leads: () => state.leads, touchBaseline: (name) => touched.push(name), countDrift: (...what) => counted.push(what.join(' ')),
    events: { record: (event) => void events.push(event), settled: () => Promise.resolve() },
    clock, told: (name) => state.told[name],
    tracker: {
      knowledge: () => state.knowledge,
      of: (name) => { const effect = effects.get(name); return state.knowledge.kind === 'Known' && effect !== undefined ? { effect, classes: { Ingress: classOf(effect.Ingress), Egress: classOf(effect.Egress) } } : undefined; },
    },
  });
  const becomes = (name: string, Ingress: DirectionEffect, Egress: DirectionEffect, { byPods = false } = {}): void => {
    effects.set(name, { Ingress, Egress });
    news.namespaceChanged(name, byPods);
  };
  const said = (name: string) => memories.get(name)?.told?.effect;
  return { log, events, touched, counted, effects, memories, policies, news, state, clock, becomes, said };
}
const classOf = ({ isolated }: DirectionEffect) => (isolated ? 'closed' : 'allow-all');
/** What the status of a baseline says before this process leads. */
const statusNaming = (...namespaces: string[]): LastTold =>
  lastTold({ namespaces: { ...NO_COUNTS, overridden: namespaces.length }, worst: namespaces.map((namespace) => ({ namespace, state: 'protected', reason: 'Overridden', message: `${EGRESS_OPEN} (owner: team-x)` })) });
const NO_COUNTS = { selected: 0, protected: 0, audited: 0, pending: 0, drifted: 0, conflicted: 0, failed: 0, exempt: 0 };
const EGRESS_OPEN = 'egress is open to everybody (allow-all) through NetworkPolicy mine (rule 0)';
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

  it('a planned policy that somebody edited is drift and told as such; through another one beside it, it is an override', () => {
    const { log, events, memories, becomes } = aScene('x');
    becomes('x', ISOLATED, ISOLATED);
    const memory = memories.get('x');
    assert.ok(memory?.report);
    memory.report = { ...memory.report, drifted: [{ baseline: 'b', template: 'default-deny' }] };
    const through = (...names: string[]): DirectionEffect => ({ ...OPEN, defeat: `open to everybody (allow-all) through ${names.join(' and ')}`, through: names });
    becomes('x', through('default-deny'), ISOLATED);
    assert.deepEqual([log.lines(), events], [[], []]);
    becomes('x', through('default-deny', 'mine'), ISOLATED);
    assert.deepEqual(log.lines(), ['warn isolation is overridden']);
    becomes('x', ISOLATED, ISOLATED);
    assert.deepEqual(events.map(({ reason }) => reason), ['IsolationOverridden']);
  });

  it('a planned policy that was put right while that was worked out is no override', () => {
    const { log, policies, becomes } = aScene('x');
    becomes('x', ISOLATED, ISOLATED);
    policies.set('x/default-deny', aGenerated('b', 'default-deny', defaultDeny(['Ingress', 'Egress'])));
    becomes('x', { ...OPEN, through: ['default-deny'] }, ISOLATED);
    becomes('x', ISOLATED, ISOLATED);
    assert.deepEqual(log.lines(), []);
  });

  it('one cause is at most twenty lines and events, and counted in full', () => {
    const { log, events, counted, news } = aScene();
    news.drifted(Array.from({ length: 500 }, (_, index) => drift({ namespace: `n${index}` })));
    assert.equal(counted.length, 500);
    assert.equal(events.length, 20);
    assert.deepEqual([log.entries.length, log.entries.at(-1)?.message, log.entries.at(-1)?.fields['more']], [21, 'effective isolation changed in more namespaces', 480]);
  });

  it('one namespace is twenty lines a minute, however often somebody opens and closes it, and counted in full', async () => {
    const { log, counted, news, clock } = aScene();
    for (let turn = 0; turn < 200; turn += 1) news.drifted([turn % 2 === 0 ? drift() : drift({ change: 'closed', before: 'allow-all', after: 'restricted' })]);
    news.drifted([drift({ namespace: 'y' })]);
    assert.deepEqual([counted.length, log.entries.length, log.entries.at(-1)?.fields['namespace']], [201, 21, 'y']);
    await clock.advance(60_000);
    news.drifted([drift()]);
    assert.deepEqual(log.entries.slice(21).map(({ message, fields }) => [message, fields['keys']]), [['effective isolation changed more often in one namespace', 180], ['effective isolation changed', undefined]]);
  });

  it('standbys know, and say nothing', () => {
    const { log, events, counted, news, state, effects } = aScene('x');
    state.leads = false;
    news.drifted([drift()]);
    news.planned('x');
    effects.set('x', { Ingress: OPEN, Egress: ISOLATED });
    news.namespaceChanged('x', false);
    assert.deepEqual([log.entries, events, counted], [[], [], []]);
  });

  it('an override is told when it comes and when it goes, and the baseline is looked at again', () => {
    const { log, events, touched, news, effects } = aScene('x');
    news.planned('x');
    effects.set('x', { Ingress: ISOLATED, Egress: OPEN });
    news.namespaceChanged('x', false);
    news.namespaceChanged('x', false);
    assert.deepEqual(log.lines(), ['warn isolation is overridden']);
    assert.deepEqual(log.entries[0]?.fields, { namespace: 'x', baseline: 'b', through: 'egress is open to everybody (allow-all) through NetworkPolicy mine (rule 0)' });
    assert.deepEqual(events.map(({ reason, note }) => [reason, note]), [['IsolationOverridden', 'egress is open to everybody (allow-all) through NetworkPolicy mine (rule 0), though a default-deny is in place (baseline b)']]);
    assert.ok(touched.includes('b'));
    effects.set('x', { Ingress: ISOLATED, Egress: ISOLATED });
    news.namespaceChanged('x', false);
    assert.deepEqual(log.lines().slice(1), ['info isolation is not overridden any more']);
  });

  it('one policy that overrides many namespaces is twenty lines and events a minute, for all of them', () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    const { log, events, news, effects } = aScene(...names);
    for (const name of names) news.planned(name);
    for (const name of names) {
      effects.set(name, { Ingress: ISOLATED, Egress: OPEN });
      news.namespaceChanged(name, false);
    }
    assert.deepEqual([log.lines().filter((line) => line === 'warn isolation is overridden').length, events.length], [20, 20]);
  });

  describe('what pods open for a moment', () => {
    const byPods = { byPods: true };

    it('is told once, however often they come and go, and is over when none came for ten minutes', async () => {
      const { log, events, touched, news, becomes, clock, said } = aScene('x');
      news.planned('x');
      touched.length = 0;
      for (let minute = 0; minute < 30; minute += 1) {
        becomes('x', ISOLATED, OPEN, byPods);
        await clock.advance(20_000);
        becomes('x', ISOLATED, ISOLATED, byPods);
        await clock.advance(40_000);
      }
      assert.deepEqual([log.lines(), events.length, touched], [['warn isolation is overridden'], 1, ['b']]);
      assert.equal(said('x')?.Egress, OPEN, 'what the status is made of');
      await clock.advance(9 * 60_000);
      assert.equal(said('x')?.Egress, OPEN);
      await clock.advance(2 * 60_000);
      assert.deepEqual([log.lines().slice(1), said('x')?.Egress, touched], [['info isolation is not overridden any more'], ISOLATED, ['b', 'b']]);
      assert.equal(clock.timers, 0);
    });

    it('is over at once when a policy ends it, also after the pods went', () => {
      const { log, news, becomes, said } = aScene('x');
      news.planned('x');
      becomes('x', ISOLATED, OPEN, byPods);
      becomes('x', ISOLATED, ISOLATED, byPods);
      becomes('x', ISOLATED, ISOLATED);
      assert.deepEqual([log.lines().at(-1), said('x')?.Egress], ['info isolation is not overridden any more', ISOLATED]);
    });

    it('does not hide what is worse, or the other direction', () => {
      const { events, news, becomes } = aScene('x');
      news.planned('x');
      becomes('x', ISOLATED, OPEN, byPods);
      becomes('x', ISOLATED, ISOLATED, byPods);
      becomes('x', OPEN, ISOLATED, byPods);
      assert.match(events.at(-1)?.note ?? '', /^ingress is open .*; egress is open /);
    });

    it('is one news where pods that different policies open take turns', () => {
      const { log, news, becomes } = aScene('x');
      const other = { ...OPEN, defeat: 'open to everybody (allow-all) through NetworkPolicy other (rule 0)' };
      news.planned('x');
      for (let turn = 0; turn < 5; turn += 1) for (const open of [OPEN, other]) becomes('x', ISOLATED, open, byPods);
      assert.deepEqual(log.lines(), ['warn isolation is overridden']);
      becomes('x', ISOLATED, other);
      assert.equal(log.lines().length, 2, 'a policy has changed');
    });

    it('is not looked at any more after the end', async () => {
      const { log, news, becomes, clock } = aScene('x');
      news.planned('x');
      becomes('x', ISOLATED, OPEN, byPods);
      becomes('x', ISOLATED, ISOLATED, byPods);
      news.stop();
      await clock.advance(3_600_000);
      assert.deepEqual(log.lines(), ['warn isolation is overridden']);
    });
  });

  it('a namespace on its way out, or whose default-deny is being put back, is not said to be isolated again', () => {
    const { log, events, news, becomes, memories } = aScene('x');
    becomes('x', ISOLATED, OPEN);
    const memory = memories.get('x');
    const report = memory?.report;
    assert.ok(memory !== undefined && report !== undefined);
    memory.report = { ...report, coverage: { Ingress: 'unprotected', Egress: 'unprotected' } };
    news.planned('x');
    memory.report = report;
    news.planned('x');
    memory.report = { ...report, coverage: undefined, enforced: new Map() };
    news.planned('x');
    becomes('x', ISOLATED, ISOLATED);
    assert.deepEqual([log.lines(), events.length], [['warn isolation is overridden'], 1]);
  });

  describe('what is found when this process begins to lead', () => {
    it('is no news where the status says it; nor is what the status has no room to name', () => {
      const { log, events, news, state, effects } = aScene('x', 'y');
      for (const name of ['x', 'y']) effects.set(name, { Ingress: ISOLATED, Egress: OPEN });
      state.told['b'] = statusNaming('x', 'y');
      news.began();
      assert.deepEqual([log.entries, events], [[], []]);
      const crowded = aScene('x', 'y');
      for (const name of ['x', 'y']) crowded.effects.set(name, { Ingress: ISOLATED, Egress: OPEN });
      crowded.state.told['b'] = { ...statusNaming('x'), areAllNamed: false };
      crowded.news.began();
      assert.deepEqual([crowded.log.entries, crowded.events], [[], []]);
    });

    it('is news where the status says otherwise: nobody was there to tell it', () => {
      const { log, events, news, state, effects } = aScene('came', 'went', 'other', 'fine');
      state.told['b'] = statusNaming('went', 'other');
      effects.set('came', { Ingress: ISOLATED, Egress: OPEN });
      effects.set('other', { Ingress: OPEN, Egress: ISOLATED });
      news.began();
      assert.deepEqual(log.entries.map(({ message, fields }) => `${fields['namespace'] as string}: ${message}`), ['came: isolation is overridden', 'went: isolation is not overridden any more', 'other: isolation is overridden']);
      assert.deepEqual(events.map(({ regarding }) => regarding.name), ['came', 'other']);
      news.began();
      assert.equal(log.entries.length, 3);
    });

    it('is no news either where a default-deny is just being put back', () => {
      const { log, news, state, effects, memories, becomes } = aScene('x');
      effects.set('x', { Ingress: ISOLATED, Egress: OPEN });
      state.told['b'] = statusNaming('x');
      const memory = memories.get('x');
      const report = memory?.report;
      assert.ok(memory !== undefined && report !== undefined);
      memory.report = { ...report, coverage: { Ingress: 'unprotected', Egress: 'unprotected' } };
      news.planned('x');
      memory.report = report;
      news.planned('x');
      assert.deepEqual(log.entries, []);
      becomes('x', ISOLATED, ISOLATED);
      assert.deepEqual(log.lines(), ['info isolation is not overridden any more']);
    });

    it('is news where no status says anything', () => {
      const { events, news, effects, state } = aScene('x');
      effects.set('x', { Ingress: OPEN, Egress: OPEN });
      state.told['b'] = lastTold({});
      news.planned('x');
      assert.equal(events.length, 1);
    });

    it('is looked at also where a namespace was planned before anybody could hear of it', () => {
      const { log, news, state, effects, said } = aScene('x');
      effects.set('x', { Ingress: ISOLATED, Egress: OPEN });
      state.leads = false;
      news.planned('x');
      assert.deepEqual([log.entries, said('x')], [[], undefined]);
      state.leads = true;
      news.began();
      assert.deepEqual([log.lines(), said('x')?.Egress], [['warn isolation is overridden'], OPEN]);
    });

    it('is looked at when it is known', () => {
      const { log, news, effects, state } = aScene('x');
      state.knowledge = { kind: 'Starting' };
      state.told['b'] = statusNaming();
      effects.set('x', { Ingress: ISOLATED, Egress: OPEN });
      news.began();
      news.planned('x');
      state.knowledge = { kind: 'Known' };
      news.knowledgeChanged(state.knowledge);
      assert.deepEqual(log.lines(), ['info isolation is known', 'warn isolation is overridden']);
    });
  });

  it('what came or went while nothing was known is told afterwards, and what stayed is not', () => {
    const { log, news, effects, state, becomes } = aScene('came', 'went', 'stayed');
    for (const name of ['came', 'went', 'stayed']) news.planned(name);
    for (const name of ['went', 'stayed']) becomes(name, ISOLATED, OPEN);
    const before = log.lines().length;
    state.knowledge = { kind: 'Unknown', reason: 'NotReadable', why: 'pods: 403' };
    news.knowledgeChanged(state.knowledge);
    state.knowledge = { kind: 'Unknown', reason: 'NotReadable', why: 'pods: 403; customresourcedefinitions: 403' };
    news.knowledgeChanged(state.knowledge);
    effects.set('came', { Ingress: ISOLATED, Egress: OPEN });
    becomes('went', ISOLATED, ISOLATED, { byPods: true });
    assert.deepEqual(log.lines().slice(before), ['warn isolation is not known', 'info isolation is not known'], 'one warning, and nothing is claimed');
    state.knowledge = { kind: 'Known' };
    news.knowledgeChanged(state.knowledge);
    assert.deepEqual(log.entries.slice(before + 2).map(({ level, message, fields }) => [level, message, fields['namespace']].join(' ').trim()),
      ['info isolation is known', 'warn isolation is overridden came', 'info isolation is not overridden any more went']);
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

  it('an error in here ends nothing: it is logged, nothing is claimed of the namespace, and the next look is like any other', () => {
    const { log, events, news, effects, said } = aScene('x', 'y');
    news.planned('x');
    effects.set('x', Object.defineProperty({ Ingress: OPEN, Egress: OPEN }, 'Ingress', { get: () => { throw new Error('a bug'); } }));
    effects.set('y', { Ingress: OPEN, Egress: ISOLATED });
    news.planned('x');
    news.began();
    news.knowledgeChanged({ kind: 'Known' });
    assert.deepEqual([said('x'), events.map(({ regarding }) => regarding.name)], [undefined, ['y']]);
    assert.deepEqual([log.entries[0]?.message, log.entries[0]?.fields['namespace'], String(log.entries[0]?.fields['error'])], ['what is said of isolation could not be worked out', 'x', 'Error: a bug']);
    effects.set('x', { Ingress: ISOLATED, Egress: OPEN });
    news.planned('x');
    assert.equal(events.length, 2);
  });

  it('whose status may be another one: the baselines that enforce something there', () => {
    const { touched, news } = aScene('x');
    news.namespaceChanged('x', false);
    news.namespaceChanged('nobody knows it', false);
    assert.deepEqual(touched, ['b']);
  });
});
