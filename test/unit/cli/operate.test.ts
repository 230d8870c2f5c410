import assert from 'node:assert/strict';
import { operate, type Running } from '../../../src/cli/operator.ts';
import { manualClock } from '../../support/clock.ts';
import { memoryHost } from '../../support/host.ts';
import { memoryLogger } from '../../support/log.ts';

const GRACE_MS = 25_000;

function rig(stop: () => Promise<void> = async () => {}, start?: () => Promise<Running>) {
  const clock = manualClock();
  const host = memoryHost();
  const log = memoryLogger();
  let fatal: (error: Error) => void = () => {};
  const stopped = { count: 0 };
  const code = operate((onFatal) => {
    fatal = onFatal;
    return start?.() ?? Promise.resolve({ stop: () => (stopped.count++, stop()) });
  }, { clock, host, log, graceMs: GRACE_MS });
  return { clock, host, log, code, stopped, fatal: (error: Error) => fatal(error) };
}

describe('running the operator', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops gracefully on ${signal}, with code 0`, async () => {
      const { host, code, stopped, clock, log } = rig();
      await clock.settle();
      host.signal(signal);
      assert.equal(await code, 0);
      assert.deepEqual([stopped.count, host.exits, host.listeners(), clock.timers], [1, [], 0, 0]);
      assert.deepEqual(log.entries[0], { level: 'info', message: 'Signal received, stopping', fields: { signal } });
    });
  }

  it('ends at once on a second signal', async () => {
    const { host, clock, log } = rig(() => new Promise(() => {}));
    await clock.settle();
    host.signal('SIGTERM');
    await clock.settle();
    assert.deepEqual(host.exits, []);
    host.signal('SIGINT');
    await clock.settle();
    assert.deepEqual(host.exits, [1]);
    assert.equal(log.lines().at(-1), 'info Second signal received, ending at once');
  });

  it('ends when stopping takes longer than the grace', async () => {
    const { host, clock, log } = rig(() => new Promise(() => {}));
    await clock.settle();
    host.signal('SIGTERM');
    await clock.advance(GRACE_MS - 1);
    assert.deepEqual(host.exits, []);
    await clock.advance(1);
    assert.deepEqual(host.exits, [1]);
    assert.equal(log.entries.at(-1)?.fields['after'], '25s');
  });

  it('stops with code 1 when the operator cannot go on', async () => {
    const { code, clock, stopped, fatal, log } = rig();
    await clock.settle();
    fatal(new Error('leadership lost'));
    assert.equal(await code, 1);
    assert.equal(stopped.count, 1);
    assert.deepEqual(log.lines(), ['error Operator cannot go on']);
  });

  it('stops with code 1 on what nobody caught, and logs it', async () => {
    const { code, host, clock, stopped, log } = rig();
    await clock.settle();
    const error = new TypeError('nobody caught this');
    host.uncaught(error);
    assert.equal(await code, 1);
    assert.equal(stopped.count, 1);
    assert.deepEqual(log.entries[0], { level: 'error', message: 'Error that nobody caught', fields: { error } });
  });

  it('says why it did not start, with code 2', async () => {
    const { code, log, host } = rig(undefined, () => Promise.reject(Object.assign(new Error('cannot listen on :1'), { name: 'ListenError' })));
    assert.equal(await code, 2);
    assert.deepEqual(log.entries, [{ level: 'error', message: 'Operator did not start', fields: { error: 'cannot listen on :1' } }]);
    assert.equal(host.listeners(), 0);
  });

  it('does not start with code 1 for an error of this program, and logs all of it', async () => {
    const error = new TypeError('undefined is not a function');
    const { code, log } = rig(undefined, () => Promise.reject(error));
    assert.equal(await code, 1);
    assert.deepEqual(log.entries, [{ level: 'error', message: 'Operator did not start', fields: { error } }]);
  });

  it('says that it did not stop, with code 1, and not that it did not start', async () => {
    const error = new Error('a connection did not close');
    const { code, log, host, clock } = rig(() => Promise.reject(error));
    await clock.settle();
    host.signal('SIGTERM');
    assert.equal(await code, 1);
    assert.deepEqual(log.entries.at(-1), { level: 'error', message: 'Operator did not stop as it should', fields: { error } });
    assert.deepEqual([host.listeners(), clock.timers], [0, 0]);
  });

  it('takes a signal that comes while it starts', async () => {
    const started = Promise.withResolvers<Running>();
    let stops = 0;
    const { code, host, clock } = rig(undefined, () => started.promise);
    host.signal('SIGTERM');
    await clock.settle();
    started.resolve({ stop: async () => void stops++ });
    assert.equal(await code, 0);
    assert.equal(stops, 1);
  });
});
