/**
 * A lock between processes of one machine, held by a file that names its owner.
 * It saves work (two builds of the same thing at once) and never guards correctness: what is built under it is
 * renamed into place atomically, so the rare double owner after a crash costs time only.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './cache.ts';

/** Who holds a lock. `startedAt` tells a process from a later one that got the same id. */
export interface LockOwner {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** Start time as the kernel gives it, `undefined` where it cannot be read. */
  readonly startedAt: string | undefined;
}

/** What can be seen of a process id at present. */
export interface ProcessView {
  readonly alive: boolean;
  readonly startedAt: string | undefined;
}

const POLL_MS = 250;
/** How often a waiting process says that it is still waiting, in milliseconds. */
const REMIND_MS = 30_000;

/** Looks a process up. One of another user counts as alive, one that has ended and only waits to be reaped does not. */
export function viewProcess(pid: number): ProcessView {
  const dead = { alive: false, startedAt: undefined };
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return dead;
  }
  const [state, startedAt] = statOf(pid);
  return state === 'Z' || state === 'X' ? dead : { alive: true, startedAt };
}

/** State and start time, fields 3 and 22 of `/proc/PID/stat`; the name in field 2 may hold spaces and brackets. */
function statOf(pid: number): readonly [string | undefined, string | undefined] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [fields[0], fields[19]];
  } catch {
    return [undefined, undefined];
  }
}

/** Whether the owner of a lock is gone. Another host cannot be looked at, so its lock is believed. */
export function isStale(owner: LockOwner, host: string, view: (pid: number) => ProcessView): boolean {
  if (owner.host !== host) return false;
  const seen = view(owner.pid);
  if (!seen.alive) return true;
  return owner.startedAt !== undefined && seen.startedAt !== undefined && owner.startedAt !== seen.startedAt;
}

/** Reads an owner from a lock file's text, `undefined` when it is not one. */
export function parseOwner(text: string): LockOwner | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockOwner> | null;
    if (typeof value?.token !== 'string' || typeof value.pid !== 'number' || typeof value.host !== 'string') return undefined;
    return { token: value.token, pid: value.pid, host: value.host, startedAt: value.startedAt };
  } catch {
    return undefined;
  }
}

/** Runs `work` while holding the lock at `path`; waits for whoever holds it, and says so. */
export async function withFileLock<T>(path: string, log: Log, work: () => Promise<T>): Promise<T> {
  const owner: LockOwner = {
    token: randomUUID(),
    pid: process.pid,
    host: hostname(),
    startedAt: viewProcess(process.pid).startedAt,
  };
  await mkdir(dirname(path), { recursive: true });
  await acquire(path, owner, log);
  try {
    return await work();
  } finally {
    await release(path, owner);
  }
}

async function acquire(path: string, owner: LockOwner, log: Log): Promise<void> {
  const began = Date.now();
  let remindAt = 0;
  while (!(await tryTake(path, owner))) {
    const holder = await readOwner(path);
    if (holder === 'unreadable' || (holder !== undefined && isStale(holder, owner.host, viewProcess))) {
      await removeStale(path, holder);
      continue;
    }
    const waitedMs = Date.now() - began;
    if (holder !== undefined && waitedMs >= remindAt) {
      log(`waiting for process ${holder.pid}, which is doing the same (${path}), ${Math.round(waitedMs / 1000)} s so far`);
      remindAt = waitedMs + REMIND_MS;
    }
    await sleep(POLL_MS);
  }
}

/** A link is made with its content in place: nobody ever sees a lock without an owner. */
async function tryTake(path: string, owner: LockOwner): Promise<boolean> {
  const mine = `${path}.${owner.token}`;
  await writeFile(mine, JSON.stringify(owner));
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(mine, { force: true });
  }
}

async function readOwner(path: string): Promise<LockOwner | 'unreadable' | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
  return parseOwner(text) ?? 'unreadable';
}

/** Takes a stale lock aside; one that turns out to be somebody's new lock is put back. */
async function removeStale(path: string, stale: LockOwner | 'unreadable'): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const got = await readOwner(aside);
  const asExpected = stale === 'unreadable' ? got === 'unreadable' : typeof got === 'object' && got.token === stale.token;
  if (!asExpected) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function release(path: string, owner: LockOwner): Promise<void> {
  const holder = await readOwner(path);
  if (typeof holder === 'object' && holder.token === owner.token) await rm(path, { force: true });
}
