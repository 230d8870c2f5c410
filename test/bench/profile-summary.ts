/**
 * Where the time of a V8 processor profile went: by area (a folder of src, a package, Node itself) and by function. Pure.
 */

import { median } from './statistics.ts';

/** The part of V8's format that is read. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Ids of nodes. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

export interface Spent {
  readonly what: string;
  /** In the function itself, not in what it called. */
  readonly selfUs: number;
}

export interface ProfileSummary {
  readonly areas: readonly Spent[];
  readonly ours: readonly Spent[];
  readonly others: readonly Spent[];
  /** Without idling. */
  readonly busyUs: number;
}

const IDLE = '(idle)';
/** A sample that comes later than this many others waited for a processor: what it fell on did not take that long. */
const LATE = 3;

export function summarize({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const selfOf = new Map<number, number>();
  const longestUs = LATE * median(timeDeltas);
  samples.forEach((id, index) => { selfOf.set(id, (selfOf.get(id) ?? 0) + Math.min(timeDeltas[index] ?? 0, longestUs)); });
  const areas = new Map<string, number>();
  const ours = new Map<string, number>();
  const others = new Map<string, number>();
  for (const { id, callFrame: { functionName, url, lineNumber } } of nodes) {
    const selfUs = selfOf.get(id) ?? 0;
    if (selfUs === 0 || functionName === IDLE) continue;
    const { area, file, isOurs } = placeOf(url, functionName);
    add(areas, area, selfUs);
    add(isOurs ? ours : others, `${functionName || '(anonymous)'} ${file}${url === '' ? '' : `:${lineNumber + 1}`}`.trim(), selfUs);
  }
  return { areas: most(areas), ours: most(ours), others: most(others), busyUs: [...areas.values()].reduce((a, b) => a + b, 0) };
}

function placeOf(url: string, functionName: string): { area: string; file: string; isOurs: boolean } {
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(url);
  if (packaged !== null) return { area: packaged[1] ?? '', file: `${packaged[1]}/${packaged[2]}`, isOurs: false };
  const own = /\/(?:dist|src)\/(.*)$/.exec(url);
  if (own !== null) return { area: `src/${own[1]?.includes('/') === true ? own[1].split('/', 1)[0] : ''}`, file: `src/${own[1]}`, isOurs: true };
  if (url.startsWith('node:')) return { area: 'node', file: url, isOurs: false };
  return { area: functionName.startsWith('(') ? functionName : 'native', file: '', isOurs: false };
}

function add(sums: Map<string, number>, key: string, us: number): void {
  sums.set(key, (sums.get(key) ?? 0) + us);
}

const most = (sums: ReadonlyMap<string, number>): Spent[] =>
  [...sums].map(([what, selfUs]) => ({ what, selfUs })).sort((a, b) => b.selfUs - a.selfUs);

const OURS_SHOWN = 30;
const OTHERS_SHOWN = 25;

/** `per`: for how many namespaces the work was done; every figure is microseconds for one of them. */
export function renderSummary({ areas, ours, others, busyUs }: ProfileSummary, per: number): string {
  const rows = (spent: readonly Spent[]): string[] => spent.map(({ what, selfUs }) =>
    `${(selfUs / per).toFixed(1).padStart(9)}  ${((100 * selfUs) / busyUs).toFixed(1).padStart(5)} %  ${what}`);
  return [
    `main thread busy: ${(busyUs / per).toFixed(0)} µs for each of ${per} namespaces`,
    '', 'µs/namespace  share  area (self time)', ...rows(areas),
    '', 'functions of ours', ...rows(ours.slice(0, OURS_SHOWN)),
    '', 'other functions', ...rows(others.slice(0, OTHERS_SHOWN)), '',
  ].join('\n');
}
