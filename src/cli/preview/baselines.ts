/**
 * Baselines from files, for commands that plan with them: -f names them here, and --manifests what they are planned over.
 *
 * Promises: a baseline that an API server would not take is a `SourceError` with everything that is wrong, each with its line.
 */
import { baselineProblems } from '../../analyze/preview/baseline-problems.ts';
import { objectsOf, type Snapshot, type Sourced } from '../../analyze/snapshot.ts';
import { pathText } from '../../analyze/explain/words.ts';
import type { KindName } from '../../kube/kinds.ts';
import { SourceError, UsageError, valuesOf, type CommandOption, type Flags, type Host } from '../command.ts';
import { loadFromFiles } from '../sources/files.ts';
import { loadSnapshot } from '../sources/source.ts';

const GROUP = 'Baseline';

export const BASELINE_OPTION: CommandOption = {
  flag: 'filename', short: 'f', value: 'FILE', repeatable: true, completes: 'file', group: GROUP,
  help: 'The baseline: a file, a folder, or stdin (-). May be given several times; anything else in it is passed over.',
};

export async function loadBaselines(host: Host, flags: Flags): Promise<readonly Sourced[]> {
  const paths = valuesOf(flags, 'filename');
  if (paths.length === 0) throw new UsageError('there is no baseline: name its file with -f, for example -f baseline.yaml');
  if (paths.includes('-') && valuesOf(flags, 'manifests').includes('-')) throw new UsageError('-f and --manifests cannot both read stdin');
  const snapshot = await loadFromFiles(host, { paths, kinds: ['NamespacePolicyBaseline'], namespace: 'default' });
  const found = objectsOf(snapshot, 'NamespacePolicyBaseline');
  if (found.length === 0) throw new SourceError(`${snapshot.from}: there is no NamespacePolicyBaseline in it`);
  const problems = found.flatMap(problemLines);
  if (problems.length > 0) throw new SourceError(problems.join('\n'));
  return found;
}

function problemLines({ object, origin }: Sourced): string[] {
  const title = `NamespacePolicyBaseline ${object.metadata.name}`;
  return baselineProblems(object).map(({ path, message }) => `${origin === undefined ? '' : `${origin.file}:${origin.lineOf(path)}: `}${title}: ${pathText(path)}: ${message}`);
}

/** What --manifests names, or the cluster. */
export function loadSurroundings(host: Host, flags: Flags, kinds: readonly KindName[]): Promise<Snapshot> {
  return loadSnapshot(host, { ...flags, filename: flags['manifests'] }, kinds);
}

/** `what` follows the address: what cannot be said without these kinds. */
export function mustHaveRead({ from, unread }: Snapshot, kinds: readonly KindName[], what = 'a plan needs all namespaces, NetworkPolicies and baselines'): void {
  const missing = unread.filter(({ kind }) => kinds.includes(kind));
  if (missing.length > 0) throw new SourceError(`${from}: ${what}.\n${missing.map(({ why }) => why).join('\n')}`);
}
