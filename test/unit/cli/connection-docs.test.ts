/** What docs/cli.md and the README say of `npb explain` and `npb test` is what they do: output, options, fields. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from '../../../src/cli/command.ts';
import { explainCommand } from '../../../src/cli/explain.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { testCommand } from '../../../src/cli/test.ts';
import { SYSTEM_NAMESPACES_OPTION } from '../../../src/cli/sources/system-namespaces.ts';
import { memoryHost } from '../../support/host.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PAGES = ['docs/cli.md', 'README.md'];
const page = (path = 'docs/cli.md'): string => readFileSync(join(ROOT, path), 'utf8');
const section = (name: string): string => new RegExp(`^## npb ${name}\n[\\s\\S]*?(?=^## |(?![\\s\\S]))`, 'm').exec(page())?.[0] ?? assert.fail(`docs/cli.md has no section on npb ${name}`);

const BLOCK = /^```console\n\$ npb ((?:explain(?! namespace)|test) .*)\n([\s\S]*?)^```$/gm;

describe('documentation of npb explain and npb test', () => {
  before(function () {
    if (process.cwd() !== ROOT) this.skip();
  });

  for (const [path, typed = '', shown = ''] of PAGES.flatMap((each) => [...page(each).matchAll(BLOCK)].map(([, ...found]) => [each, ...found] as const))) {
    it(`${path} shows what npb ${typed} really says`, async () => {
      const host = memoryHost({ terminal: 100, env: { NO_COLOR: '1' } });
      await runProgram(typed.split(' '), host, [explainCommand, testCommand]);
      if (process.env['NPB_UPDATE_GOLDENS'] === '1') writeFileSync(join(ROOT, path), page(path).replace(`$ npb ${typed}\n${shown}`, () => `$ npb ${typed}\n${host.out()}`));
      else assert.equal(shown, host.out());
    });
  }

  const commands: readonly [Command, string][] = [[explainCommand, 'test/unit/cli/golden/explain/denied.json'], [testCommand, 'test/unit/cli/golden/test/results.json']];
  for (const [{ name, options }, golden] of commands) {
    it(`names every option and every field of npb ${name}`, () => {
      const text = name === 'test' ? section('test') + section('explain') : section(name);
      for (const { flag, short } of options) if (flag !== SYSTEM_NAMESPACES_OPTION.flag) assert.ok(text.includes(`--${flag}`) || text.includes(`\`-${short}`) || text.includes(`-${short}\``), flag);
      const examples: unknown = JSON.parse(readFileSync(join(ROOT, golden), 'utf8'));
      for (const field of fieldsOf(examples)) assert.ok(text.includes(field), field);
    });
  }
});

/** Names of fields at any depth, but for those of manifests. */
function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...(key === 'manifest' || key === 'rule' ? [] : fieldsOf(inner))]);
}
