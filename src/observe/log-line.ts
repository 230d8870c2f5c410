/**
 * How a log entry is written: as one line of JSON, or as text for people. Pure.
 *
 * Promises: one entry is one line; errors keep their kind, code and causes; what looks like a credential is
 * replaced, wherever it stands.
 */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** Names in camelCase; an `Error` may be a value. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogEntry {
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** `time`, `level` and `message` come first and cannot be replaced by a field. */
export function jsonLine({ time, level, message, fields }: LogEntry): string {
  const fixed = { time, level, message };
  try {
    return JSON.stringify(Object.assign({ ...fixed }, fields, fixed), plainValue);
  } catch (error) { // a cycle, or a getter that throws: an entry without its fields beats none
    return JSON.stringify({ ...fixed, unprintable: String(error), fields: Object.keys(fields) });
  }
}

export function textLine({ time, level, message, fields }: LogEntry): string {
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
  const words = pairs.map(([key, value]) => `${key}=${SECRET_KEY.test(key) ? REDACTED : textValue(value)}`);
  return [time, level.toUpperCase().padEnd(5), oneLine(withoutCredentials(message)), ...words].join(' ');
}

function textValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(withoutCredentials(value.message));
  if (typeof value === 'string' && /^[\w./:@+-]+$/.test(value)) return withoutCredentials(value);
  try {
    return JSON.stringify(value, plainValue) ?? 'undefined';
  } catch {
    return '[unprintable]';
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');

/** For JSON.stringify: what it would lose or leak. */
function plainValue(key: string, value: unknown): unknown {
  if (typeof value === 'string') return SECRET_KEY.test(key) ? REDACTED : withoutCredentials(value);
  if (value instanceof Error) return plainError(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map) return Object.fromEntries(value) as unknown;
  if (value instanceof Set) return [...value] as unknown[];
  return value;
}

const CAUSES_LIMIT = 5;

/** An error of the API server needs no stack; one of this program does. */
function plainError(error: Error, depth = 0): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const { kind, code, reason } = error as Error & Record<'kind' | 'code' | 'reason', unknown>;
  return {
    name, message, kind, code, reason,
    ...(kind === undefined && depth === 0 && { stack }),
    ...(cause instanceof Error && depth < CAUSES_LIMIT && { cause: plainError(cause, depth + 1) }),
  };
}

const REDACTED = '[redacted]';
const SECRET_KEY = /^(authorization|password|bearer-?token|client-key(-data)?)$/i;
/** A JSON Web Token, and whatever follows `Bearer` or `Basic`. */
const CREDENTIAL = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/g;

export function withoutCredentials(text: string): string {
  return text.includes('eyJ') || text.includes('Bearer ') || text.includes('Basic ') ? text.replaceAll(CREDENTIAL, REDACTED) : text;
}
