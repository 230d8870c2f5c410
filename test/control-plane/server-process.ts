/**
 * One server of the control plane as a child process that logs into a file.
 * It never keeps this process alive: a test run that forgets to stop it still ends, and the watchdog ends the server.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ChildProcess } from 'node:child_process';

export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  /** Whether it still runs. */
  running(): boolean;
  /** Last part of its log, for an error message. */
  logTail(): Promise<string>;
  /** SIGKILL; resolves when it is gone. Without effect on one that has ended. */
  kill(): Promise<void>;
}

const TAIL_BYTES = 4096;

/** Starts it in a process group of its own, so that Ctrl-C reaches only the parent, which stops things in order. */
export function startServer(executable: string, args: readonly string[], logPath: string): ServerProcess {
  const name = basename(executable);
  const log = openSync(logPath, 'a');
  const child = spawn(executable, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.once('error', () => undefined); // seen as: no process id
  if (child.pid === undefined) throw new Error(`${executable} could not be started`);
  child.unref();
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  return { name, pid: child.pid, running, logTail: () => tailOf(logPath), kill: () => kill(child, running) };
}

async function kill(child: ChildProcess, running: () => boolean): Promise<void> {
  if (!running()) return;
  child.ref();
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function tailOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8');
  } finally {
    await file.close();
  }
}
