/** docs/metrics.md: every metric that is exported, from the table that declares them, and how to ask. */
import { CLASSES } from '../../src/netpol/effective.ts';
import { COVERAGES } from '../../src/plan/coverage.ts';
import { STATES } from '../../src/plan/verdict.ts';
import { COUNTERS, HISTOGRAMS, metricTable, PROCESS_GAUGES, STATE_GAUGES, type MetricDefinition } from '../../src/observe/metric-catalog.ts';
import { markdownTable } from './markdown.ts';

export function metricsPage(): string {
  return [
    '# Metrics',
    '',
    '<!-- Generated from src/observe/metric-catalog.ts by `npm run generate`; changes made here are lost. -->',
    '',
    '`/metrics` is served at the address of `--listen-address` ([configuration](configuration.md)), beside `/healthz` and `/readyz`. The names',
    'that begin with `controller_runtime_`, `workqueue_`, `rest_client_` and `leader_election_` are those of other operators, so that dashboards',
    'and alerts for them work here too. Metrics of the process (`process_…`, `nodejs_…`) come on top.',
    'Dashboards and alerts: [monitoring](monitoring.md).',
    '',
    `There are ${metricTable().length} metrics. \`promtool check metrics\` passes; a test sees to that.`,
    '',
    '## State of the cluster',
    '',
    'Exported by the leader only: a sum over the replicas is right. Computed when scraped; a series ends with its object.',
    '',
    ...tableOf(STATE_GAUGES),
    '',
    `Values of \`state\`: ${STATES.map(code).join(', ')}. What they mean: [states](concepts.md#states-of-a-namespace).`,
    `Values of \`coverage\`: ${COVERAGES.map(code).join(', ')}. \`reason\` is one of the words in [troubleshooting](troubleshooting.md).`,
    `Values of \`class\`: ${[...CLASSES, 'unknown'].map(code).join(', ')}, and \`not-coverable\` for pods of the host's network; what they mean: [isolation](concepts.md#isolation).`,
    'Stale policies: `selects_nothing` where no pod has the labels that the policy selects, `peers_match_nothing` where a rule names peers that do not exist.',
    '',
    '## What happened',
    '',
    'Counted from the start of the process, by every replica for itself. Counters with known label values start at 0, so that `rate` sees',
    'the first increase.',
    '',
    ...tableOf(COUNTERS),
    '',
    '## How long it took',
    '',
    ...histograms(),
    '',
    '## The process',
    '',
    ...tableOf(PROCESS_GAUGES),
    '',
    ...QUERIES,
    '',
  ].join('\n');
}

const code = (text: string): string => `\`${text}\``;

function tableOf(definitions: Readonly<Record<string, MetricDefinition>>): string[] {
  return markdownTable(['metric', 'labels', 'meaning'], Object.values(definitions).map(({ name, labels, help }) => [code(name), labels.map(code).join(' '), help]));
}

function histograms(): string[] {
  return markdownTable(['histogram', 'labels', 'buckets, seconds', 'meaning'], Object.values<MetricDefinition>(HISTOGRAMS).map(({ name, labels, buckets, help }) => [
    code(name), labels.map(code).join(' '), `${buckets?.[0]} … ${buckets?.at(-1)}`, help,
  ]));
}

const QUERIES = [
  '## Questions and queries',
  '',
  'Which part of the namespaces is covered, per direction:',
  '',
  '```promql',
  'sum by (direction) (netpol_baseline_coverage_namespaces{coverage="protected"})',
  '  / sum by (direction) (netpol_baseline_coverage_namespaces{coverage!~"exempt|excluded"})',
  '```',
  '',
  'Which part is really isolated, by all policies together; and where a default-deny is in place and defeated:',
  '',
  '```promql',
  'netpol_baseline_namespaces_isolated / on (direction) sum by (direction) (netpol_baseline_effective_namespaces)',
  'netpol_baseline_namespaces_overridden > 0',
  '```',
  '',
  'Who opens pods that nobody opened before, other than by editing generated policies:',
  '',
  '```promql',
  'sum by (direction, cause) (increase(netpol_baseline_effective_drift_total{change="opened"}[1h])) > 0',
  '```',
  '',
  'Which namespaces need somebody, and whose they are (`owner` is the label or annotation that `spec.ownerKey` names):',
  '',
  '```promql',
  'netpol_baseline_namespace_attention',
  '```',
  '',
  'Who keeps changing policies, and what does not get repaired:',
  '',
  '```promql',
  'sum by (template, change) (increase(netpol_baseline_drift_detected_total[1h]))',
  'netpol_baseline_drift_open > 0 or netpol_baseline_contended_policies > 0',
  '```',
  '',
  'What waits for somebody to confirm it:',
  '',
  '```promql',
  'netpol_baseline_held_removals > 0',
  '```',
  '',
  'Exemptions that end within a week:',
  '',
  '```promql',
  'netpol_baseline_exemption_expiry_timestamp_seconds - time() > 0 < 7 * 86400',
  '```',
  '',
  'How long a new namespace waits for its last policy (99 of 100; its creation time has whole seconds, so this reads up to 1 s high):',
  '',
  '```promql',
  'histogram_quantile(0.99, sum by (le) (rate(netpol_baseline_namespace_time_to_protect_seconds_bucket[1h])))',
  '```',
  '',
  'Whether anybody leads. Without a leader nothing is written, and the state above is not exported:',
  '',
  '```promql',
  'sum(leader_election_master_status{name="namespace-policy-baseline"}) != 1 or absent(leader_election_master_status{name="namespace-policy-baseline"})',
  '```',
  '',
  '## What the numbers do not say',
  '',
  'A protected namespace has a default-deny that selects every pod; an isolated one is so by all policies together. Whether the network',
  'enforces them is up to the CNI, and does not show in these numbers.',
];
