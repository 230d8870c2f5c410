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

/** A place in the log: what is written later lies after it. In bytes. */
export type AuditMark = number;

/** Which events to count; an absent field matches everything. */
export type AuditFilter = Partial<Pick<AuditEvent, 'user' | 'verb' | 'resource' | 'apiGroup' | 'subresource' | 'namespace' | 'name' | 'code'>>;

const FROM_THE_START: AuditMark = 0;

/** The present end of the log; the start of one that is not there yet. */
export function markAudit(path: string): AuditMark {
  return statSync(path, { throwIfNoEntry: false })?.size ?? FROM_THE_START;
}

/** How long nothing of interest was written when a log counts as being at rest: lines follow their responses within milliseconds. */
const REST_MS = 500;
const LOOK_MS = 50;

/**
 * The end of the log once no event of interest came for half a second. A change is seen in etcd before the line about
 * it is written, so that a mark set on sight may have that line behind it.
 */
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

/** Finished requests that were written since the mark, in the order of the log. */
export async function readAudit(path: string, since: AuditMark = FROM_THE_START): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  const lines = createInterface({ input: createReadStream(path, { start: since }), crlfDelay: Infinity });
  for await (const line of lines) {
    const event = parseAuditLine(line);
    if (event !== undefined) events.push(event);
  }
  return events;
}

/** Number of requests per `user verb resource` (resource with `/subresource`) since the mark, sorted by that text. */
export async function countAudit(path: string, since: AuditMark = FROM_THE_START, filter: AuditFilter = {}): Promise<Map<string, number>> {
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
