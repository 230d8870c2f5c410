/** Reading and counting audit events, on lines as kube-apiserver writes them. */
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countAudit, markAudit, parseAuditLine, readAudit } from '../../control-plane/audit-log.ts';

const line = (changes: object = {}): string =>
  `${JSON.stringify({
    kind: 'Event',
    level: 'Metadata',
    stage: 'ResponseComplete',
    requestURI: '/apis/networking.k8s.io/v1/namespaces/a/networkpolicies?fieldManager=x',
    verb: 'create',
    user: { username: 'operator', groups: ['system:authenticated'] },
    userAgent: 'npb/1',
    objectRef: { resource: 'networkpolicies', namespace: 'a', name: 'default-deny', apiGroup: 'networking.k8s.io', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 201 },
    requestReceivedTimestamp: '2026-11-21T15:00:00.000001Z',
    ...changes,
  })}\n`;

describe('audit log', () => {
  let dir: string;
  let path: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'npb-audit-'));
    path = join(dir, 'audit.log');
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('reads an event', () => {
    assert.deepEqual(parseAuditLine(line()), {
      user: 'operator',
      verb: 'create',
      resource: 'networkpolicies',
      apiGroup: 'networking.k8s.io',
      subresource: '',
      namespace: 'a',
      name: 'default-deny',
      code: 201,
      requestURI: '/apis/networking.k8s.io/v1/namespaces/a/networkpolicies?fieldManager=x',
      userAgent: 'npb/1',
      receivedAt: '2026-11-21T15:00:00.000001Z',
    });
  });

  it('reads a request for no object', () => {
    const event = parseAuditLine(line({ objectRef: undefined, requestURI: '/readyz', verb: 'get' }));
    assert.deepEqual([event?.resource, event?.namespace, event?.requestURI], ['', '', '/readyz']);
  });

  it('leaves out other stages and half a line', () => {
    assert.equal(parseAuditLine(line({ stage: 'ResponseStarted' })), undefined);
    assert.equal(parseAuditLine(line().slice(0, 80)), undefined);
    assert.equal(parseAuditLine(''), undefined);
  });

  it('counts by user, verb and resource since a mark', async () => {
    assert.equal(markAudit(path).bytes, 0); // nothing asked yet: no file
    await writeFile(path, line() + line());
    const mark = markAudit(path);
    const requestReceivedTimestamp = new Date(mark.ms).toISOString();
    const later = (changes: object = {}): string => line({ requestReceivedTimestamp, ...changes });
    await appendFile(path, later() + later({ verb: 'update' }) + later({ user: { username: 'admin' } }) + later({ objectRef: { resource: 'baselines', subresource: 'status' }, verb: 'patch' }));
    assert.deepEqual(
      [...(await countAudit(path, mark))],
      [
        ['admin create networkpolicies', 1],
        ['operator create networkpolicies', 1],
        ['operator patch baselines/status', 1],
        ['operator update networkpolicies', 1],
      ],
    );
    assert.equal((await readAudit(path)).length, 6);
  });

  it('leaves out what arrived before a mark and was logged after it, as a watch is that ends', async () => {
    await writeFile(path, line());
    const mark = markAudit(path);
    const at = (ms: number): object => ({ requestReceivedTimestamp: new Date(mark.ms + ms).toISOString().replace('Z', '999Z') });
    await appendFile(path, line({ verb: 'watch', ...at(-1) }) + line({ verb: 'list', ...at(0) }) + line({ verb: 'get', ...at(1) }));
    assert.deepEqual((await readAudit(path, mark)).map(({ verb }) => verb), ['list', 'get']);
  });

  it('counts only what is asked for', async () => {
    await writeFile(path, line() + line({ responseStatus: { code: 409 } }) + line({ user: { username: 'admin' } }));
    assert.deepEqual([...(await countAudit(path, undefined, { user: 'operator', code: 201 }))], [['operator create networkpolicies', 1]]);
    assert.deepEqual([...(await countAudit(path, undefined, { user: 'nobody' }))], []);
  });
});
