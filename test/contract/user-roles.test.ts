/** The roles for people in config/rbac/users, as the API server's own authorizer and its aggregation see them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { apiAs, BASELINES, type Api } from '../support/api.ts';
import { startInstalled } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';

const READING = ['get', 'list', 'watch'];
const WRITING = ['create', 'update', 'patch', 'delete'];

describe('roles for people', function () {
  this.timeout(120_000);
  let plane: ControlPlane;
  let api: Api;
  before(async () => {
    plane = await startInstalled();
    await plane.kubectl(['apply', '--server-side', '-k', 'config/rbac/users']);
    api = apiAs(plane.adminKubeconfig);
  });
  after(async () => {
    await api?.close();
    await plane?.stop();
  });

  /** A user with a ClusterRole, in the whole cluster or in one namespace. */
  async function userWith(role: string, namespace?: string): Promise<string> {
    const user = `${role}-${randomBytes(4).toString('hex')}`;
    const where = namespace === undefined ? ['clusterrolebinding', user] : ['rolebinding', user, '-n', namespace];
    await plane.kubectl(['create', ...where, `--clusterrole=${role}`, `--user=${user}`]);
    return user;
  }

  /** Of these verbs on baselines those that the API server grants, once the new binding has reached its authorizer. */
  async function granted(user: string, verbs: readonly string[], resource = 'namespacepolicybaselines', subresource = ''): Promise<string[]> {
    const answers = await Promise.all(verbs.map((verb) => api.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: { user, resourceAttributes: { group: 'netbaseline.io', resource, subresource, verb } },
    })));
    return verbs.filter((_verb, index) => answers[index]?.body.status.allowed === true);
  }
  const comesToHave = (user: string, verbs: readonly string[]) => eventually(() => granted(user, [...READING, ...WRITING]), (found) => assert.deepEqual(found, verbs));

  for (const role of ['view', 'edit', 'admin']) {
    it(`${role}, cluster-wide, reads baselines and writes none`, async () => comesToHave(await userWith(role), READING));
  }

  it('view in one namespace does not reach them: a baseline is in none', async () => {
    const user = await userWith('view', 'default');
    const canReadPods = async () => (await plane.kubectl(['auth', 'can-i', 'list', 'pods', '-n', 'default', `--as=${user}`], { allowFailure: true })).stdout.trim();
    await eventually(canReadPods, (answer) => assert.equal(answer, 'yes'));
    assert.deepEqual(await granted(user, [...READING, ...WRITING]), []);
  });

  it('the viewer role can be given to whoever shall read, such as all who are logged in', async () => comesToHave(await userWith('namespace-policy-baseline-viewer'), READING));

  it('the editor role reads and writes baselines, not their status, and nothing else', async () => {
    const user = await userWith('namespace-policy-baseline-editor');
    await comesToHave(user, [...READING, ...WRITING]);
    assert.deepEqual(await granted(user, [...READING, ...WRITING], 'namespacepolicybaselines', 'status'), []);
    const { stdout } = await plane.kubectl(['auth', 'can-i', '--list', `--as=${user}`]);
    assert.deepEqual(stdout.match(/^\S+\.\S+/gm)?.filter((resource) => !resource.endsWith('.authorization.k8s.io') && !resource.endsWith('.authentication.k8s.io')), ['namespacepolicybaselines.netbaseline.io']);
  });

  it('as that user, kubectl creates, changes and deletes one', async () => {
    const as = `--as=${await userWith('namespace-policy-baseline-editor')}`;
    const manifest = JSON.stringify({ apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name: 'edited' }, spec: {} });
    await eventually(() => plane.kubectl(['apply', '--server-side', '-f', '-', as], { stdin: manifest }), () => undefined);
    await plane.kubectl(['patch', 'npb', 'edited', '--type=merge', '-p', '{"spec":{"paused":true}}', as]);
    const { stderr } = await plane.kubectl(['patch', 'npb', 'edited', '--subresource=status', '--type=merge', '-p', '{"status":{"protected":"9/9"}}', as], { allowFailure: true });
    assert.match(stderr, /forbidden/i);
    await plane.kubectl(['delete', 'npb', 'edited', as]);
    assert.equal((await api.get(`${BASELINES}/edited`)).code, 404);
  });

  it('nobody else may read them', async () => {
    assert.deepEqual(await granted('somebody', READING), []);
  });
});
