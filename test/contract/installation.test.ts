/** The commands of docs/installation.md, as they stand there, in a copy of what they read of the checkout. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CRD_NAME } from '../../src/api/crd.ts';
import { PRODUCT } from '../../src/api/names.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import { OPERATOR_NAMESPACE } from '../support/control-plane.ts';
import { aShell, commandsBelow, type Shell } from '../support/doc-commands.ts';
import { eventually } from '../support/eventually.ts';
import { HELMS, HELM_BUILD_MS, aHelm, named, type Helm } from '../support/helm.ts';

const PAGE = 'docs/installation.md';
/** Needs a registry, or pods that run. How dist/install.yaml is made and applied is tested in config.test.ts. */
const NOT_HERE = /^docker |^kubectl rollout status |^npm run build:install /;
const page = async (heading: string): Promise<string[]> => (await commandsBelow(PAGE, heading)).filter((command) => !NOT_HERE.test(command));
const IMAGE = 'registry.example.com/namespace-policy-baseline:0.1.0';

describe('docs/installation.md', function () {
  this.timeout(180_000);
  let plane: ControlPlane;
  let checkout: string;
  const helms: Helm[] = [];
  before(async function () {
    this.timeout(2 * HELM_BUILD_MS);
    for (const major of HELMS) helms.push(await aHelm(this, major));
    plane = await startControlPlane();
    checkout = await mkdtemp(join(tmpdir(), 'npb-checkout-'));
    for (const folder of ['config', 'crds']) await cp(folder, join(checkout, folder), { recursive: true, verbatimSymlinks: true });
    await writeFile(join(checkout, 'kustomization.yaml'), /^```yaml\n(# kustomization\.yaml[\s\S]*?)^```$/m.exec(await readFile(PAGE, 'utf8'))?.[1] ?? '');
  });
  after(async () => {
    for (const helm of helms) await helm.end();
    await plane?.stop();
    if (checkout !== undefined) await rm(checkout, { recursive: true });
  });

  const shellWith = (programs: Record<string, string> = {}): Promise<Shell> => aShell(plane.adminKubeconfig, { kubectl: plane.kubectlPath, ...programs }, checkout);
  const runs = async (heading: string, shell: Shell): Promise<string> => {
    let last = '';
    for (const command of await page(heading)) last = (await shell.run(command)).stdout;
    return last;
  };
  const image = async (): Promise<string> => (await plane.kubectl(['get', 'deployment', PRODUCT, '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.spec.template.spec.containers[0].image}'])).stdout;
  const may = async (...what: string[]): Promise<string> => (await plane.kubectl(['auth', 'can-i', ...what], { allowFailure: true })).stdout.trim();

  it('with kustomize, the first baseline, and roles for people', async () => {
    const shell = await shellWith();
    await runs('With kustomize', shell);
    assert.equal(await image(), IMAGE);
    assert.match(await runs('The first baseline', shell), /^default /m);
    await runs('Who may do what', shell);
    const baselines = 'namespacepolicybaselines.netbaseline.io';
    await eventually(() => may('list', baselines, '--as=anybody', '--as-group=system:authenticated'), (answer) => assert.equal(answer, 'yes'));
    await eventually(() => may('update', baselines, '--as=somebody', '--as-group=platform-team'), (answer) => assert.equal(answer, 'yes'));
    assert.equal(await may('update', baselines, '--as=anybody', '--as-group=system:authenticated'), 'no');
    await shell.end();
  });

  for (const [index, major] of HELMS.entries()) {
    it(`from kustomize to Helm ${major}, and with Helm ${major} from the beginning`, async () => {
      const helm = helms[index] as Helm;
      const shell = await shellWith({ helm: helm.file });
      await plane.kubectl(['apply', '--server-side', '-k', 'config/default', '--force-conflicts']);
      const [pack = '', ...others] = await page('With Helm');
      await shell.run(pack);
      const [clear = '', takeOver = ''] = await page('From kustomize to Helm');
      await shell.run(clear);
      await shell.run(major === 4 ? `${takeOver} --force-conflicts` : takeOver);
      assert.equal(await image(), IMAGE);
      await shell.run(`helm uninstall ${PRODUCT} --namespace ${OPERATOR_NAMESPACE}`);
      await plane.kubectl(['delete', 'namespace', OPERATOR_NAMESPACE, '--timeout=60s']);
      for (const command of others) await shell.run(command);
      assert.equal(await image(), IMAGE);
      await shell.run(`helm uninstall ${PRODUCT} --namespace ${OPERATOR_NAMESPACE}`);
      await plane.kubectl(['delete', 'crd', CRD_NAME]);
      await shell.end();
    });

    it(`on OpenShift, with Helm ${major}: no user is asked for`, async () => {
      const [, flags = ''] = /`(--set podSecurityContext\S+)`/.exec(await readFile(PAGE, 'utf8')) ?? [];
      const { securityContext } = named(await (helms[index] as Helm).template({}, flags.split(' ')), 'Deployment').spec.template.spec;
      assert.deepEqual(securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    });
  }
});
