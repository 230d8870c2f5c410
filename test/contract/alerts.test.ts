/**
 * Unit tests of the alerts with `promtool test rules`: each fires when it has been true for long enough, for the
 * cluster in which it is so, and neither before that nor where it is not so.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { FIRST_BUILD_TIMEOUT_MS } from '../control-plane/binaries.ts';
import { skipBecause } from '../support/skip.ts';
import { run } from '../tools/run.ts';
import { ensureTool } from '../tools/tool.ts';

const RULES = 'config/prometheus/rules.yaml';
const JOB = 'job="namespace-policy-baseline"';
const KSM = 'kube_deployment_status_replicas_available{namespace="npb",deployment="npb-namespace-policy-baseline"';

type Series = Readonly<Record<string, string>>;

interface Case {
  readonly alert: string;
  /** Series of the cluster a, where it is so from the beginning, in promtool's notation: one value a minute. `CLUSTER` is filled in. */
  readonly sick: Series;
  /** The same for the cluster b, where it is not so, at the edge where there is one. */
  readonly well: Series;
  /** Minutes: not firing yet, and firing. */
  readonly before?: number;
  readonly after: number;
  /** Labels of the alert besides `cluster`. */
  readonly labels: Readonly<Record<string, string>>;
}

const steady = (value: number): string => `${value}x6000`;
const gauge = (series: string, sick: number, well: number): Pick<Case, 'sick' | 'well'> => ({ sick: { [series]: steady(sick) }, well: { [series]: steady(well) } });
const coverage = (protectedOnes: number, others: Readonly<Record<string, number>>): Series => Object.fromEntries(
  Object.entries({ protected: protectedOnes, ...others }).map(([kind, value]) => [`netpol_baseline_coverage_namespaces{direction="Ingress",coverage="${kind}",CLUSTER}`, steady(value)]));
/** So many new namespaces each minute, and so many of them in time. */
const protection = (all: string, inTime: string): Series => ({
  'netpol_baseline_namespace_time_to_protect_seconds_count{CLUSTER}': all,
  'netpol_baseline_namespace_time_to_protect_seconds_bucket{le="5.0",CLUSTER}': inTime,
});

