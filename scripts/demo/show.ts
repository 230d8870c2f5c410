/** What every act of the demo has at hand, and the few things that all of them do. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterApi, KubeObject } from './cluster-api.ts';
import { DemoFailure } from './failure.ts';
import type { Journal } from './journal.ts';
import { sumOf, type Series } from './metrics.ts';
import type { OperatorProcess } from './operator-process.ts';
import type { Stage } from './stage.ts';
import type { Terminal } from './terminal.ts';

export interface Show {
  readonly terminal: Terminal;
  readonly stage: Stage;
  readonly api: ClusterApi;
  readonly operator: OperatorProcess;
  readonly policies: Journal;
  readonly namespaces: Journal;
  readonly baselines: Journal;
  readonly signal: AbortSignal;
}

/** The part of a baseline's status that the demo reads. */
export interface BaselineStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
  readonly namespaces?: Readonly<Record<string, number>>;
  readonly protected?: string;
  readonly isolated?: string;
  readonly worst?: readonly { readonly namespace: string; readonly reason: string; readonly message: string }[];
  readonly held?: { readonly token: string; readonly namespaces: number };
}

export const statusOf = (baseline: KubeObject): BaselineStatus => baseline.status ?? {};
export const conditionOf = (baseline: KubeObject, type: string) => statusOf(baseline).conditions?.find((condition) => condition.type === type);

/** Whether the status speaks of the present spec. */
export const isObserved = (baseline: KubeObject): boolean => statusOf(baseline).observedGeneration === baseline.metadata.generation;

/** Shows a command as a person would type it and runs it. */
export async function type({ terminal, stage, signal }: Show, args: readonly string[], stdin?: string): Promise<string> {
  signal.throwIfAborted();
  terminal.command(['kubectl', ...args.map(quoted)]);
  return stage.kubectl(args, stdin);
}

function quoted(arg: string): string {
  return /^[\w./:=@,%+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`;
}

/** One place after the decimal point below 10 ms. */
export function milliseconds(ms: number): string {
  const shown = Math.max(0, ms);
  return `${shown < 9.95 ? shown.toFixed(1) : String(Math.round(shown))} ms`;
}

/** Fails with `what` unless it is so: nothing is shown that was not checked. */
export function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new DemoFailure(what);
}

const SCRAPE_PATIENCE_MS = 10_000;
const SCRAPE_EVERY_MS = 50;

/** Scrapes until a metric has the value; returns that scrape. */
export async function scrapeUntil({ operator, signal }: Show, what: string, holds: (series: readonly Series[]) => boolean): Promise<Series[]> {
  const deadlineMs = performance.now() + SCRAPE_PATIENCE_MS;
  for (;;) {
    const series = await operator.scrape();
    if (holds(series)) return series;
    if (performance.now() > deadlineMs) throw new DemoFailure(`the metrics do not show ${what}`);
    await sleep(SCRAPE_EVERY_MS, undefined, { signal });
  }
}

const COVERAGE = 'netpol_baseline_coverage_namespaces';

export const covered = (series: readonly Series[], coverage: string, direction = 'Ingress'): number => sumOf(series, COVERAGE, { direction, coverage });

/** Every namespace that is not terminating is in exactly one coverage. */
export const countedIn = (series: readonly Series[]): number => sumOf(series, COVERAGE, { direction: 'Ingress' });
