/**
 * What a replica does and remembers while it leads, and a standby does not: the queues, the memories of
 * namespaces and the breaker.
 *
 * Begins with nothing, so that a new leader looks at the whole cluster; ends with the Lease.
 */
import { lastTold, type LastTold } from '../plan/last-told.ts';
import type { ReflectorHealth } from '../watch/reflector.ts';
import type { Views } from '../watch/views.ts';
import { assessRemovals } from './assess.ts';
import { baselineReconciler } from './baseline-reconciler.ts';
import type { ControllerName, LeadershipParts, Shared } from './control-parts.ts';
import { createController, type Controller, type Reconcile } from './controller.ts';
import { createHolders } from './holders.ts';
import { createNamespaceMemories, type NamespaceMemories } from './namespace-memory.ts';
import { namespaceReconciler } from './namespace-reconciler.ts';
import { createRemovalGate, type RemovalGate } from './removal-gate.ts';
import { createReports, NO_REPORTS } from './reports/reports.ts';
import { createWakeUps, type WakeUps } from './wake-ups.ts';

/** What state gauges and tests read. */
export interface LeaderState {
  readonly views: Views;
  readonly memories: NamespaceMemories;
  readonly gate: RemovalGate;
  readonly controllers: Readonly<Record<ControllerName, Controller>>;
  /** By baseline: what its status said when this began, whoever wrote it. */
  readonly told: ReadonlyMap<string, LastTold>;
  /** When every namespace was last planned at once; milliseconds since the epoch. */
  lastFullScanMs(): number | undefined;
}

export interface Leadership {
  readonly state: LeaderState;
  /** Whether every namespace has been looked at: before that, whatever is counted is too low. */
  isWhole(): boolean;
  /** Whether policies are being written, or about to be. */
  isBusy(): boolean;
  /** To be told of every change of a store after the views. */
  readonly changed: WakeUps;
  /** The status of this baseline may be another one now. */
  touchBaseline(name: string): void;
  touchReports: Shared['touchReports'];
  /** Of the watches that only a leader has. */
  healths(): readonly ReflectorHealth[];
  /** The policies were listed anew and compared: everything is planned once more. */
  relisted(): void;
  /** Lets what runs come to its end, at most `deadlineMs`; nothing new starts. */
  drain(deadlineMs: number): Promise<void>;
  /** Aborts every write: this replica may not write any more. */
  stop(reason: Error): void;
}

const ASSESS_KEY = 'cluster';
/**
 * Summing up a baseline looks at every namespace, for about 3 µs: changes are gathered first, for so long at least and, up to the
 * longest, so that looking takes a fiftieth of the time.
 */
const GATHER_MS = 200;
const GATHER_PER_NAMESPACE_MS = 0.15;
const LONGEST_GATHER_MS = 2_000;
/** A report says how things are, not every step on the way there. */
const REPORT_AFTER_MS = 5_000;
/** For the status of a baseline that is written while stopping. */
const LAST_STATUS_MS = 2_000;

