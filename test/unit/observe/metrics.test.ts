import assert from 'node:assert/strict';
import { COUNTERS, metricTable, SERIES_LIMIT, type StateRows } from '../../../src/observe/metric-catalog.ts';
import { createMetrics, type Metrics } from '../../../src/observe/metrics.ts';

const metricsWith = (processMetrics = false): Metrics => createMetrics({ version: '1.2.3', revision: 'abc', processMetrics });

/** `name{labels}` to value. */
async function seriesOf(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => {
    const cut = line.lastIndexOf(' ');
    return [line.slice(0, cut), Number(line.slice(cut + 1))];
  }));
}

const named = (series: ReadonlyMap<string, number>, name: string): string[] =>
  [...series.keys()].filter((key) => key === name || key.startsWith(`${name}{`));

describe('metric catalog', () => {
  it('keeps the rules of names', () => {
    const names = metricTable().map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const { name, type, help, labels, buckets } of metricTable()) {
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.match(name, /^(netpol_baseline|controller_runtime|workqueue|rest_client|leader_election)_[a-z_]+$/);
      assert.match(help, /^[A-Z0-9].*\.$/, name);
      assert.equal(buckets !== undefined, type === 'histogram', name);
      assert.ok(!(type === 'counter' && labels.includes('namespace')), `${name}: a namespace on a counter lives for ever`);
    }
  });

  it('has the buckets of time to protect that the SLO is worded for', () => {
    const found = metricTable().find(({ name }) => name === 'netpol_baseline_namespace_time_to_protect_seconds');
    assert.deepEqual(found?.buckets, [0.25, 0.5, 1, 2, 5, 10, 30, 60, 300]);
  });
});

