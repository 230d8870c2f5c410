/** What is taken down of plans and writes: nothing that changes by itself, no drift of our own making, few lines. */
import assert from 'node:assert/strict';
import { createAnnouncer } from '../../../src/control/announce.ts';
import type { NewEvent } from '../../../src/apply/events.ts';
import { createLineBudget, LINES_PER_KIND, WINDOW_MS } from '../../../src/control/line-budget.ts';
import { createNamespaceMemories, type NamespaceMemory } from '../../../src/control/namespace-memory.ts';
import { recordPlan, type Drift } from '../../../src/control/record-plan.ts';
import { recordWrite, TRANSIENT_MS } from '../../../src/control/record-write.ts';
import { KubeError, type KubeErrorKind } from '../../../src/kube/errors.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import type { NamespaceView } from '../../../src/plan/view.ts';
import type { Write } from '../../../src/plan/writes.ts';
import { aBaseline, aDeny, aView } from '../../support/build.ts';
import { memoryLogger } from '../../support/log.ts';
import { settled } from '../../support/namespace-model.ts';

function recorder() {
  const log = memoryLogger();
  const events: NewEvent[] = [];
  const drifts: Drift[] = [];
  const at = { ms: 1_000_000, generation: 1 };
  const opened: string[] = [];
  const memories = createNamespaceMemories();
  const announcer = createAnnouncer({ record: (event) => { events.push(event); }, settled: async () => {} });
  const writeParts: Parameters<typeof recordWrite>[3] = {
    log, refusalLines: createLineBudget(log, 'More policies are refused in the same way'), gate: { removed: (namespace) => void opened.push(`${namespace} opened`), tried: (namespace) => void opened.push(`${namespace} perhaps`) }, now: () => at.ms, newChangeId: () => 'id',
    generationOf: () => at.generation, onWrite: () => {}, onRepaired: () => {}, warn: announcer.policy,
  };
  const planParts: Parameters<typeof recordPlan>[3] = {
    gate: { note: () => {} }, now: () => at.ms, wallMs: () => at.ms, touchBaseline: () => {}, onProtected: () => {},
    onDrift(found) {
      drifts.push(found);
      announcer.drift(found);
    },
  };
  return {
    at, events, drifts, opened,
    memory: (namespace: string): NamespaceMemory => memories.of(namespace, 'uid'),
    plan(view: NamespaceView): Write[] {
      const plan = planNamespace(view);
      recordPlan(view, plan, memories.of(plan.namespace, 'uid'), planParts);
      return [...plan.writes];
    },
    write: (namespace: string, write: Write, result: Parameters<typeof recordWrite>[2]) => recordWrite({ namespace, memory: memories.of(namespace, 'uid') }, write, result, writeParts),
    lines: (message: string) => log.entries.filter((entry) => entry.message === message),
  };
}

const [CREATE] = planNamespace(aView()).writes as [Write];
const error = (kind: KubeErrorKind, message: string, code = 500): KubeError => new KubeError(message, { kind, code });
const outage = (port: number): KubeError => error('Unavailable', `failed calling webhook "w": read tcp 10.0.0.5:${port}->10.1.0.9:443: connection reset`);

describe('a removal', () => {
  const removal: Write = { kind: 'Remove', baseline: 'b', cause: 'NotSelected', opens: [{ baseline: 'b', direction: 'Ingress', cause: 'NotSelected' }], live: aDeny('b') };
  const results: [string, Parameters<typeof recordWrite>[2], 'opened' | 'perhaps' | undefined][] = [
    ['that was done', { kind: 'Done' }, 'opened'],
    ['that came back as something else', { kind: 'Mismatched', differences: [], resourceVersion: '2' }, 'perhaps'],
    ['without an answer', { kind: 'Failed', error: outage(1) }, 'perhaps'],
    ['with an answer that cannot be read', { kind: 'Failed', error: error('Malformed', 'no JSON', 200) }, 'perhaps'],
    ['of another version than the one that is there', { kind: 'Failed', error: error('Conflict', 'changed', 409) }, undefined],
    ['that the API server puts off', { kind: 'Failed', error: error('Throttled', 'later', 429) }, undefined],
    ['that is refused', { kind: 'Refused', error: error('Forbidden', 'no', 403) }, undefined],
    ['that is held', { kind: 'Held' }, undefined],
  ];
  for (const [what, result, told] of results) {
    it(`${what}: the breaker hears ${told ?? 'nothing'}`, () => {
      const { write, opened } = recorder();
      write('team-a', removal, result);
      assert.deepEqual(opened, told === undefined ? [] : [`team-a ${told}`]);
    });
  }
});

