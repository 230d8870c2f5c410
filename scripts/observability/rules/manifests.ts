/** The rules as the objects that the Prometheus operator reads, and as a plain file for a Prometheus without it. Pure. */
import { JOB, RUNBOOKS } from '../names.ts';
import { ALERTS, type Alert } from './alerts.ts';
import { RECORDING_RULES } from './recording.ts';

export interface RuleGroup { readonly name: string; readonly rules: readonly Readonly<Record<string, unknown>>[] }

export function ruleGroups(): RuleGroup[] {
  return [
    { name: 'namespace-policy-baseline.records', rules: RECORDING_RULES.map((rule) => ({ ...rule })) },
    { name: 'namespace-policy-baseline.alerts', rules: ALERTS.map(alertRule) },
  ];
}

function alertRule({ name, expr, for: wait, keepFiringFor, severity, summary, description }: Alert): Readonly<Record<string, unknown>> {
  return {
    alert: name,
    expr,
    for: wait,
    ...(keepFiringFor === undefined ? {} : { keep_firing_for: keepFiringFor }),
    labels: { severity },
    annotations: { summary, description, runbook_url: `${RUNBOOKS}/${name}` },
  };
}

export function prometheusRule(): object {
  return { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata: metadata(JOB), spec: { groups: ruleGroups() } };
}

/** `honorLabels`: the `namespace` of a series is the namespace that it is about, not that of the operator. */
export function serviceMonitor(): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1', kind: 'ServiceMonitor', metadata: metadata(JOB),
    spec: {
      jobLabel: 'app.kubernetes.io/name',
      selector: { matchLabels: { 'app.kubernetes.io/name': JOB } },
      endpoints: [{ port: 'http', path: '/metrics', interval: '30s', honorLabels: true }],
    },
  };
}

const metadata = (name: string) => ({ name, labels: { 'app.kubernetes.io/name': JOB, 'app.kubernetes.io/part-of': JOB } });
