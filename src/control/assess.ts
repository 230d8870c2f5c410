/**
 * Plans every namespace for what it would lose, before anything may be opened.
 *
 * Yields to the event loop, so that new namespaces are not kept waiting, and starts over when the
 * world changes meanwhile.
 */
import { planNamespace } from '../plan/plan.ts';
import type { NamespaceView } from '../plan/view.ts';
import type { Clock } from './clock.ts';
import type { RemovalGate } from './removal-gate.ts';

export interface AssessParts {
  names(): Iterable<string>;
  view(name: string): NamespaceView | undefined;
  /** Grows whenever planning can come out differently everywhere. */
  version(): number;
  readonly gate: Pick<RemovalGate, 'note' | 'forget' | 'assessed'>;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
}

/** Longest stretch without a turn of the event loop. */
const SLICE_MS = 5;

/** Returns the namespaces whose removals may go on. */
export async function assessRemovals(parts: AssessParts, signal: AbortSignal): Promise<readonly string[]> {
  for (;;) {
    const version = parts.version();
    await noteAll(parts, version, signal);
    if (version === parts.version()) return parts.gate.assessed();
  }
}

async function noteAll(parts: AssessParts, version: number, signal: AbortSignal): Promise<void> {
  let sliceEndsMs = parts.clock.now() + SLICE_MS;
  const names = Array.from(parts.names()); // as they are now: the store changes while this yields
  for (const name of names) {
    if (parts.clock.now() >= sliceEndsMs) {
      await parts.clock.sleep(0, signal);
      if (version !== parts.version()) return;
      sliceEndsMs = parts.clock.now() + SLICE_MS;
    }
    const view = parts.view(name);
    if (view === undefined) parts.gate.forget(name);
    else noteOne(name, view, parts);
  }
}

function noteOne(name: string, view: NamespaceView, { gate }: AssessParts): void {
  const { losses, isolated } = planNamespace(view);
  gate.note(name, losses, isolated);
}
