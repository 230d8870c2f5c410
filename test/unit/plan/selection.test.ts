/** Rules 1, 2 and the scope part of rules 3 and 8: which namespaces a baseline concerns, and in which directions. */
import assert from 'node:assert/strict';
import { DIRECTIONS } from '../../../src/api/network-policy.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { scopeOf, type Scope } from '../../../src/plan/selection.ts';
import { aBaseline, aDeny, aNamespace, aView, NOW_MS, stateOf, writesOf, type NamespaceFields, type SpecFields, type ViewFields } from '../../support/build.ts';

const at = (offsetMs: number): string => new Date(NOW_MS + offsetMs).toISOString();

function scope(spec: SpecFields, name = 'team-a', fields: NamespaceFields = {}): Scope {
  const view = aView({ namespace: aNamespace(name, fields) });
  return scopeOf(aBaseline('default', spec), view.namespace, view.cluster, NOW_MS);
}

function enforced(spec: SpecFields, fields: NamespaceFields = {}): string {
  const found = scope(spec, 'team-a', fields);
  return found.kind === 'Selected' ? DIRECTIONS.filter((direction) => found.enforced.has(direction)).join('+') || 'nothing' : found.kind;
}

describe('rule 1: system namespaces are one list of exact names', () => {
  for (const name of ['kube-system', 'kube-public', 'kube-node-lease']) {
    it(`${name} is never planned, whatever a baseline says`, () => {
      const view = aView({ namespace: aNamespace(name), baselines: [aBaseline('a', { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } })] });
      assert.deepEqual(writesOf(view), []);
      assert.equal(stateOf(view, 'a'), 'excluded SystemNamespace');
    });
  }
  it('the list is the operator’s, the same for every baseline', () => {
    const view: ViewFields = { namespace: aNamespace('operator-home'), baselines: [aBaseline('a'), aBaseline('b')], system: ['operator-home'] };
    assert.equal(stateOf(aView(view), 'a'), 'excluded SystemNamespace');
    assert.equal(stateOf(aView(view), 'b'), 'excluded SystemNamespace');
    assert.equal(stateOf(aView({ ...view, system: [] }), 'a'), 'pending Missing');
  });
  it('names are exact: kube-system-2 is no system namespace', () => assert.equal(scope({}, 'kube-system-2').kind, 'Selected'));
  it('default is not a system namespace', () => assert.equal(scope({}, 'default').kind, 'Selected'));
});

describe('rule 2: existing and new namespaces use the same predicate', () => {
  it('age, uid and annotations of a namespace do not matter', () => {
    const old = aNamespace('team-a', { uid: 'old', annotations: { any: 'thing' } });
    const fresh = { ...aNamespace('team-a', { uid: 'new' }), createdAtMs: NOW_MS };
    assert.deepEqual(writesOf(aView({ namespace: old })), writesOf(aView({ namespace: fresh })));
  });
});

describe('scope: the first check that applies decides', () => {
  const everything: SpecFields = { excludedNamespaces: ['team-a', 'kube-system'], namespaceSelector: { matchLabels: { team: 'x' } } };
  it('terminating comes before the system list', () => assert.equal(scope({}, 'kube-system', { terminating: true }).kind, 'Terminating'));
  it('the system list comes before exclusion', () => assert.deepEqual(scope(everything, 'kube-system'), { kind: 'Excluded', reason: 'SystemNamespace' }));
  it('exclusion comes before the selector', () => assert.deepEqual(scope(everything), { kind: 'Excluded', reason: 'ExcludedByName' }));
  it('exclusion is by exact name', () => assert.equal(scope({ excludedNamespaces: ['team'] }).kind, 'Selected'));
  it('the selector reads the namespace’s own labels', () => {
    assert.equal(scope({ namespaceSelector: { matchLabels: { team: 'x' } } }).kind, 'Unselected');
    assert.equal(scope({ namespaceSelector: { matchLabels: { team: 'x' } } }, 'team-a', { labels: { team: 'x' } }).kind, 'Selected');
  });
  it('{} selects every namespace, also one without labels', () => assert.equal(enforced({}), 'Ingress+Egress'));
});

describe('rule 3: direction modes', () => {
  const modes = ['Enforce', 'Audit', 'Disabled'] as const;
  for (const ingress of modes) {
    for (const egress of modes) {
      const expected = [ingress === 'Enforce' ? 'Ingress' : '', egress === 'Enforce' ? 'Egress' : ''].filter(Boolean).join('+') || 'nothing';
      it(`ingress ${ingress}, egress ${egress}: enforced is ${expected}`, () => assert.equal(enforced({ ingress: { mode: ingress }, egress: { mode: egress } }), expected));
    }
  }
});

