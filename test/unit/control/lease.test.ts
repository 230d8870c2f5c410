import assert from 'node:assert/strict';
import { mayWrite, nextStep, releasedSpec, see, type SeenLease } from '../../../src/control/lease.ts';
import type { LeaseSpec, WireLease } from '../../../src/kube/lease.ts';

const WALL = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const DURATION_MS = 15_000;
const record = (spec: LeaseSpec, resourceVersion = '1'): WireLease => ({ metadata: { name: 'l', namespace: 'n', resourceVersion }, spec });
const held = (by: string, more: LeaseSpec = {}): WireLease => record({
  holderIdentity: by, leaseDurationSeconds: 15, acquireTime: '2026-01-02T03:00:00.000000Z', renewTime: '2026-01-02T03:04:00.000000Z', leaseTransitions: 3, ...more,
});
const step = (lease: WireLease | undefined, unchangedForMs: number, wallMs = WALL) =>
  nextStep({ lease, sinceMs: 1000 }, 'me', DURATION_MS, { nowMs: 1000 + unchangedForMs, wallMs });

describe('lease', () => {
  const cases: [string, WireLease | undefined, number, string][] = [
    ['there is none', undefined, 0, 'create'],
    ['somebody else renewed just now', held('other'), 0, 'wait'],
    ['somebody else is about to expire', held('other'), 14_999, 'wait'],
    ['somebody else expired', held('other'), 15_000, 'take'],
    ['it was released', held('', { leaseDurationSeconds: 1 }), 0, 'take'],
    ['it has no holder field', record({}), 0, 'take'],
    ['it has no spec', { metadata: { name: 'l' } }, 0, 'take'],
    ['it is ours', held('me'), 0, 'renew'],
    ['it is ours and expired', held('me'), 60_000, 'renew'],
    ['its holder promised a longer duration than ours', held('other', { leaseDurationSeconds: 60 }), 30_000, 'wait'],
    ['its holder promised a shorter duration', held('other', { leaseDurationSeconds: 5 }), 5000, 'take'],
    ['its duration makes no sense', held('other', { leaseDurationSeconds: 0 }), 14_000, 'wait'],
    ['the clock of its holder is an hour ahead', held('other', { renewTime: '2026-01-02T04:04:00.000000Z' }), 15_000, 'take'],
    ['the clock of its holder is an hour behind', held('other', { renewTime: '2026-01-02T02:04:00.000000Z' }), 14_999, 'wait'],
  ];
  for (const [when, lease, unchangedForMs, kind] of cases) {
    it(`${kind} when ${when}`, () => assert.equal(step(lease, unchangedForMs).kind, kind));
  }

  it('judges by its own monotonic clock, whatever the wall clocks show', () => {
    for (const wallMs of [0, WALL - 86_400_000, WALL + 86_400_000]) {
      assert.equal(step(held('other'), 14_999, wallMs).kind, 'wait');
      assert.equal(step(held('other'), 15_000, wallMs).kind, 'take');
    }
  });

  it('writes microseconds, counts a transition on taking, keeps both on renewing', () => {
    const taken = step(held('other'), 15_000);
    assert.deepEqual(taken, { kind: 'take', spec: {
      holderIdentity: 'me', leaseDurationSeconds: 15, leaseTransitions: 4,
      acquireTime: '2026-01-02T03:04:05.678000Z', renewTime: '2026-01-02T03:04:05.678000Z',
    } });
    const renewed = step(held('me'), 5000);
    assert.deepEqual(renewed, { kind: 'renew', spec: {
      holderIdentity: 'me', leaseDurationSeconds: 15, leaseTransitions: 3,
      acquireTime: '2026-01-02T03:00:00.000000Z', renewTime: '2026-01-02T03:04:05.678000Z',
    } });
    assert.deepEqual(step(undefined, 0), { kind: 'create', spec: {
      holderIdentity: 'me', leaseDurationSeconds: 15, leaseTransitions: 0,
      acquireTime: '2026-01-02T03:04:05.678000Z', renewTime: '2026-01-02T03:04:05.678000Z',
    } });
    assert.deepEqual(releasedSpec(held('me').spec, WALL), {
      holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 3,
      acquireTime: '2026-01-02T03:04:05.678000Z', renewTime: '2026-01-02T03:04:05.678000Z',
    });
  });

  it('counts the age of a record from when it was first seen, and not from an edit of its metadata', () => {
    let seen: SeenLease | undefined = see(undefined, held('other'), 1000);
    seen = see(seen, { ...held('other'), metadata: { name: 'l', resourceVersion: '9', labels: { a: 'b' } } }, 9000);
    assert.equal(seen.sinceMs, 1000);
    assert.equal(seen.lease?.metadata.resourceVersion, '9');
    seen = see(seen, held('other', { renewTime: '2026-01-02T03:04:05.000000Z' }), 10_000);
    assert.equal(seen.sinceMs, 10_000);
    seen = see(seen, undefined, 11_000);
    assert.equal(seen.sinceMs, 11_000);
    assert.equal(see(seen, undefined, 12_000).sinceMs, 11_000);
  });

  it('lets a leader write within the renew deadline, and not after a sleep that only the wall clock shows', () => {
    const limits = { renewDeadlineMs: 10_000, leaseDurationMs: 15_000 };
    const after = (nowMs: number, wallMs: number): boolean => mayWrite({ nowMs: 0, wallMs: 0 }, { nowMs, wallMs }, limits);
    assert.equal(after(9999, 9999), true);
    assert.equal(after(10_000, 10_000), false, 'frozen for 10 s');
    assert.equal(after(100, 3_600_000), false, 'slept for an hour');
    assert.equal(after(5000, 15_000), false, 'slept for 10 s');
    assert.equal(after(5000, 9000), true, 'clock set forward by 4 s');
    assert.equal(after(5000, -3_600_000), true, 'clock set back by an hour');
  });
});
