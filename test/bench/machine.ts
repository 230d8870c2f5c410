/**
 * On what was measured, and how quiet it was.
 */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureControlPlaneBinaries } from '../control-plane/binaries.ts';
import { run } from '../tools/run.ts';
import { cpuMs, machineTime } from './processes.ts';

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
  readonly system: string;
  /** Of the last minute, when the bench began. */
  readonly loadBefore: number;
  readonly versions: { readonly node: string; readonly undici: string; readonly kubernetes: string; readonly etcd: string };
}

export async function describeMachine(): Promise<Machine> {
  const { etcd, version } = await ensureControlPlaneBinaries();
  const { stdout } = await run(etcd, ['--version']);
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    loadBefore: loadNow(),
    versions: { node: process.version, undici: undiciVersion(), kubernetes: version, etcd: /etcd Version: (\S+)/.exec(stdout)?.[1] ?? 'unknown' },
  };
}

/** Of the last minute. */
export const loadNow = (): number => loadavg()[0] ?? Number.NaN;

function undiciVersion(): string {
  const path = fileURLToPath(import.meta.resolve('undici/package.json'));
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** What disturbed a measurement: shares of all processors, from 0 to 1. */
export interface Disturbance {
  /** Used by processes that have nothing to do with it. */
  readonly others: number;
  /** Taken by the hypervisor. */
  readonly stolen: number;
}

/** Starts to look; the function that comes back says what was seen since. `undefined` where there is no /proc. */
export function watchDisturbance(pids: readonly number[]): () => Disturbance | undefined {
  const before = machineTime();
  const oursBefore = pids.map((pid) => cpuMs(pid) ?? 0);
  return () => {
    const after = machineTime();
    if (before === undefined || after === undefined) return undefined;
    const busy = after.busyMs - before.busyMs;
    const stolen = after.stolenMs - before.stolenMs;
    const all = busy + stolen + after.idleMs - before.idleMs;
    const ours = pids.reduce((sum, pid, index) => sum + Math.max(0, (cpuMs(pid) ?? 0) - (oursBefore[index] ?? 0)), 0);
    return { others: Math.max(0, busy - ours) / all, stolen: stolen / all };
  };
}
