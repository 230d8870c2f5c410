/**
 * How long writes wait for the sake of what became of earlier ones.
 *
 * The backoff of a key is not enough: any event wakes the key at once, also one of a successful write beside it.
 */
import { isAllow } from '../apply/apply-plan.ts';
import { nameOf, type Write } from '../plan/writes.ts';
import { BACKOFF_BASE_MS, backoffMs, SLOW_RETRY_CAP_MS } from './backoff.ts';

/** What is remembered of a write that the API server refused. */
export interface RefusedWrite {
  /** Another content is another question, and is asked at once. */
  readonly content: string;
  /** In a row. */
  readonly times: number;
  /** Not sent again before; monotonic milliseconds. */
  readonly untilMs: number;
}

/** Names of policies, and what is remembered of them; a part of `NamespaceMemory`. */
interface Remembered {
  readonly policies: ReadonlyMap<string, { readonly refused: RefusedWrite | undefined; readonly failsSinceMs: number | undefined }>;
}

/** What a write makes of its policy. */
export function contentOf(write: Write): string {
  if (write.kind === 'Remove') return `remove ${write.live.uid}`;
  const { baseline, spec, description, isolatedFor } = write.policy;
  return [baseline, spec.hash, description, isolatedFor].join(' ');
}

/** Waits for the least that the backoff of the key can be, so that a retry of the key never comes too early. */
export function afterRefusal(before: RefusedWrite | undefined, write: Write, nowMs: number): RefusedWrite {
  const content = contentOf(write);
  const times = before?.content === content ? before.times + 1 : 1;
  return { content, times, untilMs: nowMs + backoffMs(times, { baseMs: BACKOFF_BASE_MS, capMs: SLOW_RETRY_CAP_MS }, 0) };
}

/** Until when a write waits that was refused before; in the past where it need not. */
export function refusedUntilMs(write: Write, { policies }: Remembered): number {
  const refused = policies.get(nameOf(write))?.refused;
  return refused?.content === contentOf(write) ? refused.untilMs : -Infinity;
}

/** Since when the first of these allow policies fails for a passing cause; `undefined` when none does. Holds the deny back for a while. */
export function allowFailsSinceMs(writes: readonly Write[], { policies }: Remembered): number | undefined {
  const times = writes.filter(isAllow).map((write) => policies.get(nameOf(write))?.failsSinceMs).filter((atMs) => atMs !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}