const CASES: readonly Case[] = [
  { alert: 'NetpolBaselineOperatorDown', sick: { [`up{${JOB},instance="1",CLUSTER}`]: steady(0), [`up{${JOB},instance="2",CLUSTER}`]: steady(0) }, well: { [`up{${JOB},instance="1",CLUSTER}`]: steady(0), [`up{${JOB},instance="2",CLUSTER}`]: steady(1) }, before: 9, after: 11, labels: { severity: 'critical' } },
  { alert: 'NetpolBaselineOperatorUnavailable', ...gauge(`${KSM},CLUSTER}`, 0, 1), before: 9, after: 11, labels: { severity: 'critical', namespace: 'npb', deployment: 'npb-namespace-policy-baseline' } },
  { alert: 'NetpolBaselineNoLeader', ...gauge('leader_election_master_status{name="namespace-policy-baseline",CLUSTER}', 0, 1), before: 4, after: 6, labels: { severity: 'critical' } },
  {
    alert: 'NetpolBaselineReconcileErrors', labels: { severity: 'warning', controller: 'namespace' }, before: 14, after: 18,
    sick: { [`controller_runtime_reconcile_errors_total{${JOB},controller="namespace",CLUSTER}`]: '0+1x600' }, well: { [`controller_runtime_reconcile_errors_total{${JOB},controller="namespace",CLUSTER}`]: '0 1x600' },
  },
  {
    alert: 'NetpolBaselineAPIErrors', labels: { severity: 'warning' }, before: 14, after: 18,
    sick: { [`rest_client_requests_total{${JOB},code="503",CLUSTER}`]: '0+6x600', [`rest_client_requests_total{${JOB},code="200",CLUSTER}`]: '0+94x600' },
    well: { [`rest_client_requests_total{${JOB},code="409",CLUSTER}`]: '0+90x600', [`rest_client_requests_total{${JOB},code="429",CLUSTER}`]: '0+4x600', [`rest_client_requests_total{${JOB},code="200",CLUSTER}`]: '0+96x600' },
  },
  {
    alert: 'NetpolBaselineNamespaceUnprotected', labels: { severity: 'warning', baseline: 'default', state: 'failed' }, before: 4, after: 6,
    sick: { 'netpol_baseline_namespaces{baseline="default",state="failed",CLUSTER}': steady(1) },
    well: { 'netpol_baseline_namespaces{baseline="default",state="failed",CLUSTER}': steady(0), 'netpol_baseline_namespaces{baseline="default",state="exempt",CLUSTER}': steady(3), 'netpol_baseline_namespaces{baseline="default",state="pending",CLUSTER}': '3 3 0x600' },
  },
  { alert: 'NetpolBaselineCoverageLow', labels: { severity: 'warning', direction: 'Ingress' }, before: 58, after: 62, sick: coverage(94, { unprotected: 4, audited: 2 }), well: coverage(95, { unprotected: 5, exempt: 50, excluded: 4 }) },
  { alert: 'NetpolBaselineOverridden', ...gauge('netpol_baseline_namespaces_overridden{direction="Egress",CLUSTER}', 2, 0), before: 4, after: 6, labels: { severity: 'warning', direction: 'Egress' } },
  {
    alert: 'NetpolBaselineIsolationOpened', labels: { severity: 'info', direction: 'Ingress', cause: 'policy' }, after: 5,
    sick: { 'netpol_baseline_effective_drift_total{direction="Ingress",change="opened",cause="policy",CLUSTER}': '0 0 1x600' }, well: { 'netpol_baseline_effective_drift_total{direction="Ingress",change="closed",cause="policy",CLUSTER}': '0 0 1x600' },
  },
  { alert: 'NetpolBaselineIsolationUnknown', ...gauge('netpol_baseline_status_condition{baseline="default",condition="IsolationUnknown",CLUSTER}', 1, 0), before: 14, after: 16, labels: { severity: 'warning', baseline: 'default' } },
  {
    alert: 'NetpolBaselineStalled', labels: { severity: 'warning', baseline: 'default' }, before: 4, after: 6,
    sick: { 'netpol_baseline_status_condition{baseline="default",condition="Stalled",CLUSTER}': steady(1), 'netpol_baseline_held_removals{baseline="default",CLUSTER}': steady(0) },
    well: { 'netpol_baseline_status_condition{baseline="default",condition="Stalled",CLUSTER}': steady(1), 'netpol_baseline_held_removals{baseline="default",CLUSTER}': steady(12) },
  },
  { alert: 'NetpolBaselineAttentionTruncated', ...gauge('netpol_baseline_namespace_attention_dropped{CLUSTER}', 10, 0), before: 29, after: 31, labels: { severity: 'info' } },
  { alert: 'NetpolBaselineDriftNotRepaired', ...gauge('netpol_baseline_drift_open{baseline="default",template="allow-dns",CLUSTER}', 1, 0), before: 4, after: 6, labels: { severity: 'warning', baseline: 'default', template: 'allow-dns' } },
  { alert: 'NetpolBaselineDriftContended', ...gauge('netpol_baseline_contended_policies{CLUSTER}', 1, 0), before: 4, after: 6, labels: { severity: 'warning' } },
  {
    alert: 'NetpolBaselineDriftRecurring', labels: { severity: 'warning', template: 'allow-dns' }, before: 30, after: 61,
    sick: { 'netpol_baseline_drift_repaired_total{template="allow-dns",change="modified",CLUSTER}': '0x4 1x4 2x4 3x4 4x4 5x4 6x4 7x4 8x4 9x4 10x4 11x4 12x4' }, well: { 'netpol_baseline_drift_repaired_total{template="allow-dns",change="modified",CLUSTER}': '0 8x600' },
  },
  { alert: 'NetpolBaselineRemovalsHeld', ...gauge('netpol_baseline_held_removals{baseline="default",CLUSTER}', 12, 0), before: 4, after: 6, labels: { severity: 'warning', baseline: 'default' } },
  { alert: 'NetpolBaselineLeftovers', ...gauge('netpol_baseline_leftover_policies{baseline="default",CLUSTER}', 2, 0), before: 29, after: 31, labels: { severity: 'info', baseline: 'default' } },
  { alert: 'NetpolBaselineExemptionExpiring', ...gauge('netpol_baseline_exemption_expiry_timestamp_seconds{baseline="default",exemption="shop",CLUSTER}', 6 * 86_400, 8 * 86_400), after: 5, labels: { severity: 'info', baseline: 'default', exemption: 'shop' } },
  {
    alert: 'NetpolBaselineExemptionExpired', labels: { severity: 'info', baseline: 'default' }, before: 58, after: 62,
    sick: { 'netpol_baseline_exemptions{baseline="default",state="expired",CLUSTER}': steady(1) }, well: { 'netpol_baseline_exemptions{baseline="default",state="expired",CLUSTER}': steady(0), 'netpol_baseline_exemptions{baseline="default",state="active",CLUSTER}': steady(5) },
  },
  // One of five too late: the budget of a month is gone in a day and a half. In b four namespaces were slow, which is no trend.
  { alert: 'NetpolBaselineTimeToProtectSLOBurn', labels: { severity: 'critical' }, after: 90, sick: protection('0+10x200', '0+8x200'), well: protection('0+1x4 4x200', '0x200') },
  // One of thirty too late, for days. In b one of two hundred, which the budget covers.
  { alert: 'NetpolBaselineTimeToProtectSLOBurn', labels: { severity: 'warning' }, after: 400, sick: protection('0+30x500', '0+29x500'), well: protection('0+200x500', '0+199x500') },
];

