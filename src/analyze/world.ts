/**
 * A snapshot as the evaluator and the planner want it: namespaces, pods, policies, and the views of namespaces.
 *
 * Promises: what came from files and what came from a cluster is told apart by nothing but `origin`; everything is
 * sorted by namespace and name. Each call makes new values: keep the result where identity matters.
 */
import type { NetworkPolicySpec } from '../api/network-policy.ts';
import { CLUSTER_POLICY_KINDS, KINDS, OPAQUE_POLICY_KINDS, peopleCall, type KindName } from '../kube/kinds.ts';
import { parseBaseline, parseNamespace, parsePolicy, type BaselineRecord, type PolicyRecord, type StringMap } from '../kube/objects.ts';
import { policyInterner } from '../kube/policy-interner.ts';
import { parsePod, podInterner, type PodInterner, type WirePod } from '../kube/pods.ts';
import { policyTypesOf } from '../netpol/compile-network-policy.ts';
import { NAMESPACE_NAME_LABEL, type Namespace, type Node, type Options, type Pod, type Policy, type WorldInput } from '../netpol/model.ts';
import { opaquePolicyOf } from '../netpol/opaque.ts';
import { clusterPolicyRefusals } from '../netpol/refused-cluster.ts';
import { networkPolicyRefusals, type Refusal } from '../netpol/refused.ts';
import type { StoredNetworkPolicySpec } from '../netpol/stored.ts';
import { compileBaseline } from '../plan/compile.ts';
import { clusterViewOf, type NamespaceView } from '../plan/view.ts';
import { objectsOf, type KubeObject, type Origin, type Snapshot, type Sourced } from './snapshot.ts';
import { hypotheticalPods, ownersIn, podTemplateOf, withoutNulls, type WorkloadRef } from './workloads.ts';

export const POLICY_KINDS = ['NetworkPolicy', ...CLUSTER_POLICY_KINDS, ...OPAQUE_POLICY_KINDS] as const satisfies readonly KindName[];
/** What `worldInputOf` looks at. From files, workloads are read along with pods. */
export const WORLD_KINDS = ['Namespace', 'Pod', 'Node', 'Service', ...POLICY_KINDS] as const satisfies readonly KindName[];
/** What `namespaceViewsOf` and `baselinesOf` look at. */
export const VIEW_KINDS = ['Namespace', 'NetworkPolicy', 'NamespacePolicyBaseline'] as const satisfies readonly KindName[];

export interface SnapshotNamespace extends Namespace {
  readonly annotations: StringMap;
  readonly terminating: boolean;
  readonly origin: Origin | undefined;
  /** False where no manifest declares it, but something is in it. */
  readonly declared: boolean;
}

/** Those of the snapshot, and those in which its objects are: of these nothing but the name is known. */
export function namespacesOf(snapshot: Snapshot): readonly SnapshotNamespace[] {
  const found = new Map<string, SnapshotNamespace>();
  for (const { object, origin } of objectsOf(snapshot, 'Namespace')) {
    const { name, labels, annotations, terminating } = parseNamespace(namespaceObject(object));
    found.set(name, { name, labels, annotations, terminating, origin, declared: true });
  }
  for (const objects of [...[...snapshot.objects].filter(([kind]) => KINDS[kind].namespaced).map(([, all]) => all), snapshot.templated ?? []]) {
    for (const { object: { metadata: { namespace = '' } } } of objects) {
      if (!found.has(namespace)) found.set(namespace, { name: namespace, labels: new Map([[NAMESPACE_NAME_LABEL, namespace]]), annotations: new Map(), terminating: false, origin: undefined, declared: false, labelsUnknown: true });
    }
  }
  return [...found.values()].sort(byName);
}

/** With the label that the API server sets on every namespace. */
function namespaceObject(object: KubeObject): KubeObject {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, [NAMESPACE_NAME_LABEL]: metadata.name } } };
}

export interface SnapshotPod extends Pod {
  /** The Deployment and not its ReplicaSet; absent where nobody owns the pod. */
  readonly workload: WorkloadRef | undefined;
  readonly origin: Origin | undefined;
  /** A workload of a manifest stands for it: its name is like `deployment/web`, and it has no address. */
  readonly hypothetical: boolean;
  /** The Pod, or the workload that stands for it; `podTemplateOf` finds the pod's spec in either. */
  readonly object: KubeObject;
}

