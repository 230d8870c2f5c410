/**
 * Errors of this program about single objects: they are logged with their stack, and nothing is claimed until it goes right.
 *
 * An object is forgotten as soon as what is done about it succeeds, its removal included.
 */
import type { Logger } from '../../observe/logger.ts';
import { createLineBudget, kindOfFailure } from '../line-budget.ts';

export interface Failures {
  has(object: string): boolean;
  /** False where `run` has thrown. */
  guard(object: string, run: () => void): boolean;
  /** Logs it, and nothing else: for who goes on without the object. */
  report(object: string, error: unknown): void;
  /** Why nothing is known, with these objects beside those that are remembered; empty where nothing has failed. */
  texts(others: readonly string[]): string[];
}

/** Objects in a text. */
const NAMED = 3;

export function createFailures(log: Pick<Logger, 'error' | 'warn'>, now: () => number): Failures {
  const lines = createLineBudget(log, 'more objects could not be evaluated');
  const failed = new Set<string>();

  function report(object: string, error: unknown): void {
    if (lines.take(kindOfFailure(error), now())) log.error('an object could not be evaluated', { object, error });
  }

  return {
    report,
    has: (object) => failed.has(object),
    guard(object, run) {
      try {
        run();
        failed.delete(object);
        return true;
      } catch (error) {
        if (!failed.has(object)) report(object, error);
        failed.add(object);
        return false;
      }
    },
    texts(others) {
      const objects = [...new Set([...failed, ...others])].sort();
      if (objects.length === 0) return [];
      return [`${objects.slice(0, NAMED).join(', ')}${objects.length > NAMED ? ' and more' : ''}: an error in this program, which is in its log`];
    },
  };
}
