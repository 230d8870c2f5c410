/**
 * The operator at work, live in a terminal: `npm run demo`. On a control plane of its own, or with `--kubeconfig` on
 * a cluster that the user has.
 *
 * Promises: everything that is shown was checked; every process that it starts ends with it, however it ends; what it
 * made in a cluster of the user is removed again. Exit codes: 0 all was well, 1 something was not, 2 usage, 130 Ctrl-C.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { perform } from './demo/acts.ts';
import { connectTo } from './demo/cluster-api.ts';
import { DemoFailure, Interrupted } from './demo/failure.ts';
import { startJournal } from './demo/journal.ts';
import { startOperatorProcess, type OperatorProcess } from './demo/operator-process.ts';
import { parseOptions, USAGE, UsageError, type DemoOptions } from './demo/options.ts';
import { ownStage, seconds } from './demo/own-stage.ts';
import type { Show } from './demo/show.ts';
import { ROOT, type Stage } from './demo/stage.ts';
import { createTerminal, wantsColours, type Terminal } from './demo/terminal.ts';
import { yourStage } from './demo/your-stage.ts';

const API = '/apis/netbaseline.io/v1alpha1/namespacepolicybaselines';
const THINK_MS = 4000;
/** If something still keeps the process alive after everything was ended. */
const LINGER_MS = 2000;

interface Run {
  readonly options: DemoOptions;
  readonly terminal: Terminal;
  readonly workDir: string;
  readonly abort: AbortController;
  /** What to do at the end, last first. */
  readonly endings: (() => Promise<void>)[];
}

process.exitCode = await main();
setTimeout(() => process.exit(), LINGER_MS).unref();

async function main(): Promise<number> {
  const options = optionsOrUsage();
  if (typeof options === 'number') return options;
  const isTerminal = process.stdout.isTTY === true;
  const terminal = createTerminal({ out: process.stdout, colours: wantsColours(isTerminal, process.env), paced: isTerminal && !options.once });
  const run: Run = { options, terminal, abort: new AbortController(), endings: [], workDir: await mkdtemp(join(tmpdir(), 'npb-demo-')) };
  run.endings.push(async () => rmSync(run.workDir, { recursive: true, force: true }));
  listenForSignals(run);
  let code = 0;
  try {
    await demo(run);
  } catch (error) {
    code = explain(run, error);
  }
  for (const end of run.endings.toReversed()) {
    await end().catch((error: unknown) => {
      code = explain(run, error);
    });
  }
  return code;
}

function optionsOrUsage(): DemoOptions | number {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options !== undefined) return options;
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

/** The first signal ends the show and cleans up; a second one ends at once, and the watchdogs clean up. */
function listenForSignals({ abort, terminal }: Run): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (abort.signal.aborted) process.exit(130);
      terminal.blank();
      abort.abort(new Interrupted(signal));
    });
  }
  process.on('uncaughtException', (error) => { // a fault of the demo itself: what it made has to go all the same
    if (abort.signal.aborted) terminal.failure([String(error)]);
    abort.abort(error);
  });
}

async function demo(run: Run): Promise<void> {
  const { terminal, options, abort: { signal }, endings } = run;
  const began = performance.now();
  terminal.title('namespace-policy-baseline: the operator at work');
  const stage = await orInterrupted(setStage(run), signal);
  const { operator, show } = await orInterrupted(startShow(run, stage), signal);
  const died = operator.died.then((failure) => { throw failure; });
  await orInterrupted(Promise.race([perform(show), died]), signal);
  terminal.blank();
  terminal.ok('that was it', `everything above was checked; ${seconds(began)} in all`);
  if (options.once) return;
  howToGoOn(run, stage, operator);
  await Promise.race([died, new Promise<void>((resolve) => {
    const hold = setInterval(() => undefined, 1 << 30);
    endings.push(async () => clearInterval(hold));
    signal.addEventListener('abort', () => resolve());
  })]);
  terminal.say('Ending everything …');
}

/** The stage, with what has to be ended already noted. */
async function setStage({ terminal, options, workDir, abort: { signal }, endings }: Run): Promise<Stage> {
  if (options.kubeconfig === undefined) return ownStage(terminal, { workDir, signal }, (plane) => endings.push(() => plane.stop()));
  const thinkMs = process.stdout.isTTY === true && !options.once ? THINK_MS : 0;
  const { kubeconfig, context } = options;
  return yourStage(terminal, { kubeconfig, context, workDir, signal, thinkMs }, (stage) => endings.push(() => stage.end()));
}

