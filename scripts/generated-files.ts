/**
 * Every checked-in file that is made from the code, and how to see that one is stale.
 * A new generated file is one more line in GENERATED. Content is the same at every call, on every machine.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { crdManifest } from '../src/api/crd.ts';
import { API_GROUP, PLURAL } from '../src/api/names.ts';
import { apiPage } from './docs/api.ts';
import { chartReadme } from './docs/chart.ts';
import { configurationPage } from './docs/configuration.ts';
import { metricsPage } from './docs/metrics.ts';
import { monitoringPage } from './docs/monitoring.ts';
import { OBSERVABILITY_FILES } from './observability/files.ts';

export interface GeneratedFile {
  /** Below the root of the repository. */
  readonly path: string;
  readonly content: () => string;
}

export const ROOT = join(import.meta.dirname, '..');

const HEADER = '# Generated from src/api by `npm run generate`; changes made here are lost.\n';
const yaml = (value: unknown): string => HEADER + stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

export const GENERATED: readonly GeneratedFile[] = [
  { path: `crds/${API_GROUP}_${PLURAL}.yaml`, content: () => yaml(crdManifest()) },
  { path: 'docs/api.md', content: apiPage },
  { path: 'config/helm/README.md', content: chartReadme },
  { path: 'docs/configuration.md', content: configurationPage },
  { path: 'docs/metrics.md', content: metricsPage },
  { path: 'docs/monitoring.md', content: monitoringPage },
  ...OBSERVABILITY_FILES,
];

/** What is checked in; `undefined` when there is no such file. */
export async function checkedIn({ path }: GeneratedFile): Promise<string | undefined> {
  return readFile(join(ROOT, path), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Why a file has to be generated again, with the first line that differs; `undefined` when it need not. */
export function staleness(path: string, is: string | undefined, wanted: string): string | undefined {
  if (is === wanted) return undefined;
  if (is === undefined) return `${path} is missing`;
  return `${path} is not what the code generates:\n${firstDifference(is, wanted)}`;
}

function firstDifference(is: string, wanted: string): string {
  const [isLines, wantedLines] = [is.split('\n'), wanted.split('\n')];
  let index = 0;
  while (isLines[index] === wantedLines[index]) index += 1;
  const shown = (sign: string, line: string | undefined): string[] => (line === undefined ? [] : [`  ${sign} ${line}`]);
  return [`  @@ line ${index + 1} @@`, ...shown('-', isLines[index]), ...shown('+', wantedLines[index])].join('\n');
}
