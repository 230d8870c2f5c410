/** Each alert has its runbook under its own name, with the same four parts; and none is left behind. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { ALERTS } from '../../../scripts/observability/rules/alerts.ts';
import { alertsTable } from '../../../scripts/docs/monitoring.ts';
import { ruleGroups } from '../../../scripts/observability/rules/manifests.ts';

const FOLDER = 'docs/runbooks';
const PARTS = ['Meaning', 'Impact', 'Diagnosis', 'Mitigation'];

describe('runbooks', () => {
  const names = [...new Set<string>(ALERTS.map(({ name }) => name))].toSorted();

  it('are there for each alert, and for nothing else', () => {
    assert.deepEqual(readdirSync(FOLDER).toSorted(), names.map((name) => `${name}.md`));
  });

  it('alerts lead to them', () => {
    const urls = ruleGroups().flatMap(({ rules }) => rules).filter((rule) => 'alert' in rule).map(({ alert, annotations }) => [alert, (annotations as { runbook_url: string }).runbook_url]);
    assert.deepEqual(urls.map(([, url]) => url), urls.map(([alert]) => `https://netbaseline.io/docs/runbooks/${String(alert)}`));
  });

  for (const name of names) {
    it(`${name}: says what it means, what it does, how to look, and what to do`, () => {
      const text = readFileSync(`${FOLDER}/${name}.md`, 'utf8');
      assert.ok(text.startsWith(`# ${name}\n`));
      assert.deepEqual([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading), PARTS);
      for (const part of text.split(/^## .*$/m).slice(1)) assert.ok(part.trim().length > 40, part);
      const [, diagnosis = ''] = /^## Diagnosis\n([^]*?)^## /m.exec(text) ?? [];
      assert.match(diagnosis, /^```(sh|promql)$/m, 'with commands or queries');
    });
  }

  it('the page about monitoring lists the alerts as they are', () => {
    assert.ok(readFileSync('docs/monitoring.md', 'utf8').includes(alertsTable().join('\n')));
  });
});
