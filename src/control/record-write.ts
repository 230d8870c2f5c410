/**
 * Takes down what became of each write: one structured line, counters, an event where somebody must act, and
 * what the next run has to remember.
 */
import type { Result } from '../apply/apply-plan.ts';
import { describeDifferences } from '../plan/drift.ts';
import { afterMatch, afterMismatch, afterRepair, isContended } from '../plan/contention.ts';
import { describeRefusal, type RefusalReason } from '../plan/verdict.ts';
import { nameOf, type Write } from '../plan/writes.ts';
import { withoutNumbers } from '../api/text.ts';
import { dispositionOn, mayHaveBeenDone, type KubeError } from '../kube/errors.ts';
import type { Logger } from '../observe/logger.ts';
import { kindOfFailure, type LineBudget } from './line-budget.ts';
import { policyMemory, type NamespaceMemory, type Refusal } from './namespace-memory.ts';
import type { DriftChange } from './record-plan.ts';
import type { RemovalGate } from './removal-gate.ts';
import { afterRefusal, contentOf } from './write-patience.ts';

export type WriteAction = 'create' | 'update' | 'remove';
export type WriteResult = 'done' | 'refused' | 'failed' | 'mismatched';

export interface WriteRecorderParts {
  readonly log: Logger;
  /** For lines about refusals: one webhook that is away concerns every namespace. */
  readonly refusalLines: Pick<LineBudget, 'take'>;
  readonly gate: Pick<RemovalGate, 'removed' | 'tried'>;
  now(): number;
  /** Short, and different for each write of this process. */
  newChangeId(): string;
  generationOf(baseline: string): number | undefined;
  onWrite(action: WriteAction, result: WriteResult): void;
  onRepaired(policy: string, change: DriftChange, durationMs: number): void;
  warn(warning: PolicyWarning): void;
}

/** Something that a person should know of one policy. */
export interface PolicyWarning {
  readonly reason: 'PolicyRefused' | 'Contended' | 'ResponseMismatch';
  readonly namespace: string;
  readonly policy: string;
  readonly baseline: string;
  readonly message: string;
}

export interface WrittenIn { readonly namespace: string; readonly memory: NamespaceMemory }

const ACTIONS: Record<Write['kind'], WriteAction> = { Create: 'create', Update: 'update', Remove: 'remove' };

export function recordWrite({ namespace, memory }: WrittenIn, write: Write, result: Result, parts: WriteRecorderParts): void {
  const written: Written = { namespace, memory, write, name: nameOf(write), baseline: baselineOf(write), parts };
  if (write.opens.length > 0 && result.kind === 'Done') parts.gate.removed(namespace, write.opens);
  if (write.opens.length > 0 && isInDoubt(result)) parts.gate.tried(namespace, write.opens);
  switch (result.kind) {
    case 'Done': return done(written);
    case 'Mismatched': return mismatched(written, result);
    case 'Refused': return refused(written, result.error);
    case 'Failed': return failed(written, result.error);
    case 'Held':
    case 'Waiting':
    case 'Postponed': return;
  }
}

function isInDoubt(result: Result): boolean {
  return result.kind === 'Mismatched' || (result.kind === 'Failed' && mayHaveBeenDone(result.error));
}

interface Written {
  readonly namespace: string; readonly memory: NamespaceMemory; readonly write: Write;
  readonly name: string; readonly baseline: string; readonly parts: WriteRecorderParts;
}

function done(written: Written): void {
  const { memory, name, write, parts } = written;
  parts.log.info('policy written', fields(written));
  parts.onWrite(ACTIONS[write.kind], 'done');
  const remembered = memory.policies.get(name);
  if (remembered !== undefined) {
    remembered.refusal = undefined;
    remembered.refused = undefined;
    remembered.failsSinceMs = undefined;
    remembered.history = afterMatch(remembered.history);
  }
  if (isRepair(write)) repaired(written);
  else if (write.kind === 'Update') rewritten(written, write);
}

/** An update that was made before, in the same words: somebody undoes it, though not in a way that counts as drift. */
function rewritten(written: Written, write: Extract<Write, { kind: 'Update' }>): void {
  const remembered = policyMemory(written.memory, written.name);
  if (isRewrite(write, written.memory)) countRepair(written);
  remembered.written = { content: contentOf(write), atMs: written.parts.now() };
}

/** Whether this very content was written here before. */
export function isRewrite(write: Write, memory: NamespaceMemory): boolean {
  return write.kind === 'Update' && memory.policies.get(write.policy.name)?.written?.content === contentOf(write);
}

function repaired(written: Written): void {
  const { memory, name, write, parts } = written;
  const remembered = policyMemory(memory, name);
  countRepair(written);
  if (remembered.driftSinceMs === undefined) return;
  parts.onRepaired(name, write.cause === 'Deleted' ? 'deleted' : 'modified', parts.now() - remembered.driftSinceMs);
  remembered.driftSinceMs = undefined;
}

