/**
 * The files of `npb test`: expectations with the places where they are written.
 *
 * Promises: every mistake of every file at once, with file and line. In a folder, documents of other kinds are passed
 * over, so that expectations may lie beside manifests; a file that is named must hold expectations.
 */
import { readFile } from 'node:fs/promises';
import { isExpectations, readExpectations, type Expectation } from '../analyze/expectations/expectation.ts';
import { EXPECTATIONS_KIND, EXPECTATIONS_VERSION } from '../api/expectations.ts';
import { SourceError, UsageError, type Host } from './command.ts';
import { safe } from './output/cell.ts';
import { documentsIn } from './sources/documents.ts';
import { findFiles, STDIN, unreadable } from './sources/find-files.ts';
import { decoded, textOfStdin } from './sources/text.ts';

export interface WrittenExpectation { readonly expectation: Expectation; readonly file: string; readonly line: number }

export interface ExpectationFiles {
  /** As typed. */
  readonly paths: readonly string[];
  /** Of names that come without one. */
  readonly namespace: string | undefined;
}

export async function loadExpectations(host: Host, { paths, namespace }: ExpectationFiles): Promise<readonly WrittenExpectation[]> {
  if (paths.length === 0) throw new UsageError(`expected a file of expectations, for example: ${host.calledAs} test -f expectations.yaml`);
  const { files } = await findFiles(paths);
  const read: Content[] = [];
  for (const path of files) read.push(contentOf(await textOf(host, path), { file: path === STDIN ? 'stdin' : path, isNamed: paths.includes(path), namespace }));
  const problems = read.flatMap((content) => content.problems);
  if (problems.length > 0) throw new SourceError(problems.map(safe).join('\n'));
  const found = read.flatMap(({ expectations }) => expectations);
  if (found.length === 0) throw new SourceError(`${paths.join(', ')}: there are no expectations. ${WANTED}`);
  return found;
}

const WANTED = `They are documents of kind ${EXPECTATIONS_KIND}, apiVersion ${EXPECTATIONS_VERSION}`;

async function textOf({ stdin }: Host, path: string): Promise<string> {
  try {
    return path === STDIN ? await textOfStdin(stdin) : decoded(await readFile(path));
  } catch (error) {
    throw unreadable(path === STDIN ? 'stdin' : path, error);
  }
}

interface Content { readonly expectations: readonly WrittenExpectation[]; readonly problems: readonly string[] }

function contentOf(text: string, { file, isNamed, namespace }: { readonly file: string; readonly isNamed: boolean; readonly namespace: string | undefined }): Content {
  const documents = documentsIn(text);
  const wanted = documents.found.filter(({ value }) => isNamed || isExpectations(value));
  const read = wanted.map(({ value, lineOf }) => ({ ...readExpectations(value, namespace), lineOf }));
  return {
    expectations: read.flatMap(({ expectations, lineOf }) => expectations.map((expectation) => ({ expectation, file, line: lineOf(['expectations', expectation.index]) }))),
    problems: [
      ...documents.problems.map(({ message, line }) => `${file}${line === undefined ? '' : `:${line}`}: ${message}${/alias/i.test(message) ? '. A text that begins with * has to be quoted' : ''}`),
      ...read.flatMap(({ problems, lineOf }) => problems.map(({ path, problem }) => `${file}:${lineOf(path)}: ${fieldText(path)}${problem}`)),
      ...(isNamed && documents.found.length === 0 && documents.problems.length === 0 ? [`${file}: it is empty. ${WANTED}`] : []),
    ],
  };
}

/** The field in its expectation, whose line is told already. */
function fieldText(path: readonly (string | number)[]): string {
  const own = path[0] === 'expectations' ? path.slice(2) : path;
  return own.length === 0 ? '' : `${own.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('')}: `;
}
