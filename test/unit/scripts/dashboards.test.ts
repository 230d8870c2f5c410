/**
 * The dashboards as they are checked in, held to the rules of grafana/dashboard-linter that need no PromQL, and to
 * some more. The rules about queries: test/contract/queries.test.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { VariableRefresh } from '@grafana/grafana-foundation-sdk/dashboard';
import { metricTable } from '../../../src/observe/metric-catalog.ts';
import { dashboardsCheckedIn, panelsOf, type BoardJson, type PanelJson } from '../../support/dashboards.ts';

/** Those that the panels need; a misspelt one shows bare numbers. */
const UNITS = new Set(['short', 'percentunit', 's', 'bytes', 'dateTimeAsIso', 'reqps', 'none']);
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

describe('dashboards', () => {
  const boards = dashboardsCheckedIn();

  it('are three, with uids that stay', () => {
    assert.deepEqual(boards.map(({ board }) => board.uid), ['npb-coverage', 'npb-drift', 'npb-health']);
  });

  for (const { name, board } of boards) {
    describe(name, () => {
      it('cannot be edited in place, says what it is for and links to the others', () => {
        assert.equal(board.editable, false);
        assert.ok(board.title.startsWith('Namespace policy baseline / ') && board.description.length > 40);
        assert.deepEqual(board.tags, ['namespace-policy-baseline']);
        assert.deepEqual(board.links.map(({ type, tags, includeVars, keepTime }) => ({ type, tags, includeVars, keepTime })),
          [{ type: 'dashboards', tags: board.tags, includeVars: true, keepTime: true }]);
        assert.equal(board['__inputs'], undefined);
        assert.equal(board.id ?? null, null);
      });

      it('has the variables that its queries use, and no other; each offers many and all', () => assert.deepEqual(wrongVariables(board), []));
      it('panels have title, description, unit, data source and queries', () => assert.deepEqual(panelsOf(board).flatMap(wrongPanel), []));

      it('panels have ids and titles of their own, and lie side by side', () => {
        const all = board.panels;
        assert.deepEqual(all.map(({ id }) => id), all.map((_, index) => index + 1));
        const titles = all.map(({ title }) => title);
        assert.deepEqual(titles.filter((title, index) => titles.indexOf(title) !== index), []);
        assert.deepEqual(overlapping(all), []);
      });
    });
  }

  it('show every metric', () => {
    const asked = boards.flatMap(({ board }) => panelsOf(board).flatMap(({ targets }) => targets.map(({ expr }) => expr))).join('\n');
    assert.deepEqual(metricTable().map(({ name }) => name).filter((name) => !new RegExp(`\\b${name}(_bucket|_count|_sum)?\\{`).test(asked)), []);
  });

  it('are made into ConfigMaps one by one', () => {
    const kustomization = readFileSync('config/dashboards/kustomization.yaml', 'utf8');
    for (const { name } of boards) assert.match(kustomization, new RegExp(`^ +- ${name}$`, 'm'));
  });

  it('would be found wrong: a dashboard that breaks each rule', () => {
    const { board = assert.fail('there is no dashboard') } = boards[0] ?? {};
    const broken = structuredClone(board);
    const [variable, panel] = [broken.templating.list.find(({ name }) => name === 'job'), panelsOf(broken)[0]];
    assert.ok(variable !== undefined && panel !== undefined);
    Object.assign(variable, { multi: false, refresh: VariableRefresh.OnDashboardLoad });
    assert.equal(wrongVariables(broken).length, 2);
    assert.deepEqual(wrongVariables({ ...board, templating: { list: board.templating.list.slice(0, 2) } }), ['$job is used and not there']);
    for (const change of [{ title: '' }, { description: '' }, { fieldConfig: { defaults: { unit: 'parsecs' } } }, { targets: [] }, { datasource: { type: 'prometheus', uid: 'abc' } }]) {
      assert.equal(wrongPanel({ ...panel, ...change }).length, 1, JSON.stringify(change));
    }
    const [first, second] = panelsOf(board);
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(overlapping([first, { ...second, gridPos: { ...first.gridPos } }]), [`${first.title} / ${second.title}`]);
  });
});

/** What dashboard-linter asks of the variables `datasource`, `job` and `instance`, and we of `cluster` as well. */
function wrongVariables(board: BoardJson): string[] {
  const variables = new Map(board.templating.list.map((variable) => [variable.name, variable]));
  const used = new Set([...JSON.stringify(board.panels).matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name).filter((name) => !name.startsWith('__')));
  const wrong = [...used].filter((name) => !variables.has(name)).map((name) => `$${name} is used and not there`);
  for (const { name, type, label, query, multi, includeAll, allValue, refresh, datasource } of variables.values()) {
    const must = (what: string, holds: boolean): void => { if (!holds) wrong.push(`${name}: ${what}`); };
    if (!used.has(name)) wrong.push(`${name} is not used`);
    if (name === 'datasource') {
      must('type and label', type === 'datasource' && query === 'prometheus' && label === 'Data source');
      continue;
    }
    must('is a query of the data source', type === 'query' && datasource?.uid === DATASOURCE.uid);
    must('its label is its name', label.toLowerCase() === name);
    must('several, and all', multi === true && includeAll === true);
    must('all is a pattern', allValue === (name === 'cluster' ? '.*' : '.+')); // a single cluster has no such label
    must('follows the range of time', refresh === VariableRefresh.OnTimeRangeChanged);
    must('takes its values from the build info', new RegExp(String.raw`^label_values\(netpol_baseline_build_info(\{.*\})?, ${name}\)$`).test(String(query)));
  }
  return wrong;
}

function wrongPanel({ title, description, fieldConfig, datasource, targets }: PanelJson): string[] {
  const wrong: string[] = [];
  if (title === '') wrong.push('a panel without a title');
  if (description.length < 5) wrong.push(`${title}: no description`);
  if (!UNITS.has(fieldConfig.defaults.unit)) wrong.push(`${title}: unit ${fieldConfig.defaults.unit}`);
  if (targets.length === 0) wrong.push(`${title}: no query`);
  for (const source of [datasource, ...targets.map((target) => target.datasource)]) {
    if (JSON.stringify(source) !== JSON.stringify(DATASOURCE)) wrong.push(`${title}: data source ${JSON.stringify(source)}`);
  }
  return wrong;
}

function overlapping(panels: readonly Pick<PanelJson, 'title' | 'gridPos'>[]): string[] {
  return panels.flatMap((a, index) => panels.slice(index + 1).filter((b) => meets(a.gridPos, b.gridPos)).map((b) => `${a.title} / ${b.title}`));
}

interface Box { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
const meets = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
