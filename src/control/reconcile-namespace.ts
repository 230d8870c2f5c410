/** Brings one namespace to its plan. The present view decides, never the event that woke it. */
import { applyPlan, DENY_HELD_BACK_MS, type Result } from '../apply/apply-plan.ts';
import type { Performed } from '../apply/perform.ts';
import { repairAtMs } from '../plan/contention.ts';
import { permittedPart } from '../plan/part.ts';
import { planNamespace, type NamespacePlan } from '../plan/plan.ts';
import type { NamespaceView } from '../plan/view.ts';
import { nameOf, type Write } from '../plan/writes.ts';
import { LONGEST_REQUEUE_MS, type Outcome } from './controller.ts';
import { nextCalmMs, type NamespaceMemories, type NamespaceMemory } from './namespace-memory.ts';
import { isRepair, isRewrite } from './record-write.ts';
import type { RemovalGate } from './removal-gate.ts';
import { allowFailsSinceMs, refusedUntilMs } from './write-patience.ts';

export interface NamespaceParts {
  view(name: string): NamespaceView | undefined;
  readonly memories: NamespaceMemories;
  readonly gate: Pick<RemovalGate, 'permits'>;
  /** Drops what is remembered of a namespace that is gone. */
  forget(name: string): void;
  planned(view: NamespaceView, plan: NamespacePlan, memory: NamespaceMemory): void;
  written(namespace: string, memory: NamespaceMemory, write: Write, result: Result): void;
  perform(namespace: string, write: Write, signal: AbortSignal): Promise<Performed>;
  /** A namespace was brought to a newer version of the cluster view, or tried. */
  caughtUp(): void;
  /** Asks for another run after `delayMs`, besides what the queue does by itself. */
  again(namespace: string, delayMs: number): void;
  now(): number;
  wallMs(): number;
}

export async function reconcileNamespace(name: string, parts: NamespaceParts, signal: AbortSignal): Promise<Outcome> {
  const view = parts.view(name);
  if (view === undefined) {
    parts.forget(name);
    return { gone: true };
  }
  const memory = parts.memories.of(name, view.namespace.uid);
  const plan = planNamespace(view);
  parts.planned(view, plan, memory);
  try {
    if (plan.writes.length > 0) {
      await carryOut({ view, plan, memory, parts }, signal);
      lookBack(name, memory, parts);
    }
  } catch (error) {
    // After a failure the wait may be minutes; an exemption ends when its time comes.
    if (plan.changesAtMs !== undefined) parts.again(name, Math.min(Math.max(0, plan.changesAtMs - parts.wallMs()), LONGEST_REQUEUE_MS));
    throw error;
  } finally {
    const calmMs = nextCalmMs(memory, parts.now());
    if (calmMs !== undefined) parts.again(name, calmMs - parts.now());
  }
  noteTried(view, memory, parts);
  const failing = plan.writes.some((write) => refusedUntilMs(write, memory) > parts.now());
  return { failing, ...(plan.changesAtMs === undefined ? {} : { requeueAtMs: plan.changesAtMs }) };
}

/** What was written is in the store already: whoever hears that this namespace has caught up finds it so. */
function lookBack(name: string, memory: NamespaceMemory, parts: NamespaceParts): void {
  const view = parts.view(name);
  if (view !== undefined && view.namespace.uid === memory.uid) parts.planned(view, planNamespace(view), memory);
}

interface Run { readonly view: NamespaceView; readonly plan: NamespacePlan; readonly memory: NamespaceMemory; readonly parts: NamespaceParts }

async function carryOut({ view, plan, memory, parts }: Run, signal: AbortSignal): Promise<void> {
  const namespace = plan.namespace;
  try {
    await applyPlan(plan.writes, {
      perform: (write, abort) => parts.perform(namespace, write, abort),
      permitted: (write) => permittedPart(write, (loss) => parts.gate.permits(namespace, [loss])),
      notBeforeMs: (write) => notBeforeMs(write, { view, memory }, parts.now()),
      allowFailsForMs: () => parts.now() - (allowFailsSinceMs(plan.writes, memory) ?? parts.now()),
      now: () => parts.now(),
      lookAgain: (atMs) => parts.again(namespace, Math.max(0, atMs - parts.now())),
      onResult: (write, result) => parts.written(namespace, memory, write, result),
    }, signal);
  } catch (error) {
    noteTried(view, memory, parts);
    parts.planned(view, plan, memory);
    const heldBackMs = (allowFailsSinceMs(plan.writes, memory) ?? -Infinity) + DENY_HELD_BACK_MS - parts.now();
    if (heldBackMs > 0) parts.again(namespace, heldBackMs); // past it, the backoff of the failure alone decides
    throw error;
  }
}

/** Also what failed was tried: the status says what became of it. */
function noteTried({ cluster }: NamespaceView, memory: NamespaceMemory, parts: NamespaceParts): void {
  if (memory.appliedVersion === cluster.version) return;
  memory.appliedVersion = cluster.version;
  parts.caughtUp();
}

/**
 * Repairs wait while somebody fights them; every write waits while its answers are not what was sent, and what was
 * refused waits longer each time, except that a change of a baseline is worth a try.
 */
function notBeforeMs(write: Write, { view, memory }: Pick<Run, 'view' | 'memory'>, nowMs: number): number {
  const history = memory.policies.get(nameOf(write))?.history;
  if (history === undefined) return nowMs;
  const patienceMs = memory.appliedVersion === view.cluster.version ? refusedUntilMs(write, memory) : nowMs;
  const calmMs = isRepair(write) || isRewrite(write, memory) ? repairAtMs(history, mayBeOpen(write), nowMs) : history.pausedUntilMs;
  return Math.max(nowMs, patienceMs, calmMs);
}

/** Missing, or with another spec: whether it is more open would take an evaluator, so it counts as open. */
function mayBeOpen(write: Write): boolean {
  return write.kind === 'Create' || (write.kind === 'Update' && write.differences.some(({ field }) => field.startsWith('spec')));
}
