/**
 * The controllers and what they share: which change wakes which key, and what the reconcilers are given.
 *
 * Keys gather from the first event on; nothing runs and nothing is written before `start`. What is remembered
 * of namespaces begins there, so that a new leader looks at the whole cluster.
 */
import type { Direction } from '../api/network-policy.ts';
import type { EventRecorder } from '../apply/events.ts';
import { perform } from '../apply/perform.ts';
import type { KubeClient } from '../kube/client.ts';
import { parseBaseline, type BaselineRecord, type InternSpec, type NamespaceRecord, type PolicyRecord } from '../kube/objects.ts';
import type { Logger } from '../observe/logger.ts';
import { isHeldFor } from '../plan/isolation.ts';
import type { Change, WritableStore } from '../watch/store.ts';
import { namespaceTrigger, policyTrigger } from '../watch/triggers.ts';
import { createViews, type Views } from '../watch/views.ts';
import { createAnnouncer } from './announce.ts';
import { assessRemovals } from './assess.ts';
import type { Clock } from './clock.ts';
import { createController, type Controller, type ControllerObserver } from './controller.ts';
import type { CauseKind } from './isolation/causes.ts';
import { createIsolation, NO_ISOLATION, type Isolation, type IsolationParts } from './isolation/isolation.ts';
import { createNamespaceMemories, type NamespaceMemories } from './namespace-memory.ts';
import { reconcileBaseline } from './reconcile-baseline.ts';
import { reconcileNamespace } from './reconcile-namespace.ts';
import { recordPlan, type PlanRecorderParts } from './record-plan.ts';
import { recordWrite, type WriteRecorderParts } from './record-write.ts';
import { createRemovalGate, type RemovalGate } from './removal-gate.ts';
import { isProcessed, statusRows } from './summary.ts';

export interface Stores {
  readonly namespaces: WritableStore<NamespaceRecord>;
  readonly policies: WritableStore<PolicyRecord>;
  readonly baselines: WritableStore<BaselineRecord>;
}

/** Counters and histograms that are pushed; gauges are computed from `ControlState`. */
export interface ControlObserver {
  controller(name: ControllerName): ControllerObserver;
  driftDetected(template: string, change: 'modified' | 'deleted'): void;
  driftRepaired(template: string, change: 'modified' | 'deleted', durationMs: number): void;
  policyWritten: WriteRecorderParts['onWrite'];
  /** Names of templates that exist now; their counters start at 0. */
  templatesKnown(templates: Iterable<string>): void;
  timeToProtect(seconds: number): void;
  effectiveDrift(direction: Direction, change: 'opened' | 'closed', cause: CauseKind): void;
}

export type ControllerName = 'namespace' | 'baseline' | 'removals';

export interface ControlSettings {
  readonly maxInFlight: number;
  readonly firstWriteDelayMs: number;
  readonly statusIntervalMs: number;
  readonly systemNamespaces: readonly string[];
}

export interface ControlParts {
  readonly stores: Stores;
  readonly client: KubeClient;
  readonly intern: InternSpec;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly observer: ControlObserver;
  readonly settings: ControlSettings;
  /** Where what is really isolated comes from; absent where nobody wants to know. */
  readonly isolation?: Pick<IsolationParts, 'options' | 'sources' | 'pods'> | undefined;
}

/** What state gauges, the page and tests read. */
export interface ControlState {
  readonly views: Views;
  readonly memories: NamespaceMemories;
  readonly gate: RemovalGate;
  readonly controllers: Readonly<Record<ControllerName, Controller>>;
  readonly isolation: Isolation;
  /** When every namespace was last planned at once; milliseconds since the epoch. */
  lastFullScanMs(): number | undefined;
}

export interface Control {
  readonly state: ControlState;
  /** To be told of every change of a store, from the first on. */
  readonly changed: {
    namespace(change: Change<NamespaceRecord>): void;
    policy(change: Change<PolicyRecord>): void;
    baseline(change: Change<BaselineRecord>): void;
    pod: Isolation['changed']['pod'];
    otherPolicy: Isolation['changed']['other'];
  };
  /** Call when every store is synced and this replica may write. */
  start(): void;
  /** Lets what runs come to its end, at most `deadlineMs`; nothing new starts. */
  drain(deadlineMs: number): Promise<void>;
  /** Aborts every write: this replica may not write any more. */
  stop(reason: Error): void;
}

const ASSESS_KEY = 'cluster';
/** Summing up a baseline reads every namespace: changes of namespaces are gathered for this long first. */
const GATHER_MS = 200;
/** For the status of a baseline that is written while stopping. */
const LAST_STATUS_MS = 2_000;

