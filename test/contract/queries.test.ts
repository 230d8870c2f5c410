/**
 * The queries of dashboards and rules, as a real Prometheus parses them: the rules of grafana/dashboard-linter about
 * PromQL, and that fleets behind one Prometheus stay apart.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { LASTING_CONDITIONS, PASSING_CONDITIONS } from '../../src/api/conditions.ts';
import { DIRECTIONS } from '../../src/api/network-policy.ts';
import { COUNTERS, HISTOGRAMS, STATE_GAUGES } from '../../src/observe/metric-catalog.ts';
import { COVERAGES } from '../../src/plan/coverage.ts';
import { STATES } from '../../src/plan/verdict.ts';
import { FIRST_BUILD_TIMEOUT_MS } from '../control-plane/binaries.ts';
import { dashboardsCheckedIn, filledIn, panelsOf } from '../support/dashboards.ts';
import { startPrometheus, type Parsed, type Prometheus } from '../support/monitoring.ts';
import { skipBecause } from '../support/skip.ts';
import { ensureTool } from '../tools/tool.ts';

/** Lengths that nothing else has, so that they are recognised in what was parsed. */
const RATE_INTERVAL = { text: '11m11s', ms: 671_000 };
const RANGE = { text: '7h7m7s', ms: 25_627_000 };
const RANGES = { __rate_interval: RATE_INTERVAL.text, __range: RANGE.text };

interface Matcher { readonly name: string; readonly type: string; readonly value: string }
interface Selector { readonly name: string; readonly matchers: readonly Matcher[]; readonly rangeMs: number | undefined; readonly within: readonly Parsed[] }

describe('queries', function () {
  this.timeout(120_000);
  let prometheus: Prometheus;
  before(async function () {
    this.timeout(FIRST_BUILD_TIMEOUT_MS);
    await ensureTool('prometheus').catch((error: unknown) => skipBecause(this, `no Prometheus: ${String(error)}`));
    prometheus = await startPrometheus();
  });
  after(() => prometheus?.stop());

  for (const { name, board } of dashboardsCheckedIn()) {
    it(`${name}: job and cluster everywhere, ranges of Grafana, counters only as rates`, async () => {
      const scope = board.templating.list.map((variable) => variable.name).filter((variable) => variable !== 'datasource');
      const expected = name === 'health.json' ? ['cluster', 'job', 'instance'] : ['cluster', 'job'];
      assert.deepEqual(scope, expected);
      const wrong: string[] = [];
      for (const { title, targets } of panelsOf(board)) {
        for (const { expr } of targets) {
          const selectors = selectorsIn(await prometheus.parse(filledIn(expr, RANGES)));
          assert.ok(selectors.length > 0, `${title}: asks for nothing: ${expr}`);
          wrong.push(...selectors.flatMap((selector) => wrongInPanel(selector)).map((why) => `${title}: ${why}`));
        }
      }
      assert.deepEqual(wrong, []);
    });
  }

  it('rules keep clusters apart', async () => {
    const { groups } = parse(readFileSync('config/prometheus/rules.yaml', 'utf8')) as { groups: { rules: { expr: string; alert?: string; record?: string }[] }[] };
    const wrong: string[] = [];
    for (const { expr, alert, record } of groups.flatMap(({ rules }) => rules)) {
      const selectors = selectorsIn(await prometheus.parse(expr));
      const aggregations = selectors.flatMap(({ within }) => within.filter(({ type }) => type === 'aggregation'));
      for (const { grouping, without } of aggregations) if (without === true || !(grouping as string[]).includes('cluster')) wrong.push(`${alert ?? record}: an aggregation mixes clusters`);
      wrong.push(...selectors.flatMap(counterAsItIs).map((why) => `${alert ?? record}: ${why}`));
    }
    assert.deepEqual(wrong, []);
  });

  it('ask for values that labels have', async () => {
    const { groups } = parse(readFileSync('config/prometheus/rules.yaml', 'utf8')) as { groups: { rules: { expr: string }[] }[] };
    const expressions = [...groups.flatMap(({ rules }) => rules), ...dashboardsCheckedIn().flatMap(({ board }) => panelsOf(board).flatMap(({ targets }) => targets))].map(({ expr }) => expr);
    const selectors = (await Promise.all([...new Set(expressions)].map(async (expr) => selectorsIn(await prometheus.parse(filledIn(expr, RANGES)))))).flat();
    const asked = selectors.flatMap(({ name, matchers }) => matchers.map(({ name: label, value }) => ({ of: `${name}.${label}`, values: value.split('|') }))).filter(({ of }) => of in VALUES);
    assert.ok(asked.length > 15, `only ${asked.length}`);
    assert.deepEqual(asked.flatMap(({ of, values }) => values.filter((one) => VALUES[of]?.has(one) !== true).map((one) => `${of}: ${one}`)), []);
  });

  it('those in the documentation can be parsed', async () => {
    const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => join('docs', name));
    const queries = pages.flatMap((page) => queriesIn(readFileSync(page, 'utf8')).map((expr) => ({ page, expr })));
    assert.ok(queries.length >= 25, `only ${queries.length}`);
    for (const { page, expr } of queries) await assert.doesNotReject(prometheus.parse(expr), `${page}: ${expr}`);
    await assert.rejects(prometheus.parse(queriesIn('```promql\nsum(\n```').join('')), /parse error/);
  });

  it('would be found wrong', async () => {
    const found = async (expr: string): Promise<string[]> => selectorsIn(await prometheus.parse(filledIn(expr, RANGES))).flatMap(wrongInPanel);
    const scoped = 'cluster=~"$cluster",job=~"$job"';
    assert.deepEqual(await found(`sum(rate(workqueue_adds_total{${scoped}}[$__rate_interval]))`), []);
    assert.equal((await found('sum(netpol_baseline_namespaces{job=~"$job"})')).length, 1);
    assert.equal((await found('sum(netpol_baseline_namespaces{cluster=~"$cluster",job="$job"})')).length, 1);
    assert.equal((await found(`rate(workqueue_adds_total{${scoped}}[5m])`)).length, 1);
    assert.equal((await found(`sum(workqueue_adds_total{${scoped}})`)).length, 1);
    await assert.rejects(found('sum by (a (b)'), /parse error/);
  });
});

