/** Rule 6: drift, outdated, equal; the three normalisations; Warn. And rule 10 for what was edited meanwhile. */
import assert from 'node:assert/strict';
import { hashedSpec } from '../../../src/api/canonical.ts';
import {
  BASELINE_LABEL, DESCRIPTION_ANNOTATION, ISOLATED_FOR_ANNOTATION, MANAGED_BY_LABEL, PART_OF_LABEL, TEMPLATE_HASH_ANNOTATION, TEMPLATE_LABEL,
} from '../../../src/api/names.ts';
import type { NetworkPolicySpec } from '../../../src/api/network-policy.ts';
import { compare, describeDifferences } from '../../../src/plan/drift.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { reportOn } from '../../../src/plan/report.ts';
import { defaultDeny } from '../../../src/plan/templates/default-deny.ts';
import { NO_FACTS } from '../../../src/plan/verdict.ts';
import { aBaseline, aDeny, aGenerated, aTemplate, aView, nameIn, ourLabels, stateOf, verdictOf, writesOf, type GeneratedFields, type SpecFields } from '../../support/build.ts';
import { settled } from '../../support/namespace-model.ts';

const WRITTEN: NetworkPolicySpec = aTemplate('x', { ingress: [{ from: [{ podSelector: { matchLabels: { a: '1' } } }], ports: [{ port: 80 }, { protocol: 'UDP', port: 53 }] }] }).networkPolicy;
const baseline = (spec: SpecFields = {}) => aBaseline('a', { ...spec, dns: { enabled: false }, policies: [{ name: 'x', networkPolicy: WRITTEN }] });
const compared = (fields: GeneratedFields) => {
  const want = nameIn(planNamespace(aView({ baselines: [baseline()] })), 'x').desired ?? assert.fail();
  const found = compare(want, aGenerated('a', 'x', WRITTEN, fields));
  return found.kind === 'Equal' ? 'Equal' : `${found.kind}: ${found.differences.map(({ field }) => field).join(', ')}`;
};
const labels = (change: Record<string, string>) => ({ labels: { ...ourLabels('a', 'x'), ...change } });
const lacking = (key: string) => ({ labels: Object.fromEntries(Object.entries(ourLabels('a', 'x')).filter(([label]) => label !== key)) });
const OLD = aTemplate('x', { ingress: [] }).networkPolicy;

