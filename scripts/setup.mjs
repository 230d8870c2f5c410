/**
 * Makes node_modules right before anything else runs: `npm ci` when it is absent or not what package-lock.json says,
 * else nothing, quickly. Runs on the Node of the host (16 or newer), so it imports nothing but Node's own modules.
 * Call it from npm pre-scripts only: a shell that has already run the host's `node` would go on using that one.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The oldest Node that runs the operator and its tests; package.json `engines` says the same. */
const MINIMUM_NODE = [22, 19];
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, 'node_modules');
const STAMP = join(MODULES, '.npb-setup');
const LOCK = join(ROOT, '.npb', 'setup.lock');
const PACKAGED_NODE = join(MODULES, '.bin', 'node');
const POLL_MS = 200;
/** A lock older than this is stale even if its process id is in use again: 30 minutes. */
const LONGEST_INSTALL_MS = 30 * 60_000;

const say = (line) => process.stderr.write(`setup: ${line}\n`);

function readOrUndefined(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** What node_modules was made from: the lock file, and the platform, as a shared folder may change machines. */
function wantedStamp() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`;
}

/** Whether npm's own record of node_modules already holds every package at the locked version (after an npm install, say). */
function isInstalled() {
  const installed = readOrUndefined(join(MODULES, '.package-lock.json'));
  if (installed === undefined) return false;
  const have = JSON.parse(installed).packages;
  const want = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  return Object.keys(want).every((path) => path === '' || isPackageThere(have[path], want[path], path));
}

function isPackageThere(have, want, path) {
  if (have === undefined || !existsSync(join(ROOT, path))) return want.optional === true && !mustFit(want);
  return have.version === want.version && have.integrity === want.integrity;
}

/** Whether npm would have installed an optional package; one for a particular libc may be left out. */
function mustFit({ os, cpu, libc }) {
  return libc === undefined && (os === undefined || os.includes(process.platform)) && (cpu === undefined || cpu.includes(process.arch));
}

/** Whether a process runs; one that has ended and only waits to be reaped does not. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  return !/\) [ZX] /.test(readOrUndefined(`/proc/${pid}/stat`) ?? '');
}

/** Process id in the lock: 0 when there is no lock, -1 when it holds no process id (a machine that crashed). */
function holderOf(path) {
  const text = readOrUndefined(path);
  return text === undefined ? 0 : Number(text) || -1;
}

/** A dead holder, none, this very process (an id used again), or one that would have installed for too long. */
function isStale(holder) {
  if (holder === -1 || holder === process.pid || !isAlive(holder)) return true;
  const made = statSync(LOCK, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs > LONGEST_INSTALL_MS;
}

/** Takes the lock, or returns the process id of its holder. A linked file has its content from the start. */
function tryLock() {
  mkdirSync(dirname(LOCK), { recursive: true });
  const mine = `${LOCK}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, LOCK);
    return undefined;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return holderOf(LOCK);
  } finally {
    rmSync(mine, { force: true });
  }
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Runs `work` alone. A stale lock is taken over. */
function withLock(work) {
  let told = false;
  for (let holder = tryLock(); holder !== undefined; holder = tryLock()) {
    if (holder === 0) continue; // gone meanwhile
    if (isStale(holder)) {
      takeAside(holder);
      continue;
    }
    if (!told) say(`waiting for process ${holder}, which is installing`);
    told = true;
    sleep(POLL_MS);
  }
  try {
    work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** Renames a stale lock away; if it was somebody's new one by then, puts it back. */
function takeAside(holder) {
  const aside = `${LOCK}.aside-${process.pid}`;
  try {
    renameSync(LOCK, aside);
    if (holderOf(aside) !== holder) linkSync(aside, LOCK);
  } catch {
    // another process was faster
  } finally {
    rmSync(aside, { force: true });
  }
}

function install() {
  if (readOrUndefined(STAMP) === wantedStamp()) return; // somebody did it while this one waited
  if (!isInstalled()) npmCi();
  dropUnusableNode();
  writeFileSync(STAMP, wantedStamp());
}

function npmCi() {
  say(existsSync(MODULES) ? 'package-lock.json changed: installing the packages again' : 'installing the packages');
  const began = Date.now();
  // stdout of npm goes to stderr: the output of the command that follows stays clean
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: ROOT, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (npm.error !== undefined) throw new Error(`npm could not be started: ${npm.error.message}`);
  if (npm.status !== 0) throw new Error(`npm ci failed (${npm.status === null ? `signal ${npm.signal}` : `exit code ${npm.status}`})`);
  say(`packages installed in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

/** Where the packaged Node does not run (another libc), npm scripts must find the host's instead. */
function dropUnusableNode() {
  if (!existsSync(PACKAGED_NODE) || spawnSync(PACKAGED_NODE, ['--version']).status === 0) return;
  say('the packaged Node does not run on this machine: the one of the machine is used');
  rmSync(PACKAGED_NODE, { force: true });
}

/** The Node that npm scripts run on: the packaged one where the platform has it, else the host's. */
function checkNode() {
  if (existsSync(PACKAGED_NODE)) return;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return;
  const wanted = MINIMUM_NODE.join('.');
  throw new Error(
    `this Node is ${process.version}, and there is no packaged one that runs on this machine (${process.platform}-${process.arch}). ` +
      `Install Node ${wanted} or newer (24 is recommended), put it first on PATH and run the command again.`,
  );
}

try {
  if (readOrUndefined(STAMP) !== wantedStamp()) withLock(install);
  checkNode();
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
