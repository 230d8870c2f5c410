/**
 * What is really isolated, kept up to date: told of every change, it knows the classes of pods and namespaces.
 *
 * Promises: until every source is synced it only gathers; from then on each event is flushed by itself, so that every
 * change of a class has exactly one cause. Nothing is known, and nothing said, while a source cannot be read.
 * Work is done in slices, beside the event that brought it: a new namespace never waits for this.
 * Must not: write or log anything, or count what changed before it knew everything.
 */
import type { NamespaceRecord, PolicyRecord } from '../../kube/objects.ts';
import type { PodRecord } from '../../kube/pods.ts';
import { createClassifier, type ClassChange, type Classifier } from '../../netpol/classifier.ts';
import { createFamilyCount } from '../../netpol/family-count.ts';
import type { Options } from '../../netpol/model.ts';
import { isSameEffect, type IsolationKnowledge } from '../../plan/effect.ts';
import { isAsGenerated } from '../../plan/ownership.ts';
import type { Change, Store } from '../../watch/store.ts';
import type { Clock } from '../clock.ts';
import type { Cause } from './causes.ts';
import { driftIn, type EffectiveDrift } from './drift.ts';
import { createOperations, type Operation } from './operations.ts';
import type { OtherPolicyRecord } from './other-policies.ts';
import { createRollUps, type NamespaceRollUp } from './roll-up.ts';

/** One watch that has to be in order for anything to be known. */
export interface SourceState {
  readonly resource: string;
  /** Why it cannot be relied on; absent while it can. */
  readonly missing: { readonly text: string; /** It is not just the first list that takes its time. */ readonly isFailure: boolean } | undefined;
}

export interface TrackerParts {
  readonly options: Options;
  readonly namespaces: Pick<Store<NamespaceRecord>, 'get'>;
  readonly policies: Pick<Store<PolicyRecord>, 'get'>;
  readonly sources: () => readonly SourceState[];
  readonly clock: Pick<Clock, 'now' | 'setTimer'>;
  /** Policies are being written: this can wait a little. */
  readonly isBusy?: () => boolean;
  readonly onDrift: (drift: readonly EffectiveDrift[]) => void;
  /** What a namespace is as a whole has changed, or something that decides about it: other than by pods, unless `byPods`. */
  readonly onNamespace: (namespace: string, byPods: boolean) => void;
  /** What is known has changed, for the whole cluster. */
  readonly onKnowledge: (now: IsolationKnowledge) => void;
}

export interface IsolationTracker {
  readonly changed: {
    namespace(change: Change<NamespaceRecord>): void;
    policy(change: Change<PolicyRecord>): void;
    pod(change: Change<PodRecord>): void;
    other(change: Change<OtherPolicyRecord>): void;
  };
  /** `sources` may say something else. */
  healthChanged(): void;
  knowledge(): IsolationKnowledge;
  /** `undefined` while nothing is known. */
  of(namespace: string): NamespaceRollUp | undefined;
  readonly counts: Classifier['counts'];
  /** What is held; bounded by what there is. */
  size(): { readonly namespaces: number; readonly waiting: number };
  stop(): void;
}

/** Between two slices while policies are being written: a burst of new namespaces has nearly all of the processor. */
const BUSY_MS = 100;
/** Longest stretch without a turn of the event loop. */
const SLICE_MS = 5;
/** Events that are flushed together while nothing is reported yet. */
const GATHERED = 256;
/**
 * What one class may take, in steps of about a microsecond (see `effectiveWithin`): a tenant who writes thousands of rules must
 * not stop the operator. Beyond it a class is unknown.
 */
const MOST_WORK = 150_000;

