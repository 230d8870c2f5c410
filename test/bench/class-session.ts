/** The cost of classes, measured in a process of its own: no garbage of the bench, and nothing that has warmed up before. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClassBench } from './class-figures.ts';
import { watchDisturbance, type Disturbance } from './machine.ts';
import { BenchError, type Patience } from './patience.ts';

export interface ClassSession {
  readonly bench: ClassBench;
  readonly disturbance: Disturbance | undefined;
}

const TIMEOUT_MS = 300_000;

export function forkClasses(namespaces: number, patience: Patience): { readonly done: Promise<ClassSession>; stop(): Promise<void> } {
  const child = fork(fileURLToPath(new URL('classify.ts', import.meta.url)), [String(namespaces)], { execArgv: ['--expose-gc'], detached: true });
  const exited = once(child, 'exit').then(() => undefined, () => undefined);
  const seen = watchDisturbance(child.pid === undefined ? [] : [child.pid]);
  const answer = new Promise<ClassSession>((resolve, reject) => {
    child.once('message', (bench: ClassBench) => { resolve({ bench, disturbance: seen() }); });
    child.once('error', (error) => { reject(new BenchError(`classes could not be measured: ${error.message}`)); });
    child.once('exit', (code, signal) => { reject(new BenchError(`the process that measures classes ended with ${signal ?? `code ${code}`}`)); });
  });
  return {
    done: patience.within(TIMEOUT_MS, answer, () => 'classes were not measured'),
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
