/** What control is given, and what the reconcilers of a leader share. */
import type { Direction } from '../api/network-policy.ts';
import type { EventRecorder } from '../apply/events.ts';
import type { KubeClient } from '../kube/client.ts';
import type { BaselineRecord, NamespaceRecord, PolicyRecord } from '../kube/objects.ts';
import type { PolicyInterner } from '../kube/policy-interner.ts';
import type { Logger } from '../observe/logger.ts';
import type { WritableStore } from '../watch/store.ts';
import type { Views } from '../watch/views.ts';
import type { Clock } from './clock.ts';
import type { ControllerObserver } from './controller.ts';
import type { Holders } from './holders.ts';
import type { CauseKind } from './isolation/causes.ts';
import type { Isolation, IsolationParts } from './isolation/isolation.ts';
import type { NamespaceMemories } from './namespace-memory.ts';
import type { WriteRecorderParts } from './record-write.ts';
import type { RemovalGate } from './removal-gate.ts';

export interface Stores {
  readonly namespaces: WritableStore<NamespaceRecord>;
  readonly policies: WritableStore<PolicyRecord>;
  readonly baselines: WritableStore<BaselineRecord>;
}

export const CONTROLLERS = ['namespace', 'baseline', 'removals', 'reports'] as const;
export type ControllerName = (typeof CONTROLLERS)[number];

/** Counters and histograms that are pushed; gauges are computed from `Leadership`. */
export interface ControlObserver {
  controller(name: ControllerName): ControllerObserver;
  driftDetected(template: string, change: 'modified' | 'deleted'): void;
  driftRepaired(template: string, change: 'modified' | 'deleted', durationMs: number): void;
  policyWritten: WriteRecorderParts['onWrite'];
  /** Names of all templates that exist now: their counters start at 0, those of others end. */
  templatesKnown(templates: Iterable<string>): void;
  timeToProtect(seconds: number): void;
  effectiveDrift(direction: Direction, change: 'opened' | 'closed', cause: CauseKind): void;
}

export interface ControlSettings {
  readonly maxInFlight: number;
  readonly firstWriteDelayMs: number;
  readonly statusIntervalMs: number;
  readonly systemNamespaces: readonly string[];
  /** Whether a Report of openreports.io is written for each namespace. */
  readonly openReports: boolean;
  readonly relistIntervalMs: number;
}

export interface ControlParts {
  readonly stores: Stores;
  readonly client: KubeClient;
  readonly intern: PolicyInterner;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly observer: ControlObserver;
  readonly settings: ControlSettings;
  /** Where what is really isolated comes from; absent where nobody wants to know. */
  readonly isolation?: Pick<IsolationParts, 'options' | 'sources' | 'pods'> | undefined;
}

/** What a leader is given. */
export interface LeadershipParts extends Omit<ControlParts, 'isolation'> {
  readonly isolation: Isolation;
}

export interface Shared extends LeadershipParts {
  readonly memories: NamespaceMemories;
  readonly views: Views;
  readonly gate: RemovalGate;
  readonly holders: Pick<Holders, 'of'>;
  /** By baseline: the version of the cluster view to which every namespace was brought since. */
  readonly processed: Map<string, number>;
  /** Whether the breaker has looked at every namespace since the baseline is as it is. */
  isAssessed(baseline: string): boolean;
  /** Nothing new starts any more: a status that is worth writing is written now or never. */
  isDraining(): boolean;
  touchBaseline(name: string): void;
  /** The report of this namespace may be another one now; of every namespace where none is named. */
  touchReports(namespace: string | undefined): void;
  wake(namespace: string, afterMs: number): void;
}