describe('metrics', () => {
  it('exports every metric of the catalog, and nothing else beside those of the process', async () => {
    const types = (text: string): string[] => [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
    assert.deepEqual(types(await metricsWith().render()).sort(), metricTable().map(({ name }) => name).sort());
    const more = types(await metricsWith(true).render()).filter((name) => !metricTable().some((known) => known.name === name));
    for (const name of more) assert.match(name, /^(process|nodejs)_/);
    assert.ok(more.includes('process_cpu_seconds_total'));
  });

  it('starts counters at 0 for known labels', async () => {
    const metrics = metricsWith();
    metrics.controller('namespace');
    metrics.templatesKnown(['allow-from-ingress']);
    const series = await seriesOf(metrics);
    assert.equal(series.get('netpol_baseline_drift_detected_total{template="default-deny",change="modified"}'), 0);
    assert.equal(series.get('netpol_baseline_drift_repaired_total{template="allow-from-ingress",change="deleted"}'), 0);
    assert.equal(series.get('netpol_baseline_policy_writes_total{action="create",result="done"}'), 0);
    assert.equal(series.get('controller_runtime_reconcile_total{controller="namespace",result="error"}'), 0);
    assert.equal(series.get('workqueue_retries_total{name="namespace",controller="namespace"}'), 0);
    assert.equal(series.get('netpol_baseline_events_dropped_total'), 0);
    assert.equal(series.get('netpol_baseline_namespace_time_to_protect_seconds_count'), 0);
    metrics.driftDetected('allow-from-ingress', 'modified');
    metrics.templatesKnown(['allow-from-ingress']);
    assert.equal((await seriesOf(metrics)).get('netpol_baseline_drift_detected_total{template="allow-from-ingress",change="modified"}'), 1);
  });

  it('counts what it is told', async () => {
    const metrics = metricsWith();
    const recorder = metrics.controller('namespace');
    recorder.added();
    recorder.retried();
    recorder.started(20);
    recorder.finished(3000);
    recorder.reconciled('error', 3000);
    recorder.reconciled('success', 1);
    recorder.troubled('panic');
    metrics.driftRepaired('default-deny', 'deleted', 7);
    metrics.policyWritten('create', 'done');
    metrics.timeToProtect(0.4);
    metrics.requested({ method: 'POST', host: 'h:1', code: 201, durationMs: 3 });
    metrics.requested({ method: 'POST', host: 'h:1', code: undefined, durationMs: 3 });
    metrics.requested({ method: 'GET', host: 'h:1', code: 200, durationMs: undefined });
    metrics.requestRetried({ method: 'POST', host: 'h:1', code: 401 });
    metrics.eventDropped();
    const series = await seriesOf(metrics);
    const expected: [string, number][] = [
      ['workqueue_adds_total{name="namespace",controller="namespace"}', 1],
      ['workqueue_queue_duration_seconds_sum{name="namespace",controller="namespace"}', 0.02],
      ['workqueue_work_duration_seconds_sum{name="namespace",controller="namespace"}', 3],
      ['controller_runtime_reconcile_errors_total{controller="namespace"}', 1],
      ['controller_runtime_reconcile_panics_total{controller="namespace"}', 1],
      ['controller_runtime_reconcile_time_seconds_count{controller="namespace"}', 2],
      ['netpol_baseline_drift_repaired_total{template="default-deny",change="deleted"}', 1],
      ['netpol_baseline_drift_repair_duration_seconds_sum', 0.007],
      ['netpol_baseline_policy_writes_total{action="create",result="done"}', 1],
      ['netpol_baseline_namespace_time_to_protect_seconds_bucket{le="0.5"}', 1],
      ['rest_client_requests_total{code="201",method="POST",host="h:1"}', 1],
      ['rest_client_requests_total{code="<error>",method="POST",host="h:1"}', 1],
      ['rest_client_requests_total{code="200",method="GET",host="h:1"}', 1],
      ['rest_client_request_duration_seconds_count{verb="POST",host="h:1"}', 2],
      ['rest_client_request_retries_total{code="401",verb="POST",host="h:1"}', 1],
      ['netpol_baseline_events_dropped_total', 1],
      [`netpol_baseline_build_info{version="1.2.3",revision="abc",node_version="${process.version}"}`, 1],
    ];
    for (const [key, value] of expected) assert.equal(series.get(key), value, key);
    assert.equal(series.has('rest_client_request_duration_seconds_count{verb="GET",host="h:1"}'), false, 'a watch has no duration');
  });

  it('reads queues and watches when scraped', async () => {
    const metrics = metricsWith();
    let lists = 1;
    metrics.connect({
      queues: () => [{ controller: 'namespace', concurrency: 16, depth: 7, running: 2, unfinishedMs: 1500, longestRunningMs: 1000 }],
      watches: () => [{ resource: 'namespaces', lists, failures: 3, malformed: 1 }],
    });
    await metrics.render();
    lists = 2;
    const series = await seriesOf(metrics);
    assert.equal(series.get('workqueue_depth{name="namespace",controller="namespace"}'), 7);
    assert.equal(series.get('controller_runtime_active_workers{controller="namespace"}'), 2);
    assert.equal(series.get('workqueue_unfinished_work_seconds{name="namespace",controller="namespace"}'), 1.5);
    assert.equal(series.get('netpol_baseline_relists_total{resource="namespaces"}'), 2);
    assert.equal(series.get('netpol_baseline_watch_restarts_total{resource="namespaces",reason="failed"}'), 2);
    assert.equal(series.get('netpol_baseline_watch_restarts_total{resource="namespaces",reason="malformed"}'), 1);
  });

  it('exports state on the leader only, once per scrape, and drops series that vanished', async () => {
    const metrics = metricsWith();
    let leading = false;
    let scrapes = 0;
    let rows: StateRows = {
      namespaces: [{ labels: { baseline: 'default', state: 'protected' }, value: 3 }, { labels: { baseline: 'old', state: 'protected' }, value: 1 }],
      contendedPolicies: [{ labels: {}, value: 2 }],
      lastFullScan: [{ labels: {}, value: 1_700_000_000 }],
    };
    metrics.connect({ leading: () => leading, state: () => (scrapes++, rows) });
    const standby = await seriesOf(metrics);
    assert.deepEqual(named(standby, 'netpol_baseline_namespaces'), []);
    assert.deepEqual(named(standby, 'netpol_baseline_last_full_scan_timestamp_seconds'), [], 'not a 0, which would be 1970');
    assert.equal(standby.get('leader_election_master_status{name="namespace-policy-baseline"}'), 0);
    assert.equal(scrapes, 0);

    leading = true;
    const first = await seriesOf(metrics);
    assert.equal(first.get('netpol_baseline_namespaces{baseline="old",state="protected"}'), 1);
    assert.equal(first.get('netpol_baseline_contended_policies'), 2);
    assert.equal(first.get('leader_election_master_status{name="namespace-policy-baseline"}'), 1);
    rows = { namespaces: [{ labels: { baseline: 'default', state: 'protected' }, value: 4 }] };
    const second = await seriesOf(metrics);
    assert.deepEqual(named(second, 'netpol_baseline_namespaces'), ['netpol_baseline_namespaces{baseline="default",state="protected"}']);
    assert.deepEqual(named(second, 'netpol_baseline_contended_policies'), []);
    assert.equal(scrapes, 2);
  });

  it('bounds the series that carry names, and says how many were cut', async () => {
    const metrics = metricsWith();
    const names = Array.from({ length: SERIES_LIMIT + 50 }, (_each, index) => `namespace-${index}`);
    metrics.connect({
      leading: () => true,
      state: () => ({
        namespaceAttention: names.map((namespace) => ({ labels: { namespace, reason: 'Missing', owner: '' }, value: 1 })),
        namespaceAttentionDropped: [{ labels: {}, value: 10 }],
        exemptionExpiry: names.map((exemption) => ({ labels: { baseline: 'default', exemption }, value: 1 })),
      }),
    });
    const series = await seriesOf(metrics);
    assert.equal(named(series, 'netpol_baseline_namespace_attention').length, SERIES_LIMIT);
    assert.equal(series.get('netpol_baseline_namespace_attention_dropped'), 60);
    assert.equal(named(series, 'netpol_baseline_exemption_expiry_timestamp_seconds').length, SERIES_LIMIT);
  });

  it('does not mind hostile label values', async () => {
    const metrics = metricsWith();
    const hostile = ['constructor', '__proto__', 'a"b', 'a\\b', 'a\nb', '€'];
    metrics.connect({
      leading: () => true,
      state: () => ({ namespaceAttention: hostile.map((owner) => ({ labels: { namespace: owner, reason: 'Missing', owner }, value: 1 })) }),
    });
    const series = await seriesOf(metrics);
    assert.equal(named(series, 'netpol_baseline_namespace_attention').length, hostile.length);
    assert.ok(series.has('netpol_baseline_namespace_attention{namespace="a\\"b",reason="Missing",owner="a\\"b"}'));
  });

  it('keeps registries apart', async () => {
    const one = metricsWith();
    one.driftDetected('default-deny', 'modified');
    const key = 'netpol_baseline_drift_detected_total{template="default-deny",change="modified"}';
    assert.deepEqual([(await seriesOf(one)).get(key), (await seriesOf(metricsWith())).get(key)], [1, 0]);
    assert.ok(COUNTERS.driftDetected.known);
  });
});
