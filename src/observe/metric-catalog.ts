/**
 * Every metric that the operator exports: name, type, help and labels. The registry, the documentation and the
 * tests are made from this table. Pure data.
 *
 * Rules: base units; `_total` only on counters; the sum over all labels makes sense; label values come from
 * closed sets or are bounded. Names by controller-runtime, client-go and kubebuilder are theirs, unchanged, so
 * that dashboards and alerts which people have already go on working.
 */

export interface MetricDefinition<L extends string = string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  /** Label values that exist from the start, at 0, so that `rate` sees the first increase. */
  readonly known?: Readonly<Partial<Record<L, readonly string[]>>>;
  readonly buckets?: readonly number[];
  /** Series above are cut. */
  readonly limit?: number;
}

const metric = <const L extends string = never>(
  name: string, help: string, labels: readonly L[] = [], more: Omit<MetricDefinition<L>, 'name' | 'help' | 'labels'> = {},
): MetricDefinition<L> => ({ name, help, labels, ...more });

/** The generated policies that exist in every baseline; those of users are known once their baseline is. */
const GENERATED = ['default-deny', 'allow-dns'];
const CHANGES = ['modified', 'deleted'];
/** Up to how many namespaces and exemptions get a series of their own. */
export const SERIES_LIMIT = 200;

/**
 * The state of the cluster, computed at scrape time and exported by the leader only: standbys see the same
 * but do not act on it, and a sum over replicas must not count it twice.
 */
export const STATE_GAUGES = {
  namespaces: metric('netpol_baseline_namespaces',
    'Namespaces by their state for a baseline; per baseline each namespace is in exactly one.', ['baseline', 'state']),
  coverageNamespaces: metric('netpol_baseline_coverage_namespaces',
    'Namespaces by whether a default-deny of any baseline covers the direction; those that are terminating do not count.', ['direction', 'coverage']),
  effectiveNamespaces: metric('netpol_baseline_effective_namespaces',
    'Namespaces by the class of their weakest pod, by all policies together; those that are terminating do not count. All unknown while that is not known.', ['direction', 'class']),
  effectivePods: metric('netpol_baseline_effective_pods',
    'Pods by what all policies together let through; finished pods do not count.', ['direction', 'class']),
  namespacesIsolated: metric('netpol_baseline_namespaces_isolated',
    'Namespaces whose weakest pod is restricted or closed. Absent while that is not known.', ['direction']),
  namespacesOverridden: metric('netpol_baseline_namespaces_overridden',
    'Namespaces with a default-deny that are open all the same, through a policy that no baseline generates. Absent while that is not known.', ['direction']),
  isolationBacklog: metric('netpol_baseline_isolation_backlog',
    'Changes of pods, policies and namespaces that are not evaluated yet. Absent where isolation is not evaluated.'),
  isolationLag: metric('netpol_baseline_isolation_lag_seconds',
    'Since when the oldest change waits to be evaluated, 0 where none does; above 60 isolation is unknown until all are. Absent where isolation is not evaluated.'),
  stalePolicies: metric('netpol_baseline_stale_policies',
    'Policies that no baseline generates and that do less than they say. Counted anew at most once a minute, when scraped.', ['reason']),
  namespaceAttention: metric('netpol_baseline_namespace_attention',
    'Always 1: a namespace that is not as it should be, and why. At most 200, the worst.', ['namespace', 'reason', 'owner'], { limit: SERIES_LIMIT }),
  namespaceAttentionDropped: metric('netpol_baseline_namespace_attention_dropped',
    'Namespaces that are not as they should be and have no series in netpol_baseline_namespace_attention.'),
  policies: metric('netpol_baseline_policies', 'Generated policies that exist; (other) is what is labelled for a baseline or template that does not.', ['baseline', 'template']),
  driftOpen: metric('netpol_baseline_drift_open',
    'Policies that somebody else changed and that are not repaired now.', ['baseline', 'template']),
  contendedPolicies: metric('netpol_baseline_contended_policies', 'Policies whose repair somebody undoes again and again.'),
  leftoverPolicies: metric('netpol_baseline_leftover_policies', 'Policies that are no longer planned and still exist.', ['baseline']),
  retainedPolicies: metric('netpol_baseline_retained_policies', 'Policies kept from a baseline that was deleted. At most 200 such baselines by name, the others as (other).', ['baseline']),
  heldRemovals: metric('netpol_baseline_held_removals', 'Namespaces whose removals wait for confirmation.', ['baseline']),
  exemptions: metric('netpol_baseline_exemptions', 'Exemptions in the spec, active or expired.', ['baseline', 'state']),
  exemptionExpiry: metric('netpol_baseline_exemption_expiry_timestamp_seconds',
    'When an exemption ends, in seconds since the epoch. At most 200, those nearest to now, ended ones included.', ['baseline', 'exemption'], { limit: SERIES_LIMIT }),
  statusCondition: metric('netpol_baseline_status_condition', '1 while the condition of the baseline is True, else 0.', ['baseline', 'condition']),
  lastFullScan: metric('netpol_baseline_last_full_scan_timestamp_seconds',
    'When every namespace was last compared with its plan, in seconds since the epoch.'),
} as const;

