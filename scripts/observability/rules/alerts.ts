/**
 * Every alert: when it fires, how bad that is and what it says. Each has a page of the same name in docs/runbooks.
 *
 * Aggregations keep `cluster`, for fleets behind one Prometheus. None counts on a label that the scrape adds, such
 * as `job`, where the name of a metric is ours alone. Pure.
 */
import { COUNTERS, PROCESS_GAUGES, STATE_GAUGES } from '../../../src/observe/metric-catalog.ts';
import { JOB, LEASE, OBJECTIVE } from '../names.ts';
import { queriesIn } from '../promql.ts';
import { BURN_ALERTS } from './burn.ts';
import { PROTECTED_RATIO } from './recording.ts';

export type Severity = 'critical' | 'warning' | 'info';

export interface Alert {
  readonly name: `NetpolBaseline${string}`;
  readonly expr: string;
  /** How long it must be so, as Prometheus writes durations. */
  readonly for: string;
  readonly keepFiringFor?: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly description: string;
}

const q = queriesIn({});
/** For names that other operators use as well. */
const ours = queriesIn({ job: `="${JOB}"` });
const UP = `up{job="${JOB}"}`;
/** As kube-state-metrics has it; a Helm release may put its name in front. */
const DEPLOYMENT = `{deployment=~"(.+-)?${JOB}"}`;
const WEEK = 7 * 86_400;

const {
  contendedPolicies, driftOpen, exemptionExpiry, exemptions, heldRemovals, leftoverPolicies, namespaceAttentionDropped, namespaces, namespacesOverridden, statusCondition,
} = STATE_GAUGES;

const OPERATOR: readonly Alert[] = [
  {
    name: 'NetpolBaselineOperatorDown', severity: 'critical', for: '10m',
    expr: `max by (cluster) (${UP}) == 0 or absent(${UP})`,
    summary: 'No replica of the operator can be scraped.',
    description: 'Policies that are there go on protecting. New namespaces get none, and changes by others are not repaired.',
  },
  {
    name: 'NetpolBaselineOperatorUnavailable', severity: 'critical', for: '10m',
    expr: `max by (cluster, namespace, deployment) (kube_deployment_status_replicas_available${DEPLOYMENT}) == 0`,
    summary: 'Deployment {{ $labels.namespace }}/{{ $labels.deployment }} has no available replica.',
    description: 'This comes from kube-state-metrics alone, so it is seen where the operator is not scraped at all. New namespaces get no policies.',
  },
  {
    name: 'NetpolBaselineNoLeader', severity: 'critical', for: '5m',
    expr: `sum by (cluster) (${q.series(PROCESS_GAUGES.leading, { name: `="${LEASE}"` })}) != 1`,
    summary: '{{ $value }} replicas lead, and one should.',
    description: 'Without a leader nothing is written and the state of the cluster is not exported, so most other alerts are silent.',
  },
  {
    name: 'NetpolBaselineReconcileErrors', severity: 'warning', for: '15m',
    expr: `${ours.increase(COUNTERS.reconcileErrors, ['cluster', 'controller'], '10m')} > 0`,
    summary: 'Reconciles of {{ $labels.controller }} have failed for 15 minutes.',
    description: '{{ $value | humanize }} in the last 10 minutes. Each is retried for ever; a namespace or baseline that is concerned may not be as planned.',
  },
  {
    name: 'NetpolBaselineAPIErrors', severity: 'warning', for: '15m',
    expr: `${ours.rate(COUNTERS.requests, ['cluster'], '5m', { code: '=~"5..|401|403|429|<error>"' })} / (${ours.rate(COUNTERS.requests, ['cluster'], '5m')} > 0) > 0.05`,
    summary: '{{ $value | humanizePercentage }} of the requests to the API server fail.',
    description: 'Refused, throttled, failed or without an answer, for 15 minutes.',
  },
];

