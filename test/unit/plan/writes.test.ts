/** Rule 7: the order of writes in every transition. And what of a held write goes on (never 1). */
import assert from 'node:assert/strict';
import { hashedSpec } from '../../../src/api/canonical.ts';
import type { Direction } from '../../../src/api/network-policy.ts';
import type { CompiledBaseline } from '../../../src/plan/compile.ts';
import type { Loss } from '../../../src/plan/leaving.ts';
import { permittedPart } from '../../../src/plan/part.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import type { NamespaceView } from '../../../src/plan/view.ts';
import type { Write } from '../../../src/plan/writes.ts';
import { aBaseline, aGenerated, aPolicy, aTemplate, aView, said, writesOf, type SpecFields } from '../../support/build.ts';
import { after, afterAll, settled } from '../../support/namespace-model.ts';

const both = aTemplate('both', { policyTypes: ['Ingress', 'Egress'] });
const inward = aTemplate('in', { policyTypes: ['Ingress'] });
const outward = aTemplate('out', { policyTypes: ['Egress'] });
const POLICIES = [both, inward, outward];
const ALL: SpecFields = { policies: POLICIES };
const INGRESS: SpecFields = { policies: POLICIES, egress: { mode: 'Disabled' } };
const EGRESS: SpecFields = { policies: POLICIES, ingress: { mode: 'Disabled' } };
const NOTHING: SpecFields = { policies: POLICIES, ingress: { mode: 'Audit' }, egress: { mode: 'Audit' } };
const exempt = (...directions: Direction[]): SpecFields => ({ policies: POLICIES, exemptions: [{ namespace: 'team-a', reason: 'r', directions }] });

const inCluster = (view: NamespaceView, baselines: CompiledBaseline[]): NamespaceView => ({ ...view, cluster: aView({ baselines }).cluster });
/** What a namespace that was brought to one spec is asked to do for another. */
const change = (from: SpecFields, to: SpecFields): NamespaceView => inCluster(settled(aView({ baselines: [aBaseline('a', from)] })), [aBaseline('a', to)]);

describe('rule 7: order of writes', () => {
  const transitions: readonly [string, SpecFields, SpecFields, string[]][] = [
    ['a new namespace: allows before default-deny', NOTHING, ALL,
      ['Create allow-dns (Missing)', 'Create both (Missing)', 'Create in (Missing)', 'Create out (Missing)', 'Create default-deny (Missing)']],
    ['leaving by mode: default-deny before allows', ALL, NOTHING,
      ['Remove default-deny (DirectionNotEnforced)', 'Remove allow-dns (DirectionNotEnforced)', 'Remove both (DirectionNotEnforced)', 'Remove in (DirectionNotEnforced)', 'Remove out (DirectionNotEnforced)']],
    ['leaving by exclusion: default-deny before allows', ALL, { ...ALL, excludedNamespaces: ['team-a'] },
      ['Remove default-deny (ExcludedByName)', 'Remove allow-dns (ExcludedByName)', 'Remove both (ExcludedByName)', 'Remove in (ExcludedByName)', 'Remove out (ExcludedByName)']],
    ['a direction added: its allows first', INGRESS, ALL,
      ['Create allow-dns (Missing)', 'Update both (Outdated)', 'Create out (Missing)', 'Update default-deny (Outdated)']],
    ['a direction dropped: default-deny first, and what shrinks before what goes', ALL, INGRESS,
      ['Update default-deny (Outdated)', 'Update both (Outdated)', 'Remove allow-dns (DirectionNotEnforced)', 'Remove out (DirectionNotEnforced)']],
    ['a direction exempt: default-deny first', ALL, exempt('Egress'),
      ['Update default-deny (Outdated)', 'Update both (Outdated)', 'Remove allow-dns (Exempt)', 'Remove out (Exempt)']],
    ['directions swapped: new allows, default-deny, old allows', INGRESS, EGRESS,
      ['Create allow-dns (Missing)', 'Update both (Outdated)', 'Create out (Missing)', 'Update default-deny (Outdated)', 'Remove in (DirectionNotEnforced)']],
    ['a template renamed: the new one before the old one goes, default-deny untouched', { policies: [inward] }, { policies: [{ ...inward, name: 'inn' }] },
      ['Create inn (Missing)', 'Remove in (TemplateRemoved)']],
    ['a template edited: in place, alone', { policies: [inward] }, { policies: [aTemplate('in', { ingress: [] })] }, ['Update in (Outdated)']],
    ['a template removed', { policies: [inward] }, {}, ['Remove in (TemplateRemoved)']],
    ['allow-dns switched off', {}, { dns: { enabled: false } }, ['Remove allow-dns (TemplateRemoved)']],
    ['a template’s own selector', { policies: [inward] }, { policies: [{ ...inward, namespaceSelector: { matchLabels: { a: 'b' } } }] }, ['Remove in (NotSelected)']],
    ['nothing changed', ALL, ALL, []],
    ['a reason or owner of an exemption elsewhere', ALL, { ...ALL, exemptions: [{ namespace: 'other', reason: 'r' }] }, []],
  ];
  for (const [what, from, to, expected] of transitions) it(what, () => assert.deepEqual(writesOf(change(from, to)), expected));

  it('a repair comes in its place too: allows before default-deny', () => {
    const present = settled(aView({ baselines: [aBaseline('a', { policies: [inward] })] }));
    const policies = new Map(present.policies);
    policies.delete('in');
    policies.delete('default-deny');
    assert.deepEqual(writesOf({ ...present, policies, deleted: new Set(['in', 'default-deny']) }), ['Create in (Deleted)', 'Create default-deny (Deleted)']);
  });

  it('a policy that swaps directions is given both until default-deny has followed', () => {
    const view = change(INGRESS, EGRESS);
    const types = (present: NamespaceView): string => ['both', 'default-deny'].map((name) => present.policies.get(name)?.spec?.policyTypes.join('+')).join(' ');
    const states = planNamespace(view).writes.reduce<NamespaceView[]>((seen, write) => [...seen, after(seen.at(-1) ?? view, write)], []).map(types);
    assert.deepEqual(states, ['Ingress Ingress', 'Ingress+Egress Ingress', 'Ingress+Egress Ingress', 'Ingress+Egress Egress', 'Ingress+Egress Egress']);
    const next = afterAll(view, planNamespace(view).writes);
    assert.deepEqual(writesOf(next), ['Update both (Outdated)']);
    assert.equal(types(settled(next)), 'Egress Egress');
  });
  it('a template that swaps while both directions stay enforced is simply updated', () => {
    const swapped = change({ policies: [aTemplate('x', { policyTypes: ['Ingress'] })] }, { policies: [aTemplate('x', { policyTypes: ['Egress'] })] });
    assert.deepEqual(writesOf(swapped), ['Update x (Outdated)']);
    assert.deepEqual(writesOf(afterAll(swapped, planNamespace(swapped).writes)), []);
  });

  it('a conflict with somebody else’s allow does not hold the deny back', () => {
    const view = aView({ baselines: [aBaseline('a', { policies: [inward] })], policies: [aPolicy('in')] });
    assert.deepEqual(writesOf(view), ['Create allow-dns (Missing)', 'Create default-deny (Missing)']);
  });
});

