/**
 * The kinds of panels that the dashboards have, each with what every panel must say: title, description, unit,
 * queries. Builders of Grafana's own SDK, whose types are what holds options right where no Grafana runs. Pure.
 */
import { BigValueColorMode, BigValueGraphMode, StackingMode, TooltipDisplayMode, LegendDisplayMode, LegendPlacement } from '@grafana/grafana-foundation-sdk/common';
import { ReduceDataOptionsBuilder, StackingConfigBuilder, TableSortByFieldStateBuilder, VizLegendOptionsBuilder, VizTooltipOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import { ThresholdsConfigBuilder, ThresholdsMode, type Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';

export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

export type PanelBuilder = Builder<Panel>;

/** Units of Grafana that are used here. */
export type Unit = 'short' | 'percentunit' | 's' | 'bytes' | 'dateTimeAsIso' | 'reqps' | 'none';

interface About {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  /** Of 24 columns. */
  readonly span: number;
  readonly height: number;
}

/** An expression, and what the legend says of its series. */
export interface Query { readonly expr: string; readonly legend: string }

/** Good up to the first value; a list of values and colours, rising. */
export type Colours = readonly { readonly from: number | null; readonly color: 'green' | 'yellow' | 'red' | 'blue' | 'text' }[];
export const NONE_IS_GOOD: Colours = [{ from: null, color: 'green' }, { from: 1, color: 'red' }];
export const NONE_IS_BETTER: Colours = [{ from: null, color: 'green' }, { from: 1, color: 'yellow' }];
export const NEUTRAL: Colours = [{ from: null, color: 'blue' }];

const thresholds = (colours: Colours) =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(colours.map(({ from, color }) => ({ value: from, color })));

const REF_IDS = 'ABCDEFGH';
const targets = (queries: readonly Query[]) => queries.map(({ expr, legend }, index) =>
  new DataqueryBuilder().refId(REF_IDS.charAt(index)).datasource(DATASOURCE).expr(expr).legendFormat(legend).range());
const instantTargets = (queries: readonly Pick<Query, 'expr'>[]) => queries.map(({ expr }, index) =>
  new DataqueryBuilder().refId(REF_IDS.charAt(index)).datasource(DATASOURCE).expr(expr).format(PromQueryFormat.Table).instant());

export interface Timeseries extends About {
  readonly queries: readonly Query[];
  readonly stacked?: boolean;
  readonly max?: number;
}

export function timeseries({ title, description, unit, span, height, queries, stacked = false, max }: Timeseries): PanelBuilder {
  const panel = new TimeseriesBuilder().title(title).description(description).unit(unit).span(span).height(height)
    .datasource(DATASOURCE).targets(targets(queries)).min(0).fillOpacity(stacked ? 40 : 10).lineWidth(1)
    .legend(new VizLegendOptionsBuilder().showLegend(true).displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  return max === undefined ? panel : panel.max(max);
}

export interface Stat extends About {
  readonly queries: readonly Query[];
  readonly colours: Colours;
}

/** The present value, with its course behind it. */
export function stat({ title, description, unit, span, height, queries, colours }: Stat): PanelBuilder {
  return new StatBuilder().title(title).description(description).unit(unit).span(span).height(height)
    .datasource(DATASOURCE).targets(targets(queries)).thresholds(thresholds(colours))
    .graphMode(BigValueGraphMode.Area).colorMode(BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
}

export interface Table extends About {
  /** What is there now, one row for each series; several are joined by their labels. */
  readonly queries: readonly Pick<Query, 'expr'>[];
  /** Label or `Value` → heading; what has none is not shown. In the order of the columns. */
  readonly columns: Readonly<Record<string, string>>;
  readonly units?: Readonly<Record<string, Unit>>;
  readonly sortBy?: string;
  readonly empty: string;
}

export function table({ title, description, unit, span, height, queries, columns, units = {}, sortBy, empty }: Table): PanelBuilder {
  const panel = new TableBuilder().title(title).description(description).unit(unit).span(span).height(height)
    .datasource(DATASOURCE).targets(instantTargets(queries)).filterable(true).noValue(empty);
  if (queries.length > 1) panel.withTransformation({ id: 'merge', options: {} });
  const names = Object.keys(columns);
  panel.withTransformation({
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(['Time', 'Value', ...queries.map((_, index) => `Value #${REF_IDS.charAt(index)}`)].filter((name) => !names.includes(name)).map((name) => [name, true])),
      indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
      renameByName: columns,
    },
  });
  for (const [heading, value] of Object.entries(units)) panel.overrideByName(heading, [{ id: 'unit', value }]);
  return sortBy === undefined ? panel : panel.sortBy([new TableSortByFieldStateBuilder().displayName(sortBy).desc(false)]);
}

/** 0 and 1 over time, one lane for each series. */
export function lanes({ title, description, unit, span, height, queries, colours }: Stat): PanelBuilder {
  return new StateTimelineBuilder().title(title).description(description).unit(unit).span(span).height(height)
    .datasource(DATASOURCE).targets(targets(queries)).thresholds(thresholds(colours)).mergeValues(true);
}
