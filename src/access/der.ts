/** As much of DER (X.690) and X.509 as a certificate with an ECDSA P-256 key needs. */
import { createHash, sign, type KeyObject } from 'node:crypto';

export const OID = {
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

export interface CertificateParts {
  readonly issuer: { readonly name: Buffer; readonly privateKey: KeyObject };
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  /** Positive and without leading zeros, as DER wants an integer. */
  readonly serial: Buffer;
  /** Milliseconds since the epoch. */
  readonly valid: { readonly fromMs: number; readonly untilMs: number };
  readonly extensions: readonly Buffer[];
}

/** Version 3, as PEM. */
export function certificatePem({ issuer, subject, publicKey, serial, valid, extensions }: CertificateParts): string {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const toBeSigned = sequence(
    tlv(0xa0, integer(Buffer.from([2]))), // version 3
    integer(serial),
    algorithm,
    issuer.name,
    sequence(time(valid.fromMs), time(valid.untilMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  return pem('CERTIFICATE', sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, issuer.privateKey), 0)));
}

/** What belongs into every certificate that is not an authority's; `authority` is the key identifier of who issues it. */
export function leafExtensions(usage: 'server' | 'client', publicKey: KeyObject, authority: Buffer): Buffer[] {
  return [
    extension(OID.basicConstraints, sequence(), true),
    extension(OID.keyUsage, bitString(Buffer.from([0x80]), 7), true), // digitalSignature
    extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID[usage]))),
    extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
    extension(OID.authorityKeyIdentifier, sequence(tlv(0x80, authority))),
  ];
}

/** SubjectAltName of DNS names and IPv4 addresses. */
export function alternativeNames(dnsNames: readonly string[], addresses: readonly string[]): Buffer {
  return extension(OID.subjectAltName, sequence(
    ...dnsNames.map((name) => tlv(0x82, Buffer.from(name, 'ascii'))),
    ...addresses.map((address) => tlv(0x87, Buffer.from(address.split('.').map(Number)))),
  ));
}

export function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1').update(publicKey.export({ type: 'spki', format: 'der' })).digest();
}

export function distinguishedName(commonName: string, organization?: string): Buffer {
  const parts: Buffer[] = [];
  if (organization !== undefined) parts.push(nameAttribute(OID.organization, organization));
  parts.push(nameAttribute(OID.commonName, commonName));
  return sequence(...parts);
}

function nameAttribute(oid: string, value: string): Buffer {
  return tlv(0x31, sequence(objectIdentifier(oid), tlv(0x0c, Buffer.from(value, 'utf8'))));
}

export function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** Tag, length, value. */
function tlv(tag: number, ...values: readonly Buffer[]): Buffer {
  const value = Buffer.concat(values);
  return Buffer.concat([Buffer.from([tag]), lengthOf(value.length), value]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export function sequence(...values: readonly Buffer[]): Buffer {
  return tlv(0x30, ...values);
}

function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes);
}

export function boolean(value: boolean): Buffer {
  return tlv(0x01, Buffer.from([value ? 0xff : 0]));
}

export function octetString(value: Buffer): Buffer {
  return tlv(0x04, value);
}

export function bitString(value: Buffer, unusedBits: number): Buffer {
  return tlv(0x03, Buffer.from([unusedBits]), value);
}

/** Until 2049 with two digits of the year, from then on with four: RFC 5280. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return digits < '2050' ? tlv(0x17, Buffer.from(digits.slice(2), 'ascii')) : tlv(0x18, Buffer.from(digits, 'ascii'));
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
