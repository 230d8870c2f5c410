/**
 * One HTTP request and its answer, on undici's plain callbacks: no streams, no copies.
 *
 * Promises: settles at once when the signal is aborted or the deadline is over, also while the request still waits
 * for a connection.
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
  /** What to reject with when the signal is aborted; its reason when absent. */
  readonly aborted?: () => Error;
  readonly deadline?: { readonly ms: number; readonly expired: () => Error };
  /** Told as soon as the answer begins. */
  readonly onBegin?: (code: number) => void;
  /** Gets the body of a 200 as it comes; what it throws ends the exchange. The answer's text is then empty. */
  readonly onData?: (bytes: Buffer) => void;
}

/** Rejects with undici's error when the connection fails. */
export function exchange(dispatcher: Dispatcher, request: ExchangeRequest, options: ExchangeOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    const stopWaiting = waitForLimits(options, fail);

    function settle(act: () => void): void {
      if (settled) return;
      settled = true;
      stopWaiting();
      act();
    }
    function fail(error: unknown): void {
      settle(() => { reject(error); });
      controller?.abort(error instanceof Error ? error : new Error(String(error)));
    }
    function onStart(started: Dispatcher.DispatchController): void {
      controller = started;
      if (settled) started.abort(new Error('aborted while it waited for a connection'));
    }

    if (options.signal.aborted) {
      fail(reasonOf(options));
      return;
    }
    const handler = answerHandler(options, { onStart, fail, over: () => settled, done: (answer) => { settle(() => { resolve(answer); }); } });
    try {
      dispatcher.dispatch({ method: request.method, path: request.path, headers: request.headers, body: request.body ?? null }, handler);
    } catch (error) {
      fail(error);
    }
  });
}

/** Calls `end` once when the signal is aborted or the deadline is over. Returns how to stop that. */
function waitForLimits(options: ExchangeOptions, end: (error: unknown) => void): () => void {
  const { signal, deadline } = options;
  const onAbort = (): void => { end(reasonOf(options)); };
  const timer = deadline === undefined ? undefined : setTimeout(() => { end(deadline.expired()); }, deadline.ms);
  signal.addEventListener('abort', onAbort);
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  };
}

const reasonOf = ({ signal, aborted }: ExchangeOptions): unknown => (aborted === undefined ? signal.reason : aborted());

interface Ends {
  onStart(controller: Dispatcher.DispatchController): void;
  fail(error: unknown): void;
  /** Nothing that still comes counts. */
  over(): boolean;
  done(answer: Answer): void;
}

function answerHandler(options: ExchangeOptions, { onStart, fail, over, done }: Ends): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = [];
  let code = 0;
  let headers: Answer['headers'] = {};
  return {
    onRequestStart: onStart,
    onResponseStart(_controller, statusCode, answerHeaders) {
      code = statusCode;
      headers = answerHeaders;
      options.onBegin?.(statusCode);
    },
    onResponseData(_controller, bytes) {
      if (over()) return;
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
    onResponseEnd() { done({ code, headers, text: Buffer.concat(chunks).toString('utf8') }); },
    onResponseError(_controller, error) { fail(error); },
  };
}
