/**
 * What is measured: the operator and the floor, each as a process of its own with the operator's ServiceAccount.
 * Only one of them runs at a time, so that neither pays for what the other writes.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../control-plane/ports.ts';
import { samplesOf, sumOf } from './exposition.ts';
import { BenchError, type Patience } from './patience.ts';
import type { FloorMessage, FloorOrder, FloorRequest } from './floor.ts';
import type { OperatorProgram } from './operator-program.ts';

export type SubjectName = 'operator' | 'floor';

export interface Subject {
  readonly name: SubjectName;
  readonly pid: number;
  /** Resolves when it also repairs; the operator always does. */
  repairs(): Promise<void>;
  /** Requests by its own count; watches count as reads when they begin, the Lease counts too. The floor has none but its writes. */
  ownRequests(): Promise<OwnRequests>;
  /** In its ordinary way; resolves when the process is gone. */
  stop(): Promise<void>;
}

export interface OwnRequests {
  readonly reads: number;
  readonly writes: number;
}

export interface OperatorProcess extends Subject {
  readonly name: 'operator';
  /** `performance.now` just before the process was started. */
  readonly startedMs: number;
  readonly logPath: string;
  /** Resolves with the time of `performance.now` when /readyz first said yes. */
  ready(): Promise<number>;
  /** Resolves with the time when its metrics first said that so many namespaces are protected: every one is planned, and nothing is left to write. */
  protecting(namespaces: number): Promise<number>;
}

export interface OperatorParts {
  readonly program: OperatorProgram;
  /** For logs. */
  readonly dir: string;
  readonly patience: Patience;
}

/** Known to the watchdog, which ends what carries this name if this process dies without doing so. */
export const OPERATOR_PROCESS_NAME = 'npb-bench-operator';
const START_TIMEOUT_MS = 60_000;
/** As long as a pod has. */
const STOP_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 5;
const METRICS_POLL_MS = 20;

/** `nodeFlags` come before those of the program. */
export async function startOperator({ program, dir, patience }: OperatorParts, nodeFlags: readonly string[] = []): Promise<OperatorProcess> {
  const [port = 0] = await freePorts(1);
  const origin = `http://127.0.0.1:${port}`;
  const logPath = join(dir, 'operator.log');
  const args = ['operator', '--listen-address', `127.0.0.1:${port}`];
  const log = openSync(logPath, 'a');
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...nodeFlags, ...program.args, ...args], {
    cwd: program.cwd,
    env: { PATH: process.env['PATH'] ?? '', ...program.env },
    argv0: OPERATOR_PROCESS_NAME,
    detached: true, // Ctrl-C reaches only this process, which ends things in order
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const { pid, stop } = supervise(child, 'operator', patience, () => `\n${tailOf(logPath)}`);

  async function ask(path: string): Promise<{ ok: boolean; text: string }> {
    const answer = await fetch(origin + path);
    return { ok: answer.ok, text: await answer.text() };
  }
  /** Looking is a burden, too: it takes at most a fifth of the operator's time. */
  async function poll(everyMs: number, what: string, check: () => Promise<boolean>): Promise<number> {
    let given = false;
    const polling = (async () => {
      for (;;) {
        const askedMs = performance.now();
        if (given || await check().catch(() => false)) return performance.now();
        await sleep(Math.max(everyMs, 4 * (performance.now() - askedMs)));
      }
    })();
    try {
      return await patience.within(START_TIMEOUT_MS, polling, () => `the operator ${what}; its log ends with:\n${tailOf(logPath)}`);
    } finally {
      given = true;
    }
  }

  return {
    name: 'operator', pid, startedMs, logPath, stop,
    repairs: async () => undefined,
    async ownRequests() {
      const counted = samplesOf((await ask('/metrics')).text, 'rest_client_requests_total');
      const sum = (isRead: boolean): number =>
        counted.filter(({ labels }) => (labels.get('method') === 'GET') === isRead).reduce((total, { value }) => total + value, 0);
      return { reads: sum(true), writes: sum(false) };
    },
    ready: () => poll(READY_POLL_MS, 'did not become ready', async () => (await ask('/readyz')).ok),
    protecting(namespaces) {
      let seen = 0;
      const enough = async (): Promise<boolean> => {
        seen = sumOf((await ask('/metrics')).text, 'netpol_baseline_namespaces', { state: 'protected' });
        return seen === namespaces;
      };
      return poll(METRICS_POLL_MS, `does not report ${namespaces} namespaces as protected`, enough).catch((error: Error) => {
        throw new BenchError(`${error.message}\nlast reported as protected: ${seen}`);
      });
    },
  };
}

export async function startFloor(order: FloorOrder, patience: Patience): Promise<Subject> {
  const child = fork(fileURLToPath(new URL('floor.ts', import.meta.url)), [JSON.stringify(order)], { execArgv: [], detached: true });
  const { pid, stop } = supervise(child, 'floor', patience, () => '');
  const awaited = new Map<FloorMessage['kind'], () => void>();
  const said = (kind: FloorMessage['kind']): Promise<void> =>
    patience.within(START_TIMEOUT_MS, new Promise((resolve) => { awaited.set(kind, resolve); }), () => `the floor client did not say that it is ${kind}`);
  child.on('message', (message: FloorMessage) => {
    if (message.kind === 'failed') patience.fail(new BenchError(`the floor client failed: ${message.message}`));
    else awaited.get(message.kind)?.();
  });
  await said('ready');
  return {
    name: 'floor', pid, stop,
    ownRequests: async () => ({ reads: 0, writes: Number.NaN }),
    repairs() {
      child.send('repair' satisfies FloorRequest);
      return said('repairing');
    },
  };
}

/** Its unexpected end is everybody's failure; an asked-for end is waited for, and forced when it takes too long. */
function supervise(child: ChildProcess, name: SubjectName, patience: Patience, details: () => string): { pid: number; stop: () => Promise<void> } {
  let stopping: Promise<void> | undefined;
  const gone = once(child, 'exit').then(() => undefined, () => undefined);
  child.once('exit', (code, signal) => {
    if (stopping === undefined) patience.fail(new BenchError(`the ${name} process ended with ${signal ?? `code ${code}`}${details()}`));
  });
  child.once('error', (error) => { patience.fail(new BenchError(`the ${name} process could not be started: ${error.message}`)); });
  if (child.pid === undefined) throw new BenchError(`the ${name} process could not be started`);

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(force);
  }
  return { pid: child.pid, stop: () => (stopping ??= stop()) };
}

const TAIL_LINES = 15;

function tailOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  } catch {
    return '';
  }
}
