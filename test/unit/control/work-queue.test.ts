import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RETRY_CAP_MS } from '../../../src/control/backoff.ts';
import type { Lane } from '../../../src/control/lanes.ts';
import { createWorkQueue, type Next, type WorkQueue, type WorkQueueOptions } from '../../../src/control/work-queue.ts';
import { manualClock, type ManualClock } from '../../support/clock.ts';

const SETTLED: Next = { kind: 'settled' };

/** A queue whose runs wait until the test ends them. */
function rig(options: Partial<WorkQueueOptions> = {}) {
  const clock = manualClock();
  const running = new Map<string, PromiseWithResolvers<Next>>();
  const started: string[] = [];
  const counts = { added: 0, retried: 0, waitedMs: [] as number[], workedMs: [] as number[] };
  const queue = createWorkQueue({
    concurrency: 2, clock,
    work: (key) => {
      assert.ok(!running.has(key), `${key} runs twice at a time`);
      started.push(key);
      const run = Promise.withResolvers<Next>();
      running.set(key, run);
      return run.promise.finally(() => running.delete(key));
    },
    observer: {
      added: () => void counts.added++,
      retried: () => void counts.retried++,
      started: (ms) => void counts.waitedMs.push(ms),
      finished: (ms) => void counts.workedMs.push(ms),
    },
    ...options,
  });
  const end = async (key: string, next: Next = SETTLED): Promise<void> => {
    running.get(key)?.resolve(next);
    await clock.settle();
  };
  const crash = async (key: string): Promise<void> => {
    running.get(key)?.reject(new Error('bug'));
    await clock.settle();
  };
  return { clock, queue, running, started, counts, end, crash };
}

async function started(queue: WorkQueue, clock: ManualClock): Promise<void> {
  queue.start();
  await clock.settle();
}

