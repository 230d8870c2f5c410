import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { COUNTERS, HISTOGRAMS, PROCESS_GAUGES, STATE_GAUGES, type StateRows } from '../../src/observe/metric-catalog.ts';
import { createMetrics, type Metrics } from '../../src/observe/metrics.ts';
import { skipBecause } from '../support/skip.ts';
import { ensureTool } from '../tools/tool.ts';

/** The first build of promtool from its Go module. */
const BUILD_MS = 20 * 60_000;

/** An instance in which every metric of the catalog has a series, as after a day of work. */
function busyMetrics(): Metrics {
  const metrics = createMetrics({ version: '1.2.3', revision: 'abc', processMetrics: true });
  const labels = { baseline: 'default', namespace: 'a"b\\c\nd', reason: 'Missing', owner: 'team ä', state: 'protected', direction: 'Ingress', coverage: 'protected', template: 'default-deny', exemption: 'namespace/a', condition: 'Ready' };
  const rows = Object.fromEntries(Object.entries(STATE_GAUGES).map(([name, definition]) =>
    [name, [{ labels: Object.fromEntries((definition.labels as readonly (keyof typeof labels)[]).map((label) => [label, labels[label]])), value: 1.5 }]])) as StateRows;
  metrics.connect({
    leading: () => true, state: () => rows,
    queues: () => [{ controller: 'namespace', concurrency: 16, depth: 1, running: 1, unfinishedMs: 1, longestRunningMs: 1 }],
    watches: () => [{ resource: 'namespaces', lists: 1, failures: 1, malformed: 0 }],
  });
  const recorder = metrics.controller('namespace');
  recorder.started(1);
  recorder.finished(1);
  recorder.reconciled('success', 1);
  metrics.requested({ method: 'POST', host: '127.0.0.1:6443', code: undefined, durationMs: 2 });
  metrics.requestRetried({ method: 'POST', host: '127.0.0.1:6443', code: 401 });
  metrics.driftRepaired('default-deny', 'modified', 3);
  metrics.timeToProtect(0.3);
  return metrics;
}

function check(promtool: string, text: string): Promise<{ readonly code: number | null; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(promtool, ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => void (said += String(chunk)));
    child.on('error', reject).on('close', (code) => resolve({ code, said }));
    child.stdin.end(text);
  });
}

describe('promtool check metrics', () => {
  let promtool: string;
  before(async function () {
    this.timeout(BUILD_MS);
    promtool = await ensureTool('promtool').catch((error: unknown) => skipBecause(this, `no promtool: ${String(error)}`));
  });

  it('finds nothing wrong with a busy leader', async () => {
    const text = await busyMetrics().render();
    for (const { name } of [...Object.values(STATE_GAUGES), ...Object.values(COUNTERS), ...Object.values(PROCESS_GAUGES)]) assert.match(text, new RegExp(`^${name}[ {]`, 'm'), `${name} has no series`);
    for (const { name } of Object.values(HISTOGRAMS)) assert.match(text, new RegExp(`^${name}_count(\\{.*\\})? [1-9]`, 'm'), `${name} was not observed`);
    assert.deepEqual(await check(promtool, text), { code: 0, said: '' });
  });

  it('finds nothing wrong with a standby that did nothing yet', async () => {
    assert.deepEqual(await check(promtool, await createMetrics({ version: '1', revision: '', processMetrics: true }).render()), { code: 0, said: '' });
  });

  it('would find a gauge that ends in _total', async () => {
    const { code, said } = await check(promtool, '# HELP handles_total Handles.\n# TYPE handles_total gauge\nhandles_total 1\n');
    assert.notEqual(code, 0);
    assert.match(said, /handles_total/);
  });
});
