/** What is read of a pod's ServiceAccount and of kubeconfigs, and what is said when that cannot be. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/control/clock.ts';
import { createKubeClient } from '../../../src/kube/client.ts';
import { ConnectionError } from '../../../src/kube/connection-source.ts';
import { inClusterConnection } from '../../../src/kube/in-cluster.ts';
import { kubeconfigConnection } from '../../../src/kube/kubeconfig.ts';

const kubeconfig = (user: object, cluster: object = {}, name = 'c'): string => JSON.stringify({
  apiVersion: 'v1', kind: 'Config', 'current-context': name,
  clusters: [{ name, cluster: { server: 'https://127.0.0.1:6443/', ...cluster } }],
  users: [{ name, user }],
  contexts: [{ name, context: { cluster: name, user: name } }, { name: `${name}-other`, context: { cluster: name, user: name } }],
});

describe('connection', function () {
  this.timeout(10_000); // the first one imports client-node
  let dir: string;
  const at = (file: string): string => join(dir, file);
  before(async () => { dir = await mkdtemp(join(tmpdir(), 'npb-connection-')); });
  after(() => rm(dir, { recursive: true }));

  it('takes a pod\'s ServiceAccount, and reads token and CA anew each time', async () => {
    await Promise.all([writeFile(at('token'), 'one\n'), writeFile(at('ca.crt'), 'CA')]);
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const { server, read, source } = inClusterConnection(env, dir);
    assert.deepEqual([server, source], ['https://[fd00::1]:443', 'the ServiceAccount of this pod']);
    assert.deepEqual(await read(false), { headers: { authorization: 'Bearer one' }, tls: { ca: 'CA' } });
    await writeFile(at('token'), 'two');
    assert.equal((await read(false)).headers['authorization'], 'Bearer two');
  });

  it('says what a pod lacks', async () => {
    assert.throws(() => inClusterConnection({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, dir), (error) => error instanceof ConnectionError && error.message.includes('KUBERNETES_SERVICE_PORT'));
    const { read } = inClusterConnection({ KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }, at('nowhere'));
    await assert.rejects(read(false), (error) => error instanceof ConnectionError && error.message.includes('automountServiceAccountToken'));
  });

  it('says which credentials could not be had', async () => {
    await writeFile(at('exec'), kubeconfig({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'false', interactiveMode: 'Never' } }));
    const connection = await kubeconfigConnection([at('exec')], undefined);
    await assert.rejects(createKubeClient({ connection, userAgent: 'test', clock: systemClock }), (error) => error instanceof ConnectionError && error.message.includes(`${at('exec')}, context c: credentials cannot be read`));
  });

  it('merges several files, and lets the context be chosen', async () => {
    await writeFile(at('first'), kubeconfig({ token: '1' }, {}, 'first'));
    await writeFile(at('second'), kubeconfig({ token: '2' }, { server: 'https://second:1' }, 'second'));
    const files = [at('first'), at('second')];
    assert.equal((await kubeconfigConnection(files, undefined)).server, 'https://127.0.0.1:6443');
    assert.equal((await kubeconfigConnection(files, 'second')).server, 'https://second:1');
  });

  it('reads client certificates, basic credentials, TLS names and a token command', async () => {
    const pem = (text: string): string => Buffer.from(text).toString('base64');
    await writeFile(at('cert'), kubeconfig({ 'client-certificate-data': pem('CERT'), 'client-key-data': pem('KEY') }, { 'certificate-authority-data': pem('CA'), 'tls-server-name': 'name' }));
    const { tls } = await (await kubeconfigConnection([at('cert')], undefined)).read(false);
    assert.deepEqual({ ...tls }, { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'name', passphrase: undefined, rejectUnauthorized: undefined });
    await writeFile(at('basic'), kubeconfig({ username: 'u', password: 'p' }));
    assert.equal((await (await kubeconfigConnection([at('basic')], undefined)).read(false)).headers['authorization'], 'Basic dTpw');
    const credential = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'made' } });
    await writeFile(at('exec'), kubeconfig({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'echo', args: [credential], interactiveMode: 'Never' } }));
    assert.equal((await (await kubeconfigConnection([at('exec')], undefined)).read(false)).headers['authorization'], 'Bearer made');
  });

  it('reads the file of a token each time, which client-node does not know', async () => {
    await Promise.all([writeFile(at('user-token'), 'one'), writeFile(at('with-file'), kubeconfig({ tokenFile: 'user-token' }))]);
    const { read } = await kubeconfigConnection([at('with-file')], undefined);
    assert.equal((await read(false)).headers['authorization'], 'Bearer one');
    await writeFile(at('user-token'), 'two\n');
    assert.equal((await read(false)).headers['authorization'], 'Bearer two');
  });

  it('reads the file again when asked anew', async () => {
    await writeFile(at('rotated'), kubeconfig({ token: 'old' }));
    const { read } = await kubeconfigConnection([at('rotated')], undefined);
    await writeFile(at('rotated'), kubeconfig({ token: 'new' }));
    assert.deepEqual([(await read(false)).headers['authorization'], (await read(true)).headers['authorization']], ['Bearer old', 'Bearer new']);
  });

  it('knows kubectl proxy, which needs no credentials', async () => {
    await writeFile(at('proxy'), kubeconfig({}, { server: 'http://127.0.0.1:8001' }));
    const connection = await kubeconfigConnection([at('proxy')], undefined);
    assert.deepEqual([connection.server, await connection.read(false)], ['http://127.0.0.1:8001', { headers: {}, tls: {} }]);
  });

  it('says so when a file is not there, and what to do', async () => {
    await assert.rejects(kubeconfigConnection(['/nowhere/config'], undefined), /^ConnectionError: kubeconfig \/nowhere\/config: no such file. Name one with --kubeconfig FILE or KUBECONFIG/);
  });

  const refused: readonly [string, string, string | undefined, RegExp][] = [
    ['a file that is no YAML', '{', undefined, /^kubeconfig .*bad: ./],
    ['a context that is not in it', kubeconfig({}), 'prod', /there is no context prod; there are: c, c-other$/],
    ['a file without a current context', kubeconfig({}).replace('"current-context":"c"', '"current-context":""'), undefined, /choose one with --context: c, c-other$/],
    ['a proxy that is not supported', kubeconfig({}, { 'proxy-url': 'socks5://x:1' }), undefined, /only http and https proxies/],
  ];
  for (const [title, text, context, message] of refused) {
    it(`refuses ${title} with a message that says so`, async () => {
      await writeFile(at('bad'), text);
      await assert.rejects(kubeconfigConnection([at('bad')], context), (error) => {
        assert.ok(error instanceof ConnectionError);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
