/**
 * `npb test`: connectivity expectations as code, held against a cluster or manifests.
 *
 * Must not: decide anything. `analyze/expectations` does.
 */
import { createChecker } from '../analyze/expectations/check.ts';
import { countsOf, countsText, isMet, OUTCOME_WORDS, resultOf, resultsDocument, type Result } from '../analyze/expectations/report.ts';
import type { Cluster } from '../analyze/explain/cluster.ts';
import { EXIT, UsageError, valuesOf, type Command, type CommandOption, type Flags, type Host } from './command.ts';
import { loadExpectations, type WrittenExpectation } from './expectation-files.ts';
import { IP_BLOCK_OPTION } from './ip-block.ts';
import { loadCluster } from './load-cluster.ts';
import type { Cell, Column } from './output/cell.ts';
import { toJson } from './output/json.ts';
import { junitXml } from './output/junit.ts';
import { linesText } from './output/lines.ts';
import { renderMarkdownTable } from './output/markdown.ts';
import { outputOf, outputOptions, type Output } from './output/output.ts';
import { renderTable } from './output/table.ts';
import { toYaml } from './output/yaml.ts';
import { CLUSTER_OPTIONS, MANIFESTS_OPTION, NAMES_OPTION } from './sources/source.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml', 'markdown', 'junit'] as const;
type TestFormat = (typeof FORMATS)[number];

const OWN_OPTIONS: readonly CommandOption[] = [
  { flag: 'filename', short: 'f', value: 'PATH', repeatable: true, completes: 'file', group: 'Source', help: 'Read expectations from this file, from the files in this folder and below it, or from stdin (-). May be given several times.' },
  MANIFESTS_OPTION,
  ...CLUSTER_OPTIONS,
  NAMES_OPTION,
  { flag: 'allow-unknown', help: 'Take an answer that cannot be known for a warning, not for a failure.' },
];

export const testCommand: Command = {
  name: 'test',
  summary: 'Hold connectivity expectations against a cluster or manifests',
  description: 'Reads what connections are expected to be allowed or denied, asks for every pair of pods that is meant, and names an example and the rule to blame for each '
    + 'expectation that is not met.',
  options: [...OWN_OPTIONS, IP_BLOCK_OPTION, ...outputOptions(FORMATS)],
  epilogue: (calledAs) => [
    'A file of expectations:',
    '  apiVersion: netbaseline.io/v1alpha1',
    '  kind: Expectations',
    '  expectations:',
    '  - "shop/web -> orders/api:8080 allowed"',
    '  - "* except orders/api -> db/postgres denied"         # on every port',
    '  - "metadata endpoint denied"                          # for every pod',
    '  - name: only the shop reaches orders',
    '    from: {namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [shop]}]}}',
    '    to: {namespace: orders, podSelector: {matchLabels: {app: api}}}',
    '    ports: [8080, 53/udp]',
    '    expect: denied',
    `Ends are written as for ${calledAs} explain; * is every pod, shop/* every pod of a namespace.`,
    '',
    'Examples:',
    `  ${calledAs} test -f expectations.yaml`,
    `  ${calledAs} test -f expectations.yaml --manifests manifests/ -o junit > results.xml`,
    `  helm template chart | ${calledAs} test -f expectations.yaml --manifests -`,
    '',
    'Exit code: 0 all are met; 1 one is not, is about nobody, or cannot be known; 2 a file or the cluster cannot be read.',
  ].join('\n'),
  async run(host, flags) {
    const output = outputOf(host, flags, FORMATS);
    if (valuesOf(flags, 'filename').includes('-') && valuesOf(flags, 'manifests').includes('-')) throw new UsageError('-f and --manifests cannot both read stdin');
    const written = await loadExpectations(host, { paths: valuesOf(flags, 'filename'), namespace: flags['namespace'] });
    const cluster = await loadCluster(host, { ...flags, filename: flags['manifests'] });
    const results = resultsOf(cluster, written);
    await show(output, cluster, results, flags);
    const allowUnknown = flags['allow-unknown'] !== undefined;
    if (output.format !== 'table' && output.format !== 'wide') tellSummary(host, results);
    return results.every(({ outcome }) => isMet(outcome, allowUnknown)) ? EXIT.ok : EXIT.findings;
  },
};

