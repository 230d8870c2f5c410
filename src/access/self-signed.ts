/**
 * A certificate for who was given none: TLS keeps a token from being read on the way, and nobody can tell by it who
 * answers. New at each start; its key never leaves the process.
 */
import { generateKeyPairSync } from 'node:crypto';
import { PRODUCT } from '../api/names.ts';
import { alternativeNames, certificatePem, distinguishedName, keyIdentifier, leafExtensions } from './der.ts';

export interface KeyPair {
  /** PEM, with the certificates of intermediate authorities behind it. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

const DAY_MS = 24 * 3_600_000;
/** Longer than a process lives: renewing it would be of no use to anybody, as nobody can verify it. */
const VALID_MS = 10 * 365 * DAY_MS;

/** `wallMs`: milliseconds since the epoch. */
export function selfSigned(wallMs: number): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = distinguishedName(PRODUCT);
  const keyId = keyIdentifier(publicKey);
  const serial = Buffer.from(keyId.subarray(0, 16));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40; // positive, and no zero in front
  const extensions = [...leafExtensions('server', publicKey, keyId), alternativeNames(['localhost'], ['127.0.0.1'])];
  const cert = certificatePem({ issuer: { name, privateKey }, subject: name, publicKey, serial, valid: { fromMs: wallMs - DAY_MS, untilMs: wallMs + VALID_MS }, extensions });
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
