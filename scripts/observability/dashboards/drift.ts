/** Who changes generated policies, whether that is put right and how fast, and what a rollout or a removal waits for. */
import { COUNTERS, HISTOGRAMS, STATE_GAUGES } from '../../../src/observe/metric-catalog.ts';
import { OBJECTIVE } from '../names.ts';
import { CLUSTER_QUERIES as q, dashboard } from './frame.ts';
import { lanes, NEUTRAL, NONE_IS_BETTER, NONE_IS_GOOD, stat, table, timeseries } from './panels.ts';

const { contendedPolicies, driftOpen, heldRemovals, leftoverPolicies, namespaceAttention, namespaces, policies, retainedPolicies, statusCondition } = STATE_GAUGES;
const STAT = { span: 4, height: 5 } as const;
const HALF = { span: 12, height: 8 } as const;
const RANGE = '$__rate_interval';

/** The share of observations at or below a bound, of those in the range; nothing where there were none. */
const withinShare = (seconds: number): string =>
  `${q.events(HISTOGRAMS.timeToProtect, ['cluster'], '$__range', seconds)} / (${q.events(HISTOGRAMS.timeToProtect, ['cluster'], '$__range')} > 0)`;

const quantiles = (metric: (typeof HISTOGRAMS)['timeToProtect' | 'driftRepair']) => [0.5, 0.99].map((quantile) =>
  ({ expr: q.quantile(quantile, metric, ['cluster'], RANGE), legend: `{{cluster}} p${quantile * 100}` }));

