/** Why a namespace has the policies that it has: every kind of answer, as people read it. */
import assert from 'node:assert/strict';
import { hashedSpec } from '../../../src/api/canonical.ts';
import { DEFAULT_SYSTEM_NAMESPACES } from '../../../src/api/names.ts';
import { DIRECTIONS, type NetworkPolicySpec } from '../../../src/api/network-policy.ts';
import { explainNamespace } from '../../../src/analyze/explain/namespace.ts';
import { namespaceLines } from '../../../src/analyze/explain/namespace-lines.ts';
import { explainCommand } from '../../../src/cli/explain.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { defaultDeny } from '../../../src/plan/templates/default-deny.ts';
import { NOW_MS, ourLabels } from '../../support/build.ts';
import { memoryHost } from '../../support/host.ts';
import { cluster, pod } from '../../support/needs.ts';

const namespace = (name = 'shop', metadata: object = {}): string => JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata } });
const baseline = (name: string, spec: object = {}, metadata: object = {}, status: object = {}): string =>
  JSON.stringify({ apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name, uid: name, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z', ...metadata }, spec, status: { observedGeneration: 1, ...status } });
const policy = (name: string, spec: object, metadata: object = {}, place = 'shop'): string => JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: place, ...metadata }, spec });
const ours = (name: string, spec: NetworkPolicySpec, owner = 'default', now: object = spec, place = 'shop'): string =>
  policy(name, now, { labels: ourLabels(owner, name), annotations: { 'netbaseline.io/template-hash': hashedSpec(spec).hash } }, place);
const DENY = defaultDeny(DIRECTIONS);
const QUIET = { dns: { enabled: false } };

/** Lines below a heading, without indentation. */
function told(heading: string, ...documents: readonly string[]): string[] {
  const found = explainNamespace({ snapshot: cluster(...documents), namespace: 'shop', systemNamespaces: new Set(DEFAULT_SYSTEM_NAMESPACES), nowMs: NOW_MS, options: { ipBlockMatchesPods: 'yes' } });
  assert.ok(found !== undefined);
  const lines = namespaceLines(found).map((pieces) => pieces.map((piece) => (typeof piece === 'string' ? piece : piece.text)).join(''));
  const from = lines.indexOf(heading);
  assert.ok(from >= 0, lines.join('\n'));
  const to = lines.indexOf('', from);
  return lines.slice(from + 1, to === -1 ? undefined : to).map((line) => line.trim());
}

describe('explain namespace: isolation', () => {
  it('by the class of its pods, and what denies', () => {
    assert.deepEqual(told('Isolation', namespace(), baseline('default', QUIET), ours('default-deny', DENY), pod('shop/web', { ip: '10.0.0.1' })), [
      'ingress  isolated, closed: has a default-deny; 1 pod closed', 'denied by NetworkPolicy shop/default-deny',
      'egress   isolated, closed: has a default-deny; 1 pod closed', 'denied by NetworkPolicy shop/default-deny',
    ]);
  });
  it('and by whom it is opened', () => {
    assert.deepEqual(told('Isolation', namespace(), baseline('default', QUIET), ours('default-deny', DENY), policy('open', { podSelector: {}, ingress: [{}] }), pod('shop/web', { ip: '10.0.0.1' })).slice(0, 3), [
      'ingress  not isolated, allow-all: has a default-deny; 1 pod allow-all', 'denied by NetworkPolicy shop/default-deny', 'opened by NetworkPolicy shop/open (ingress rule 0)',
    ]);
  });
});

describe('explain namespace: what another baseline enforces', () => {
  const exempt = baseline('a', { ...QUIET, exemptions: [{ namespace: 'shop', directions: ['Egress'], reason: 'x' }], ingress: { mode: 'Audit' } });
  it('is not told as exempt or in Audit', () => {
    assert.deepEqual(told('Isolation', namespace(), exempt, baseline('b', QUIET), pod('shop/web')), [
      'ingress  not isolated, open: has no default-deny, though b enforces it; 1 pod open', 'egress   not isolated, open: has no default-deny, though b enforces it; 1 pod open',
    ]);
  });
  it('and is where nobody else enforces it', () => {
    assert.deepEqual(told('Isolation', namespace(), exempt, pod('shop/web')), ['ingress  not isolated, open: a baseline is in Audit; 1 pod open', 'egress   not isolated, open: is exempt; 1 pod open']);
  });
});

