/**
 * What prom-client measures of the process, as far as the dashboards use it. Not in our catalog, since it is not
 * ours; a test against the running operator sees that it is there.
 */
import type { MetricDefinition } from '../../src/observe/metric-catalog.ts';

const measured = (name: string, help: string): MetricDefinition<never> => ({ name, help, labels: [] });

export const PROCESS = {
  cpu: measured('process_cpu_seconds_total', 'CPU time.'),
  memory: measured('process_resident_memory_bytes', 'Memory that is resident.'),
  heap: measured('nodejs_heap_size_used_bytes', 'Heap of JavaScript in use.'),
  eventLoopLag: measured('nodejs_eventloop_lag_p99_seconds', 'How late the event loop was, 99 of 100.'),
  started: measured('process_start_time_seconds', 'When it started, in seconds since the epoch.'),
} as const;
