/** Policies that an API server would refuse count as absent, and fields that do not exist are named. From files. */
import assert from 'node:assert/strict';
import type { KubeObject, Snapshot } from '../../../src/analyze/snapshot.ts';
import { namespaceViewsOf, worldInputOf } from '../../../src/analyze/world.ts';
import { aNamespace, aPod, aPolicy, auditObjects, CLUSTER, HTTP, namespaceIn, snapshotFrom } from '../../support/audit.ts';

const FILES: Partial<Snapshot> = { source: 'files', from: 'deploy' };
const inbound = (...rules: unknown[]) => ({ podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: rules });
const REFUSED = inbound({ from: [{}], ports: [{ port: '80' }] });

describe('audit: policies that an API server would refuse', () => {
  const shop = [aNamespace('kube-system'), aNamespace('shop'), aPod('shop/web', { labels: { app: 'web' }, ports: [HTTP] })];
  const judged = (policy: KubeObject, fields: Partial<Snapshot> = FILES) => namespaceIn(auditObjects([...shop, policy], fields), 'shop');

  it('isolate nothing', () => {
    const { level, policies, findings, directions } = judged(aPolicy('shop/p', REFUSED));
    assert.deepEqual([level, policies, directions.Ingress.class, directions.Egress.class], ['FAIL', 0, 'open', 'open']);
    assert.deepEqual(findings.map(({ id, path }) => `${id} ${path.join('.')}`), ['no-policy ', 'refused spec.ingress.0.from.0', 'refused spec.ingress.0.ports.0.port']);
    assert.match(findings[0]?.message ?? '', /^there is no NetworkPolicy that an API server takes, so/);
  });

  it('count where the cluster has them, or a dump of it', () => {
    const stored = { ...aPolicy('shop/p', REFUSED), metadata: { name: 'p', namespace: 'shop', uid: 'u' } };
    for (const found of [judged(aPolicy('shop/p', REFUSED), {}), judged(stored)]) assert.deepEqual([found.policies, found.directions.Egress.class], [1, 'closed']);
  });

  it('are told only in their first mistakes', () => {
    const many = judged(aPolicy('shop/p', inbound({ ports: Array.from({ length: 30 }, () => ({ port: 0 })) })));
    assert.equal(many.findings.filter(({ id }) => id === 'refused').length, 5);
  });

  it('are no part of the world of other commands', () => {
    const cnp: KubeObject = { apiVersion: 'policy.networking.k8s.io/v1alpha2', kind: 'ClusterNetworkPolicy', metadata: { name: 'c' }, spec: { tier: 'Admin', priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Allow', from: [{ namespaces: {} }] }] } };
    const snapshot = snapshotFrom([...shop, aPolicy('shop/p', REFUSED), cnp], FILES);
    const { policies, refused } = worldInputOf(snapshot, { ipBlockMatchesPods: 'yes' });
    assert.deepEqual([policies, refused.map(({ name }) => name)], [[], ['c', 'p']]);
    const views = namespaceViewsOf(snapshot, { baselines: [], systemNamespaces: new Set(), nowMs: 0 });
    assert.deepEqual(views.map((view) => view.policies.size), [0, 0]);
  });
});

describe('audit: fields that do not exist', () => {
  const found = (spec: unknown): string[] => namespaceIn(auditObjects([...CLUSTER, aPolicy('shop/p', spec)], FILES), 'shop').findings.filter(({ id }) => id === 'unknown-field' || id === 'empty-from')
    .map(({ id, level, path, message, fix }) => `${level} ${id} ${path.join('.')}${message.includes('leaves a selector') ? ` ${/of every \w+$/.exec(message)?.[0]}` : ''}: ${fix}`);
  const ports = [{ port: 8080 }];
  const rows: readonly (readonly [string, unknown, readonly string[]])[] = [
    ['labels without matchLabels', inbound({ from: [{ podSelector: { app: 'x' } }], ports }), ['FAIL unknown-field spec.ingress.0.from.0.podSelector.app of every pod: put labels under matchLabels: {app: …}']],
    ['the same of namespaces', inbound({ from: [{ namespaceSelector: { team: 'x' } }], ports }), ['FAIL unknown-field spec.ingress.0.from.0.namespaceSelector.team of every namespace: put labels under matchLabels: {team: …}']],
    ['matchLables', inbound({ from: [{ podSelector: { matchLables: { app: 'web' } } }], ports }), ['FAIL unknown-field spec.ingress.0.from.0.podSelector.matchLables of every pod: write matchLabels']],
    ['beside labels that are there', inbound({ from: [{ podSelector: { matchLabels: { app: 'web' }, app: 'web' } }], ports }), ['WARN unknown-field spec.ingress.0.from.0.podSelector.app: put labels under matchLabels: {app: …}']],
    ['of the policy itself', { podSelector: { app: 'web' }, policyTypes: ['Ingress'] }, ['WARN unknown-field spec.podSelector.app of every pod: put labels under matchLabels: {app: …}']],
    ['of the spec', { podselector: {}, policytypes: ['Ingress'] }, ['WARN unknown-field spec.podselector: write podSelector', 'WARN unknown-field spec.policytypes: write policyTypes']],
    ['of a port', inbound({ from: [{ podSelector: {} }], ports: [{ port: 80, endport: 90 }] }), ['WARN unknown-field spec.ingress.0.ports.0.endport: write endPort']],
    ['of a range', inbound({ from: [{ ipBlock: { cidr: '10.0.0.0/8', exept: [] } }], ports }), ['WARN unknown-field spec.ingress.0.from.0.ipBlock.exept: write except']],
    ['of a rule with peers', inbound({ from: [{ podSelector: {} }], ports, protocol: 'TCP' }), ['WARN unknown-field spec.ingress.0.protocol: remove it, or move it to where it belongs; an ingress rule has from, ports']],
    ['once where a rule has no peers for it', inbound({ frm: [{ podSelector: {} }], ports }), ["FAIL empty-from spec.ingress.0.frm: put the peers that you mean under from, or remove the rule: no rule at all lets nothing through"]],
    ['and labels are no fields', inbound({ from: [{ podSelector: { matchLabels: { foo: 'x' } } }], ports }), []],
  ];
  for (const [title, spec, expected] of rows) it(title, () => assert.deepEqual(found(spec), expected));
});
