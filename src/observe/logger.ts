/**
 * Structured log over winston, which is imported only here: one line for each entry on one stream.
 *
 * Promises: nothing handed over before `flush` is lost, also when the process ends and the other end is a
 * slow pipe; a reader that went away is no error; a disabled level costs next to nothing.
 * Must not: be used for checks that found nothing to do. Log changes.
 */
import { Writable } from 'node:stream';
import { createLogger as createWinston, format, transports } from 'winston';
import { jsonLine, LOG_LEVELS, textLine, type LogEntry, type LogFields, type LogLevel } from './log-line.ts';

export { LOG_LEVELS } from './log-line.ts';
export type { LogFields, LogLevel } from './log-line.ts';
export type LogFormat = 'json' | 'text';

/** `message` is constant, what changes goes into `fields`. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each entry. */
  child(fields: LogFields): Logger;
  /** Resolves when everything logged so far was taken by the other end of the stream. */
  flush(): Promise<void>;
}

export interface LoggerOptions {
  /** Entries below are dropped. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly stream: NodeJS.WritableStream;
  readonly wallMs: () => number;
}

export function createLogger({ level, format: shape, stream, wallMs }: LoggerOptions): Logger {
  const sink = createSink(stream);
  const line = shape === 'json' ? jsonLine : textLine;
  const winston = createWinston({
    level: 'debug',
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: format.printf(({ entry }) => line(entry as LogEntry)),
    transports: [new transports.Stream({ stream: sink.stream, eol: '\n' })],
  });
  const lowest = LOG_LEVELS.indexOf(level);

  function at(each: LogLevel, own: LogFields): Logger['info'] {
    if (LOG_LEVELS.indexOf(each) < lowest) return () => {};
    return (message, fields) => {
      const time = new Date(wallMs()).toISOString();
      const entry: LogEntry = { time, level: each, message, fields: fields === undefined ? own : { ...own, ...fields } };
      sink.expectLine();
      winston.log({ level: each, message, entry });
    };
  }

  const withFields = (own: LogFields): Logger => ({
    debug: at('debug', own),
    info: at('info', own),
    warn: at('warn', own),
    error: at('error', own),
    child: (fields) => withFields({ ...own, ...fields }),
    flush: sink.flush,
  });
  return withFields({});
}

/** Drops everything; for tests and for commands that report by themselves. */
export const silentLogger: Logger = {
  debug: () => {}, info: () => {}, warn: () => {}, error: () => {},
  child: () => silentLogger,
  flush: async () => {},
};

/** Counts lines in and out, so that `flush` knows when the other end took them. */
function createSink(out: NodeJS.WritableStream) {
  let expected = 0;
  let taken = 0;
  let waiting: { readonly until: number; readonly resolve: () => void }[] = [];
  out.on('error', () => {}); // EPIPE: nobody reads any more; the work goes on

  function countLine(): void {
    taken++;
    const ready = waiting.filter(({ until }) => until <= taken);
    if (ready.length === 0) return;
    waiting = waiting.filter(({ until }) => until > taken);
    for (const { resolve } of ready) resolve();
  }

  return {
    stream: new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        out.write(chunk, countLine);
        done();
      },
    }),
    expectLine: () => void expected++,
    flush: (): Promise<void> => (taken >= expected
      ? Promise.resolve()
      : new Promise((resolve) => void waiting.push({ until: expected, resolve }))),
  };
}
