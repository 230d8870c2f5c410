import assert from 'node:assert/strict';
import { createController, LONGEST_REQUEUE_MS, RECONCILE_TIMEOUT_MS, type ControllerParts, type Outcome } from '../../../src/control/controller.ts';
import { KubeError, type KubeErrorKind } from '../../../src/kube/errors.ts';
import { manualClock } from '../../support/clock.ts';
import { memoryLogger } from '../../support/log.ts';

const failure = (kind: KubeErrorKind, message = `answered ${kind}`): KubeError => new KubeError(message, { kind });

function rig(reconcile: ControllerParts['reconcile'], more: Partial<ControllerParts> = {}) {
  const clock = manualClock();
  const log = memoryLogger();
  const results: string[] = [];
  const troubles: string[] = [];
  const controller = createController({
    reconcile, clock, log, concurrency: 4,
    observer: {
      added: () => {}, retried: () => {}, started: () => {}, finished: () => {},
      reconciled: (result) => void results.push(result),
      troubled: (kind) => void troubles.push(kind),
    },
    ...more,
  });
  controller.start();
  return { clock, log, results, troubles, controller };
}

/** Throws what `fail` gives for the nth attempt, from 1; `undefined` succeeds. */
function attempts(fail: (attempt: number) => unknown) {
  let count = 0;
  return {
    get count() { return count; },
    reconcile: async (): Promise<Outcome> => {
      const error = fail(++count);
      if (error !== undefined) throw error;
      return {};
    },
  };
}

