/**
 * How many policies do less than they say, for the metric.
 *
 * Counted when somebody asks, at most once a minute, beside the answer (which has what was counted before), and only
 * if something has changed since. Policies that a baseline generates are the same in every namespace, and do not count.
 */
import type { NamespaceRecord, PolicyRecord } from '../../kube/objects.ts';
import type { PodRecord } from '../../kube/pods.ts';
import type { NetworkPolicy, PolicyRef } from '../../netpol/model.ts';
import { staleIn } from '../../netpol/stale.ts';
import { isOurs } from '../../plan/ownership.ts';
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

export function createStaleCount(parts: StaleCountParts): StaleCount {
  let last: { readonly counts: StaleCounts; readonly atMs: number } | undefined;
  let isDirty = true;
  let cancel: (() => void) | undefined;
  let stopped = false;

  function count(): void {
    cancel = undefined;
    isDirty = false;
    last = { counts: countedIn(parts), atMs: parts.clock.now() };
  }

  return {
    touch() { isDirty = true; },
    counts() {
      const isDue = isDirty && (last === undefined || parts.clock.now() - last.atMs >= EVERY_MS);
      if (isDue && !stopped) cancel ??= parts.clock.setTimer(0, count);
      return last?.counts;
    },
    stop() {
      stopped = true;
      cancel?.();
      cancel = undefined;
    },
  };
}

function countedIn({ namespaces, policies, pods }: StaleCountParts): StaleCounts {
  const candidates = new Map<string, NetworkPolicy>();
  for (const policy of policies.all()) {
    if (policy.anySpec !== undefined && !isOurs(policy)) candidates.set(`${policy.namespace}/${policy.name}`, { kind: 'NetworkPolicy', namespace: policy.namespace, name: policy.name, spec: policy.anySpec });
  }
  const found = { selects_nothing: new Set<string>(), peers_match_nothing: new Set<string>() };
  for (const { kind, policy } of staleIn([...candidates.values()], [...namespaces.all()], [...pods.all()])) {
    if (kind === 'peer matches nothing') found.peers_match_nothing.add(nameOf(policy));
    else if (selectsSome(candidates.get(nameOf(policy)))) found.selects_nothing.add(nameOf(policy));
  }
  return new Map(STALE_REASONS.map((reason) => [reason, found[reason].size]));
}

const nameOf = ({ namespace = '', name }: PolicyRef): string => `${namespace}/${name}`;

/** One for all pods is not stale where there is none: it is there for those that come. */
function selectsSome(policy: NetworkPolicy | undefined): boolean {
  const { matchLabels, matchExpressions } = policy?.spec.podSelector ?? {};
  return Object.keys(matchLabels ?? {}).length > 0 || (matchExpressions?.length ?? 0) > 0;
}
