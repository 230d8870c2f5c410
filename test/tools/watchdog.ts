/**
 * Ends programs and removes their folder when this process is gone, however it went (exit, crash, SIGKILL).
 * A small process of its own holds one end of a pipe; the pipe closes when this process ends. It finds the programs
 * by executable and folder on their command line, so that a recycled process id is never hit.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What to clean up: programs that run one of `executables` and name `dir` in their arguments, then `dir` itself. */
export interface WatchdogDuty {
  readonly dir: string;
  readonly executables: readonly string[];
}

export interface Watchdog {
  readonly pid: number;
  /** Lets it do its duty now and end; returns at once. */
  release(): void;
}

/** Starts the watchdog. It never keeps this process alive. */
export function startWatchdog(duty: WatchdogDuty): Watchdog {
  const script = fileURLToPath(new URL('./watchdog-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(duty)], {
    detached: true, // in a session of its own: Ctrl-C and a closing terminal do not reach it
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  if (child.pid === undefined) throw new Error(`the watchdog process could not be started with ${process.execPath}`);
  child.unref();
  const pipe = child.stdin;
  pipe.on('error', () => undefined);
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  return { pid: child.pid, release: () => pipe.end() };
}