describe('never 1: what would be lost, and to which baseline it is counted', () => {
  const losses = (view: NamespaceView): string[] => planNamespace(view).losses.map(({ baseline, direction, cause }) => `${baseline} ${direction} ${cause}`);
  const cases: readonly [string, SpecFields, string[]][] = [
    ['the selector', { ...ALL, namespaceSelector: { matchLabels: { a: 'b' } } }, ['a Ingress NotSelected', 'a Egress NotSelected']],
    ['an exclusion', { ...ALL, excludedNamespaces: ['team-a'] }, ['a Ingress ExcludedByName', 'a Egress ExcludedByName']],
    ['an exemption of one direction', exempt('Egress'), ['a Egress Exempt']],
    ['an exemption of both', exempt('Ingress', 'Egress'), ['a Ingress Exempt', 'a Egress Exempt']],
    ['a direction set to Disabled is an explicit undo', INGRESS, []],
    ['a direction set to Audit is an explicit undo', NOTHING, []],
    ['an undo and an accident in one edit: only the accident', { ...INGRESS, excludedNamespaces: ['team-a'] }, ['a Ingress ExcludedByName']],
    ['paused: nothing is removed, so nothing is lost', { ...ALL, excludedNamespaces: ['team-a'], paused: true }, []],
    ['a template removed', { policies: [] }, []],
  ];
  for (const [what, to, expected] of cases) it(what, () => assert.deepEqual(losses(change(ALL, to)), expected));

  const present = settled(aView({ baselines: [aBaseline('a', ALL)] }));
  it('relabelling', () => {
    const baselines = [aBaseline('a', { ...ALL, namespaceSelector: { matchLabels: { tier: 'web' } } })];
    assert.deepEqual(losses(inCluster(present, baselines)), ['a Ingress NotSelected', 'a Egress NotSelected']);
  });
  it('the system list', () => assert.deepEqual(losses({ ...present, cluster: { ...present.cluster, systemNamespaces: new Set(['team-a']) } }), ['a Ingress SystemNamespace', 'a Egress SystemNamespace']));
  it('deletionPolicy: Delete is an explicit undo', () => {
    const view = inCluster(present, [aBaseline('a', { ...ALL, deletionPolicy: 'Delete' }, { deleting: true })]);
    assert.deepEqual(losses(view), []);
    assert.equal(writesOf(view)[0], 'Remove default-deny (BaselineDeleted)');
  });
  it('where only allow policies isolate, one of that direction says for whom; somebody else’s says nothing', () => {
    const excluded = { excludedNamespaces: ['team-a'] };
    const policies = [aGenerated('a', 'a-in', inward.networkPolicy), aGenerated('b', 'b-out', outward.networkPolicy), aPolicy('a-theirs', { spec: outward.networkPolicy })];
    assert.deepEqual(losses(aView({ baselines: [aBaseline('a', excluded), aBaseline('b', excluded)], policies })), ['a Ingress ExcludedByName', 'b Egress ExcludedByName']);
  });
  it('paused is no loss, also where only an allow policy isolates', () => {
    const policies = new Map(present.policies);
    policies.delete('default-deny');
    assert.deepEqual(losses({ ...inCluster(present, [aBaseline('a', { ...ALL, excludedNamespaces: ['team-a'], paused: true })]), policies }), []);
  });
  it('the end of the namespace is no loss', () => assert.deepEqual(losses({ ...present, namespace: { ...present.namespace, terminating: true } }), []));
  it('what another baseline enforces is not lost', () => {
    assert.deepEqual(losses(inCluster(present, [aBaseline('a', { ...ALL, excludedNamespaces: ['team-a'] }), aBaseline('b', INGRESS)])), ['a Egress ExcludedByName']);
  });
  it('a direction is counted to the baseline that asked for it, also after a restart', () => {
    const union = settled(aView({ baselines: [aBaseline('a', INGRESS), aBaseline('b', { ...EGRESS, policies: [] })] }));
    assert.deepEqual(losses(inCluster(union, [aBaseline('a', INGRESS), aBaseline('b', { ...EGRESS, policies: [], excludedNamespaces: ['team-a'] })])), ['b Egress ExcludedByName']);
    assert.deepEqual(losses(inCluster(union, [aBaseline('a', { ...INGRESS, excludedNamespaces: ['team-a'] }), aBaseline('b', { ...EGRESS, policies: [] })])), ['a Ingress ExcludedByName']);
  });
  it('without default-deny an allow policy still isolates: the rest of a removal is no news to the same baseline', () => {
    const view = change(ALL, { ...ALL, excludedNamespaces: ['team-a'] });
    const [deny] = planNamespace(view).writes;
    assert.deepEqual(losses(after(view, deny ?? assert.fail())), ['a Ingress ExcludedByName', 'a Egress ExcludedByName']);
  });
});