export function createIsolationTracker(parts: TrackerParts): IsolationTracker {
  const { clock, policies } = parts;
  const classifier = createClassifier(parts.options, { mostWork: MOST_WORK });
  const families = createFamilyCount();
  const rollUps = createRollUps(classifier, ({ kind, name, namespace }) => {
    const record = kind === 'NetworkPolicy' ? policies.get(name, namespace) : undefined;
    return record !== undefined && isAsGenerated(record);
  });
  const found = new Map<string, NamespaceRollUp>();
  const known = new Set<string>();
  const operations = createOperations({ classifier, families, known });
  /** Namespaces to look at again, and whether pods are the only reason. */
  const dirty = new Map<string, boolean>();
  let waiting: Operation[] = [];
  let next = 0;
  /** What is being flushed: one event, or some while nothing is reported yet. */
  let current: { readonly cause: () => Cause; readonly byPods: boolean; readonly changes: ClassChange[]; events: number } | undefined;
  let sliceEndsMs = 0;
  let isReady = false;
  let knowledge: IsolationKnowledge = { kind: 'Starting' };
  let cancel: (() => void) | undefined;
  let stopped = false;

  function add(operation: Operation | undefined): void {
    if (operation === undefined || stopped) return;
    waiting.push(operation);
    wake();
  }

  function wake(): void {
    if (!stopped) cancel ??= clock.setTimer(parts.isBusy?.() === true ? BUSY_MS : 0, work);
  }

  /** Whatever goes wrong here is no reason for the operator to end: it is a reason to claim nothing any more. */
  function work(): void {
    cancel = undefined;
    try {
      workOn();
    } catch (error) {
      stopped = true;
      [waiting, next] = [[], 0];
      say({ kind: 'Unknown', why: `this program failed: ${error instanceof Error ? error.message : String(error)}` });
    }
  }

  function workOn(): void {
    sliceEndsMs = clock.now() + SLICE_MS;
    while (step()) {
      if (clock.now() < sliceEndsMs) continue;
      wake();
      return;
    }
    lookAround();
  }

  /** False when there is nothing to do. What an event has touched is classified before the next one is taken. */
  function step(): boolean {
    const operation = waiting[next];
    if (current !== undefined && (isReady || operation === undefined || current.events >= GATHERED)) return flush();
    if (operation !== undefined) {
      next += 1;
      run(operation);
      return true;
    }
    if (next > 0) [waiting, next] = [[], 0];
    return isReady && refreshOne();
  }

  function run(operation: Operation): void {
    operation.apply();
    const byPods = operation.touches.length === 0;
    for (const name of operation.touches === 'all' || families.changed() ? known : operation.touches) soil(name, byPods);
    current ??= { cause: operation.cause, byPods, changes: [], events: 0 };
    current.events += 1;
  }

  function soil(namespace: string, byPods: boolean): void {
    dirty.set(namespace, byPods && dirty.get(namespace) !== false);
  }

  /** Some of the pods that were touched; when all of them are done, what that means. */
  function flush(): boolean {
    const changes = classifier.flush(() => clock.now() < sliceEndsMs);
    rollUps.note(changes);
    for (const { pod } of changes) soil(pod.namespace, current?.byPods === true);
    for (const change of changes) current?.changes.push(change);
    if (classifier.unflushed === 0) finish();
    return true;
  }

  function finish(): void {
    const done = current;
    current = undefined;
    if (done === undefined || done.changes.length === 0 || knowledge.kind !== 'Known') return;
    const drift = driftIn(done.changes, done.cause(), (namespace) => parts.namespaces.get(namespace)?.terminating === false);
    if (drift.length > 0) parts.onDrift(drift);
  }

  function refreshOne(): boolean {
    for (const [namespace, byPods] of dirty) {
      dirty.delete(namespace);
      refresh(namespace, byPods);
      return true;
    }
    return false;
  }

  function refresh(namespace: string, byPods: boolean): void {
    const [before, after] = [found.get(namespace), known.has(namespace) ? rollUps.of(namespace) : undefined];
    if (after === undefined) found.delete(namespace);
    else found.set(namespace, after);
    if (!byPods || !isSameEffect(before?.effect, after?.effect)) parts.onNamespace(namespace, byPods);
  }

  /** Everything that came is in: is everything there? */
  function lookAround(): void {
    const missing = parts.sources().flatMap(({ resource, missing: why }) => (why === undefined ? [] : [{ resource, ...why }]));
    if (!isReady && missing.length === 0) {
      isReady = true;
      for (const name of known) soil(name, false);
      wake(); // known when all of them have been looked at
      return;
    }
    const failures = missing.filter(({ isFailure }) => isReady || isFailure);
    say(failures.length > 0 ? unknownBecause(failures) : isReady ? KNOWN : STARTING);
  }

  function say(now: IsolationKnowledge): void {
    const before = knowledge;
    knowledge = now;
    const isSame = before.kind === now.kind && (before.kind !== 'Unknown' || now.kind !== 'Unknown' || before.why === now.why);
    if (!isSame) parts.onKnowledge(now);
  }

  return {
    changed: {
      namespace: (change) => add(operations.namespace(change)),
      policy: (change) => add(operations.policy(change)),
      pod: (change) => add(operations.pod(change)),
      other: (change) => add(operations.other(change)),
    },
    healthChanged: wake,
    knowledge: () => knowledge,
    of: (namespace) => (knowledge.kind === 'Known' ? found.get(namespace) : undefined),
    counts: classifier.counts,
    size: () => ({ namespaces: found.size, waiting: waiting.length - next }),
    stop() {
      stopped = true;
      cancel?.();
      cancel = undefined;
    },
  };
}

const KNOWN: IsolationKnowledge = { kind: 'Known' };
const STARTING: IsolationKnowledge = { kind: 'Starting' };

function unknownBecause(failures: readonly { readonly resource: string; readonly text: string }[]): IsolationKnowledge {
  return { kind: 'Unknown', why: failures.map(({ resource, text }) => `${resource}: ${text}`).join('; ') };
}
