/**
 * A certificate authority for one control plane: X.509 v3, ECDSA P-256, made with node:crypto in a few milliseconds.
 * Only what the control plane needs (one authority, server and client certificates); for tests, never for production.
 */
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { KeyObject } from 'node:crypto';

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

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
} as const;

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

function issue(issuer: Issuer, request: CertificateRequest): KeyPairPem {
  const { privateKey, publicKey } = newKey();
  const extensions = [
    extension(OID.basicConstraints, sequence(), true),
    extension(OID.keyUsage, bitString(Buffer.from([0x80]), 7), true), // digitalSignature
    extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID[request.usage]))),
    extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
    extension(OID.authorityKeyIdentifier, sequence(tlv(0x80, issuer.keyId))),
  ];
  const names = alternativeNames(request);
  if (names.length > 0) extensions.push(extension(OID.subjectAltName, sequence(...names)));
  const subject = distinguishedName(request.commonName, request.organization);
  return { certPem: certificate({ issuer, subject, publicKey, extensions }), keyPem: pemOfKey(privateKey) };
}

interface CertificateParts {
  readonly issuer: Issuer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

function certificate({ issuer, subject, publicKey, extensions }: CertificateParts): string {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const now = Date.now();
  const toBeSigned = sequence(
    tlv(0xa0, integer(Buffer.from([2]))), // version 3
    integer(serialNumber()),
    algorithm,
    issuer.name,
    sequence(utcTime(now - VALID_BEFORE_MS), utcTime(now + VALID_AFTER_MS)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', toBeSigned, issuer.privateKey);
  return pem('CERTIFICATE', sequence(toBeSigned, algorithm, bitString(signature, 0)));
}

function newKey(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pemOfKey(key: KeyObject): string {
  return createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })).export({ type: 'sec1', format: 'pem' }).toString();
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1').update(publicKey.export({ type: 'spki', format: 'der' })).digest();
}

/** Positive and without leading zeros, as DER wants an integer. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function alternativeNames({ dnsNames = [], ipAddresses = [] }: CertificateRequest): Buffer[] {
  const wrong = ipAddresses.find((address) => !isIPv4(address));
  if (wrong !== undefined) throw new Error(`${wrong} is not an IPv4 address`);
  return [
    ...dnsNames.map((name) => tlv(0x82, Buffer.from(name, 'ascii'))),
    ...ipAddresses.map((address) => tlv(0x87, Buffer.from(address.split('.').map(Number)))),
  ];
}

function distinguishedName(commonName: string, organization?: string): Buffer {
  const parts: Buffer[] = [];
  if (organization !== undefined) parts.push(nameAttribute(OID.organization, organization));
  parts.push(nameAttribute(OID.commonName, commonName));
  return sequence(...parts);
}

function nameAttribute(oid: string, value: string): Buffer {
  return tlv(0x31, sequence(objectIdentifier(oid), tlv(0x0c, Buffer.from(value, 'utf8'))));
}

function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** DER: tag, length, value. */
function tlv(tag: number, ...values: readonly Buffer[]): Buffer {
  const value = Buffer.concat(values);
  return Buffer.concat([Buffer.from([tag]), lengthOf(value.length), value]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function sequence(...values: readonly Buffer[]): Buffer {
  return tlv(0x30, ...values);
}

function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes);
}

function boolean(value: boolean): Buffer {
  return tlv(0x01, Buffer.from([value ? 0xff : 0]));
}

function octetString(value: Buffer): Buffer {
  return tlv(0x04, value);
}

function bitString(value: Buffer, unusedBits: number): Buffer {
  return tlv(0x03, Buffer.from([unusedBits]), value);
}

/** Two-digit years: good until 2049. */
function utcTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return tlv(0x17, Buffer.from(digits.slice(2), 'ascii'));
}

function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Seven bits per byte, the highest bit set on all but the last. */
function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
