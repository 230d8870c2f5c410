/** The operator as a process of its own, the way that people run it: `npb operator`, with its log in a file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, openSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../test/control-plane/ports.ts';
import { startWatchdog } from '../../test/tools/watchdog.ts';
import { DemoFailure } from './failure.ts';
import { parseMetrics, sumOf, type Series } from './metrics.ts';

export interface OperatorProcess {
  readonly pid: number;
  /** http://127.0.0.1:PORT */
  readonly url: string;
  readonly logPath: string;
  scrape(): Promise<Series[]>;
  /** Resolves when it ended without being asked to; the failure says how, with the end of its log. */
  readonly died: Promise<DemoFailure>;
  stop(): Promise<void>;
}

export interface OperatorProcessOptions {
  /** Root of the checkout. */
  readonly root: string;
  /** For its log and its kubeconfig; removed, with every process that names it, when this process ends. */
  readonly workDir: string;
  readonly kubeconfig: string;
  readonly signal: AbortSignal;
}

const START_MS = 40_000;
const STOP_MS = 20_000;
const POLL_MS = 50;
const TAIL_LINES = 12;

/** Resolves when it is ready and leads. */
export async function startOperatorProcess(options: OperatorProcessOptions): Promise<OperatorProcess> {
  const operator = await launch(options);
  const failure = await Promise.race([operator.died, whenLeading(operator, options.signal)]);
  if (failure === undefined) return operator;
  await operator.stop();
  throw failure;
}

async function launch({ root, workDir, kubeconfig }: OperatorProcessOptions): Promise<OperatorProcess> {
  const [port = 0] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const logPath = join(workDir, 'operator.log');
  const node = join(workDir, 'node'); // this and the kubeconfig are how the watchdog finds this process and no other
  const credentials = join(workDir, 'kubeconfig');
  symlinkSync(process.execPath, node);
  copyFileSync(kubeconfig, credentials);
  const watchdog = startWatchdog({ dir: workDir, executables: [node] });
  const log = openSync(logPath, 'a');
  const child = spawn(node, [join(root, 'bin', 'npb.js'), 'operator', '--kubeconfig', credentials, '--listen-address', address, '--log-format', 'json', '--status-page'], {
    detached: true, // out of reach of Ctrl-C, so that the demo ends things in order
    stdio: ['ignore', log, log],
    env: withoutSettings(process.env),
  });
  closeSync(log);
  let stopping = false;
  const ended = once(child, 'exit').then(([code, signal]) => (signal === null ? `exit code ${String(code)}` : `signal ${String(signal)}`), (error: unknown) => String(error));
  const died = ended.then(async (how) => {
    if (stopping) await new Promise(() => {}); // never: it was asked to
    return new DemoFailure(`the operator ended by itself (${how})`, { cause: new Error(tailOf(logPath)) });
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    pid: child.pid ?? 0,
    url: `http://${address}`,
    logPath,
    died,
    async scrape() {
      const response = await fetch(`http://${address}/metrics`);
      return parseMetrics(await response.text());
    },
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      const timer = setTimeout(kill, STOP_MS);
      await ended;
      clearTimeout(timer);
      process.off('exit', kill);
      watchdog.release();
    },
  };
}

/** Settings of the shell that started the demo are not meant for this operator. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('NPB_') && name !== 'KUBECONFIG'));
}

/** `undefined` when it leads; what is missing when time is up. */
async function whenLeading(operator: OperatorProcess, signal: AbortSignal): Promise<Error | undefined> {
  const deadlineMs = performance.now() + START_MS;
  let missing: string | undefined = 'no answer yet';
  while (performance.now() < deadlineMs) {
    if (signal.aborted) return signal.reason as Error;
    missing = await whatIsMissing(operator).catch(() => 'it does not listen yet');
    if (missing === undefined) return undefined;
    await sleep(POLL_MS);
  }
  return new DemoFailure(`the operator was not ready within ${START_MS / 1000} s`, { cause: new Error(`/readyz says: ${missing}\n${tailOf(operator.logPath)}`) });
}

async function whatIsMissing(operator: OperatorProcess): Promise<string | undefined> {
  const ready = await fetch(`${operator.url}/readyz`);
  const text = (await ready.text()).trim();
  if (!ready.ok) return text;
  return sumOf(await operator.scrape(), 'leader_election_master_status') === 1 ? undefined : 'it is ready, but does not lead';
}

export function tailOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  } catch {
    return '(no log)';
  }
}
