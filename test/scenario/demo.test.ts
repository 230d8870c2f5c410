/** `npm run demo -- --kubeconfig FILE`: shown on a cluster that somebody has, which is afterwards as it was. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { widthOf } from '../../scripts/demo/table.ts';
import { existingClusterKubeconfig } from '../control-plane/existing-cluster.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { whenEstablished } from '../control-plane/established.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('demo on a cluster of the user', function () {
  this.timeout(240_000);
  let plane: ControlPlane;
  before(async () => { plane = await startControlPlane(); });
  after(() => plane?.stop());

  it('shows everything, within 80 columns and without colours, and leaves nothing behind', async () => {
    const { code, output } = await demo(plane);
    assert.equal(code, 0, output);
    assert.match(output, /everything above was checked/);
    assert.ok(!output.includes('\u001B'), 'there are colours in a pipe');
    for (const line of output.split('\n')) assert.ok(widthOf(line) <= 80, line);
    assert.deepEqual(await whatIsLeft(plane), []);
  });

  it('without --once it stays and says how to go on, and what it says works, until Ctrl-C', async () => {
    const child = spawn(process.execPath, ['scripts/demo.ts', '--kubeconfig', plane.adminKubeconfig], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString(); });
    const ended = once(child, 'close');
    await eventually(() => output, (text) => assert.match(text, /It goes on running[^]*Ctrl-C/), { withinMs: 120_000, everyMs: 200 });
    const [url = ''] = /http:\/\/127\.0\.0\.1:\d+\/metrics/.exec(output.slice(output.indexOf('It goes on running'))) ?? [];
    assert.match(await (await fetch(url)).text(), /^netpol_baseline_namespaces\{/m);
    const [, page = ''] = /In a browser: (http:\/\/127\.0\.0\.1:\d+\/), the status page/.exec(output) ?? [];
    assert.match(await (await fetch(page)).text(), /<h1>Namespaces and their baselines<\/h1>/);
    child.kill('SIGINT');
    assert.deepEqual(await ended, [0, null], output);
    assert.deepEqual(await whatIsLeft(plane), []);
  });

  it('interrupted in the middle, leaves nothing behind either', async () => {
    const { code, output } = await demo(plane, 'One baseline');
    assert.equal(code, 130, output);
    assert.match(output, /everything that the demo made is gone/);
    assert.deepEqual(await whatIsLeft(plane), []);
  });

  it('does not begin where it would disturb somebody', async () => {
    await plane.kubectl(['apply', '--server-side', '-k', 'crds']);
    await whenEstablished(plane.kubectl, 'namespacepolicybaselines.netbaseline.io');
    await plane.kubectl(['apply', '-f', 'config/samples/audit-first.yaml']);
    const { code, output } = await demo(plane);
    assert.equal(code, 1, output);
    assert.match(output, /the cluster has baselines already: .*default/);
    assert.deepEqual(await whatIsLeft(plane), ['customresourcedefinition.apiextensions.k8s.io/namespacepolicybaselines.netbaseline.io']);
  });
});

for (const kubeconfig of [existingClusterKubeconfig()].filter((path) => path !== undefined)) {
  describe(`demo on the cluster of ${kubeconfig}`, function () {
    this.timeout(240_000);
    it('shows everything and ends well', async () => {
      const { code, output } = await demo({ adminKubeconfig: kubeconfig });
      assert.equal(code, 0, output);
    });
  });
}

/** Runs it to its end, or sends Ctrl-C as soon as it says `interruptAt`. */
function demo({ adminKubeconfig }: Pick<ControlPlane, 'adminKubeconfig'>, interruptAt?: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['scripts/demo.ts', '--once', '--kubeconfig', adminKubeconfig], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let sent = false;
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
    if (interruptAt === undefined || sent || !output.includes(interruptAt)) return;
    sent = true;
    child.kill('SIGINT');
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise((done) => child.once('close', (code) => done({ code, output })));
}

/** What the demo could have made. */
async function whatIsLeft(plane: ControlPlane): Promise<string[]> {
  const { stdout } = await plane.kubectl(['get', 'namespaces,crd,clusterroles,clusterrolebindings', '-o', 'name']);
  return stdout.split('\n').filter((name) => /npb-demo|policy-?baseline/.test(name)).toSorted();
}