const PROTECTION: readonly Alert[] = [
  {
    name: 'NetpolBaselineNamespaceUnprotected', severity: 'warning', for: '5m',
    expr: `${q.sum(namespaces, ['cluster', 'baseline', 'state'], { state: '=~"pending|failed|conflicted"' })} > 0`,
    summary: '{{ $value }} namespaces are {{ $labels.state }} for baseline {{ $labels.baseline }}.',
    description: 'Some policy that is planned for them is not in place. The dashboard Coverage names them, and status.worst of the baseline says why.',
  },
  {
    name: 'NetpolBaselineCoverageLow', severity: 'warning', for: '1h',
    expr: `${PROTECTED_RATIO} < ${OBJECTIVE.coverage}`,
    summary: '{{ $value | humanizePercentage }} of the namespaces are covered for {{ $labels.direction }}.',
    description: `The target is ${OBJECTIVE.coverage * 100} %. Exempt and excluded namespaces do not count; those in which the direction is only audited count as not covered.`,
  },
  {
    name: 'NetpolBaselineOverridden', severity: 'warning', for: '5m',
    expr: `${q.sum(namespacesOverridden, ['cluster', 'direction'])} > 0`,
    summary: '{{ $value }} namespaces have a default-deny for {{ $labels.direction }} and are open.',
    description: 'A policy that no baseline generates lets everything through. The dashboard Coverage names the namespaces, status.worst and the event IsolationOverridden name the policy.',
  },
  {
    name: 'NetpolBaselineIsolationOpened', severity: 'info', for: '0m',
    expr: `${q.increase(COUNTERS.effectiveDrift, ['cluster', 'direction', 'cause'], '15m', { change: '="opened"' })} > 0`,
    summary: 'Pods were opened for {{ $labels.direction }} by a {{ $labels.cause }}.',
    description: 'Pods that were there before let more through than they did, and no baseline asked for it. The event IsolationOpened and the log name the policy or label.',
  },
  {
    name: 'NetpolBaselineIsolationUnknown', severity: 'warning', for: '15m',
    expr: `${q.max(statusCondition, ['cluster', 'baseline'], { condition: '="IsolationUnknown"' })} == 1`,
    summary: 'What is really isolated is not known for baseline {{ $labels.baseline }}.',
    description: 'Something that could change every answer cannot be read. Policies are written all the same; overridden namespaces are not seen.',
  },
  {
    name: 'NetpolBaselineStalled', severity: 'warning', for: '5m',
    expr: `${q.max(statusCondition, ['cluster', 'baseline'], { condition: '="Stalled"' })} == 1 unless on (cluster, baseline) ${q.sum(heldRemovals, ['cluster', 'baseline'])} > 0`,
    summary: 'Baseline {{ $labels.baseline }} is stalled.',
    description: 'It waits for somebody: its spec cannot work, or the operator lacks a permission. The condition Stalled has the reason.',
  },
  {
    name: 'NetpolBaselineAttentionTruncated', severity: 'info', for: '30m',
    expr: `${q.sum(namespaceAttentionDropped, ['cluster'])} > 0`,
    summary: '{{ $value }} namespaces need attention beyond those that metrics name.',
    description: 'So many at once have one cause most of the time: a refused template, a missing permission, a paused baseline.',
  },
];

const DRIFT: readonly Alert[] = [
  {
    name: 'NetpolBaselineDriftNotRepaired', severity: 'warning', for: '5m', keepFiringFor: '10m',
    expr: `${q.sum(driftOpen, ['cluster', 'baseline', 'template'])} > 0`,
    summary: '{{ $value }} policies {{ $labels.template }} of baseline {{ $labels.baseline }} are changed and not repaired.',
    description: 'With driftPolicy Warn they stay as they are until somebody acts; else a repair fails or is undone.',
  },
  {
    name: 'NetpolBaselineDriftContended', severity: 'warning', for: '5m', keepFiringFor: '10m',
    expr: `${q.sum(contendedPolicies, ['cluster'])} > 0`,
    summary: 'Somebody undoes the repair of {{ $value }} policies again and again.',
    description: 'Most of the time a GitOps tool or a policy engine that has an object of the same name.',
  },
  {
    name: 'NetpolBaselineDriftRecurring', severity: 'warning', for: '0m',
    expr: `${q.increase(COUNTERS.driftRepaired, ['cluster', 'template'], '1h')} > 10`,
    summary: 'Policies {{ $labels.template }} were repaired {{ $value | humanize }} times in an hour.',
    description: 'Each repair holds, and somebody comes back: a controller that synchronises every few minutes, or a person with a script.',
  },
];

const PROMISES: readonly Alert[] = [
  {
    name: 'NetpolBaselineRemovalsHeld', severity: 'warning', for: '5m',
    expr: `${q.sum(heldRemovals, ['cluster', 'baseline'])} > 0`,
    summary: '{{ $value }} namespaces of baseline {{ $labels.baseline }} would lose isolation; removals wait for confirmation.',
    description: 'Nothing is open. Somebody has to take the change back, or to confirm it with the command in the condition Held.',
  },
  {
    name: 'NetpolBaselineLeftovers', severity: 'info', for: '30m',
    expr: `${q.sum(leftoverPolicies, ['cluster', 'baseline'])} > 0`,
    summary: '{{ $value }} policies of baseline {{ $labels.baseline }} are no longer planned and still exist.',
    description: 'Their removal is held, refused, or the baseline is paused.',
  },
  {
    name: 'NetpolBaselineExemptionExpiring', severity: 'info', for: '0m',
    expr: `(${q.max(exemptionExpiry, ['cluster', 'baseline', 'exemption'])} - time() > 0) < ${WEEK}`,
    summary: 'The exemption of {{ $labels.exemption }} in baseline {{ $labels.baseline }} ends in {{ $value | humanizeDuration }}.',
    description: 'At its end the policies are back by themselves. Whoever needs it longer has to say so in the baseline.',
  },
  {
    name: 'NetpolBaselineExemptionExpired', severity: 'info', for: '1h',
    expr: `${q.sum(exemptions, ['cluster', 'baseline'], { state: '="expired"' })} > 0`,
    summary: '{{ $value }} exemptions in baseline {{ $labels.baseline }} have ended.',
    description: 'They have no effect any more, and the policies are back. Remove the entries, or give them a new end.',
  },
];

export const ALERTS: readonly Alert[] = [...OPERATOR, ...PROTECTION, ...DRIFT, ...PROMISES, ...BURN_ALERTS];
