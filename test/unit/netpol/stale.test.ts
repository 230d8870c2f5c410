/** Policies that do less than they say. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DIRECTIONS, type Direction } from '../../../src/api/network-policy.ts';
import { compileClusterPolicy } from '../../../src/netpol/compile-cluster-policy.ts';
import { ANY, compileSelector } from '../../../src/netpol/compile-selector.ts';
import { compileNetworkPolicy } from '../../../src/netpol/compile-network-policy.ts';
import { EVERYTHING } from '../../../src/netpol/cube.ts';
import type { Policy, WorldInput } from '../../../src/netpol/model.ts';
import type { Peer, Selector } from '../../../src/netpol/rules.ts';
import { staleIn, type Stale } from '../../../src/netpol/stale.ts';
import type { StoredClusterPolicySpec, StoredNetworkPolicySpec, StoredPeer } from '../../../src/netpol/stored.ts';
import { aBaselinePolicy, aClusterPolicy, anAdminPolicy, aNamespaceOf, aNetworkPolicy, aPodOf } from '../../support/netpol.ts';
import { someWorld } from '../../support/random-netpol.ts';

const NAMESPACES = [aNamespaceOf('x', { team: 'a' }), aNamespaceOf('y', { team: 'b' }), aNamespaceOf('empty', { team: 'c' })];
const PODS = [
  aPodOf('x/web', { labels: { app: 'web' } }), aPodOf('y/db', { labels: { app: 'db' } }),
  aPodOf('y/host', { labels: { app: 'host' }, hostNetwork: true }), aPodOf('y/done', { labels: { app: 'done' }, terminal: true }),
];
/** `x/p selects nothing`, `x/p Ingress 0.1 no pod`. */
const text = (stale: Stale): string => `${stale.policy.namespace === undefined ? '' : `${stale.policy.namespace}/`}${stale.policy.name} ${stale.kind === 'selects nothing' ? stale.kind : `${stale.direction} ${stale.rule}.${stale.peer} ${stale.why}`}`;
const staleTexts = (...policies: Policy[]): string[] => staleIn(policies, NAMESPACES, PODS).map(text);
const app = (name: string) => ({ matchLabels: { app: name } });
const inX = (spec: StoredNetworkPolicySpec): string[] => staleTexts(aNetworkPolicy('x/p', { podSelector: app('web'), ...spec }));
const from = (...peers: StoredPeer[]): StoredNetworkPolicySpec => ({ ingress: [{ from: peers }] });

