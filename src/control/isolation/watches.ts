/**
 * The watches that isolation needs beside those of the operator: pods, and every kind of policy that the API server serves.
 *
 * Promises: they begin when they are told to, so that a cold start does not wait for pods; whatever becomes of them, the operator
 * stays ready and goes on with its work. What they cannot read is said by `sources`.
 */
import type { KubeClient } from '../../kube/client.ts';
import { parsePod, podInterner, type PodRecord } from '../../kube/pods.ts';
import { PODS } from '../../kube/resources.ts';
import { startReflector, type Reflector, type ReflectorClock, type ReflectorHealth, type ReflectorLog } from '../../watch/reflector.ts';
import type { ReflectorSettings } from '../../watch/reflector-step.ts';
import { startServedKinds, type ServedKinds } from '../../watch/served-kinds.ts';
import { createStore, type Change, type Store } from '../../watch/store.ts';
import { OTHER_KINDS, type OtherKindName, type OtherPolicyRecord } from './other-policies.ts';
import type { SourceState } from './why-unknown.ts';

export interface IsolationWatchParts {
  readonly client: Pick<KubeClient, 'listPage' | 'watch'>;
  readonly log: ReflectorLog;
  readonly clock: ReflectorClock;
  readonly settings: Partial<ReflectorSettings>;
}

export interface IsolationListeners {
  pod(change: Change<PodRecord>): void;
  otherPolicy(change: Change<OtherPolicyRecord>): void;
  health(): void;
}

export interface IsolationWatches {
  readonly pods: Store<PodRecord>;
  start(listeners: IsolationListeners): void;
  /** `others` are watches of the operator that isolation needs as well. */
  sources(others: readonly ReflectorHealth[]): readonly SourceState[];
  healths(): readonly ReflectorHealth[];
  stop(): Promise<void>;
}

export function createIsolationWatches({ client, clock, log, settings }: IsolationWatchParts): IsolationWatches {
  const pods = createStore<PodRecord>(({ namespace }) => namespace);
  const intern = podInterner();
  // A watch that is refused is told once, by whoever asks for the sources, and not at every try.
  const quiet: ReflectorLog = { ...log, warn: log.debug };
  let ofPods: Reflector | undefined;
  let ofKinds: ServedKinds | undefined;

  return {
    pods,
    start(listeners) {
      const shared = { client, clock, log: quiet, settings, onHealth: listeners.health };
      ofPods = startReflector({ ...shared, resource: PODS, store: pods, parse: (object) => parsePod(object, intern), onChange: listeners.pod, onSynced: () => undefined });
      ofKinds = startServedKinds<OtherKindName, OtherPolicyRecord>({ ...shared, kinds: OTHER_KINDS, onChange: (_kind, change) => listeners.otherPolicy(change) });
    },
    sources(others) {
      if (ofPods === undefined || ofKinds === undefined) return [{ resource: 'pods', missing: WAITING }];
      const nowMs = clock.now();
      return [
        ...[...others, ofPods.health()].map((health) => ({ resource: health.resource, missing: missingOf(health, nowMs) })),
        ...ofKinds.sources().map(({ health, isNew }) => ({ resource: health.resource, missing: isNew ? missingOfNew(health, nowMs) : missingOf(health, nowMs) })),
      ];
    },
    healths: () => [...ofPods === undefined ? [] : [ofPods.health()], ...ofKinds?.sources().map(({ health }) => health) ?? []],
    async stop() {
      await Promise.all([ofPods?.stop(), ofKinds?.stop()]);
    },
  };
}

/** No sign of life for this long: bookmarks come about every minute. Nothing but failures for as long is no better, whatever bytes came. */
const SILENCE_MS = 150_000;
/** A failure that passes is none. */
const PATIENCE_MS = 30_000;
const REFUSALS: ReadonlySet<string> = new Set(['Forbidden', 'Unauthorized', 'NotFound']);
/** A kind comes and goes a moment before or after its CRD does. */
const SERVED_LATE_MS = 15_000;
const WAITING = { text: 'the first list is under way', isFailure: false } as const;

/** Texts that stay the same while nothing changes: they are in a status. */
function missingOf(health: ReflectorHealth, nowMs: number): SourceState['missing'] {
  const refusal = refusalOf(health);
  if (refusal !== undefined) return isServedLate(health, nowMs) ? health.synced ? undefined : WAITING : refusal;
  const { synced, problem, lastFrameAtMs = Number.NEGATIVE_INFINITY } = health;
  if (synced && nowMs - lastFrameAtMs > SILENCE_MS) return { text: 'nothing is heard of it any more', isFailure: true };
  if (synced) return problem !== undefined && nowMs - problem.sinceMs > SILENCE_MS ? { text: `it cannot be followed any more (${problem.kind})`, isFailure: true } : undefined;
  return problem === undefined ? WAITING : { text: `it cannot be listed (${problem.kind})`, isFailure: nowMs - problem.sinceMs > PATIENCE_MS };
}

/** There can be nothing of it yet, so that only being kept from it counts. */
function missingOfNew(health: ReflectorHealth, nowMs: number): SourceState['missing'] {
  return isServedLate(health, nowMs) ? undefined : refusalOf(health);
}

function isServedLate({ problem }: ReflectorHealth, nowMs: number): boolean {
  return problem?.kind === 'NotFound' && nowMs - problem.sinceMs < SERVED_LATE_MS;
}

function refusalOf({ problem }: ReflectorHealth): SourceState['missing'] {
  return problem !== undefined && REFUSALS.has(problem.kind) ? { text: problem.message, isFailure: true } : undefined;
}
