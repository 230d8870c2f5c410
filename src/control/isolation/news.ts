/**
 * What the leader tells of isolation: log lines, events and counters for drift and overrides, and whose status is another now.
 *
 * Promises: an override is told once, whoever led when it began: what a status says at a start has been told, and what it
 * would have said is news, also after a time in which nothing was known. One cause is at most `LINES` lines and events,
 * however many namespaces it opens; so is one namespace in a minute, however often somebody opens and closes it.
 */
import type { Direction } from '../../api/network-policy.ts';
import type { EventRecorder } from '../../apply/events.ts';
import type { PolicyRecord } from '../../kube/objects.ts';
import type { Logger } from '../../observe/logger.ts';
import { isIsolated } from '../../netpol/namespace-class.ts';
import { defeatText, isSameEffect, overriddenIn, rowIsolation, type DirectionEffect, type IsolationKnowledge, type NamespaceEffect } from '../../plan/effect.ts';
import { isNews, type LastTold } from '../../plan/last-told.ts';
import { isAsGenerated } from '../../plan/ownership.ts';
import type { NamespaceReport } from '../../plan/report.ts';
import type { Store } from '../../watch/store.ts';
import type { Clock } from '../clock.ts';
import { createLineBudget, kindOfFailure } from '../line-budget.ts';
import { NOTHING_TOLD, type NamespaceMemories, type NamespaceMemory } from '../namespace-memory.ts';
import type { CauseKind } from './causes.ts';
import type { EffectiveDrift } from './drift.ts';
import { endsAtMs, nextTold, type Told } from './told.ts';
import type { IsolationTracker } from './tracker.ts';

export interface NewsParts {
  readonly clock: Pick<Clock, 'now' | 'setTimer'>;
  readonly tracker: Pick<IsolationTracker, 'knowledge' | 'of'>;
  readonly policies: Pick<Store<PolicyRecord>, 'get'>;
  /** Of the leader; none on a standby. */
  readonly memories: Pick<NamespaceMemories, 'get' | 'all'>;
  readonly log: Logger;
  readonly events: EventRecorder;
  /** What the status of a baseline said when this replica began to lead. */
  told(baseline: string): LastTold | undefined;
  /** Standbys know the same and say nothing. */
  leads(): boolean;
  countDrift(direction: Direction, change: 'opened' | 'closed', cause: CauseKind): void;
  /** The status of this baseline may be another one now. */
  touchBaseline(name: string): void;
}

export interface IsolationNews {
  drifted(drift: readonly EffectiveDrift[]): void;
  /** This replica leads now: namespaces may have been planned before. */
  began(): void;
  namespaceChanged(namespace: string, byPods: boolean): void;
  /** A namespace was planned: its coverage may be another one. */
  planned(namespace: string): void;
  knowledgeChanged(now: IsolationKnowledge): void;
  stop(): void;
}

/** Of one cause, and of one kind of news in a minute: the warnings that events have are not ours alone. */
const LINES = 20;
/** What ends within this time is looked at in one go. */
const TOGETHER_MS = 1_000;

