/**
 * The registry of metrics over prom-client, which is imported only here.
 *
 * Promises: a registry per instance; what is in metric-catalog.ts and nothing else, beside the process metrics
 * of Node; gauges are computed at scrape time and never outlive their object; only counters and histograms are
 * pushed, and they start at 0.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  COUNTERS, HISTOGRAMS, PROCESS_GAUGES, STATE_GAUGES,
  type MetricDefinition, type StateRow, type StateRows, type StateSource,
} from './metric-catalog.ts';

export interface MetricsOptions {
  readonly version: string;
  readonly revision: string;
  /** CPU, memory and event loop of this process; off where many instances live in one process. */
  readonly processMetrics: boolean;
}

/** State at the moment of a scrape. */
export interface MetricSources {
  readonly leading: () => boolean;
  readonly state: StateSource;
  readonly queues: () => readonly QueueRow[];
  readonly watches: () => readonly WatchRow[];
}
const NO_SOURCES: MetricSources = { leading: () => false, state: () => ({}), queues: () => [], watches: () => [] };

/** One controller and its queue. Times in milliseconds. */
export interface QueueRow {
  readonly controller: string;
  readonly concurrency: number;
  readonly depth: number;
  readonly running: number;
  readonly unfinishedMs: number;
  readonly longestRunningMs: number;
}

/** Counted since the start of the process. */
export interface WatchRow {
  readonly resource: string;
  readonly lists: number;
  readonly failures: number;
  /** Of the failures, those with a frame that was none. */
  readonly malformed: number;
}

/** Fits the observer of a controller and of its queue. */
export interface ControllerRecorder {
  added(): void;
  retried(): void;
  started(waitedMs: number): void;
  finished(workedMs: number): void;
  reconciled(result: string, durationMs: number): void;
  troubled(kind: 'terminal' | 'panic' | 'timeout'): void;
}

/** A request that ended; `code` is absent when there was no answer. */
export interface RequestFacts {
  readonly method: string;
  readonly host: string;
  readonly code: number | undefined;
  /** Absent for a watch: it counts, and does not take long or short. */
  readonly durationMs: number | undefined;
}

/** Each is a function of its own: it can be handed on without the registry. */
export interface Metrics {
  /** What is not connected is exported as if there was none. */
  readonly connect: (sources: Partial<MetricSources>) => void;
  /** The text format, with the content type that belongs to it. */
  readonly render: () => Promise<string>;
  readonly contentType: string;
  readonly controller: (name: string) => ControllerRecorder;
  /** All there are now: their series exist from now on, at 0, and those of others no longer. */
  readonly templatesKnown: (templates: Iterable<string>) => void;
  readonly driftDetected: (template: string, change: 'modified' | 'deleted') => void;
  readonly driftRepaired: (template: string, change: 'modified' | 'deleted', durationMs: number) => void;
  readonly policyWritten: (action: string, result: string) => void;
  readonly timeToProtect: (seconds: number) => void;
  readonly effectiveDrift: (direction: string, change: string, cause: string) => void;
  readonly eventDropped: () => void;
  readonly requested: (request: RequestFacts) => void;
  readonly requestRetried: (request: Pick<RequestFacts, 'method' | 'host' | 'code'>) => void;
}

const LEADER_ELECTION_NAME = 'namespace-policy-baseline';
/** `promtool check metrics` refuses them: gauges that end in `_total`. */
const ILL_NAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const state = mapValues(STATE_GAUGES, (definition) => gauge(definition, registry));
  const counters = mapValues(COUNTERS, (definition) => counter(definition, registry));
  const histograms = mapValues(HISTOGRAMS, (definition) => histogram(definition, registry));
  const gauges = mapValues(PROCESS_GAUGES, (definition) => gauge(definition, registry));
  let sources = NO_SOURCES;
  let known: ReadonlySet<string> = new Set();
  if (options.processMetrics) {
    collectDefaultMetrics({ register: registry });
    for (const name of ILL_NAMED) registry.removeSingleMetric(name);
  }
  gauges.buildInfo.set({ version: options.version, revision: options.revision, node_version: process.version }, 1);

  function collect(): void {
    const leading = sources.leading();
    gauges.leading.set({ name: LEADER_ELECTION_NAME }, leading ? 1 : 0);
    setState(state, leading ? sources.state() : {});
    for (const row of sources.queues()) setQueue(gauges, row);
    counters.watchRestarts.reset();
    counters.relists.reset();
    for (const row of sources.watches()) setWatch(counters, row);
  }

  return {
    connect: (more) => void (sources = { ...sources, ...more }),
    async render() {
      collect();
      return registry.metrics();
    },
    contentType: registry.contentType,
    controller: (name) => recorder(name, counters, histograms),
    templatesKnown(templates) {
      const now = new Set(templates);
      const each = (names: Iterable<string>, act: (counter: Counter, labels: { template: string; change: string }) => void): void => {
        for (const template of names) {
          for (const change of COUNTERS.driftDetected.known?.change ?? []) {
            for (const made of [counters.driftDetected, counters.driftRepaired]) act(made, { template, change });
          }
        }
      };
      each([...known].filter((name) => !now.has(name)), (made, labels) => made.remove(labels));
      each(now, (made, labels) => made.inc(labels, 0));
      known = now;
    },
    driftDetected: (template, change) => counters.driftDetected.inc({ template, change }),
    driftRepaired(template, change, durationMs) {
      counters.driftRepaired.inc({ template, change });
      histograms.driftRepair.observe(durationMs / 1000);
    },
    policyWritten: (action, result) => counters.policyWrites.inc({ action, result }),
    timeToProtect: (seconds) => histograms.timeToProtect.observe(seconds),
    effectiveDrift: (direction, change, cause) => counters.effectiveDrift.inc({ direction, change, cause }),
    eventDropped: () => counters.eventsDropped.inc(),
    requested({ method, host, code, durationMs }) {
      counters.requests.inc({ code: codeLabel(code), method, host });
      if (durationMs !== undefined) histograms.requestDuration.observe({ verb: method, host }, durationMs / 1000);
    },
    requestRetried: ({ method, host, code }) => counters.requestRetries.inc({ code: codeLabel(code), verb: method, host }),
  };
}

