/**
 * A certificate authority for one control plane: X.509 v3, ECDSA P-256, made with node:crypto in a few milliseconds.
 * Only what the control plane needs (one authority, server and client certificates); for tests, never for production.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { KeyObject } from 'node:crypto';
import { alternativeNames, bitString, boolean, certificatePem, distinguishedName, extension, keyIdentifier, leafExtensions, octetString, OID, sequence } from '../../src/access/der.ts';

export interface KeyPairPem {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Kubernetes reads it as the group of a client. */
  readonly organization?: string;
  readonly usage: 'server' | 'client';
  readonly dnsNames?: readonly string[];
  /** IPv4 only. */
  readonly ipAddresses?: readonly string[];
}

export interface Authority {
  readonly certPem: string;
  issue(request: CertificateRequest): KeyPairPem;
}

const DAY_MS = 24 * 3_600_000;
/** Back-dated, so that a clock that is stepped back does not break a running control plane. */
const VALID_BEFORE_MS = DAY_MS;
const VALID_AFTER_MS = 30 * DAY_MS;

/** A new key as PEM: the private half (PKCS 8) and the public half (SPKI). */
export function newKeyPem(): { readonly privatePem: string; readonly publicPem: string } {
  const { privateKey, publicKey } = newKey();
  return { privatePem: pemOfKey(privateKey), publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** Makes an authority that signs with a key which never leaves this process. */
export function createAuthority(commonName: string): Authority {
  const { privateKey, publicKey } = newKey();
  const issuer = { name: distinguishedName(commonName), keyId: keyIdentifier(publicKey), privateKey };
  const extensions = [
    extension(OID.basicConstraints, sequence(boolean(true)), true),
    extension(OID.keyUsage, bitString(Buffer.from([0x06]), 1), true), // keyCertSign, cRLSign
    extension(OID.subjectKeyIdentifier, octetString(issuer.keyId)),
  ];
  const certPem = certificate({ issuer, subject: issuer.name, publicKey, extensions });
  return { certPem, issue: (request) => issue(issuer, request) };
}

interface Issuer {
  readonly name: Buffer;
  readonly keyId: Buffer;
  readonly privateKey: KeyObject;
}

function issue(issuer: Issuer, { commonName, organization, usage, dnsNames = [], ipAddresses = [] }: CertificateRequest): KeyPairPem {
  const wrong = ipAddresses.find((address) => !isIPv4(address));
  if (wrong !== undefined) throw new Error(`${wrong} is not an IPv4 address`);
  const { privateKey, publicKey } = newKey();
  const extensions = leafExtensions(usage, publicKey, issuer.keyId);
  if (dnsNames.length + ipAddresses.length > 0) extensions.push(alternativeNames(dnsNames, ipAddresses));
  const subject = distinguishedName(commonName, organization);
  return { certPem: certificate({ issuer, subject, publicKey, extensions }), keyPem: pemOfKey(privateKey) };
}

function certificate(parts: { issuer: Issuer; subject: Buffer; publicKey: KeyObject; extensions: readonly Buffer[] }): string {
  const now = Date.now();
  return certificatePem({ ...parts, serial: serialNumber(), valid: { fromMs: now - VALID_BEFORE_MS, untilMs: now + VALID_AFTER_MS } });
}

function newKey(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pemOfKey(key: KeyObject): string {
  return createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })).export({ type: 'sec1', format: 'pem' }).toString();
}

/** Positive and without leading zeros, as DER wants an integer. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}
