/** Stable hashes of plain JSON values. Pure: the same value has the same hash on every cluster. */
import { createHash } from 'node:crypto';

/** JSON with the keys of every object sorted and absent values left out. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    const sorted = Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return Object.fromEntries(sorted);
  });
}

/** 16 hexadecimal digits of the SHA-256 of `text`; short enough for an annotation that people compare. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The whole SHA-256 of `text`, as a Content-Security-Policy has it. */
export function sha256Base64(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