const codeLabel = (code: number | undefined): string => (code === undefined ? '<error>' : String(code));

type Made<D extends Record<string, MetricDefinition>, Kind> = { readonly [Name in keyof D]: Kind };
type AnyLabels = Gauge | Counter | Histogram;

function mapValues<D extends Record<string, MetricDefinition>, Kind extends AnyLabels>(definitions: D, make: (definition: MetricDefinition) => Kind): Made<D, Kind> {
  return Object.fromEntries(Object.entries(definitions).map(([name, definition]) => [name, make(definition)])) as Made<D, Kind>;
}

const configuration = ({ name, help, labels }: MetricDefinition, registry: Registry) =>
  ({ name, help, labelNames: [...labels], registers: [registry] });

const gauge = (definition: MetricDefinition, registry: Registry): Gauge => new Gauge(configuration(definition, registry));

const histogram = (definition: MetricDefinition, registry: Registry): Histogram =>
  new Histogram({ ...configuration(definition, registry), buckets: [...definition.buckets ?? []] });

function counter(definition: MetricDefinition, registry: Registry): Counter {
  const made = new Counter(configuration(definition, registry));
  for (const labels of knownCombinations(definition)) made.inc(labels, 0);
  return made;
}

/** Every combination of the known label values, where those of all labels are known. */
function knownCombinations({ labels, known = {} }: MetricDefinition): Record<string, string>[] {
  let combinations: Record<string, string>[] = [{}];
  for (const label of labels) {
    combinations = combinations.flatMap((labelled) => (known[label] ?? []).map((value) => ({ ...labelled, [label]: value })));
  }
  return combinations;
}

/** Series that are not in the rows vanish. */
function setState(gauges: Made<typeof STATE_GAUGES, Gauge>, rows: StateRows): void {
  for (const name of Object.keys(STATE_GAUGES) as (keyof StateRows)[]) {
    gauges[name].reset();
    if (STATE_GAUGES[name].labels.length === 0) gauges[name].remove(); // reset leaves a 0 behind there
    fill(gauges[name], STATE_GAUGES[name], rows[name] ?? []);
  }
  const cut = (rows.namespaceAttention?.length ?? 0) - (STATE_GAUGES.namespaceAttention.limit ?? Infinity);
  if (cut > 0) gauges.namespaceAttentionDropped.inc(cut);
}

function fill(target: Gauge, { limit = Infinity }: MetricDefinition, rows: readonly StateRow<string>[]): void {
  for (const { labels, value } of rows.slice(0, limit)) target.set(labels, value);
}

function setQueue(gauges: Made<typeof PROCESS_GAUGES, Gauge>, row: QueueRow): void {
  const { controller } = row;
  const labels = { name: controller, controller };
  gauges.maxConcurrentReconciles.set({ controller }, row.concurrency);
  gauges.activeWorkers.set({ controller }, row.running);
  gauges.queueDepth.set(labels, row.depth);
  gauges.unfinishedWork.set(labels, row.unfinishedMs / 1000);
  gauges.longestRunning.set(labels, row.longestRunningMs / 1000);
}

function setWatch(counters: Made<typeof COUNTERS, Counter>, { resource, lists, failures, malformed }: WatchRow): void {
  counters.watchRestarts.inc({ resource, reason: 'failed' }, failures - malformed);
  counters.watchRestarts.inc({ resource, reason: 'malformed' }, malformed);
  counters.relists.inc({ resource }, lists);
}

/** Its series exist from here on. */
function recorder(controller: string, counters: Made<typeof COUNTERS, Counter>, histograms: Made<typeof HISTOGRAMS, Histogram>): ControllerRecorder {
  const labels = { name: controller, controller };
  const { reconcileErrors, terminalErrors, panics, timeouts, queueAdds, queueRetries } = counters;
  for (const each of [reconcileErrors, terminalErrors, panics, timeouts]) each.inc({ controller }, 0);
  for (const each of [queueAdds, queueRetries]) each.inc(labels, 0);
  for (const result of COUNTERS.reconciles.known?.result ?? []) counters.reconciles.inc({ controller, result }, 0);
  const troubles = { terminal: terminalErrors, panic: panics, timeout: timeouts };
  return {
    added: () => queueAdds.inc(labels),
    retried: () => queueRetries.inc(labels),
    started: (waitedMs) => histograms.queueDuration.observe(labels, waitedMs / 1000),
    finished: (workedMs) => histograms.workDuration.observe(labels, workedMs / 1000),
    reconciled(result, durationMs) {
      counters.reconciles.inc({ controller, result });
      if (result === 'error') reconcileErrors.inc({ controller });
      histograms.reconcileTime.observe({ controller }, durationMs / 1000);
    },
    troubled: (kind) => troubles[kind].inc({ controller }),
  };
}
