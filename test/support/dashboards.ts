/** The dashboards as they are checked in, and the queries of their panels with the variables filled in. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'config/dashboards';

export interface TargetJson { readonly expr: string; readonly refId: string; readonly instant?: boolean; readonly datasource: unknown }

export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly datasource: unknown;
  readonly fieldConfig: { readonly defaults: { readonly unit: string } };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly TargetJson[];
}

export interface VariableJson {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly query: unknown;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
  readonly datasource?: { readonly uid: string };
}

export interface BoardJson {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly editable: boolean;
  readonly tags: readonly string[];
  readonly id?: number | null;
  readonly __inputs?: unknown;
  readonly links: readonly { readonly type: string; readonly tags: readonly string[]; readonly includeVars: boolean; readonly keepTime: boolean }[];
  readonly templating: { readonly list: readonly VariableJson[] };
  /** Rows among them. */
  readonly panels: readonly PanelJson[];
}

/** In the order of their names. */
export function dashboardsCheckedIn(): { readonly name: string; readonly board: BoardJson }[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith('.json')).toSorted()
    .map((name) => ({ name, board: JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as BoardJson }));
}

/** Without the rows. */
export const panelsOf = ({ panels }: BoardJson): PanelJson[] => panels.filter(({ type }) => type !== 'row');

/** As Grafana does before it asks: variables of the dashboard by their values, its own by a range. */
export function filledIn(expr: string, values: Readonly<Record<string, string>>): string {
  return expr.replaceAll(/\$(\w+)/g, (found, name: string) => values[name] ?? found);
}
