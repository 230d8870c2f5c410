/** The endpoint with --metrics-secure: TLS, and RBAC decides who reads. Real tokens of real ServiceAccounts. */
import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { FIRST_BUILD_TIMEOUT_MS } from '../control-plane/binaries.ts';
import { createAuthority } from '../control-plane/certificates.ts';
import { markAudit, readAudit } from '../control-plane/audit-log.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { filesIn } from '../control-plane/server-flags.ts';
import { apiAs, type Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT, startInstalled } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { httpsGet, type HttpsAnswer } from '../support/https-get.ts';
import { jumpingClock, type JumpingClock } from '../support/jumping-clock.ts';
import { startPrometheus } from '../support/monitoring.ts';
import { skipBecause } from '../support/skip.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';
import { ensureTool } from '../tools/tool.ts';

const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`;
const MINUTE = 61_000;

describe('protected metrics', function () {
  this.timeout(240_000);
  let plane: ControlPlane;
  let world: World;
  let clock: JumpingClock;
  let operator: RunningOperator;
  before(async () => {
    plane = await startInstalled();
    await plane.kubectl(['apply', '--server-side', '-k', 'config/rbac/metrics-auth']);
    world = await aWorld(plane);
    clock = jumpingClock();
    operator = await start({});
  });
  after(async () => {
    await world.end();
    await plane.stop();
  });

  async function start(flags: Record<string, string>): Promise<RunningOperator> {
    const running = await world.operator({ flags: { 'metrics-secure': 'true', 'leader-elect': 'false', ...flags }, clock, waitUntilReady: false });
    await eventually(() => ask('/readyz', undefined, running), ({ status, body }) => assert.equal(status, 200, body), { withinMs: 30_000 });
    return running;
  }
  const ask = (path: string, token?: string, of = operator): Promise<HttpsAnswer> =>
    httpsGet(of.operator.url + path, { rejectUnauthorized: false, ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }) });

  async function account(): Promise<string> {
    const name = `a-${randomBytes(4).toString('hex')}`;
    await world.create(ACCOUNTS, { metadata: { name } });
    return name;
  }
  async function tokenOf(name: string, spec: Json = {}): Promise<string> {
    const { code, body } = await world.admin.post(`${ACCOUNTS}/${name}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
    assert.equal(code, 201, JSON.stringify(body));
    return body.status.token;
  }
  async function allow(name: string): Promise<void> {
    await world.create(BINDINGS, {
      metadata: { name: `reads-${name}` }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'namespace-policy-baseline-metrics-reader' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'default', name }],
    });
  }
  /** Waits for the authorizer of the API server, which learns of a binding a moment later; a no is remembered meanwhile. */
  const becomes = (status: number, path: string, token: string, of = operator): Promise<HttpsAnswer> => eventually(async () => {
    clock.jump(MINUTE);
    return ask(path, token, of);
  }, (answer) => assert.equal(answer.status, status, answer.body), { withinMs: 20_000, everyMs: 100 });
  async function reader(): Promise<{ name: string; token: string }> {
    const name = await account();
    await allow(name);
    const token = await tokenOf(name);
    await becomes(200, '/metrics', token);
    return { name, token };
  }

  it('are for nobody without a token, and the probes for everybody', async () => {
    for (const path of ['/metrics', '/', '/nowhere', '/debug/pprof']) {
      const { status, headers, body } = await ask(path);
      assert.deepEqual([path, status, headers['www-authenticate']], [path, 401, 'Bearer']);
      assert.match(body, /^Unauthorized: send the token/);
    }
    for (const path of ['/healthz', '/readyz']) assert.equal((await ask(path)).status, 200, path);
  });

  it('are refused to garbage, to a token for somebody else, and to another kind of credentials', async () => {
    const { name, token } = await reader();
    const elsewhere = await tokenOf(name, { audiences: ['vault'] });
    for (const wrong of ['garbage', elsewhere, `${token}x`, token.slice(0, -20)]) assert.deepEqual([wrong, (await ask('/metrics', wrong)).status], [wrong, 401]);
    for (const authorization of [`Basic ${token}`, token, 'Bearer', 'Bearer ', 'Bearer a b', `Bearer ${token}, Bearer ${token}`]) {
      assert.equal((await httpsGet(`${operator.operator.url}/metrics`, { rejectUnauthorized: false, headers: { authorization } })).status, 401, authorization);
    }
    assert.equal((await ask('/metrics', token)).status, 200);
  });

  it('are refused to a token that has ended', async () => {
    const { name, token } = await reader();
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const key = createPrivateKey(readFileSync(filesIn(plane.dataDir).serviceAccountKey));
    const encoded = (value: Json): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = (more: Json): string => {
      const text = `${encoded({ alg: 'ES256' })}.${encoded({ ...claims, jti: name, ...more })}`;
      return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    assert.equal((await ask('/metrics', signed({}))).status, 200, 'the test signs as the API server does');
    const ended = Math.floor(Date.now() / 1000) - 60;
    assert.equal((await ask('/metrics', signed({ iat: ended - 3600, nbf: ended - 3600, exp: ended }))).status, 401);
  });

  it('are refused to who has no right to this path, by name; one that is given counts within ten seconds', async () => {
    const name = await account();
    const token = await tokenOf(name);
    const { status, body } = await ask('/metrics', token);
    assert.deepEqual([status, body], [403, `Forbidden: system:serviceaccount:default:${name} may not get this path. The ClusterRole namespace-policy-baseline-metrics-reader allows it.\n`]);
    await allow(name);
    assert.match((await becomes(200, '/metrics', token)).body, /^leader_election_master_status/m);
    assert.equal((await ask('/nowhere', token)).status, 403, 'the right is for one path');
  });

  it('a right that is taken away counts within a minute, and so does a ServiceAccount that is gone', async () => {
    const [one, two] = [await reader(), await reader()];
    assert.equal((await ask('/metrics', one.token)).status, 200);
    await world.admin.delete(`${BINDINGS}/reads-${one.name}`);
    assert.equal((await ask('/metrics', one.token)).status, 200, 'for up to a minute');
    await becomes(403, '/metrics', one.token);
    await world.admin.delete(`${ACCOUNTS}/${two.name}`);
    await becomes(401, '/metrics', two.token);
  });

  it('cost two questions in a minute for who scrapes, and one for who has no token that is known; no token is in the log', async () => {
    const { token } = await reader();
    const since = markAudit(plane.auditLogPath ?? '');
    const asked = async (): Promise<string[]> => (await readAudit(plane.auditLogPath ?? '', since)).filter(({ user, resource }) => user === OPERATOR && resource.endsWith('reviews')).map(({ resource }) => resource);
    clock.jump(MINUTE);
    const statuses = await Promise.all(Array.from({ length: 30 }, () => ask('/metrics', token)));
    assert.deepEqual(new Set(statuses.map(({ status }) => status)), new Set([200]));
    await Promise.all(Array.from({ length: 30 }, () => ask('/metrics', 'aaaaaaaaaaaa.bbbbbbbbbbbbbbbb.cccccccccccc')));
    await eventually(asked, (resources) => assert.deepEqual(resources.toSorted(), ['subjectaccessreviews', 'tokenreviews', 'tokenreviews']));
    const said = JSON.stringify(operator.log.entries) + (await ask('/metrics', token)).body;
    for (const secret of [token, token.slice(-40), 'bbbbbbbbbbbbbbbb']) assert.ok(!said.includes(secret));
  });

  it('protect the status page as they are protected, path by path', async () => {
    const other = await start({ 'status-page': 'true' });
    const namespace = await world.namespace();
    const paths = ['/', `/namespaces/${namespace}`];
    for (const path of paths) assert.equal((await ask(path, undefined, other)).status, 401, path);
    const { token } = await reader();
    for (const path of paths) await becomes(200, path, token, other);
    const name = await account();
    await world.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name }, rules: [{ nonResourceURLs: ['/metrics', '/namespaces/kube-system'], verbs: ['get'] }] });
    await world.create(BINDINGS, { metadata: { name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }, subjects: [{ kind: 'ServiceAccount', namespace: 'default', name }] });
    const few = await tokenOf(name);
    await becomes(200, '/metrics', few, other);
    for (const path of [...paths, `/namespaces/kube-system/../${namespace}`, '/namespaces/kube-system%2F..', '//metrics']) {
      const { status } = await httpsGet(other.operator.url, { path, rejectUnauthorized: false, headers: { authorization: `Bearer ${few}` } });
      assert.equal(status, 403, path);
    }
    await other.stop();
  });

  it('need exactly the rights that config/rbac/metrics-auth grants', async () => {
    const used = (await readAudit(plane.auditLogPath ?? '')).filter(({ user, code, apiGroup }) => user === OPERATOR && code < 300 && /^auth\w+\.k8s\.io$/.test(apiGroup));
    const { rules } = parse(readFileSync('config/rbac/metrics-auth/cluster-role.yaml', 'utf8')) as { rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] };
    assert.deepEqual([...new Set(used.map(({ verb, apiGroup, resource }) => `${verb} ${resource}.${apiGroup}`))].toSorted(),
      rules.map(({ apiGroups, resources, verbs }) => `${verbs.join()} ${resources.join()}.${apiGroups.join()}`).toSorted());
  });

  it('are turned on by config/metrics-auth, with probes over TLS, and the API server takes all of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'npb-overlay-'));
    try {
      const at = (name: string): string => relative(realpathSync(folder), join(import.meta.dirname, '../../config', name));
      await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: [at('default'), at('prometheus')], components: [at('metrics-auth')] }));
      const { stdout } = await plane.kubectl(['kustomize', folder]);
      const objects: Json[] = parseAllDocuments(stdout).map((document) => document.toJS());
      const known = objects.filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.coreos.com/')); // its CRDs are not installed
      await plane.kubectl(['apply', '--server-side', '--dry-run=server', '--force-conflicts', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: known }) });
      const named = (kind: string, name = 'namespace-policy-baseline'): Json => objects.find((object) => object.kind === kind && object.metadata.name === name);
      const [container] = named('Deployment').spec.template.spec.containers;
      assert.deepEqual([container.livenessProbe.httpGet.scheme, container.readinessProbe.httpGet.scheme], ['HTTPS', 'HTTPS']);
      assert.deepEqual(container.env.filter(({ value }: Json) => value !== undefined), [{ name: 'NPB_METRICS_SECURE', value: 'true' }]);
      assert.deepEqual(named('Service', 'namespace-policy-baseline-metrics').spec.ports.map(({ name }: Json) => name), ['https']);
      assert.deepEqual(named('ClusterRoleBinding', 'namespace-policy-baseline-metrics-auth').subjects, [{ kind: 'ServiceAccount', namespace: OPERATOR_NAMESPACE, name: SERVICE_ACCOUNT }]);
      assert.ok(named('ClusterRole', 'namespace-policy-baseline-metrics-reader'));
      const { port, scheme, bearerTokenFile, path } = named('ServiceMonitor').spec.endpoints[0];
      assert.deepEqual([port, scheme, bearerTokenFile, path], ['https', 'https', '/var/run/secrets/kubernetes.io/serviceaccount/token', '/metrics']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('are scraped by a real Prometheus that has a token and verifies the certificate, and by no other', async function () {
    this.timeout(FIRST_BUILD_TIMEOUT_MS);
    await ensureTool('prometheus').catch((error: unknown) => skipBecause(this, `no Prometheus: ${String(error)}`));
    const folder = await mkdtemp(join(tmpdir(), 'npb-tls-'));
    const ends = [() => rm(folder, { recursive: true, force: true })];
    try {
      const authority = createAuthority('company');
      const { certPem, keyPem } = authority.issue({ usage: 'server', commonName: 'x', ipAddresses: ['127.0.0.1'] });
      const [certFile, keyFile, caFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key'), join(folder, 'ca.crt')];
      await Promise.all([writeFile(certFile, certPem), writeFile(keyFile, keyPem), writeFile(caFile, authority.certPem)]);
      const { operator: { url }, stop } = await start({ 'tls-cert-file': certFile, 'tls-private-key-file': keyFile });
      ends.push(stop);
      const { token } = await reader();
      const authorization = { credentials: token };
      const scraped = Object.entries({
        reads: { authorization, tls_config: { ca_file: caFile } },
        'without a token': { tls_config: { ca_file: caFile } },
        'without the authority': { authorization },
      }).map(([job, more]) => ({ job, targets: [{ url, labels: {} }], more: { scheme: 'https', ...more } }));
      const prometheus = await startPrometheus({ scraped });
      ends.push(prometheus.stop);
      await eventually(() => prometheus.query('up'), (found) => assert.deepEqual(
        Object.fromEntries(found.map(({ metric, value }) => [metric['job'], value])), { reads: 1, 'without a token': 0, 'without the authority': 0 },
      ), { withinMs: 60_000, everyMs: 250 });
      assert.equal((await prometheus.query('leader_election_master_status{job="reads"}'))[0]?.value, 1);
    } finally {
      for (const end of ends.toReversed()) await end();
    }
  });

  it('the certificate of a file is replaced while it runs, and can be verified', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'npb-tls-'));
    try {
      const authority = createAuthority('company');
      const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
      const issue = async (): Promise<void> => {
        const { certPem, keyPem } = authority.issue({ usage: 'server', commonName: 'x', ipAddresses: ['127.0.0.1'] });
        await Promise.all([writeFile(certFile, certPem), writeFile(keyFile, keyPem)]);
      };
      await issue();
      const other = await start({ 'tls-cert-file': certFile, 'tls-private-key-file': keyFile });
      const verified = (): Promise<HttpsAnswer> => httpsGet(`${other.operator.url}/healthz`, { ca: authority.certPem });
      const { certificate, status } = await verified();
      assert.equal(status, 200);
      await issue();
      await eventually(async () => {
        clock.jump(10_000);
        return verified();
      }, (answer) => assert.notEqual(answer.certificate, certificate), { withinMs: 20_000, everyMs: 100 });
      await other.stop();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('an operator that may not ask says so at its start and at each request, and lets nobody in', async () => {
    const { name } = await reader();
    const binding = `${BINDINGS}/namespace-policy-baseline-metrics-auth`;
    const { body } = await world.admin.get(binding);
    await world.admin.delete(binding);
    const own = apiAs(await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT));
    try {
      for (const path of ['/apis/authentication.k8s.io/v1/tokenreviews', '/apis/authorization.k8s.io/v1/subjectaccessreviews']) {
        await eventually(() => own.post(path, { spec: {} }), ({ code }) => assert.equal(code, 403), { withinMs: 20_000 });
      }
      const other = await start({});
      const errors = () => other.log.entries.filter(({ level, message }) => level === 'error' && message.includes('config/rbac/metrics-auth'));
      await eventually(errors, ({ length }) => assert.equal(length, 2, 'one for each right'));
      const answer = await ask('/metrics', await tokenOf(name), other);
      assert.deepEqual([answer.status, answer.body], [500, 'The operator may not ask the API server who you are: its administrator has to apply config/rbac/metrics-auth.\n']);
      assert.equal((await ask('/readyz', undefined, other)).status, 200, 'what it is there for goes on');
      assert.equal(errors().length, 3);
    } finally {
      await own.close();
      await world.admin.post(BINDINGS, { metadata: { name: body.metadata.name }, roleRef: body.roleRef, subjects: body.subjects });
    }
  });

  it('are refused with a reason while the API server is away, except to who was let in a moment ago', async () => {
    const { name, token } = await reader();
    await plane.killApiServer();
    const fresh = 'not.seen.before';
    const { status, headers, body } = await ask('/metrics', fresh);
    assert.deepEqual([status, headers['retry-after'], body], [503, '1', 'Not answered: the API server could not be asked who you are. Come back later.\n']);
    assert.equal((await ask('/metrics', token)).status, 200);
    assert.ok(operator.log.lines().includes('warn who reads the metrics cannot be asked'));
    await plane.startApiServer();
    const again = await eventually(() => tokenOf(name), (found) => assert.ok(found !== token), { withinMs: 20_000 });
    await becomes(200, '/metrics', again);
  });
});
