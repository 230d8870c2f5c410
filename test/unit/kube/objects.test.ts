/** Records: what is kept of an API object, and that hostile names, labels and sizes do no harm. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hashedSpec } from '../../../src/api/canonical.ts';
import { DESCRIPTION_ANNOTATION, FIELD_MANAGER, ISOLATED_FOR_ANNOTATION, MANAGED_BY_LABEL, PRODUCT, TEMPLATE_HASH_ANNOTATION } from '../../../src/api/names.ts';
import type { NetworkPolicySpec } from '../../../src/api/network-policy.ts';
import { foreignMetadata, parseBaseline, parseNamespace, parsePolicy, type ObjectMeta, type WireNamespace } from '../../../src/kube/objects.ts';
import { policyInterner } from '../../../src/kube/policy-interner.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { aBaseline, aDeny, aPolicy, aTemplate, aView, aWirePolicy, ourLabels, writesOf, type PolicyFields } from '../../support/build.ts';
import { settled } from '../../support/namespace-model.ts';

const intern = policyInterner();
/** As it comes from the wire: `__proto__` is a key like any other there. */
const wire = <T>(text: string): T => JSON.parse(text) as T;
const HOSTILE = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__proto__', 'prototype'];

describe('parseNamespace', () => {
  const parse = (metadata: Partial<ObjectMeta>, rest: Partial<WireNamespace> = {}) => parseNamespace({ metadata: { name: 'x', ...metadata }, ...rest });

  it('keeps identity, labels, annotations and age', () => {
    const found = parse({ uid: 'u', resourceVersion: '7', labels: { a: '1' }, annotations: { b: '2' }, creationTimestamp: '2026-01-01T00:00:00Z' });
    assert.deepEqual(found, {
      name: 'x', uid: 'u', resourceVersion: '7', labels: new Map([['a', '1']]), annotations: new Map([['b', '2']]), terminating: false, createdAtMs: Date.parse('2026-01-01T00:00:00Z'),
    });
  });
  it('is terminating by timestamp or by phase', () => {
    assert.equal(parse({ deletionTimestamp: '2026-01-01T00:00:00Z' }).terminating, true);
    assert.equal(parse({}, { status: { phase: 'Terminating' } }).terminating, true);
    assert.equal(parse({}, { status: { phase: 'Active' } }).terminating, false);
  });
  it('keeps annotations of up to 256 characters: enough for an owner, nothing against 256 KiB', () => {
    const { annotations } = parse({ annotations: { owner: 'x'.repeat(256), huge: 'x'.repeat(262_144), long: 'x'.repeat(257) } });
    assert.deepEqual([...annotations.keys()], ['owner']);
  });
  it('names that objects inherit are labels like any other, and absent where they are absent', () => {
    for (const key of HOSTILE) {
      const { labels } = parseNamespace(wire<WireNamespace>(`{"metadata":{"name":"x","labels":{${JSON.stringify(key)}:"yes"}}}`));
      assert.deepEqual([...labels], [[key, 'yes']]);
      assert.equal(parse({ labels: { other: 'x' } }).labels.get(key), undefined);
    }
    assert.equal(({} as { yes?: string }).yes, undefined);
  });
  it('1,000 labels are kept', () => {
    const labels = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`example.com/key-${index}`, `${index}`]));
    assert.equal(parse({ labels }).labels.size, 1000);
  });
  it('an object without anything is taken as it is', () => {
    assert.deepEqual(parse({}), { name: 'x', uid: '', resourceVersion: '', labels: new Map(), annotations: new Map(), terminating: false, createdAtMs: 0 });
  });
});