describe('controller', () => {
  it('retries what heals by itself for ever, and logs its beginning and its end', async () => {
    const work = attempts((attempt) => (attempt <= 20 ? failure('Unavailable', `connect :${attempt} refused`) : undefined));
    const { clock, controller, log, results } = rig(work.reconcile);
    controller.add('a', 'new');
    await clock.advance(20 * 60_000);
    assert.equal(work.count, 21);
    assert.deepEqual(log.lines(), ['warn Reconcile failed, will be retried', 'info Reconcile works again']);
    assert.equal(log.entries[1]?.fields['failedAttempts'], 20);
    assert.equal(results.filter((result) => result === 'error').length, 20);
    assert.equal(results.at(-1), 'success');
  });

  it('comes back within 60 s for what heals, within 5 min for what somebody must change', async () => {
    for (const [kind, capMs] of [['Unavailable', 60_000], ['Throttled', 60_000], ['Invalid', 300_000], ['AdmissionDenied', 300_000], ['Forbidden', 300_000]] as const) {
      const work = attempts(() => failure(kind));
      const { clock, controller } = rig(work.reconcile);
      controller.add('a', 'new');
      await clock.advance(3_600_000);
      const before = work.count;
      await clock.advance(capMs * 0.75 * 4);
      assert.equal(work.count - before, 4, kind);
    }
  });

  it('logs a failure again when it changes', async () => {
    const work = attempts((attempt) => failure(attempt < 4 ? 'Unavailable' : 'Forbidden'));
    const { clock, controller, log, troubles } = rig(work.reconcile);
    controller.add('a', 'new');
    await clock.advance(60_000);
    assert.deepEqual(log.lines(), ['warn Reconcile failed, will be retried', 'error Reconcile failed, will be retried']);
    assert.ok(troubles.includes('terminal'));
  });

  it('looks again at once, and quietly, where the world is not as planned', async () => {
    const work = attempts((attempt) => (attempt === 1 ? failure('NotFound') : attempt === 2 ? failure('Conflict') : undefined));
    const { clock, controller, log, results } = rig(work.reconcile);
    controller.add('a', 'drift');
    await clock.advance(50);
    assert.deepEqual(results, ['requeue', 'requeue', 'success']);
    assert.deepEqual(log.lines(), []);
  });

  it('drops a key only where its namespace is gone or going', async () => {
    const work = attempts(() => failure('NamespaceTerminating'));
    const { clock, controller, log, results } = rig(work.reconcile);
    controller.add('a', 'drift');
    await clock.advance(3_600_000);
    assert.deepEqual([work.count, results, log.lines()], [1, ['success'], []]);
    assert.deepEqual([controller.stats().delayed, controller.stats().failing], [0, 0]);
  });

  it('does not say that a key works again when it is gone', async () => {
    let gone = false;
    const { clock, controller, log } = rig(async () => {
      if (!gone) throw failure('Forbidden');
      return { gone };
    });
    controller.add('a', 'new');
    await clock.advance(1_000);
    gone = true;
    controller.add('a', 'drift');
    await clock.advance(1_000);
    assert.deepEqual(log.lines(), ['error Reconcile failed, will be retried']);
  });

  it('counts errors of this program, and lets other keys go on', async () => {
    const done: string[] = [];
    const { clock, controller, troubles, log } = rig(async (key) => {
      if (key === 'bad') throw new TypeError('undefined is not a function');
      done.push(key);
      return {};
    });
    for (const key of ['bad', 'b', 'c']) controller.add(key, 'resync');
    await clock.advance(100);
    assert.deepEqual([done, troubles], [['b', 'c'], ['panic']]);
    assert.ok(log.entries[0]?.fields['error'] instanceof TypeError);
  });

  it('does not write a line for each of many keys that fail alike, though each message names its key', async () => {
    let away = true;
    const { clock, controller, log } = rig(async (key) => {
      if (away) throw failure('Unavailable', `create networkpolicies default-deny in ${key}: connection refused`);
      return {};
    }, { concurrency: 100 });
    for (let i = 0; i < 1000; i++) controller.add(`key-${i}`, 'resync');
    await clock.advance(40_000);
    assert.deepEqual(log.lines(), Array(5).fill('warn Reconcile failed, will be retried'));
    away = false;
    await clock.advance(120_000);
    controller.add('any', 'resync');
    await clock.advance(1);
    assert.deepEqual(log.entries.find(({ message }) => message.startsWith('More'))?.fields, { failure: 'Unavailable', keys: 995 });
    assert.equal(log.lines().filter((line) => line === 'info Reconcile works again').length, 5);
    assert.equal(log.entries.length, 11);
  });

  it('aborts a run that hangs, counts it, and runs the key again', async () => {
    let runs = 0;
    const { clock, controller, troubles } = rig((_key, signal) => {
      runs++;
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    });
    controller.add('a', 'new');
    await clock.advance(RECONCILE_TIMEOUT_MS);
    assert.deepEqual([runs, troubles], [1, ['timeout']]);
    await clock.advance(250);
    assert.equal(runs, 2);
  });

  it('looks again when the outcome says so, by the wall clock, also after somebody set it', async () => {
    const start = Date.UTC(2026, 0, 1);
    const expiresAtMs = start + 3_600_000;
    const looked: number[] = [];
    const { clock, controller, results } = rig(async () => {
      looked.push(clock.wallMs());
      return clock.wallMs() < expiresAtMs ? { requeueAtMs: expiresAtMs } : {};
    });
    controller.add('a', 'new');
    await clock.advance(1000);
    assert.deepEqual(results, ['requeue_after']);
    clock.setWallMs(expiresAtMs - 5000);
    await clock.advance(LONGEST_REQUEUE_MS);
    assert.ok((looked.at(-1) ?? 0) >= expiresAtMs, 'found out that it expired');
    const count = looked.length;
    await clock.advance(3_600_000);
    assert.equal(looked.length, count);
  });

  it('logs failures, but not those that a shutdown causes', async () => {
    const { clock, controller, log } = rig((key, signal) => (key === 'fails'
      ? Promise.reject(failure('Invalid'))
      : new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(failure('Aborted'))))));
    controller.add('fails', 'new');
    controller.add('hangs', 'new');
    await clock.advance(1);
    const drained = controller.drain(5000);
    await clock.advance(5000);
    assert.deepEqual(await drained, ['hangs']);
    await clock.settle();
    assert.deepEqual(log.entries.map(({ fields }) => fields['key']), ['fails']);
    assert.equal(clock.timers, 0);
  });
});