async function startShow({ terminal, workDir, abort: { signal }, endings }: Run, stage: Stage): Promise<{ operator: OperatorProcess; show: Show }> {
  const began = performance.now();
  const operator = await startOperatorProcess({ root: ROOT, workDir, kubeconfig: await stage.operatorKubeconfig(), signal });
  endings.push(() => operator.stop());
  terminal.ok('operator', `npb operator, process ${operator.pid}, with the token of its ServiceAccount; leading after ${seconds(began)}`);
  const api = await connectTo(stage.kubeconfig, stage.context);
  const watching = new AbortController();
  endings.push(async () => watching.abort(), () => api.close());
  const journals = AbortSignal.any([signal, watching.signal]);
  const [policies, namespaces, baselines] = await Promise.all([
    startJournal(api, '/apis/networking.k8s.io/v1/networkpolicies', journals),
    startJournal(api, '/api/v1/namespaces', journals),
    startJournal(api, API, journals),
  ]);
  return { operator, show: { terminal, stage, api, operator, policies, namespaces, baselines, signal } };
}

/** Rejects as soon as the signal is aborted; what is under way is ended by the endings. */
async function orInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const interrupted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    if (signal.aborted) reject(signal.reason as Error);
  });
  work.catch(() => {}); // told by the race, or of no interest any more
  return Promise.race([work, interrupted]);
}

function howToGoOn({ terminal, workDir }: Run, stage: Stage, operator: OperatorProcess): void {
  const { paint } = terminal;
  terminal.blank();
  terminal.say(paint.bold('It goes on running. In another terminal:'));
  terminal.blank();
  terminal.row(`export KUBECONFIG=${stage.kubeconfig}`);
  if (stage.kind === 'own') terminal.row(`alias kubectl=${stage.kubectlPath}`);
  terminal.blank();
  for (const line of [
    'kubectl get npb,netpol -A',
    `kubectl describe npb ${stage.baseline.name}`,
    `kubectl delete netpol --all -n ${stage.namespace('cart')}; kubectl get netpol -n ${stage.namespace('cart')}`,
    ...(stage.kind === 'own' ? ['kubectl create namespace mine; kubectl get netpol -n mine'] : []),
    `curl -s ${operator.url}/metrics | grep ^netpol_baseline_`,
    `tail -f ${join(workDir, 'operator.log')}`,
  ]) terminal.row(line);
  terminal.blank();
  terminal.say(`In a browser: ${paint.bold(`${operator.url}/`)}, the status page: what is isolated, what is not, and why.`);
  terminal.say('These metrics in Grafana: import config/dashboards/*.json, with a Prometheus that scrapes them as job namespace-policy-baseline. Rules and alerts: docs/monitoring.md.');
  terminal.blank();
  terminal.say(stage.kind === 'own'
    ? `${paint.bold('Ctrl-C')} ends the operator and the control plane; nothing is left.`
    : `${paint.bold('Ctrl-C')} ends the operator and removes what the demo made in your cluster.`);
}

/** What failed, why, and what to do. Keeps the log of the operator. */
function explain({ terminal, workDir }: Run, error: unknown): number {
  if (error instanceof Interrupted) {
    terminal.say('Interrupted: ending everything …');
    return 130;
  }
  const lines: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    lines.push(...(isFaultOfOurs(at) ? at.stack ?? at.message : at.message).split('\n'));
  }
  if (lines.length === 0) lines.push(String(error));
  const kept = keepLog(workDir);
  if (kept !== undefined) lines.push('', `The log of the operator: ${kept}`);
  if (error instanceof DemoFailure && error.next !== undefined) lines.push('', ...error.next.split('\n'));
  terminal.failure(lines);
  return 1;
}

/** Errors that explain nothing but where they happened. */
function isFaultOfOurs(error: Error): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError || error instanceof SyntaxError;
}

function keepLog(workDir: string): string | undefined {
  const kept = join(ROOT, '.npb', 'demo-operator.log');
  try {
    mkdirSync(join(ROOT, '.npb'), { recursive: true });
    copyFileSync(join(workDir, 'operator.log'), kept);
    return kept;
  } catch {
    return undefined; // it was never started
  }
}
