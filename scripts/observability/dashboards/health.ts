/** Whether the operator itself is well: leader, work, requests, watches, process. Names of controller-runtime where there are any. */
import { COUNTERS, HISTOGRAMS, PROCESS_GAUGES, STATE_GAUGES } from '../../../src/observe/metric-catalog.ts';
import { PROCESS } from '../process-metrics.ts';
import { CLUSTER_QUERIES, dashboard, INSTANCE_QUERIES as q } from './frame.ts';
import { NEUTRAL, stat, table, timeseries, type Colours } from './panels.ts';

const STAT = { span: 6, height: 5 } as const;
const HALF = { span: 12, height: 8 } as const;
const RANGE = '$__rate_interval';
const ONE_IS_GOOD: Colours = [{ from: null, color: 'red' }, { from: 1, color: 'green' }, { from: 2, color: 'red' }];

export const healthDashboard = dashboard({
  uid: 'npb-health', title: 'Operator health', perInstance: true,
  description: 'Whether the operator itself is well: who leads, how its queues and reconciles do, what the API server answers, and what the process uses.',
  sections: [
    { title: 'At a glance', panels: [
      stat({ ...STAT, title: 'Leaders', unit: 'short', colours: ONE_IS_GOOD,
        description: 'One in each cluster. Without a leader nothing is written, and the state of the cluster is not exported.',
        queries: [{ expr: CLUSTER_QUERIES.sum(PROCESS_GAUGES.leading, ['cluster']), legend: '{{cluster}}' }] }),
      stat({ ...STAT, title: 'Replicas', unit: 'short', colours: NEUTRAL,
        description: 'Replicas that Prometheus can scrape, by version.',
        queries: [{ expr: CLUSTER_QUERIES.sum(PROCESS_GAUGES.buildInfo, ['cluster', 'version']), legend: '{{cluster}} {{version}}' }] }),
      stat({ ...STAT, title: 'Since the last full scan', unit: 's', colours: NEUTRAL,
        description: 'How long ago every namespace was last compared with its plan, beside what events cause.',
        queries: [{ expr: `time() - ${CLUSTER_QUERIES.max(STATE_GAUGES.lastFullScan, ['cluster'])}`, legend: '{{cluster}}' }] }),
      stat({ ...STAT, title: 'Events not sent', unit: 'short', colours: NEUTRAL,
        description: 'Warnings that were left out because of the rate limit or an error, in the range that is shown.',
        queries: [{ expr: q.increase(COUNTERS.eventsDropped, ['cluster'], '$__range'), legend: '{{cluster}}' }] }),
    ] },
    { title: 'Reconciles', panels: [
      timeseries({ ...HALF, title: 'Reconciles, by result', unit: 'reqps',
        description: 'Runs of keys per second by how they ended. In steady state there are hardly any.',
        queries: [{ expr: q.rate(COUNTERS.reconciles, ['controller', 'result'], RANGE), legend: '{{controller}} {{result}}' }] }),
      timeseries({ ...HALF, title: 'Errors', unit: 'reqps',
        description: 'Every run that failed is retried. Terminal: somebody must change something first. Panic: an error of the program.',
        queries: [
          { expr: q.rate(COUNTERS.reconcileErrors, ['controller'], RANGE), legend: '{{controller}} failed' },
          { expr: q.rate(COUNTERS.terminalErrors, ['controller'], RANGE), legend: '{{controller}} terminal' },
          { expr: q.rate(COUNTERS.panics, ['controller'], RANGE), legend: '{{controller}} panic' },
          { expr: q.rate(COUNTERS.timeouts, ['controller'], RANGE), legend: '{{controller}} timeout' },
        ] }),
      timeseries({ ...HALF, title: 'Duration', unit: 's', description: 'Time that a run took.',
        queries: [0.5, 0.99].map((quantile) => ({ expr: q.quantile(quantile, HISTOGRAMS.reconcileTime, ['controller'], RANGE), legend: `{{controller}} p${quantile * 100}` })) }),
      timeseries({ ...HALF, title: 'Workers', unit: 'short', description: 'Keys that run now, and how many may at the same time.',
        queries: [
          { expr: q.sum(PROCESS_GAUGES.activeWorkers, ['controller', 'instance']), legend: '{{controller}} {{instance}} active' },
          { expr: q.max(PROCESS_GAUGES.maxConcurrentReconciles, ['controller']), legend: '{{controller}} at most' },
        ] }),
    ] },
    { title: 'Queues', panels: [
      timeseries({ ...HALF, title: 'Depth', unit: 'short', description: 'Keys that are ready and wait for a worker.',
        queries: [{ expr: q.sum(PROCESS_GAUGES.queueDepth, ['name', 'instance']), legend: '{{name}} {{instance}}' }] }),
      timeseries({ ...HALF, title: 'Added and retried', unit: 'reqps', description: 'Keys that became ready, and keys that failed and come again, per second.',
        queries: [
          { expr: q.rate(COUNTERS.queueAdds, ['name'], RANGE), legend: '{{name}} added' },
          { expr: q.rate(COUNTERS.queueRetries, ['name'], RANGE), legend: '{{name}} retried' },
        ] }),
      timeseries({ ...HALF, title: 'Waiting and working', unit: 's', description: 'How long ready keys wait for a worker, and how long the work takes, 99 of 100.',
        queries: [
          { expr: q.quantile(0.99, HISTOGRAMS.queueDuration, ['name'], RANGE), legend: '{{name}} waiting' },
          { expr: q.quantile(0.99, HISTOGRAMS.workDuration, ['name'], RANGE), legend: '{{name}} working' },
        ] }),
      timeseries({ ...HALF, title: 'Work under way', unit: 's', description: 'Growing means that a worker is stuck.',
        queries: [
          { expr: q.sum(PROCESS_GAUGES.unfinishedWork, ['name']), legend: '{{name}} all together' },
          { expr: q.max(PROCESS_GAUGES.longestRunning, ['name']), legend: '{{name}} the oldest' },
        ] }),
    ] },
    { title: 'Isolation', panels: [
      timeseries({ ...HALF, title: 'Behind by', unit: 's', description: 'For how long the oldest change of a pod, policy or namespace has waited to be evaluated. Above 60 s isolation is unknown until all are. Empty where isolation is not evaluated.',
        queries: [{ expr: CLUSTER_QUERIES.max(STATE_GAUGES.isolationLag, ['cluster']), legend: '{{cluster}}' }] }),
      timeseries({ ...HALF, title: 'Changes that wait', unit: 'short', description: 'Changes of pods, policies and namespaces that are not evaluated yet. Empty where isolation is not evaluated.',
        queries: [{ expr: CLUSTER_QUERIES.sum(STATE_GAUGES.isolationBacklog, ['cluster']), legend: '{{cluster}}' }] }),
    ] },
    { title: 'API server', panels: [
      timeseries({ ...HALF, title: 'Requests, by answer', unit: 'reqps', description: 'Requests to the API server per second; <error> had no answer.',
        queries: [{ expr: q.rate(COUNTERS.requests, ['method', 'code'], RANGE), legend: '{{method}} {{code}}' }] }),
      timeseries({ ...HALF, title: 'Request duration', unit: 's', description: 'Time until the API server had answered, 99 of 100; watches not counted.',
        queries: [{ expr: q.quantile(0.99, HISTOGRAMS.requestDuration, ['verb'], RANGE), legend: '{{verb}}' }] }),
      timeseries({ ...HALF, title: 'Requests sent again', unit: 'reqps', description: 'After an answer or an error that lets one try again. No series is none.',
        queries: [{ expr: q.rate(COUNTERS.requestRetries, ['verb', 'code'], RANGE), legend: '{{verb}} {{code}}' }] }),
      timeseries({ ...HALF, title: 'Watches and lists', unit: 'short', description: 'Watches that ended with an error, and complete lists taken.',
        queries: [
          { expr: q.increase(COUNTERS.watchRestarts, ['resource', 'reason'], RANGE), legend: '{{resource}} watch {{reason}}' },
          { expr: q.increase(COUNTERS.relists, ['resource'], RANGE), legend: '{{resource}} listed' },
        ] }),
    ] },
    { title: 'Process', panels: [
      timeseries({ ...HALF, title: 'CPU', unit: 'short', description: 'Cores in use.',
        queries: [{ expr: q.rate(PROCESS.cpu, ['instance'], RANGE), legend: '{{instance}}' }] }),
      timeseries({ ...HALF, title: 'Memory', unit: 'bytes', description: 'Resident memory, and the heap of JavaScript within it.',
        queries: [
          { expr: q.sum(PROCESS.memory, ['instance']), legend: '{{instance}} resident' },
          { expr: q.sum(PROCESS.heap, ['instance']), legend: '{{instance}} heap' },
        ] }),
      timeseries({ ...HALF, title: 'Event loop lag', unit: 's', description: 'How late the event loop was, 99 of 100. Seconds here mean that the process gets too little CPU.',
        queries: [{ expr: q.max(PROCESS.eventLoopLag, ['instance']), legend: '{{instance}}' }] }),
      table({ ...HALF, title: 'Builds', unit: 's', empty: 'No replica', description: 'Which version runs where, and for how long.',
        columns: { cluster: 'Cluster', instance: 'Instance', version: 'Version', revision: 'Revision', node_version: 'Node.js', 'Value #B': 'Up for' }, units: { 'Up for': 's' },
        queries: [
          { expr: q.max(PROCESS_GAUGES.buildInfo, ['cluster', 'instance', 'version', 'revision', 'node_version']) },
          { expr: `time() - ${q.max(PROCESS.started, ['cluster', 'instance'])}` },
        ] }),
    ] },
  ],
});
