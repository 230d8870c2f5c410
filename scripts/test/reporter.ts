/**
 * Mocha's spec reporter, which also says why a test is skipped and writes the counts and the failures to the file in
 * `NPB_TEST_COUNTS` when the run has ended.
 */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';
import { NO_REASON, type Counts, type Failure, type Skipped } from './counts.ts';

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PENDING } = Mocha.Runner.constants;
/** Enough of a message to know what went wrong from the end of a log; the whole of it stands where the test failed. */
const MESSAGE_LINES = 6;
/** Where `skipBecause` of test/support/skip.ts puts the reason, on a test or on a suite. */
const REASON = Symbol.for('netbaseline.io/skip-reason');

class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: Skipped[] = [];
    runner.on(EVENT_TEST_PENDING, (test: Mocha.Test) => {
      const reason = reasonOf(test);
      const unwritten = test.fn === undefined;
      skipped.push({ title: test.fullTitle(), ...(reason === undefined ? {} : { reason }), ...(unwritten ? { unwritten } : {}) });
      console.log(`      SKIPPED: ${reason ?? (unwritten ? 'it is not written' : NO_REASON)}`);
    });
    const failed: Failure[] = [];
    runner.on(EVENT_TEST_FAIL, (test: Mocha.Test, error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      failed.push({ title: test.fullTitle(), message: message.split('\n').slice(0, MESSAGE_LINES).join('\n') });
    });
    runner.once(EVENT_RUN_END, () => {
      const { passes = 0, failures = 0 } = runner.stats ?? {};
      const counts: Counts = { passed: passes, failed: failures, skipped, failures: failed };
      const path = process.env['NPB_TEST_COUNTS'];
      if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
    });
  }
}

/** Of the test itself, else of the nearest suite around it. */
function reasonOf(test: Mocha.Test): string | undefined {
  let at: object | undefined = test;
  while (at !== undefined) {
    const reason: unknown = Reflect.get(at, REASON);
    if (typeof reason === 'string') return reason;
    at = (at as { parent?: object }).parent;
  }
  return undefined;
}

// oxlint-disable-next-line import/no-default-export -- mocha takes the default export of a reporter's file
export default CountingReporter;
