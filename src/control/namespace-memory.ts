/**
 * What this process remembers of a namespace between two runs, and nothing else does.
 *
 * Dropped with the namespace; the per-policy part is dropped as soon as there is nothing to remember, so that
 * memory follows the number of live namespaces.
 */
import { NO_HISTORY, QUIET_MS, calmAtMs, isContended, isQuiet, type RepairHistory } from '../plan/contention.ts';
import type { NamespaceReport } from '../plan/report.ts';
import type { NamespaceFacts, RefusalReason } from '../plan/verdict.ts';
import { NO_FACTS } from '../plan/verdict.ts';
import type { Told } from './isolation/told.ts';
import type { RefusedWrite } from './write-patience.ts';

export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
  /** Of the baseline for which it was tried. */
  readonly generation: number | undefined;
}

/** What became of the writes of one policy name. */
export interface PolicyMemory {
  history: RepairHistory;
  refusal: Refusal | undefined;
  /** The last write that was refused, while nothing else has become of it. */
  refused: RefusedWrite | undefined;
  /** Since when its writes fail for a passing cause; monotonic milliseconds. */
  failsSinceMs: number | undefined;
  /** What an update last made of it; the same once more means that somebody undid it. */
  written: { readonly content: string; readonly atMs: number } | undefined;
  /** Version of the live object whose drift was counted; `deleted` for one that is not there. */
  driftCounted: string | undefined;
  /** When that drift was first seen; monotonic milliseconds. */
  driftSinceMs: number | undefined;
}

export interface NamespaceMemory {
  readonly uid: string;
  /** The report of the last plan. */
  report: NamespaceReport | undefined;
  /** Version of the cluster view that was last carried out here; 0 before the first time. */
  appliedVersion: number;
  /** Since when the namespace is pending, monotonic milliseconds; `undefined` when it is not. */
  pendingSinceMs: number | undefined;
  /** Created while this process watched: its time to protection is worth measuring. */
  protectionAwaited: boolean;
  /** What is said of its isolation; absent while nothing is known. */
  told: Told | undefined;
  /** Through what that is overridden, in words, as it was last told; absent before this process has looked. */
  override: { readonly text: string | undefined } | undefined;
  /** Of names with something to remember, which are few: changed by `policyMemory` and `tidy` alone. */
  policies: ReadonlyMap<string, PolicyMemory>;
}

const NO_POLICIES: NamespaceMemory['policies'] = new Map();
export const NOTHING_TOLD = { text: undefined } as const;

export interface NamespaceMemories {
  get(namespace: string): NamespaceMemory | undefined;
  /** Starts anew when the uid is another one: a namespace of the same name is a new namespace. */
  of(namespace: string, uid: string, isNew?: boolean): NamespaceMemory;
  forget(namespace: string): void;
  all(): Iterable<readonly [string, NamespaceMemory]>;
  readonly size: number;
}

export function createNamespaceMemories(): NamespaceMemories {
  const memories = new Map<string, NamespaceMemory>();
  return {
    get: (namespace) => memories.get(namespace),
    of(namespace, uid, isNew = false) {
      const known = memories.get(namespace);
      if (known?.uid === uid) return known;
      const fresh: NamespaceMemory = {
        uid, report: undefined, appliedVersion: 0, pendingSinceMs: undefined,
        protectionAwaited: isNew, told: undefined, override: isNew ? NOTHING_TOLD : undefined, policies: NO_POLICIES,
      };
      memories.set(namespace, fresh);
      return fresh;
    },
    forget: (namespace) => { memories.delete(namespace); },
    all: () => memories,
    get size() { return memories.size; },
  };
}

export function policyMemory(memory: NamespaceMemory, name: string): PolicyMemory {
  const known = memory.policies.get(name);
  if (known !== undefined) return known;
  const fresh: PolicyMemory = {
    history: NO_HISTORY, refusal: undefined, refused: undefined, failsSinceMs: undefined, written: undefined, driftCounted: undefined, driftSinceMs: undefined,
  };
  memory.policies = new Map([...memory.policies, [name, fresh]]);
  return fresh;
}

/** Drops what need not be remembered: names with no refusal or failure, no open drift and no recent repair. */
export function tidy(memory: NamespaceMemory, nowMs: number): void {
  if (memory.policies.size === 0) return;
  const kept = [...memory.policies].filter(([, remembered]) => !isForgettable(remembered, nowMs));
  if (kept.length < memory.policies.size) memory.policies = kept.length === 0 ? NO_POLICIES : new Map(kept);
}

function isForgettable({ refusal, failsSinceMs, driftCounted, history, written }: PolicyMemory, nowMs: number): boolean {
  const recent = written !== undefined && nowMs - written.atMs < QUIET_MS;
  const open = refusal !== undefined || failsSinceMs !== undefined || driftCounted !== undefined || history.mismatches > 0;
  return !open && !recent && isQuiet(history, nowMs);
}

/** What verdicts need to know of earlier writes. */
export function factsOf({ policies }: NamespaceMemory, nowMs: number): NamespaceFacts {
  if (policies.size === 0) return NO_FACTS;
  const refused = new Map<string, Refusal>();
  const contended = new Set<string>();
  for (const [name, { refusal, history }] of policies) {
    if (refusal !== undefined) refused.set(name, refusal);
    if (isContended(history, nowMs)) contended.add(name);
  }
  return refused.size === 0 && contended.size === 0 ? NO_FACTS : { refused, contended };
}

/** The next time at which a policy is not contended any more, without an event that would say so. */
export function nextCalmMs({ policies }: NamespaceMemory, nowMs: number): number | undefined {
  const times = [...policies.values()].map(({ history }) => calmAtMs(history, nowMs)).filter((atMs) => atMs !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}
