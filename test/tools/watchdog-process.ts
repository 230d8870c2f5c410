/**
 * The other half of watchdog.ts: waits until the pipe on stdin closes, then ends what it was told to end.
 * Run as a script with one argument, the duty as JSON. It reads nothing from the pipe.
 */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { killMatching } from './matching-processes.ts';
import type { WatchdogDuty } from './watchdog.ts';

/** A program may lie between fork and exec when its parent dies: only this many empty looks in a row count. */
const EMPTY_LOOKS = 3;
const LOOK_AGAIN_MS = 100;

const duty = JSON.parse(process.argv[2] ?? '') as WatchdogDuty;

process.stdin.resume();
process.stdin.once('error', () => void clean());
process.stdin.once('end', () => void clean());

async function clean(): Promise<void> {
  for (let empty = 0; empty < EMPTY_LOOKS; ) {
    empty = (await killMatching(duty)) === 0 ? empty + 1 : 0;
    await sleep(LOOK_AGAIN_MS);
  }
  await rm(duty.dir, { recursive: true, force: true });
}