export const driftDashboard = dashboard({
  uid: 'npb-drift', title: 'Drift and rollout', perInstance: false,
  description: 'Who changes generated policies and whether that is put right, what is held or left over, and how long a new namespace waits for its policies.',
  sections: [
    { title: 'At a glance', panels: [
      stat({ ...STAT, title: 'Changed and not repaired', unit: 'short', colours: NONE_IS_GOOD,
        description: 'Policies that somebody changed and that are not as planned now: repair under way, contended, or driftPolicy Warn.',
        queries: [{ expr: `sum(${q.series(driftOpen)}) or vector(0)`, legend: 'policies' }] }),
      stat({ ...STAT, title: 'Contended', unit: 'short', colours: NONE_IS_GOOD,
        description: 'Policies whose repair somebody undoes again and again.',
        queries: [{ expr: q.sum(contendedPolicies, []), legend: 'policies' }] }),
      stat({ ...STAT, title: 'Removals held', unit: 'short', colours: NONE_IS_GOOD,
        description: 'Namespaces whose removals wait for somebody to confirm them. Nothing opens until then.',
        queries: [{ expr: q.sum(heldRemovals, []), legend: 'namespaces' }] }),
      stat({ ...STAT, title: 'Left over', unit: 'short', colours: NONE_IS_BETTER,
        description: 'Policies that are no longer planned and still exist.',
        queries: [{ expr: q.sum(leftoverPolicies, []), legend: 'policies' }] }),
      stat({ ...STAT, title: 'Retained', unit: 'short', colours: NEUTRAL,
        description: 'Policies kept from a baseline that was deleted. They protect, and nobody looks after them.',
        queries: [{ expr: q.sum(retainedPolicies, []), legend: 'policies' }] }),
      stat({ ...STAT, title: `Protected within ${OBJECTIVE.protectWithinSeconds} s`, unit: 'percentunit',
        colours: [{ from: null, color: 'red' }, { from: OBJECTIVE.protectedInTime, color: 'green' }],
        description: 'Of the namespaces that were created in the range that is shown. Empty where there were none.',
        queries: [{ expr: withinShare(OBJECTIVE.protectWithinSeconds), legend: '{{cluster}}' }] }),
    ] },
    { title: 'Drift', panels: [
      timeseries({ ...HALF, title: 'Detected, by template and cause', unit: 'short',
        description: 'Policies found changed or deleted by somebody, once for each version of the object.',
        queries: [{ expr: q.increase(COUNTERS.driftDetected, ['template', 'change'], RANGE), legend: '{{template}} {{change}}' }] }),
      timeseries({ ...HALF, title: 'Repaired, by template and cause', unit: 'short',
        description: 'Policies put right after somebody changed or deleted them.',
        queries: [{ expr: q.increase(COUNTERS.driftRepaired, ['template', 'change'], RANGE), legend: '{{template}} {{change}}' }] }),
      timeseries({ ...HALF, title: 'Not repaired, by baseline and template', unit: 'short',
        description: 'Policies that somebody changed and that are not repaired now. No series is no drift.',
        queries: [{ expr: q.sum(driftOpen, ['cluster', 'baseline', 'template']), legend: '{{cluster}} {{baseline}} {{template}}' }] }),
      timeseries({ ...HALF, title: 'Time to repair', unit: 's', queries: quantiles(HISTOGRAMS.driftRepair),
        description: 'From the watch event that showed a change to its acknowledged repair.' }),
      table({ ...HALF, title: 'Namespaces with drift or conflicts', unit: 'none', sortBy: 'Namespace', empty: 'None',
        description: 'Where policies are edited and not repaired, contended, or in conflict with somebody else or another baseline.',
        columns: { cluster: 'Cluster', namespace: 'Namespace', reason: 'Reason', owner: 'Owner' },
        queries: [{ expr: q.max(namespaceAttention, ['cluster', 'namespace', 'reason', 'owner'], { reason: '=~"Modified|Deleted|Contended|ForeignPolicy|Superseded"' }) }] }),
      timeseries({ ...HALF, title: 'Namespaces drifted, in conflict or failed', unit: 'short',
        description: 'By baseline; a namespace is in the first of its states that applies.',
        queries: [{ expr: q.sum(namespaces, ['baseline', 'state'], { state: '=~"drifted|conflicted|failed"' }), legend: '{{baseline}} {{state}}' }] }),
    ] },
    { title: 'Rollout', panels: [
      timeseries({ ...HALF, title: 'Time to protect', unit: 's', queries: quantiles(HISTOGRAMS.timeToProtect),
        description: 'From the creation timestamp of a namespace, which has whole seconds, to the acknowledgement of its last policy.' }),
      timeseries({ ...HALF, title: 'Namespaces protected and pending', unit: 'short',
        description: 'How far a change of a baseline has got.',
        queries: [{ expr: q.sum(namespaces, ['baseline', 'state'], { state: '=~"protected|pending|audited"' }), legend: '{{baseline}} {{state}}' }] }),
      timeseries({ ...HALF, title: 'Writes, by what became of them', unit: 'short',
        description: 'Policies created, updated and removed. Refused: somebody has to change something. Failed: retried. Mismatched: stored otherwise than sent.',
        queries: [{ expr: q.increase(COUNTERS.policyWrites, ['action', 'result'], RANGE), legend: '{{action}} {{result}}' }] }),
      timeseries({ ...HALF, title: 'Generated policies', unit: 'short', stacked: true,
        description: 'What exists, by baseline and template; (other) is labelled for a baseline or template that does not exist.',
        queries: [{ expr: q.sum(policies, ['baseline', 'template']), legend: '{{baseline}} {{template}}' }] }),
      timeseries({ ...HALF, title: 'Held, left over and retained, by baseline', unit: 'short',
        description: 'Held counts namespaces, the others count policies.',
        queries: [
          { expr: q.sum(heldRemovals, ['cluster', 'baseline']), legend: '{{cluster}} {{baseline}} held' },
          { expr: q.sum(leftoverPolicies, ['cluster', 'baseline']), legend: '{{cluster}} {{baseline}} left over' },
          { expr: q.sum(retainedPolicies, ['cluster', 'baseline']), legend: '{{cluster}} {{baseline}} retained' },
        ] }),
      lanes({ ...HALF, title: 'Conditions of baselines', unit: 'none', colours: [{ from: null, color: 'text' }, { from: 1, color: 'blue' }],
        description: '1 while the condition is True. Stalled and Held want somebody; what the reasons mean stands in docs/troubleshooting.md.',
        queries: [{ expr: q.max(statusCondition, ['cluster', 'baseline', 'condition']), legend: '{{cluster}} {{baseline}} {{condition}}' }] }),
    ] },
  ],
});
