/** The real process as a `Host`. The only place of the CLI that touches it. */
import { basename } from 'node:path';
import type { Host } from './command.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export function processHost(): Host {
  return {
    calledAs: nameOf(process.argv[1] ?? ''),
    env: process.env,
    get stdin() { return process.stdin; }, // opened by looking at it
    stdout: process.stdout,
    stderr: process.stderr,
    onSignal(listener) {
      for (const signal of SIGNALS) process.on(signal, listener);
      return () => {
        for (const signal of SIGNALS) process.off(signal, listener);
      };
    },
    onUncaught(listener) {
      process.on('unhandledRejection', listener).on('uncaughtException', listener);
      return () => {
        process.off('unhandledRejection', listener).off('uncaughtException', listener);
      };
    },
    exit: (code) => process.exit(code),
  };
}

/** kubectl calls `kubectl-policy_baseline` for `kubectl policy-baseline`. */
export function nameOf(path: string): string {
  return basename(path).startsWith('kubectl-') ? 'kubectl policy-baseline' : 'npb';
}