function countRepair({ namespace, memory, name, baseline, parts }: Written): void {
  const remembered = policyMemory(memory, name);
  const nowMs = parts.now();
  const wasContended = isContended(remembered.history, nowMs);
  remembered.history = afterRepair(remembered.history, nowMs);
  if (wasContended || !isContended(remembered.history, nowMs)) return;
  parts.warn({ reason: 'Contended', namespace, policy: name, baseline, message: `somebody undoes every repair of ${name}; find the other writer in metadata.managedFields (kubectl get netpol -n ${namespace} ${name} -o yaml --show-managed-fields)` });
}

function mismatched(written: Written, result: Extract<Result, { kind: 'Mismatched' }>): void {
  const { namespace, memory, name, baseline, write, parts } = written;
  const differences = describeDifferences(result.differences);
  const remembered = policyMemory(memory, name);
  const nowMs = parts.now();
  remembered.driftCounted = result.resourceVersion; // the next plan finds it modified, and nobody has touched it since
  remembered.history = afterMismatch(isRepair(write) ? afterRepair(remembered.history, nowMs) : remembered.history, nowMs);
  parts.onWrite(ACTIONS[write.kind], 'mismatched');
  parts.log.warn('policy was changed on the way in', { ...fields(written), response: differences });
  if (isContended(remembered.history, nowMs)) {
    parts.warn({ reason: 'ResponseMismatch', namespace, policy: name, baseline, message: `${name} is not stored as it is sent (${differences}); look for a mutating webhook or admission policy` });
  }
}

function refused(written: Written, error: KubeError): void {
  const { memory, name, write, parts } = written;
  parts.onWrite(ACTIONS[write.kind], 'refused');
  const remembered = policyMemory(memory, name);
  remembered.refused = afterRefusal(remembered.refused, write, parts.now());
  sayRefused(written, refusalReason(error), error);
}

/**
 * Once for each way of being refused. What was said first stays, in the status as well: the same refusal has other ports,
 * times and ids in its text with every attempt. Only after a change of the baseline do its numbers mean something.
 */
function sayRefused(written: Written, reason: RefusalReason, error: unknown): void {
  const { namespace, memory, name, baseline, parts } = written;
  const remembered = policyMemory(memory, name);
  const refusal: Refusal = { reason, message: error instanceof Error ? error.message : String(error), generation: parts.generationOf(baseline) };
  if (remembered.refusal !== undefined && isAlike(remembered.refusal, refusal)) return;
  remembered.refusal = refusal;
  if (parts.refusalLines.take(kindOfFailure(error), parts.now())) parts.log.warn('policy refused', { ...fields(written), reason, error: refusal.message });
  parts.warn({ reason: 'PolicyRefused', namespace, policy: name, baseline, message: describeRefusal(name, refusal) });
}

function isAlike(a: Refusal, b: Refusal): boolean {
  return a.reason === b.reason && a.generation === b.generation && withoutNumbers(a.message) === withoutNumbers(b.message);
}

/** What fails for this long is not just interrupted. */
export const TRANSIENT_MS = 5_000;

/** A failure that does not pass is told like a refusal: the namespace is not just slow. */
function failed(written: Written, error: unknown): void {
  const { memory, name, write, parts } = written;
  parts.onWrite(ACTIONS[write.kind], 'failed');
  if (dispositionOn(error) !== 'retry') return; // gone, or to be planned again
  const remembered = policyMemory(memory, name);
  remembered.failsSinceMs ??= parts.now();
  if (parts.now() - remembered.failsSinceMs >= TRANSIENT_MS) sayRefused(written, 'Unavailable', error);
}

function refusalReason({ kind }: KubeError): RefusalReason {
  return kind === 'Forbidden' || kind === 'QuotaExceeded' || kind === 'AdmissionDenied' ? kind : 'Invalid';
}

export function isRepair(write: Write): boolean {
  return (write.kind === 'Create' && write.cause === 'Deleted') || (write.kind === 'Update' && write.cause === 'Modified');
}

function baselineOf(write: Write): string {
  return write.kind === 'Remove' ? write.baseline : write.policy.baseline;
}

function fields({ namespace, name, baseline, write, parts }: Written): Record<string, unknown> {
  return {
    changeId: parts.newChangeId(), baseline, generation: parts.generationOf(baseline), namespace, policy: name,
    action: ACTIONS[write.kind], cause: write.cause,
    ...(write.kind === 'Update' && write.differences.length > 0 ? { differences: describeDifferences(write.differences) } : {}),
    ...(write.opens.length > 0 ? { opens: write.opens.map(({ direction }) => direction) } : {}),
  };
}