/** Terminal and hostNetwork pods are among them, marked. */
export function podsOf(snapshot: Snapshot): readonly SnapshotPod[] {
  const owners = ownersIn(snapshot);
  const intern = podInterner();
  const real = objectsOf(snapshot, 'Pod').map(({ object, origin }) => (
    { ...podRecord(object, intern), workload: owners.workloadOf(object), origin, hypothetical: false, object }));
  const others = hypotheticalPods(snapshot, owners).map(({ name, namespace, template, workload, from: { object, origin } }) => {
    const { labels } = template.metadata;
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, ...(labels !== undefined && { labels }) }, spec: template.spec };
    return { ...podRecord(pod, intern), workload, origin, hypothetical: true, object };
  });
  return [...real, ...others].sort(byNamespaceAndName);
}

function podRecord(object: KubeObject, intern: PodInterner): Pod {
  const { spec } = podTemplateOf(object) ?? { spec: {} };
  const { metadata, status } = object;
  const { namespace, name, labels, ips, ports, hostNetwork, terminal, node } = parsePod({ metadata, spec, status: withoutNulls(status ?? {}) as WirePod['status'] & object }, intern);
  return { namespace, name, labels, ips, ports, hostNetwork, terminal, node };
}

export type SnapshotPolicy = Policy & {
  readonly origin: Origin | undefined;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  /** Policies of this kind could not be read; the value says why. This one stands for all of them. */
  readonly unread?: string;
  /** Why an API server would not take the policy, which is then in force nowhere. Only from files. */
  readonly refusals?: readonly Refusal[];
};

/** NetworkPolicies, those of cluster scope, and those that are not evaluated. Specs are as they were written; refused ones are among them. */
export function policiesOf(snapshot: Snapshot): readonly SnapshotPolicy[] {
  const found: SnapshotPolicy[] = [];
  for (const each of objectsOf(snapshot, 'NetworkPolicy')) {
    const { namespace = '', name } = each.object.metadata;
    found.push({ kind: 'NetworkPolicy', namespace, name, spec: each.object['spec'] ?? {}, ...metadataOf(each), ...refusalsOf(snapshot, 'NetworkPolicy', each) });
  }
  for (const kind of CLUSTER_POLICY_KINDS) {
    for (const each of objectsOf(snapshot, kind)) found.push({ kind, name: each.object.metadata.name, spec: each.object['spec'] ?? {}, ...metadataOf(each), ...refusalsOf(snapshot, kind, each) });
  }
  for (const kind of OPAQUE_POLICY_KINDS) {
    for (const each of objectsOf(snapshot, kind)) found.push({ ...opaquePolicyOf(kind, each.object), apiKind: peopleCall(kind), ...metadataOf(each) });
  }
  return [...found, ...unreadPolicies(snapshot)].sort(byNamespaceAndName);
}

/** What is stored, whether a dump of it or read from the cluster, was taken once. */
function refusalsOf({ source }: Snapshot, kind: 'NetworkPolicy' | (typeof CLUSTER_POLICY_KINDS)[number], { object }: Sourced): { readonly refusals?: readonly Refusal[] } {
  const { uid, name } = object.metadata as { readonly uid?: string; readonly name: string };
  if (source === 'cluster' || (uid ?? '') !== '') return {};
  const spec = object['spec'] ?? {};
  const refusals = kind === 'NetworkPolicy' ? networkPolicyRefusals(spec) : clusterPolicyRefusals(kind, name, spec);
  return refusals.length === 0 ? {} : { refusals };
}

/** They may exist, and what they change is not known. */
function unreadPolicies({ unread }: Snapshot): SnapshotPolicy[] {
  const kinds: ReadonlySet<KindName> = new Set(POLICY_KINDS);
  return unread.filter(({ kind }) => kinds.has(kind)).map(({ kind, why }) => (
    { kind: 'Opaque', apiKind: peopleCall(kind), name: '*', origin: undefined, labels: new Map(), annotations: new Map(), unread: why }));
}

function metadataOf({ object: { metadata }, origin }: Sourced): Pick<SnapshotPolicy, 'origin' | 'labels' | 'annotations'> {
  return { origin, labels: new Map(Object.entries(metadata.labels ?? {})), annotations: new Map(Object.entries(metadata.annotations ?? {})) };
}

/** What `buildWorld` takes, with what the snapshot knows besides. */
export interface SnapshotWorld extends WorldInput {
  readonly namespaces: readonly SnapshotNamespace[];
  readonly pods: readonly SnapshotPod[];
  /** Without those that an API server would refuse. */
  readonly policies: readonly SnapshotPolicy[];
  readonly refused: readonly SnapshotPolicy[];
  readonly nodes: readonly Node[];
  readonly serviceIps: readonly string[];
}

