/** What Helm says when the chart is installed: what comes next, and a warning for each value that would leave something open. */
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { baselineSpec } from '../../src/api/v1alpha1.ts';
import { sharedControlPlane } from '../support/control-plane.ts';
import { CHART, HELMS, HELM_BUILD_MS, aHelm, type Helm } from '../support/helm.ts';

for (const major of HELMS) describe(`notes of the chart, with Helm ${major}`, function () {
  this.timeout(60_000);
  let helm: Helm;
  before(async function () {
    this.timeout(HELM_BUILD_MS);
    helm = await aHelm(this, major, (await sharedControlPlane()).adminKubeconfig); // Helm 3 asks a cluster for its version, also here
  });
  after(() => helm?.end());

  const notes = async (namespace: string, values: object = {}): Promise<string> => {
    const { code, stdout, stderr } = await helm(['install', 'guard', CHART, '--dry-run=client', '--take-ownership', '--namespace', namespace, '--values', '-'], { stdin: JSON.stringify(values) });
    assert.equal(code, 0, stderr);
    return stdout.split('\nNOTES:\n')[1] ?? assert.fail(stdout);
  };
  const warnings = (text: string): string[] => [...text.matchAll(/^WARNING: (.*)$/gm)].map(([, warning = '']) => warning);

  it('names what is there, and a first baseline that only reports', async () => {
    const text = await notes('own');
    assert.match(text, /kubectl rollout status -n own deployment\/guard-namespace-policy-baseline$/m);
    const [, baseline = ''] = /<<EOF\n([\s\S]*?)EOF/.exec(text) ?? [];
    const { ingress, egress } = baselineSpec.parse(parse(baseline).spec);
    assert.deepEqual([ingress.mode, egress.mode, warnings(text)], ['Audit', 'Audit', []]);
  });

  it('warns of what would leave something open', async () => {
    const found = warnings(await notes('default', { replicaCount: 1, crds: { keep: false }, systemNamespaces: ['other'] }));
    const expected = [/`default` is never protected now/, /^kube-system is not among systemNamespaces.*cuts off the cluster's own DNS/, /^kube-public is not among systemNamespaces/, /^kube-node-lease is not among systemNamespaces/, /new namespaces stay open while the operator moves/, /removes the CRD, and with it every baseline/];
    assert.equal(found.length, expected.length, found.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(found[index] ?? '', pattern);
  });
});