describe('parsePolicy', () => {
  it('keeps the spec of what may be ours, and the hash alone of what is not', () => {
    for (const fields of [{ managers: [FIELD_MANAGER] }, { labels: ourLabels('a', 'x') }]) {
      const { spec, policyTypes, foreign } = aPolicy('x', fields);
      assert.deepEqual([spec?.policyTypes, policyTypes, foreign?.labels.size], [['Ingress'], ['Ingress'], 0]);
    }
    for (const labels of [{ team: 'x' }, { [MANAGED_BY_LABEL]: PRODUCT, team: 'x' }]) {
      const { spec, policyTypes, foreign, specHash } = aPolicy('x', { labels });
      assert.deepEqual([spec, policyTypes, foreign], [undefined, [], undefined]);
      assert.equal(specHash, hashedSpec({ podSelector: {}, policyTypes: ['Ingress'] }).hash);
    }
  });
  it('keeps the longest description that there can be: cut, it would be written again for ever', () => {
    const policies = [aTemplate('x', {}, { description: '😀'.repeat(256), owner: '😀'.repeat(128) })];
    assert.deepEqual(writesOf(settled(aView({ baselines: [aBaseline('a', { policies })] }))), []);
  });
  it('keeps little of what is large, under our labels too: nobody chooses how much memory this process needs', () => {
    const large = 'x'.repeat(250_000);
    const ours = (fields: PolicyFields) => aPolicy('x', { labels: ourLabels('a', 'x'), ...fields });
    assert.equal(ours({ annotations: { note: large } }).foreign, undefined, 'it is read again before a PUT');
    assert.equal(ours({ annotations: Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`${index}`, ''])) }).foreign, undefined);
    const edited = ours({ annotations: { [TEMPLATE_HASH_ANNOTATION]: large, [DESCRIPTION_ANNOTATION]: large, [ISOLATED_FOR_ANNOTATION]: large } });
    for (const text of [edited.templateHash, edited.description, edited.isolatedFor]) assert.equal(text, '(longer than 1024 characters)');
    const rules = ours({ spec: { policyTypes: ['Egress', 'Ingress'], ingress: Array.from({ length: 2000 }, (_, port) => ({ ports: [{ port }] })) } });
    assert.deepEqual([rules.spec, rules.policyTypes], [undefined, ['Ingress', 'Egress']]);
    assert.equal(ours({ finalizers: Array.from({ length: 1000 }, (_, index) => `a/${index}`) }).finalizers.length, 4);
  });
  it('drops managedFields, whatever they say', () => assert.ok(!JSON.stringify(aPolicy('x', { managers: ['somebody-else'] })).includes('somebody-else')));
  it('counts ownerReferences, keeps finalizers, and knows what is on its way out', () => {
    const found = aPolicy('x', { ownerReferences: [{}, {}], finalizers: ['a/b'], deleting: true });
    assert.deepEqual([found.ownerReferences, found.finalizers, found.deleting], [2, ['a/b'], true]);
  });
  it('separates our labels and annotations from foreign ones, which a PUT has to keep', () => {
    const found = aDeny('a', undefined, { isolatedFor: 'Egress=b', description: 'd', labels: { ...ourLabels('a', 'default-deny'), team: 'x' }, annotations: { note: 'y' } });
    assert.deepEqual(found.foreign, { labels: new Map([['team', 'x']]), annotations: new Map([['note', 'y']]) });
    assert.deepEqual([found.isolatedFor, found.description], ['Egress=b', 'd']);
  });
  it('labels that objects inherit are not ours', () => {
    const found = parsePolicy(wire('{"metadata":{"name":"constructor","labels":{"constructor":"x","__proto__":"y"},"annotations":{"toString":"z"}}}'), intern);
    assert.deepEqual([found.own, found.templateHash], [{ managedBy: undefined, partOf: undefined, baseline: undefined, template: undefined }, undefined]);
  });
  it('a PUT keeps a foreign label called __proto__', () => {
    const { metadata } = wire<{ metadata: ObjectMeta }>('{"metadata":{"name":"x","labels":{"__proto__":"y","constructor":"z"}}}');
    assert.equal(JSON.stringify(Object.fromEntries(foreignMetadata(metadata.labels, undefined).labels)), '{"__proto__":"y","constructor":"z"}');
  });
  it('a policy without a spec is not an open one', () => {
    const { specHash } = parsePolicy({ metadata: { name: 'x' } }, intern);
    assert.notEqual(specHash, hashedSpec({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] }).hash);
  });
});

