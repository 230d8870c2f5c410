/**
 * What the evaluator looks at: namespaces, pods, nodes, policies, and a connection between two of them.
 *
 * Plain values, as small as evaluation needs them. Labels are Maps, since any name that objects inherit is a valid key.
 */
import type { Direction } from '../api/network-policy.ts';
import type { StringMap } from '../kube/objects.ts';
import type { StoredClusterPolicySpec, StoredNetworkPolicySpec, StoredSelector } from './stored.ts';

/** Set by the API server on every namespace, and the only key that it vouches for. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

export const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
export type Protocol = (typeof PROTOCOLS)[number];
export type Family = 'IPv4' | 'IPv6';

export interface Namespace {
  readonly name: string;
  readonly labels: StringMap;
  /** Nothing but its name is known, which is what `labels` has: of all others it may have any or none. Never so in a cluster. */
  readonly labelsUnknown?: boolean;
}
export interface Node { readonly name: string; readonly labels: StringMap; readonly ips: readonly string[] }

/** A container port; sidecars count. */
export interface PodPort { readonly name?: string | undefined; readonly containerPort: number; readonly protocol: Protocol }

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: StringMap;
  /** `status.podIPs`; empty before the pod has an address. */
  readonly ips: readonly string[];
  readonly ports: readonly PodPort[];
  /** Its addresses are its node's, and policies do not govern it. */
  readonly hostNetwork: boolean;
  /** Succeeded or Failed: labels stay, the address may belong to another pod by now. Terminating pods are not terminal. */
  readonly terminal: boolean;
  readonly node?: string | undefined;
}

export type ClusterPolicyKind = 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy' | 'ClusterNetworkPolicy';

export interface NetworkPolicy { readonly kind: 'NetworkPolicy'; readonly namespace: string; readonly name: string; readonly spec: StoredNetworkPolicySpec }
export interface ClusterPolicy { readonly kind: ClusterPolicyKind; readonly name: string; readonly spec: StoredClusterPolicySpec }

/** Pods that a policy may be about: absent directions are both, absent selectors everything. */
export interface OpaqueScope {
  readonly directions?: readonly Direction[] | undefined;
  readonly namespaceSelector?: StoredSelector | undefined;
  readonly podSelector?: StoredSelector | undefined;
}

/** A policy of a kind that is not evaluated, such as CiliumNetworkPolicy, with what is known of its scope. */
export interface OpaquePolicy {
  readonly kind: 'Opaque';
  /** For example `CiliumClusterwideNetworkPolicy`. */
  readonly apiKind: string;
  /** Absent: the whole cluster. */
  readonly namespace?: string | undefined;
  readonly name: string;
  /** A pod in any of them may be concerned; absent: every pod, empty: none. */
  readonly scopes?: readonly OpaqueScope[] | undefined;
}

export type Policy = NetworkPolicy | ClusterPolicy | OpaquePolicy;

export interface PolicyRef { readonly kind: string; readonly namespace?: string | undefined; readonly name: string }

export interface Options {
  /** Whether `ipBlock` of a NetworkPolicy matches the address of a pod: `yes` on most CNIs, `no` on Cilium. */
  readonly ipBlockMatchesPods: 'yes' | 'no' | 'unknown';
}

/** What is known of a cluster, as lists. */
export interface WorldInput {
  readonly namespaces: readonly Namespace[];
  readonly pods: readonly Pod[];
  readonly nodes?: readonly Node[];
  readonly policies: readonly Policy[];
  /** Addresses of Services: policies see the pods behind them, and what a CIDR sees is undefined. */
  readonly serviceIps?: readonly string[];
  readonly options: Options;
}

/** A pod need not exist: a hypothetical one is evaluated by its labels, ports and addresses. */
export type Endpoint = { readonly pod: Pod } | { readonly ip: string };

export interface Connection {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly protocol: Protocol | 'ICMP';
  /** 1 to 65535; of ICMP it is not looked at. */
  readonly port: number;
  /** Reached through a Service: matters where a pod reaches itself. */
  readonly throughService?: boolean;
  /** Absent: every family that both sides have, and `unknown` where they differ. */
  readonly family?: Family;
}

/** Questions that the CNI answers, not the policies. */
export type Code = 'cidr-vs-pod' | 'host-network' | 'node-traffic' | 'hairpin' | 'service-vip' | 'icmp' | 'sctp' | 'end-port'
  | 'established' | 'startup' | 'equal-priority' | 'domain-names' | 'ip-family' | 'namespace-labels';
