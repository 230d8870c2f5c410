/** A `Host` that remembers, for tests of the command line. */
import { Readable, Writable } from 'node:stream';
import type { Host } from '../../src/cli/command.ts';

export interface MemoryHost extends Host {
  readonly out: () => string;
  readonly err: () => string;
  /** Codes that the process was told to end with. */
  readonly exits: readonly number[];
  /** As the operating system does. */
  signal(name: 'SIGTERM' | 'SIGINT'): void;
  uncaught(error: unknown): void;
  /** Listeners that are still there. */
  readonly listeners: () => number;
}

export interface MemoryHostOptions {
  calledAs?: string;
  env?: Record<string, string>;
  /** What stdin gives. */
  stdin?: string;
  /** Columns of a terminal, on both streams; absent: no terminal. */
  terminal?: number;
}

export function memoryHost({ calledAs = 'npb', env = {}, stdin = '', terminal }: MemoryHostOptions = {}): MemoryHost {
  const written = { out: '', err: '' };
  const signals = new Set<(signal: 'SIGTERM' | 'SIGINT') => void>();
  const errors = new Set<(error: unknown) => void>();
  const exits: number[] = [];
  const sink = (name: 'out' | 'err') => Object.assign(new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      written[name] += chunk;
      done();
    },
  }), terminal === undefined ? {} : { isTTY: true, columns: terminal });
  return {
    calledAs, env, stdin: Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]), stdout: sink('out'), stderr: sink('err'), exits,
    onSignal: (listener) => (signals.add(listener), () => void signals.delete(listener)),
    onUncaught: (listener) => (errors.add(listener), () => void errors.delete(listener)),
    exit: (code) => void exits.push(code),
    out: () => written.out,
    err: () => written.err,
    signal: (name) => signals.forEach((listener) => listener(name)),
    uncaught: (error) => errors.forEach((listener) => listener(error)),
    listeners: () => signals.size + errors.size,
  };
}
