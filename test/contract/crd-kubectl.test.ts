/**
 * What people see of baselines through the real kubectl: columns, names to ask by, explanations, and refusals in its words.
 */
import assert from 'node:assert/strict';
import { PRINTER_COLUMNS } from '../../src/api/crd.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { BASELINES, apiAs, type Api } from '../support/api.ts';
import { sharedControlPlane } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';

const baseline = (spec: string): string => `
apiVersion: netbaseline.io/v1alpha1
kind: NamespacePolicyBaseline
metadata: {name: columns}
spec: ${spec}
`;

describe('kubectl and baselines', function () {
  this.timeout(120_000);
  let plane: ControlPlane;
  let api: Api;

  before(async () => {
    plane = await sharedControlPlane();
    api = apiAs(plane.adminKubeconfig);
  });
  after(async () => {
    await api.delete(`${BASELINES}/columns`);
    await api.close();
  });

  const kubectl = async (...args: string[]): Promise<string> => (await plane.kubectl(args)).stdout;
  const rows = (output: string): string[][] => output.trim().split('\n').map((line) => line.split(/ {2,}|\s*$/).filter((cell) => cell !== ''));

  it('shows modes, protection, drift and readiness, and the message of Ready with -o wide', async () => {
    await plane.kubectl(['apply', '-f', '-'], { stdin: baseline('{ingress: {mode: Audit}, paused: true}') });
    const now = new Date().toISOString();
    const condition = (type: string, status: string, message: string) => ({ type, status, reason: 'Tested', message, lastTransitionTime: now });
    const { code } = await api.patch(`${BASELINES}/columns/status`, {
      status: { protected: '42/45', conditions: [condition('Ready', 'True', 'all 45 namespaces processed'), condition('Drifted', 'False', '')] },
    });
    assert.equal(code, 200);
    const [header, row] = rows(await kubectl('get', 'npb', 'columns'));
    assert.deepEqual(header, ['NAME', ...PRINTER_COLUMNS.filter((column) => !('priority' in column)).map(({ name }) => name.toUpperCase())]);
    assert.deepEqual(row?.slice(0, -1), ['columns', 'Audit', 'Enforce', '42/45', 'False', 'True']);
    const [, wide] = rows(await kubectl('get', 'npb', 'columns', '-o', 'wide'));
    assert.deepEqual(wide?.slice(0, -1), ['columns', 'Audit', 'Enforce', '42/45', 'False', 'True', 'all 45 namespaces processed']);
  });

  it('finds them by short name, singular, plural, kind and category', async () => {
    for (const name of ['npb', 'namespacepolicybaseline', 'namespacepolicybaselines', 'NamespacePolicyBaseline']) {
      assert.equal((await kubectl('get', name, 'columns', '-o', 'name')).trim(), 'namespacepolicybaseline.netbaseline.io/columns', name);
    }
    assert.match(await kubectl('get', 'namespace-policy-baseline', '-o', 'name'), /namespacepolicybaseline\.netbaseline\.io\/columns/);
  });

  it('explains every field', async () => {
    // The aggregated OpenAPI document of a new kind appears a moment after the CRD is established.
    const spec = await eventually(() => kubectl('explain', 'npb.spec'), (text) => assert.match(text, /deletionPolicy/), { withinMs: 30_000, everyMs: 500 });
    for (const field of ['ingress', 'policies', 'exemptions', 'paused']) assert.match(spec, new RegExp(`\\b${field}\\b`));
    assert.match(spec, /enum: Retain, Delete/);
    assert.match(spec, /What becomes of generated policies when this baseline is\s+deleted/);
    const peer = await kubectl('explain', 'npb.spec.policies.networkPolicy.ingress.from');
    assert.match(peer, /ipBlock/);
    assert.match(peer, /{} is every\s+namespace/);
  });

  it('refuses a misspelt field by itself, as it validates strictly', async () => {
    const misspelt = baseline('{policies: [{name: a, networkPolicy: {podSelector: {}, policyTypes: [Ingress], ingress: [{frm: [{podSelector: {}}]}]}}]}');
    const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], { stdin: misspelt, allowFailure: true });
    assert.equal(code, 1);
    assert.match(stderr, /unknown field "spec\.policies\[0\]\.networkPolicy\.ingress\[0\]\.frm"/);
    const lenient = await plane.kubectl(['apply', '--validate=ignore', '-f', '-'], { stdin: misspelt, allowFailure: true });
    assert.equal(lenient.code, 1);
    assert.match(lenient.stderr, /an ingress rule without from allows every source; add from, or set allowAnyPeer: true/);
  });

  it('reads Off as a boolean, which is why no mode is called so', async () => {
    const { stderr } = await plane.kubectl(['apply', '-f', '-'], { stdin: baseline('{ingress: {mode: Off}}'), allowFailure: true });
    assert.match(stderr, /spec\.ingress\.mode in body must be of type string: "boolean"/);
  });

  it('applies the same baseline twice without a change, on the client and on the server', async () => {
    const spec = baseline('{ingress: {mode: Audit}, policies: [{name: a, networkPolicy: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}}], paused: true}');
    await plane.kubectl(['apply', '-f', '-'], { stdin: spec });
    assert.match((await plane.kubectl(['apply', '-f', '-'], { stdin: spec })).stdout, /unchanged/);
    await plane.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], { stdin: spec });
    const { code, stdout } = await plane.kubectl(['diff', '--server-side', '--force-conflicts', '-f', '-'], { stdin: spec, allowFailure: true });
    assert.equal(code, 0, stdout);
  });
});
