/**
 * Control over stores in memory and an API server that only remembers: for tests of what wakes whom and what is
 * remembered. What the real API server does is left to scenarios.
 */
import { FIELD_MANAGER } from '../../src/api/names.ts';
import type { NetworkPolicySpec } from '../../src/api/network-policy.ts';
import { createControl, type Control } from '../../src/control/control.ts';
import type { ControlObserver, Stores } from '../../src/control/control-parts.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { parseBaseline, parseNamespace, parsePolicy, type WireBaseline, type WireNamespace, type WireNetworkPolicy } from '../../src/kube/objects.ts';
import { policyInterner } from '../../src/kube/policy-interner.ts';
import { createStore } from '../../src/watch/store.ts';
import { manualClock, type ManualClock } from './clock.ts';
import { memoryLogger, type MemoryLogger } from './log.ts';

export interface ControlRig {
  readonly control: Control;
  readonly clock: ManualClock;
  readonly log: MemoryLogger;
  readonly stores: Stores;
  /** `create team-a/allow-x`, in the order in which they were asked for, refused ones included. */
  readonly writes: readonly string[];
  /** What was patched into the status of any baseline. */
  readonly statuses: readonly Record<string, unknown>[];
  /** Templates that were last told to be there. */
  readonly templates: readonly string[];
  /** Thrown instead of an answer where it returns something; by the words of `writes`. */
  refuse: (write: string) => Error | undefined;
  namespace(name: string, labels?: Record<string, string>, annotations?: Record<string, string>): void;
  namespaceGone(name: string): void;
  /** Another generation each time. */
  baseline(name: string, spec?: object, status?: object): void;
  baselineGone(name: string): void;
  policyGone(namespace: string, name: string): void;
  /** As somebody with kubectl. */
  policyEdited(namespace: string, name: string, spec: NetworkPolicySpec): void;
}

