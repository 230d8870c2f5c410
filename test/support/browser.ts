/**
 * A real Chromium without a window, by the DevTools protocol over a pipe: no port, no package.
 *
 * Promises: pages are loaded in a fresh profile; whatever the browser complains about (console, log, refused by a
 * Content-Security-Policy, failed requests) is kept; it ends with the process that started it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export interface Tab {
  /** Resolves when it is loaded. */
  open(url: string): Promise<void>;
  /** The value of an expression in the page; promises are awaited. */
  evaluate<T>(expression: string): Promise<T>;
  /** As if it was typed: `Tab`, `Enter`, `ArrowRight`, a blank or another character. */
  press(key: string): Promise<void>;
  /** Waits for the page that what is done leads to. */
  following(act: () => Promise<void>): Promise<void>;
  look(options: Look): Promise<void>;
  /** A PNG of the whole page, or of what fits the window. */
  screenshot(whole?: boolean): Promise<Buffer>;
  /** What it complained about since it was opened. */
  readonly complaints: readonly string[];
  /** Every address that was asked for. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface Look { readonly scheme: 'light' | 'dark'; readonly width: number; readonly height?: number }

export interface Browser {
  readonly version: string;
  tab(): Promise<Tab>;
  close(): Promise<void>;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'headless_shell'];
const PLACES = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium', '/snap/bin/chromium'];
/** An answer of the browser, on a machine that has much else to do. */
const PATIENCE_MS = 60_000;

/** CHROMIUM_PATH, else what is installed; `undefined` where there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') return named;
  const inPath = (env['PATH'] ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...inPath, ...PLACES].find(isExecutable);
}

export const NO_CHROMIUM = 'no Chromium found: install one (Debian: apt-get install chromium), or name it with CHROMIUM_PATH';

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export async function startBrowser(program: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'npb-chromium-'));
  const child = spawn(program, [
    '--headless', '--remote-debugging-pipe', `--user-data-dir=${profile}`, '--no-first-run', '--no-default-browser-check', '--disable-gpu', '--disable-dev-shm-usage',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--force-color-profile=srgb', '--hide-scrollbars',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), // Chromium has no sandbox for root
  ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const kill = (): void => { child.kill('SIGKILL'); };
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => { child.once('exit', () => resolve()); child.once('error', () => resolve()); });
  const protocol = speakTo(child);
  const removeProfile = (): void => rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  const { product } = await protocol.send<{ product: string }>('Browser.getVersion').catch((error: unknown) => {
    kill();
    removeProfile();
    throw error;
  });
  return {
    version: product,
    tab: () => openTab(protocol),
    async close() {
      await Promise.race([protocol.send('Browser.close').catch(() => undefined), ended]);
      kill();
      await ended;
      process.removeListener('exit', kill);
      removeProfile();
    },
  };
}

interface Message { readonly id?: number; readonly method?: string; readonly params?: Record<string, unknown>; readonly result?: unknown; readonly error?: { readonly message: string }; readonly sessionId?: string }

interface Protocol {
  send<T>(method: string, params?: object, sessionId?: string): Promise<T>;
  on(sessionId: string, listener: (method: string, params: Record<string, unknown>) => void): void;
}

/** Messages are JSON, each ended by a zero byte. */
function speakTo(child: ChildProcess): Protocol {
  const [, , , writing, reading] = child.stdio as unknown as [null, null, null, Writable, Readable];
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const listeners = new Map<string, (method: string, params: Record<string, unknown>) => void>();
  let rest: Buffer = Buffer.alloc(0);
  let last = 0;
  const failAll = (why: string): void => {
    for (const { reject } of waiting.values()) reject(new Error(why));
    waiting.clear();
  };
  child.once('error', (error) => failAll(`the browser does not start: ${error.message}`));
  child.once('exit', (code, signal) => failAll(`the browser ended with ${code ?? signal}`));
  writing.on('error', () => undefined); // told by the exit
  reading.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0); end !== -1; end = rest.indexOf(0)) {
      take(JSON.parse(rest.subarray(0, end).toString()) as Message);
      rest = rest.subarray(end + 1);
    }
  });

  function take({ id, method, params = {}, result, error, sessionId = '' }: Message): void {
    if (method !== undefined) listeners.get(sessionId)?.(method, params);
    const asked = waiting.get(id ?? 0);
    waiting.delete(id ?? 0);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error.message));
  }

  return {
    send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
      const id = (last += 1);
      const answer = new Promise<unknown>((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`${method}: no answer of the browser within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
        late.unref();
        waiting.set(id, {
          resolve: (value) => { clearTimeout(late); resolve(value); },
          reject: (error) => { clearTimeout(late); reject(error); },
        });
      });
      writing.write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`);
      return answer as Promise<T>;
    },
    on: (sessionId, listener) => void listeners.set(sessionId, listener),
  };
}

async function openTab(protocol: Protocol): Promise<Tab> {
  const { targetId } = await protocol.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await protocol.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true });
  const send = <T>(method: string, params: object = {}): Promise<T> => protocol.send(method, params, sessionId);
  const complaints: string[] = [];
  const requests: string[] = [];
  let loaded = (): void => undefined;
  protocol.on(sessionId, (method, params) => {
    if (method === 'Page.loadEventFired') loaded();
    if (method === 'Network.requestWillBeSent') requests.push((params as { request: { url: string } }).request.url);
    const complaint = complaintIn(method, params);
    if (complaint !== undefined) complaints.push(complaint);
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Audits']) await send(`${domain}.enable`);

  async function following(act: () => Promise<void>): Promise<void> {
    const arrived = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no page within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
      loaded = () => { clearTimeout(late); resolve(); };
    });
    await act();
    await arrived;
  }

  return {
    complaints, requests, following,
    async open(url) {
      complaints.length = 0;
      requests.length = 0;
      await following(async () => {
        const { errorText } = await send<{ errorText?: string }>('Page.navigate', { url });
        if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
      });
    },
    async evaluate<T>(expression: string) {
      const { result, exceptionDetails } = await send<{ result: { value: T }; exceptionDetails?: { exception?: { description?: string }; text: string } }>('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async press(key) {
      const text = key === 'Enter' ? '\r' : key.length === 1 ? key : undefined;
      const codes: Record<string, number> = { Tab: 9, Enter: 13, ' ': 32, ArrowRight: 39 };
      const facts = { key, code: key === ' ' ? 'Space' : key, windowsVirtualKeyCode: codes[key] ?? key.toUpperCase().charCodeAt(0) };
      await send('Input.dispatchKeyEvent', { type: text === undefined ? 'rawKeyDown' : 'keyDown', ...facts, ...(text !== undefined && { text }) });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...facts });
    },
    async look({ scheme, width, height = 900 }) {
      await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
      await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    },
    async screenshot(whole = true) {
      const { data } = await send<{ data: string }>('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole });
      return Buffer.from(data, 'base64');
    },
    close: async () => { await protocol.send('Target.closeTarget', { targetId }); },
  };
}

/** What a person would see in red in the tools of the browser. */
function complaintIn(method: string, params: Record<string, unknown>): string | undefined {
  switch (method) {
    case 'Runtime.exceptionThrown': return `exception: ${JSON.stringify(params)}`;
    case 'Runtime.consoleAPICalled': return `console: ${JSON.stringify(params['args'])}`;
    case 'Log.entryAdded': return `log: ${(params as { entry: { text: string } }).entry.text}`;
    case 'Audits.issueAdded': return `issue: ${JSON.stringify(params['issue'])}`;
    case 'Network.loadingFailed': return `not loaded: ${String(params['errorText'])}`;
    default: return undefined;
  }
}
