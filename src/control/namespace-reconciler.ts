/** The reconciler of namespaces with what it is given: where its plans, its writes and its news go. */
import { perform } from '../apply/perform.ts';
import { createAnnouncer } from './announce.ts';
import type { Shared } from './control-parts.ts';
import type { Reconcile } from './controller.ts';
import { createLineBudget } from './line-budget.ts';
import { reconcileNamespace } from './reconcile-namespace.ts';
import { recordPlan, type PlanRecorderParts } from './record-plan.ts';
import { recordWrite, type WriteRecorderParts } from './record-write.ts';

export function namespaceReconciler(shared: Shared): Reconcile {
  const { clock, gate, views, memories, stores, client, intern } = shared;
  const announcer = createAnnouncer(shared.events);
  const planParts = planRecorder(shared, announcer);
  const writeParts = writeRecorder(shared, announcer);
  return (key, signal) => reconcileNamespace(key, {
    view: (name) => views.namespace(name),
    memories,
    gate,
    forget(name) {
      memories.forget(name);
      views.forget(name);
      gate.forget(name);
      shared.touchReports(name);
      for (const { name: baseline } of stores.baselines.all()) shared.touchBaseline(baseline);
    },
    planned(view, plan, memory) {
      recordPlan(view, plan, memory, planParts);
      views.keepDeleted(plan.namespace, new Set(plan.names.map(({ name }) => name)));
      if (memory.report?.attention?.state === 'conflicted') announcer.conflict(memory.report);
      shared.isolation.planned(plan.namespace);
      shared.touchReports(plan.namespace);
    },
    written: (namespace, memory, write, result) => recordWrite({ namespace, memory }, write, result, writeParts),
    perform: (namespace, write, abort) => perform(namespace, write, { client, policies: stores.policies, intern }, abort),
    caughtUp() {
      for (const { name } of stores.baselines.all()) if (shared.processed.get(name) !== views.changedIn(name)) shared.touchBaseline(name);
    },
    again: shared.wake,
    now: clock.now,
    wallMs: clock.wallMs,
  }, signal);
}

type Announcer = ReturnType<typeof createAnnouncer>;

function planRecorder({ gate, clock, log, observer, touchBaseline }: Shared, announcer: Announcer): PlanRecorderParts {
  return {
    gate, now: clock.now, wallMs: clock.wallMs, touchBaseline, onProtected: observer.timeToProtect,
    onDrift(found) {
      log.warn('drift', { ...found });
      observer.driftDetected(found.policy, found.change);
      announcer.drift(found);
    },
  };
}

function writeRecorder({ gate, clock, log, observer, stores }: Shared, announcer: Announcer): WriteRecorderParts {
  let changes = 0;
  return {
    log, refusalLines: createLineBudget(log, 'More policies are refused in the same way'), gate, now: clock.now, onWrite: observer.policyWritten, onRepaired: observer.driftRepaired, warn: announcer.policy,
    newChangeId: () => `${clock.wallMs().toString(36)}-${(changes += 1).toString(36)}`,
    generationOf: (baseline) => stores.baselines.get(baseline)?.generation,
  };
}
