/** The samples share one name, so that one is easily applied over another: whoever reads one knows what that does. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { baselineSpec } from '../../src/api/v1alpha1.ts';

const FOLDER = resolve(import.meta.dirname, '../../config/samples');
const SAYS_SO = 'This enforces both directions at once';

/** Whether what a sample does and what its header says are the same. */
function isHonest(text: string): boolean {
  const { ingress, egress } = baselineSpec.parse((parse(text) as { spec: unknown }).spec);
  const [header = ''] = /^(?:#.*\n)+/.exec(text) ?? [];
  return header.includes(SAYS_SO) === [ingress, egress].every(({ mode }) => mode === 'Enforce');
}

describe('samples', () => {
  for (const file of readdirSync(FOLDER)) {
    it(`${file}: says in its header that it enforces, if it does`, () => assert.ok(isHonest(readFileSync(join(FOLDER, file), 'utf8'))));
  }

  it('one that does not say so is seen', () => {
    const sample = (header: string, spec: string): string => `# A sample.\n# ${header}\nspec: ${spec}\n# ${SAYS_SO}\n`;
    assert.deepEqual([
      isHonest(sample('It denies.', '{}')), isHonest(sample(SAYS_SO, '{}')),
      isHonest(sample(SAYS_SO, '{ingress: {mode: Audit}, egress: {mode: Audit}}')), isHonest(sample('It reports.', '{ingress: {mode: Audit}, egress: {mode: Audit}}')),
    ], [false, true, false, true]);
  });
});