describe('alerts, by promtool test rules', function () {
  this.timeout(60_000);
  let promtool: string;
  let dir: string;
  before(async function () {
    this.timeout(FIRST_BUILD_TIMEOUT_MS);
    promtool = await ensureTool('promtool').catch((error: unknown) => skipBecause(this, `no promtool: ${String(error)}`));
  });
  beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'npb-alerts-')); });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  for (const one of CASES) {
    it(`${one.alert}, ${one.labels['severity']}`, async () => {
      const { annotations } = await ruleOf(one);
      assert.match(annotations['summary'] ?? '', /\w/);
      assert.equal(await tested(one), '');
    });
  }

  it('NetpolBaselineOperatorDown: no target at all is down, in a cluster that nobody can name', async () => {
    assert.equal(await tested({ alert: 'NetpolBaselineOperatorDown', sick: {}, well: {}, before: 9, after: 11, labels: { severity: 'critical', job: 'namespace-policy-baseline' } }, {}), '');
  });

  it('there is a case for each', async () => {
    assert.deepEqual(new Set(CASES.map(({ alert, labels }) => `${alert} ${labels['severity']}`)), new Set((await rules()).map(({ alert, labels }) => `${alert} ${labels['severity']}`)));
  });

  it('a case that is not so is seen', async () => {
    const [one] = CASES;
    assert.ok(one !== undefined);
    assert.match(await tested({ ...one, sick: one.well }), /FAILED/);
    assert.match(await tested({ ...one, before: one.after }), /FAILED/);
  });

  interface AlertRule { readonly alert: string; readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> }

  async function rules(): Promise<AlertRule[]> {
    const { groups } = parse(await readFile(RULES, 'utf8')) as { groups: { rules: (AlertRule | { record: string })[] }[] };
    return groups.flatMap((group) => group.rules).filter((rule) => 'alert' in rule);
  }

  async function ruleOf({ alert, labels }: Pick<Case, 'alert' | 'labels'>): Promise<AlertRule> {
    return (await rules()).find((rule) => rule.alert === alert && rule.labels['severity'] === labels['severity']) ?? assert.fail(`there is no ${alert}`);
  }

  /** What promtool complains about; nothing when the case holds. Annotations are templates over values, so the alert is asked for by `ALERTS`. */
  async function tested({ alert, sick, well, before: early, after: late, labels }: Case, cluster: Readonly<Record<string, string>> = { cluster: 'a' }): Promise<string> {
    const inCluster = (series: Series, name: string) => Object.entries(series).map(([metric, values]) => ({ series: metric.replace('CLUSTER', `cluster="${name}"`), values }));
    const shown = Object.entries({ ...labels, ...cluster, alertname: alert, alertstate: 'firing' }).map(([label, value]) => `${label}="${value}"`).join(',');
    const asked = (minutes: number, firing: boolean) => ({
      expr: `ALERTS{alertname="${alert}",alertstate="firing",severity="${labels['severity']}"}`, eval_time: `${minutes}m`, exp_samples: firing ? [{ labels: `ALERTS{${shown}}`, value: 1 }] : [],
    });
    const file = join(dir, 'test.yaml');
    await writeFile(file, stringify({
      rule_files: [resolve(RULES)], evaluation_interval: '1m',
      tests: [{
        interval: '1m', input_series: [...inCluster(sick, 'a'), ...inCluster(well, 'b')],
        promql_expr_test: [...(early === undefined ? [] : [asked(early, false)]), asked(late, true)],
      }],
    }));
    const { code, stdout, stderr } = await run(promtool, ['test', 'rules', file]);
    return code === 0 ? '' : `${stdout}${stderr}`;
  }
});
