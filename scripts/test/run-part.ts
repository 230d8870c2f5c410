/** Runs one part as a mocha process and finds out what came of it, also when it crashes or does not end. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, type Part } from './parts.ts';
import type { Counts, PartResult } from './counts.ts';

const LINGER_MS = 60_000;
const LOOK_MS = 500;
const NOTHING: Counts = { passed: 0, failed: 0, skipped: [], failures: [] };

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly hung: boolean;
}

export interface RunPartOptions {
  /** How long a process may live on after its last test: time for after hooks on a slow machine. */
  readonly lingerMs?: number;
  /** Shows nothing of what mocha prints. */
  readonly quiet?: boolean;
}

export async function runPart(part: Part, files: readonly string[], mochaArgs: readonly string[], options: RunPartOptions = {}): Promise<PartResult> {
  const folder = await mkdtemp(join(tmpdir(), 'npb-test-'));
  const countsPath = join(folder, 'counts.json');
  try {
    const ending = await runMocha([...files, ...mochaArgs], countsPath, options);
    const counts = existsSync(countsPath) ? JSON.parse(readFileSync(countsPath, 'utf8')) as Counts : undefined;
    const trouble = troubleIn(counts, ending);
    const { passed, failed, skipped, failures } = counts ?? NOTHING;
    return { part, passed, skipped, failures, failed: failed + (trouble === undefined ? 0 : 1), ...(trouble === undefined ? {} : { trouble }) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runMocha(args: readonly string[], countsPath: string, { lingerMs = LINGER_MS, quiet = false }: RunPartOptions): Promise<Ending> {
  const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const own = ['--reporter', 'scripts/test/reporter.ts', '--fail-hook-affected-tests'];
  const child = spawn(process.execPath, [mocha, ...own, ...args], {
    cwd: ROOT,
    env: { ...process.env, NPB_TEST_COUNTS: countsPath },
    stdio: quiet ? 'ignore' : ['ignore', 'inherit', 'inherit'],
  });
  let endedAtMs: number | undefined;
  let hung = false;
  const look = setInterval(() => {
    if (endedAtMs === undefined && existsSync(countsPath)) endedAtMs = performance.now();
    if (endedAtMs === undefined || performance.now() - endedAtMs < lingerMs) return;
    hung = true;
    child.kill('SIGKILL');
  }, LOOK_MS);
  const passOn = (): void => { child.kill('SIGTERM'); }; // Ctrl-C reaches mocha by itself, SIGTERM does not
  process.on('SIGTERM', passOn);
  return new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, hung }));
  }).finally(() => {
    clearInterval(look);
    process.off('SIGTERM', passOn);
  });
}

function troubleIn(counts: Counts | undefined, { code, signal, hung }: Ending): string | undefined {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  if (hung) return `its tests ended, its process went on: something is left open`;
  if (counts === undefined) return `it crashed before its tests ended (${how})`;
  if (counts.failed === 0 && code !== 0) return `its tests passed, then it crashed (${how})`;
  if (counts.passed + counts.failed + counts.skipped.length === 0) return 'no test was run';
  return undefined;
}