describe('parseBaseline', () => {
  const parse = (spec: unknown, metadata: Partial<ObjectMeta> = {}, status?: unknown) => parseBaseline({ metadata: { name: 'x', ...metadata }, spec, status });

  it('fills in the defaults: {} denies both directions and allows DNS, everywhere', () => {
    assert.deepEqual(parse({}).spec, {
      priority: 0, namespaceSelector: {}, excludedNamespaces: [], ingress: { mode: 'Enforce' }, egress: { mode: 'Enforce' },
      dns: { enabled: true, discovery: 'Static', peers: [], ports: [] }, policies: [], exemptions: [], ownerKey: '',
      driftPolicy: 'Repair', adoptionPolicy: 'Refuse', deletionPolicy: 'Retain', paused: false,
    });
    assert.deepEqual(parse(undefined).spec, parse({}).spec);
  });
  it('a spec that does not parse is said, not thrown', () => {
    const found = parse({ ingress: { mode: 'Off' } });
    assert.equal(found.spec, undefined);
    assert.match(found.problem ?? '', /^spec\.ingress\.mode: /);
  });
  it('what is wrong is said in one line, for a condition, with the first few of many', () => {
    const { problem = '' } = parse({ ingress: { mode: 'Off' }, excludedNamespaces: ['A', 'B', 'C', 'D'] });
    assert.match(problem, /^spec\.excludedNamespaces\[0\]: [^;]+; spec\.excludedNamespaces\[1\]: [^;]+; spec\.excludedNamespaces\[2\]: [^;]+; and 2 more$/);
    assert.ok(!/[\n✖]/.test(problem));
  });
  it('specHash is of the meaning: defaults and order of keys do not change it, order of lists does', () => {
    const hash = (spec: unknown) => parse(spec).specHash;
    assert.equal(hash({}), hash({ paused: false, priority: 0 }));
    assert.equal(hash({ priority: 1, paused: true }), hash({ paused: true, priority: 1 }));
    assert.notEqual(hash({ excludedNamespaces: ['a', 'b'] }), hash({ excludedNamespaces: ['b', 'a'] }));
    assert.notEqual(hash({}), hash({ paused: true }));
  });
  it('the confirmation is an annotation of its own, not an inherited one', () => {
    assert.equal(parse({}, { annotations: { 'netbaseline.io/confirm': 'abc' } }).confirm, 'abc');
    assert.equal(parse({}, { annotations: {} }).confirm, undefined);
  });
  it('a status that does not parse is none, and is written anew', () => {
    assert.deepEqual(parse({}, {}, { namespaces: 'many' }).status, {});
    assert.deepEqual(parse({}, {}, { protected: '1/2' }).status, { protected: '1/2' });
  });
  it('knows what is on its way out', () => assert.equal(parse({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }).deleting, true));
});

