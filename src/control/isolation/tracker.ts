/**
 * What is really isolated, kept up to date: told of every change, it knows the classes of pods and namespaces.
 *
 * Promises: until every source is synced it only gathers; from then on every change of a class has exactly one cause.
 * Nothing is known, and nothing said, while a source cannot be read, while something fails, and while changes wait for
 * longer than `BEHIND_MS`. Work is done in slices, beside the event that brought it: a new namespace never waits for this.
 * Must not: write or log anything, or count what changed before it knew everything.
 */
import type { NamespaceRecord, PolicyRecord } from '../../kube/objects.ts';
import type { PodRecord } from '../../kube/pods.ts';
import { createClassifier, type ClassChange, type Classifier } from '../../netpol/classifier.ts';
import type { Options, Pod } from '../../netpol/model.ts';
import type { Logger } from '../../observe/logger.ts';
import { isSameEffect, type IsolationKnowledge } from '../../plan/effect.ts';
import { isAsGenerated } from '../../plan/ownership.ts';
import type { Change, Store } from '../../watch/store.ts';
import type { Clock } from '../clock.ts';
import { createBacklog, type Waiting } from './backlog.ts';
import { createDirtyNamespaces } from './dirty-namespaces.ts';
import { driftIn, type EffectiveDrift } from './drift.ts';
import { createEvaluation } from './evaluation.ts';
import { createFailures } from './failures.ts';
import { createOperations, type Operation } from './operations.ts';
import type { OtherPolicyRecord } from './other-policies.ts';
import { createRollUps, type NamespaceRollUp } from './roll-up.ts';
import { isSameKnowledge, whyUnknown, type SourceState } from './why-unknown.ts';

export interface TrackerParts {
  readonly options: Options;
  readonly namespaces: Pick<Store<NamespaceRecord>, 'get'>;
  readonly policies: Pick<Store<PolicyRecord>, 'get'>;
  readonly sources: () => readonly SourceState[];
  readonly clock: Pick<Clock, 'now' | 'setTimer'>;
  readonly log: Pick<Logger, 'error' | 'warn'>;
  /** Policies are being written: this can wait a little. */
  readonly isBusy?: () => boolean;
  readonly onDrift: (drift: readonly EffectiveDrift[]) => void;
  /** What a namespace is as a whole has changed, or something that decides about it: other than by pods, unless `byPods`. */
  readonly onNamespace: (namespace: string, byPods: boolean) => void;
  /** What is known has changed, for the whole cluster. */
  readonly onKnowledge: (now: IsolationKnowledge) => void;
}

/** Changes that wait, and since when the oldest does. */
export interface IsolationBacklog { readonly changes: number; readonly oldestMs: number }

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
  /** What waits to be evaluated. */
  backlog(): IsolationBacklog;
  /** What is held; bounded by what there is. */
  size(): { readonly namespaces: number; readonly waiting: number };
  stop(): void;
}

/** Between two slices while policies are being written: a burst of new namespaces has nearly all of the processor. */
const BUSY_MS = 100;
/** After so long nothing is written first any more. */
const PATIENCE_MS = 10_000;
/** Longest stretch without a turn of the event loop. */
const SLICE_MS = 5;
/** A namespace is looked at again when nothing else is to be done, and after so long in any case. */
const REFRESH_MS = 1000;
/** What is so late is not known. */
const BEHIND_MS = 60_000;
/**
 * What one class may take, in steps of about a microsecond (see `effectiveWithin`): a tenant who writes thousands of rules must
 * not stop the operator. Beyond it a class is unknown.
 */
const MOST_WORK = 150_000;

