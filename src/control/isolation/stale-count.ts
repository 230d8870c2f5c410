/**
 * How many policies do less than they say, for the metric.
 *
 * Counted when somebody asks, in slices beside the answer (which has what was counted before), at most once a minute and
 * for a hundredth of the time, and only if something has changed since. Policies that a baseline generates are the same in every namespace, and do not count.
 */
import type { NamespaceRecord, PolicyRecord } from '../../kube/objects.ts';
import type { PodRecord } from '../../kube/pods.ts';
import type { NetworkPolicy, PolicyRef } from '../../netpol/model.ts';
import { staleIn } from '../../netpol/stale.ts';
import { isAsGenerated } from '../../plan/ownership.ts';
import type { Store } from '../../watch/store.ts';
import type { Clock } from '../clock.ts';

export interface StaleCountParts {
  readonly namespaces: Pick<Store<NamespaceRecord>, 'all'>;
  readonly policies: Pick<Store<PolicyRecord>, 'all'>;
  readonly pods: Pick<Store<PodRecord>, 'all'>;
  readonly clock: Pick<Clock, 'now' | 'setTimer'>;
}

export const STALE_REASONS = ['selects_nothing', 'peers_match_nothing'] as const;
export type StaleReason = (typeof STALE_REASONS)[number];
type StaleCounts = ReadonlyMap<StaleReason, number>;

export interface StaleCount {
  /** Something has changed. */
  touch(): void;
  /** What was counted last; `undefined` before the first time. */
  counts(): StaleCounts | undefined;
  stop(): void;
}

const EVERY_MS = 60_000;
/** Counting takes at most this part of the time. */
const SHARE = 100;
/** Policies that are looked at without a turn of the event loop. */
const CHUNK = 2_000;

export function createStaleCount(parts: StaleCountParts): StaleCount {
  const { clock } = parts;
  let last: { readonly counts: StaleCounts; readonly againAtMs: number } | undefined;
  let isDirty = true;
  let cancel: (() => void) | undefined;
  let stopped = false;

  function begin(): void {
    isDirty = false;
    countOn({ left: candidatesIn(parts.policies), found: { selects_nothing: 0, peers_match_nothing: 0 }, tookMs: 0 });
  }

  function countOn({ left, found, tookMs }: Pass): void {
    const startedMs = clock.now();
    const counted = added(found, countedIn(left.slice(0, CHUNK), parts));
    const spentMs = tookMs + clock.now() - startedMs;
    const rest = left.slice(CHUNK);
    cancel = stopped || rest.length === 0 ? undefined : clock.setTimer(0, () => countOn({ left: rest, found: counted, tookMs: spentMs }));
    if (rest.length === 0) last = { counts: new Map(STALE_REASONS.map((reason) => [reason, counted[reason]])), againAtMs: clock.now() + Math.max(EVERY_MS, spentMs * SHARE) };
  }

  return {
    touch() { isDirty = true; },
    counts() {
      const isDue = isDirty && clock.now() >= (last?.againAtMs ?? 0);
      if (isDue && !stopped) cancel ??= clock.setTimer(0, begin);
      return last?.counts;
    },
    stop() {
      stopped = true;
      cancel?.();
      cancel = undefined;
    },
  };
}

type Found = Readonly<Record<StaleReason, number>>;
interface Pass { readonly left: readonly NetworkPolicy[]; readonly found: Found; readonly tookMs: number }

function added(a: Found, b: Found): Found {
  return { selects_nothing: a.selects_nothing + b.selects_nothing, peers_match_nothing: a.peers_match_nothing + b.peers_match_nothing };
}

function candidatesIn(policies: StaleCountParts['policies']): NetworkPolicy[] {
  const found: NetworkPolicy[] = [];
  for (const policy of policies.all()) {
    if (policy.anySpec !== undefined && !isAsGenerated(policy)) found.push({ kind: 'NetworkPolicy', namespace: policy.namespace, name: policy.name, spec: policy.anySpec });
  }
  return found;
}

function countedIn(policies: readonly NetworkPolicy[], { namespaces, pods }: StaleCountParts): Found {
  const byName = new Map(policies.map((policy) => [nameOf(policy), policy]));
  const found = { selects_nothing: new Set<string>(), peers_match_nothing: new Set<string>() };
  for (const { kind, policy } of staleIn(policies, [...namespaces.all()], [...pods.all()])) {
    if (kind === 'peer matches nothing') found.peers_match_nothing.add(nameOf(policy));
    else if (selectsSome(byName.get(nameOf(policy)))) found.selects_nothing.add(nameOf(policy));
  }
  return { selects_nothing: found.selects_nothing.size, peers_match_nothing: found.peers_match_nothing.size };
}

const nameOf = ({ namespace = '', name }: Pick<PolicyRef, 'namespace' | 'name'>): string => `${namespace}/${name}`;

/** One for all pods is not stale where there is none: it is there for those that come. */
function selectsSome(policy: NetworkPolicy | undefined): boolean {
  const { matchLabels, matchExpressions } = policy?.spec.podSelector ?? {};
  return Object.keys(matchLabels ?? {}).length > 0 || (matchExpressions?.length ?? 0) > 0;
}
