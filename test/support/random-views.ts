/**
 * Random worlds of one namespace: baselines that compete in every way, and policies that are ours, edited,
 * somebody else's, left over or retained. Small names, so that they meet.
 */
import fc from 'fast-check';
import { hashedSpec } from '../../src/api/canonical.ts';
import { FIELD_MANAGER, MANAGED_BY_LABEL, PRODUCT } from '../../src/api/names.ts';
import { DIRECTIONS, type Direction, type LabelSelector, type NetworkPolicySpec } from '../../src/api/network-policy.ts';
import type { PolicyRecord } from '../../src/kube/objects.ts';
import { compileBaseline, type CompiledBaseline } from '../../src/plan/compile.ts';
import { defaultDeny } from '../../src/plan/templates/default-deny.ts';
import type { NamespaceView } from '../../src/plan/view.ts';
import { aBaseline, aGenerated, aNamespace, aPolicy, aRecord, aTemplate, aView, NOW_MS, ourLabels } from './build.ts';
import { settled } from './namespace-model.ts';

const BASELINES = ['a', 'b', 'constructor'] as const;
const TEMPLATES = ['x', 'y', 'constructor'] as const;
const LABELS = [{}, { tier: 'web' }, { constructor: 'yes', tier: 'db' }] as const;

const someDirections = (): fc.Arbitrary<Direction[]> => fc.subarray([...DIRECTIONS], { minLength: 1 });
const selector = () => fc.constantFrom<LabelSelector>({}, {}, { matchLabels: { tier: 'web' } }, { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] });
const mode = () => fc.constantFrom('Enforce' as const, 'Enforce' as const, 'Audit' as const, 'Disabled' as const);

const template = () => fc.record({
  name: fc.constantFrom(...TEMPLATES), types: someDirections(), port: fc.constantFrom(80, 443), namespaceSelector: selector(), bad: fc.nat({ max: 9 }),
}).map(({ name, types, port, namespaceSelector, bad }) => aTemplate(name, {
  policyTypes: types,
  podSelector: bad === 0 ? { matchLabels: { 'not a key': '' } } : {},
  ...(types.includes('Ingress') ? { ingress: [{ from: [{ podSelector: {} }], ports: [{ port }] }] } : {}),
}, { namespaceSelector }));

const spec = () => fc.record({
  priority: fc.constantFrom(0, 0, 1), namespaceSelector: selector(), excludedNamespaces: fc.constantFrom([], [], ['team-a']),
  ingress: fc.record({ mode: mode() }), egress: fc.record({ mode: mode() }), dns: fc.record({ enabled: fc.boolean() }),
  policies: fc.uniqueArray(template(), { maxLength: 3, selector: ({ name }) => name }),
  exemptions: fc.array(fc.record({ namespace: fc.constantFrom('team-a', 'team-b'), reason: fc.constant('r'), directions: someDirections(), expiresAt: fc.constantFrom('2026-05-01T00:00:00Z', '2026-07-01T00:00:00Z') }), { maxLength: 1 }),
  driftPolicy: fc.constantFrom('Repair', 'Repair', 'Warn'), adoptionPolicy: fc.constantFrom('Refuse', 'Adopt'),
  deletionPolicy: fc.constantFrom('Retain', 'Delete'), paused: fc.constantFrom(false, false, false, true),
});

/** Any of: in force, on its way out, unreadable, unreadable with a last good spec. */
const baseline = (name: string): fc.Arbitrary<CompiledBaseline> => fc.record({ spec: spec(), kind: fc.constantFrom('good', 'good', 'good', 'good', 'deleting', 'broken', 'last good') })
  .map(({ spec: wanted, kind }) => {
    switch (kind) {
      case 'deleting': return aBaseline(name, wanted, { deleting: true });
      case 'broken': return compileBaseline(aRecord(name, { ingress: { mode: 'Off' } }));
      case 'last good': return compileBaseline(aRecord(name, { ingress: { mode: 'Off' } }), aBaseline(name, wanted));
      case 'good': return aBaseline(name, wanted);
    }
  });

export const someBaselines = (): fc.Arbitrary<CompiledBaseline[]> => fc.subarray([...BASELINES]).chain((names) => fc.tuple(...names.map(baseline)));

