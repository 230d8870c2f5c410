/**
 * PromQL over the metric catalog: series and labels are named by reference, so a metric or label that is renamed
 * leaves no panel and no alert behind, it does not compile. Pure.
 */
import type { MetricDefinition } from '../../src/observe/metric-catalog.ts';

/** Labels that Prometheus adds to what it scrapes. `cluster` tells fleets behind one Prometheus apart. */
export type TargetLabel = 'cluster' | 'job' | 'instance';

/** Label → operator and value: `{ state: '=~"failed|pending"' }`. */
export type Matchers<L extends string> = Readonly<Partial<Record<L | TargetLabel, string>>>;

type Labels<D> = D extends MetricDefinition<infer L> ? L : never;
type Suffix = '' | '_bucket' | '_sum' | '_count';

/** Series of one metric. What a dashboard or a rule always matches, such as `cluster`, is its `scope`. */
export interface Queries {
  /** `name{matchers}` */
  series<D extends MetricDefinition>(metric: D, matchers?: Matchers<Labels<D>>, suffix?: Suffix): string;
  /** `sum by (labels) (name{matchers})`; by nothing it is one number. */
  sum<D extends MetricDefinition>(metric: D, by: readonly (Labels<D> | TargetLabel)[], matchers?: Matchers<Labels<D>>): string;
  max<D extends MetricDefinition>(metric: D, by: readonly (Labels<D> | TargetLabel)[], matchers?: Matchers<Labels<D>>): string;
  min<D extends MetricDefinition>(metric: D, by: readonly (Labels<D> | TargetLabel)[], matchers?: Matchers<Labels<D>>): string;
  /** Per second. */
  rate<D extends MetricDefinition>(metric: D, by: readonly (Labels<D> | TargetLabel)[], range: string, matchers?: Matchers<Labels<D>>): string;
  /** How many in the range. */
  increase<D extends MetricDefinition>(metric: D, by: readonly (Labels<D> | TargetLabel)[], range: string, matchers?: Matchers<Labels<D>>): string;
  /** Of a histogram, in its unit. */
  quantile<D extends MetricDefinition>(q: number, metric: D, by: readonly (Labels<D> | TargetLabel)[], range: string): string;
  /** Events of a histogram in the range: all of them, or those of a bucket (`le`). */
  events(metric: MetricDefinition, by: readonly TargetLabel[], range: string, le?: number): string;
}

export function queriesIn(scope: Readonly<Record<string, string>>): Queries {
  const series = (metric: MetricDefinition, matchers: Readonly<Partial<Record<string, string>>> = {}, suffix: Suffix = ''): string => {
    const all = Object.entries({ ...scope, ...matchers }).map(([label, match]) => label + match);
    return metric.name + suffix + (all.length === 0 ? '' : `{${all.join(',')}}`);
  };
  const over = (aggregation: string) => (metric: MetricDefinition, by: readonly string[], matchers?: Readonly<Partial<Record<string, string>>>): string =>
    aggregate(aggregation, by, series(metric, matchers));
  return {
    series,
    sum: over('sum'),
    max: over('max'),
    min: over('min'),
    rate: (metric, by, range, matchers) => aggregate('sum', by, `rate(${series(metric, matchers)}[${range}])`),
    increase: (metric, by, range, matchers) => aggregate('sum', by, `increase(${series(metric, matchers)}[${range}])`),
    quantile: (q, metric, by, range) => `histogram_quantile(${q}, ${aggregate('sum', [...by, 'le'], `rate(${series(metric, {}, '_bucket')}[${range}])`)})`,
    events: (metric, by, range, le) =>
      aggregate('sum', by, `increase(${le === undefined ? series(metric, {}, '_count') : series(metric, bucket(metric, le), '_bucket')}[${range}])`),
  };
}

function aggregate(operation: string, by: readonly string[], expression: string): string {
  return by.length === 0 ? `${operation}(${expression})` : `${operation} by (${by.join(', ')}) (${expression})`;
}

/** Prometheus 3 stores `le="5"` as `5.0`; both are matched. */
function bucket({ name, buckets = [] }: MetricDefinition, le: number): Readonly<Record<string, string>> {
  if (!buckets.includes(le)) throw new Error(`${name} has no bucket ${le}`);
  return { le: `=~"${le}(\\\\.0)?"` };
}
