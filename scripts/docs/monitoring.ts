/** docs/monitoring.md: how to install dashboards and rules, what they answer, and the objective behind them. */
import { DASHBOARDS } from '../observability/files.ts';
import { FOLDER, JOB, OBJECTIVE, RUNBOOKS } from '../observability/names.ts';
import { ALERTS } from '../observability/rules/alerts.ts';
import { RECORDING_RULES } from '../observability/rules/recording.ts';
import { markdownTable, paragraph } from './markdown.ts';

export function monitoringPage(): string {
  return [
    '# Monitoring',
    '',
    '<!-- Generated from scripts/observability by `npm run generate`; changes made here are lost. -->',
    '',
    ...paragraph(
      'Dashboards for Grafana, recording rules and alerts for Prometheus, all made from the same list of [metrics](metrics.md) as the code. A real',
      'Prometheus scrapes the running operator in a test: every panel and every rule is asked there about a cluster in which what it is about is true.',
    ),
    '',
    ...INSTALL,
    '## Dashboards',
    '',
    ...markdownTable(['dashboard', 'answers', 'file'], Object.entries(DASHBOARDS).map(([name, { title = '', description = '' }]) => [title.replace(/^.* \/ /, ''), description, `\`config/dashboards/${name}.json\``])),
    '',
    ...paragraph(
      'Each has the variables *Data source*, *Cluster* and *Job*, and Operator health *Instance* as well. *Cluster* is the label that a fleet',
      'behind one Prometheus, Thanos or Mimir has; with a single cluster there is none, and *All* is right. Tables name namespaces with the reason',
      'and the owner, from `netpol_baseline_namespace_attention`: at most 200 of each cluster, the worst. What is beyond them is counted as *Not shown*.',
    ),
    '',
    '## Alerts',
    '',
    ...alertsTable(),
    '',
    ...paragraph(
      `\`runbook_url\` is \`${RUNBOOKS}/ALERT\`; the same pages are in [runbooks](runbooks). All aggregations keep \`cluster\`.`,
    ),
    '',
    ...paragraph(
      'Two alerts see that the operator is gone: one from its own `up`, one from kube-state-metrics alone. For a look that does not depend on the operator',
      'at all, ask kube-state-metrics for namespaces without any policy; system and exempt namespaces are among them:',
    ),
    '',
    '```promql',
    'kube_namespace_created unless on (cluster, namespace) kube_networkpolicy_created',
    '```',
    '',
    '## Recording rules',
    '',
    ...markdownTable(['series', 'what'], recorded()),
    '',
    ...OBJECTIVES,
    ...CHANGES,
  ].join('\n');
}

/** Each alert once, with its runbook. */
export function alertsTable(): string[] {
  const names = [...new Set(ALERTS.map(({ name }) => name))];
  return markdownTable(['alert', 'severity', 'after', 'says'], names.map((name) => {
    const same = ALERTS.filter((alert) => alert.name === name);
    const [{ summary } = { summary: '' }] = same;
    return [`[${name}](runbooks/${name}.md)`, same.map(({ severity }) => severity).join(', '), same.map((alert) => (alert.for === '0m' ? 'at once' : alert.for)).join(', '), inWords(summary)];
  }));
}

/** Without the templates: `{{ $labels.baseline }}` is "…". */
const inWords = (summary: string): string => summary.replaceAll(/\{\{.*?\}\}/g, '…');

function recorded(): string[][] {
  const [protectedRatio, isolatedRatio, ...burn] = RECORDING_RULES.map(({ record }) => `\`${record}\``);
  return [
    [protectedRatio ?? '', 'covered namespaces, of those that are neither exempt nor excluded'],
    [isolatedRatio ?? '', 'namespaces whose weakest pod is restricted or closed, of all'],
    [burn.filter((name) => name.includes(':ratio')).join(' '), `new namespaces that waited longer than ${OBJECTIVE.protectWithinSeconds} s, as a share`],
    [burn.filter((name) => !name.includes(':ratio')).join(' '), 'and their number'],
  ];
}

const INSTALL = [
  '## Install',
  '',
  ...paragraph(
    'With the Prometheus operator: a ServiceMonitor and a PrometheusRule, in the namespace of the operator.',
  ),
  '',
  '```sh',
  'kubectl apply --server-side -k config/prometheus',
  '```',
  '',
  ...paragraph(
    'Where Prometheus selects monitors and rules by a label (`release: …` with kube-prometheus-stack), include that folder from a kustomization',
    'of yours that adds it. Without the Prometheus operator, `config/prometheus/rules.yaml` is a file for `rule_files`; scrape port 8080 of each',
    `pod as job \`${JOB}\`, with \`honor_labels: true\`, since \`namespace\` is the namespace that a series is about.`,
  ),
  '',
  ...paragraph(
    'The dashboards are ConfigMaps with the label `grafana_dashboard: "1"`, which the sidecar of Grafana\'s Helm chart looks for, and the annotation',
    `\`grafana_folder: ${FOLDER}\`. Or import the JSON files by hand.`,
  ),
  '',
  '```sh',
  'kubectl apply --server-side -n monitoring -k config/dashboards',
  '```',
  '',
  ...paragraph(
    'The Helm chart brings the same by `serviceMonitor.enabled`, `prometheusRule.enabled` and `grafanaDashboard.enabled`. Where metrics are',
    '[protected](protected-metrics.md), the ServiceMonitor has to be changed along, as it says there.',
  ),
  '',
];

const OBJECTIVES = [
  '## Objective: time to protect',
  '',
  ...paragraph(
    `Time to protect: from the creation timestamp of a namespace to the acknowledgement of its last baseline NetworkPolicy by the API server. The objective is at most`,
    `${OBJECTIVE.protectWithinSeconds} s for ${OBJECTIVE.protectedInTime * 100} of 100 new namespaces, at up to 5,000 namespaces, while the operator runs. Creation timestamps have whole seconds, so the figure reads up to 1 s high.`,
  ),
  '',
  ...paragraph(
    'It leaves out what the CNI needs to program the policies, and pods that started before they were there. Namespaces that were created while nobody led are not',
    'measured; those whose baseline was paused, or whose writes were refused, count with their whole wait.',
  ),
  '',
  ...paragraph(
    'The alert fires by how fast the error budget burns: 14.4 times over 1 h and 5 min or 6 times over 6 h and 30 min is critical, 3 times over 1 d and 2 h or once over 3 d and 6 h',
    'is a warning. Fewer than five slow namespaces in the long window never alert.',
  ),
  '',
];

const CHANGES = [
  '## Change them',
  '',
  ...paragraph(
    `The coverage target is ${OBJECTIVE.coverage * 100} %. To have another one, or another address for the runbooks, patch the PrometheusRule from a kustomization of yours; or change`,
    '`scripts/observability/names.ts` and run `npm run generate`. What a dashboard asks is in `scripts/observability/dashboards`; metrics and labels are named there by',
    'reference to `src/observe/metric-catalog.ts`, so that one which is renamed leaves no empty panel behind: it does not compile.',
  ),
  '',
];