describe('rule 6: what a difference means', () => {
  const cases: readonly [string, GeneratedFields, string][] = [
    ['as written', {}, 'Equal'],
    ['ingress rules replaced', { spec: { ingress: [{}] } }, 'Modified: spec.ingress'],
    ['ingress rules removed', { spec: { ingress: [] } }, 'Modified: spec.ingress'],
    ['egress rules added', { spec: { policyTypes: ['Ingress', 'Egress'], egress: [{}] } }, 'Modified: spec.policyTypes, spec.egress'],
    ['the pod selector narrowed', { spec: { podSelector: { matchLabels: { a: 'b' } } } }, 'Modified: spec.podSelector'],
    ['a policyType added', { spec: { policyTypes: ['Ingress', 'Egress'] } }, 'Modified: spec.policyTypes'],
    ['a field that we do not know', { spec: { surprise: true } as Partial<NetworkPolicySpec> }, 'Modified: spec'],
    ['order of ports', { spec: { ingress: [{ ...WRITTEN.ingress?.[0], ports: [{ protocol: 'UDP', port: 53 }, { port: 80 }] }] } }, 'Modified: spec.ingress'],
    ['the spec and its hash: what a clever editor writes is an old plan to us, and updated all the same', { spec: { ingress: [{}] }, hash: hashedSpec({ ...WRITTEN, ingress: [{}] }).hash }, 'Outdated: spec.ingress, metadata.annotations[netbaseline.io/template-hash]'],
    ['what we wrote for an earlier plan', { spec: OLD, hash: hashedSpec(OLD).hash }, 'Outdated: spec.ingress, metadata.annotations[netbaseline.io/template-hash]'],
    ['an earlier plan, edited', { spec: { ingress: [{}] }, hash: hashedSpec(OLD).hash }, 'Modified: spec.ingress'],
    ['the spec, while the hash is gone', { spec: { ingress: [{}] }, hash: undefined }, 'Modified: spec.ingress'],
    ['the hash annotation alone', { hash: 'nonsense' }, 'Outdated: metadata.annotations[netbaseline.io/template-hash]'],
    ['the hash annotation gone', { hash: undefined }, 'Outdated: metadata.annotations[netbaseline.io/template-hash]'],
    ['managed-by changed', labels({ [MANAGED_BY_LABEL]: 'Helm' }), `Modified: metadata.labels[${MANAGED_BY_LABEL}]`],
    ['managed-by gone', lacking(MANAGED_BY_LABEL), `Modified: metadata.labels[${MANAGED_BY_LABEL}]`],
    ['part-of changed', labels({ [PART_OF_LABEL]: 'x' }), `Modified: metadata.labels[${PART_OF_LABEL}]`],
    ['part-of gone', lacking(PART_OF_LABEL), `Modified: metadata.labels[${PART_OF_LABEL}]`],
    ['template changed', labels({ [TEMPLATE_LABEL]: 'y' }), `Modified: metadata.labels[${TEMPLATE_LABEL}]`],
    ['template gone', lacking(TEMPLATE_LABEL), `Modified: metadata.labels[${TEMPLATE_LABEL}]`],
    ['baseline gone', lacking(BASELINE_LABEL), `Modified: metadata.labels[${BASELINE_LABEL}]`],
    ['baseline of another one: a former winner', labels({ [BASELINE_LABEL]: 'b' }), `Outdated: metadata.labels[${BASELINE_LABEL}]`],
    ['all labels gone', { labels: {} }, `Modified: ${[MANAGED_BY_LABEL, PART_OF_LABEL, TEMPLATE_LABEL, BASELINE_LABEL].map((key) => `metadata.labels[${key}]`).join(', ')}`],
    ['ownerReferences', { ownerReferences: [{ uid: 'u' }] }, 'Modified: metadata.ownerReferences'],
    ['finalizers', { finalizers: ['a/b'] }, 'Modified: metadata.finalizers'],
    ['spec and finalizers', { spec: { ingress: [{}] }, finalizers: ['a/b'] }, 'Modified: spec.ingress, metadata.finalizers'],
    ['the description', { description: 'old' }, `Outdated: metadata.annotations[${DESCRIPTION_ANNOTATION}]`],
    ['isolated-for', { isolatedFor: 'Egress=b' }, `Outdated: metadata.annotations[${ISOLATED_FOR_ANNOTATION}]`],
    ['a foreign label', labels({ team: 'x' }), 'Equal'],
    ['a foreign annotation', { annotations: { 'example.com/note': 'x', constructor: 'y' } }, 'Equal'],
    ['another label of our group', labels({ 'netbaseline.io/other': 'x' }), 'Equal'],
    ['a missing list instead of an empty one', { spec: { egress: undefined } }, 'Equal'],
    ['a protocol filled in', { spec: { ingress: [{ ...WRITTEN.ingress?.[0], ports: [{ port: 80, protocol: 'TCP' }, { protocol: 'UDP', port: 53 }] }] } }, 'Equal'],
    ['policyTypes twice', { spec: { policyTypes: ['Ingress', 'Ingress'] } }, 'Equal'],
  ];
  for (const [what, fields, expected] of cases) it(`${what}: ${expected.split(':')[0] ?? ''}`, () => assert.equal(compared(fields), expected));

  it('is told field by field, in the words of kubectl explain', () => {
    const found = compare(nameIn(planNamespace(aView({ baselines: [baseline()] })), 'x').desired ?? assert.fail(), aGenerated('a', 'x', WRITTEN, { ...lacking(PART_OF_LABEL), spec: { ingress: [{}] } }));
    assert.equal(describeDifferences(found.kind === 'Equal' ? [] : found.differences), `spec.ingress is [{}], should be ${JSON.stringify([{ from: [{ podSelector: { matchLabels: { a: '1' } } }], ports: [{ port: 80, protocol: 'TCP' }, { port: 53, protocol: 'UDP' }] }])}; metadata.labels[${PART_OF_LABEL}] is (none), should be namespace-policy-baseline`);
  });
  it('is told in bounded words, whatever was written into the policy', () => {
    const peers = Array.from({ length: 60 }, (_, index) => ({ podSelector: { matchLabels: { key: `value-${index}` } } }));
    const found = compare(nameIn(planNamespace(aView({ baselines: [baseline()] })), 'x').desired ?? assert.fail(), aGenerated('a', 'x', WRITTEN, { spec: { ingress: [{ from: peers }] } }));
    assert.ok(found.kind === 'Modified' && found.differences.every(({ have, want }) => have.length <= 300 && want.length <= 300));
  });
});

