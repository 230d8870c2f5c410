/** The gauges about isolation: every namespace and pod once, and nothing claimed that is not known. */
import assert from 'node:assert/strict';
import { isolationRows } from '../../../../src/control/isolation/rows.ts';
import type { NamespaceRollUp } from '../../../../src/control/isolation/roll-up.ts';
import { createNamespaceMemories } from '../../../../src/control/namespace-memory.ts';
import { attentionRows } from '../../../../src/control/summary.ts';
import type { PodClassName } from '../../../../src/netpol/classify.ts';
import type { IsolationKnowledge, NamespaceEffect } from '../../../../src/plan/effect.ts';
import { planNamespace } from '../../../../src/plan/plan.ts';
import { reportOn } from '../../../../src/plan/report.ts';
import { defaultDeny } from '../../../../src/plan/templates/default-deny.ts';
import { NO_FACTS } from '../../../../src/plan/verdict.ts';
import { aBaseline, aGenerated, aNamespace, aView } from '../../../support/build.ts';

const CLOSED: NamespaceRollUp = { classes: { Ingress: 'closed', Egress: 'restricted' }, effect: { Ingress: { isolated: true, defeat: undefined, unknownBy: undefined }, Egress: { isolated: true, defeat: undefined, unknownBy: undefined } } };
const DEFEATED: NamespaceRollUp = { classes: { Ingress: 'closed', Egress: 'allow-all' }, effect: { Ingress: { isolated: true, defeat: undefined, unknownBy: undefined }, Egress: { isolated: false, defeat: 'open', unknownBy: undefined } } };

function rows(found: Readonly<Record<string, NamespaceRollUp>>, knowledge: IsolationKnowledge = { kind: 'Known' }) {
  const isKnown = knowledge.kind === 'Known';
  return isolationRows({
    namespaces: [...['a', 'b', 'c'].map((name) => aNamespace(name)), aNamespace('going', { terminating: true })],
    memories: memoriesOf('a', 'b'),
    isolation: {
      knowledge: () => knowledge, of: (name) => (isKnown ? found[name] : undefined), stale: () => new Map([['selects_nothing', 3]] as const), backlog: () => (knowledge.kind === 'Off' ? undefined : { changes: 7, oldestMs: 1500 }),
      counts: () => new Map<PodClassName, number>([['closed', 4], ['open', 1], ['not-coverable', 2]]),
    },
  });
}
/** Protected by baseline b. */
function memoriesOf(...names: string[]) {
  const memories = createNamespaceMemories();
  for (const name of names) {
    const view = aView({ namespace: aNamespace(name), baselines: [aBaseline('b', { dns: { enabled: false } })], policies: [aGenerated('b', 'default-deny', defaultDeny(['Ingress', 'Egress']))] });
    memories.of(name, `uid-${name}`).report = reportOn(view, planNamespace(view), NO_FACTS);
  }
  return memories;
}
const valuesOf = (list: readonly { labels: Readonly<Record<string, string>>; value: number }[]): string[] =>
  list.filter(({ value }) => value > 0).map(({ labels, value }) => `${Object.values(labels).join(' ')} ${value}`);

describe('gauges of isolation', () => {
  it('every namespace that is not terminating is in one class for each direction; one that is not known yet is unknown', () => {
    const found = rows({ a: CLOSED, b: DEFEATED });
    assert.deepEqual(valuesOf(found.effectiveNamespaces), ['Ingress closed 2', 'Ingress unknown 1', 'Egress allow-all 1', 'Egress restricted 1', 'Egress unknown 1']);
    assert.equal(found.effectiveNamespaces.length, 14, 'classes that no namespace has are there at 0');
    assert.deepEqual(valuesOf(found.namespacesIsolated), ['Ingress 2', 'Egress 1']);
    assert.deepEqual(valuesOf(found.namespacesOverridden), ['Egress 1']);
    assert.deepEqual(valuesOf(found.stalePolicies), ['selects_nothing 3']);
    assert.deepEqual([found.isolationBacklog, found.isolationLag].map(([row]) => row?.value), [7, 1.5]);
    assert.deepEqual(valuesOf(found.effectivePods).slice(0, 3), ['Ingress open 1', 'Ingress closed 4', 'Ingress not-coverable 2']);
  });

  it('while nothing is known all is unknown, and what would be a claim is absent', () => {
    for (const kind of ['Off', 'Starting'] as const) {
      const found = rows({ a: CLOSED }, { kind });
      assert.deepEqual(valuesOf(found.effectiveNamespaces), ['Ingress unknown 3', 'Egress unknown 3']);
      assert.deepEqual(valuesOf(found.effectivePods).slice(0, 2), ['Ingress unknown 5', 'Ingress not-coverable 2']);
      assert.equal(found.isolationLag.length, kind === 'Off' ? 0 : 1);
      assert.deepEqual([found.namespacesIsolated, found.namespacesOverridden, found.stalePolicies], [[], [], []]);
    }
  });

  it('a namespace that is overridden needs attention; one with a worse reason has that', () => {
    const memories = memoriesOf('a', 'b');
    const [bad] = ['b'].map((name) => memories.get(name));
    assert.ok(bad?.report !== undefined);
    bad.report = { ...bad.report, attention: { state: 'failed', reason: 'Forbidden', message: '' } };
    const effect: NamespaceEffect = DEFEATED.effect;
    assert.deepEqual(attentionRows(memories, 10, 0, () => effect).rows.map(({ labels: { namespace, reason } }) => `${namespace} ${reason}`), ['b Forbidden', 'a Overridden']);
    assert.deepEqual(attentionRows(memories, 10, 0, () => undefined).rows.length, 1);
  });
});
