/** docs/uninstall.md, command by command, with a real operator: whatever goes in whichever order, nothing opens unless it is asked for. */
import assert from 'node:assert/strict';
import { CRD_NAME } from '../../src/api/crd.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { whenEstablished } from '../control-plane/established.ts';
import { BASELINES, type Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT, startInstalled } from '../support/control-plane.ts';
import { aShell, commandsBelow, type Shell } from '../support/doc-commands.ts';
import { eventually } from '../support/eventually.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const CRD = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${CRD_NAME}`;
const page = (heading: string): Promise<string[]> => commandsBelow('docs/uninstall.md', heading);

describe('uninstalling', function () {
  this.timeout(300_000);
  let plane: ControlPlane;
  let shell: Shell;
  let world: World;
  let operator: RunningOperator | undefined;
  let namespace: string;
  before(async () => {
    plane = await startInstalled();
    shell = await aShell(plane.adminKubeconfig, { kubectl: plane.kubectlPath });
  });
  beforeEach(async () => {
    await installed();
    world = await aWorld(plane);
    namespace = await world.namespace();
  });
  afterEach(async () => {
    await operator?.stop();
    await world.end();
  });
  after(async () => {
    await shell?.end();
    await plane?.stop();
  });

  /** Also where everything, its namespace too, is still on its way out. */
  const installed = async (): Promise<void> => {
    await eventually(() => plane.kubectl(['apply', '--server-side', '-k', 'config/default']), () => undefined, { withinMs: 60_000, everyMs: 500 });
    await whenEstablished(plane.kubectl, CRD_NAME);
  };
  const start = async (): Promise<RunningOperator> => {
    // A token of its own each time: one of an account that was removed and made again is not valid any more.
    const kubeconfig = await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT);
    operator = await world.operator({ kubeconfig, flags: { 'status-interval': '200ms', 'leader-elect': 'false' } });
    return operator;
  };
  /** The page calls it default. */
  const baseline = async (spec: Json = {}): Promise<void> => {
    await world.baseline(spec, 'default');
    await world.status('default', ({ protected: fraction }) => assert.equal(fraction, '1/1'), { withinMs: 30_000 });
  };
  const versions = async (): Promise<string[]> => [...(await world.policies(namespace)).values()].map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`);
  const isGone = async (path: string): Promise<boolean> => (await world.admin.get(path)).code === 404;
  const goes = (path: string): Promise<boolean> => eventually(() => isGone(path), (gone) => assert.ok(gone, `${path} is still there`), { withinMs: 120_000 });
  /** Installed again, with a baseline of the same name: taken up without a write. */
  const comesBackWith = async (before: readonly string[]): Promise<void> => {
    await operator?.stop();
    await goes(CRD);
    await installed();
    await start();
    await baseline();
    assert.deepEqual(await versions(), before);
  };

  it('everything at once while the operator runs: no policy is touched, and coming back is no write', async () => {
    const running = await start();
    await baseline({ deletionPolicy: 'Delete' });
    const before = await versions();
    const [retain = '', wait = '', remove = ''] = await page('Keep the policies');
    await shell.run(retain);
    await shell.run(wait);
    assert.equal((await world.getBaseline('default')).metadata.finalizers, undefined, 'nothing holds the baseline');
    await shell.run(remove);
    await eventually(running.ready, ({ code }) => assert.equal(code, 503), { withinMs: 60_000 });
    assert.deepEqual(await versions(), before);
    await comesBackWith(before);
  });

  it('what it is asked to remove is removed while the operator runs, and then everything goes', async () => {
    await start();
    await baseline();
    await world.createPolicy(namespace, 'theirs', { podSelector: {} });
    const [ask = '', remove = '', uninstall = ''] = await page('Remove the policies as well');
    await shell.run(ask);
    await eventually(() => world.getBaseline('default'), ({ metadata }) => assert.deepEqual(metadata.finalizers, ['netbaseline.io/cleanup']));
    await shell.run(remove);
    assert.deepEqual(await world.policyNames(namespace), ['theirs']);
    assert.ok(await isGone(`${BASELINES}/default`));
    await shell.run(uninstall);
  });

  it('the CRD goes while no operator runs: the policies stay, and coming back is no write', async () => {
    const running = await start();
    await baseline();
    const before = await versions();
    await running.stop();
    await plane.kubectl(['delete', 'crd', CRD_NAME, '--timeout=60s']);
    assert.deepEqual(await versions(), before);
    await comesBackWith(before);
  });

  describe('with deletionPolicy Delete, and no operator', () => {
    beforeEach(async () => {
      const running = await start();
      await baseline({ deletionPolicy: 'Delete' });
      await running.stop();
      await plane.kubectl(['delete', 'crd', CRD_NAME, '--wait=false']);
      await eventually(() => world.getBaseline('default'), ({ metadata }) => assert.equal(typeof metadata.deletionTimestamp, 'string'));
    });

    it('baseline and CRD wait, and say for what; let go by hand, they leave the policies', async () => {
      const before = await versions();
      const [which = '', why = '', letGo = ''] = await page('A baseline that does not go away');
      assert.match((await shell.run(which)).stdout, /^default +\d{4}-\S+ +\[netbaseline\.io\/cleanup\]$/m);
      await eventually(() => shell.run(why), ({ stdout }) => assert.match(stdout, /\w/));
      assert.equal(await isGone(CRD), false);
      await shell.run(letGo);
      await goes(CRD);
      assert.deepEqual(await versions(), before);
      await comesBackWith(before);
    });

    it('an operator that comes back does what was asked for, and then they go', async () => {
      const kubeconfig = await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT);
      operator = await world.operator({ kubeconfig, flags: { 'leader-elect': 'false' }, waitUntilReady: false });
      await goes(CRD);
      assert.deepEqual(await world.policyNames(namespace), []);
    });
  });

  it('what is left is found, and removed without an operator, deny first', async () => {
    const running = await start();
    await baseline();
    await running.stop();
    await world.createPolicy(namespace, 'theirs', { podSelector: {} });
    const [list = '', deny = '', rest = ''] = await page('What is left');
    assert.deepEqual((await shell.run(list)).stdout.match(new RegExp(`^${namespace} +\\S+`, 'gm'))?.map((line) => line.split(/ +/)[1]), ['allow-dns', 'default-deny']);
    await shell.run(deny);
    assert.deepEqual(await world.policyNames(namespace), ['allow-dns', 'theirs']);
    await shell.run(rest);
    assert.deepEqual(await world.policyNames(namespace), ['theirs']);
  });
});
