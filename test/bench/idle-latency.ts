/**
 * How long a new namespace is without its policies when nothing else happens: one at a time, from the answer to its creation
 * until an independent watch has seen all policies.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createNamespace, type Stage } from './stage.ts';

const TIMEOUT_MS = 30_000;
/** Between two namespaces, 0 to this and 5 more: whatever follows the last one is over, and no rhythm can fit by accident. */
const PAUSE_MS = 5;

/** Milliseconds, in the order of the names. */
export async function measureIdleLatency(stage: Stage, names: readonly string[], random: () => number): Promise<number[]> {
  const latencies: number[] = [];
  for (const name of names) {
    const seen = stage.watch.created(name, stage.policies);
    const answeredMs = await createNamespace(stage, name);
    latencies.push(await stage.patience.within(TIMEOUT_MS, seen, () => `namespace ${name} did not get ${stage.policies.join(' and ')}`) - answeredMs);
    await sleep(PAUSE_MS + PAUSE_MS * random());
  }
  return latencies;
}
