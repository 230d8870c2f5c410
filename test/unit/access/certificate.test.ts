/** The certificates of the endpoint, judged by OpenSSL as Node has it. */
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, symlink, rename, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateError, certificateFromFiles } from '../../../src/access/certificate-files.ts';
import { selfSigned } from '../../../src/access/self-signed.ts';
import { createAuthority, type KeyPairPem } from '../../control-plane/certificates.ts';
import { manualClock } from '../../support/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { memoryLogger } from '../../support/log.ts';

const issue = (): KeyPairPem => createAuthority('test').issue({ usage: 'server', commonName: 'x', dnsNames: ['localhost'] });

describe('self-signed certificate', () => {
  it('is signed by its own key, for a server, valid from before now for years, and another each time', () => {
    const [pair, other] = [selfSigned(Date.now()), selfSigned(Date.now())];
    const cert = new X509Certificate(pair.cert);
    assert.ok(cert.verify(cert.publicKey) && cert.checkPrivateKey(createPrivateKey(pair.key)));
    assert.deepEqual([cert.subject, cert.subjectAltName, cert.ca], ['CN=namespace-policy-baseline', 'DNS:localhost, IP Address:127.0.0.1', false]);
    assert.ok(Date.parse(cert.validFrom) < Date.now() && Date.parse(cert.validTo) > Date.now() + 9 * 365 * 86_400_000);
    assert.notEqual(cert.serialNumber, new X509Certificate(other.cert).serialNumber);
  });

  it('can end after 2049', () => {
    assert.match(new X509Certificate(selfSigned(Date.UTC(2045, 0, 1)).cert).validTo, /2054/);
  });
});

describe('certificate from files', () => {
  let folder: string;
  let files: { certFile: string; keyFile: string };
  const clock = manualClock();
  const log = memoryLogger();
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'npb-certificate-'));
    files = { certFile: join(folder, '..data', 'tls.crt'), keyFile: join(folder, '..data', 'tls.key') };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** As a kubelet does it: another folder, then one link to it. */
  async function mount(version: string, cert: string, key: string): Promise<void> {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, 'tls.crt'), cert);
    await writeFile(join(folder, version, 'tls.key'), key);
    await symlink(version, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  }

  it('is read again when the files change, and only then', async () => {
    const [first, second] = [issue(), issue()];
    await mount('1', first.certPem, first.keyPem);
    const certificate = await certificateFromFiles(files, { clock, log });
    const seen: string[] = [];
    certificate.onChange(({ cert }) => seen.push(cert));
    await clock.advance(10_000);
    await mount('2', second.certPem, second.keyPem);
    await eventually(() => clock.advance(10_000), () => assert.deepEqual(seen, [second.certPem]));
    assert.deepEqual(certificate.current(), { cert: second.certPem, key: second.keyPem });
    certificate.close();
    await clock.settle();
    assert.equal(clock.timers, 0);
  });

  it('stays while the new files cannot be used, which is told once, and is replaced when they can', async () => {
    const [first, second] = [issue(), issue()];
    await mount('1', first.certPem, first.keyPem);
    const certificate = await certificateFromFiles(files, { clock, log });
    const seen: string[] = [];
    certificate.onChange(({ cert }) => seen.push(cert));
    const complaints = (): string[] => log.entries.filter(({ message }) => message.includes('cannot be read again')).map(({ fields }) => (fields['error'] as Error).message);
    await mount('2', second.certPem, first.keyPem);
    await eventually(() => clock.advance(10_000), () => assert.equal(complaints().length, 1));
    assert.match(complaints()[0] ?? '', /are not a certificate and its key as PEM: .*key values mismatch/);
    for (let round = 0; round < 5; round += 1) await clock.advance(10_000);
    assert.deepEqual([complaints().length, seen, certificate.current().cert], [1, [], first.certPem]);
    await mount('3', second.certPem, second.keyPem);
    await eventually(() => clock.advance(10_000), () => assert.deepEqual(seen, [second.certPem]));
    certificate.close();
  });

  it('that is missing or none names the file, the reason and what to do', async () => {
    await assert.rejects(certificateFromFiles(files, { clock, log }), (error) => error instanceof CertificateError
      && /tls\.crt cannot be read: ENOENT.*; mount the Secret.*--tls-cert-file/.test(error.message));
    await mount('1', 'not PEM', 'nor this');
    await assert.rejects(certificateFromFiles(files, { clock, log }), (error) => error instanceof CertificateError && /are not a certificate and its key as PEM: .*PEM.*--tls-private-key-file/s.test(error.message));
  });
});
