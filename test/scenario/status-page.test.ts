/** Issue 5.1: the status page of a real operator, in a real browser: what is so in the cluster is on the page, and nothing else. */
import assert from 'node:assert/strict';
import { CONTENT_SECURITY_POLICY } from '../../src/page/layout.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { quota } from '../support/admission.ts';
import { findChromium, NO_CHROMIUM, startBrowser, type Browser } from '../support/browser.ts';
import { startInstalled, OPERATOR_NAMESPACE } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { httpsGet } from '../support/https-get.ts';
import { skipBecause } from '../support/skip.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const HOSTILE = '<script>document.title="owned"</script>"\'\u202e';
const QUICK = { 'status-interval': '1s', 'status-page': 'true' };

describe('status page', function () {
  this.timeout(240_000);
  let plane: ControlPlane;
  let world: World;
  let operator: RunningOperator;
  before(async () => {
    plane = await startInstalled();
    world = await aWorld(plane);
    operator = await world.operator({ flags: { ...QUICK, identity: 'replica-one' } });
    await eventually(() => operator.log.lines(), (lines) => assert.ok(lines.includes('info isolation is known')));
  });
  after(async () => {
    await world?.end();
    await plane?.stop();
  });
  afterEach(() => world.clear());

  const get = async (path: string, from = operator): Promise<{ status: number; body: string; headers: Headers }> => {
    const answer = await fetch(`${from.operator.url}${path}`);
    return { status: answer.status, body: await answer.text(), headers: answer.headers };
  };
  const says = (path: string, ...texts: (string | RegExp)[]) => eventually(() => get(path), ({ body }) => {
    for (const text of texts) assert.ok(typeof text === 'string' ? body.includes(text) : text.test(body), `${String(text)} is not in ${path}: ${body.slice(body.indexOf('<main'))}`);
  });
  /** The row of a namespace in the list. */
  const row = async (namespace: string): Promise<string> => (await get(`/?namespace=${namespace}`)).body.split('<tr ').find((each) => each.includes(`href="/namespaces/${namespace}"`)) ?? '';
  const rowSays = (namespace: string, ...words: string[]) => eventually(() => row(namespace), (found) => { for (const word of words) assert.ok(found.includes(word), `${word} is not in ${found}`); });

  it('says what is isolated, what overrides it, and that it is over, as it happens', async () => {
    const namespace = await world.namespace({ labels: { team: 'web' } });
    const baseline = await world.baseline({ ownerKey: 'team' });
    await world.becomes(namespace, 'allow-dns', 'default-deny');
    await rowSays(namespace, 'isolated', `${baseline}</span> protected`, 'owner=web');
    await world.createPolicy(namespace, 'allow-all', { podSelector: {}, policyTypes: ['Egress'], egress: [{}] });
    await rowSays(namespace, '>overridden<', 'Overridden', 'egress is open to everybody (allow-all) through NetworkPolicy allow-all (rule 0)');
    await says(`/namespaces/${namespace}`, 'A default-deny is in place, but egress is open to everybody', 'Owner <b>web</b>', /allow-all<\/span>[\s\S]{0,200}no baseline/, new RegExp(`default-deny</span>[\\s\\S]{0,200}baseline <span class="name">${baseline}`));
    await world.deletePolicy(namespace, 'allow-all');
    await eventually(() => row(namespace), (found) => assert.doesNotMatch(found, /overridden|look/));
  });

  it('shows exemptions with reason and end, drift that is left, and what the API server refuses', async () => {
    const [exempt, edited, full] = [await world.namespace(), await world.namespace(), await world.namespace()];
    await quota(world, full, 0);
    await world.baseline({ driftPolicy: 'Warn', exemptions: [{ namespace: exempt, directions: ['Egress'], reason: 'vendor appliance', expiresAt: '2099-01-01T00:00:00Z' }] });
    await world.becomes(edited, 'allow-dns', 'default-deny');
    await world.patchPolicy(edited, 'default-deny', { spec: { ingress: [{}] } });
    await rowSays(edited, 'drifted', 'Modified');
    await says(`/namespaces/${edited}`, 'edited, and left so (driftPolicy: Warn)');
    await rowSays(exempt, '>exempt<');
    await says(`/namespaces/${exempt}`, 'vendor appliance', '2099-01-01 00:00 UTC');
    await says('/', 'vendor appliance', '2099-01-01 00:00 UTC');
    await rowSays(full, 'QuotaExceeded', 'a ResourceQuota leaves no room for it');
    const { body } = await get('/');
    assert.ok(body.indexOf(`/namespaces/${full}"`) < body.indexOf(`/namespaces/${edited}"`) && body.indexOf(`/namespaces/${edited}"`) < body.indexOf(`/namespaces/${exempt}"`), 'worst first');
  });

  it('counts as the metrics do', async () => {
    await world.namespaces(3);
    await world.baseline();
    await eventually(async () => {
      const { body } = await get('/');
      const counts = /<h2>Ingress<\/h2>[\s\S]*?default-deny in (\d+) of (\d+)/.exec(body)?.slice(1).map(Number);
      const metric = (coverage: string): Promise<number> => operator.metric('netpol_baseline_coverage_namespaces', { direction: 'Ingress', coverage });
      const [covered, audited, unprotected] = await Promise.all(['protected', 'audited', 'unprotected'].map(metric));
      return { counts, expected: [covered, (covered ?? 0) + (audited ?? 0) + (unprotected ?? 0)] };
    }, ({ counts, expected }) => {
      assert.deepEqual(counts, expected);
      assert.ok((counts?.[0] ?? 0) >= 3);
    });
  });

  it('is a page of its own, and not there unless it was asked for', async () => {
    const { headers, status } = await get('/');
    assert.deepEqual([status, headers.get('content-security-policy'), headers.get('cache-control'), headers.get('x-content-type-options')], [200, CONTENT_SECURITY_POLICY, 'no-store', 'nosniff']);
    assert.equal((await get('/namespaces/nope')).status, 404);
    assert.equal((await fetch(`${operator.operator.url}/`, { method: 'POST' })).status, 405);
    const plain = await world.operator({ flags: { identity: 'plain' }, waitUntilReady: false });
    assert.equal((await get('/', plain)).status, 404);
    await plain.stop();
  });

  it('names the leader on a standby', async () => {
    const standby = await world.operator({ flags: { ...QUICK, identity: 'replica-two' }, waitUntilReady: false });
    await eventually(() => get('/', standby), ({ status, body }) => {
      assert.equal(status, 503);
      assert.match(body, /This replica is a standby[\s\S]*The replica that leads is replica-one/);
    });
    await standby.stop();
  });

  it('is behind the same protection as the metrics', async () => {
    await plane.kubectl(['apply', '--server-side', '-k', 'config/rbac/metrics-auth']);
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    for (const name of ['reader', 'nobody']) await world.create(accounts, { metadata: { name } });
    await world.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'page-reader' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'namespace-policy-baseline-metrics-reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: 'default' }],
    });
    const token = async (name: string): Promise<string> => (await world.admin.post(`${accounts}/${name}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} })).body.status.token;
    const secure = await world.operator({ flags: { ...QUICK, identity: 'replica-three', 'metrics-secure': 'true' }, waitUntilReady: false });
    const ask = async (path: string, name?: string): Promise<number | undefined> => (await httpsGet(`${secure.operator.url}${path}`, { rejectUnauthorized: false, ...(name !== undefined && { headers: { authorization: `Bearer ${await token(name)}` } }) })).status;
    for (const path of ['/', '/namespaces/default', '/?namespace=x']) {
      assert.equal(await ask(path), 401, path);
      assert.equal(await ask(path, 'nobody'), 403, path);
      await eventually(() => ask(path, 'reader'), (status) => assert.equal(status, 503, path), { withinMs: 40_000 }); // let in, to a standby; a no is remembered for a while
    }
    await secure.stop();
  });

  describe('in a browser', () => {
    let browser: Browser;
    before(async function () {
      const program = findChromium();
      if (program === undefined) skipBecause(this, NO_CHROMIUM);
      browser = await startBrowser(program);
    });
    after(() => browser?.close());

    it('leads from the list to a namespace, and takes what tenants write for text', async () => {
      const namespace = await world.namespace({ annotations: { owner: HOSTILE } });
      const baseline = await world.baseline({ ownerKey: 'owner', exemptions: [{ namespace, directions: ['Egress'], reason: HOSTILE }] });
      await world.becomes(namespace, 'default-deny');
      await rowSays(namespace, '>exempt<');
      const tab = await browser.tab();
      await tab.look({ scheme: 'dark', width: 1200 });
      await tab.open(`${operator.operator.url}/?namespace=${namespace}`);
      assert.equal(await tab.evaluate('document.title'), 'Namespaces and their baselines');
      await tab.following(() => tab.evaluate(`document.querySelector('a[href="/namespaces/${namespace}"]').click()`));
      const text = await tab.evaluate<string>('document.body.innerText');
      for (const said of [namespace, baseline, '<script>document.title="owned"</script>"\'\\u202e', OPERATOR_NAMESPACE.slice(0, 25)]) assert.ok(text.includes(said), said);
      assert.equal(await tab.evaluate('document.title'), `Namespace ${namespace}`);
      await tab.open(`${operator.operator.url}/?owner=${encodeURIComponent(HOSTILE)}`);
      assert.equal(await tab.evaluate(`document.querySelectorAll('tbody a.name').length`), 1);
      assert.equal(await tab.evaluate('document.title'), 'Namespaces and their baselines');
      assert.deepEqual(tab.complaints, []);
      await tab.close();
    });
  });
});
