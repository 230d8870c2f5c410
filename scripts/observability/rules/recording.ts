/** Recording rules, `level:metric:operations`: what alerts ask again and again, and what one wants to keep for long. Pure. */
import { HISTOGRAMS, STATE_GAUGES } from '../../../src/observe/metric-catalog.ts';
import { OBJECTIVE } from '../names.ts';
import { queriesIn } from '../promql.ts';

export interface RecordingRule { readonly record: string; readonly expr: string }

const q = queriesIn({});
const { coverageNamespaces, effectiveNamespaces, namespacesIsolated } = STATE_GAUGES;

/** Windows of the burn rates. */
const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
export type Window = (typeof WINDOWS)[number];

export const PROTECTED_RATIO = 'cluster_direction:netpol_baseline_namespaces_protected:ratio';
const ISOLATED_RATIO = 'cluster_direction:netpol_baseline_namespaces_isolated:ratio';
/** Namespaces that waited longer than the objective, of those that were created in the window. */
export const slowRatio = (window: Window): string => `cluster:netpol_baseline_namespaces_slow_to_protect:ratio_increase${window}`;
export const slowCount = (window: Window): string => `cluster:netpol_baseline_namespaces_slow_to_protect:increase${window}`;

const slow = (window: Window): string => {
  const of = (le?: number): string => q.events(HISTOGRAMS.timeToProtect, ['cluster'], window, le);
  return `${of()} - ${of(OBJECTIVE.protectWithinSeconds)}`;
};

export const RECORDING_RULES: readonly RecordingRule[] = [
  {
    record: PROTECTED_RATIO,
    expr: `${q.sum(coverageNamespaces, ['cluster', 'direction'], { coverage: '="protected"' })} / (${q.sum(coverageNamespaces, ['cluster', 'direction'], { coverage: '!~"exempt|excluded"' })} > 0)`,
  },
  {
    record: ISOLATED_RATIO,
    expr: `${q.sum(namespacesIsolated, ['cluster', 'direction'])} / (${q.sum(effectiveNamespaces, ['cluster', 'direction'])} > 0)`,
  },
  ...WINDOWS.map((window) => ({ record: slowCount(window), expr: slow(window) })),
  ...WINDOWS.map((window) => ({ record: slowRatio(window), expr: `${slowCount(window)} / (${q.events(HISTOGRAMS.timeToProtect, ['cluster'], window)} > 0)` })),
];
