/** `npb render` as people call it: the operator's own objects, or why there are none. */
import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { renderCommand } from '../../../src/cli/render.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { parsePolicy, type WireNetworkPolicy } from '../../../src/kube/objects.ts';
import { policyInterner } from '../../../src/kube/policy-interner.ts';
import { compare } from '../../../src/plan/drift.ts';
import { isFullyLabelled } from '../../../src/plan/ownership.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { aBaseline, aNamespace, aTemplate, aView } from '../../support/build.ts';
import { memoryHost, type MemoryHost } from '../../support/host.ts';

interface Ended { readonly code: number; readonly host: MemoryHost; readonly policies: readonly WireNetworkPolicy[] }

const PLAIN = relative(process.cwd(), join(import.meta.dirname, 'manifests/preview-baselines/plain.yaml'));

async function render(args: readonly string[], stdin = ''): Promise<Ended> {
  const host = memoryHost({ stdin });
  const code = await runProgram(['render', ...args], host, [renderCommand]);
  return { code, host, policies: parseAllDocuments(host.out()).map((document) => document.toJS() as WireNetworkPolicy) };
}
const baseline = (spec: object, name = 'default', metadata: object = {}): string => JSON.stringify({ apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name, ...metadata }, spec });
const ofSpec = (spec: object, ...args: string[]): Promise<Ended> => render(['-f', '-', ...args], baseline(spec));
const namesOf = ({ policies }: Ended): string[] => policies.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`);

describe('npb render', () => {
  it('the objects of a namespace, default-deny last; no cluster is asked', async () => {
    const found = await render(['-f', PLAIN, '-n', 'shop']);
    assert.deepEqual([found.code, namesOf(found), found.host.err()], [0, ['shop/allow-dns', 'shop/default-deny'], '']);
  });

  it('are what the operator writes: it takes them for its own, and finds nothing to change', async () => {
    const spec = { policies: [aTemplate('allow-x', { policyTypes: ['Ingress', 'Egress'] }, { description: 'why', owner: 'me' })], ingress: { mode: 'Enforce' } };
    const { policies } = await ofSpec(spec, '-n', 'team-a');
    const view = aView({ namespace: aNamespace('team-a'), baselines: [aBaseline('default', spec)], policies: policies.map((policy) => parsePolicy(policy, policyInterner())) });
    assert.ok([...view.policies.values()].every(isFullyLabelled));
    const plan = planNamespace(view);
    assert.deepEqual(plan.writes, []);
    for (const { name, desired } of plan.names) assert.equal(desired === undefined ? '?' : compare(desired, view.policies.get(name)!).kind, 'Equal');
  });

  it('several namespaces; json as one list that can be applied', async () => {
    assert.deepEqual(namesOf(await render(['-f', PLAIN, '-n', 'b', '-n', 'a'])), ['a/allow-dns', 'a/default-deny', 'b/allow-dns', 'b/default-deny']);
    const { host } = await render(['-f', PLAIN, '-n', 'a', '-o', 'json']);
    const list = JSON.parse(host.out()) as { apiVersion: string; kind: string; items: unknown[] };
    assert.deepEqual([list.apiVersion, list.kind, list.items.length], ['v1', 'List', 2]);
  });

  it('labels decide, from the command line or from manifests', async () => {
    const spec = { namespaceSelector: { matchLabels: { team: 'a' } }, dns: { enabled: false } };
    assert.deepEqual(namesOf(await ofSpec(spec, '-n', 'shop', '--labels', 'team=a,x=y')), ['shop/default-deny']);
    const without = await ofSpec(spec, '-n', 'shop', '--labels', 'team=b');
    assert.deepEqual([without.code, without.policies, without.host.err()], [0, [], 'shop: baseline default does not select it: its namespaceSelector does not match its labels\n']);
    const manifests = join(import.meta.dirname, '../../../docs/example-cluster');
    const all = await ofSpec({ namespaceSelector: { matchLabels: { team: 'shop' } }, dns: { enabled: false } }, '--manifests', manifests);
    assert.deepEqual(namesOf(all), ['search/default-deny', 'shop/default-deny']);
    assert.deepEqual(namesOf(await ofSpec({ dns: { enabled: false } }, '--manifests', manifests, '-l', 'team=shop')), ['search/default-deny', 'shop/default-deny']);
  });

  for (const [what, spec, name, why] of [
    ['a system namespace', {}, 'kube-system', 'leaves it alone: it is a system namespace'],
    ['an excluded one', { excludedNamespaces: ['shop'] }, 'shop', 'excludes it by name'],
    ['an exempt one', { exemptions: [{ namespace: 'shop', reason: 'NET-12' }] }, 'shop', 'exempts it (NET-12)'],
    ['one where everything is in Audit', { ingress: { mode: 'Audit' }, egress: { mode: 'Disabled' } }, 'shop', 'enforces no direction: both are in Audit or Disabled'],
  ] as const) {
    it(`nothing for ${what}, and why; no error`, async () => {
      const { code, host } = await ofSpec(spec, '-n', name);
      assert.deepEqual([code, host.out(), host.err()], [0, '', `${name}: baseline default ${why}\n`]);
    });
  }

  it('one direction, and nothing of a paused baseline', async () => {
    const { policies } = await ofSpec({ egress: { mode: 'Audit' } }, '-n', 'shop');
    assert.deepEqual(policies.map(({ metadata: { name }, spec }) => [name, spec?.policyTypes]), [['default-deny', ['Ingress']]]);
    const paused = await ofSpec({ paused: true }, '-n', 'shop');
    assert.deepEqual([paused.code, paused.host.out(), paused.host.err().split('\n').length], [0, '', 3]);
  });

  it('what is in the way of a name is said, and left out', async () => {
    const foreign = JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'allow-dns', namespace: 'shop' }, spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] } });
    const found = await render(['-f', PLAIN, '--manifests', '-', '-n', 'shop'], foreign);
    assert.deepEqual([found.code, namesOf(found)], [0, ['shop/default-deny']]);
    assert.match(found.host.err(), /^shop: allow-dns: a policy of that name is there and is not ours; rename or delete it, or set adoptionPolicy: Adopt$/m);
  });

  it('several baselines together, as the operator joins them', async () => {
    const both = `${baseline({ egress: { mode: 'Disabled' } }, 'a')}\n${baseline({ ingress: { mode: 'Disabled' } }, 'b')}`;
    const { policies } = await render(['-f', '-', '-n', 'shop'], both);
    assert.deepEqual(policies.map(({ metadata: { name, annotations }, spec }) => [name, spec?.policyTypes, annotations?.['netbaseline.io/isolated-for']]), [['allow-dns', ['Egress'], undefined], ['default-deny', ['Ingress', 'Egress'], 'Egress=b']]);
  });

  for (const [what, args, message] of [
    ['no namespace', ['-f', PLAIN], /for which namespace\? Name it with -n/],
    ['a name that no namespace has', ['-f', PLAIN, '-n', 'Shop'], /--namespace is "Shop": no namespace can be called so/],
    ['two sources', ['-f', PLAIN, '--live', '--manifests', 'x'], /exclude each other/],
    ['labels without values', ['-f', PLAIN, '-n', 'shop', '--labels', 'team'], /--labels is "team": team has no value/],
    ['no baseline', ['-n', 'shop'], /there is no baseline: name its file with -f/],
    ['an unknown format', ['-f', PLAIN, '-n', 'shop', '-o', 'table'], /--output is "table": expected yaml or json/],
    ['a bad baseline', ['-f', join(import.meta.dirname, 'manifests/preview-baselines/bad.yaml'), '-n', 'shop'], /bad\.yaml:6: NamespacePolicyBaseline default: spec\.ingress\.mode/],
  ] as const) {
    it(`2 for ${what}`, async () => {
      const { code, host } = await render(args);
      assert.equal(code, 2, host.err());
      assert.match(host.err(), message);
      assert.equal(host.out(), '');
    });
  }
});
