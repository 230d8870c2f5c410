/**
 * What planning sees, on every replica, and what a leader does with it.
 *
 * A standby keeps the views up to date, knows what is isolated, and remembers nothing else: its queues and memories
 * begin with `start`.
 */
import type { BaselineRecord, NamespaceRecord, PolicyRecord } from '../kube/objects.ts';
import type { Change } from '../watch/store.ts';
import { createViews } from '../watch/views.ts';
import { CONTROLLERS, type ControlParts } from './control-parts.ts';
import { createIsolation, NO_ISOLATION, type Isolation } from './isolation/isolation.ts';
import { startLeadership, type Leadership } from './leadership.ts';

export interface Control {
  /** From `start` until `stop`. */
  leadership(): Leadership | undefined;
  readonly isolation: Isolation;
  /** To be told of every change of a store, from the first on. */
  readonly changed: {
    namespace(change: Change<NamespaceRecord>): void;
    policy(change: Change<PolicyRecord>): void;
    baseline(change: Change<BaselineRecord>): void;
    pod: Isolation['changed']['pod'];
    otherPolicy: Isolation['changed']['other'];
  };
  /** The policies were listed anew and compared. */
  relisted(): void;
  /** Call when every store is synced and this replica may write. Nothing happens after `drain` or `stop`. */
  start(): void;
  /** Lets what runs come to its end, at most `deadlineMs`; nothing new starts. */
  drain(deadlineMs: number): Promise<void>;
  /** Aborts every write: this replica may not write any more. */
  stop(reason: Error): void;
}

export function createControl(parts: ControlParts): Control {
  const { stores, settings, clock } = parts;
  const views = createViews({ ...stores, systemNamespaces: new Set(settings.systemNamespaces), wallMs: clock.wallMs });
  for (const name of CONTROLLERS) parts.observer.controller(name); // their series start at 0 on a standby, too
  let leadership: Leadership | undefined;
  let ended = false;
  const isolation = isolationOf(parts, () => leadership);
  return {
    leadership: () => leadership,
    isolation,
    changed: {
      namespace(change) {
        isolation.changed.namespace(change);
        leadership?.changed.namespace(change);
      },
      policy(change) {
        isolation.changed.policy(change);
        leadership?.changed.policy(change);
      },
      baseline(change) {
        const replans = views.baselineChanged(change);
        leadership?.changed.baseline(change, replans);
      },
      pod: isolation.changed.pod,
      otherPolicy: isolation.changed.other,
    },
    relisted: () => leadership?.relisted(),
    start() {
      if (ended || leadership !== undefined) return;
      leadership = startLeadership({ ...parts, isolation }, views);
      isolation.began();
    },
    async drain(deadlineMs) {
      ended = true;
      isolation.stop();
      await leadership?.drain(deadlineMs);
    },
    stop(reason) {
      ended = true;
      isolation.stop();
      leadership?.stop(reason);
      leadership = undefined;
    },
  };
}

function isolationOf(parts: ControlParts, leadership: () => Leadership | undefined): Isolation {
  if (parts.isolation === undefined) return NO_ISOLATION;
  const { stores, clock, log, events, observer } = parts;
  return createIsolation({
    ...parts.isolation, clock, events, namespaces: stores.namespaces, policies: stores.policies, log: log.child({ component: 'isolation' }),
    memories: { get: (namespace) => leadership()?.state.memories.get(namespace), all: () => leadership()?.state.memories.all() ?? [] },
    isBusy: () => leadership()?.isBusy() === true,
    leads: () => leadership() !== undefined,
    told: (baseline) => leadership()?.state.told.get(baseline),
    countDrift: observer.effectiveDrift,
    touchBaseline: (name) => leadership()?.touchBaseline(name),
    effectChanged: (namespace) => leadership()?.touchReports(namespace),
  });
}
