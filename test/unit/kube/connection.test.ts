/** Where a cluster is looked for, what is read there, and what is said when nothing is found. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConnection } from '../../../src/kube/connection.ts';
import { ConnectionError } from '../../../src/kube/connection-source.ts';

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

  it('names every place that was looked at, and the next step, when there is nothing', async () => {
    await assert.rejects(loadConnection({ env: { HOME: dir } }), (error) => {
      assert.ok(error instanceof ConnectionError);
      for (const part of ['--kubeconfig', 'KUBECONFIG', at('.kube/config'), 'KUBERNETES_SERVICE_HOST', 'npm run demo']) assert.ok(error.message.includes(part), `${part} in: ${error.message}`);
      return true;
    });
  });

  it('takes a pod\'s ServiceAccount, and reads token and CA anew each time', async () => {
    await Promise.all([writeFile(at('token'), 'one\n'), writeFile(at('ca.crt'), 'CA')]);
    const env = { HOME: dir, KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const { server, read, source } = await loadConnection({ env, serviceAccountDir: dir });
    assert.deepEqual([server, source], ['https://[fd00::1]:443', 'the ServiceAccount of this pod']);
    assert.deepEqual(await read(false), { headers: { authorization: 'Bearer one' }, tls: { ca: 'CA' } });
    await writeFile(at('token'), 'two');
    assert.equal((await read(false)).headers['authorization'], 'Bearer two');
  });

  it('prefers the file that was named, then KUBECONFIG, then the home folder', async () => {
    await mkdir(at('.kube'));
    await writeFile(at('.kube/config'), kubeconfig({ token: 'home' }, {}, 'home'));
    await writeFile(at('env'), kubeconfig({ token: 'env' }, {}, 'env'));
    await writeFile(at('named'), kubeconfig({ token: 'named' }, {}, 'named'));
    const env = { HOME: dir, KUBECONFIG: at('env') };
    const tokens = [{ env, kubeconfig: at('named') }, { env }, { env: { HOME: dir } }].map(async (options) => (await (await loadConnection(options)).read(false)).headers['authorization']);
    assert.deepEqual(await Promise.all(tokens), ['Bearer named', 'Bearer env', 'Bearer home']);
  });

  it('merges several files, and lets the context be chosen', async () => {
    await writeFile(at('first'), kubeconfig({ token: '1' }, {}, 'first'));
    await writeFile(at('second'), kubeconfig({ token: '2' }, { server: 'https://second:1' }, 'second'));
    const env = { KUBECONFIG: `${at('first')}:${at('second')}` };
    assert.equal((await loadConnection({ env })).server, 'https://127.0.0.1:6443');
    assert.equal((await loadConnection({ env, context: 'second' })).server, 'https://second:1');
  });

  it('reads client certificates, basic credentials, TLS names and a token command', async () => {
    const pem = (text: string): string => Buffer.from(text).toString('base64');
    await writeFile(at('cert'), kubeconfig({ 'client-certificate-data': pem('CERT'), 'client-key-data': pem('KEY') }, { 'certificate-authority-data': pem('CA'), 'tls-server-name': 'name' }));
    const { tls } = await (await loadConnection({ env: {}, kubeconfig: at('cert') })).read(false);
    assert.deepEqual({ ...tls }, { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'name', passphrase: undefined, rejectUnauthorized: undefined });
    await writeFile(at('basic'), kubeconfig({ username: 'u', password: 'p' }));
    assert.equal((await (await loadConnection({ env: {}, kubeconfig: at('basic') })).read(false)).headers['authorization'], 'Basic dTpw');
    const credential = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'made' } });
    await writeFile(at('exec'), kubeconfig({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'echo', args: [credential], interactiveMode: 'Never' } }));
    assert.equal((await (await loadConnection({ env: {}, kubeconfig: at('exec') })).read(false)).headers['authorization'], 'Bearer made');
  });

  it('reads the file of a token each time, which client-node does not know', async () => {
    await Promise.all([writeFile(at('user-token'), 'one'), writeFile(at('with-file'), kubeconfig({ tokenFile: 'user-token' }))]);
    const { read } = await loadConnection({ env: {}, kubeconfig: at('with-file') });
    assert.equal((await read(false)).headers['authorization'], 'Bearer one');
    await writeFile(at('user-token'), 'two\n');
    assert.equal((await read(false)).headers['authorization'], 'Bearer two');
  });

  it('reads the file again when asked anew', async () => {
    await writeFile(at('rotated'), kubeconfig({ token: 'old' }));
    const { read } = await loadConnection({ env: {}, kubeconfig: at('rotated') });
    await writeFile(at('rotated'), kubeconfig({ token: 'new' }));
    assert.deepEqual([(await read(false)).headers['authorization'], (await read(true)).headers['authorization']], ['Bearer old', 'Bearer new']);
  });

  it('knows kubectl proxy, which needs no credentials', async () => {
    await writeFile(at('proxy'), kubeconfig({}, { server: 'http://127.0.0.1:8001' }));
    const connection = await loadConnection({ env: {}, kubeconfig: at('proxy') });
    assert.deepEqual([connection.server, await connection.read(false)], ['http://127.0.0.1:8001', { headers: {}, tls: {} }]);
  });

  const refused: readonly [string, string, object, RegExp][] = [
    ['a file that is not there', '', { kubeconfig: '/nowhere/config' }, /^kubeconfig \/nowhere\/config: no such file$/],
    ['a file that is no YAML', '{', {}, /^kubeconfig .*bad: ./],
    ['a context that is not in it', kubeconfig({}), { context: 'prod' }, /there is no context prod; there are: c, c-other$/],
    ['a file without a current context', kubeconfig({}).replace('"current-context":"c"', '"current-context":""'), {}, /choose one with --context: c, c-other$/],
    ['a proxy that is not supported', kubeconfig({}, { 'proxy-url': 'socks5://x:1' }), {}, /only http and https proxies/],
  ];
  for (const [title, text, options, message] of refused) {
    it(`refuses ${title} with a message that says so`, async () => {
      await writeFile(at('bad'), text);
      await assert.rejects(loadConnection({ env: {}, kubeconfig: at('bad'), ...options }), (error) => {
        assert.ok(error instanceof ConnectionError);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
