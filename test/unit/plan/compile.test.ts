/** Rule 3 for templates, precedence, and what becomes of a baseline that cannot be used. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DIRECTIONS, type Direction } from '../../../src/api/network-policy.ts';
import { byPrecedence, compileBaseline, type DirectionSet } from '../../../src/plan/compile.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { project } from '../../../src/plan/templates/project.ts';
import { aBaseline, aDeny, aRecord, aTemplate, aView, nameIn, specOf, stateOf, writesOf, type SpecFields } from '../../support/build.ts';
import { settled } from '../../support/namespace-model.ts';

const only = (direction: Direction): SpecFields => ({ [direction === 'Ingress' ? 'egress' : 'ingress']: { mode: 'Audit' } });
const both = aTemplate('both', { policyTypes: ['Ingress', 'Egress'] });

describe('rule 3: a template is projected onto the enforced directions', () => {
  it('rules and policyTypes of the others are left out', () => {
    const spec = specOf(planNamespace(aView({ baselines: [aBaseline('a', { ...only('Ingress'), policies: [both] })] })), 'both');
    assert.deepEqual(spec, { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }], egress: [] });
  });
  it('nothing left: not written', () => {
    const view = aView({ baselines: [aBaseline('a', { ...only('Ingress'), policies: [aTemplate('out', { policyTypes: ['Egress'] })] })] });
    assert.deepEqual(writesOf(view), ['Create default-deny (Missing)']);
  });
  it('allow-dns belongs to egress', () => {
    assert.deepEqual(writesOf(aView({ baselines: [aBaseline('a', only('Ingress'))] })), ['Create default-deny (Missing)']);
    assert.deepEqual(writesOf(aView({ baselines: [aBaseline('a', only('Egress'))] })), ['Create allow-dns (Missing)', 'Create default-deny (Missing)']);
  });
  it('Audit writes nothing and plans nothing to be there', () => {
    assert.deepEqual(planNamespace(aView({ baselines: [aBaseline('a', { ingress: { mode: 'Audit' }, egress: { mode: 'Audit' } })] })).names, []);
  });
  it('default-deny isolates the enforced directions, with both lists spelled out', () => {
    assert.deepEqual(specOf(planNamespace(aView({ baselines: [aBaseline('a', only('Egress'))] })), 'default-deny'), { podSelector: {}, policyTypes: ['Egress'], ingress: [], egress: [] });
  });
  it('a projection never isolates more, allows more or keeps an inert rule', () => {
    const sets = fc.subarray([...DIRECTIONS], { minLength: 1 });
    fc.assert(fc.property(sets, sets, (types, enforced) => {
      const projected = project(aTemplate('x', { policyTypes: types }).networkPolicy, new Set(enforced));
      const left = types.filter((direction) => enforced.includes(direction));
      assert.deepEqual(projected?.policyTypes ?? [], DIRECTIONS.filter((direction) => left.includes(direction)));
      assert.equal((projected?.ingress ?? []).length > 0, left.includes('Ingress'));
      assert.equal((projected?.egress ?? []).length > 0, left.includes('Egress'));
    }));
  });
});

describe('allow-dns', () => {
  const dns = (spec: SpecFields) => specOf(planNamespace(aView({ baselines: [aBaseline('a', spec)] })), 'allow-dns')?.egress;
  it('reaches kube-dns by UDP and TCP 53 unless told otherwise', () => {
    assert.deepEqual(dns({}), [{
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } }, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
      ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }],
    }]);
  });
  it('takes the peers and ports of the baseline instead, with protocols spelled out', () => {
    assert.deepEqual(dns({ dns: { peers: [{ ipBlock: { cidr: '169.254.20.10/32' } }], ports: [{ port: 5353 }] } }), [{
      to: [{ ipBlock: { cidr: '169.254.20.10/32' } }], ports: [{ protocol: 'TCP', port: 5353 }],
    }]);
  });
  it('is not there when dns is disabled', () => assert.deepEqual(writesOf(aView({ baselines: [aBaseline('a', { dns: { enabled: false } })] })), ['Create default-deny (Missing)']));
});

describe('templates', () => {
  it('namespaceSelector narrows one template to some of the selected namespaces', () => {
    const policies = [aTemplate('some', {}, { namespaceSelector: { matchLabels: { tier: 'web' } } })];
    assert.deepEqual(writesOf(aView({ baselines: [aBaseline('a', { dns: { enabled: false }, policies })] })), ['Create default-deny (Missing)']);
  });
  it('description and owner are shown', () => {
    const described = (fields: object) => nameIn(planNamespace(aView({ baselines: [aBaseline('a', { policies: [aTemplate('x', {}, fields)] })] })), 'x').desired?.description;
    assert.equal(described({}), undefined);
    assert.equal(described({ description: 'why' }), 'why');
    assert.equal(described({ owner: 'net' }), 'owner: net');
    assert.equal(described({ description: 'why', owner: 'net' }), 'why (owner: net)');
  });
  it('is rendered once per set of directions, equal for equal baselines', () => {
    const [a, b] = [aBaseline('a'), aBaseline('b')].map(({ templates }) => templates.map(({ rendered }) => [...rendered].map(([set, { hash }]: [DirectionSet, { hash: string }]) => [set, hash])));
    assert.deepEqual(a, b);
  });
});

describe('precedence', () => {
  const order = (...baselines: ReturnType<typeof aBaseline>[]) => baselines.sort(byPrecedence).map(({ name }) => name);
  it('higher priority first', () => assert.deepEqual(order(aBaseline('a'), aBaseline('b', { priority: 1 }), aBaseline('c', { priority: -1 })), ['b', 'a', 'c']));
  it('then the older one', () => assert.deepEqual(order(aBaseline('a', {}, { created: '2026-02-01T00:00:00Z' }), aBaseline('b', {}, { created: '2026-01-01T00:00:00Z' })), ['b', 'a']));
  it('then the name', () => assert.deepEqual(order(aBaseline('b'), aBaseline('a')), ['a', 'b']));
  it('priority counts before age', () => assert.deepEqual(order(aBaseline('a', { priority: 1 }, { created: '2026-02-01T00:00:00Z' }), aBaseline('b')), ['a', 'b']));
});

describe('a baseline that cannot be used', () => {
  const bad: SpecFields = { namespaceSelector: { matchLabels: { 'not a key': 'x' } } };
  it('goes on with its last good spec while this process remembers it', () => {
    const good = aBaseline('a');
    const now = compileBaseline(aRecord('a', bad, { generation: 2 }), good);
    assert.match(now.problem ?? '', /spec\.namespaceSelector: label key "not a key" cannot exist/);
    assert.equal(now.record.generation, 2);
    assert.equal(now.usable, true);
    assert.deepEqual(writesOf(aView({ baselines: [now] })), writesOf(aView({ baselines: [good] })));
    assert.equal(compileBaseline(aRecord('a', bad, { generation: 3 }), now).usable, true);
  });
  it('what is switched in the present spec counts, also while another part of it is bad', () => {
    const switches = { paused: true, deletionPolicy: 'Retain', driftPolicy: 'Warn', adoptionPolicy: 'Adopt' } as const;
    const { paused, deletionPolicy, driftPolicy, adoptionPolicy } = compileBaseline(aRecord('a', { ...bad, ...switches }), aBaseline('a', { deletionPolicy: 'Delete' })).spec;
    assert.deepEqual({ paused, deletionPolicy, driftPolicy, adoptionPolicy }, switches);
  });
  it('paused stops it, and taking that back lets it go on', () => {
    const paused = compileBaseline(aRecord('a', { ...bad, paused: true }), aBaseline('a'));
    assert.deepEqual(writesOf(aView({ baselines: [paused] })), []);
    assert.equal(writesOf(aView({ baselines: [compileBaseline(aRecord('a', bad), paused)] })).length, 2);
  });
  it('its deletion removes nothing, whatever its last good spec or the present one says', () => {
    for (const deletionPolicy of ['Retain', 'Delete'] as const) {
      const going = compileBaseline(aRecord('a', { ...bad, deletionPolicy }, { deleting: true }), aBaseline('a', { deletionPolicy: 'Delete' }));
      const view = aView({ baselines: [going], policies: [aDeny('a')] });
      assert.deepEqual([writesOf(view), planNamespace(view).retained], [[], ['default-deny']]);
    }
    const unparsed = compileBaseline(aRecord('a', { ingress: { mode: 'Off' } }, { deleting: true }), aBaseline('a', { deletionPolicy: 'Delete' }));
    assert.deepEqual(writesOf(aView({ baselines: [unparsed], policies: [aDeny('a')] })), []);
  });
  it('does not take over the last good spec of another object of its name', () => {
    assert.equal(compileBaseline(aRecord('a', bad, { uid: 'another' }), aBaseline('a')).usable, false);
  });
  it('without one plans nothing and removes nothing', () => {
    const view = aView({ baselines: [compileBaseline(aRecord('a', bad))], policies: [aDeny('a')] });
    assert.deepEqual(writesOf(view), []);
    assert.equal(stateOf(view, 'a'), 'unselected NotSelected');
  });
  it('also when the stored object does not parse at all', () => {
    const compiled = compileBaseline(aRecord('a', { ingress: { mode: 'Off' } }));
    assert.equal(compiled.usable, false);
    assert.match(compiled.problem ?? '', /ingress/);
  });
  for (const [what, spec, message] of [
    ['an exemption of nobody', { exemptions: [{ reason: 'r' }] }, /spec\.exemptions\[0\]: an exemption names exactly one/],
    ['an exemption of two', { exemptions: [{ reason: 'r', namespace: 'x', namespaceSelector: { matchLabels: { a: 'b' } } }] }, /spec\.exemptions\[0\]: an exemption names exactly one/],
    ['an exemption of everybody', { exemptions: [{ reason: 'r', namespaceSelector: {} }] }, /spec\.exemptions\[0\]: namespaceSelector: an empty one/],
    ['an exemption of everybody, spelled out', { exemptions: [{ reason: 'r', namespaceSelector: { matchLabels: {}, matchExpressions: [] } }] }, /an empty one/],
    ['a selector of an exemption', { exemptions: [{ reason: 'r', namespaceSelector: { matchLabels: { 'a b': '' } } }] }, /spec\.exemptions\[0\]: namespaceSelector: label key/],
    ['the end of an exemption', { exemptions: [{ reason: 'r', namespace: 'x', expiresAt: 'tomorrow' }] }, /spec\.exemptions\[0\]: expiresAt: "tomorrow"/],
  ] as const) it(`${what} concerns the whole baseline: nothing may open by it`, () => assert.match(compileBaseline(aRecord('a', spec)).problem ?? '', message));

  it('one bad template concerns itself alone: the rest, default-deny among it, is written', () => {
    const policies = [aTemplate('bad', { podSelector: { matchLabels: { 'a b': '' } } }), aTemplate('good')];
    const view = aView({ baselines: [aBaseline('a', { policies })] });
    assert.deepEqual(writesOf(view), ['Create allow-dns (Missing)', 'Create good (Missing)', 'Create default-deny (Missing)']);
    assert.equal(stateOf(settled(view), 'a'), 'failed InvalidTemplate');
  });
  it('a bad template leaves its last good policy as it is', () => {
    const before = settled(aView({ baselines: [aBaseline('a', { policies: [aTemplate('x')] })] }));
    const view = { ...before, cluster: aView({ baselines: [aBaseline('a', { policies: [aTemplate('x', { podSelector: { matchLabels: { 'a b': '' } } })] })] }).cluster };
    assert.deepEqual(writesOf(view), []);
  });
  it('a bad template is no failure where its selector does not want it', () => {
    const policies = [aTemplate('bad', { podSelector: { matchLabels: { 'a b': '' } } }, { namespaceSelector: { matchLabels: { tier: 'web' } } })];
    assert.equal(stateOf(settled(aView({ baselines: [aBaseline('a', { policies })] })), 'a'), 'protected InPlace');
  });
  it('where the selector of a template is the bad part, its policies stay everywhere', () => {
    const before = settled(aView({ baselines: [aBaseline('a', { policies: [aTemplate('x')] })] }));
    const view = { ...before, cluster: aView({ baselines: [aBaseline('a', { policies: [aTemplate('x', {}, { namespaceSelector: { matchLabels: { 'a b': '' } } })] })] }).cluster };
    assert.deepEqual(writesOf(view), []);
  });
  it('a rule without peers opens a direction: it must be meant', () => {
    const open = (types: Direction[], fields: object) => aBaseline('a', { policies: [aTemplate('x', { policyTypes: types, ...(types.includes('Ingress') ? { ingress: [{}] } : { egress: [{ ports: [{ port: 80 }] }] }) }, fields)] })
      .templates.find(({ name }) => name === 'x')?.problem;
    assert.match(open(['Ingress'], {}) ?? '', /^ingress\[0\] has no from/);
    assert.match(open(['Egress'], { allowAnyPeer: false }) ?? '', /^egress\[0\] has no to/);
    assert.equal(open(['Ingress'], { allowAnyPeer: true }), undefined);
    assert.equal(open(['Egress'], { allowAnyPeer: true }), undefined);
  });
  it('a problem of dns is a problem of allow-dns', () => {
    const compiled = aBaseline('a', { dns: { peers: [{ podSelector: { matchLabels: { 'a b': '' } } }] } });
    assert.deepEqual(compiled.templates.filter(({ problem }) => problem !== undefined).map(({ name }) => name), ['allow-dns']);
  });
});
