/**
 * How single values of the configuration are written: one schema for each kind, whose message says what is
 * expected, worded to follow "expected". Pure.
 */
import { z } from 'zod';

export interface ListenAddress {
  /** Absent: every address of the machine. */
  readonly host?: string;
  readonly port: number;
}

/** Turns what was typed into a value, or says what was expected by returning `undefined`. */
function parsed<T>(expected: string, parse: (typed: string) => T | undefined) {
  return z.string().transform((typed, context): T => {
    const value = parse(typed.trim());
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

export const text = () => parsed('a text', (typed) => (typed === '' ? undefined : typed));

export const onOff = () => parsed('true or false', (typed) => (typed === 'true' ? true : typed === 'false' ? false : undefined));

export const choice = <const T extends string>(values: readonly T[]) =>
  parsed(`one of ${values.join(', ')}`, (typed) => values.find((value) => value === typed));

export const count = (min: number, max: number) => parsed(`a whole number from ${min} to ${max}`, (typed) => {
  const value = Number(typed);
  return /^\d+$/.test(typed) && value >= min && value <= max ? value : undefined;
});

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
export const dnsLabel = () =>
  parsed('the name of a namespace: at most 63 of a-z, 0-9 and -, with a letter or digit at both ends',
    (typed) => (DNS_LABEL.test(typed) ? typed : undefined));

/** Names separated by commas; blanks around them and empty ones do not count. */
export const names = () => parsed('names of namespaces, separated by commas', (typed) => {
  const found = typed.split(',').map((name) => name.trim()).filter((name) => name !== '');
  return found.every((name) => DNS_LABEL.test(name)) ? found : undefined;
});

/** `HOST:PORT`, `:PORT` for every address, `[::1]:PORT` for IPv6. */
export const address = () => parsed('HOST:PORT or :PORT, such as 127.0.0.1:8080 or [::1]:8080', (typed): ListenAddress | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/.exec(typed);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  const host = match[1] ?? match[2];
  return host === undefined || host === '' ? { port } : { host, port };
});

/** A Go-style duration from `minMs` to `maxMs`, in steps of `stepMs`. */
export const durationMs = (minMs: number, maxMs: number, stepMs = 0) =>
  parsed(
    `a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}${stepMs > 0 ? ` in steps of ${formatDuration(stepMs)}` : ''}, such as 30s or 1h30m`,
    (typed) => {
      const ms = parseDuration(typed);
      return ms !== undefined && ms >= minMs && ms <= maxMs && (stepMs === 0 || ms % stepMs === 0) ? ms : undefined;
    });

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['h', 3_600_000], ['m', 60_000], ['s', 1000], ['ms', 1], ['us', 1e-3], ['µs', 1e-3], ['μs', 1e-3], ['ns', 1e-6],
]);

/** Milliseconds of a duration as Go writes it (`1h30m`, `1.5s`, `0`), `undefined` when it is none. Never negative. */
export function parseDuration(typed: string): number | undefined {
  if (typed === '0') return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:h|ms|m|s|us|µs|μs|ns))+$/.test(typed)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of typed.matchAll(/([\d.]+)(h|ms|m|s|us|µs|μs|ns)/g)) {
    ms += Number(amount) * (UNIT_MS.get(unit ?? '') ?? Number.NaN);
  }
  return ms;
}

/** The shortest way to write it; whole milliseconds. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms % 1000 !== 0) return ms < 1000 ? `${ms}ms` : `${ms / 1000}s`;
  const parts = [[Math.floor(ms / 3_600_000), 'h'], [Math.floor(ms / 60_000) % 60, 'm'], [(ms / 1000) % 60, 's']] as const;
  return parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount}${unit}`).join('');
}
