/** Every baseline that the documentation shows is taken by the API server as it is written there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { sharedControlPlane } from '../support/control-plane.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];

describe('documentation on the API server', function () {
  this.timeout(120_000);
  before(sharedControlPlane);

  for (const page of pages) {
    for (const [index, manifest] of baselinesIn(readFileSync(join(ROOT, page), 'utf8')).entries()) {
      it(`${page}: takes baseline ${index + 1}`, async () => {
        const plane = await sharedControlPlane();
        await plane.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], { stdin: JSON.stringify(manifest) });
      });
    }
  }
});

function baselinesIn(text: string): object[] {
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block = '']) => parseAllDocuments(block).map((document) => document.toJS() as { kind?: string } | null))
    .filter((manifest) => manifest !== null)
    .filter(({ kind }) => kind === 'NamespacePolicyBaseline');
}