export function createIsolationTracker(parts: TrackerParts): IsolationTracker {
  const { clock, policies, log } = parts;
  const failures = createFailures(log, clock.now);
  const classifier = createClassifier(parts.options, { mostWork: MOST_WORK, onFailure: (pod, error) => failures.report(podText(pod), error) });
  const rollUps = createRollUps(classifier, ({ kind, name, namespace }) => {
    const record = kind === 'NetworkPolicy' ? policies.get(name, namespace) : undefined;
    return record !== undefined && isAsGenerated(record);
  });
  const found = new Map<string, NamespaceRollUp>();
  const known = new Set<string>();
  const operations = createOperations({ classifier, known, report: failures.report });
  const backlog = createBacklog();
  const evaluation = createEvaluation({ classifier, backlog, isReady: () => isReady, apply, changed: (namespace, by) => soil(namespace, by.sinceMs, isOfPod(by.operation)), done });
  const dirty = createDirtyNamespaces();
  let families = '';
  let sliceEndsMs = 0;
  let isReady = false;
  let knowledge: IsolationKnowledge = { kind: 'Starting' };
  let cancel: (() => void) | undefined;
  let stopped = false;

  function add(operation: Operation | undefined): void {
    if (operation === undefined || stopped) return;
    backlog.add({ operation, sinceMs: clock.now() });
    wake();
  }

  function wake(): void {
    if (stopped || cancel !== undefined) return;
    const waits = parts.isBusy?.() === true && ageMs() < PATIENCE_MS;
    cancel = clock.setTimer(waits ? BUSY_MS : 0, work);
  }

  /** Since when the oldest change waits, whichever part of it is not done. */
  function ageMs(): number {
    return clock.now() - Math.min(evaluation.oldestMs() ?? Infinity, dirty.oldestMs() ?? Infinity, clock.now());
  }

  /** Whatever else goes wrong here is no reason for the operator to end: it is a reason to claim nothing any more. */
  function work(): void {
    cancel = undefined;
    try {
      workOn();
    } catch (error) {
      stopped = true;
      backlog.clear();
      log.error('isolation is not evaluated any more', { error });
      say({ kind: 'Unknown', reason: 'EvaluationFailed', why: `this program failed: ${error instanceof Error ? error.message : String(error)}` });
    }
  }

  function workOn(): void {
    sliceEndsMs = clock.now() + SLICE_MS;
    const goesOn = (): boolean => clock.now() < sliceEndsMs;
    while (step(goesOn)) {
      if (goesOn()) continue;
      lookAround(false);
      wake();
      return;
    }
    lookAround(true);
  }

  function step(goesOn: () => boolean): boolean {
    if (isReady && !evaluation.isUnderWay && clock.now() - (dirty.oldestMs() ?? Infinity) >= REFRESH_MS) return refreshOne();
    return evaluation.step(goesOn) || (isReady && refreshOne());
  }

  function apply({ operation, sinceMs }: Waiting): void {
    const { object, touches } = operation;
    const recovers = failures.has(object);
    const isDone = failures.guard(object, operation.apply);
    if (recovers && isDone) {
      classifier.touchAll(); // what was missing may have had a say anywhere
      touch(known, sinceMs, false);
    }
    const [before, after] = [families, classifier.families().join()];
    families = after;
    touch(touches === 'all' || before !== after ? known : touches, sinceMs, isOfPod(operation));
  }

  function touch(names: Iterable<string>, sinceMs: number, byPods: boolean): void {
    for (const name of names) {
      rollUps.touched(name);
      soil(name, sinceMs, byPods);
    }
  }

  function soil(name: string, sinceMs: number, byPods: boolean): void {
    if (isReady) dirty.add({ name, sinceMs, byPods }); // before that all are looked at
  }

  function done({ object, cause }: Operation, changes: readonly ClassChange[]): void {
    if (knowledge.kind !== 'Known') return;
    try {
      const drift = driftIn(changes, cause(), (namespace) => parts.namespaces.get(namespace)?.terminating === false);
      if (drift.length > 0) parts.onDrift(drift);
    } catch (error) {
      failures.report(object, error); // it is known all the same
    }
  }

  function refreshOne(): boolean {
    const taken = dirty.take();
    if (taken === undefined) return false;
    failures.guard(`isolation of namespace ${taken.name}`, () => refresh(taken.name, taken.byPods));
    return true;
  }

  function refresh(namespace: string, byPods: boolean): void {
    const [before, after] = [found.get(namespace), known.has(namespace) ? rollUps.of(namespace) : undefined];
    if (after === undefined) found.delete(namespace);
    else found.set(namespace, after);
    if (!byPods || !isSameEffect(before?.effect, after?.effect)) parts.onNamespace(namespace, byPods);
  }

  /** Is everything there, and is everything that came in? That it is not is said at once, that it is when it is. */
  function lookAround(isAllDone: boolean): void {
    const missing = parts.sources().flatMap(({ resource, missing: why }) => (why === undefined ? [] : [{ resource, ...why }]));
    if (isAllDone && !isReady && missing.length === 0) {
      isReady = true;
      touch(known, clock.now(), false);
      wake(); // known when all of them have been looked at
      return;
    }
    const unknown = whyUnknown({
      NotReadable: missing.filter(({ isFailure }) => isReady || isFailure).map(({ resource, text }) => `${resource}: ${text}`),
      EvaluationFailed: failures.texts(classifier.failed().map(podText)),
      EvaluationLate: ageMs() > BEHIND_MS ? [BEHIND] : [],
    });
    if (unknown !== undefined) say(unknown);
    else if (isAllDone) say(isReady ? KNOWN : STARTING);
  }

  function say(now: IsolationKnowledge): void {
    const before = knowledge;
    knowledge = now;
    if (!isSameKnowledge(before, now)) parts.onKnowledge(now);
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
    backlog: () => ({ changes: backlog.size, oldestMs: ageMs() }),
    size: () => ({ namespaces: found.size, waiting: backlog.held }),
    stop() {
      stopped = true;
      cancel?.();
      cancel = undefined;
    },
  };
}

const KNOWN: IsolationKnowledge = { kind: 'Known' };
const STARTING: IsolationKnowledge = { kind: 'Starting' };
/** It touches nothing but its pod. */
const isOfPod = ({ touches }: Operation): boolean => touches.length === 0;
const podText = ({ namespace, name }: Pod): string => `pod ${namespace}/${name}`;
const BEHIND = `changes are evaluated more than ${BEHIND_MS / 1000} s late`;
