/** What planning looks at: one namespace, its policies, and every baseline. Plain values, built from stores, lists or files. */
import type { NamespaceRecord, PolicyRecord } from '../kube/objects.ts';
import { byPrecedence, type CompiledBaseline } from './compile.ts';

export interface NamespaceView {
  readonly namespace: NamespaceRecord;
  /** By name: every NetworkPolicy of the namespace, ours or not. */
  readonly policies: ReadonlyMap<string, PolicyRecord>;
  readonly cluster: ClusterView;
  /** Names of planned policies that somebody deleted while we watched, and that are not back yet. */
  readonly deleted: ReadonlySet<string>;
  readonly nowMs: number;
}

export interface ClusterView {
  /** All of them, by precedence. */
  readonly baselines: readonly CompiledBaseline[];
  readonly byName: ReadonlyMap<string, CompiledBaseline>;
  /** Exact names, the operator's own among them. */
  readonly systemNamespaces: ReadonlySet<string>;
  /** Grows whenever planning can come out differently everywhere. */
  readonly version: number;
}

/** The same join for live stores, one-shot lists and files. */
export function clusterViewOf(baselines: Iterable<CompiledBaseline>, systemNamespaces: ReadonlySet<string>, version: number): ClusterView {
  const sorted = [...baselines].sort(byPrecedence);
  return { baselines: sorted, byName: new Map(sorted.map((baseline) => [baseline.name, baseline])), systemNamespaces, version };
}