describe('explain namespace: baselines', () => {
  for (const [what, document, line] of [
    ['in force', baseline('default', QUIET), 'default: pending, default-deny is not there yet (ingress Enforce, egress Enforce)'],
    ['not selecting', baseline('default', { namespaceSelector: { matchLabels: { a: 'b' } } }), 'default: unselected, its namespaceSelector does not match the labels (ingress Enforce, egress Enforce)'],
    ['excluding', baseline('default', { excludedNamespaces: ['shop'] }), 'default: excluded, in its excludedNamespaces (ingress Enforce, egress Enforce)'],
    ['in Audit', baseline('default', { ingress: { mode: 'Audit' }, egress: { mode: 'Disabled' } }), 'default: audited, selected, and no direction is enforced (ingress Audit, egress Disabled)'],
    ['paused', baseline('default', { ...QUIET, paused: true }), 'default: pending, default-deny is not as planned, and the baseline is paused (ingress Enforce, egress Enforce, paused)'],
  ] as const) it(what, () => assert.deepEqual(told('Baselines', namespace(), document), [line]));

  it('exempting, with reason and end', () => {
    const exemptions = [{ namespace: 'shop', directions: ['Egress'], reason: 'NET-12', expiresAt: '2030-01-01T00:00:00Z' }, { namespace: 'shop', directions: ['Ingress'], reason: 'old', expiresAt: '2020-01-01T00:00:00Z' }];
    assert.deepEqual(told('Baselines', namespace(), baseline('default', { ...QUIET, exemptions })).slice(1), ['exempt in egress (shop): NET-12; until 2030-01-01T00:00:00.000Z']);
    assert.deepEqual(told('Next', namespace(), baseline('default', { ...QUIET, exemptions })), ['create default-deny', 'An exemption ends at 2030-01-01T00:00:00.000Z; then the plan is another one.']);
  });
  it('that cannot be read, of which nothing else is said', () => {
    const broken = baseline('default', { ingress: { mode: 'Off' } });
    assert.match(told('Baselines', namespace(), broken).join('\n'), /^default: unselected, its spec cannot be used: [^()]*ingress\.mode[^()]*$/);
  });
  it('none', () => assert.deepEqual(told('Baselines', namespace()), ['There is none']));
});

describe('explain namespace: planned policies', () => {
  const one = (...documents: string[]): string => told('Planned policies', namespace(), ...documents).join('\n');
  it('in place', () => assert.equal(one(baseline('default', QUIET), ours('default-deny', DENY)), 'default-deny: in place; for default'));
  it('missing', () => assert.equal(one(baseline('default', QUIET)), 'default-deny: missing, would be created; for default'));
  it('edited', () => assert.equal(one(baseline('default', QUIET), ours('default-deny', DENY, 'default', { ...DENY, ingress: [{}] })), 'default-deny: edited by somebody, would be put right: spec.ingress is [{}], should be []; for default'));
  it('edited, and left', () => assert.match(one(baseline('default', { ...QUIET, driftPolicy: 'Warn' }), ours('default-deny', DENY, 'default', { ...DENY, ingress: [{}] })), /^default-deny: edited by somebody, and left \(driftPolicy: Warn\): spec\.ingress is/));
  it('out of date', () => assert.match(one(baseline('default', QUIET), ours('default-deny', defaultDeny(['Ingress']))), /^default-deny: out of date, would be put right: spec\.policyTypes is/));
  it('somebody else\'s', () => assert.equal(one(baseline('default', QUIET), policy('default-deny', { podSelector: {}, policyTypes: ['Ingress'] })), 'default-deny: not ours, and left (adoptionPolicy: Refuse); for default'));
  it('somebody else\'s that says the same', () => assert.equal(one(baseline('default', QUIET), policy('default-deny', DENY)), 'default-deny: in place, a policy of somebody else that says the same; for default'));
  it('taken over', () => assert.equal(one(baseline('default', { ...QUIET, adoptionPolicy: 'Adopt' }), policy('default-deny', { podSelector: {}, policyTypes: ['Ingress'] })), 'default-deny: not ours, would be taken over; for default'));
  it('of several baselines: the union of default-deny, a winner of every other name, and why', () => {
    const peer = { podSelector: {}, policyTypes: ['Ingress'] };
    const template = (port: number): object => ({ name: 'allow-x', networkPolicy: { ...peer, ingress: [{ from: [{ podSelector: {} }], ports: [{ port }] }] } });
    assert.equal(one(baseline('a', { ...QUIET, egress: { mode: 'Disabled' }, policies: [template(1)] }), baseline('b', { ...QUIET, policies: [template(2)] }, { creationTimestamp: '2026-02-01T00:00:00Z' })), [
      'allow-x: missing, would be created; for a, which is older', 'b claims it, too, and wants another spec', 'default-deny: missing, would be created; for a (Ingress) and b (Ingress, Egress) together',
    ].join('\n'));
    assert.match(one(baseline('a', { ...QUIET, policies: [template(1)] }), baseline('b', { ...QUIET, priority: 5, policies: [template(1)] })), /allow-x: missing, would be created; for b, which has the higher priority\na claims it, too, and wants the same/);
    assert.match(one(baseline('b', { ...QUIET, policies: [template(1)] }), baseline('a', { ...QUIET, policies: [template(1)] })), /for a, which comes first by name/);
  });
});

