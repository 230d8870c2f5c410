/** Laws of the tracker: however the present came about, it says the same of it, and every change of a class was told with its cause. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FIELD_MANAGER } from '../../../../src/api/names.ts';
import { DIRECTIONS, type Direction } from '../../../../src/api/network-policy.ts';
import type { ClusterPolicy } from '../../../../src/netpol/model.ts';
import { aTrackedCluster, type TrackedCluster } from '../../../support/isolation-tracker.ts';

const NAMESPACES = ['x', 'y', 'constructor'];
const NAMES = ['a', 'b', 'toString'];
const oneOf = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

/** What happens to one object; the same key again is an edit, `gone` is its end. */
type Event =
  | { readonly kind: 'namespace'; readonly id: string; readonly gone: boolean; readonly zone: string }
  | { readonly kind: 'pod'; readonly id: string; readonly gone: boolean; readonly app: string; readonly ip: string; readonly hostNetwork: boolean; readonly phase: string }
  | { readonly kind: 'policy'; readonly id: string; readonly gone: boolean; readonly spec: number; readonly ours: boolean }
  | { readonly kind: 'other'; readonly id: string; readonly gone: boolean; readonly spec: number };

const SPECS: readonly object[] = [
  { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] },
  { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'], ingress: [{ from: [{ namespaceSelector: {} }] }] },
  { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }], egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] },
  { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }, { namespaceSelector: {} }] }] }, // all of IPv4: whether that is everything depends on the pods there are
];
const CLUSTER_SPECS: readonly ClusterPolicy['spec'][] = [
  { priority: 1, subject: { namespaces: { matchLabels: { zone: 'edge' } } }, ingress: [{ action: 'Allow', from: [{ namespaces: {} }] }] },
  { priority: 2, subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: 'web' } } } }, egress: [{ action: 'Deny', to: [{ networks: ['10.0.0.0/8'] }] }] },
];

/** A namespace goes after all that is in it. */
function withContents(events: readonly Event[]): Event[] {
  return events.flatMap((event) => {
    if (event.kind !== 'namespace' || !event.gone) return [event];
    const inside = NAMES.map((name) => `${event.id}/${name}`);
    return [
      ...inside.map((id): Event => ({ kind: 'pod', id, gone: true, app: '', ip: '', hostNetwork: false, phase: '' })),
      ...inside.map((id): Event => ({ kind: 'policy', id, gone: true, spec: 0, ours: false })),
      event,
    ];
  });
}

const someId = fc.tuple(oneOf(...NAMESPACES), oneOf(...NAMES)).map(([namespace, name]) => `${namespace}/${name}`);
const someEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('namespace' as const), id: oneOf(...NAMESPACES), gone: oneOf(false, false, false, true), zone: oneOf('edge', 'core') }),
  fc.record({ kind: fc.constant('pod' as const), id: someId, gone: oneOf(false, false, true), app: oneOf('web', 'db'), ip: oneOf('10.0.0.1', 'fd00::1'), hostNetwork: oneOf(false, false, false, true), phase: oneOf('Running', 'Running', 'Succeeded') }),
  fc.record({ kind: fc.constant('policy' as const), id: someId, gone: oneOf(false, false, true), spec: fc.nat({ max: SPECS.length - 1 }), ours: fc.boolean() }),
  fc.record({ kind: fc.constant('other' as const), id: oneOf('one', 'two'), gone: oneOf(false, false, true), spec: fc.nat({ max: CLUSTER_SPECS.length - 1 }) }),
);

function happen(cluster: TrackedCluster, event: Event): void {
  if (event.gone) return cluster.remove(event.kind, event.id);
  switch (event.kind) {
    case 'namespace': return cluster.namespace(event.id, { zone: event.zone });
    case 'pod': return cluster.pod(event.id, { labels: { app: event.app }, ip: event.ip, hostNetwork: event.hostNetwork, phase: event.phase });
    case 'policy': return cluster.policy(event.id, { spec: SPECS[event.spec] ?? {}, managers: event.ours ? [FIELD_MANAGER] : ['kubectl'] });
    case 'other': return cluster.other({ kind: 'AdminNetworkPolicy', namespace: undefined, policy: { kind: 'AdminNetworkPolicy', name: event.id, spec: CLUSTER_SPECS[event.spec] ?? {} } });
  }
}

/** What is there in the end. */
function lastOf(events: readonly Event[]): Event[] {
  const last = new Map(events.map((event) => [`${event.kind} ${event.id}`, event]));
  return [...last.values()].filter(({ gone }) => !gone);
}

const saying = (cluster: TrackedCluster): object => ({
  namespaces: NAMESPACES.map((name) => [name, cluster.tracker.of(name)]),
  pods: DIRECTIONS.map((direction: Direction) => [...cluster.tracker.counts(direction)].map(([name, count]) => `${name} ${count}`).sort()),
});

describe('isolation: laws', () => {
  it('however the present came about, the same is said of it', async () => {
    await fc.assert(fc.asyncProperty(fc.array(someEvent, { minLength: 1, maxLength: 30 }), fc.array(fc.boolean(), { maxLength: 90 }), async (happened, pauses) => {
      const events = withContents(happened);
      const lived = aTrackedCluster();
      await lived.settle();
      for (const [index, event] of events.entries()) {
        happen(lived, event);
        if (pauses[index] === true) await lived.settle();
      }
      await lived.settle();
      const fresh = aTrackedCluster();
      for (const event of lastOf(events)) happen(fresh, event);
      await fresh.settle();
      assert.deepEqual(saying(lived), saying(fresh));
    }), { numRuns: 500 });
  }).timeout(60_000);

  it('one event has one cause, and what we did has none', async () => {
    await fc.assert(fc.asyncProperty(fc.array(someEvent, { minLength: 1, maxLength: 20 }), async (events) => {
      const cluster = aTrackedCluster();
      for (const name of NAMESPACES) cluster.namespace(name, { zone: 'core' });
      await cluster.settle();
      for (const event of events) {
        happen(cluster, event);
        await cluster.settle();
        const drift = cluster.drift.splice(0);
        for (const { before, after } of drift) assert.notEqual(before, after);
        assert.ok(new Set(drift.map(({ cause }) => cause.text)).size <= 1, 'one event, one cause');
        assert.ok(drift.every(({ cause: { text } }) => text.includes(event.id)), 'which is that event');
        if (event.kind === 'policy' && event.ours && !event.gone) assert.deepEqual(drift, []);
      }
    }), { numRuns: 60 });
  }).timeout(60_000);
});