/** Only such as change nothing by themselves: in force, not paused, with templates that can be used. */
export const plainBaselines = (): fc.Arbitrary<CompiledBaseline[]> => someBaselines().map((baselines) => baselines
  .filter(({ usable, problem, record, spec: found, templates }) => usable && problem === undefined && !record.deleting && !found.paused
    && templates.every((entry) => entry.problem === undefined)));

const policySpec = (name: string): fc.Arbitrary<NetworkPolicySpec> => someDirections().chain((types) => fc.constantFrom(
  name === 'default-deny' ? defaultDeny(types) : aTemplate(name, { policyTypes: types }).networkPolicy,
  { podSelector: {}, policyTypes: types, ingress: types.includes('Ingress') ? [{}] : [], egress: [] },
));

const policy = (name: string): fc.Arbitrary<PolicyRecord> => fc.record({
  written: policySpec(name), now: fc.option(policySpec(name), { nil: undefined }), owner: fc.constantFrom(...BASELINES, 'gone'),
  kind: fc.constantFrom('ours', 'ours', 'ours', 'edited', 'stripped', 'foreign', 'claims to be ours'), isolatedFor: fc.constantFrom(undefined, undefined, 'Egress=a', 'Egress=gone', 'Ingress=b'),
  going: fc.constantFrom(false, false, false, true), note: fc.boolean(),
}).map(({ written, now, owner, kind, isolatedFor, going, note }) => {
  const foreignOnly = name === 'theirs' && kind !== 'claims to be ours';
  const annotations = { ...(isolatedFor === undefined || name !== 'default-deny' ? {} : { 'netbaseline.io/isolated-for': isolatedFor }), ...(note ? { note: 'theirs' } : {}) };
  switch (foreignOnly ? 'foreign' : kind) {
    case 'ours': return aGenerated(owner, name, written, { annotations });
    case 'edited': return aGenerated(owner, name, written, { annotations, ...(now === undefined ? {} : { spec: now }), ...(going ? { deleting: true, finalizers: ['a/b'] } : {}) });
    case 'stripped': return aPolicy(name, { spec: written, managers: [FIELD_MANAGER], annotations: { ...annotations, 'netbaseline.io/template-hash': hashedSpec(written).hash } });
    case 'foreign': return aPolicy(name, { spec: written, annotations });
    case 'claims to be ours': return aPolicy(name, { spec: written, labels: owner === 'gone' ? { [MANAGED_BY_LABEL]: PRODUCT } : { ...ourLabels(owner, name), [MANAGED_BY_LABEL]: 'Helm' } });
  }
});

const somePolicies = (): fc.Arbitrary<PolicyRecord[]> => fc.subarray(['default-deny', 'allow-dns', ...TEMPLATES, 'theirs']).chain((names) => fc.tuple(...names.map(policy)));

/** Any baselines over any policies. */
export function someView(baselines: fc.Arbitrary<CompiledBaseline[]> = someBaselines()): fc.Arbitrary<NamespaceView> {
  return fc.record({
    baselines, policies: somePolicies(), labels: fc.constantFrom(...LABELS), name: fc.constantFrom('team-a', 'team-a', 'team-a', 'constructor', 'kube-system'),
    terminating: fc.nat({ max: 9 }).map((value) => value === 0), deleted: fc.subarray(['default-deny', 'allow-dns', 'x']),
  }).map(({ name, labels, terminating, deleted, ...rest }) => {
    const there = new Set(rest.policies.map((entry) => entry.name));
    return aView({ ...rest, namespace: aNamespace(name, { labels, terminating }), deleted: deleted.filter((entry) => !there.has(entry)), nowMs: NOW_MS });
  });
}

/** A namespace that was brought to some baselines, under other ones, at another time: how the operator meets most changes. */
export function changedView(baselines: fc.Arbitrary<CompiledBaseline[]> = someBaselines()): fc.Arbitrary<NamespaceView> {
  return fc.record({ before: baselines, now: baselines, labels: fc.constantFrom(...LABELS), nowLabels: fc.constantFrom(...LABELS), nowMs: fc.constantFrom(NOW_MS, Date.parse('2026-08-01T00:00:00Z')) })
    .map(({ before, now, labels, nowLabels, nowMs }) => {
      const present = settled(aView({ baselines: before, namespace: aNamespace('team-a', { labels }) }));
      return { ...aView({ baselines: now, namespace: aNamespace('team-a', { labels: nowLabels }), nowMs }), policies: present.policies };
    });
}
