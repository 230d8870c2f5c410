/**
 * From what was measured to what is said: one figure for each line of the table, with its ratio, its goal and the verdict. Pure.
 */
import { countOf, isWrite, type RequestCounts } from './exposition.ts';
import { median, quantile, ratioOfQuantiles, type Pair, type Ratio } from './statistics.ts';
import type { Burst } from './burst.ts';
import type { BenchResult, PairOfSessions } from './run.ts';
import type { Session } from './session.ts';

/** `unclear`: missed, but within what noise can do; more pairs or a quieter machine will tell. */
export type GoalVerdict = 'met' | 'missed' | 'unclear' | 'unknown';

export interface Figure {
  readonly section: string;
  readonly name: string;
  readonly unit: string;
  readonly floor?: number | undefined;
  readonly operator?: number | undefined;
  /** Operator to floor. */
  readonly ratio?: Ratio;
  readonly goal?: { readonly text: string; readonly verdict: GoalVerdict };
}

/** Of the issue that this bench was built for. */
export const GOALS = {
  idleP50Ratio: 1.5,
  idleP99Ratio: 2,
  burstRatio: 0.8,
  /** "A few seconds." */
  coldPlannedSeconds: 5,
  coldPeakMegabytes: 200,
  writesPerNamespace: 2,
} as const;

const MB = 1024 * 1024;

export function figuresOf(result: BenchResult): Figure[] {
  return [...idleFigures(result.pairs), ...burstFigures(result.pairs), ...repairFigures(result.pairs), ...coldFigures(result), ...quietFigures(result)];
}

function idleFigures(pairs: readonly PairOfSessions[]): Figure[] {
  const section = 'namespace created → policies seen, idle';
  const figures = quantileFigures(section, 'floor: 2 ms wait', pairs, (session) => session.idleMs);
  const atOnce = pairs.flatMap(({ floor }) => floor.idleAtOnceMs);
  return [
    ...figures.map((figure, index) => ({ ...figure, goal: atMost(figure.ratio, index === 0 ? GOALS.idleP50Ratio : GOALS.idleP99Ratio) })),
    { section, name: 'p50, floor: at once', unit: 'ms', floor: median(atOnce) },
    { section, name: 'p99, floor: at once', unit: 'ms', floor: quantile(atOnce, 0.99) },
  ];
}

/** p50 and p99 of all samples of all pairs. */
function quantileFigures(section: string, note: string, pairs: readonly PairOfSessions[], samples: (session: Session) => readonly number[]): (Figure & { ratio: Ratio })[] {
  const sampled = pairs.map(({ floor, operator }): Pair => ({ floor: samples(floor), subject: samples(operator) }));
  return ([['p50', 0.5], ['p99', 0.99]] as const).map(([name, q]) => ({
    section,
    name: note === '' ? name : `${name}, ${note}`,
    unit: 'ms',
    floor: quantile(sampled.flatMap(({ floor }) => floor), q),
    operator: quantile(sampled.flatMap(({ subject }) => subject), q),
    ratio: ratioOfQuantiles(sampled, q),
  }));
}

function burstFigures(pairs: readonly PairOfSessions[]): Figure[] {
  const section = `burst of ${pairs[0]?.floor.burst.namespaces ?? 0} namespaces`;
  const middle = (name: string, unit: string, of: (burst: Burst) => number): Figure & { ratio: Ratio } => {
    const sampled = pairs.map(({ floor, operator }): Pair => ({ floor: [of(floor.burst)], subject: [of(operator.burst)] }));
    return {
      section, name, unit,
      floor: median(sampled.flatMap(({ floor }) => floor)),
      operator: median(sampled.flatMap(({ subject }) => subject)),
      ratio: ratioOfQuantiles(sampled, 0.5),
    };
  };
  const throughput = middle('namespaces per second', '/s', ({ namespacesPerSecond }) => namespacesPerSecond);
  const cpu = (name: string, of: (cpu: Burst['cpuMs']) => number | undefined): Figure => middle(name, 'ms', (burst) => of(burst.cpuMs) ?? Number.NaN);
  const { ratio: _, ...writes } = middle('policy writes per namespace', '', (burst) => countOf(burst.requests, isPolicyWrite) / burst.namespaces);
  const { ratio: __, ...reads } = middle('reads per namespace', '', (burst) => burst.reads / burst.namespaces);
  const { ratio: ___, ...held } = middle('first writes that came too early', '', ({ requests }) => countOf(requests, isLookup));
  return [
    { ...throughput, goal: atLeast(throughput.ratio, GOALS.burstRatio) },
    middle('last policy after last namespace', 'ms', ({ lagMs }) => lagMs),
    ...quantileFigures(section, 'created → policies seen', pairs, ({ burst }) => burst.latenciesMs),
    cpu('CPU per namespace: client', ({ subject }) => subject),
    cpu('CPU per namespace: API server', ({ apiserver }) => apiserver),
    cpu('CPU per namespace: etcd', ({ etcd }) => etcd),
    cpu('CPU per namespace: all three', ({ subject, apiserver, etcd }) => (subject === undefined || apiserver === undefined || etcd === undefined ? undefined : subject + apiserver + etcd)),
    { ...writes, goal: exactly(totalPerNamespace(pairs, isPolicyWrite), GOALS.writesPerNamespace) },
    { ...reads, goal: exactly(pairs.reduce((sum, { operator }) => sum + operator.burst.reads, 0), 0) },
    held,
  ];
}