export function worldInputOf(snapshot: Snapshot, options: Options): SnapshotWorld {
  const all = policiesOf(snapshot);
  return {
    namespaces: namespacesOf(snapshot), pods: podsOf(snapshot), options,
    policies: all.filter(({ refusals }) => refusals === undefined), refused: all.filter(({ refusals }) => refusals !== undefined),
    nodes: objectsOf(snapshot, 'Node').map(({ object }) => nodeOf(object)),
    serviceIps: objectsOf(snapshot, 'Service').flatMap(({ object }) => serviceIpsOf(object)),
  };
}

function nodeOf({ metadata, status }: KubeObject): Node {
  const { addresses } = (status ?? {}) as { addresses?: readonly { type?: string; address?: string }[] | null };
  const ips = (addresses ?? []).filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP').flatMap(({ address }) => address ?? []);
  return { name: metadata.name, labels: new Map(Object.entries(metadata.labels ?? {})), ips };
}

interface ServiceAddresses {
  readonly clusterIP?: string | null;
  readonly clusterIPs?: readonly string[] | null;
  readonly externalIPs?: readonly string[] | null;
}

/** Every address at which a Service answers inside the cluster. */
function serviceIpsOf({ spec, status }: KubeObject): string[] {
  const { clusterIP, clusterIPs, externalIPs } = (spec ?? {}) as ServiceAddresses;
  const { loadBalancer } = (status ?? {}) as { loadBalancer?: { ingress?: readonly { ip?: string }[] | null } | null };
  const balanced = (loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  const all = [...clusterIPs ?? (clusterIP ? [clusterIP] : []), ...externalIPs ?? [], ...balanced];
  return [...new Set(all)].filter((ip) => ip !== 'None' && ip !== '');
}

/** Parsed and defaulted; one that does not parse has a `problem`. */
export function baselinesOf(snapshot: Snapshot): readonly BaselineRecord[] {
  return objectsOf(snapshot, 'NamespacePolicyBaseline').map(({ object }) => parseBaseline(withoutNulls(object) as KubeObject));
}

export interface ViewFacts {
  readonly baselines: readonly BaselineRecord[];
  /** Exact names, the operator's own namespace among them. */
  readonly systemNamespaces: ReadonlySet<string>;
  /** Milliseconds since the epoch: exemptions end. */
  readonly nowMs: number;
}

/** One for each of `namespacesOf`: what the operator would plan with, had it read this snapshot. */
export function namespaceViewsOf(snapshot: Snapshot, { baselines, systemNamespaces, nowMs }: ViewFacts): readonly NamespaceView[] {
  const cluster = clusterViewOf(baselines.map((record) => compileBaseline(record)), systemNamespaces, 1);
  const policies = policyRecords(snapshot);
  const objects = new Map(objectsOf(snapshot, 'Namespace').map(({ object }) => [object.metadata.name, object]));
  return namespacesOf(snapshot).map(({ name }) => ({
    namespace: parseNamespace(namespaceObject(objects.get(name) ?? { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    policies: policies.get(name) ?? new Map<string, PolicyRecord>(), cluster, deleted: new Set<string>(), nowMs,
  }));
}

function policyRecords(snapshot: Snapshot): ReadonlyMap<string, ReadonlyMap<string, PolicyRecord>> {
  const intern = policyInterner();
  const found = new Map<string, Map<string, PolicyRecord>>();
  for (const each of objectsOf(snapshot, 'NetworkPolicy')) {
    const { object } = each;
    if (refusalsOf(snapshot, 'NetworkPolicy', each).refusals !== undefined) continue;
    const record = parsePolicy({ metadata: object.metadata, spec: storedSpecOf(object['spec']) }, intern);
    const known = found.get(record.namespace);
    if (known === undefined) found.set(record.namespace, new Map([[record.name, record]]));
    else known.set(record.name, record);
  }
  return found;
}

/** As the API server would store what a manifest says. */
export function storedSpecOf(spec: unknown): NetworkPolicySpec {
  const clean = withoutNulls(spec ?? {}) as StoredNetworkPolicySpec;
  return { podSelector: {}, ...clean, policyTypes: [...policyTypesOf(clean)] } as NetworkPolicySpec;
}

interface Named { readonly namespace?: string | undefined; readonly name: string }
const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
const byName = (a: Named, b: Named): number => byText(a.name, b.name);
const byNamespaceAndName = (a: Named, b: Named): number => byText(a.namespace ?? '', b.namespace ?? '') || byText(a.name, b.name);