export function createControl(parts: ControlParts): Control {
  const { stores, clock, settings, log } = parts;
  const memories = createNamespaceMemories();
  const views = createViews({ ...stores, systemNamespaces: new Set(settings.systemNamespaces), wallMs: clock.wallMs });
  let started = false;
  let scannedMs: number | undefined;
  const isolation = parts.isolation === undefined ? NO_ISOLATION : createIsolation({
    ...parts.isolation, memories, clock, namespaces: stores.namespaces, policies: stores.policies, log: log.child({ component: 'isolation' }), events: parts.events,
    leads: () => started, countDrift: parts.observer.effectiveDrift, touchBaseline: (name) => touchBaseline(name, 0),
  });

  const gate = createRemovalGate({
    baseline: (name) => stores.baselines.get(name),
    holding: (baseline) => liveHoldersOf(baseline, stores),
    now: clock.now,
    wallMs: clock.wallMs,
    onHeldChanged: (baseline) => controllers.baseline.add(baseline, 'drift'),
  });
  const shared: Shared = { ...parts, isolation, memories, views, gate, processed: new Map(), draining: false, touchBaseline, wake };
  const reconcileOneBaseline = baselineReconciler(shared);
  const controllers: Record<ControllerName, Controller> = {
    namespace: controllerOf('namespace', settings.maxInFlight, namespaceReconciler(shared), parts),
    baseline: controllerOf('baseline', 1, reconcileOneBaseline, parts),
    removals: controllerOf('removals', 1, async (_key, signal) => {
      const permitted = await assessRemovals({
        names: () => names(stores.namespaces), view: (name) => views.namespace(name), version: () => views.cluster().version, gate, clock,
      }, signal);
      scannedMs = clock.wallMs();
      for (const namespace of permitted) wake(namespace, 0);
      for (const { name } of stores.baselines.all()) touchBaseline(name, 0);
      return {};
    }, parts),
  };

  function touchBaseline(name: string, afterMs: number): void {
    controllers.baseline.add(name, 'drift', Math.max(afterMs, GATHER_MS));
  }

  function wake(namespace: string, afterMs: number): void {
    controllers.namespace.add(namespace, 'drift', afterMs);
  }

  function onNamespace(change: Change<NamespaceRecord>): void {
    isolation.changed.namespace(change);
    const urgency = namespaceTrigger(change);
    if (urgency === undefined) return;
    const isNew = urgency === 'new' && started;
    if (isNew && change.after !== undefined) memories.of(change.name, change.after.uid, true);
    controllers.namespace.add(change.name, isNew ? 'new' : urgency === 'new' ? 'resync' : 'drift', isNew ? settings.firstWriteDelayMs : 0);
  }

  function onPolicy(change: Change<PolicyRecord>): void {
    views.policyChanged(change);
    isolation.changed.policy(change);
    const urgency = policyTrigger(change);
    if (urgency !== undefined && change.namespace !== undefined) controllers.namespace.add(change.namespace, started ? urgency : 'resync');
    touchLeaving(change.before);
  }

  /** A baseline on its way out waits for the last policy that is there for it. */
  function touchLeaving(policy: PolicyRecord | undefined): void {
    if (policy === undefined) return;
    for (const { name, deleting } of stores.baselines.all()) if (deleting && isHeldFor(policy, name)) touchBaseline(name, 0);
  }

  function onBaseline(change: Change<BaselineRecord>): void {
    const replans = views.baselineChanged(change);
    if (replans) parts.observer.templatesKnown(views.cluster().byName.get(change.name)?.templates.map(({ name }) => name) ?? []);
    controllers.baseline.add(change.name, 'drift');
    if (replans) replanAll();
    else for (const namespace of gate.reconsider(change.name)) wake(namespace, 0);
  }

  /** What is left of a confirmation that is being carried out, for whoever goes on with it. */
  async function keepAccounts(): Promise<void> {
    shared.draining = true;
    for (const name of names(stores.baselines)) {
      if (!gate.heldFor(name).confirmed) continue;
      await reconcileOneBaseline(name, AbortSignal.timeout(LAST_STATUS_MS)).catch((error: unknown) => {
        log.warn('what is left of a confirmation could not be written', { baseline: name, error });
      });
    }
  }

  function replanAll(): void {
    gate.unsettle();
    controllers.removals.add(ASSESS_KEY, 'new');
    for (const name of names(stores.namespaces)) controllers.namespace.add(name, 'resync');
    for (const { name } of stores.baselines.all()) touchBaseline(name, 0);
  }

  return {
    state: { views, memories, gate, controllers, isolation, lastFullScanMs: () => scannedMs },
    changed: { namespace: onNamespace, policy: onPolicy, baseline: onBaseline, pod: isolation.changed.pod, otherPolicy: isolation.changed.other },
    start() {
      started = true;
      replanAll();
      for (const controller of Object.values(controllers)) controller.start();
    },
    async drain(deadlineMs) {
      isolation.stop();
      await Promise.all(Object.values(controllers).map((controller) => controller.drain(deadlineMs)));
      await keepAccounts();
    },
    stop(reason) {
      isolation.stop();
      for (const controller of Object.values(controllers)) controller.stop(reason);
    },
  };
}

