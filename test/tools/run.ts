/**
 * Runs one program to its end and hands back what it printed.
 * No shell is involved, so arguments need no quoting.
 */
import { spawn } from 'node:child_process';
import type { Environment } from './cache.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Environment;
  readonly stdin?: string;
  /** Puts the program into a process group of its own, out of reach of Ctrl-C in the terminal. */
  readonly ownGroup?: boolean;
  /** Kills the program after this many milliseconds; absent: never. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; -1 when a signal ended the program. */
  readonly code: number;
}

/** Runs a program; any exit code is a result. Rejects only when the program cannot be started. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...(options.env ?? process.env) },
      detached: options.ownGroup ?? false,
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), code: code ?? -1 });
    });
    child.stdin.on('error', () => undefined); // the program may end without reading
    child.stdin.end(options.stdin ?? '');
  });
}
