/** The checked-in files of config/dashboards and config/prometheus. */
import { stringify } from 'yaml';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { coverageDashboard } from './dashboards/coverage.ts';
import { driftDashboard } from './dashboards/drift.ts';
import { healthDashboard } from './dashboards/health.ts';
import { FOLDER, JOB } from './names.ts';
import { prometheusRule, ruleGroups, serviceMonitor } from './rules/manifests.ts';

const HEADER = '# Generated from scripts/observability by `npm run generate`; changes made here are lost.\n';
const yaml = (value: unknown, about = ''): string => HEADER + about + stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  coverage: coverageDashboard,
  drift: driftDashboard,
  health: healthDashboard,
};

export const OBSERVABILITY_FILES: readonly { readonly path: string; readonly content: () => string }[] = [
  ...Object.entries(DASHBOARDS).map(([name, dashboard]) => ({ path: `config/dashboards/${name}.json`, content: () => `${JSON.stringify(dashboard, undefined, 2)}\n` })),
  { path: 'config/dashboards/kustomization.yaml', content: dashboardsKustomization },
  { path: 'config/prometheus/prometheus-rule.yaml', content: () => yaml(prometheusRule()) },
  { path: 'config/prometheus/service-monitor.yaml', content: () => yaml(serviceMonitor()) },
  { path: 'config/prometheus/rules.yaml', content: () => yaml({ groups: ruleGroups() }, '# The groups of prometheus-rule.yaml, for `rule_files` of a Prometheus that runs without the Prometheus operator.\n') },
];

function dashboardsKustomization(): string {
  return yaml({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    generatorOptions: {
      disableNameSuffixHash: true,
      labels: { grafana_dashboard: '1', 'app.kubernetes.io/name': JOB, 'app.kubernetes.io/part-of': JOB },
      annotations: { grafana_folder: FOLDER },
    },
    configMapGenerator: Object.keys(DASHBOARDS).map((name) => ({ name: `${JOB}-dashboard-${name}`, files: [`${name}.json`] })),
  }, [
    '# The dashboards as ConfigMaps with the label that the sidecar of Grafana\'s Helm chart looks for:',
    '#   kubectl apply -n NAMESPACE_OF_GRAFANA --server-side -k config/dashboards',
    '',
  ].join('\n'));
}
