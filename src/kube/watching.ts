/**
 * One watch on a connection of its own, until it ends.
 *
 * Promises: a dead connection is noticed, by unanswered pings within `pingSilenceMs`, by missing bytes within
 * `watchSilenceMs`; the connection is destroyed at the end, whatever the end was; nothing is delivered afterwards.
 */
import { KubeError, toKubeError, words, type Attempt } from './errors.ts';
import { exchange } from './exchange.ts';
import { createFrameReader, malformed, type Frame } from './frames.ts';
import type { WireObject } from './objects.ts';
import { aborted, headersFor, passGate, refusal, renewCredentials, type RequestParts } from './requests.ts';
import { acceptOf, collectionPath, type Resource } from './resources.ts';
import type { ClientSettings } from './settings.ts';
import type { Answer } from './error-answers.ts';

export interface WatchQuery {
  /** One object; all of the kind where it is absent. */
  readonly only?: { readonly namespace: string; readonly name: string };
  /** Events after this version; absent together with `initialEvents`, or where what there is comes first, as events. */
  readonly resourceVersion?: string | undefined;
  /** First every existing object, then a bookmark with `initialEnd`, then events (WatchList). */
  readonly initialEvents: boolean;
  /** After which the server ends the watch. */
  readonly timeoutSeconds: number;
}

/** Called synchronously, in order. What `frame` throws ends the watch as `Malformed`. */
export interface WatchSink<W extends WireObject = WireObject> {
  frame(frame: Frame<W>): void;
  /** The server gave a sign of life: the answer began, bytes came, a ping was answered. */
  alive(): void;
}

type WatchParts = RequestParts & { readonly settings: ClientSettings };

/** `reason` of the error that ends a watch which said nothing at all. */
export const SILENT = 'Silent';

export async function watchApi<W extends WireObject>(
  parts: WatchParts, what: { resource: Resource<W>; query: WatchQuery }, sink: WatchSink<W>, signal: AbortSignal,
): Promise<void> {
  const attempt: Attempt = { verb: 'watch', resource: what.resource.plural };
  await passGate(parts.gate, attempt, signal);
  const path = `${parts.basePath}${collectionPath(what.resource, what.query.only?.namespace)}?${queryOf(what.query, what.resource)}`;
  const target = { attempt, path, accept: acceptOf(what.resource, 'watch') };
  let answer = await watchOnce(parts, target, sink, signal);
  if (answer.code === 401) {
    await renewCredentials(parts, 'GET');
    answer = await watchOnce(parts, target, sink, signal);
  }
  if (answer.code !== 200) throw refusal(parts, { attempt, optional: what.resource.optional }, answer);
}

function queryOf(query: WatchQuery, { labelSelector }: Resource): string {
  const asked = new URLSearchParams({ watch: '1', allowWatchBookmarks: 'true', timeoutSeconds: String(query.timeoutSeconds) });
  if (query.only !== undefined) asked.set('fieldSelector', `metadata.name=${query.only.name}`);
  if (labelSelector !== undefined) asked.set('labelSelector', labelSelector);
  if (query.resourceVersion !== undefined) asked.set('resourceVersion', query.resourceVersion);
  if (query.initialEvents) {
    asked.set('sendInitialEvents', 'true');
    asked.set('resourceVersionMatch', 'NotOlderThan');
  }
  return asked.toString();
}

async function watchOnce<W extends WireObject>(
  parts: WatchParts, target: { attempt: Attempt; path: string; accept: string | undefined }, sink: WatchSink<W>, signal: AbortSignal,
): Promise<Answer> {
  const { attempt, path, accept } = target;
  if (signal.aborted) throw aborted(attempt, signal.reason);
  const ending = new AbortController();
  const onAbort = (): void => { ending.abort(aborted(attempt, signal.reason)); };
  signal.addEventListener('abort', onAbort);
  const pulse = startPulse(parts, attempt, (error) => { ending.abort(error); });
  const line = parts.transport.openWatch(parts.credentials.current().tls, () => {
    pulse.pinged();
    sink.alive();
  });
  const reader = createFrameReader<W>(attempt, (frame) => { if (!ending.signal.aborted) sink.frame(frame); });
  const record = oneRecord(parts);
  try {
    const answer = await exchange(line.dispatcher, { method: 'GET', path, headers: headersFor(parts, undefined, accept) }, {
      signal: ending.signal,
      onBegin: (code) => {
        record(String(code));
        pulse.began(line.pings());
        if (code === 200) sink.alive();
      },
      onData: (bytes) => {
        pulse.heard();
        sink.alive();
        reader.push(bytes);
      },
    });
    if (reader.pendingBytes > 0) throw malformed(attempt, 'the last frame was cut off');
    return answer;
  } catch (thrown) {
    record('<error>');
    throw asWatchError(thrown, attempt);
  } finally {
    pulse.stop();
    signal.removeEventListener('abort', onAbort);
    line.destroy().catch(() => undefined); // not waited for: it must not hold up what comes next
  }
}

/** A watch counts as one request, when its answer begins or when it is clear that none will. */
function oneRecord({ host, onRequest }: WatchParts): (code: string) => void {
  let recorded = false;
  return (code) => {
    if (!recorded) onRequest({ verb: 'GET', host, code, durationMs: undefined });
    recorded = true;
  };
}

/** What the sink threw is about a frame that it could not take. */
function asWatchError(thrown: unknown, attempt: Attempt): KubeError {
  const error = toKubeError(thrown, attempt);
  return error.kind === 'Unexpected' ? malformed(attempt, error.message, thrown) : error;
}

/** Notices when the other side has fallen silent. */
function startPulse({ now, settings }: WatchParts, attempt: Attempt, end: (error: KubeError) => void) {
  const startedMs = now();
  let beganMs: number | undefined;
  let heardMs: number | undefined;
  let pingedMs = Number.POSITIVE_INFINITY; // no pings are due yet

  function problem(nowMs: number): KubeError | undefined {
    if (beganMs === undefined) return nowMs - startedMs > settings.watchAnswerMs ? silence('no answer', settings.watchAnswerMs, 'DeadlineExceeded') : undefined;
    if (nowMs - pingedMs > settings.pingSilenceMs) return silence('no ping was answered', settings.pingSilenceMs, 'DeadConnection');
    const quiet = nowMs - (heardMs ?? beganMs) > settings.watchSilenceMs;
    return quiet ? silence('not a single byte', settings.watchSilenceMs, heardMs === undefined ? SILENT : 'DeadConnection') : undefined;
  }
  function silence(what: string, ms: number, reason: string): KubeError {
    return new KubeError(`${words(attempt)}${what} for ${ms} ms`, { kind: 'Unavailable', reason });
  }

  const shortest = Math.min(settings.pingSilenceMs, settings.watchSilenceMs, settings.watchAnswerMs);
  const timer = setInterval(() => {
    const error = problem(now());
    if (error !== undefined) end(error);
  }, Math.max(10, shortest / 10));
  return {
    began(pings: boolean): void {
      beganMs = now();
      if (pings) pingedMs = beganMs;
    },
    heard(): void { heardMs = now(); },
    pinged(): void { pingedMs = now(); },
    stop(): void { clearInterval(timer); },
  };
}
