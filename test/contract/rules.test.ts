/** Recording rules and alerts as they are checked in: promtool finds them right, and each alert has its runbook. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { FIRST_BUILD_TIMEOUT_MS } from '../control-plane/binaries.ts';
import { skipBecause } from '../support/skip.ts';
import { run } from '../tools/run.ts';
import { ensureTool } from '../tools/tool.ts';

const RULES = 'config/prometheus/rules.yaml';

describe('rules', () => {
  let promtool: string;
  before(async function () {
    this.timeout(FIRST_BUILD_TIMEOUT_MS);
    promtool = await ensureTool('promtool').catch((error: unknown) => skipBecause(this, `no promtool: ${String(error)}`));
  });
  const check = (stdin?: string) => run(promtool, ['check', 'rules', '--lint=all', '--lint-fatal', ...(stdin === undefined ? [RULES] : [])], { stdin: stdin ?? '' });

  it('are right, and none is there twice', async () => {
    const { code, stdout, stderr } = await check();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /SUCCESS: \d+ rules found/);
  });

  it('would be found wrong', async () => {
    const text = readFileSync(RULES, 'utf8');
    assert.notEqual((await check(text.replace('sum by (cluster', 'sum by cluster'))).code, 0);
    assert.notEqual((await check(text.replace('runbook_url: ', 'runbook_url: {{ '))).code, 0);
  });

  it('are the same for the Prometheus operator', () => {
    const resource = parse(readFileSync('config/prometheus/prometheus-rule.yaml', 'utf8')) as { spec: unknown };
    assert.deepEqual(resource.spec, parse(readFileSync(RULES, 'utf8')));
  });
});
