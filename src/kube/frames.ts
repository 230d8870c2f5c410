/**
 * What a watch says, from bytes to frames: one JSON object per line.
 *
 * Promises: lines are split as bytes, before decoding (a string may contain U+2028, which is a line end to others);
 * whatever is not a frame is thrown, nothing is skipped; only the unfinished line is held.
 */
import { errorFromStatus } from './error-answers.ts';
import { KubeError, words, type Attempt } from './errors.ts';
import type { WireObject } from './objects.ts';

/** ADDED and MODIFIED are one: what matters is the object as it now is. */
export type Frame<W extends WireObject = WireObject> =
  | { readonly kind: 'Applied'; readonly object: W }
  | { readonly kind: 'Deleted'; readonly object: W }
  /** `initialEnd`: everything that existed has been sent (annotation `k8s.io/initial-events-end`). */
  | { readonly kind: 'Bookmark'; readonly version: string; readonly initialEnd: boolean };

export interface FrameReader {
  /** Hands on every frame that these bytes complete. Throws on a bad one, and on an ERROR frame. */
  push(bytes: Buffer): void;
  /** Bytes of an unfinished line; not 0 at the end of a stream means that it was cut. */
  readonly pendingBytes: number;
}

const NEWLINE = 0x0a;
/** Several times the largest object that etcd takes; beyond it a line is not a frame. */
const LONGEST_FRAME_BYTES = 32 * 1024 * 1024;

export function createFrameReader<W extends WireObject>(attempt: Attempt, onFrame: (frame: Frame<W>) => void): FrameReader {
  let pieces: Buffer[] = [];
  let pendingBytes = 0;

  function keep(piece: Buffer): void {
    if (piece.length === 0) return;
    pieces.push(piece);
    pendingBytes += piece.length;
    if (pendingBytes > LONGEST_FRAME_BYTES) throw malformed(attempt, `a frame of more than ${LONGEST_FRAME_BYTES} bytes`);
  }

  function finish(end: Buffer): string {
    if (pendingBytes === 0) return end.toString('utf8');
    const line = Buffer.concat([...pieces, end]).toString('utf8');
    pieces = [];
    pendingBytes = 0;
    return line;
  }

  return {
    get pendingBytes() { return pendingBytes; },
    push(bytes) {
      let from = 0;
      for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
        const line = finish(bytes.subarray(from, at));
        from = at + 1;
        if (line !== '') onFrame(frameOf<W>(attempt, line));
      }
      keep(bytes.subarray(from));
    },
  };
}

interface WireEvent { readonly type?: unknown; readonly object?: WireObject }

function frameOf<W extends WireObject>(attempt: Attempt, line: string): Frame<W> {
  const event = parseLine(attempt, line);
  const { type, object } = event;
  if (type === 'ERROR') throw errorFromStatus(attempt, object ?? {});
  const version = object?.metadata?.resourceVersion;
  if (object === undefined || typeof version !== 'string') throw malformed(attempt, `a frame of type ${String(type)} without a resourceVersion`);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED': return { kind: 'Applied', object: named<W>(attempt, object) };
    case 'DELETED': return { kind: 'Deleted', object: named<W>(attempt, object) };
    case 'BOOKMARK': return { kind: 'Bookmark', version, initialEnd: object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true' };
    default: throw malformed(attempt, `a frame of unknown type ${String(type)}`);
  }
}

function parseLine(attempt: Attempt, line: string): WireEvent {
  try {
    return (JSON.parse(line) ?? {}) as WireEvent;
  } catch (cause) {
    throw malformed(attempt, 'a frame that is not JSON', cause);
  }
}

function named<W extends WireObject>(attempt: Attempt, object: WireObject): W {
  if (typeof object.metadata.name !== 'string' || typeof object.metadata.uid !== 'string') throw malformed(attempt, 'an object without a name or uid');
  return object as W;
}

export function malformed(attempt: Attempt, what: string, cause?: unknown): KubeError {
  return new KubeError(`${words(attempt)}${what}`, { kind: 'Malformed' }, { cause });
}