describe('never 1: additions, repairs and an explicit undo go on while something is held', () => {
  const none = (): boolean => false;
  const parts = (view: NamespaceView, permits: (loss: Loss) => boolean): Write[] => planNamespace(view).writes.flatMap((write) => permittedPart(write, permits) ?? []);
  const types = (view: NamespaceView, name: string): string => view.policies.get(name)?.spec?.policyTypes.join('+') ?? 'gone';
  const carriedOut = (view: NamespaceView, permits: (loss: Loss) => boolean): NamespaceView => afterAll(view, parts(view, permits));

  it('what opens nothing is not held', () => {
    const view = change(NOTHING, ALL);
    assert.deepEqual(parts(view, none), planNamespace(view).writes);
  });
  it('a removal that is held is left out', () => assert.deepEqual(parts(change(ALL, { ...ALL, excludedNamespaces: ['team-a'] }), none), []));
  it('an exemption that is held leaves everything as it is', () => assert.deepEqual(parts(change(ALL, exempt('Egress')), none), []));
  it('permitted, the write is the one that was planned', () => {
    const view = change(ALL, exempt('Egress'));
    assert.deepEqual(parts(view, () => true), planNamespace(view).writes);
  });
  it('an explicit undo is carried out in a policy whose other direction is held', () => {
    const view = change(ALL, { ...INGRESS, excludedNamespaces: ['team-a'] });
    const now = carriedOut(view, none);
    assert.deepEqual(['default-deny', 'both', 'in', 'out', 'allow-dns'].map((name) => types(now, name)), ['Ingress', 'Ingress', 'Ingress', 'gone', 'gone']);
    assert.deepEqual(parts(now, none), [], 'and not written again');
    assert.deepEqual(parts(view, none).map(said), ['Update default-deny (Outdated)', 'Remove allow-dns (ExcludedByName)', 'Update both (Outdated)', 'Remove out (ExcludedByName)']);
    assert.equal(settled(now).policies.size, 0, 'until it is let through');
  });
  it('a deny never stays without its allows: what is held is held by direction, in every policy', () => {
    const now = carriedOut(change(ALL, { ...ALL, excludedNamespaces: ['team-a'] }), ({ direction }) => direction === 'Ingress');
    assert.deepEqual(['default-deny', 'both', 'in', 'out', 'allow-dns'].map((name) => types(now, name)), ['Egress', 'Egress', 'gone', 'Egress', 'Egress']);
  });
  it('a policy that is too long to be kept is held as a whole', () => {
    const long = aTemplate('both', { policyTypes: ['Ingress', 'Egress'], egress: Array.from({ length: 32 }, () => ({ to: Array.from({ length: 64 }, (_, app) => ({ podSelector: { matchLabels: { app: `${app}` } } })) })) });
    const view = change({ ...ALL, policies: [long] }, { ...INGRESS, policies: [long], excludedNamespaces: ['team-a'] });
    assert.equal(view.policies.get('both')?.spec, undefined);
    assert.deepEqual(parts(view, none).map(said), ['Update default-deny (Outdated)', 'Remove allow-dns (ExcludedByName)']);
  });
  it('a new direction comes while another one is held', () => {
    const view = change(EGRESS, exempt('Egress'));
    const now = carriedOut(view, none);
    assert.deepEqual(['default-deny', 'both', 'in', 'out', 'allow-dns'].map((name) => types(now, name)), ['Ingress+Egress', 'Ingress+Egress', 'Ingress', 'Egress', 'Egress']);
    assert.deepEqual(parts(now, none), []);
  });
  it('an edited default-deny is repaired in the direction that stays, and the held one is closed with it', () => {
    const view = change(ALL, exempt('Egress'));
    const policies = new Map(view.policies);
    const deny = policies.get('default-deny') ?? assert.fail();
    policies.set('default-deny', { ...deny, specHash: 'edited', spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [] } });
    const now = carriedOut({ ...view, policies }, none);
    assert.deepEqual(now.policies.get('default-deny')?.spec, { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] });
    assert.deepEqual(parts({ ...view, policies }, none).map(said), ['Update default-deny (Modified)']);
    assert.deepEqual(parts(now, none), []);
  });
  it('an edited allow is repaired in the direction that stays', () => {
    const view = change(ALL, exempt('Egress'));
    const policies = new Map(view.policies);
    const live = policies.get('both') ?? assert.fail();
    policies.set('both', { ...live, specHash: 'edited', spec: { ...(live.spec ?? assert.fail()), ingress: [{}] } });
    const now = carriedOut({ ...view, policies }, none);
    assert.deepEqual([now.policies.get('both')?.spec?.ingress, now.policies.get('both')?.spec?.egress], [both.networkPolicy.ingress, both.networkPolicy.egress]);
    assert.deepEqual(parts(now, none), []);
  });
  it('an edit of the held direction alone is left, and not signed by us', () => {
    const view = change(ALL, exempt('Egress'));
    const policies = new Map(view.policies);
    const live = policies.get('both') ?? assert.fail();
    const edited = { ...(live.spec ?? assert.fail()), egress: [{}] };
    policies.set('both', { ...live, specHash: hashedSpec(edited).hash, spec: edited });
    assert.deepEqual(parts({ ...view, policies }, none).map(said), []);
  });
  it('a policy that passes to another baseline does so at once, and keeps the held direction for the former one', () => {
    const present = settled(aView({ baselines: [aBaseline('a', ALL)] }));
    const view = inCluster(present, [aBaseline('a', { ...ALL, excludedNamespaces: ['team-a'] }), aBaseline('b', INGRESS)]);
    const now = carriedOut(view, none);
    const deny = now.policies.get('default-deny');
    assert.deepEqual([deny?.own.baseline, types(now, 'default-deny'), deny?.isolatedFor], ['b', 'Ingress+Egress', 'Egress=a']);
    assert.deepEqual(parts(now, none), []);
    assert.deepEqual(planNamespace(now).losses, planNamespace(view).losses, 'still counted to the one that loses it');
    assert.deepEqual(types(settled(now), 'default-deny'), 'Ingress');
  });
  it('what two baselines lose is held for each of them', () => {
    const union = settled(aView({ baselines: [aBaseline('a', { ...INGRESS, policies: [] }), aBaseline('b', { ...EGRESS, policies: [] })] }));
    const leaving = { excludedNamespaces: ['team-a'], policies: [] };
    const view = inCluster(union, [aBaseline('a', { ...INGRESS, ...leaving }), aBaseline('b', { ...EGRESS, ...leaving })]);
    const now = carriedOut(view, ({ baseline }) => baseline === 'a');
    const deny = now.policies.get('default-deny');
    assert.deepEqual([types(now, 'default-deny'), deny?.own.baseline, deny?.isolatedFor, types(now, 'allow-dns')], ['Egress', 'b', undefined, 'Egress']);
    assert.deepEqual(parts(now, ({ baseline }) => baseline === 'a'), []);
  });
});
