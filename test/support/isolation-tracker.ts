/** A tracker over stores that a test fills, with a clock that stands still: each event is flushed when time goes on. */
import { FIELD_MANAGER } from '../../src/api/names.ts';
import type { Direction } from '../../src/api/network-policy.ts';
import { parseNamespace, parsePolicy, type NamespaceRecord, type ObjectRecord, type PolicyRecord, type WireNetworkPolicy } from '../../src/kube/objects.ts';
import { policyInterner } from '../../src/kube/policy-interner.ts';
import { parsePod, podInterner, type PodRecord, type WirePod } from '../../src/kube/pods.ts';
import type { EffectiveDrift } from '../../src/control/isolation/drift.ts';
import type { OtherPolicyRecord } from '../../src/control/isolation/other-policies.ts';
import { createIsolationTracker, type IsolationTracker } from '../../src/control/isolation/tracker.ts';
import type { SourceState } from '../../src/control/isolation/why-unknown.ts';
import type { IsolationKnowledge } from '../../src/plan/effect.ts';
import { createStore, type WritableStore } from '../../src/watch/store.ts';
import { asGenerated, aWirePolicy, type PolicyFields } from './build.ts';
import { manualClock, type ManualClock } from './clock.ts';
import { memoryLogger, type MemoryLogger } from './log.ts';

export interface TrackedCluster {
  readonly tracker: IsolationTracker;
  readonly clock: ManualClock;
  readonly drift: EffectiveDrift[];
  /** Drift as `x Ingress opened closed>allow-all of a,b: cause`. */
  drifts(): string[];
  /** Names of namespaces that were told of, since the last call. */
  told(): string[];
  /** The same, with what may have changed: `x pods`, `x policies`. */
  toldWhy(): string[];
  readonly knowledge: IsolationKnowledge[];
  readonly sources: SourceState[];
  readonly log: MemoryLogger;
  /** Policies are being written. */
  readonly busy: { is: boolean };
  namespace(name: string, labels?: Record<string, string>, terminating?: boolean): void;
  pod(id: string, fields?: { labels?: Record<string, string>; ip?: string; phase?: string; hostNetwork?: boolean; port?: string }): void;
  policy(id: string, fields?: PolicyFields): void;
  other(record: Omit<OtherPolicyRecord, keyof ObjectRecord>): void;
  remove(kind: 'namespace' | 'pod' | 'policy' | 'other', id: string): void;
  /** Lets the tracker work. */
  settle(): Promise<void>;
  /** `restricted/closed` for ingress and egress, and what defeats it. */
  of(namespace: string): string | undefined;
  defeat(namespace: string, direction?: Direction): string | undefined;
}

/** Everything is synced unless a test says otherwise in `sources`. */
export function aTrackedCluster(): TrackedCluster {
  const clock = manualClock();
  const intern = policyInterner({ keepsForeign: true });
  const pods = podInterner();
  const stores = {
    namespace: createStore<NamespaceRecord>(), pod: createStore<PodRecord>(({ namespace }) => namespace),
    policy: createStore<PolicyRecord>(({ namespace }) => namespace), other: createStore<OtherPolicyRecord>(({ namespace }) => namespace),
  };
  const drift: EffectiveDrift[] = [];
  const knowledge: IsolationKnowledge[] = [];
  const sources: SourceState[] = [];
  const names: { readonly name: string; readonly byPods: boolean }[] = [];
  const log = memoryLogger();
  const busy = { is: false };
  const tracker = createIsolationTracker({
    log, isBusy: () => busy.is, options: { ipBlockMatchesPods: 'yes' }, namespaces: stores.namespace, policies: stores.policy, sources: () => sources, clock,
    onDrift: (found) => drift.push(...found), onNamespace: (name, byPods) => names.push({ name, byPods }), onKnowledge: (now) => knowledge.push(now),
  });
  stores.namespace.listen(tracker.changed.namespace);
  stores.pod.listen(tracker.changed.pod);
  stores.policy.listen(tracker.changed.policy);
  stores.other.listen(tracker.changed.other);
  let version = 0;
  const at = (id: string) => {
    const [namespace = '', name = ''] = id.split('/');
    version += 1;
    return { namespace, name, uid: `uid-${id}`, resourceVersion: String(version) };
  };
  const gone = <R extends ObjectRecord>(store: WritableStore<R>, record: R | undefined): void => {
    version += 1;
    if (record !== undefined) store.remove({ ...record, resourceVersion: String(version) });
  };

  return {
    tracker, clock, drift, knowledge, sources, log, busy,
    drifts: () => drift.splice(0).map(({ namespace, direction, change, before, after, examples, cause }) => `${namespace} ${direction} ${change} ${before}>${after} of ${examples.join(',')}: ${cause.text}`),
    told: () => [...new Set(names.splice(0).map(({ name }) => name))].sort(),
    toldWhy: () => names.splice(0).map(({ name, byPods }) => `${name} ${byPods ? 'pods' : 'policies'}`),
    namespace(name, labels = {}, terminating = false) {
      const { uid, resourceVersion } = at(name);
      stores.namespace.apply(parseNamespace({ metadata: { name, uid, resourceVersion, labels: { 'kubernetes.io/metadata.name': name, ...labels }, ...(terminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) } }), false);
    },
    pod(id, { labels = {}, ip = '10.0.0.1', phase = 'Running', hostNetwork = false, port } = {}) {
      const wire: WirePod = {
        metadata: { ...at(id), labels }, status: { phase, podIP: ip },
        spec: { hostNetwork, containers: [port === undefined ? {} : { ports: [{ name: port, containerPort: 80 }] }] },
      };
      stores.pod.apply(parsePod(wire, pods), false);
    },
    policy(id, fields = {}) {
      const { namespace, name, uid, resourceVersion } = at(id);
      const wire: WireNetworkPolicy = aWirePolicy(name, { uid, resourceVersion, ...(fields.managers?.includes(FIELD_MANAGER) === true ? asGenerated(name, fields) : fields), namespace });
      stores.policy.apply(parsePolicy(wire, intern), false);
    },
    other(record) {
      const { uid, resourceVersion } = at(`${record.namespace ?? ''}/${record.policy.name}`);
      stores.other.apply({ ...record, name: record.policy.name, uid, resourceVersion }, false);
    },
    remove(kind, id) {
      const [first = '', second] = id.split('/');
      const [namespace, name] = second === undefined ? [undefined, first] : [first, second];
      switch (kind) {
        case 'namespace': return gone(stores.namespace, stores.namespace.get(name));
        case 'pod': return gone(stores.pod, stores.pod.get(name, namespace));
        case 'policy': return gone(stores.policy, stores.policy.get(name, namespace));
        case 'other': return gone(stores.other, stores.other.get(name, namespace));
      }
    },
    settle: () => clock.advance(20),
    of(namespace) {
      const found = tracker.of(namespace);
      return found === undefined ? undefined : `${found.classes.Ingress}/${found.classes.Egress}`;
    },
    defeat: (namespace, direction = 'Ingress') => tracker.of(namespace)?.effect[direction].defeat,
  };
}