/** One value of a state gauge; `labels` has exactly the labels of its definition. */
export interface StateRow<L extends string> {
  readonly labels: Readonly<Record<L, string>>;
  readonly value: number;
}

type LabelOf<D> = D extends MetricDefinition<infer L> ? L : never;

/** All rows of all state gauges at one moment. A gauge that is left out has no series. */
export type StateRows = { readonly [Name in keyof typeof STATE_GAUGES]?: readonly StateRow<LabelOf<(typeof STATE_GAUGES)[Name]>>[] };

/** Called once for each scrape, on the leader only. */
export type StateSource = () => StateRows;

/** What this process does; every replica exports it. */
export const PROCESS_GAUGES = {
  buildInfo: metric('netpol_baseline_build_info', 'Always 1: the version that runs.', ['version', 'revision', 'node_version']),
  leading: metric('leader_election_master_status', '1 on the replica that leads, else 0.', ['name']),
  maxConcurrentReconciles: metric('controller_runtime_max_concurrent_reconciles', 'Keys that a controller runs at the same time at most.', ['controller']),
  activeWorkers: metric('controller_runtime_active_workers', 'Keys that run now.', ['controller']),
  queueDepth: metric('workqueue_depth', 'Keys that are ready and wait for a worker.', ['name', 'controller']),
  unfinishedWork: metric('workqueue_unfinished_work_seconds',
    'Time that the keys under way have taken so far, summed up. Growing means stuck workers.', ['name', 'controller']),
  longestRunning: metric('workqueue_longest_running_processor_seconds', 'Time that the oldest key under way has taken so far.', ['name', 'controller']),
} as const;

