/**
 * Reads the API server's audit log (Metadata level, JSON lines): who asked for what, and what came of it.
 * An event is written just after its response is sent, so a reader that wants the last ones polls for them.
 */
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** One finished request. A watch counts when it has ended. */
export interface AuditEvent {
  readonly user: string;
  readonly verb: string;
  /** Plural name, for example `networkpolicies`; empty for paths such as /readyz. */
  readonly resource: string;
  /** Empty for the core group. */
  readonly apiGroup: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** HTTP status. */
  readonly code: number;
  readonly requestURI: string;
  readonly userAgent: string;
  /** When the request arrived, as RFC 3339 text with microseconds. */
  readonly receivedAt: string;
}

/** A moment: what is asked later comes after it, in the log too. */
export interface AuditMark {
  /** Length of the log, in bytes: nobody has to read what lies before. */
  readonly bytes: number;
  /** Milliseconds since the epoch. A request from before may be logged much later: a watch is when it has ended. */
  readonly ms: number;
}

/** Which events to count; an absent field matches everything. */
export type AuditFilter = Partial<Pick<AuditEvent, 'user' | 'verb' | 'resource' | 'apiGroup' | 'subresource' | 'namespace' | 'name' | 'code'>>;

const FROM_THE_START: AuditMark = { bytes: 0, ms: 0 };

/** Now. A log may be not there yet. */
export function markAudit(path: string): AuditMark {
  return { bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0, ms: Date.now() };
}

/** How long nothing of interest was written when a log counts as being at rest: lines follow their responses within milliseconds. */
const REST_MS = 500;
const LOOK_MS = 50;

/** Once no event of interest came for half a second: whoever made the change that was seen may be about to make another. */
export async function markAtRest(path: string, isOfInterest: (event: AuditEvent) => boolean): Promise<AuditMark> {
  let mark = markAudit(path);
  for (let restMs = 0; restMs < REST_MS; restMs += LOOK_MS) {
    await delay(LOOK_MS);
    if (!(await readAudit(path, mark)).some(isOfInterest)) continue;
    mark = markAudit(path);
    restMs = 0;
  }
  return mark;
}

/** Requests that arrived since the mark and have finished, in the order of the log. */
export async function readAudit(path: string, { bytes, ms }: AuditMark = FROM_THE_START): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  const lines = createInterface({ input: createReadStream(path, { start: bytes }), crlfDelay: Infinity });
  for await (const line of lines) {
    const event = parseAuditLine(line);
    if (event !== undefined && Date.parse(event.receivedAt) >= ms) events.push(event);
  }
  return events;
}

/** Number of requests per `user verb resource` (resource with `/subresource`) since the mark, sorted by that text. */
export async function countAudit(path: string, since?: AuditMark, filter: AuditFilter = {}): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const event of await readAudit(path, since)) {
    if (!matches(event, filter)) continue;
    const key = auditKey(event);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map([...counts].toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

/** The text under which `countAudit` counts an event. */
export function auditKey({ user, verb, resource, subresource }: Pick<AuditEvent, 'user' | 'verb' | 'resource' | 'subresource'>): string {
  return `${user} ${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;
}

function matches(event: AuditEvent, filter: AuditFilter): boolean {
  return (Object.keys(filter) as (keyof AuditFilter)[]).every((key) => filter[key] === undefined || filter[key] === event[key]);
}

interface RawAuditEvent {
  readonly stage?: string;
  readonly user?: { readonly username?: string };
  readonly verb?: string;
  readonly requestURI?: string;
  readonly userAgent?: string;
  readonly requestReceivedTimestamp?: string;
  readonly responseStatus?: { readonly code?: number };
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly apiGroup?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
}

/** An event from a line, `undefined` for other stages and for a last line that is not yet written to its end. */
export function parseAuditLine(line: string): AuditEvent | undefined {
  let raw: RawAuditEvent;
  try {
    raw = JSON.parse(line) as RawAuditEvent;
  } catch {
    return undefined;
  }
  if (raw.stage !== 'ResponseComplete') return undefined;
  const { resource = '', apiGroup = '', subresource = '', namespace = '', name = '' } = raw.objectRef ?? {};
  return {
    user: raw.user?.username ?? '',
    verb: raw.verb ?? '',
    resource,
    apiGroup,
    subresource,
    namespace,
    name,
    code: raw.responseStatus?.code ?? 0,
    requestURI: raw.requestURI ?? '',
    userAgent: raw.userAgent ?? '',
    receivedAt: raw.requestReceivedTimestamp ?? '',
  };
}
