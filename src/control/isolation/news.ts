/**
 * What the leader tells of isolation: log lines, events and counters for drift and overrides, and whose status is another now.
 *
 * Promises: what is found at a start, or after a time in which nothing was known, is no news. One cause is at most
 * `LINES` lines and events, however many namespaces it opens.
 */
import type { Direction } from '../../api/network-policy.ts';
import type { EventRecorder } from '../../apply/events.ts';
import type { Logger } from '../../observe/logger.ts';
import { isIsolated } from '../../netpol/namespace-class.ts';
import { defeatText, overriddenIn, type IsolationKnowledge } from '../../plan/effect.ts';
import { createLineBudget } from '../line-budget.ts';
import type { NamespaceMemories, NamespaceMemory } from '../namespace-memory.ts';
import type { CauseKind } from './causes.ts';
import type { EffectiveDrift } from './drift.ts';
import type { IsolationTracker } from './tracker.ts';

export interface NewsParts {
  /** Monotonic milliseconds. */
  now(): number;
  readonly tracker: Pick<IsolationTracker, 'knowledge' | 'of'>;
  /** Of the leader; none on a standby. */
  readonly memories: Pick<NamespaceMemories, 'get' | 'all'>;
  readonly log: Logger;
  readonly events: EventRecorder;
  /** Standbys know the same and say nothing. */
  leads(): boolean;
  countDrift(direction: Direction, change: 'opened' | 'closed', cause: CauseKind): void;
  /** The status of this baseline may be another one now. */
  touchBaseline(name: string): void;
}

export interface IsolationNews {
  drifted(drift: readonly EffectiveDrift[]): void;
  namespaceChanged(namespace: string): void;
  /** A namespace was planned: its coverage may be another one. */
  planned(namespace: string): void;
  knowledgeChanged(now: IsolationKnowledge): void;
}

/** Of one cause, and of one kind of news in a minute: the warnings that events have are not ours alone. */
const LINES = 20;

export function createIsolationNews(parts: NewsParts): IsolationNews {
  const { tracker, memories, log, events } = parts;
  const lines = createLineBudget(log, 'isolation changed in the same way in more namespaces', LINES);
  let wasUnknown = false;

  /** Compares what overrides a namespace with what was told last. */
  function look(namespace: string, memory: NamespaceMemory, isNews: boolean): void {
    const effect = tracker.of(namespace)?.effect;
    if (effect === undefined) return;
    const directions = overriddenIn(memory.report?.coverage, effect);
    const text = directions.length === 0 ? undefined : defeatText(directions, effect);
    const before = memory.override;
    memory.override = { text };
    if (before === undefined || before.text === text) return;
    touch(memory);
    if (isNews) tell(namespace, memory, text);
  }

  function tell(namespace: string, memory: NamespaceMemory, text: string | undefined): void {
    const baseline = [...memory.report?.enforced.keys() ?? []].join(', ');
    if (!lines.take(text === undefined ? 'not overridden any more' : 'overridden', parts.now())) return;
    if (text === undefined) {
      log.info('isolation is not overridden any more', { namespace, baseline });
      return;
    }
    log.warn('isolation is overridden', { namespace, baseline, through: text });
    warn('IsolationOverridden', namespace, `${text}, though a default-deny is in place (baseline ${baseline})`);
  }

  function warn(reason: 'IsolationOverridden' | 'IsolationOpened', namespace: string, note: string): void {
    events.record({ regarding: { kind: 'Namespace', namespace, name: namespace }, type: 'Warning', reason, action: 'Evaluate', note });
  }

  function touch({ report }: NamespaceMemory): void {
    for (const baseline of report?.enforced.keys() ?? []) parts.touchBaseline(baseline);
  }

  function tellDrift({ namespace, direction, change, before, after, pods, examples, cause }: EffectiveDrift): void {
    const baseline = [...memories.get(namespace)?.report?.enforced ?? []].filter(([, directions]) => directions.includes(direction)).map(([name]) => name).join(', ');
    const opens = change === 'opened' && !isIsolated(after);
    log[opens ? 'warn' : 'info']('effective isolation changed', {
      namespace, direction, change, before, after, pods, examples, causeKind: cause.kind, cause: cause.text, ...(baseline === '' ? {} : { baseline }),
    });
    if (!opens || !lines.take('opened', parts.now())) return;
    warn('IsolationOpened', namespace, `${direction.toLowerCase()} of ${pods} ${pods === 1 ? 'pod' : 'pods'} is ${after} now, was ${before}: ${cause.text} (${examples.join(', ')}${pods > examples.length ? ', …' : ''})`);
  }

  return {
    drifted(drift) {
      if (!parts.leads()) return;
      for (const { direction, change, cause } of drift) if (change === 'opened' || change === 'closed') parts.countDrift(direction, change, cause.kind);
      for (const each of drift.slice(0, LINES)) tellDrift(each);
      const [first] = drift;
      if (first !== undefined && drift.length > LINES) {
        log.warn('effective isolation changed in more namespaces', { more: drift.length - LINES, causeKind: first.cause.kind, cause: first.cause.text });
      }
    },
    namespaceChanged(namespace) {
      const memory = memories.get(namespace);
      if (memory === undefined || tracker.knowledge().kind !== 'Known') return;
      look(namespace, memory, parts.leads());
      touch(memory);
    },
    planned(namespace) {
      const memory = memories.get(namespace);
      if (memory !== undefined) look(namespace, memory, parts.leads());
    },
    knowledgeChanged(now) {
      if (now.kind === 'Unknown') log[wasUnknown ? 'info' : 'warn']('isolation is not known', { why: now.why });
      if (now.kind === 'Known') log.info('isolation is known');
      wasUnknown = now.kind === 'Unknown';
      const baselines = new Set<string>();
      for (const [namespace, memory] of memories.all()) {
        look(namespace, memory, false);
        for (const baseline of memory.report?.verdicts.keys() ?? []) baselines.add(baseline);
      }
      for (const baseline of baselines) parts.touchBaseline(baseline);
    },
  };
}
