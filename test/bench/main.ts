/**
 * `npm run bench`: starts a control plane, measures the operator beside the floor on it, prints a table.
 *
 * Promises: whatever it started is ended when it ends, also by Ctrl-C; what does not converge is an error and an exit code.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startWatchdog } from '../tools/watchdog.ts';
import { classFigures } from './class-figures.ts';
import { forkClasses, type ClassSession } from './class-session.ts';
import { BASELINE, startCluster } from './cluster.ts';
import { figuresOf, mostRequested, type Figure } from './figures.ts';
import { describeMachine, loadNow, type Machine } from './machine.ts';
import { prepareOperator } from './operator-program.ts';
import { BenchError, createPatience, type Patience } from './patience.ts';
import { watchPolicies } from './policy-watch.ts';
import { profileOperator, type ProfileParts } from './profile.ts';
import { rawApi } from './raw-api.ts';
import { recordRequests } from './recorded-requests.ts';
import { renderDisturbance, renderMachine, renderTable } from './report.ts';
import { runBench, type BenchParts, type BenchResult } from './run.ts';
import { helpText, parseOrder, UsageError, type Order } from './sizes.ts';
import { PREFIX } from './stage.ts';
import { OPERATOR_PROCESS_NAME, startFloor, startOperator, type Subject } from './subjects.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The operator's own: as many sockets, requests in flight and milliseconds before the first write. */
const FLOOR = { connections: 24, inFlight: 16, firstWriteDelayMs: 2 } as const;
const OBSERVER_CONNECTIONS = 32;

const startedMs = performance.now();
const say = (line: string): void => { process.stderr.write(`bench ${((performance.now() - startedMs) / 1000).toFixed(0).padStart(4)} s: ${line}\n`); };

/** What has to be ended, in the order in which it was started. */
const ends: (() => Promise<unknown>)[] = [];
let ending: Promise<void> | undefined;

function endEverything(): Promise<void> {
  return (ending ??= (async () => {
    for (const end of ends.toReversed()) await end().catch((error: Error) => { say(`could not be ended: ${error.message}`); });
  })());
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const patience = createPatience();
  const interruption = new AbortController();
  const interrupted = (signal: NodeJS.Signals): void => {
    say(`${signal}: ending everything`);
    patience.fail(new BenchError(`ended by ${signal}`));
    interruption.abort();
    void endEverything().then(() => { process.exit(130); });
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const order = parseOrder(args);
    if (order.help) {
      process.stdout.write(helpText());
      return 0;
    }
    return await carryOut(order, { patience, signal: interruption.signal });
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof BenchError || error instanceof UsageError ? error.message : (error as Error).stack}\n`);
    return error instanceof UsageError ? 2 : 1;
  } finally {
    await endEverything();
    process.removeListener('SIGINT', interrupted).removeListener('SIGTERM', interrupted);
  }
}

/** How everything learns that it shall end. */
interface Interruptible {
  readonly patience: Patience;
  readonly signal: AbortSignal;
}

async function carryOut(order: Order, interruptible: Interruptible): Promise<number> {
  const machine = await describeMachine();
  const classes = order.profilePath === undefined ? await measureClasses(order.sizes.classNamespaces, interruptible) : undefined;
  const parts = await prepare(order, interruptible);
  if (order.profilePath !== undefined) {
    process.stdout.write(await profileOperator({ ...parts, folder: resolve(order.profilePath) }));
    return 0;
  }
  const result = await runBench(parts);
  const figures = [...figuresOf(result), ...(classes === undefined ? [] : classFigures(classes.bench))];
  const loadAfter = loadNow();
  process.stdout.write(`${text({ figures, result, classes }, machine, loadAfter)}\n`);
  if (order.jsonPath !== undefined) await writeJson(order.jsonPath, { machine, loadAfter, sizes: order.sizes, figures, classes, ...result });
  return order.check && figures.some(({ goal }) => goal?.verdict === 'missed') ? 1 : 0;
}

/** Before the control plane runs, which would take processor time. */
async function measureClasses(namespaces: number, { patience }: Interruptible): Promise<ClassSession | undefined> {
  if (namespaces === 0) return undefined;
  say(`classifying ${namespaces} namespaces`);
  const { done, stop } = forkClasses(namespaces, patience);
  ends.push(stop);
  return done;
}

async function prepare({ sizes }: Order, { patience, signal }: Interruptible): Promise<Omit<BenchParts, 'startOperator'> & Pick<ProfileParts, 'startOperator'>> {
  const dir = await temporaryDir();
  const policies = await recordRequests(BASELINE);
  say('starting a control plane');
  const { plane, kubeconfig } = await startCluster(say);
  ends.push(() => plane.stop());
  say('compiling the operator');
  const program = await prepareOperator(dir, kubeconfig, signal);
  const api = rawApi(plane.adminKubeconfig, OBSERVER_CONNECTIONS);
  ends.push(() => api.close());
  const watch = await watchPolicies(api, (error) => { patience.fail(error); });
  const order = { ...FLOOR, kubeconfig, policies, prefix: PREFIX };
  return {
    stage: { api, watch, patience, policies: policies.map(({ name }) => name), servers: plane.pids },
    sizes,
    startOperator: (nodeFlags) => ended(startOperator({ program, dir, patience }, nodeFlags)),
    startFloor: () => ended(startFloor(order, patience)),
    say,
  };
}

async function ended<T extends Subject>(starting: Promise<T>): Promise<T> {
  const subject = await starting;
  ends.push(() => subject.stop());
  return subject;
}

/** Below the checkout, so that what is built there finds its packages. A watchdog clears it away if this process cannot. */
async function temporaryDir(): Promise<string> {
  await mkdir(join(ROOT, '.npb'), { recursive: true });
  const dir = await mkdtemp(join(ROOT, '.npb', 'bench-'));
  const watchdog = startWatchdog({ dir, executables: [OPERATOR_PROCESS_NAME] });
  ends.push(async () => {
    await rm(dir, { recursive: true, force: true });
    watchdog.release();
  });
  return dir;
}

interface Outcome {
  readonly figures: readonly Figure[];
  readonly result: BenchResult;
  readonly classes: ClassSession | undefined;
}

function text({ figures, result, classes }: Outcome, machine: Machine, loadAfter: number): string {
  const sessions = [...result.pairs.flatMap(({ floor, operator }) => [floor.disturbance, operator.disturbance]), ...(classes === undefined ? [] : [classes.disturbance])];
  return [
    renderTable(figures),
    '',
    ...(result.idle === undefined ? [] : [`requests while nothing happened: ${mostRequested(result.idle.requests)}; by the operator's own count ${result.idle.own.writes} writes with its Lease, ${result.idle.own.reads} reads`]),
    renderMachine(machine, loadAfter),
    renderDisturbance(sessions),
  ].join('\n');
}

async function writeJson(path: string, content: object): Promise<void> {
  const plain = (_key: string, value: unknown): unknown => (value instanceof Map ? Object.fromEntries(value) : value);
  await writeFile(path, `${JSON.stringify(content, plain, 2)}\n`);
  say(`figures written to ${path}`);
}
