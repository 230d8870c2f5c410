import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialsIn, follow, rawApi, type RawApi, type WatchEvent } from '../../bench/raw-api.ts';

const event = (type: string, version: number): string => `${JSON.stringify({ type, object: { metadata: { name: `n${version}`, resourceVersion: String(version) } } })}\n`;

describe('bench raw client', () => {
  let dir: string;
  let server: Server;
  let api: RawApi;
  let asked: string[];
  /** What the server does with a request; the test's. */
  let answer: (path: string, response: ServerResponse) => void;

  beforeEach(async () => {
    asked = [];
    dir = await mkdtemp(join(tmpdir(), 'npb-bench-'));
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      answer(request.url ?? '', response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const path = join(dir, 'kubeconfig');
    await writeFile(path, JSON.stringify({
      clusters: [{ cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'certificate-authority-data': Buffer.from('the CA').toString('base64') } }],
      users: [{ user: { token: 'secret' } }],
    }));
    assert.deepEqual({ ...credentialsIn(path), origin: '' }, { origin: '', ca: 'the CA', client: undefined, token: 'secret' });
    api = rawApi(path, 2);
  });
  afterEach(async () => {
    await api.close();
    server.close();
    server.closeAllConnections();
    await rm(dir, { recursive: true });
  });

  it('hands on any status, and throws on a bad one where that is asked for', async () => {
    answer = (path, response) => { response.writeHead(path === '/good' ? 201 : 409).end(`{"path":"${path}"}`); };
    assert.deepEqual(await api.send({ method: 'POST', path: '/bad', body: '{}' }), { code: 409, text: '{"path":"/bad"}' });
    assert.deepEqual(await api.must({ method: 'POST', path: '/good' }), { path: '/good' });
    await assert.rejects(api.must({ method: 'PUT', path: '/bad' }), /PUT \/bad: 409/);
    assert.equal(asked[0], 'POST /bad Bearer secret');
  });

  it('goes on with a watch where the server ended it', async () => {
    let watches = 0;
    answer = (path, response) => {
      if (path === '/things?limit=1') return void response.end('{"metadata":{"resourceVersion":"7"}}');
      watches += 1;
      if (watches === 1) return void response.end(event('ADDED', 8) + event('DELETED', 9));
      response.write(event('MODIFIED', 10));
    };
    const seen: string[] = [];
    await new Promise<void>((resolve, reject) => {
      follow(api, '/things', ({ type, object }: WatchEvent) => {
        seen.push(`${type} ${object.metadata.name}`);
        if (seen.length === 3) resolve();
      }, reject).catch(reject);
    });
    assert.deepEqual(seen, ['ADDED n8', 'DELETED n9', 'MODIFIED n10']);
    assert.deepEqual(asked.map((line) => line.split(' ')[1]), ['/things?limit=1', '/things?watch=1&resourceVersion=7', '/things?watch=1&resourceVersion=9']);
  });

  it('does not hide that a watch has missed something', async () => {
    const list = '{"metadata":{"resourceVersion":"7"}}';
    answer = (path, response) => { response.end(path === '/things?limit=1' ? list : '{"type":"ERROR","object":{"code":410}}\n'); };
    const failed = await new Promise<Error>((resolve) => { void follow(api, '/things', () => undefined, resolve); });
    assert.match(failed.message, /410/);
  });

  it('says so when a watch cannot begin', async () => {
    const list = '{"metadata":{"resourceVersion":"7"}}';
    answer = (path, response) => { response.writeHead(path === '/things?limit=1' ? 200 : 403).end(path === '/things?limit=1' ? list : 'no'); };
    await assert.rejects(follow(api, '/things', () => undefined, () => undefined), /ended: 403 no/);
  });
});
