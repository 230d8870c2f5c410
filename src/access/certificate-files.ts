/**
 * Certificate and key from files, read again while the operator runs: cert-manager and the kubelet replace them.
 *
 * Promises: what was read last stays in use while the files cannot be used; each reason for that is told once.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { GateClock } from '../kube/gate.ts';
import type { ServingCertificate } from '../observe/http-server.ts';
import type { Logger } from '../observe/logger.ts';
import type { KeyPair } from './self-signed.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The files cannot be used; the message says which, why and what to do. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/** As controller-runtime does. Not by file events: the kubelet changes a link two folders up. */
const READ_EVERY_MS = 10_000;

/** Rejects with a `CertificateError` when they cannot be used the first time. */
export async function certificateFromFiles(files: CertificateFiles, { clock, log }: { readonly clock: Pick<GateClock, 'sleep'>; readonly log: Logger }): Promise<ServingCertificate> {
  const closing = new AbortController();
  let present = await readPair(files);
  let complaint = '';
  log.info('Certificate of the endpoint read', { file: files.certFile, validTo: endOf(present) });

  async function readAgain(onChange: (pair: KeyPair) => void): Promise<void> {
    const next = await readPair(files);
    complaint = '';
    if (next.cert === present.cert && next.key === present.key) return;
    present = next;
    onChange(next);
    log.info('Certificate of the endpoint replaced', { file: files.certFile, validTo: endOf(next) });
  }

  async function watch(onChange: (pair: KeyPair) => void): Promise<void> {
    for (;;) {
      try {
        await clock.sleep(READ_EVERY_MS, closing.signal);
      } catch {
        return; // closed
      }
      await readAgain(onChange).catch((error: Error) => {
        if (error.message !== complaint) log.warn('Certificate of the endpoint cannot be read again, the old one stays in use', { error });
        complaint = error.message;
      });
    }
  }

  return { current: () => present, onChange: (listener) => void watch(listener), close: () => closing.abort() };
}

async function readPair({ certFile, keyFile }: CertificateFiles): Promise<KeyPair> {
  const cert = await readText(certFile, 'tls-cert-file'); // one after the other: when both are missing, the message is always the same
  const key = await readText(keyFile, 'tls-private-key-file');
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new CertificateError(`${certFile} and ${keyFile} are not a certificate and its key as PEM: ${wordsOf(cause)}; see --tls-cert-file and --tls-private-key-file`, { cause });
  }
  return { cert, key };
}

async function readText(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CertificateError(`${file} cannot be read: ${wordsOf(cause)}; mount the Secret with the certificate, or correct --${flag}`, { cause });
  }
}

const wordsOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

const endOf = ({ cert }: KeyPair): string => new X509Certificate(cert).validTo;
