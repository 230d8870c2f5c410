/**
 * Kubernetes Events (`events.k8s.io/v1`): what a person should act on, and one per generation of a baseline.
 *
 * At most one per object and reason in 5 minutes and 60 warnings a minute in all. Never fails or delays anything:
 * what cannot be sent is counted and dropped, since status and metrics say the same.
 */
import { API_GROUP, API_VERSION, REPORTING_CONTROLLER } from '../api/names.ts';
import { clipBytes } from '../api/text.ts';

export type EventReason =
  | 'BaselineApplied' | 'InvalidSpec' | 'RemovalsHeld' | 'DriftDetected' | 'PolicyConflict' | 'PolicyRefused' | 'Contended' | 'ResponseMismatch' | 'ExemptionExpired'
  | 'IsolationOverridden' | 'IsolationOpened';

export interface Regarding {
  readonly kind: 'NamespacePolicyBaseline' | 'NetworkPolicy' | 'Namespace';
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
}

export interface NewEvent {
  readonly regarding: Regarding;
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  /** What was done or found, machine readable: `Apply`, `Repair`, `Hold`. */
  readonly action: string;
  readonly note: string;
}

export interface EventRecorder {
  record(event: NewEvent): void;
  /** Resolves when nothing is on its way any more. */
  settled(): Promise<void>;
}

export interface EventParts {
  send(namespace: string, event: object): Promise<void>;
  /** Identity of this replica, at most 128 characters. */
  readonly instance: string;
  now(): number;
  wallMs(): number;
  random(): number;
  onDropped(): void;
}

const REPEAT_MS = 5 * 60_000;
const WARNINGS_PER_MINUTE = 60;
const IN_FLIGHT = 2;
const WAITING = 100;
/** Bytes, as the API server counts. */
const NOTE_LIMIT = 1024;

export function createEventRecorder(parts: EventParts): EventRecorder {
  const sentAtMs = new Map<string, number>();
  const warningsMs: number[] = [];
  const waiting: NewEvent[] = [];
  let inFlight = 0;
  let idle = Promise.withResolvers<void>();

  function isDue(event: NewEvent): boolean {
    const nowMs = parts.now();
    for (const [key, atMs] of sentAtMs) if (nowMs - atMs >= REPEAT_MS) sentAtMs.delete(key);
    const { kind, namespace = '', name } = event.regarding;
    const key = `${kind}/${namespace}/${name}/${event.reason}`;
    if (event.type !== 'Warning') return true;
    if (sentAtMs.has(key)) return false; // said already
    if (!mayWarn(nowMs)) {
      parts.onDropped();
      return false;
    }
    sentAtMs.set(key, nowMs);
    return true;
  }

  function mayWarn(nowMs: number): boolean {
    while (warningsMs.length > 0 && nowMs - (warningsMs[0] ?? 0) >= 60_000) warningsMs.shift();
    if (warningsMs.length >= WARNINGS_PER_MINUTE) return false;
    warningsMs.push(nowMs);
    return true;
  }

  function pump(): void {
    while (inFlight < IN_FLIGHT) {
      const next = waiting.shift();
      if (next === undefined) break;
      inFlight += 1;
      void send(next);
    }
    if (inFlight === 0 && waiting.length === 0) {
      idle.resolve();
      idle = Promise.withResolvers<void>();
    }
  }

  async function send(event: NewEvent): Promise<void> {
    const namespace = event.regarding.namespace ?? 'default';
    try {
      await parts.send(namespace, wireEvent(event, namespace, parts));
    } catch {
      parts.onDropped();
    }
    inFlight -= 1;
    pump();
  }

  return {
    record(event) {
      if (!isDue(event)) return;
      if (waiting.length >= WAITING) {
        parts.onDropped();
        return;
      }
      waiting.push(event);
      pump();
    },
    settled: () => (inFlight === 0 && waiting.length === 0 ? Promise.resolve() : idle.promise),
  };
}

function wireEvent({ regarding, type, reason, action, note }: NewEvent, namespace: string, parts: EventParts): object {
  const suffix = Math.floor(parts.random() * 2 ** 40).toString(16).padStart(10, '0');
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${regarding.name.slice(0, 200)}.${suffix}`, namespace },
    eventTime: new Date(parts.wallMs()).toISOString().replace('Z', '000Z'),
    reportingController: REPORTING_CONTROLLER,
    reportingInstance: parts.instance.slice(0, 128),
    regarding: { apiVersion: API_VERSIONS[regarding.kind], ...regarding },
    type,
    reason,
    action,
    note: clipBytes(note, NOTE_LIMIT),
  };
}

const API_VERSIONS: Record<Regarding['kind'], string> = {
  NamespacePolicyBaseline: `${API_GROUP}/${API_VERSION}`,
  NetworkPolicy: 'networking.k8s.io/v1',
  Namespace: 'v1',
};
