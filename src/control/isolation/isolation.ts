/**
 * What is really isolated, and the news of it, as one part of control. Where it is switched off, nothing is known and nothing costs.
 */
import type { Direction } from '../../api/network-policy.ts';
import type { PodClassName } from '../../netpol/classify.ts';
import type { IsolationKnowledge } from '../../plan/effect.ts';
import { createIsolationNews, type NewsParts } from './news.ts';
import type { NamespaceRollUp } from './roll-up.ts';
import { createStaleCount, type StaleCountParts, type StaleReason } from './stale-count.ts';
import { createIsolationTracker, type IsolationBacklog, type IsolationTracker, type TrackerParts } from './tracker.ts';

export interface Isolation {
  /** To be told of every change of a store, from the first on. */
  readonly changed: IsolationTracker['changed'];
  /** The watches behind it may be in another state. */
  healthChanged(): void;
  knowledge(): IsolationKnowledge;
  /** `undefined` while nothing is known. */
  of(namespace: string): NamespaceRollUp | undefined;
  /** Pods by class, whatever is known. */
  counts(direction: Direction): ReadonlyMap<PodClassName, number>;
  /** Changes that are not evaluated yet; `undefined` where none is. */
  backlog(): IsolationBacklog | undefined;
  /** Policies that do less than they say, as last counted. */
  stale(): ReadonlyMap<StaleReason, number> | undefined;
  /** This replica leads now. */
  began(): void;
  /** A namespace was planned. */
  planned(namespace: string): void;
  stop(): void;
}

export type IsolationParts = Omit<TrackerParts, 'onDrift' | 'onNamespace' | 'onKnowledge'> & Omit<NewsParts, 'tracker'> & StaleCountParts & {
  /** What is known of this namespace may be another thing now; of every namespace where none is named. */
  effectChanged(namespace: string | undefined): void;
};

export function createIsolation(parts: IsolationParts): Isolation {
  const tracker = createIsolationTracker({
    ...parts,
    onDrift: (drift) => news.drifted(drift),
    onNamespace(namespace, byPods) {
      news.namespaceChanged(namespace, byPods);
      parts.effectChanged(namespace);
    },
    onKnowledge(now) {
      news.knowledgeChanged(now);
      parts.effectChanged(undefined);
    },
  });
  const news = createIsolationNews({ ...parts, tracker });
  const stale = createStaleCount(parts);
  const touching = <C>(tell: (change: C) => void) => (change: C): void => {
    tell(change);
    stale.touch();
  };
  const { namespace, policy, pod, other } = tracker.changed;
  return {
    ...tracker,
    changed: { namespace: touching(namespace), policy: touching(policy), pod: touching(pod), other },
    stale: stale.counts,
    planned: news.planned,
    began: news.began,
    stop() {
      tracker.stop();
      news.stop();
      stale.stop();
    },
  };
}

const nothing = (): void => undefined;

export const NO_ISOLATION: Isolation = {
  changed: { namespace: nothing, policy: nothing, pod: nothing, other: nothing },
  healthChanged: nothing,
  knowledge: () => ({ kind: 'Off' }),
  of: () => undefined,
  counts: () => new Map(),
  backlog: () => undefined,
  stale: () => undefined,
  planned: nothing,
  began: nothing,
  stop: nothing,
};
