/** The operator as a process of its own, as people run it: for tests that kill it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { freePorts } from '../control-plane/ports.ts';
import { eventually } from './eventually.ts';
import { OPERATOR_NAMESPACE } from './control-plane.ts';

export interface OperatorProcess {
  readonly pid: number;
  readonly url: string;
  /** What it has written so far, one JSON line each. */
  output(): string;
  ready(): Promise<number>;
  metrics(): Promise<string>;
  /** Whether this replica leads, by its own metrics. */
  leads(): Promise<boolean>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, or the signal, when it has ended. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** At a free port unless one is given, such as that of a replica which is gone. */
export async function spawnOperator(kubeconfig: string, flags: readonly string[] = [], at?: number): Promise<OperatorProcess> {
  const [port = 0] = at === undefined ? await freePorts(1) : [at];
  const address = `127.0.0.1:${port}`;
  const child = spawn(process.execPath, [
    'bin/npb.js', 'operator', '--kubeconfig', kubeconfig, '--namespace', OPERATOR_NAMESPACE, '--listen-address', address, '--log-format', 'json', ...flags,
  ], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } });
  return wrap(child, `http://${address}`);
}

/** Waits until it is ready and, unless told otherwise, leads. */
export async function whenServing(operator: OperatorProcess, { leading = true } = {}): Promise<OperatorProcess> {
  const serving = eventually(async () => ({ code: await operator.ready(), leads: await operator.leads() }), ({ code, leads }) => {
    if (code !== 200 || (leading && !leads)) throw new Error(`ready ${code}, leads ${leads}; ${lastLines(operator)}`);
  }, { withinMs: 40_000, everyMs: 50 });
  const ended = operator.ended.then((how) => { throw new Error(`it ended with ${how} before it served: ${lastLines(operator)}`); });
  await Promise.race([serving, ended]);
  return operator;
}

const lastLines = (operator: OperatorProcess): string => operator.output().split('\n').slice(-4).join('\n');

function wrap(child: ChildProcess, url: string): OperatorProcess {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr?.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  const stop = (): void => { child.kill('SIGKILL'); };
  process.once('exit', stop);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => child.once('exit', (code, signal) => {
    process.removeListener('exit', stop);
    resolve(code ?? signal ?? 0);
  }));
  return {
    pid: child.pid ?? 0,
    url,
    output: () => output,
    ready: () => fetch(`${url}/readyz`).then(({ status }) => status, () => 0),
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    leads: () => fetch(`${url}/metrics`).then(async (response) => /^leader_election_master_status\{.*\} 1$/m.test(await response.text()), () => false),
    kill: (signal) => { child.kill(signal); },
    ended,
  };
}
