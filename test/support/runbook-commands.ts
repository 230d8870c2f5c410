/** The commands with which the runbooks tell people to look, as a shell runs them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { run } from '../tools/run.ts';

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

/** `npb` is that of this checkout. Audits end with 1 where they find something, and `grep` where there is no such line. */
export async function runsFor({ kubectlPath, adminKubeconfig }: ControlPlane, line: string): Promise<void> {
  const shell = `kubectl() { '${kubectlPath}' "$@"; }; npb() { '${process.execPath}' bin/npb.js "$@"; }; ${line}`;
  const { code, stderr } = await run('sh', ['-c', shell], { env: { ...process.env, KUBECONFIG: adminKubeconfig } });
  const isFine = code === 0 || (code === 1 && (line.startsWith('npb audit') || line.includes('| grep')));
  assert.ok(isFine && !/^error|Error from server/im.test(stderr), `${line} ended with ${code}: ${stderr}`);
}
