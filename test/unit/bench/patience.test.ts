import assert from 'node:assert/strict';
import { BenchError, createPatience } from '../../bench/patience.ts';

const never = (): Promise<never> => new Promise(() => undefined);

describe('bench patience', () => {
  it('hands on what comes in time', async () => {
    assert.equal(await createPatience().within(1000, Promise.resolve(7), () => ''), 7);
    await assert.rejects(createPatience().within(1000, Promise.reject(new Error('own')), () => ''), /own/);
  });

  it('says what is missing when time is up, as it is then', async () => {
    let missing = 3;
    const waiting = createPatience().within(10, never(), () => `${missing} are missing`);
    missing = 2;
    await assert.rejects(waiting, (error: unknown) => error instanceof BenchError && error.message === '2 are missing (waited 0.01 s)');
  });

  it('tells everybody who waits now or later what went wrong first', async () => {
    const patience = createPatience();
    const waiting = patience.within(1000, never(), () => '');
    patience.fail(new Error('the process died'));
    patience.fail(new Error('and so on'));
    await assert.rejects(waiting, /the process died/);
    await assert.rejects(patience.within(1000, never(), () => ''), /the process died/);
  });
});