interface Shared extends Omit<ControlParts, 'isolation'> {
  readonly isolation: Isolation;
  readonly memories: NamespaceMemories;
  readonly views: Views;
  readonly gate: RemovalGate;
  /** By baseline: the version of the cluster view to which every namespace was brought since. */
  readonly processed: Map<string, number>;
  /** Nothing new starts any more: a status that is worth writing is written now or never. */
  draining: boolean;
  touchBaseline(name: string, afterMs: number): void;
  wake(namespace: string, afterMs: number): void;
}

function controllerOf(name: ControllerName, concurrency: number, reconcile: Parameters<typeof createController>[0]['reconcile'], parts: ControlParts): Controller {
  const log = parts.log.child({ controller: name });
  return createController({ reconcile, concurrency, clock: parts.clock, log, observer: parts.observer.controller(name) });
}

function namespaceReconciler(shared: Shared): (key: string, signal: AbortSignal) => Promise<{ requeueAtMs?: number }> {
  const { clock, log, gate, views, memories, stores, observer, client, intern, isolation } = shared;
  const announcer = createAnnouncer(shared.events);
  const planParts: PlanRecorderParts = {
    gate, now: clock.now, wallMs: clock.wallMs, touchBaseline: shared.touchBaseline, onProtected: observer.timeToProtect,
    onDrift(found) {
      log.warn('drift', { ...found });
      observer.driftDetected(found.policy, found.change);
      announcer.drift(found);
    },
  };
  let changes = 0;
  const writeParts: WriteRecorderParts = {
    log, gate, now: clock.now, onWrite: observer.policyWritten, onRepaired: observer.driftRepaired, warn: announcer.policy,
    newChangeId: () => `${clock.wallMs().toString(36)}-${(changes += 1).toString(36)}`,
    generationOf: (baseline) => stores.baselines.get(baseline)?.generation,
  };
  return (key, signal) => reconcileNamespace(key, {
    view: (name) => views.namespace(name),
    memories,
    gate,
    forget(name) {
      memories.forget(name);
      views.forget(name);
      gate.forget(name);
      for (const { name: baseline } of stores.baselines.all()) shared.touchBaseline(baseline, 0);
    },
    planned(view, plan, memory) {
      recordPlan(view, plan, memory, planParts);
      views.keepDeleted(plan.namespace, new Set(plan.names.map(({ name }) => name)));
      if (memory.report?.attention?.state === 'conflicted') announcer.conflict(memory.report);
      isolation.planned(plan.namespace);
    },
    written: (namespace, memory, write, result) => recordWrite({ namespace, memory }, write, result, writeParts),
    perform: (namespace, write, abort) => perform(namespace, write, { client, policies: stores.policies, intern }, abort),
    caughtUp() {
      for (const { name } of stores.baselines.all()) if (shared.processed.get(name) !== views.changedIn(name)) shared.touchBaseline(name, 0);
    },
    again: shared.wake,
    now: clock.now,
  }, signal);
}

function baselineReconciler(shared: Shared): (key: string, signal: AbortSignal) => Promise<{ requeueAtMs?: number }> {
  const { clock, gate, views, memories, stores, client, settings, processed, isolation } = shared;
  const announcer = createAnnouncer(shared.events);
  const writtenAtMs = new Map<string, number>();
  const lookedAtMs = new Map<string, number>();
  return (key, signal) => reconcileBaseline(key, {
    baseline: (name) => views.cluster().byName.get(name),
    rows: (name) => statusRows(name, memories, clock.now(), (namespace) => isolation.of(namespace)?.effect),
    isolation: isolation.knowledge,
    processed(name) {
      const version = views.changedIn(name);
      if (processed.get(name) === version) return true; // once is enough: a namespace that comes later is pending, not unprocessed
      if (!isProcessed(version, stores.namespaces.all(), memories)) return false;
      processed.set(name, version);
      return true;
    },
    held: (name) => gate.heldFor(name),
    holding: (name) => liveHoldersOf(name, stores).length,
    exemptionEnded: announcer.expired,
    lookedAtMs,
    async patchMetadata({ name }, patch, abort) {
      stores.baselines.observeWrite(parseBaseline(await client.patchBaseline(name, patch, abort)));
    },
    async patchStatus({ name }, status, abort) {
      stores.baselines.observeWrite(parseBaseline(await client.patchBaselineStatus(name, status, abort)));
    },
    statusWritten: announcer.statusWritten,
    writtenAtMs,
    statusIntervalMs: shared.draining ? 0 : settings.statusIntervalMs,
    now: clock.now,
    wallMs: clock.wallMs,
  }, signal);
}

/** Names of namespaces that hold a policy which is there for the baseline. */
function holdersOf(baseline: string, { policies }: Stores): Set<string> {
  const holders = new Set<string>();
  for (const policy of policies.all()) if (isHeldFor(policy, baseline)) holders.add(policy.namespace);
  return holders;
}

/** Without those on their way out, which nobody protects any more. */
function liveHoldersOf(baseline: string, stores: Stores): readonly string[] {
  return [...holdersOf(baseline, stores)].filter((namespace) => stores.namespaces.get(namespace)?.terminating === false);
}

function* names(store: { all(): Iterable<{ readonly name: string }> }): Iterable<string> {
  for (const { name } of store.all()) yield name;
}