describe('explain namespace: other policies, and what comes next', () => {
  it('left over, retained, not ours', () => {
    assert.deepEqual(told('Other policies', namespace(), baseline('default', QUIET), ours('default-deny', DENY), ours('allow-old', { podSelector: {}, policyTypes: ['Ingress'], ingress: [], egress: [] }), ours('allow-gone', DENY, 'gone'), policy('mine', { podSelector: { matchLabels: { a: 'b' } } })), [
      'allow-old: left over of default, its template was removed; would be deleted', 'allow-gone: retained; its baseline is gone, and another one that claims the name takes it up', 'mine: not ours; isolates some pods in ingress',
    ]);
  });
  it('nothing, where everything is in place', () => assert.deepEqual(told('Next', namespace(), baseline('default', QUIET), ours('default-deny', DENY)), ['Nothing would be written.']));
  it('what is held, and how to confirm it', () => {
    const lines = told('Next', namespace(), namespace('b'), ours('default-deny', DENY), ours('default-deny', DENY, 'default', DENY, 'b'), baseline('default', { ...QUIET, namespaceSelector: { matchLabels: { a: 'b' } } }, { generation: 2 }));
    assert.deepEqual(lines.slice(0, 2), ['Nothing else would be written.', 'held: delete default-deny']);
    assert.match(lines[2] ?? '', /^to confirm: kubectl annotate --overwrite npb default netbaseline\.io\/confirm=[0-9a-f]{16}$/);
  });
  it('nothing in a namespace that is on its way out', () => assert.deepEqual(told('Baselines', namespace('shop', { deletionTimestamp: '2026-06-01T00:00:00Z' }), baseline('default', QUIET)), ['default: terminating, on its way out (ingress Enforce, egress Enforce)']));
});

describe('npb explain namespace', () => {
  const run = async (args: readonly string[], documents: readonly string[]): Promise<{ code: number; out: string; err: string }> => {
    const host = memoryHost({ stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents.map((each) => JSON.parse(each) as object) }) });
    const code = await runProgram(['explain', 'namespace', ...args, '-f', '-'], host, [explainCommand]);
    return { code, out: host.out(), err: host.err() };
  };
  it('as text and as data', async () => {
    const text = await run(['shop'], [namespace(), baseline('default', QUIET)]);
    assert.equal(text.code, 0);
    assert.match(text.out, /^Namespace shop\n\nIsolation\n/);
    const { kind, schemaVersion, planned, ingress } = JSON.parse((await run(['shop', '-o', 'json'], [namespace(), baseline('default', QUIET)])).out) as Record<string, never>;
    assert.deepEqual({ kind, schemaVersion, planned, ingress }, {
      kind: 'NamespaceExplanation', schemaVersion: 1,
      planned: [{ name: 'default-deny', decision: { kind: 'Create', cause: 'Missing' }, why: 'only', claims: [{ baseline: 'default', directions: ['Ingress', 'Egress'], agrees: true }] }],
      ingress: { coverage: 'unprotected', enforcedBy: ['default'], class: 'open', isolated: 'no', pods: {}, defaultDeny: [], defeatedBy: [] },
    });
  });
  it('2 for a namespace that is not there, with the name that may be meant', async () => {
    const { code, err } = await run(['shpo'], [namespace()]);
    assert.equal(code, 2);
    assert.match(err, /there is no namespace "shpo"\. Did you mean shop\?/);
  });
  it('2 without a name', async () => assert.equal((await run([], [namespace()])).code, 2));
});
