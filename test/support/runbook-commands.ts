/** The commands with which the runbooks tell people to look, as a shell runs them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shell } from './doc-commands.ts';

const FOLDER = 'docs/runbooks';

export interface Command { readonly page: string; readonly line: string }

/** Those under Diagnosis: they change nothing. What is in capitals is filled in; what reads a file of the reader's is left out. */
export function diagnosisCommands(values: Readonly<Record<string, string>>): Command[] {
  return readdirSync(FOLDER).flatMap((page) => {
    const [, diagnosis = ''] = /^## Diagnosis\n([^]*?)^## /m.exec(readFileSync(join(FOLDER, page), 'utf8')) ?? [];
    const lines = [...diagnosis.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'));
    return lines.filter((line) => !line.startsWith('npb preview -f')).map((line) => ({ page, line: line.replaceAll(/\b(BASELINE|NAMESPACE|NAME)\b/g, (name) => values[name] ?? name) }));
  });
}

/** Audits end with 1 where they find something, and `grep` where there is no such line. */
export async function runsIn(shell: Shell, line: string): Promise<void> {
  const { code, stderr } = await shell.ask(line);
  const isFine = code === 0 || (code === 1 && (line.startsWith('npb audit') || line.includes('| grep')));
  assert.ok(isFine && !/^error|Error from server/im.test(stderr), `${line} ended with ${code}: ${stderr}`);
}