describe('rule 6: what is done about it', () => {
  const others = [aDeny('a')];
  const view = (fields: GeneratedFields, spec: SpecFields = {}) => aView({ baselines: [baseline(spec)], policies: [...others, aGenerated('a', 'x', WRITTEN, fields)] });
  const EDITED = { spec: { ingress: [{}] } };
  const OUTDATED = { spec: OLD, hash: hashedSpec(OLD).hash };

  it('drift is repaired in place: state drifted', () => {
    assert.deepEqual(writesOf(view(EDITED)), ['Update x (Modified)']);
    assert.equal(stateOf(view(EDITED), 'a'), 'drifted Modified');
  });
  it('outdated is updated in place: state pending', () => {
    assert.deepEqual(writesOf(view(OUTDATED)), ['Update x (Outdated)']);
    assert.equal(stateOf(view(OUTDATED), 'a'), 'pending Outdated');
  });
  it('deleted while we watched is drift', () => {
    const deleted = aView({ baselines: [baseline()], policies: others, deleted: ['x'] });
    assert.deepEqual(writesOf(deleted), ['Create x (Deleted)']);
    assert.equal(stateOf(deleted, 'a'), 'drifted Deleted');
  });
  it('never there is not drift', () => {
    const missing = aView({ baselines: [baseline()], policies: others });
    assert.deepEqual(writesOf(missing), ['Create x (Missing)']);
    assert.equal(stateOf(missing, 'a'), 'pending Missing');
  });
  it('foreign labels and annotations cost no write and survive a repair', () => {
    const foreign = { labels: { ...ourLabels('a', 'x'), team: 'x' }, annotations: { note: 'y' } };
    assert.deepEqual(writesOf(view(foreign)), []);
    const repaired = settled(view({ ...foreign, ...EDITED })).policies.get('x');
    assert.deepEqual([repaired?.foreign?.labels.get('team'), repaired?.foreign?.annotations.get('note')], ['x', 'y']);
  });
  it('a repair takes away foreign finalizers and ownerReferences', () => {
    const repaired = settled(view({ finalizers: ['a/b'], ownerReferences: [{}] })).policies.get('x');
    assert.deepEqual([repaired?.finalizers, repaired?.ownerReferences], [[], 0]);
  });
  it('a policy on its way out is freed of its finalizer, so that it can come back', () => {
    assert.deepEqual(writesOf(view({ deleting: true, finalizers: ['a/b'] })), ['Update x (Modified)']);
  });
  it('stripped labels are repaired: it is still found by its name', () => assert.deepEqual(writesOf(view({ labels: {}, ...EDITED })), ['Update x (Modified)']));

  describe('Warn', () => {
    const warn = { driftPolicy: 'Warn' } as const;
    it('leaves edited policies as they are and reports them', () => {
      assert.deepEqual(writesOf(view(EDITED, warn)), []);
      assert.equal(stateOf(view(EDITED, warn), 'a'), 'drifted Modified');
      assert.match(verdictOf(view(EDITED, warn), 'a').message, /^x: spec\.ingress is \[\{\}\], should be .* \(driftPolicy: Warn\)$/);
    });
    it('leaves touched labels, finalizers and ownerReferences too', () => {
      for (const fields of [lacking(PART_OF_LABEL), { finalizers: ['a/b'] }, { ownerReferences: [{}] }]) assert.deepEqual(writesOf(view(fields, warn)), []);
    });
    it('creates missing ones, also deleted ones', () => {
      assert.deepEqual(writesOf(aView({ baselines: [baseline(warn)], policies: others })), ['Create x (Missing)']);
      assert.deepEqual(writesOf(aView({ baselines: [baseline(warn)], policies: others, deleted: ['x'] })), ['Create x (Deleted)']);
    });
    it('applies template changes', () => assert.deepEqual(writesOf(view(OUTDATED, warn)), ['Update x (Outdated)']));
    it('applies template changes to edited policies too: the edit was to the former one', () => {
      assert.deepEqual(writesOf(view({ ...EDITED, hash: hashedSpec(OLD).hash }, warn)), ['Update x (Outdated)']);
    });
    it('follows changes of scope: edited policies leave, and directions come and go', () => {
      assert.deepEqual(writesOf(view(EDITED, { ...warn, excludedNamespaces: ['team-a'] })), ['Remove default-deny (ExcludedByName)', 'Remove x (ExcludedByName)']);
      const edited = aDeny('a', ['Ingress', 'Egress'], { spec: { ingress: [{}] } });
      const narrowed = aView({ baselines: [aBaseline('a', { ...warn, egress: { mode: 'Disabled' } })], policies: [edited] });
      assert.deepEqual(writesOf(narrowed), ['Update default-deny (Outdated)']);
    });
    it('is the winner’s to say', () => {
      const x = (port: number, spec: object) => ({ dns: { enabled: false }, policies: [aTemplate('x', { ingress: [{ from: [{ podSelector: {} }], ports: [{ port }] }] })], ...spec });
      const written = aTemplate('x', { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 1 }] }] }).networkPolicy;
      const two = (winner: object, loser: object, loserPort: number) => writesOf(aView({
        baselines: [aBaseline('a', x(1, winner)), aBaseline('b', x(loserPort, loser))], policies: [aDeny('a'), aGenerated('a', 'x', written, EDITED)],
      }));
      assert.deepEqual(two(warn, {}, 2), []);
      assert.deepEqual(two({}, warn, 2), ['Update x (Modified)']);
      assert.deepEqual(two(warn, {}, 1), ['Update x (Modified)'], 'the loser wants the very same policy, and wants it repaired');
    });
    it('for default-deny one baseline that asks for repair is enough', () => {
      const edited = aDeny('a', undefined, { spec: { ingress: [{}] } });
      const baselines = [aBaseline('a', { ...warn, dns: { enabled: false } }), aBaseline('b', { dns: { enabled: false } })];
      assert.deepEqual(writesOf(aView({ baselines, policies: [edited] })), ['Update default-deny (Modified)']);
    });
  });

  describe('rule 10: paused', () => {
    const paused = { paused: true };
    for (const [what, fields, state] of [
      ['edited', EDITED, 'drifted Modified'], ['outdated', OUTDATED, 'pending Paused'], ['as written', {}, 'protected InPlace'],
    ] as const) {
      it(`${what}: nothing is written, the state is ${state}`, () => {
        assert.deepEqual(writesOf(view(fields, paused)), []);
        assert.equal(stateOf(view(fields, paused), 'a'), state);
      });
    }
    it('missing: nothing is created', () => assert.equal(stateOf(aView({ baselines: [baseline(paused)], policies: others }), 'a'), 'pending Paused'));
  });

  it('the report lists what has drifted, repaired or not', () => {
    const drifted = (fields: GeneratedFields, spec: SpecFields) => {
      const present = view(fields, spec);
      return reportOn(present, planNamespace(present), NO_FACTS).drifted;
    };
    const expected = [{ baseline: 'a', template: 'x' }];
    for (const spec of [{}, { driftPolicy: 'Warn' }, { paused: true }] as const) assert.deepEqual(drifted(EDITED, spec), expected);
    assert.deepEqual(drifted(OUTDATED, {}), []);
    assert.deepEqual(drifted({}, {}), []);
    const [missing, deleted] = [[], ['x']].map((names) => aView({ baselines: [baseline()], policies: others, deleted: names }));
    assert.deepEqual([missing, deleted].map((present) => (present === undefined ? [] : reportOn(present, planNamespace(present), NO_FACTS).drifted)), [[], expected]);
  });
});

describe('rule 6: an opened default-deny', () => {
  for (const [what, spec] of [
    ['an allow-all rule', { ingress: [{}] }], ['a direction less', { policyTypes: ['Ingress'] as const }], ['some pods only', { podSelector: { matchLabels: { a: 'b' } } }],
  ] as const) {
    it(`${what} is closed again`, () => {
      const view = aView({ baselines: [aBaseline('a', { dns: { enabled: false } })], policies: [aDeny('a', undefined, { spec: spec as Partial<NetworkPolicySpec> })] });
      assert.deepEqual(writesOf(view), ['Update default-deny (Modified)']);
      assert.deepEqual(settled(view).policies.get('default-deny')?.spec, { ...defaultDeny(['Ingress', 'Egress']) });
    });
  }
  it('the annotation is called what the documentation says', () => assert.equal(TEMPLATE_HASH_ANNOTATION, 'netbaseline.io/template-hash'));
});