function resultsOf(cluster: Cluster, written: readonly WrittenExpectation[]): Result[] {
  const checker = createChecker(cluster);
  return written.map(({ expectation, file, line }) => resultOf(cluster, checker.check(expectation), { file, line }));
}

/** Where the results themselves are for programs. */
function tellSummary({ stderr }: Host, results: readonly Result[]): void {
  stderr.write(`${countsText(countsOf(results))}\n`);
}

async function show(output: Output<TestFormat>, cluster: Cluster, results: readonly Result[], flags: Flags): Promise<void> {
  const allowUnknown = flags['allow-unknown'] !== undefined;
  switch (output.format) {
    case 'json': return output.write(toJson(resultsDocument(cluster, results, allowUnknown)));
    case 'yaml': return output.write(toYaml(resultsDocument(cluster, results, allowUnknown)));
    case 'junit': return output.write(junitOf(results, allowUnknown));
    case 'markdown': return output.write(renderMarkdownTable(COLUMNS, results.map((result) => markdownRow(result, allowUnknown))));
    case 'table': case 'wide': return output.write(tableOf(output, results, allowUnknown));
  }
}

const COLUMNS: readonly Column[] = [{ title: 'Result' }, { title: 'Expectation' }, { title: 'Why' }, { title: 'Place', wide: true }];

function toneOf({ outcome }: Result, allowUnknown: boolean): 'good' | 'bad' | 'warn' | 'dim' {
  if (outcome === 'passed') return 'good';
  if (outcome === 'skipped') return 'dim';
  return isMet(outcome, allowUnknown) ? 'warn' : 'bad';
}

function rowOf(result: Result, allowUnknown: boolean): Cell[] {
  return [{ text: OUTCOME_WORDS[result.outcome], tone: toneOf(result, allowUnknown) }, result.expectation.name, result.message, placeOf(result)];
}

function markdownRow(result: Result, allowUnknown: boolean): Cell[] {
  const [outcome = '', name = '', , place = ''] = rowOf(result, allowUnknown);
  return [outcome, name, [result.message, ...result.details, ...result.notes].join('\n'), place];
}

const placeOf = ({ file, line }: Result): string => `${file}:${line}`;

/** The table, then each that is not met with its details, then the sum. Notes of those that are met only with -o wide. */
function tableOf({ style }: Output, results: readonly Result[], allowUnknown: boolean): string {
  const told = results.filter(({ details, notes }) => details.length > 0 || (style.wide === true && notes.length > 0));
  const blocks = told.flatMap((result) => [
    [], [{ text: result.expectation.name, tone: 'bold' as const }, { text: `  ${placeOf(result)}`, tone: 'dim' as const }],
    ...[...result.details, ...result.notes].map((line) => [`  ${line}`]),
  ]);
  const sum = { text: countsText(countsOf(results)), tone: results.every(({ outcome }) => isMet(outcome, allowUnknown)) ? 'good' as const : 'bad' as const };
  return renderTable(COLUMNS, results.map((result) => rowOf(result, allowUnknown)), style) + linesText([...blocks, [], [sum]], style);
}

function junitOf(results: readonly Result[], allowUnknown: boolean): string {
  const suites = [...Map.groupBy(results, ({ file }) => file)].map(([name, cases]) => ({
    name,
    cases: cases.map((result) => ({ name: result.expectation.name, ...verdictOf(result, allowUnknown) })),
  }));
  return junitXml('npb test', suites);
}

function verdictOf({ outcome, message, details, notes, ...result }: Result, allowUnknown: boolean): object {
  if (outcome === 'passed') return {};
  if (isMet(outcome, allowUnknown)) return { skipped: message };
  const [example] = details;
  return { failure: { message: `${OUTCOME_WORDS[outcome]}: ${message}${example === undefined ? '' : `, for example ${example}`}`, details: [...details, ...notes, `${result.file}:${result.line}`].join('\n') } };
}
