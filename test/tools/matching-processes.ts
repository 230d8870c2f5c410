/**
 * Finds and ends processes by what they run and the folder that they name on their command line.
 * Linux is read from /proc; elsewhere `ps` is asked. A process that is already dead (a zombie) does not count.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { run } from './run.ts';
import type { WatchdogDuty } from './watchdog.ts';

/** Sends SIGKILL to every match and to the group that it leads; returns how many there were. */
export async function killMatching(duty: WatchdogDuty): Promise<number> {
  const pids = await matchingProcesses(duty);
  for (const pid of pids) {
    killQuietly(-pid);
    killQuietly(pid);
  }
  return pids.length;
}

/** Ids of the processes that run one of the executables with the folder in their arguments. */
export async function matchingProcesses(duty: WatchdogDuty): Promise<number[]> {
  return process.platform === 'linux' ? matchesInProc(duty) : matchesInPs(duty);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already, or no leader of a group
  }
}

function matchesInProc(duty: WatchdogDuty): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => isMatch(commandLineOf(pid), duty));
}

/** Empty for zombies, kernel threads and processes that are gone. */
function commandLineOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function isMatch([program, ...args]: readonly string[], duty: WatchdogDuty): boolean {
  return program !== undefined && duty.executables.includes(program) && args.some((arg) => arg.includes(duty.dir));
}

async function matchesInPs(duty: WatchdogDuty): Promise<number[]> {
  const { stdout } = await run('ps', ['-axww', '-o', 'pid=,command=']);
  const found: number[] = [];
  for (const line of stdout.split('\n')) {
    const [, pid, command = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    const program = duty.executables.find((executable) => command.startsWith(`${executable} `));
    if (pid !== undefined && program !== undefined && command.slice(program.length).includes(duty.dir)) found.push(Number(pid));
  }
  return found;
}