describe('policyInterner', () => {
  it('our labels are one object as often as they come, and the labels of somebody else are nobody\'s else', () => {
    const share = policyInterner();
    const labels = (over: object = {}) => ({ managedBy: PRODUCT, partOf: PRODUCT, baseline: 'a', template: 'b', ...over });
    assert.equal(share.labels(labels()), share.labels(labels()));
    for (const other of [{ partOf: undefined }, { partOf: 'undefined' }, { template: 'c' }, { baseline: undefined }, { managedBy: 'Helm', partOf: 'Helm' }]) {
      share.labels(labels());
      assert.deepEqual(share.labels(labels(other)), labels(other));
    }
    const first = share.labels(labels());
    for (let count = 0; count < 10_000; count += 1) share.labels(labels({ template: `t${count}` }));
    assert.notEqual(share.labels(labels()), first, 'forgotten');
    assert.deepEqual(share.labels(labels()), first);
  });
  const spec = (port: number): NetworkPolicySpec => ({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ port }] }] });
  it('equal specs share one object, also when they are written differently', () => {
    const share = policyInterner();
    assert.equal(share.spec(spec(1)), share.spec(spec(1)));
    assert.equal(share.spec(spec(1)), share.spec({ ...spec(1), ingress: [{ ports: [{ port: 1, protocol: 'TCP' }] }], egress: [] }));
    assert.notEqual(share.spec(spec(1)), share.spec(spec(2)));
    assert.equal(share.spec(undefined), share.spec(undefined));
  });
  it('holds so many characters and no more, and goes on after that', () => {
    const limit = 10_000;
    const share = policyInterner({ limitCharacters: limit });
    const first = share.spec(spec(0));
    for (let port = 1; port < 5000; port += 1) share.spec(spec(port));
    assert.notEqual(share.spec(spec(0)), first, 'forgotten');
    assert.deepEqual(share.spec(spec(0)), first);
  });
  it('decides whether the specs of foreign policies are kept, beside what planning may know of them', () => {
    const theirs = aWirePolicy('theirs', { spec: { ingress: [{}] } });
    assert.deepEqual([parsePolicy(theirs, policyInterner()).spec, parsePolicy(theirs, policyInterner()).anySpec], [undefined, undefined]);
    const { spec, anySpec } = parsePolicy(theirs, policyInterner({ keepsForeign: true }));
    assert.deepEqual([spec, anySpec?.ingress], [undefined, [{}]]);
    const ours = parsePolicy(theirs, policyInterner(), true);
    assert.equal(ours.anySpec, ours.spec);
  });
  it('one spec above the limit does no harm', () => {
    const huge: NetworkPolicySpec = { ...spec(1), podSelector: { matchLabels: { a: 'x'.repeat(1000) } } };
    assert.equal(policyInterner({ limitCharacters: 100 }).spec(huge).hash, hashedSpec(huge).hash);
  });
});

describe('hostile names', () => {
  it('a namespace and a policy may be called like what objects inherit', () => {
    for (const name of ['constructor', 'tostring', 'x'.repeat(63)]) {
      const view = { ...aView(), namespace: parseNamespace({ metadata: { name, uid: 'u' } }) };
      assert.deepEqual(writesOf(view), ['Create allow-dns (Missing)', 'Create default-deny (Missing)']);
      assert.deepEqual(writesOf(settled(view)), []);
    }
  });
  it('so may a baseline, a template and a label that selects', () => {
    const policies = [{ name: 'constructor', networkPolicy: { podSelector: {}, policyTypes: ['Ingress' as const], ingress: [] }, namespaceSelector: { matchExpressions: [{ key: 'constructor', operator: 'DoesNotExist' as const }] } }];
    const view = aView({ baselines: [aBaseline('constructor', { policies, excludedNamespaces: ['valueof'] })] });
    assert.deepEqual(writesOf(view), ['Create allow-dns (Missing)', 'Create constructor (Missing)', 'Create default-deny (Missing)']);
    assert.deepEqual(writesOf(settled(view)), []);
  });
  it('names of 63 characters fit into labels and names', () => {
    const name = 'x'.repeat(63);
    const view = settled(aView({ baselines: [aBaseline(name, { policies: [{ name, networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [] } }] })] }));
    assert.deepEqual([view.policies.get(name)?.own.baseline, view.policies.get(name)?.own.template], [name, name]);
  });
  it('any labels and annotations at all do no harm to anything', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom(...HOSTILE));
    const strings = fc.dictionary(text, fc.string({ maxLength: 300 }), { noNullPrototype: false });
    fc.assert(fc.property(strings, strings, (labels, annotations) => {
      const namespace = parseNamespace({ metadata: { name: 'x', labels, annotations } });
      const policy = parsePolicy({ ...aWirePolicy('theirs'), metadata: { ...aWirePolicy('theirs').metadata, labels, annotations } }, intern);
      const view = { ...aView({ policies: [policy] }), namespace };
      assert.deepEqual(planNamespace(view).writes.length, 2);
      assert.equal(Object.getPrototypeOf({}), Object.prototype);
    }));
  });
});
