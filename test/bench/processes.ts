/**
 * What processes and the machine have used, read from /proc. Elsewhere than on Linux: `undefined`, never a guess.
 */
import { readFileSync } from 'node:fs';

/** Linux counts processor time in hundredths of a second, whatever the kernel's own tick is. */
const TICK_MS = 10;

/** User and system time of all threads, also ended ones, in milliseconds. */
export function cpuMs(pid: number): number | undefined {
  const text = readProc(`${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** From /proc/PID/stat. The program's name may hold spaces and brackets, so it counts from the last bracket. */
export function parseStat(text: string): number | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isNaN(ticks) ? undefined : ticks * TICK_MS;
}

export interface Memory {
  /** Most that was ever resident. In bytes. */
  readonly peakBytes: number;
  readonly residentBytes: number;
}

export function memoryOf(pid: number): Memory | undefined {
  const text = readProc(`${pid}/status`);
  return text === undefined ? undefined : parseStatus(text);
}

export function parseStatus(text: string): Memory | undefined {
  const bytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  const memory = { peakBytes: bytes('VmHWM'), residentBytes: bytes('VmRSS') };
  return Number.isNaN(memory.peakBytes) || Number.isNaN(memory.residentBytes) ? undefined : memory;
}

/** Of all processors together, since the machine started, in milliseconds. */
export interface MachineTime {
  readonly busyMs: number;
  readonly idleMs: number;
  /** Taken by the hypervisor for others. */
  readonly stolenMs: number;
}

export function machineTime(): MachineTime | undefined {
  const text = readProc('stat');
  return text === undefined ? undefined : parseMachineStat(text);
}

export function parseMachineStat(text: string): MachineTime {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0] = (text.split('\n', 1)[0] ?? '').split(/\s+/).slice(1).map(Number);
  return { busyMs: (user + nice + system + irq + softirq) * TICK_MS, idleMs: (idle + wait) * TICK_MS, stolenMs: steal * TICK_MS };
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined;
  }
}
