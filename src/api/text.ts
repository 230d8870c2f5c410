/**
 * Texts cut to what the API or a reader takes, the ellipsis included.
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

const ELLIPSIS = '…';
const ELLIPSIS_BYTES = 3;
const HALF_CHARACTER = /[\uD800-\uDBFF]$/;
