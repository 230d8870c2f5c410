/**
 * Leader election on a Lease: one replica at a time leads, the others look on and take over.
 *
 * Promises: a standby, which watches the Lease, takes over as soon as it is released, and as soon as that of a leader that
 * died expires; a leader that cannot renew stops at its deadline, whatever its calls are doing; leading ends
 * once, by one signal, and never begins again in this process.
 * Must not: decide by itself what the Lease means (lease.ts does), or trust that election fences: two
 * processes that both believe they lead must still converge to the same state.
 */
import { isKubeError } from '../kube/errors.ts';
import type { WireLease } from '../kube/lease.ts';
import type { Logger } from '../observe/logger.ts';
import { backoffMs } from './backoff.ts';
import { callWithin, type Clock } from './clock.ts';
import type { LeaseClient } from './lease-client.ts';
import { mayWrite, nextStep, releasedSpec, see, type Moment, type SeenLease } from './lease.ts';

/** client-go's relations hold: lease duration > renew deadline > 1.2 x retry period. */
export interface LeaseTimes {
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

export interface LeaderParts {
  readonly lease: LeaseClient;
  readonly identity: string;
  readonly times: LeaseTimes;
  readonly clock: Clock;
  readonly log: Logger;
  /** Leading begins. `signal` ends with it, and has to fence every write. */
  readonly onLeading: (signal: AbortSignal) => void;
  /** Leading ended against our will: whatever runs as a leader must end, and the process with it. */
  readonly onLost: (error: Error) => void;
}

export interface LeaderElection {
  readonly leading: boolean;
  /** Who leads, as far as this replica has seen; itself while it does. */
  readonly holder: string | undefined;
  /** Also false in the moments after a sleep or a freeze, before anything could end `signal`. Ask before each write. */
  mayWrite(): boolean;
  /** Ends the campaign and, when leading, gives the Lease back. Call after the last write. Never throws. */
  stop(): Promise<void>;
}

/** While the Lease cannot be watched; under a second with the request that follows, so that one that is released is taken over within one. */
const STANDBY_POLL_MS = 750;
/** Before it is watched again. */
const WATCH_AGAIN = { baseMs: 1_000, capMs: 60_000 };
/** After a failed renewal or look; doubles up to the retry period. */
const FAILURE_BASE_MS = 250;
/** Of the renew deadline: time for three calls, the first of which may hang. */
const CALL_SHARE = 1 / 3;

export function startLeaderElection(parts: LeaderParts): LeaderElection {
  const { lease, identity, times, clock, log, onLeading, onLost } = parts;
  const fence = new AbortController();
  const ended = new AbortController();
  let seen: SeenLease | undefined;
  let renewed: Moment | undefined;
  let holder: string | undefined;
  /** A write that may have made the Lease ours was sent. */
  let claimed = false;
  let failures = 0;
  let cancelDeadline = (): void => {};
  let wake = (): void => {};
  /** The Lease has changed since the last look began. */
  let changed = false;
  let watched = false;

  const moment = (): Moment => ({ nowMs: clock.now(), wallMs: clock.wallMs() });
  const leading = (): boolean => renewed !== undefined && !fence.signal.aborted;

  async function campaign(): Promise<void> {
    while (!ended.signal.aborted) await nap(await attempt());
  }

  async function watchForEver(): Promise<void> {
    let endedInARow = 0;
    const seeIt = ({ spec }: WireLease): void => {
      watched = true;
      endedInARow = 0;
      if (leading() && spec?.holderIdentity === identity) return; // our own renewal
      changed = true;
      wake();
    };
    while (!ended.signal.aborted) {
      try {
        await lease.watch(seeIt, ended.signal);
      } catch (error) {
        if (endedInARow === 0 && !ended.signal.aborted) log.warn('Lease not watched, it is looked at again and again', { error });
      }
      watched = false;
      endedInARow += 1;
      await clock.sleep(backoffMs(endedInARow, WATCH_AGAIN, clock.random()), ended.signal).catch(() => undefined); // an abort only ends it
    }
  }

  /** One look at the Lease and what follows from it. Returns how long to wait for the next, in milliseconds. */
  async function attempt(): Promise<number> {
    changed = false;
    try {
      const waitMs = await (leading() ? renew() : look());
      if (failures > 0) log.info('Lease reached again', { failedAttempts: failures });
      failures = 0;
      return waitMs;
    } catch (error) {
      if (ended.signal.aborted) return 0;
      if (isKubeError(error, 'Conflict', 'AlreadyExists')) return FAILURE_BASE_MS; // somebody was faster
      if (failures++ === 0) log.warn('Lease not reached, will be retried', { error, leading: leading() });
      return backoffMs(failures, { baseMs: FAILURE_BASE_MS, capMs: times.retryPeriodMs }, clock.random());
    }
  }

  /** Without reading first: the record is known, and a conflict says when it is not. */
  async function renew(): Promise<number> {
    try {
      return await step();
    } catch (error) {
      if (isKubeError(error, 'Conflict', 'NotFound')) return look();
      throw error;
    }
  }

  async function look(): Promise<number> {
    const found = await call((signal) => lease.get(signal));
    seen = see(seen, found, clock.now());
    return step();
  }

  /** Does what the Lease as seen asks for. */
  async function step(): Promise<number> {
    const asked = moment();
    const next = nextStep(seen as SeenLease, identity, times.leaseDurationMs, asked);
    if (next.kind === 'wait') return standBy(next.holder, next.expiresInMs);
    const current = seen?.lease;
    claimed = true;
    const written = await call((signal) => (next.kind === 'create' || current === undefined
      ? lease.create(next.spec, signal) : lease.replace(current, next.spec, signal)));
    seen = see(seen, written, clock.now());
    hold(asked);
    return times.retryPeriodMs * (1 - clock.random() / 10);
  }

  function standBy(by: string, expiresInMs: number): number {
    if (leading()) lose(`the Lease was taken by ${by}`);
    if (holder !== by) log.info('Standing by', { holder: by });
    holder = by;
    return Math.min(expiresInMs, (watched ? times.retryPeriodMs : STANDBY_POLL_MS) * (1 - clock.random() / 10));
  }

  /** The Lease is ours as of the moment at which it was asked for. */
  function hold(asked: Moment): void {
    if (ended.signal.aborted) return;
    const first = renewed === undefined;
    renewed = asked;
    holder = identity;
    cancelDeadline();
    const leftMs = asked.nowMs + times.renewDeadlineMs - clock.now();
    cancelDeadline = clock.setTimer(leftMs, () => lose(`not renewed for ${times.renewDeadlineMs / 1000} s`));
    if (!first) return;
    log.info('Leading', { identity });
    onLeading(fence.signal);
  }

  function lose(why: string): void {
    if (!leading()) return;
    const error = new Error(`leadership lost: ${why}`);
    claimed = false; // not ours to give back
    end();
    fence.abort(error);
    onLost(error);
  }

  function end(): void {
    ended.abort();
    cancelDeadline();
    wake();
  }

  function nap(ms: number): Promise<void> {
    if (ended.signal.aborted || changed) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = clock.setTimer(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  }

  const call = <T>(run: (signal: AbortSignal) => Promise<T>, until = ended.signal): Promise<T> =>
    callWithin(times.renewDeadlineMs * CALL_SHARE, run, clock, until);

  /** What a renewal that was cut off left behind is unknown: so what is not surely ours is read first. */
  async function release(surelyOurs: boolean): Promise<void> {
    const always = new AbortController().signal;
    const put = (current: WireLease) =>
      call((signal) => lease.replace(current, releasedSpec(current.spec, clock.wallMs()), signal), always);
    if (surelyOurs && seen?.lease !== undefined && await succeeds(put(seen.lease))) return;
    const found = await call((signal) => lease.get(signal), always);
    if (found?.spec?.holderIdentity === identity) await put(found);
  }

  const campaigning = campaign();
  void watchForEver();
  return {
    get leading() { return leading(); },
    get holder() { return holder; },
    mayWrite: () => leading() && renewed !== undefined && mayWrite(renewed, moment(), times),
    async stop() {
      const held = leading();
      end();
      await campaigning;
      fence.abort(new Error('leadership given back'));
      if (!claimed) return;
      try {
        await release(held);
        log.info('Lease released', { identity });
      } catch (error) {
        log.warn('Lease not released; a standby has to wait until it expires', { error });
      }
    },
  };
}

const succeeds = (call: Promise<unknown>): Promise<boolean> => call.then(() => true, () => false);

/** Leads from the start and for ever: for a single replica that wants no Lease. */
export function leadWithoutElection(onLeading: (signal: AbortSignal) => void): LeaderElection {
  const fence = new AbortController();
  queueMicrotask(() => onLeading(fence.signal));
  const leading = (): boolean => !fence.signal.aborted;
  return {
    get leading() { return leading(); },
    holder: undefined,
    mayWrite: leading,
    stop: async () => fence.abort(new Error('stopped')),
  };
}