export const COUNTERS = {
  driftDetected: metric('netpol_baseline_drift_detected_total',
    'Policies found changed or deleted by somebody, once for each version of the object.', ['template', 'change'], { known: { template: GENERATED, change: CHANGES } }),
  driftRepaired: metric('netpol_baseline_drift_repaired_total',
    'Policies put right after somebody changed or deleted them.', ['template', 'change'], { known: { template: GENERATED, change: CHANGES } }),
  effectiveDrift: metric('netpol_baseline_effective_drift_total',
    'Changes of what pods that were there before let through, other than by our own writes or drift: once for each namespace, direction and pair of classes.',
    ['direction', 'change', 'cause'], { known: { direction: ['Ingress', 'Egress'], change: ['opened', 'closed'], cause: ['policy', 'pod', 'namespace', 'cluster_policy'] } }),
  policyWrites: metric('netpol_baseline_policy_writes_total', 'Writes of policies by what became of them.', ['action', 'result'],
    { known: { action: ['create', 'update', 'remove'], result: ['done', 'refused', 'failed', 'mismatched'] } }),
  eventsDropped: metric('netpol_baseline_events_dropped_total', 'Events not sent, because of the rate limit or an error.'),
  watchRestarts: metric('netpol_baseline_watch_restarts_total', 'Watches that ended with an error.', ['resource', 'reason']),
  relists: metric('netpol_baseline_relists_total', 'Complete lists taken.', ['resource']),
  reconciles: metric('controller_runtime_reconcile_total', 'Runs of keys by how they ended.', ['controller', 'result'],
    { known: { result: ['success', 'error', 'requeue', 'requeue_after'] } }),
  reconcileErrors: metric('controller_runtime_reconcile_errors_total', 'Runs that failed; every one of them is retried.', ['controller']),
  terminalErrors: metric('controller_runtime_terminal_reconcile_errors_total',
    'Runs that failed with what somebody must change first, such as a missing permission; they are retried, slowly.', ['controller']),
  panics: metric('controller_runtime_reconcile_panics_total', 'Runs that failed with an error of this program.', ['controller']),
  timeouts: metric('controller_runtime_reconcile_timeouts_total', 'Runs that were aborted because they took too long.', ['controller']),
  queueAdds: metric('workqueue_adds_total', 'Keys that became ready.', ['name', 'controller']),
  queueRetries: metric('workqueue_retries_total', 'Keys that failed and were scheduled again.', ['name', 'controller']),
  requests: metric('rest_client_requests_total', 'Requests to the API server by answer; <error> when there was none.', ['code', 'method', 'host']),
  requestRetries: metric('rest_client_request_retries_total', 'Requests to the API server that were sent again.', ['code', 'verb', 'host']),
} as const;

/** From a quick repair to a day in which somebody had to help. */
const REPAIR_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const RECONCILE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
/** client-go's: powers of ten from 10 ns to 10 s. */
const QUEUE_BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10];

export const HISTOGRAMS = {
  timeToProtect: metric('netpol_baseline_namespace_time_to_protect_seconds',
    'From the creationTimestamp of a namespace, which has whole seconds, to the acknowledgement of its last policy; once for each namespace that was created while this process led.',
    [], { buckets: [0.25, 0.5, 1, 2, 5, 10, 30, 60, 300] }),
  driftRepair: metric('netpol_baseline_drift_repair_duration_seconds',
    'From the watch event that showed a change by somebody to its acknowledged repair.', [], { buckets: REPAIR_BUCKETS }),
  reconcileTime: metric('controller_runtime_reconcile_time_seconds', 'Time that a run of a key took.', ['controller'], { buckets: RECONCILE_BUCKETS }),
  queueDuration: metric('workqueue_queue_duration_seconds', 'Time that a ready key waited for a worker.', ['name', 'controller'], { buckets: QUEUE_BUCKETS }),
  workDuration: metric('workqueue_work_duration_seconds', 'Time that a worker took for a key.', ['name', 'controller'], { buckets: QUEUE_BUCKETS }),
  requestDuration: metric('rest_client_request_duration_seconds', 'Time until the API server had answered, watches not counted.',
    ['verb', 'host'], { buckets: REPAIR_BUCKETS }),
} as const;

export type MetricType = 'gauge' | 'counter' | 'histogram';

/** The whole table, in the order in which it is documented. */
export function metricTable(): readonly (MetricDefinition & { readonly type: MetricType; readonly leaderOnly: boolean })[] {
  const table = (definitions: Readonly<Record<string, MetricDefinition>>, type: MetricType, leaderOnly = false) =>
    Object.values(definitions).map((definition) => ({ ...definition, type, leaderOnly }));
  return [
    ...table(STATE_GAUGES, 'gauge', true), ...table(COUNTERS, 'counter'),
    ...table(HISTOGRAMS, 'histogram'), ...table(PROCESS_GAUGES, 'gauge'),
  ];
}