describe('work queue', () => {
  it('gathers keys before start, then runs each once, at most so many at a time', async () => {
    const { queue, clock, started: order, running, end } = rig();
    for (const key of ['a', 'b', 'a', 'c']) queue.add(key, 'resync');
    await clock.settle();
    assert.deepEqual(order, []);
    await started(queue, clock);
    assert.deepEqual([...running.keys()], ['a', 'b']);
    await end('a');
    await end('b');
    await end('c');
    assert.deepEqual(order, ['a', 'b', 'c']);
    assert.equal(clock.timers, 0);
  });

  it('runs a key again, once, that was touched while it ran', async () => {
    const { queue, clock, started: order, end } = rig();
    await started(queue, clock);
    queue.add('a', 'new');
    await clock.settle();
    queue.add('a', 'drift');
    queue.add('a', 'drift');
    assert.deepEqual(order, ['a']);
    await end('a');
    assert.deepEqual(order, ['a', 'a']);
    await end('a');
    assert.deepEqual(order, ['a', 'a']);
  });

  it('brings a failed key back after 250 ms, doubling, up to the cap, and forgets it on success', async () => {
    const { queue, clock, started: order, end } = rig();
    await started(queue, clock);
    queue.add('a', 'drift');
    await clock.settle();
    const waits: number[] = [];
    for (let failures = 1; failures <= 10; failures++) {
      await end('a', { kind: 'retry', capMs: RETRY_CAP_MS });
      const from = clock.now();
      while (order.length === failures) await clock.advance(0.25 * 250);
      waits.push(clock.now() - from);
    }
    assert.deepEqual(waits.map((ms) => Math.round(ms / 0.75 / 250)), [1, 2, 4, 8, 16, 32, 64, 128, 240, 240]);
    assert.equal(queue.stats().failing, 1);
    await end('a');
    assert.equal(queue.stats().failing, 0);
    queue.add('a', 'drift');
    await clock.settle();
    await end('a', { kind: 'retry', capMs: RETRY_CAP_MS });
    await clock.advance(250);
    assert.equal(order.length, 13);
  });

  it('does not lose a key whose worker crashes', async () => {
    const { queue, clock, started: order, crash, counts } = rig();
    await started(queue, clock);
    queue.add('a', 'new');
    await clock.settle();
    await crash('a');
    await clock.advance(250);
    assert.deepEqual(order, ['a', 'a']);
    assert.equal(counts.retried, 1);
  });

  it('runs an event at once although the key waits for its retry', async () => {
    const { queue, clock, started: order, end } = rig();
    await started(queue, clock);
    queue.add('a', 'new');
    await clock.settle();
    await end('a', { kind: 'retry', capMs: 300_000 });
    queue.add('a', 'drift');
    await clock.settle();
    assert.deepEqual(order, ['a', 'a']);
    await end('a');
    await clock.advance(1000);
    assert.deepEqual(order, ['a', 'a'], 'the retry was replaced by the run');
  });

  it('honours delays of more than 2^31 ms with one timer for all keys', async () => {
    const { queue, clock, started: order, end } = rig();
    await started(queue, clock);
    const farMs = 2 ** 31 + 10;
    for (let i = 0; i < 50; i++) queue.add(`far-${i}`, 'resync', farMs + i);
    queue.add('near', 'resync', 1000);
    assert.equal(clock.timers, 1);
    await clock.advance(1000);
    assert.deepEqual(order, ['near']);
    await end('near');
    await clock.advance(farMs - 1001);
    assert.equal(order.length, 1);
    await clock.advance(1);
    assert.deepEqual(order, ['near', 'far-0']);
  });

  it('comes back after the time that a run asked for', async () => {
    const { queue, clock, started: order, end } = rig();
    await started(queue, clock);
    queue.add('a', 'drift');
    await clock.settle();
    await end('a', { kind: 'requeue', afterMs: 5000 });
    await clock.advance(4999);
    assert.deepEqual(order, ['a']);
    await clock.advance(1);
    assert.deepEqual(order, ['a', 'a']);
    await end('a');
    assert.deepEqual(queue.stats(), { depth: 0, delayed: 0, running: 0, failing: 0, unfinishedMs: 0, longestRunningMs: 0 });
    assert.equal(clock.timers, 0);
  });

  it('drains: finishes what runs, starts nothing more, aborts at the deadline', async () => {
    const signals: AbortSignal[] = [];
    const { queue, clock, end, running } = rig();
    await started(queue, clock);
    for (const key of ['a', 'b', 'c']) queue.add(key, 'drift');
    await clock.settle();
    const drained = queue.drain(10_000);
    queue.add('d', 'new');
    await end('a');
    await end('b');
    assert.deepEqual(await drained, []);
    assert.deepEqual([...running.keys()], []);
    assert.equal(queue.stats().depth, 1, 'c is left to the next leader');

    const stuck = createWorkQueue({ concurrency: 1, clock, work: (_key, signal) => (signals.push(signal), new Promise(() => {})) });
    await started(stuck, clock);
    stuck.add('a', 'new');
    await clock.settle();
    const left = stuck.drain(10_000);
    await clock.advance(9999);
    assert.equal(signals[0]?.aborted, false);
    await clock.advance(1);
    assert.deepEqual(await left, ['a']);
    assert.equal(signals[0]?.aborted, true);
  });

  it('stops at once when told to', async () => {
    let reason: unknown;
    const clock = manualClock();
    const queue = createWorkQueue({ concurrency: 1, clock, work: (_key, signal) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason;
        reject(signal.reason as Error);
      });
    }) });
    await started(queue, clock);
    queue.add('a', 'new');
    await clock.settle();
    queue.stop(new Error('no longer the leader'));
    await clock.settle();
    assert.match(String(reason), /no longer the leader/);
    assert.equal(clock.timers, 0);
    assert.deepEqual(await queue.drain(0), []);
  });

  it('measures waiting and working, and what is under way', async () => {
    const { queue, clock, end, counts } = rig({ concurrency: 1 });
    await started(queue, clock);
    queue.add('a', 'new');
    await clock.settle();
    queue.add('b', 'new', 1000);
    await clock.advance(3000);
    assert.deepEqual(queue.stats(), { depth: 1, delayed: 0, running: 1, failing: 0, unfinishedMs: 3000, longestRunningMs: 3000 });
    await end('a');
    assert.deepEqual(counts, { added: 2, retried: 0, waitedMs: [0, 2000], workedMs: [3000] });
  });

  it('lets timers and sockets have their turn while work never waits', async () => {
    const clock = manualClock();
    let runs = 0;
    const queue = createWorkQueue({ concurrency: 4, clock, work: async () => {
      clock.freeze(1);
      runs++;
      return SETTLED;
    } });
    for (let i = 0; i < 100; i++) queue.add(`key-${i}`, 'resync');
    const turn = new Promise((resolve) => setImmediate(resolve));
    queue.start();
    await turn;
    assert.ok(runs >= 4 && runs <= 12, `${runs} runs in the first turn`);
    while (runs < 100) await clock.settle();
  });

  it('takes ten times as many keys in about ten times the time', async () => {
    const cpuMsFor = async (count: number): Promise<number> => {
      const clock = manualClock();
      let runs = 0;
      const queue = createWorkQueue({ concurrency: 16, clock, work: async () => (runs++, SETTLED) });
      queue.start();
      const keys = Array.from({ length: count }, (_each, index) => `namespace-${index}`);
      const from = process.cpuUsage();
      for (const key of keys) queue.add(key, 'resync');
      const { user, system } = process.cpuUsage(from);
      while (queue.stats().depth > 0 || queue.stats().running > 0) await clock.settle();
      assert.equal(runs, count);
      return (user + system) / 1000;
    };
    await cpuMsFor(20_000); // compiled and warm
    const [few, many] = [await cpuMsFor(5_000), await cpuMsFor(50_000)];
    assert.ok(many < 40 * Math.max(few, 5), `${few} ms of CPU for 5,000 and ${many} ms for 50,000: quadratic work would take a hundred times as long`);
  });

  it('never loses a key, never runs one twice at a time, never idles with work to do', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), key, lane: fc.constantFrom<Lane>('new', 'drift', 'retry', 'resync'), delay: fc.constantFrom(0, 0, 5, 300) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), key, how: fc.constantFrom('settled', 'retry', 'requeue', 'crash') }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 5, 200, 1000) }) },
    );
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { queue, clock, running, started: order, end, crash } = rig();
      await started(queue, clock);
      const owed = new Set<string>(); // added since its last start
      let seen = 0;
      for (const each of steps) {
        switch (each.kind) {
          case 'add':
            owed.add(each.key);
            queue.add(each.key, each.lane, each.delay);
            await clock.settle();
            break;
          case 'end':
            if (!running.has(each.key)) break;
            if (each.how !== 'settled') owed.add(each.key);
            if (each.how === 'crash') await crash(each.key);
            else await end(each.key, each.how === 'retry' ? { kind: 'retry', capMs: 1000 } : each.how === 'requeue' ? { kind: 'requeue', afterMs: 50 } : SETTLED);
            break;
          case 'pass':
            await clock.advance(each.ms);
        }
        for (; seen < order.length; seen++) owed.delete(order[seen] ?? '');
        const { depth, running: busy } = queue.stats();
        assert.ok(busy <= 2);
        assert.ok(depth === 0 || busy === 2, 'idle with work to do');
      }
      for (let turn = 0; turn < 50 && (owed.size > 0 || running.size > 0); turn++) {
        for (const busy of running.keys()) await end(busy);
        await clock.advance(100);
        for (; seen < order.length; seen++) owed.delete(order[seen] ?? '');
      }
      assert.deepEqual([...owed], [], 'lost');
      assert.deepEqual([queue.stats().depth, queue.stats().delayed, queue.stats().failing], [0, 0, 0]);
    }), { numRuns: 150 });
  });
});