/** With `slowTurns` a turn of the event loop is over after a few looks at the clock, and the next one is a second away. */
export function controlRig({ slowTurns = false } = {}): ControlRig {
  const clock = manualClock();
  let looks = 0;
  const slowClock = { ...clock, now: () => clock.now() + (looks += 1), sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms + 1_000, signal) };
  const log = memoryLogger();
  const intern = policyInterner();
  const stores: Stores = { namespaces: createStore(), policies: createStore(({ namespace }) => namespace), baselines: createStore() };
  const wireNamespaces = new Map<string, WireNamespace>();
  const wireBaselines = new Map<string, WireBaseline>();
  const wirePolicies = new Map<string, WireNetworkPolicy>();
  const writes: string[] = [];
  const statuses: Record<string, unknown>[] = [];
  let templates: string[] = [];
  let version = 1;
  const next = (): string => String(version += 1);

  const asked = (write: string): void => {
    writes.push(write);
    const error = rig.refuse(write);
    if (error !== undefined) throw error;
  };
  const stored = (policy: WireNetworkPolicy): WireNetworkPolicy => {
    const { name, namespace = '' } = policy.metadata;
    const uid = wirePolicies.get(`${namespace}/${name}`)?.metadata.uid ?? `uid-${namespace}-${name}-${version}`;
    const kept = { ...policy, metadata: { ...policy.metadata, uid, resourceVersion: next(), managedFields: [{ manager: FIELD_MANAGER, operation: 'Update' }] } };
    wirePolicies.set(`${namespace}/${name}`, kept);
    return kept;
  };
  const patched = (name: string, change: (object: WireBaseline) => WireBaseline): WireBaseline => {
    const before = wireBaselines.get(name);
    if (before === undefined) throw new Error(`no baseline ${name}`);
    const after = change({ ...before, metadata: { ...before.metadata, resourceVersion: next() } });
    wireBaselines.set(name, after);
    return after;
  };
  const client: Partial<KubeClient> = {
    async createPolicy(policy) {
      asked(`create ${policy.metadata.namespace ?? ''}/${policy.metadata.name}`);
      return stored(policy);
    },
    async replacePolicy(policy) {
      asked(`replace ${policy.metadata.namespace ?? ''}/${policy.metadata.name}`);
      return stored(policy);
    },
    async removePolicy({ namespace, name }) {
      asked(`remove ${namespace}/${name}`);
      wirePolicies.delete(`${namespace}/${name}`);
    },
    patchBaseline: async (name, patch) => patched(name, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [...(patch as { metadata: { finalizers: string[] } }).metadata.finalizers] } })),
    async patchBaselineStatus(name, patch) {
      const { status } = patch as { status: Record<string, unknown> };
      statuses.push(status);
      return patched(name, (object) => ({ ...object, status: Object.fromEntries(Object.entries({ ...(object.status as object | undefined), ...status }).filter(([, value]) => value !== null)) }));
    },
  };
  const control = createControl({
    stores, client: client as KubeClient, intern, clock: slowTurns ? slowClock : clock, log, observer: observer((names) => { templates = [...names]; }),
    events: { record: () => {}, settled: async () => {} },
    settings: { maxInFlight: 16, firstWriteDelayMs: 0, statusIntervalMs: 0, systemNamespaces: [], openReports: false, relistIntervalMs: 2_700_000 },
  });
  stores.namespaces.listen(control.changed.namespace);
  stores.policies.listen(control.changed.policy);
  stores.baselines.listen(control.changed.baseline);

  const rig: ControlRig = {
    control, clock, log, stores, writes, statuses,
    get templates() { return templates; },
    refuse: () => undefined,
    namespace(name, labels = {}, annotations = {}) {
      const object: WireNamespace = { metadata: { name, uid: `uid-${name}`, resourceVersion: next(), creationTimestamp: '2025-12-31T00:00:00Z', labels, annotations } };
      wireNamespaces.set(name, object);
      stores.namespaces.apply(parseNamespace(object), false);
    },
    namespaceGone(name) {
      const object = wireNamespaces.get(name);
      if (object !== undefined) stores.namespaces.remove(parseNamespace({ metadata: { ...object.metadata, resourceVersion: next() } }));
    },
    baseline(name, spec = {}, status) {
      const before = wireBaselines.get(name);
      const object: WireBaseline = {
        metadata: { name, uid: `uid-${name}`, resourceVersion: next(), generation: (before?.metadata.generation ?? 0) + 1, creationTimestamp: '2025-12-31T00:00:00Z' },
        spec, ...(status ?? before?.status ? { status: status ?? before?.status } : {}),
      };
      wireBaselines.set(name, object);
      stores.baselines.apply(parseBaseline(object), false);
    },
    baselineGone(name) {
      const object = wireBaselines.get(name);
      wireBaselines.delete(name);
      if (object !== undefined) stores.baselines.remove(parseBaseline({ ...object, metadata: { ...object.metadata, resourceVersion: next() } }));
    },
    policyEdited(namespace, name, spec) {
      const before = wirePolicies.get(`${namespace}/${name}`);
      if (before === undefined) throw new Error(`no policy ${namespace}/${name}`);
      const object: WireNetworkPolicy = { ...before, metadata: { ...before.metadata, resourceVersion: next() }, spec };
      wirePolicies.set(`${namespace}/${name}`, object);
      stores.policies.apply(parsePolicy(object, intern, true), false);
    },
    policyGone(namespace, name) {
      const object = wirePolicies.get(`${namespace}/${name}`);
      wirePolicies.delete(`${namespace}/${name}`);
      if (object !== undefined) stores.policies.remove(parsePolicy({ ...object, metadata: { ...object.metadata, resourceVersion: next() } }, intern));
    },
  };
  return rig;
}

function observer(templatesKnown: ControlObserver['templatesKnown']): ControlObserver {
  const nothing = (): void => {};
  const controller = { added: nothing, retried: nothing, started: nothing, finished: nothing, reconciled: nothing, troubled: nothing };
  return { controller: () => controller, driftDetected: nothing, driftRepaired: nothing, policyWritten: nothing, timeToProtect: nothing, effectiveDrift: nothing, templatesKnown };
}
