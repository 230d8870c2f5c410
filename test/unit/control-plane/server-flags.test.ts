/** Command lines of the servers and the kubeconfig files for their clients. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createAuthority } from '../../control-plane/certificates.ts';
import { renderKubeconfig } from '../../control-plane/kubeconfig.ts';
import { freePorts } from '../../control-plane/ports.ts';
import { apiServerFlags, apiServerUrl, controllerManagerFlags, etcdFlags } from '../../control-plane/server-flags.ts';
import { GiveUp, waitFor } from '../../control-plane/wait-for.ts';
import type { Layout } from '../../control-plane/server-flags.ts';

const layout: Layout = { dataDir: '/data', ports: { apiserver: 20_001, controllerManager: 20_002 }, auditLog: false, extraApiServerFlags: [] };

describe('control plane flags', () => {
  it('listens on loopback and in the data folder only', () => {
    const flags = [...etcdFlags(layout), ...apiServerFlags(layout), ...controllerManagerFlags(layout)];
    const listening = flags.filter((flag) => /^--(listen-|bind-address|advertise-address)/.test(flag));
    assert.deepEqual(listening, [
      '--listen-client-urls=unix:///data/etcd.sock',
      '--listen-peer-urls=unix:///data/etcd-peer.sock',
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      '--bind-address=127.0.0.1',
    ]);
  });

  it('keeps fsync and RBAC on, whatever is asked for', () => {
    assert.ok(!etcdFlags(layout).some((flag) => flag.includes('fsync')));
    assert.ok(apiServerFlags(layout).includes('--authorization-mode=RBAC'));
  });

  it('writes an audit log only on request, and never rotates it', () => {
    assert.ok(!apiServerFlags(layout).some((flag) => flag.includes('audit')));
    const flags = apiServerFlags({ ...layout, auditLog: true });
    assert.ok(flags.includes('--audit-log-path=/data/audit.log'));
    assert.ok(flags.includes('--audit-log-maxsize=8192'));
  });

  it('puts further flags last, where they count', () => {
    const flags = apiServerFlags({ ...layout, extraApiServerFlags: ['--v=4', '--bind-address=127.0.0.2'] });
    assert.deepEqual(flags.slice(-2), ['--v=4', '--bind-address=127.0.0.2']);
  });

  it('gives different free ports and leaves out a taken one', async () => {
    const ports = await freePorts(20);
    assert.equal(new Set(ports).size, 20);
    const server = createServer().listen(ports[0], '127.0.0.1');
    await once(server, 'listening');
    assert.ok(!(await freePorts(50)).includes(ports[0] ?? 0));
    server.close();
  });
});

describe('kubeconfig files', () => {
  it('hold everything inside, for a certificate or for a token', () => {
    const authority = createAuthority('x');
    const identity = authority.issue({ usage: 'client', commonName: 'jane' });
    const common = { url: apiServerUrl(layout), caPem: authority.certPem, user: 'jane' };
    const withCert = JSON.parse(renderKubeconfig({ ...common, identity })) as { users: [{ user: Record<string, string> }] };
    const certificate = new X509Certificate(Buffer.from(withCert.users[0].user['client-certificate-data'] ?? '', 'base64'));
    assert.equal(certificate.subject, 'CN=jane');
    const withToken = JSON.parse(renderKubeconfig({ ...common, identity: { token: 't' }, namespace: 'n' })) as object;
    assert.deepEqual(withToken, {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'control-plane', cluster: { server: 'https://127.0.0.1:20001', 'certificate-authority-data': Buffer.from(authority.certPem).toString('base64') } }],
      users: [{ name: 'jane', user: { token: 't' } }],
      contexts: [{ name: 'control-plane', context: { cluster: 'control-plane', user: 'jane', namespace: 'n' } }],
      'current-context': 'control-plane',
    });
  });
});

describe('waiting', () => {
  it('asks again until it is true', async () => {
    let asked = 0;
    await waitFor('three', 5000, () => Promise.resolve((asked += 1) === 3));
    assert.equal(asked, 3);
  });

  it('names what it waited for, and the last error', async () => {
    const error = await waitFor('the sun', 60, () => Promise.reject(new Error('night'))).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Error && error.cause instanceof Error);
    assert.match(error.message, /60 ms in vain for the sun/);
    assert.equal(error.cause.message, 'night');
  });

  it('ends at once when waiting is pointless', async () => {
    await assert.rejects(waitFor('x', 60_000, () => Promise.reject(new GiveUp('dead'))), /dead/);
  });
});