const isPolicyWrite = (key: string): boolean => isWrite(key) && / networkpolicies(\/|$)/.test(key);
/** The API server asks itself so when a write comes before its own admission has seen the namespace, after a wait of 50 ms. */
const isLookup = (key: string): boolean => key === 'GET namespaces';

/** Over all bursts of the operator: one lost or needless write in thousands must show. */
function totalPerNamespace(pairs: readonly PairOfSessions[], matches: (key: string) => boolean): number {
  const bursts = pairs.map(({ operator }) => operator.burst);
  const sum = (of: (burst: Burst) => number): number => bursts.reduce((total, burst) => total + of(burst), 0);
  return sum(({ requests }) => countOf(requests, matches)) / sum(({ namespaces }) => namespaces);
}

function repairFigures(pairs: readonly PairOfSessions[]): Figure[] {
  return [
    ...quantileFigures('policy deleted → back', '', pairs, ({ repairs }) => repairs.deletedMs),
    ...quantileFigures('policy opened → closed', '', pairs, ({ repairs }) => repairs.editedMs),
  ];
}

function coldFigures({ coldStarts }: BenchResult): Figure[] {
  const [first] = coldStarts;
  if (first === undefined) return [];
  const section = `cold start, ${first.namespaces} namespaces in place`;
  const middle = (of: (start: (typeof coldStarts)[number]) => number | undefined): number | undefined => known(median(coldStarts.map((start) => of(start) ?? Number.NaN)));
  const worst = (of: (start: (typeof coldStarts)[number]) => number | undefined): number | undefined => known(Math.max(...coldStarts.map((start) => of(start) ?? Number.NaN)));
  const planned = middle(({ plannedMs }) => plannedMs / 1000);
  const peak = worst(({ peakBytes }) => (peakBytes === undefined ? undefined : peakBytes / MB));
  const writes = worst((start) => start.writes);
  return [
    { section, name: 'started → ready', unit: 's', operator: middle(({ readyMs }) => readyMs / 1000) },
    { section, name: 'started → all planned', unit: 's', operator: planned, goal: limit(planned, GOALS.coldPlannedSeconds, 's') },
    { section, name: 'CPU until all planned', unit: 's', operator: middle(({ cpuMs }) => (cpuMs === undefined ? undefined : cpuMs / 1000)) },
    { section, name: 'writes, worst', unit: '', operator: writes, goal: limit(writes, 0, '') },
    { section, name: 'peak memory, worst', unit: 'MB', operator: peak, goal: limit(peak, GOALS.coldPeakMegabytes, 'MB') },
  ];
}

function quietFigures({ idle }: BenchResult): Figure[] {
  if (idle === undefined) return [];
  const section = `${idle.seconds} s in which nothing happens`;
  return [
    { section, name: 'writes, without the Lease', unit: '', operator: idle.writes, goal: limit(idle.writes, 0, '') },
    { section, name: 'reads', unit: '', operator: idle.own.reads, goal: limit(idle.own.reads, 0, '') },
    { section, name: 'CPU, share of one core', unit: '%', operator: known((idle.cpuShare ?? Number.NaN) * 100) },
    { section, name: 'memory', unit: 'MB', operator: known((idle.residentBytes ?? Number.NaN) / MB) },
  ];
}

/** Requests by what they were, most first; for what the table only sums up. */
export function mostRequested(requests: RequestCounts): string {
  return [...requests].sort(([, a], [, b]) => b - a).map(([key, count]) => `${count} ${key}`).join(', ') || 'none';
}

const known = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);

function atMost({ ratio, low }: Ratio, most: number): Figure['goal'] & object {
  return { text: `≤ ${most}x`, verdict: judge(ratio <= most, low > most, ratio) };
}

function atLeast({ ratio, high }: Ratio, least: number): Figure['goal'] & object {
  return { text: `≥ ${least}x`, verdict: judge(ratio >= least, high < least, ratio) };
}

function judge(isMet: boolean, isSurelyMissed: boolean, value: number): GoalVerdict {
  if (Number.isNaN(value)) return 'unknown';
  if (isMet) return 'met';
  return isSurelyMissed ? 'missed' : 'unclear';
}

export function limit(value: number | undefined, most: number, unit: string): Figure['goal'] & object {
  const text = most === 0 ? '0' : `≤ ${most}${unit === '' ? '' : ` ${unit}`}`;
  return { text, verdict: value === undefined ? 'unknown' : value <= most ? 'met' : 'missed' };
}

function exactly(value: number, wanted: number): Figure['goal'] & object {
  return { text: `${wanted}`, verdict: Number.isNaN(value) ? 'unknown' : value === wanted ? 'met' : 'missed' };
}