/** Call when every store is synced and this replica may write. */
export function startLeadership(parts: LeadershipParts, views: Views): Leadership {
  const { stores, clock, settings, log } = parts;
  const memories = createNamespaceMemories();
  const told = new Map([...stores.baselines.all()].map(({ name, status }) => [name, lastTold(status)]));
  const holders = createHolders({ policies: stores.policies.all(), isLive: (name) => stores.namespaces.get(name)?.terminating === false });
  const phase = { draining: false, stopped: false, whole: false };
  /** The version of the cluster view that the breaker looked at last. */
  let assessedVersion = 0;
  let scannedMs: number | undefined;

  const gate = createRemovalGate({
    baseline: (name) => stores.baselines.get(name),
    holding: (name) => holders.of(name),
    now: clock.now,
    wallMs: clock.wallMs,
    onHeldChanged: touchBaseline,
    onPermitted: wakeAll,
  });
  const shared: Shared = {
    ...parts, memories, views, gate, holders, processed: new Map(), touchBaseline, touchReports, wake,
    isAssessed: (baseline) => assessedVersion >= views.changedIn(baseline),
    isDraining: () => phase.draining,
  };
  const reconcileOneBaseline = baselineReconciler(shared);
  const reports = settings.openReports
    ? createReports({ ...shared, isWhole, isBusy, touch: touchReports, touchAll: () => touchReports(undefined), relistIntervalMs: settings.relistIntervalMs })
    : NO_REPORTS;
  const controllers: Record<ControllerName, Controller> = {
    namespace: controllerOf('namespace', settings.maxInFlight, namespaceReconciler(shared), parts),
    baseline: controllerOf('baseline', 1, reconcileOneBaseline, parts),
    removals: controllerOf('removals', 1, assess, parts),
    reports: controllerOf('reports', 1, reports.reconcile, parts),
  };

  async function assess(_key: string, signal: AbortSignal): Promise<object> {
    const permitted = await assessRemovals({
      names: () => names(stores.namespaces), view: (name) => views.namespace(name), version: () => views.cluster().version, clock,
      gate: { ...gate, assessed },
    }, signal);
    scannedMs = clock.wallMs();
    wakeAll(permitted);
    for (const { name } of stores.baselines.all()) touchBaseline(name);
    return {};
  }

  function assessed(): readonly string[] {
    assessedVersion = views.cluster().version;
    return gate.assessed();
  }

  function touchBaseline(name: string): void {
    controllers.baseline.add(name, 'drift', gatheringMs(memories.size));
  }

  function touchReports(namespace: string | undefined): void {
    if (!settings.openReports) return;
    for (const name of namespace === undefined ? names(stores.namespaces) : [namespace]) controllers.reports.add(name, 'resync', REPORT_AFTER_MS);
  }

  function isBusy(): boolean {
    const { depth, running } = controllers.namespace.stats();
    return depth + running > 0;
  }

  function isWhole(): boolean {
    phase.whole ||= scannedMs !== undefined && all(names(stores.namespaces), (name) => memories.get(name)?.report !== undefined);
    return phase.whole;
  }

  function wake(namespace: string, afterMs: number): void {
    controllers.namespace.add(namespace, 'drift', afterMs);
  }

  function wakeAll(namespaces: readonly string[]): void {
    for (const namespace of namespaces) wake(namespace, 0);
  }

  function replanAll(): void {
    parts.observer.templatesKnown(views.cluster().baselines.flatMap(({ templates }) => templates.map(({ name }) => name)));
    gate.unsettle();
    for (const { name } of stores.baselines.all()) touchBaseline(name);
    planAll();
  }

  function planAll(): void {
    controllers.removals.add(ASSESS_KEY, 'new');
    for (const name of names(stores.namespaces)) controllers.namespace.add(name, 'resync');
  }

  /** What was let through lately, and what is left of a confirmation that is being carried out, for whoever goes on with it. */
  async function keepAccounts(): Promise<void> {
    phase.draining = true;
    for (const name of names(stores.baselines)) {
      const { confirmed, recent } = gate.heldFor(name);
      if (phase.stopped || (!confirmed && recent === undefined)) continue;
      await reconcileOneBaseline(name, AbortSignal.timeout(LAST_STATUS_MS)).catch((error: unknown) => {
        log.warn('what was let through lately, or is left of a confirmation, could not be written', { baseline: name, error });
      });
    }
  }

  replanAll();
  for (const controller of Object.values(controllers)) controller.start();
  reports.start();
  return {
    state: { views, memories, gate, controllers, told, lastFullScanMs: () => scannedMs },
    isWhole,
    isBusy,
    changed: createWakeUps({ ...shared, holders, controllers, replanAll }),
    touchBaseline,
    touchReports,
    healths: reports.healths,
    relisted: planAll,
    async drain(deadlineMs) {
      const ended = reports.stop();
      await Promise.all(Object.values(controllers).map((controller) => controller.drain(deadlineMs)));
      await keepAccounts();
      await ended;
    },
    stop(reason) {
      phase.stopped = true;
      void reports.stop();
      for (const controller of Object.values(controllers)) controller.stop(reason);
    },
  };
}

/** For how long changes of so many namespaces are gathered before the next look at all of them, in milliseconds. */
export function gatheringMs(namespaces: number): number {
  return Math.min(LONGEST_GATHER_MS, Math.max(GATHER_MS, namespaces * GATHER_PER_NAMESPACE_MS));
}

function controllerOf(name: ControllerName, concurrency: number, reconcile: Reconcile, parts: LeadershipParts): Controller {
  const log = parts.log.child({ controller: name });
  return createController({ reconcile, concurrency, clock: parts.clock, log, observer: parts.observer.controller(name) });
}

function* names(store: { all(): Iterable<{ readonly name: string }> }): Iterable<string> {
  for (const { name } of store.all()) yield name;
}

function all<T>(items: Iterable<T>, holds: (item: T) => boolean): boolean {
  for (const item of items) if (!holds(item)) return false;
  return true;
}
