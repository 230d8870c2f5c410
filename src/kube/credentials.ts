/**
 * The credentials in use: read again every minute, and at once when the API server does not accept them.
 *
 * Promises: reading never blocks a request; what was read last stays in use while reading fails.
 */
import type { GateClock } from './gate.ts';

/** TLS as `node:tls` takes it. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

export interface Credentials {
  /** For every request, in lower case: `authorization`, `impersonate-user`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsFiles;
}

/** Reads them; `anew` also drops what a credential plugin or a kubeconfig file was asked before. */
export type ReadCredentials = (anew: boolean) => Promise<Credentials>;

export interface CredentialKeeper {
  /** `tls` is the same object as long as nothing in it changed. */
  current(): Credentials;
  /** Reads anew; one reading serves all who ask meanwhile. Never rejects. */
  refresh(): Promise<void>;
  close(): void;
}

export interface KeeperParts {
  readonly read: ReadCredentials;
  readonly clock: GateClock;
  readonly intervalMs: number;
  /** A credential plugin that takes longer has failed: nothing may wait for it for ever. */
  readonly readMs: number;
  /** Reading failed; what was read before stays in use. */
  readonly onFailure: (error: unknown) => void;
}

/** Rejects when they cannot be read the first time. */
export async function keepCredentials({ read, clock, intervalMs, readMs, onFailure }: KeeperParts): Promise<CredentialKeeper> {
  const closing = new AbortController();
  let present = await readInTime(false);
  let reading: Promise<void> | undefined;

  async function readInTime(anew: boolean): Promise<Credentials> {
    const done = new AbortController();
    const tooLong = clock.sleep(readMs, done.signal).then(() => { throw new Error(`credentials could not be read within ${readMs} ms`); });
    try {
      return await Promise.race([read(anew), tooLong]);
    } finally {
      tooLong.catch(() => undefined);
      done.abort();
    }
  }

  async function readNow(anew: boolean): Promise<void> {
    try {
      const next = await readInTime(anew);
      present = sameTls(next.tls, present.tls) ? { headers: next.headers, tls: present.tls } : next;
    } catch (error) {
      onFailure(error);
    }
  }

  function refresh(): Promise<void> {
    reading ??= readNow(true).finally(() => { reading = undefined; });
    return reading;
  }

  async function readForEver(): Promise<void> {
    for (;;) {
      try {
        await clock.sleep(intervalMs, closing.signal);
      } catch {
        return; // closed
      }
      await readNow(false);
    }
  }

  void readForEver();
  return { current: () => present, refresh, close: () => { closing.abort(); } };
}

function sameTls(a: TlsFiles, b: TlsFiles): boolean {
  return a.ca === b.ca && a.cert === b.cert && a.key === b.key && a.passphrase === b.passphrase
    && a.servername === b.servername && a.rejectUnauthorized === b.rejectUnauthorized;
}
