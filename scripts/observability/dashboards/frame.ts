/** What every dashboard has: variables, links to the others, and panels that keep their ids. Pure. */
import {
  DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType, DatasourceVariableBuilder, QueryVariableBuilder, RowBuilder, VariableRefresh, VariableSort,
  type Dashboard, type Panel, type RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PROCESS_GAUGES } from '../../../src/observe/metric-catalog.ts';
import { TAG } from '../names.ts';
import { queriesIn, type Queries } from '../promql.ts';
import { DATASOURCE, type PanelBuilder } from './panels.ts';

/** Everything is asked for the chosen clusters and jobs. */
const SCOPE = { cluster: '=~"$cluster"', job: '=~"$job"' } as const;
export const CLUSTER_QUERIES: Queries = queriesIn(SCOPE);
/** For what replicas do, each for itself. */
export const INSTANCE_QUERIES: Queries = queriesIn({ ...SCOPE, instance: '=~"$instance"' });

export interface Section { readonly title: string; readonly panels: readonly PanelBuilder[] }

export interface Page {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Whether one can look at single replicas. */
  readonly perInstance: boolean;
  readonly sections: readonly Section[];
}

export function dashboard({ uid, title, description, perInstance, sections }: Page): Dashboard {
  const builder = new DashboardBuilder(`Namespace policy baseline / ${title}`).uid(uid).description(description).tags([TAG])
    .readonly().refresh('1m').time({ from: 'now-6h', to: 'now' }).timezone('browser').tooltip(DashboardCursorSync.Crosshair)
    .variables(variables(perInstance))
    .link(new DashboardLinkBuilder('Namespace policy baseline').type(DashboardLinkType.Dashboards).tags([TAG]).icon('external link').tooltip('').url('').asDropdown(false).includeVars(true).keepTime(true).targetBlank(false));
  for (const section of sections) {
    builder.withRow(new RowBuilder(section.title));
    for (const panel of section.panels) builder.withPanel(panel);
  }
  const built = builder.build();
  return { ...built, panels: (built.panels ?? []).map((panel: Panel | RowPanel, index) => ({ ...panel, id: index + 1 })) };
}

/** Each offers what is there for those before it; `cluster` also where there is no such label. */
function variables(perInstance: boolean) {
  const { name } = PROCESS_GAUGES.buildInfo;
  return [
    new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    choice('cluster', 'Cluster', name, '.*'),
    choice('job', 'Job', `${name}{cluster${SCOPE.cluster}}`, '.+'),
    ...(perInstance ? [choice('instance', 'Instance', `${name}{cluster${SCOPE.cluster},job${SCOPE.job}}`, '.+')] : []),
  ];
}

function choice(name: string, label: string, series: string, all: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name).label(label).datasource(DATASOURCE).query(`label_values(${series}, ${name})`)
    .multi(true).includeAll(true).allValue(all).current({ selected: true, text: 'All', value: '$__all' })
    .refresh(VariableRefresh.OnTimeRangeChanged).sort(VariableSort.AlphabeticalAsc);
}
