/**
 * One HTTP request and its answer, on undici's plain callbacks: no streams, no copies.
 *
 * Promises: settles at once when the signal is aborted, also while the request still waits for a connection.
 * Must not: look into the answer.
 */
import type { Dispatcher } from 'undici';
import type { Answer } from './error-answers.ts';

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface ExchangeOptions {
  readonly signal: AbortSignal;
  /** Told as soon as the answer begins. */
  readonly onBegin?: (code: number) => void;
  /** Gets the body of a 200 as it comes; what it throws ends the exchange. The answer's text is then empty. */
  readonly onData?: (bytes: Buffer) => void;
}

/** Rejects with the signal's reason when that ends it, and with undici's error when the connection does. */
export function exchange(dispatcher: Dispatcher, request: ExchangeRequest, options: ExchangeOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    const chunks: Buffer[] = [];
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    let code = 0;
    let headers: Answer['headers'] = {};

    function settle(act: () => void): void {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', onAbort);
      act();
    }
    function fail(error: unknown): void {
      settle(() => { reject(error); });
      controller?.abort(error instanceof Error ? error : new Error(String(error)));
    }
    function onAbort(): void { fail(signal.reason); }

    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    signal.addEventListener('abort', onAbort);
    dispatcher.dispatch({ method: request.method, path: request.path, headers: request.headers, body: request.body ?? null }, {
      onRequestStart(started) {
        controller = started;
        if (settled) started.abort(new Error('aborted while it waited for a connection'));
      },
      onResponseStart(_controller, statusCode, answerHeaders) {
        code = statusCode;
        headers = answerHeaders;
        options.onBegin?.(statusCode);
      },
      onResponseData(_controller, bytes) {
        if (settled) return;
        if (options.onData === undefined || code !== 200) {
          chunks.push(bytes);
          return;
        }
        try {
          options.onData(bytes);
        } catch (error) {
          fail(error);
        }
      },
      onResponseEnd() { settle(() => { resolve({ code, headers, text: Buffer.concat(chunks).toString('utf8') }); }); },
      onResponseError(_controller, error) { settle(() => { reject(error); }); },
    });
  });
}

/** Runs something under a deadline and the caller's signal; what comes first aborts it, with `expired()` or `aborted()`. */
export async function withDeadline<T>(limits: Limits, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, deadlineMs, expired, aborted } = limits;
  const own = new AbortController();
  const onAbort = (): void => { own.abort(aborted()); };
  if (signal.aborted) throw aborted();
  const timer = setTimeout(() => { own.abort(expired()); }, deadlineMs);
  signal.addEventListener('abort', onAbort);
  try {
    return await run(own.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

export interface Limits {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly expired: () => Error;
  readonly aborted: () => Error;
}
