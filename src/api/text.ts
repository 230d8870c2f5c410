/**
 * Texts cut to what the API or a reader takes, the ellipsis included, and without what a reader would not see.
 *
 * Whole characters only: the API server stores half of one as something else, which would never equal what was sent.
 */

/** At most `limit` UTF-16 code units, which is how JavaScript counts. */
export function clip(text: string, limit: number): string {
  const whole = text.toWellFormed();
  return whole.length <= limit ? whole : `${whole.slice(0, limit - ELLIPSIS.length).replace(HALF_CHARACTER, '')}${ELLIPSIS}`;
}

/** At most `limit` bytes of UTF-8, which is how Go counts. */
export function clipBytes(text: string, limit: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= limit) return text.toWellFormed();
  const kept = bytes.subarray(0, limit - ELLIPSIS_BYTES);
  return `${new TextDecoder().decode(kept, { stream: true })}${ELLIPSIS}`; // a stream keeps the rest of a character for later
}

/** Without versions, ports, times and the like: for whether two texts say the same. */
export function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, '#');
}

/** Nothing in it moves a cursor, turns the direction of writing or breaks a line: such characters are written as `\u000a`. */
export const spelledOut = (text: string): string => text.replace(INVISIBLE, spelled);
/** The same, but line feeds stay. */
export const spelledOutLines = (text: string): string => text.replace(INVISIBLE_BUT_NEWLINE, spelled);

/** C0, DEL, C1, line and paragraph separators, marks and overrides of direction. */
// oxlint-disable-next-line no-control-regex
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;
const INVISIBLE_BUT_NEWLINE = new RegExp(INVISIBLE.source.replace('\\u0000-\\u001f', '\\u0000-\\u0009\\u000b-\\u001f'), 'g');

const spelled = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const ELLIPSIS = '…';
const ELLIPSIS_BYTES = 3;
const HALF_CHARACTER = /[\uD800-\uDBFF]$/;
