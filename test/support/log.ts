/** A logger that remembers, for tests of what is said and how often. */
import type { LogFields, Logger, LogLevel } from '../../src/observe/logger.ts';

export interface Entry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

export interface MemoryLogger extends Logger {
  readonly entries: readonly Entry[];
  /** `level message` of each entry. */
  lines(): string[];
}

export function memoryLogger(entries: Entry[] = [], own: LogFields = {}): MemoryLogger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) =>
    void entries.push({ level, message, fields: { ...own, ...fields } });
  return {
    debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'),
    child: (fields) => memoryLogger(entries, { ...own, ...fields }),
    flush: async () => {},
    entries,
    lines: () => entries.map(({ level, message }) => `${level} ${message}`),
  };
}
