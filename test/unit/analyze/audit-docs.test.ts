/** docs/coverage.md explains every finding with an example that triggers it, and a repair that does not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { CATALOG } from '../../../src/analyze/audit/catalog.ts';
import { FINDING_IDS } from '../../../src/analyze/audit/finding.ts';
import type { KubeObject } from '../../../src/analyze/snapshot.ts';
import { CLASSES } from '../../../src/netpol/effective.ts';
import { auditOf } from '../../support/audit.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/coverage.md'), 'utf8');

interface Example { readonly id: string; readonly prose: string; readonly also: readonly string[]; readonly wrong: string; readonly right: string }

const FENCED = /^```yaml\n([\s\S]*?)^```$/gm;
const [, cluster = ''] = /^<!-- the cluster of the examples -->\n```yaml\n([\s\S]*?)^```$/m.exec(page) ?? [];
const examples: readonly Example[] = page.split(/^### /m).slice(1).map((section) => {
  const [wrong = '', right = '', ...more] = [...section.matchAll(FENCED)].map(([, text = '']) => text);
  assert.deepEqual(more, [], section);
  const [, also = ''] = /<!-- also: (.*) -->/.exec(section) ?? [];
  return { id: /^`([a-z-]+)`/.exec(section)?.[1] ?? section, prose: section, also: also.split(', ').filter((id) => id !== ''), wrong, right };
});

/** With objects of the same name replaced, as `kubectl apply` does. */
function withCluster(text: string): string {
  const objects = [cluster, text].flatMap((part) => parseAllDocuments(part).map((document) => document.toJS() as KubeObject));
  const byName = new Map(objects.map((object) => [`${object.kind} ${object.metadata.namespace} ${object.metadata.name}`, object]));
  return [...byName.values()].map((object) => stringify(object)).join('---\n');
}

const foundIn = (text: string): string[] => [...new Set(auditOf(withCluster(text), { source: 'files' }).namespaces.flatMap(({ findings }) => findings.map(({ id }) => id)))].sort();

describe('audit: the examples of the documentation', () => {
  it('are about every finding, in their order', () => assert.deepEqual(examples.map(({ id }) => id), [...FINDING_IDS]));
  it('begin in a cluster in which nothing is found', () => assert.deepEqual(foundIn(''), []));
  it('say the worst level of each first', () => {
    for (const { id, prose } of examples) {
      const [level] = /\b(FAIL|WARN|INFO)\b/.exec(prose) ?? [];
      const worst = ['FAIL', 'WARN', 'INFO'].find((each) => new RegExp(`\\b${each}\\b`).test(prose.split('```')[0] ?? ''));
      assert.equal(CATALOG[id as keyof typeof CATALOG].level, worst, `${id}: ${level}`);
    }
  });
  it('explain every class', () => {
    for (const name of [...CLASSES, 'unknown', 'not-coverable']) assert.ok(page.includes(`\`${name}\``), name);
  });

  for (const { id, also, wrong, right } of examples) {
    it(`${id}: found in the example, and nothing else but what is said`, () => assert.deepEqual(foundIn(wrong), [id, ...also].sort()));
    it(`${id}: not found after the repair`, () => assert.ok(!foundIn(right).includes(id), foundIn(right).join()));
  }
});
