import assert from 'node:assert/strict';
import { leadWithoutElection, startLeaderElection, type LeaderElection } from '../../../src/control/leader.ts';
import type { LeaseClient } from '../../../src/control/lease-client.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import type { LeaseSpec, WireLease } from '../../../src/kube/lease.ts';
import { manualClock, type ManualClock } from '../../support/clock.ts';
import { memoryLogger } from '../../support/log.ts';

const TIMES = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 5000 };
const never = <T>(): Promise<T> => new Promise(() => {});

/** The API server's side: one Lease, compare and swap. */
function leaseStore() {
  let lease: WireLease | undefined;
  let version = 0;
  const writes: LeaseSpec[] = [];
  const watching = new Set<(lease: WireLease) => void>();
  const store = (spec: LeaseSpec): WireLease => {
    writes.push(spec);
    const stored = { metadata: { name: 'l', resourceVersion: String(++version) }, spec };
    lease = stored;
    for (const tell of watching) queueMicrotask(() => tell(stored));
    return stored;
  };
  return {
    writes,
    get spec() { return lease?.spec; },
    set: store,
    remove: () => void (lease = undefined),
    read: () => lease,
    /** Ends with the signal only. */
    watch: (tell: (lease: WireLease) => void, until: AbortSignal) => new Promise<void>((_resolve, reject) => {
      watching.add(tell);
      if (lease !== undefined) tell(lease);
      until.addEventListener('abort', () => {
        watching.delete(tell);
        reject(until.reason as Error);
      });
    }),
    create(spec: LeaseSpec): WireLease {
      if (lease !== undefined) throw new KubeError('exists', { kind: 'AlreadyExists', code: 409 });
      return store(spec);
    },
    replace(current: WireLease, spec: LeaseSpec): WireLease {
      if (lease === undefined) throw new KubeError('gone', { kind: 'NotFound', code: 404 });
      if (lease.metadata.resourceVersion !== current.metadata.resourceVersion) throw new KubeError('stale', { kind: 'Conflict', code: 409 });
      return store(spec);
    },
  };
}
type Store = ReturnType<typeof leaseStore>;

type Fault = 'none' | 'refused' | 'hangs' | 'answer lost';

/** Where `watches` says nothing, the Lease cannot be watched. */
function replica(store: Store, identity: string, clock: ManualClock = manualClock({ random: () => 0 }), watches?: Store['watch']) {
  const log = memoryLogger();
  const told: string[] = [];
  let fault: Fault = 'none';
  let requests = 0;
  let signal: AbortSignal | undefined;
  const answer = async <T>(run: () => T): Promise<T> => {
    requests++;
    if (fault === 'refused') throw new KubeError('refused', { kind: 'Unavailable' });
    if (fault === 'hangs') return never();
    const value = run();
    return fault === 'answer lost' ? never() : value;
  };
  const lease: LeaseClient = {
    get: () => answer(() => store.read()),
    create: (spec) => answer(() => store.create(spec)),
    replace: (current, spec) => answer(() => store.replace(current, spec)),
    watch: watches ?? never,
  };
  const election: LeaderElection = startLeaderElection({
    lease, identity, clock, log, times: TIMES,
    onLeading: (fence) => {
      signal = fence;
      told.push('leading');
    },
    onLost: (error) => void told.push(error.message),
  });
  return {
    clock, log, told, election,
    fail: (next: Fault) => void (fault = next),
    get requests() { return requests; },
    get fenced() { return signal?.aborted; },
  };
}

const STEP_MS = 50;

/** Time passes for all, in small steps, as it does. */
async function pass(ms: number, ...replicas: { readonly clock: ManualClock }[]): Promise<void> {
  for (let left = ms; left > 0; left -= STEP_MS) for (const { clock } of replicas) await clock.advance(Math.min(STEP_MS, left));
}

/** How long until the condition holds, in milliseconds. */
async function until(holds: () => boolean, ...replicas: { readonly clock: ManualClock }[]): Promise<number> {
  let passed = 0;
  for (; !holds() && passed < 120_000; passed += STEP_MS) await pass(STEP_MS, ...replicas);
  return passed;
}

