/** A cluster, indexed for evaluation: policies by namespace, pods and nodes by address. Built once from lists. */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { addressKey, parseAddress, type Address } from './address.ts';
import { isEvaluated } from './compile-cluster-policy.ts';
import { compileSelector } from './compile-selector.ts';
import { createInterner } from './intern.ts';
import {
  NAMESPACE_NAME_LABEL, type ClusterPolicy, type Namespace, type NetworkPolicy, type Node, type OpaquePolicy, type OpaqueScope, type Options, type Pod, type PolicyRef, type WorldInput,
} from './model.ts';
import { matchNamespace, type Match } from './namespace-match.ts';
import type { CompiledClusterPolicy, CompiledNetworkPolicy, Selector } from './rules.ts';

export interface NamedNetworkPolicy { readonly ref: PolicyRef; readonly compiled: CompiledNetworkPolicy }
export interface NamedClusterPolicy { readonly ref: PolicyRef; readonly compiled: CompiledClusterPolicy }
export interface NamedOpaquePolicy { readonly ref: PolicyRef; readonly policy: OpaquePolicy; readonly scopes: readonly CompiledScope[] }
export interface CompiledScope { readonly directions: readonly Direction[]; readonly namespace: Selector; readonly pod: Selector }

export interface World {
  readonly options: Options;
  /** A namespace that is not known has the label that every namespace has. */
  namespace(name: string): Namespace;
  policiesIn(namespace: string): readonly NamedNetworkPolicy[];
  readonly clusterPolicies: readonly NamedClusterPolicy[];
  readonly opaque: readonly NamedOpaquePolicy[];
  readonly pods: readonly Pod[];
  /** Never a hostNetwork or a terminal pod. */
  podAt(address: Address): Pod | undefined;
  nodeAt(address: Address): Node | undefined;
  nodeNamed(name: string): Node | undefined;
  isService(address: Address): boolean;
}

export function buildWorld({ namespaces, pods, nodes = [], policies, serviceIps = [], options }: WorldInput): World {
  const byName = new Map(namespaces.map((namespace) => [namespace.name, withName(namespace)]));
  const nodesByName = new Map(nodes.map((node) => [node.name, node]));
  const inNamespace = networkPoliciesOf(policies.filter((policy) => policy.kind === 'NetworkPolicy'));
  const podsByAddress = byAddress(pods.filter(({ hostNetwork, terminal }) => !hostNetwork && !terminal));
  const nodesByAddress = byAddress(nodes);
  const services = new Set(serviceIps.map((ip) => keyOf(ip)));
  return {
    options,
    pods,
    namespace: (name) => byName.get(name) ?? withName({ name, labels: new Map() }),
    policiesIn: (namespace) => inNamespace.get(namespace) ?? [],
    clusterPolicies: clusterPoliciesOf(policies.filter((policy): policy is ClusterPolicy => policy.kind !== 'NetworkPolicy' && policy.kind !== 'Opaque')),
    opaque: policies.filter((policy) => policy.kind === 'Opaque').map(namedOpaque).sort((a, b) => compareRefs(a.ref, b.ref)),
    podAt: (address) => podsByAddress.get(addressKey(address)),
    nodeAt: (address) => nodesByAddress.get(addressKey(address)),
    nodeNamed: (name) => nodesByName.get(name),
    isService: (address) => services.has(addressKey(address)),
  };
}

/** The API server sets this label; a manifest need not have it. */
export function withName(namespace: Namespace): Namespace {
  if (namespace.labels.get(NAMESPACE_NAME_LABEL) === namespace.name) return namespace;
  return { ...namespace, labels: new Map([...namespace.labels, [NAMESPACE_NAME_LABEL, namespace.name]]) };
}

const EVERYTHING: readonly OpaqueScope[] = [{}];

export function namedOpaque(policy: OpaquePolicy): NamedOpaquePolicy {
  return {
    ref: { kind: policy.apiKind, namespace: policy.namespace, name: policy.name },
    policy,
    scopes: (policy.scopes ?? EVERYTHING).map(({ directions = DIRECTIONS, namespaceSelector, podSelector }) => ({
      directions, namespace: compileSelector(namespaceSelector), pod: compileSelector(podSelector),
    })),
  };
}

/** Whether the cluster policy is about this pod; hostNetwork pods are nobody's subject. */
export function matchSubject({ subject }: CompiledClusterPolicy, namespace: Namespace, pod: Pod): Match {
  return subject?.pod.matches(pod.labels) === true ? matchNamespace(subject.namespace, namespace) : 'no';
}

/** Strictest first: tier order is the reader's, then priority; kind and name make it one order for equal ones. */
export function byRank(a: NamedClusterPolicy, b: NamedClusterPolicy): number {
  return a.compiled.priority - b.compiled.priority || compare(a.ref.kind, b.ref.kind) || compare(a.ref.name, b.ref.name);
}

/** By kind, then as people look for them. */
export function compareRefs(a: PolicyRef, b: PolicyRef): number {
  return compare(a.kind, b.kind) || compare(a.namespace ?? '', b.namespace ?? '') || compare(a.name, b.name);
}

export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function networkPoliciesOf(policies: readonly NetworkPolicy[]): ReadonlyMap<string, NamedNetworkPolicy[]> {
  const interner = createInterner();
  const found = new Map<string, NamedNetworkPolicy[]>();
  for (const { kind, namespace, name, spec } of policies) {
    const named = { ref: { kind, namespace, name }, compiled: interner.networkPolicy(spec) };
    const known = found.get(namespace);
    if (known === undefined) found.set(namespace, [named]);
    else known.push(named);
  }
  for (const named of found.values()) named.sort((a, b) => compare(a.ref.name, b.ref.name));
  return found;
}

function clusterPoliciesOf(policies: readonly ClusterPolicy[]): NamedClusterPolicy[] {
  const interner = createInterner();
  return policies.filter(({ kind, name }) => isEvaluated(kind, name))
    .map(({ kind, name, spec }) => ({ ref: { kind, name }, compiled: interner.clusterPolicy(kind, spec) }))
    .sort(byRank);
}

function byAddress<T extends { readonly ips: readonly string[] }>(owners: readonly T[]): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const owner of owners) for (const ip of owner.ips) found.set(keyOf(ip), owner);
  return found;
}

function keyOf(ip: string): string {
  const address = parseAddress(ip);
  return address === undefined ? ip : addressKey(address);
}
