/** What classes cost, as lines of the table. Pure. */
import { limit, type Figure } from './figures.ts';
import { median, quantile, ratioOfQuantiles } from './statistics.ts';

export interface ChangeCost {
  readonly name: string;
  /** Of each sample, from the call to the end of the flush. */
  readonly microseconds: readonly number[];
  /** Pods that were classified again. */
  readonly touched: readonly number[];
}

export interface ClassBench {
  readonly namespaces: number;
  readonly pods: number;
  readonly policies: number;
  /** Processor time of all threads. */
  readonly rounds: readonly { readonly floorSeconds: number; readonly classesSeconds: number }[];
  /** What the classifier holds beside the objects. */
  readonly heapBytes: number;
  readonly changes: readonly ChangeCost[];
  readonly staleSeconds: readonly number[];
}

/** "Within a few seconds on one core." */
export const CLASSES_SECONDS = 5;
const MB = 1024 * 1024;

export function classFigures({ namespaces, pods, policies, rounds, heapBytes, changes, staleSeconds }: ClassBench): Figure[] {
  const section = `classes of ${counted(pods, 'pods')}, ${counted(policies, 'policies')}, ${counted(namespaces, 'namespaces')}; floor: the same objects parsed and held`;
  const seconds = median(rounds.map(({ classesSeconds }) => classesSeconds));
  const ratio = ratioOfQuantiles([{ floor: rounds.map(({ floorSeconds }) => floorSeconds), subject: rounds.map(({ classesSeconds }) => classesSeconds) }], 0.5);
  return [
    { section, name: 'CPU from scratch', unit: 's', floor: median(rounds.map(({ floorSeconds }) => floorSeconds)), operator: seconds, ratio, goal: limit(seconds, CLASSES_SECONDS, 's') },
    { section, name: 'memory beside the objects', unit: 'MB', operator: heapBytes / MB },
    { section, name: 'CPU of counting stale policies', unit: 's', operator: median(staleSeconds) },
    ...changes.flatMap(changeFigures),
  ];
}

function changeFigures({ name, microseconds, touched }: ChangeCost): Figure[] {
  const section = 'classes after one change';
  const pods = median(touched);
  return [
    { section, name: `${name}: p50`, unit: 'µs', operator: median(microseconds) },
    { section, name: `${name}: p99`, unit: 'µs', operator: quantile(microseconds, 0.99) },
    { section, name: `${name}: pods classified`, unit: '', operator: pods },
  ];
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}`;
}