describe('leader election', () => {
  it('leads at once where there is no Lease, and renews every 5 s', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    await a.clock.settle();
    assert.deepEqual(a.told, ['leading']);
    assert.equal(a.election.leading, true);
    await a.clock.advance(60_000);
    assert.equal(store.writes.length, 13);
    assert.equal(a.requests, 14, 'one look, then no reads');
    assert.equal(store.spec?.leaseTransitions, 0);
    await a.election.stop();
    assert.equal(a.clock.timers, 0);
  });

  it('is taken over within a second of a release, with a transition', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    await a.clock.settle();
    const b = replica(store, 'b');
    await pass(20_000, a, b);
    assert.deepEqual([a.election.leading, b.election.leading], [true, false]);
    await a.election.stop();
    assert.deepEqual([store.spec?.holderIdentity, store.spec?.leaseDurationSeconds], ['', 1]);
    assert.equal(a.fenced, true);
    const tookMs = await until(() => b.election.leading, b);
    assert.ok(tookMs <= 800, `took ${tookMs} ms`);
    assert.equal(store.spec?.leaseTransitions, 1);
    assert.deepEqual(a.told, ['leading'], 'a release is no loss');
    await b.election.stop();
  });

  it('is taken over within 18 s when the leader is killed, whenever that is', async () => {
    for (const killedAfterMs of [100, 1300, 2600, 4999]) {
      const store = leaseStore();
      const a = replica(store, 'a');
      await a.clock.settle();
      const b = replica(store, 'b');
      await pass(10_000 + killedAfterMs, a, b);
      const tookMs = await until(() => b.election.leading, b); // nothing moves a's clock any more
      assert.ok(tookMs > 10_000 && tookMs <= 16_000, `took ${tookMs} ms`);
      await b.election.stop();
    }
  });

  it('never has two leaders that may write, whatever the wall clocks show', async () => {
    const store = leaseStore();
    const a = replica(store, 'a', manualClock({ wallMs: Date.UTC(2026, 0, 1) }));
    await a.clock.settle();
    const b = replica(store, 'b', manualClock({ wallMs: Date.UTC(2031, 0, 1) }));
    const c = replica(store, 'c', manualClock({ wallMs: Date.UTC(1999, 0, 1) }));
    await pass(60_000, a, b, c);
    assert.deepEqual([a, b, c].map(({ election }) => election.mayWrite()), [true, false, false]);
    assert.equal(store.spec?.leaseTransitions, 0);
    for (const each of [a, b, c]) await each.election.stop();
  });

  for (const fault of ['refused', 'hangs'] as const) {
    it(`stops at its renew deadline when every call ${fault === 'refused' ? 'is refused' : 'hangs'}, before anybody takes over`, async () => {
      const store = leaseStore();
      const a = replica(store, 'a');
      await a.clock.settle();
      const b = replica(store, 'b');
      await pass(10_100, a, b);
      a.fail(fault);
      let overlap = false;
      const lostMs = await until(() => {
        overlap ||= a.election.mayWrite() && b.election.mayWrite();
        return a.told.length === 2;
      }, a, b);
      assert.ok(lostMs <= 10_000, `lost after ${lostMs} ms`);
      assert.match(a.told[1] ?? '', /leadership lost: not renewed for 10 s/);
      assert.equal(a.fenced, true);
      assert.equal(b.election.leading, false, 'the deadline comes before the expiry');
      await until(() => b.election.leading, a, b);
      assert.equal(overlap, false);
      assert.equal(store.spec?.holderIdentity, 'b');
      await a.election.stop();
      await b.election.stop();
    });
  }

  it('survives renewals that were stored but whose answer was lost', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    await a.clock.advance(4900);
    a.fail('answer lost');
    await a.clock.advance(200);
    a.fail('none');
    await a.clock.advance(60_000);
    assert.deepEqual([a.told, a.election.mayWrite()], [['leading'], true]);
    await a.election.stop();
  });

  it('survives a short outage, and says once that it is there', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    await a.clock.advance(4000);
    a.fail('refused');
    await a.clock.advance(4000);
    a.fail('none');
    await a.clock.advance(60_000);
    assert.equal(a.election.mayWrite(), true);
    assert.deepEqual(a.log.lines(), ['info Leading', 'warn Lease not reached, will be retried', 'info Lease reached again']);
    await a.election.stop();
  });

  it('loses at once when somebody else holds the Lease, and never leads again', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    await a.clock.settle();
    store.set({ ...store.spec, holderIdentity: 'b' });
    await a.clock.advance(5000);
    assert.deepEqual(a.told, ['leading', 'leadership lost: the Lease was taken by b']);
    store.remove();
    await a.clock.advance(60_000);
    assert.equal(a.election.leading, false);
    await a.election.stop();
  });

  it('makes the Lease again that somebody deleted', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    await a.clock.settle();
    store.remove();
    await a.clock.advance(5000);
    assert.equal(store.spec?.holderIdentity, 'a');
    assert.deepEqual(a.told, ['leading']);
    await a.election.stop();
  });

  it('may not write when it wakes from a freeze, before any timer fired', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    await a.clock.settle();
    const b = replica(store, 'b');
    await pass(1000, a, b);
    a.clock.freeze(60_000);
    assert.deepEqual([a.election.leading, a.election.mayWrite()], [true, false]);
    await until(() => b.election.leading, b);
    await a.clock.advance(1);
    assert.equal(a.told.length, 2);
    assert.equal(b.election.mayWrite(), true);
    for (const each of [a, b]) await each.election.stop();
  });

  it('may not write when the machine wakes from sleep, and goes on when nobody took over', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    await a.clock.advance(1000);
    a.clock.suspend(3_600_000);
    assert.equal(a.election.mayWrite(), false);
    await a.clock.advance(5000);
    assert.equal(a.election.mayWrite(), true);
    await a.election.stop();
  });

  it('a standby that was frozen does not mistake its own sleep for the end of the leader', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    await a.clock.settle();
    const b = replica(store, 'b');
    await pass(1000, a, b);
    b.clock.freeze(60_000);
    await pass(10_000, a);
    await pass(10_000, a, b);
    assert.deepEqual([a.election.leading, b.election.leading], [true, false]);
    for (const each of [a, b]) await each.election.stop();
  });

  it('releases a Lease that was taken while it stopped', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    a.fail('answer lost'); // the very first calls are under way
    await a.clock.settle();
    a.fail('none');
    await a.clock.advance(5000);
    await a.election.stop();
    assert.equal(store.spec?.holderIdentity, '');
  });

  it('sees in its watch that the Lease is released, and takes it at once', async () => {
    const store = leaseStore();
    const a = replica(store, 'a', undefined, store.watch);
    await a.clock.settle();
    const b = replica(store, 'b', undefined, store.watch);
    await b.clock.settle();
    await a.election.stop();
    await b.clock.settle();
    assert.equal(b.election.leading, true);
    await b.election.stop();
    assert.deepEqual([a.clock.timers, b.clock.timers], [0, 0]);
  });

  it('looks less often while it watches, takes over as soon all the same, and does not renew for its own renewals', async () => {
    const store = leaseStore();
    const a = replica(store, 'a', undefined, store.watch);
    await a.clock.settle();
    const b = replica(store, 'b', undefined, store.watch);
    await pass(60_000, a, b);
    assert.ok(b.requests <= 30, `${b.requests} looks in a minute`);
    assert.ok(a.requests <= 16, `${a.requests} requests of the leader in a minute`);
    a.fail('hangs');
    const tookMs = await until(() => b.election.leading, a, b);
    assert.ok(tookMs <= 15_500, `took ${tookMs} ms`);
    await b.election.stop();
  });

  it('loses at once when its watch shows another holder', async () => {
    const store = leaseStore();
    const a = replica(store, 'a', undefined, store.watch);
    await a.clock.settle();
    store.set({ holderIdentity: 'somebody', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:01.000000Z' });
    await a.clock.settle();
    assert.deepEqual(a.told, ['leading', 'leadership lost: the Lease was taken by somebody']);
  });

  it('watches again what it could not watch, with more and more patience, and says so once', async () => {
    const store = leaseStore();
    let times = 0;
    const a = replica(store, 'a', undefined, () => {
      times += 1;
      return Promise.reject(new KubeError('forbidden', { kind: 'Forbidden' }));
    });
    await a.clock.advance(10 * 60_000);
    assert.ok(times >= 10 && times <= 30, `${times} times in ten minutes`);
    assert.equal(a.log.lines().filter((line) => line.includes('not watched')).length, 1);
    await a.election.stop();
    assert.equal(a.clock.timers, 0);
  });

  it('stops within seconds while calls hang', async () => {
    const store = leaseStore();
    const a = replica(store, 'a');
    a.fail('hangs');
    await a.clock.settle();
    const stopped = a.election.stop();
    await a.clock.advance(4000);
    await stopped;
    assert.equal(a.clock.timers, 0);
    assert.equal(a.log.lines().at(-1), 'warn Lease not released; a standby has to wait until it expires');
  });

  it('leads without a Lease when that is wanted', async () => {
    let fence: AbortSignal | undefined;
    const election = leadWithoutElection((signal) => void (fence = signal));
    await Promise.resolve();
    assert.deepEqual([election.leading, election.mayWrite(), fence?.aborted], [true, true, false]);
    await election.stop();
    assert.deepEqual([election.leading, fence?.aborted], [false, true]);
  });
});