describe('rule 8: exemptions', () => {
  const exempt = (fields: object) => ({ exemptions: [{ reason: 'r', ...fields }] }) as SpecFields;
  const cases: readonly [string, SpecFields, string][] = [
    ['without directions: both', exempt({ namespace: 'team-a' }), 'nothing'],
    ['one direction', exempt({ namespace: 'team-a', directions: ['Egress'] }), 'Ingress'],
    ['another namespace', exempt({ namespace: 'team-b' }), 'Ingress+Egress'],
    ['by labels', exempt({ namespaceSelector: { matchLabels: { legacy: 'yes' } } }), 'nothing'],
    ['labels that do not match', exempt({ namespaceSelector: { matchLabels: { legacy: 'no' } } }), 'Ingress+Egress'],
    ['still to expire', exempt({ namespace: 'team-a', expiresAt: at(1) }), 'nothing'],
    ['expired this very moment', exempt({ namespace: 'team-a', expiresAt: at(0) }), 'Ingress+Egress'],
    ['expired', exempt({ namespace: 'team-a', expiresAt: at(-1) }), 'Ingress+Egress'],
    ['two, one of them expired', { exemptions: [{ namespace: 'team-a', reason: 'r', expiresAt: at(-1) }, { namespace: 'team-a', reason: 'r', directions: ['Ingress'] }] }, 'Egress'],
    ['two together', { exemptions: [{ namespace: 'team-a', reason: 'r', directions: ['Egress'] }, { namespace: 'team-a', reason: 'r', directions: ['Ingress'] }] }, 'nothing'],
  ];
  for (const [what, spec, expected] of cases) it(`${what}: enforced is ${expected}`, () => assert.equal(enforced(spec, { labels: { legacy: 'yes' } }), expected));

  it('a time with an offset is the same moment', () => {
    const spec = exempt({ namespace: 'team-a', expiresAt: '2026-06-01T14:00:00+02:00' });
    assert.equal(enforced(spec), 'Ingress+Egress');
  });

  it('the next expiry is when the plan changes by itself: the earliest over all baselines', () => {
    const baselines = [
      aBaseline('a', exempt({ namespace: 'team-a', expiresAt: at(60_000) })), aBaseline('b', exempt({ namespace: 'team-a', expiresAt: at(30_000) })),
      aBaseline('c', exempt({ namespace: 'team-a' })), aBaseline('d', exempt({ namespace: 'team-b', expiresAt: at(1000) })),
    ];
    assert.equal(planNamespace(aView({ baselines })).changesAtMs, NOW_MS + 30_000);
    assert.equal(planNamespace(aView({ baselines, nowMs: NOW_MS + 30_000 })).changesAtMs, NOW_MS + 60_000);
    assert.equal(planNamespace(aView({ baselines, nowMs: NOW_MS + 60_000 })).changesAtMs, undefined);
  });

  it('and over all exemptions of one baseline', () => {
    const exemptions = [at(60_000), at(30_000), at(-1)].map((expiresAt) => ({ namespace: 'team-a', reason: 'r', expiresAt }));
    assert.equal(planNamespace(aView({ baselines: [aBaseline('a', { exemptions })] })).changesAtMs, NOW_MS + 30_000);
  });

  it('at expiry the same plan puts the policies back', () => {
    const baselines = [aBaseline('a', exempt({ namespace: 'team-a', expiresAt: at(1000) }))];
    assert.deepEqual(writesOf(aView({ baselines })), []);
    assert.deepEqual(writesOf(aView({ baselines, nowMs: NOW_MS + 1000 })), ['Create allow-dns (Missing)', 'Create default-deny (Missing)']);
  });

  it('of two that apply, the one that lasts longer gives the reason', () => {
    const view = aView({ baselines: [aBaseline('a', { exemptions: [
      { namespace: 'team-a', reason: 'short', expiresAt: at(1000) }, { namespace: 'team-a', reason: 'for ever' },
    ] })] });
    const found = planNamespace(view).scopes[0]?.scope;
    assert.equal(found?.kind === 'Selected' ? found.exempt.get('Ingress')?.reason : found?.kind, 'for ever');
  });

  it('an exempt direction is projected away like Disabled', () => {
    const policies = [aDeny('a', ['Ingress'])];
    assert.deepEqual(writesOf(aView({ policies, baselines: [aBaseline('a', exempt({ namespace: 'team-a', directions: ['Egress'] }))] })), []);
    assert.deepEqual(writesOf(aView({ policies, baselines: [aBaseline('a', { egress: { mode: 'Disabled' } })] })), []);
  });
});