export function createIsolationNews(parts: NewsParts): IsolationNews {
  const { tracker, memories, log, events, clock } = parts;
  const lines = createLineBudget(log, 'isolation changed in the same way in more namespaces', LINES);
  const changes = createLineBudget(log, 'effective isolation changed more often in one namespace', LINES);
  const failures = createLineBudget(log, 'more of isolation could not be worked out');
  let wasUnknown = false;
  let timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  /** Called on the way to a write: no error in here may keep a default-deny from being written. */
  function look(namespace: string, memory: NamespaceMemory, byPods: boolean): void {
    try {
      lookAt(namespace, memory, byPods);
    } catch (error) {
      memory.told = undefined;
      if (failures.take(kindOfFailure(error), clock.now())) log.error('what is said of isolation could not be worked out', { namespace, error });
    }
  }

  function lookAt(namespace: string, memory: NamespaceMemory, byPods: boolean): void {
    const rollUp = tracker.of(namespace);
    if (rollUp === undefined || !parts.leads()) return;
    const { told: before, override } = memory;
    const told = nextTold(before, rollUp, byPods, clock.now());
    memory.told = told;
    if (memory.report !== undefined) compare(namespace, memory, memory.report, told);
    if (!isSameEffect(before?.effect, told.effect) || override?.text !== memory.override?.text) touch(memory);
    lookAgain(endsAtMs(told));
  }

  /** What overrides a namespace, with what was told last. Nothing is said of one that no baseline asks about any more, such as one on its way out. */
  function compare(namespace: string, memory: NamespaceMemory, report: NamespaceReport, { effect }: Told): void {
    const asked = askedIn(report);
    const directions = overriddenIn(report.coverage, effect).filter((direction) => asked.has(direction) && !isToldAsDrift(namespace, report, effect[direction]));
    const text = directions.length === 0 ? undefined : defeatText(directions, effect);
    if (text === undefined && [...asked].some((direction) => report.coverage?.[direction] !== 'protected')) {
      if (!wasNamed(namespace, report)) memory.override ??= NOTHING_TOLD; // a default-deny that is being put back ends nothing
      return;
    }
    const before = memory.override;
    memory.override = { text };
    if (before === undefined ? !isUntold(namespace, report, effect) : before.text === text) return;
    if (asked.size > 0) tell(namespace, memory, text);
  }

  /** Nothing but a planned policy opens it that somebody edited, or that was put right while this was worked out: that is drift, and told as such. */
  function isToldAsDrift(namespace: string, { drifted }: NamespaceReport, { through }: DirectionEffect): boolean {
    return through?.every((name) => {
      const record = parts.policies.get(name, namespace);
      return drifted.some(({ template }) => template === name) || (record !== undefined && isAsGenerated(record));
    }) === true;
  }

  /** Somebody was told of it before this replica led. */
  function wasNamed(namespace: string, { enforced }: NamespaceReport): boolean {
    return [...enforced.keys()].some((baseline) => parts.told(baseline)?.named.has(namespace) === true);
  }

  /** The first look of this leader: what is another now than in the status of a baseline that enforces something here. */
  function isUntold(namespace: string, { enforced, coverage }: NamespaceReport, effect: NamespaceEffect): boolean {
    return [...enforced].some(([baseline, directions]) => {
      const text = rowIsolation(directions, coverage, effect)?.overridden;
      return text === undefined ? parts.told(baseline)?.named.has(namespace) === true : isNews(parts.told(baseline), namespace, text);
    });
  }

  function lookAgain(atMs: number): void {
    if (atMs >= (timer?.atMs ?? Infinity)) return;
    timer?.cancel();
    timer = { atMs, cancel: clock.setTimer(atMs - clock.now() + TOGETHER_MS, () => {
      timer = undefined;
      for (const [namespace, memory] of memories.all()) if (Number.isFinite(endsAtMs(memory.told))) look(namespace, memory, true);
    }) };
  }

  function tell(namespace: string, memory: NamespaceMemory, text: string | undefined): void {
    const baseline = [...memory.report?.enforced.keys() ?? []].join(', ');
    if (!lines.take(text === undefined ? 'not overridden any more' : 'overridden', clock.now())) return;
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

  function lookAtAll(byPods: boolean): void {
    for (const [namespace, memory] of memories.all()) look(namespace, memory, byPods);
  }

  function touch({ report }: NamespaceMemory): void {
    for (const baseline of report?.enforced.keys() ?? []) parts.touchBaseline(baseline);
  }

  function tellDrift({ namespace, direction, change, before, after, pods, examples, cause }: EffectiveDrift): void {
    const baseline = [...memories.get(namespace)?.report?.enforced ?? []].filter(([, directions]) => directions.includes(direction)).map(([name]) => name).join(', ');
    const opens = change === 'opened' && !isIsolated(after);
    if (!changes.take(namespace, clock.now())) return;
    log[opens ? 'warn' : 'info']('effective isolation changed', {
      namespace, direction, change, before, after, pods, examples, causeKind: cause.kind, cause: cause.text, ...(baseline === '' ? {} : { baseline }),
    });
    if (!opens || !lines.take('opened', clock.now())) return;
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
    began: () => lookAtAll(true),
    namespaceChanged(namespace, byPods) {
      const memory = memories.get(namespace);
      if (memory !== undefined) look(namespace, memory, byPods);
    },
    planned(namespace) {
      const memory = memories.get(namespace);
      if (memory !== undefined) look(namespace, memory, true);
    },
    knowledgeChanged(now) {
      if (now.kind === 'Unknown') log[wasUnknown ? 'info' : 'warn']('isolation is not known', { why: now.why });
      if (now.kind === 'Known') log.info('isolation is known');
      wasUnknown = now.kind === 'Unknown';
      lookAtAll(false);
      const baselines = new Set<string>();
      for (const [, { report }] of memories.all()) for (const baseline of report?.verdicts.keys() ?? []) baselines.add(baseline);
      for (const baseline of baselines) parts.touchBaseline(baseline);
    },
    stop() {
      timer?.cancel();
      timer = undefined;
    },
  };
}

function askedIn({ enforced }: NamespaceReport): ReadonlySet<Direction> {
  return new Set([...enforced.values()].flat());
}