describe('stale policies', () => {
  it('a podSelector that selects no pod of the namespace', () => {
    assert.deepEqual(inX({}), []);
    assert.deepEqual(inX({ podSelector: app('db') }), ['x/p selects nothing']);
  });
  it('not one for all pods, nor where there are none at all: what it is for may be yet to come', () => {
    assert.deepEqual(staleTexts(aNetworkPolicy('empty/p', {}), aNetworkPolicy('empty/q', { podSelector: app('web') }), aNetworkPolicy('gone/p', { podSelector: app('web') })), []);
    assert.deepEqual(inX(from({ namespaceSelector: { matchLabels: { team: 'c' } }, podSelector: app('web') })), []);
  });
  it('a pod of the host\'s network is none; a finished one is, so that nothing comes and goes with the runs of a CronJob', () => {
    assert.deepEqual(staleTexts(aNetworkPolicy('y/p', { podSelector: app('host') }), aNetworkPolicy('y/q', { podSelector: app('done') })), ['y/p selects nothing']);
    assert.deepEqual(inX(from({ namespaceSelector: {}, podSelector: app('host') })), ['x/p Ingress 0.0 no pod']);
  });
  it('peers of the own namespace', () => assert.deepEqual(inX(from({ podSelector: app('web') }, { podSelector: app('db') })), ['x/p Ingress 0.1 no pod']));
  it('peers in other namespaces: which of both is missing', () => {
    assert.deepEqual(inX(from({ namespaceSelector: { matchLabels: { team: 'b' } } }, { namespaceSelector: { matchLabels: { team: 'z' } } }, { namespaceSelector: { matchLabels: { team: 'b' } }, podSelector: app('web') })), ['x/p Ingress 0.1 no namespace', 'x/p Ingress 0.2 no pod']);
    assert.deepEqual(inX(from({ namespaceSelector: {}, podSelector: app('db') }, { namespaceSelector: { matchLabels: { team: 'a' } }, podSelector: app('db') }, { namespaceSelector: { matchLabels: { team: 'z' } }, podSelector: app('db') })), ['x/p Ingress 0.1 no pod', 'x/p Ingress 0.2 no namespace']);
    assert.deepEqual(inX(from({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'y' } } }, { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a', 'b', 'c'] }] } })), ['x/p Ingress 0.1 no namespace']);
  });
  it('an empty peer, and a selector that contradicts itself', () => assert.deepEqual(inX(from({}, { podSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } })), ['x/p Ingress 0.0 no pod', 'x/p Ingress 0.1 no pod']));
  it('no blocks, no rules without peers, no rules that are inert', () => {
    assert.deepEqual(inX({ policyTypes: ['Ingress'], ingress: [null, {}, { from: [{ ipBlock: { cidr: '1.2.3.4/32' } }] }], egress: [{ to: [{ podSelector: app('nope') }] }] }), []);
  });
  it('both directions, each rule and peer by its place', () => {
    assert.deepEqual(inX({ ingress: [{}, { from: [{ podSelector: app('nope') }] }], egress: [{ to: [{ podSelector: {} }, { podSelector: app('nope') }] }] }), ['x/p Ingress 1.0 no pod', 'x/p Egress 0.1 no pod']);
  });
  it('policies of cluster scope: subject and peers', () => {
    const spec = { subject: { pods: { namespaceSelector: {}, podSelector: app('nope') } }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }, { pods: { namespaceSelector: {}, podSelector: app('nope') } }] }], egress: [{ action: 'Deny', to: [{ networks: ['0.0.0.0/0'] }, { nodes: {} }, { namespaces: { matchLabels: { team: 'z' } } }] }] };
    const expected = (name: string): string[] => [`${name} selects nothing`, `${name} Ingress 0.1 no pod`, `${name} Egress 0.2 no namespace`];
    assert.deepEqual(staleTexts(aClusterPolicy('c', spec)), expected('c'));
    assert.deepEqual(staleTexts(anAdminPolicy('a', spec)), expected('a'));
    assert.deepEqual(staleTexts(aBaselinePolicy(spec)), expected('default'));
    assert.deepEqual(staleTexts(aBaselinePolicy(spec, 'never counts')), []);
    assert.deepEqual(staleTexts(aClusterPolicy('none', {})), ['none selects nothing']);
  });
  it('policies that are not evaluated are left out', () => assert.deepEqual(staleTexts({ kind: 'Opaque', apiKind: 'CiliumNetworkPolicy', namespace: 'empty', name: 'c' }), []));

  it('is what looking at each pod gives', () => {
    const seen = { 'selects nothing': 0, 'no namespace': 0, 'no pod': 0 };
    fc.assert(fc.property(someWorld(), ({ policies, namespaces, pods }) => {
      const found = staleIn(policies, namespaces, pods);
      for (const stale of found) seen[stale.kind === 'selects nothing' ? stale.kind : stale.why] += 1;
      assert.deepEqual(found.map(text).sort(), policies.flatMap((policy) => slowly(policy, { namespaces, pods })).sort());
      assert.deepEqual(staleIn(policies.toReversed(), namespaces.toReversed(), pods.toReversed()), found, 'order');
    }), { numRuns: 80 });
    assert.ok(Object.values(seen).every((count) => count > 5), JSON.stringify(seen));
  });
});

/** A rule that denies everything, since one of its peers cannot be read, has the other peers still. */
function accepting({ ingress, egress, ...spec }: StoredClusterPolicySpec): StoredClusterPolicySpec {
  const all = (rules: StoredClusterPolicySpec['ingress']) => (rules ?? []).map((rule) => rule && { ...rule, action: 'Accept' });
  return { ...spec, ingress: all(ingress), egress: all(egress) };
}

/** The same by the compiled rules, peer by peer and pod by pod. */
function slowly(policy: Policy, { namespaces, pods }: Pick<WorldInput, 'namespaces' | 'pods'>): string[] {
  if (policy.kind === 'Opaque') return [];
  const compiled = policy.kind === 'NetworkPolicy' ? compileNetworkPolicy(policy.spec, 0) : compileClusterPolicy(policy.kind, accepting(policy.spec), 0);
  const home = policy.kind === 'NetworkPolicy' ? policy.namespace : undefined;
  const id = `${home === undefined ? '' : `${home}/`}${policy.name}`;
  const missing = (namespace: Selector | undefined, pod: Selector): string | undefined => {
    const homes = namespaces.filter(({ name, labels }) => (namespace === undefined ? name === home : namespace.matches(labels))).map(({ name }) => name);
    if (homes.length === 0) return namespace === undefined ? undefined : 'no namespace';
    const there = pods.filter((each) => homes.includes(each.namespace));
    return pod.cube === EVERYTHING || there.length === 0 || there.some((each) => !each.hostNetwork && pod.matches(each.labels)) ? undefined : 'no pod';
  };
  const nobody = 'selector' in compiled ? missing(undefined, compiled.selector) : missing(compiled.subject?.namespace ?? ANY, compiled.subject?.pod ?? compileSelector({ matchExpressions: [{ key: 'a', operator: 'In', values: [] }] }));
  const ofPeers = (direction: Direction): string[] => compiled.rules[direction].flatMap(({ index, peers }) => (peers === 'any' ? [] : peers).filter((peer): peer is Extract<Peer, { kind: 'pods' }> => peer.kind === 'pods')
    .flatMap((peer) => { const why = missing(peer.namespace, peer.pod); return why === undefined ? [] : [`${id} ${direction} ${index}.${peer.index} ${why}`]; }));
  return [...(nobody === undefined ? [] : [`${id} selects nothing`]), ...DIRECTIONS.flatMap(ofPeers)];
}