describe('a write that is refused', () => {
  it('is told once while its words differ in ports alone, and the status keeps the first ones', () => {
    const { at, memory, write, lines, events } = recorder();
    for (let port = 41_236; port < 41_246; port += 1) {
      write('team-a', CREATE, { kind: 'Failed', error: outage(port) });
      at.ms += TRANSIENT_MS;
    }
    assert.match(memory('team-a').policies.get('allow-dns')?.refusal?.message ?? '', /:41237->/, 'the first after five seconds');
    assert.deepEqual([lines('policy refused').length, events.length], [1, 1]);
  });
  it('is news in other words, for another reason, and after a change of the baseline', () => {
    const { at, memory, write, lines } = recorder();
    const message = (): string | undefined => memory('team-a').policies.get('allow-dns')?.refusal?.message;
    for (const [kind, text] of [['Invalid', 'spec.ingress[0]: bad'], ['Invalid', 'spec.egress[0]: bad'], ['AdmissionDenied', 'spec.egress[0]: bad']] as const) {
      write('team-a', CREATE, { kind: 'Refused', error: error(kind, text, 422) });
      assert.equal(message(), text);
    }
    at.generation = 2;
    write('team-a', CREATE, { kind: 'Refused', error: error('AdmissionDenied', 'spec.egress[1]: bad', 422) });
    assert.equal(message(), 'spec.egress[1]: bad');
    assert.equal(lines('policy refused').length, 4);
  });
  it('alike in many namespaces, is a few lines and their number', () => {
    const { at, write, lines } = recorder();
    for (let index = 0; index < 1000; index += 1) write(`ns-${index}`, CREATE, { kind: 'Refused', error: error('AdmissionDenied', `webhook denied ns-${index}`, 403) });
    assert.equal(lines('policy refused').length, LINES_PER_KIND);
    at.ms += WINDOW_MS;
    write('later', CREATE, { kind: 'Refused', error: error('Invalid', 'x', 422) });
    assert.deepEqual(lines('More policies are refused in the same way').map(({ fields }) => [fields['failure'], fields['keys']]), [['AdmissionDenied 403', 1000 - LINES_PER_KIND]]);
  });
});

describe('drift', () => {
  const edited = (resourceVersion: string): NamespaceView => aView({
    baselines: [aBaseline('a', { dns: { enabled: false } })], policies: [aDeny('a', undefined, { spec: { ingress: [{}] }, resourceVersion })],
  });

  it('is not what a webhook made of our own write; what somebody does afterwards is', () => {
    const { drifts, memory, plan, write } = recorder();
    memory('team-a').appliedVersion = 1;
    const [repair] = plan(edited('7')) as [Write];
    assert.equal(drifts.length, 1, 'somebody edited it');
    for (const resourceVersion of ['8', '9']) {
      write('team-a', repair, { kind: 'Mismatched', differences: [{ field: 'spec.ingress', want: '[]', have: '[{}]' }], resourceVersion });
      plan(edited(resourceVersion));
    }
    assert.equal(drifts.length, 1);
    plan(edited('10'));
    assert.equal(drifts.length, 2);
  });
  it('that is left says why', () => {
    for (const [spec, note] of [[{ driftPolicy: 'Warn' }, /it is left, since driftPolicy is Warn/], [{ paused: true }, /it is left, since the baseline is paused/], [{}, /it is put right/]] as const) {
      const { events, memory, plan } = recorder();
      memory('team-a').appliedVersion = 1;
      const calm = settled(aView({ baselines: [aBaseline('a', { dns: { enabled: false } })] }));
      plan({ ...edited('7'), cluster: aView({ baselines: [aBaseline('a', { dns: { enabled: false }, ...spec })] }).cluster, deleted: calm.deleted });
      assert.match(events[0]?.note ?? '', note);
    }
  });
});