/** Words that a table in the documentation explains, which other tests hold to the code. */
const EXPLAINED = new Set([...readFileSync('docs/troubleshooting.md', 'utf8').matchAll(/^\|.*?\| (?:`(\w+)`) \|/gm)].map(([, word = '']) => word));

/** Metric and label → what there is. */
const VALUES: Readonly<Record<string, ReadonlySet<string>>> = {
  [`${STATE_GAUGES.namespaces.name}.state`]: new Set(STATES),
  [`${STATE_GAUGES.coverageNamespaces.name}.coverage`]: new Set(COVERAGES),
  [`${STATE_GAUGES.coverageNamespaces.name}.direction`]: new Set(DIRECTIONS),
  [`${STATE_GAUGES.effectiveNamespaces.name}.direction`]: new Set(DIRECTIONS),
  [`${STATE_GAUGES.statusCondition.name}.condition`]: new Set([...LASTING_CONDITIONS, ...PASSING_CONDITIONS]),
  [`${STATE_GAUGES.namespaceAttention.name}.reason`]: EXPLAINED,
  [`${COUNTERS.effectiveDrift.name}.change`]: new Set(COUNTERS.effectiveDrift.known?.change),
};

/** One a line; a line that begins with blanks goes on with the one before. */
const queriesIn = (page: string): string[] => [...page.matchAll(/^```promql\n([^]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split(/\n(?! )/));

const COUNTED = new Set([...Object.values(COUNTERS).map(({ name }) => name), ...Object.values(HISTOGRAMS).flatMap(({ name }) => ['bucket', 'sum', 'count'].map((suffix) => `${name}_${suffix}`))]);
const RATES = new Set(['rate', 'increase', 'irate']);

function wrongInPanel(selector: Selector): string[] {
  const { name, matchers, rangeMs } = selector;
  const wrong = ['cluster', 'job'].filter((label) => !matchers.some((matcher) => matcher.name === label && matcher.type === '=~' && matcher.value === `$${label}`))
    .map((label) => `${name} does not ask for $${label}`);
  if (rangeMs !== undefined && rangeMs !== RATE_INTERVAL.ms && rangeMs !== RANGE.ms) wrong.push(`${name} has a range of its own`);
  return [...wrong, ...counterAsItIs(selector)];
}

function counterAsItIs({ name, within }: Selector): string[] {
  const isCounter = COUNTED.has(name) || name.endsWith('_total');
  const isRate = within.some(({ type, func }) => type === 'call' && RATES.has((func as { name: string }).name));
  return isCounter && !isRate ? [`${name} is a counter and not asked for as a rate`] : [];
}

/** Every selector of an expression, with what is around it. */
function selectorsIn(node: Parsed, within: readonly Parsed[] = []): Selector[] {
  if (node.type === 'vectorSelector' || node.type === 'matrixSelector') {
    return [{ name: String(node['name']), matchers: node['matchers'] as Matcher[], rangeMs: node['range'] as number | undefined, within }];
  }
  return Object.values(node).flat().filter(isNode).flatMap((child) => selectorsIn(child, [...within, node]));
}

const isNode = (value: unknown): value is Parsed => typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string' && !('value' in value);
