/**
 * The control plane from the command line: build its programs, or run one until Ctrl-C.
 *   node test/control-plane/main.ts build
 *   node test/control-plane/main.ts start [--audit-log]
 *   node test/control-plane/main.ts kubectl ARGS…      the pinned kubectl, with whatever KUBECONFIG says
 */
import { spawn } from 'node:child_process';
import { ensureControlPlaneBinaries } from './binaries.ts';
import { startControlPlane } from './control-plane.ts';
import { logToStderr } from '../tools/cache.ts';

const USAGE = 'usage: main.ts build | start [--audit-log] | kubectl ARGS…';
/** Keeps a process alive that otherwise waits for a signal only. In milliseconds. */
const HOLD_MS = 1 << 30;

async function build(): Promise<number> {
  const binaries = await ensureControlPlaneBinaries();
  process.stdout.write(`${JSON.stringify(binaries, undefined, 2)}\n`);
  return 0;
}

async function start(args: readonly string[]): Promise<number> {
  const controlPlane = await startControlPlane({ auditLog: args.includes('--audit-log'), log: logToStderr });
  const signalled = untilSignal(); // before anybody can read where it is, and end it
  process.stdout.write(`export KUBECONFIG=${controlPlane.adminKubeconfig}\nexport KUBECTL=${controlPlane.kubectlPath}\n`);
  if (controlPlane.auditLogPath !== undefined) process.stdout.write(`# audit log: ${controlPlane.auditLogPath}\n`);
  logToStderr('control plane: running until Ctrl-C');
  await signalled;
  logToStderr('control plane: stopping');
  await controlPlane.stop();
  return 0;
}

async function kubectl(args: readonly string[]): Promise<number> {
  const binaries = await ensureControlPlaneBinaries();
  const child = spawn(binaries.kubectl, args, { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const hold = setInterval(() => undefined, HOLD_MS);
    const done = (): void => {
      clearInterval(hold);
      resolve();
    };
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
    process.once('SIGHUP', done);
  });
}

async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'build':
      return build();
    case 'start':
      return start(args);
    case 'kubectl':
      return kubectl(args);
    case undefined:
    default:
      logToStderr(USAGE);
      return 2;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  logToStderr(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
