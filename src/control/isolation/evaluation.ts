/**
 * Has the classifier look at what changed, one change after the other, each with what it touched.
 *
 * Promises: every change of a class has exactly one cause. Changes that need not be told apart are one: our own writes,
 * and all of them before anything is reported. A change that touches no pod costs no classification.
 */
import type { ClassChange, Classifier } from '../../netpol/classifier.ts';
import type { Backlog, Waiting } from './backlog.ts';
import type { Operation } from './operations.ts';

export interface EvaluationParts {
  readonly classifier: Pick<Classifier, 'flush' | 'unflushed'>;
  readonly backlog: Backlog;
  /** Everything counts, and is told. */
  isReady(): boolean;
  /** The classifier is to be told of it. */
  apply(waiting: Waiting): void;
  /** Pods of the namespace have another class. */
  changed(namespace: string, by: Waiting): void;
  /** All that a change has done. */
  done(operation: Operation, changes: readonly ClassChange[]): void;
}

export interface Evaluation {
  /** False when there is nothing to do. Where it classifies pods, it asks after each whether to go on. */
  step(goesOn: () => boolean): boolean;
  /** Pods of a change are still to be classified. */
  readonly isUnderWay: boolean;
  /** When the oldest change came that is not evaluated; `undefined`: all are. */
  oldestMs(): number | undefined;
}

/** Changes that are flushed together, where they may be. */
const GATHERED = 256;

interface Current { readonly first: Waiting; readonly changes: ClassChange[]; count: number }

export function createEvaluation({ classifier, backlog, ...parts }: EvaluationParts): Evaluation {
  let current: Current | undefined;

  function joins(operation: Operation): boolean {
    if (current === undefined) return true;
    return current.count < GATHERED && (!parts.isReady() || (current.first.operation.isOurs && operation.isOurs));
  }

  function begin(): boolean {
    const taken = backlog.take();
    if (taken === undefined) return false;
    parts.apply(taken);
    if (current === undefined && classifier.unflushed === 0) return true;
    current ??= { first: taken, changes: [], count: 0 };
    current.count += 1;
    return true;
  }

  /** Some of the pods that were touched; when all of them are done, what that means. */
  function flush({ first, changes }: Current, goesOn: () => boolean): true {
    for (const change of classifier.flush(goesOn)) {
      parts.changed(change.pod.namespace, first);
      changes.push(change);
    }
    if (classifier.unflushed > 0) return true;
    current = undefined;
    if (changes.length > 0) parts.done(first.operation, changes);
    return true;
  }

  return {
    step(goesOn) {
      const next = backlog.first();
      if (current !== undefined && (next === undefined || !joins(next.operation))) return flush(current, goesOn);
      return begin();
    },
    get isUnderWay() { return current !== undefined; },
    oldestMs: () => current?.first.sinceMs ?? backlog.first()?.sinceMs,
  };
}
