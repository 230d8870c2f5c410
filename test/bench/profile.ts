/**
 * V8 processor profiles of the operator: while it protects a burst, taken through Node's inspector so that neither start nor
 * end is in it; and of a cold start in a large cluster, from the first instruction until everything is planned.
 */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../control-plane/ports.ts';
import { measureBurst, type Burst } from './burst.ts';
import { measureColdStart } from './cold-start.ts';
import { BenchError } from './patience.ts';
import { renderSummary, summarize, type CpuProfile } from './profile-summary.ts';
import { digits } from './report.ts';
import { startSettled } from './session.ts';
import { PREFIX, requestsNow, type Stage } from './stage.ts';
import type { Sizes } from './sizes.ts';
import type { OperatorProcess, Subject } from './subjects.ts';

export interface ProfileParts {
  readonly stage: Stage;
  readonly sizes: Sizes;
  readonly startOperator: (nodeFlags?: readonly string[]) => Promise<OperatorProcess>;
  readonly startFloor: () => Promise<Subject>;
  readonly say: (line: string) => void;
  /** Folder where the profiles go, for a browser's developer tools. */
  readonly folder: string;
}

const SAMPLE_EVERY_US = 200;
const NAMESPACE_DEFAULT = 1;

/** Returns what to print. */
export async function profileOperator(parts: ProfileParts): Promise<string> {
  await mkdir(parts.folder, { recursive: true });
  const burst = await profileBurst(parts);
  return parts.sizes.cold === 0 ? burst : `${burst}\n${await profileColdStart(parts, NAMESPACE_DEFAULT + 2 * parts.sizes.namespaces)}`;
}

async function profileBurst({ stage, sizes, startOperator, say, folder }: ProfileParts): Promise<string> {
  const [port = 0] = await freePorts(1);
  const operator = await startSettled(stage, () => startOperator([`--inspect=127.0.0.1:${port}`]), NAMESPACE_DEFAULT);
  say('warming up');
  await measureBurst(stage, names('warm', sizes.namespaces), operator);
  const inspector = await connectInspector(port);
  await inspector.call('Profiler.enable');
  await inspector.call('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
  say(`profiling a burst of ${sizes.namespaces} namespaces`);
  await inspector.call('Profiler.start');
  const burst = await measureBurst(stage, names('profiled', sizes.namespaces), operator);
  const { profile } = await inspector.call('Profiler.stop') as { profile: CpuProfile };
  inspector.close();
  await operator.stop();
  const path = join(folder, 'burst.cpuprofile');
  await writeFile(path, JSON.stringify(profile));
  return `BURST (${path})\n${renderSummary(summarize(profile), sizes.namespaces)}\n${describe(burst)}\n`;
}

/** Node's own profiler, as an inspector would come too late. */
async function profileColdStart({ stage, sizes, startOperator, startFloor, say, folder }: ProfileParts, existing: number): Promise<string> {
  const filling = Math.max(0, sizes.cold - existing);
  say(`making ${filling} more namespaces with their policies`);
  const floor = await startFloor();
  await measureBurst(stage, names('fill', filling), floor);
  await floor.stop();
  const namespaces = existing + filling;
  await (await startSettled(stage, startOperator, namespaces)).stop();
  say(`profiling a cold start with ${namespaces} namespaces`);
  const before = await requestsNow(stage);
  const operator = await startOperator(['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${SAMPLE_EVERY_US}`]);
  const start = await measureColdStart(stage, operator, namespaces, before);
  await operator.stop();
  const written = (await readdir(folder)).find((name) => name.startsWith('CPU.') && name.includes(`.${operator.pid}.`));
  if (written === undefined) throw new BenchError(`the operator wrote no profile into ${folder}`);
  const path = join(folder, 'cold-start.cpuprofile');
  await rename(join(folder, written), path);
  const summary = renderSummary(summarize(JSON.parse(await readFile(path, 'utf8')) as CpuProfile), namespaces);
  return `COLD START (${path})\n${summary}\nready after ${digits(start.readyMs / 1000)} s, all planned after ${digits(start.plannedMs / 1000)} s while it was profiled\n`;
}

const names = (kind: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${PREFIX}${kind}-${index}`);

function describe({ namespacesPerSecond, cpuMs }: Burst): string {
  const cpu = Object.entries(cpuMs).map(([who, ms]) => `${who} ${digits(ms)} ms`).join(', ');
  return `${digits(namespacesPerSecond)} namespaces/s while it was profiled; CPU per namespace of whole processes: ${cpu}`;
}

interface Inspector {
  call(method: string, params?: object): Promise<unknown>;
  close(): void;
}

const ATTEMPTS = 50;
const RETRY_MS = 100;

/** Over Node's own WebSocket. */
async function connectInspector(port: number): Promise<Inspector> {
  const socket = new WebSocket(await debuggerUrl(port));
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => { resolve(); });
    socket.addEventListener('error', () => { reject(new BenchError('the inspector of the operator does not answer')); });
  });
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: { message: string } };
    const waiter = waiting.get(answer.id ?? 0);
    if (answer.error === undefined) waiter?.resolve(answer.result);
    else waiter?.reject(new BenchError(`inspector: ${answer.error.message}`));
  });
  return {
    call(method, params = {}) {
      const id = ++calls;
      socket.send(JSON.stringify({ id, method, params }));
      return new Promise((resolve, reject) => { waiting.set(id, { resolve, reject }); });
    },
    close: () => { socket.close(); },
  };
}

async function debuggerUrl(port: number): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json() as { webSocketDebuggerUrl: string }[];
      const [target] = targets;
      if (target !== undefined) return target.webSocketDebuggerUrl;
      throw new BenchError('the operator offers no inspector');
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await sleep(RETRY_MS);
    }
  }
}
