/** The authority of a control plane, judged by OpenSSL as Node has it: parsing, verification and real handshakes. */
import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { createAuthority, newKeyPem } from '../../control-plane/certificates.ts';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

const authority = createAuthority('test authority');
const ca = new X509Certificate(authority.certPem);
const server = authority.issue({ usage: 'server', commonName: 'server', dnsNames: ['localhost', 'a.b.svc'], ipAddresses: ['127.0.0.1', '10.96.0.1'] });
const client = authority.issue({ usage: 'client', commonName: 'jane', organization: 'system:masters' });

describe('certificates', () => {
  it('makes an authority that signed itself', () => {
    assert.equal(ca.ca, true);
    assert.equal(ca.verify(ca.publicKey), true);
    assert.equal(ca.subject, 'CN=test authority');
  });

  it('issues certificates of the authority with their names', () => {
    const cert = new X509Certificate(server.certPem);
    assert.equal(cert.ca, false);
    assert.equal(cert.checkIssued(ca), true);
    assert.equal(cert.verify(ca.publicKey), true);
    assert.equal(cert.checkPrivateKey(createPrivateKey(server.keyPem)), true);
    assert.equal(cert.subjectAltName, 'DNS:localhost, DNS:a.b.svc, IP Address:127.0.0.1, IP Address:10.96.0.1');
    assert.equal(new X509Certificate(client.certPem).subject, 'O=system:masters\nCN=jane');
  });

  it('is valid now and some time on either side', () => {
    const cert = new X509Certificate(client.certPem);
    const dayMs = 24 * 3_600_000;
    assert.ok(Date.parse(cert.validFrom) < Date.now() - 0.9 * dayMs);
    assert.ok(Date.parse(cert.validTo) > Date.now() + 7 * dayMs);
  });

  it('gives every certificate another serial number', () => {
    const serials = Array.from({ length: 20 }, () => new X509Certificate(authority.issue({ usage: 'client', commonName: 'x' }).certPem).serialNumber);
    assert.equal(new Set(serials).size, 20);
  });

  it('refuses a name that is no IPv4 address where one is wanted', () => {
    assert.throws(() => authority.issue({ usage: 'server', commonName: 'x', ipAddresses: ['::1'] }), /::1 is not an IPv4 address/);
  });

  it('makes key pairs that fit', () => {
    const { privatePem, publicPem } = newKeyPem();
    const data = Buffer.from('text');
    assert.equal(verify('sha256', data, createPublicKey(publicPem), sign('sha256', data, createPrivateKey(privatePem))), true);
  });

  it('is accepted by both sides of a mutual handshake', async () => {
    assert.equal(await userSeenWith(client), 'jane');
  });

  it('does not let in a client of another authority, or a server certificate as client', async () => {
    const stranger = createAuthority('test authority').issue({ usage: 'client', commonName: 'jane' });
    await assert.rejects(userSeenWith(stranger));
    await assert.rejects(userSeenWith(server));
  });

  /** Common name that a server sees; rejects when either side refuses the other. */
  async function userSeenWith(identity: { certPem: string; keyPem: string }): Promise<string> {
    const listening = createServer({ key: server.keyPem, cert: server.certPem, ca: authority.certPem, requestCert: true, rejectUnauthorized: true });
    listening.on('tlsClientError', () => undefined);
    listening.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => undefined);
      socket.end(String(socket.getPeerCertificate().subject.CN));
    });
    listening.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const socket = connect({ port: (listening.address() as AddressInfo).port, host: '127.0.0.1', ca: authority.certPem, cert: identity.certPem, key: identity.keyPem });
    try {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      await once(socket, 'end');
      assert.ok(chunks.length > 0, 'the server closed the connection');
      return Buffer.concat(chunks).toString();
    } finally {
      socket.destroy();
      listening.close();
    }
  }
});
