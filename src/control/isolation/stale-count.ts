/**
 * How many policies do less than they say, for the metric.
 *
 * Counted when somebody asks, in slices beside the answer (which has what was counted before), at most once a minute and
 * for a hundredth of the time, and only if something has changed since; policies that are being written come first. Policies
 * that a baseline generates are the same in every namespace, and do not count. Where counting fails, that is logged, and there
 * is no count.
 */
import type { NamespaceRecord, PolicyRecord } from '../../kube/objects.ts';
import type { PodRecord } from '../../kube/pods.ts';
import type { NetworkPolicy } from '../../netpol/model.ts';
import { staleSteps } from '../../netpol/stale.ts';
import type { Steps } from '../../netpol/steps.ts';
import type { Logger } from '../../observe/logger.ts';
import { isAsGenerated } from '../../plan/ownership.ts';
import type { Store } from '../../watch/store.ts';
import type { Clock } from '../clock.ts';

export interface StaleCountParts {
  readonly namespaces: Pick<Store<NamespaceRecord>, 'all'>;
  readonly policies: Pick<Store<PolicyRecord>, 'all'>;
  readonly pods: Pick<Store<PodRecord>, 'all'>;
  readonly clock: Pick<Clock, 'now' | 'setTimer'>;
  readonly log: Pick<Logger, 'error'>;
  /** Policies are being written: this can wait. */
  readonly isBusy?: () => boolean;
}

export const STALE_REASONS = ['selects_nothing', 'peers_match_nothing'] as const;
export type StaleReason = (typeof STALE_REASONS)[number];
type StaleCounts = ReadonlyMap<StaleReason, number>;

export interface StaleCount {
  /** Something has changed. */
  touch(): void;
  /** What was counted last; `undefined` before the first time, and where that failed. */
  counts(): StaleCounts | undefined;
  stop(): void;
}

const EVERY_MS = 60_000;
/** Counting takes at most this part of the time. */
const SHARE = 100;
/** Longest stretch without a turn of the event loop, however many policies and pods there are. */
const SLICE_MS = 5;
/** Between two looks whether policies are still being written. */
const BUSY_MS = 100;
/** A cluster in which they always are has its count all the same. */
const PATIENCE_MS = 60_000;

export function createStaleCount(parts: StaleCountParts): StaleCount {
  const { clock, log } = parts;
  let last: StaleCounts | undefined;
  let againAtMs = 0;
  let begunAtMs = 0;
  let isDirty = true;
  let hasFailed = false;
  let cancel: (() => void) | undefined;
  let stopped = false;

  function begin(): void {
    begunAtMs = clock.now();
    whenQuiet(() => {
      isDirty = false;
      goOn(countSteps(parts), 0);
    });
  }

  function whenQuiet(act: () => void): void {
    const waits = parts.isBusy?.() === true && clock.now() - begunAtMs < PATIENCE_MS;
    cancel = waits ? clock.setTimer(BUSY_MS, () => whenQuiet(act)) : clock.setTimer(0, act);
  }

  function goOn(steps: Steps<StaleCounts>, tookMs: number): void {
    cancel = undefined;
    const startedMs = clock.now();
    const end = (counts: StaleCounts | undefined): void => {
      last = counts;
      againAtMs = clock.now() + Math.max(EVERY_MS, (tookMs + clock.now() - startedMs) * SHARE);
    };
    try {
      while (clock.now() - startedMs < SLICE_MS) {
        const { done, value } = steps.next();
        if (done === true) {
          hasFailed = false;
          return end(value);
        }
      }
      if (stopped) return;
      const soFarMs = tookMs + clock.now() - startedMs;
      whenQuiet(() => goOn(steps, soFarMs));
    } catch (error) {
      if (!hasFailed) log.error('stale policies cannot be counted', { error });
      hasFailed = true;
      end(undefined);
    }
  }

  return {
    touch() { isDirty = true; },
    counts() {
      if (isDirty && clock.now() >= againAtMs && !stopped && cancel === undefined) begin();
      return last;
    },
    stop() {
      stopped = true;
      cancel?.();
      cancel = undefined;
    },
  };
}

function* countSteps({ namespaces, policies, pods }: StaleCountParts): Steps<StaleCounts> {
  const candidates = new Map<string, NetworkPolicy>();
  for (const policy of policies.all()) {
    yield;
    const { namespace, name, anySpec: spec } = policy;
    if (spec !== undefined && !isAsGenerated(policy)) candidates.set(`${namespace}/${name}`, { kind: 'NetworkPolicy', namespace, name, spec });
  }
  const found = { selects_nothing: new Set<string>(), peers_match_nothing: new Set<string>() };
  for (const { kind, policy: { namespace = '', name } } of yield* staleSteps(candidates.values(), namespaces.all(), pods.all())) {
    yield;
    const id = `${namespace}/${name}`;
    found[kind === 'peer matches nothing' ? 'peers_match_nothing' : 'selects_nothing'].add(id);
  }
  return new Map(STALE_REASONS.map((reason) => [reason, found[reason].size]));
}
