/** When credentials are read again, and what stays in use when that fails. */
import assert from 'node:assert/strict';
import { keepCredentials, type Credentials, type CredentialKeeper } from '../../../src/kube/credentials.ts';
import { manualClock, type ManualClock } from '../../support/clock.ts';

const tokenOf = (keeper: CredentialKeeper): string | undefined => keeper.current().headers['authorization'];

async function keeping(read: (anew: boolean) => Promise<Credentials>): Promise<{ clock: ManualClock; keeper: CredentialKeeper; failures: unknown[] }> {
  const clock = manualClock();
  const failures: unknown[] = [];
  const keeper = await keepCredentials({ read, clock, intervalMs: 60_000, readMs: 15_000, onFailure: (error) => { failures.push(error); } });
  return { clock, keeper, failures };
}

describe('credentials', () => {
  let token = 'one';
  let ca = 'CA';
  let reads: boolean[] = [];
  let broken = false;
  const read = async (anew: boolean): Promise<Credentials> => {
    reads.push(anew);
    if (broken) throw new Error('no such file');
    return { headers: { authorization: token }, tls: { ca } };
  };
  beforeEach(() => { [token, ca, reads, broken] = ['one', 'CA', [], false]; });

  it('are read every minute', async () => {
    const { clock, keeper } = await keeping(read);
    token = 'two';
    await clock.advance(59_999);
    assert.equal(tokenOf(keeper), 'one');
    await clock.advance(1);
    assert.deepEqual([tokenOf(keeper), reads], ['two', [false, false]]);
    keeper.close();
    await clock.advance(600_000);
    assert.equal(reads.length, 2);
  });

  it('stay as they were while reading fails', async () => {
    const { clock, keeper, failures } = await keeping(read);
    broken = true;
    await clock.advance(120_000);
    await keeper.refresh();
    assert.deepEqual([tokenOf(keeper), failures.length], ['one', 3]);
    keeper.close();
  });

  it('are read once for all who are refused at the same time', async () => {
    const { keeper } = await keeping(read);
    await Promise.all([keeper.refresh(), keeper.refresh(), keeper.refresh()]);
    assert.deepEqual(reads, [false, true]);
    keeper.close();
  });

  it('change the TLS object only when something in it changed', async () => {
    const { keeper } = await keeping(read);
    const { tls } = keeper.current();
    token = 'two';
    await keeper.refresh();
    assert.equal(keeper.current().tls, tls);
    ca = 'CA of tomorrow';
    await keeper.refresh();
    assert.notEqual(keeper.current().tls, tls);
    keeper.close();
  });

  it('do not wait for ever for a plugin that hangs', async () => {
    const { clock, keeper, failures } = await keeping((anew) => (anew ? new Promise(() => undefined) : read(anew)));
    const waiting = keeper.refresh();
    await clock.advance(15_000);
    await waiting;
    assert.deepEqual([tokenOf(keeper), failures.length], ['one', 1]);
    keeper.close();
  });

  it('that cannot be read the first time are an error', async () => {
    broken = true;
    await assert.rejects(keeping(read), /no such file/);
  });
});
