/**
 * Policies as an API server stores them or a manifest writes them: every list and struct may be absent or null.
 *
 * NetworkPolicy v1, AdminNetworkPolicy and BaselineAdminNetworkPolicy v1alpha1, ClusterNetworkPolicy v1alpha2.
 * Only what is evaluated is named; nothing here is validated.
 */

type Maybe<T> = T | null | undefined;
type List<T> = Maybe<readonly Maybe<T>[]>;

export interface StoredExpression { readonly key: string; readonly operator: string; readonly values?: Maybe<readonly string[]> }
export interface StoredSelector {
  readonly matchLabels?: Maybe<Readonly<Record<string, string>>>;
  readonly matchExpressions?: List<StoredExpression>;
}

export interface StoredBlock { readonly cidr: string; readonly except?: Maybe<readonly string[]> }
export interface StoredPeer { readonly podSelector?: Maybe<StoredSelector>; readonly namespaceSelector?: Maybe<StoredSelector>; readonly ipBlock?: Maybe<StoredBlock> }
export interface StoredPort { readonly protocol?: Maybe<string>; readonly port?: Maybe<number | string>; readonly endPort?: Maybe<number> }
export interface StoredRule { readonly from?: List<StoredPeer>; readonly to?: List<StoredPeer>; readonly ports?: List<StoredPort> }

export interface StoredNetworkPolicySpec {
  readonly podSelector?: Maybe<StoredSelector>;
  readonly policyTypes?: Maybe<readonly string[]>;
  readonly ingress?: List<StoredRule>;
  readonly egress?: List<StoredRule>;
}

/** Namespaces or pods, in all three kinds of cluster scope. */
export interface StoredClusterPeer {
  readonly namespaces?: Maybe<StoredSelector>;
  readonly pods?: Maybe<{ readonly namespaceSelector?: Maybe<StoredSelector>; readonly podSelector?: Maybe<StoredSelector> }>;
  readonly nodes?: Maybe<StoredSelector>;
  readonly networks?: Maybe<readonly string[]>;
  readonly domainNames?: Maybe<readonly string[]>;
}

interface StoredRange { readonly start: number; readonly end: number }
/** An entry of `ports` in v1alpha1. */
export interface StoredAdminPort {
  readonly portNumber?: Maybe<{ readonly protocol?: Maybe<string>; readonly port: number }>;
  readonly portRange?: Maybe<StoredRange & { readonly protocol?: Maybe<string> }>;
  readonly namedPort?: Maybe<string>;
}

interface StoredDestination { readonly destinationPort?: Maybe<{ readonly number?: Maybe<number>; readonly range?: Maybe<StoredRange> }> }
/** An entry of `protocols` in v1alpha2. */
export interface StoredProtocol {
  readonly tcp?: Maybe<StoredDestination>;
  readonly udp?: Maybe<StoredDestination>;
  readonly sctp?: Maybe<StoredDestination>;
  readonly destinationNamedPort?: Maybe<string>;
}

export interface StoredClusterRule {
  readonly name?: Maybe<string>;
  readonly action: string;
  readonly from?: List<StoredClusterPeer>;
  readonly to?: List<StoredClusterPeer>;
  readonly ports?: List<StoredAdminPort>;
  readonly protocols?: List<StoredProtocol>;
}

export interface StoredClusterPolicySpec {
  /** Of ClusterNetworkPolicy only; the other two kinds have one tier each. */
  readonly tier?: Maybe<string>;
  readonly priority?: Maybe<number>;
  readonly subject?: Maybe<StoredClusterPeer>;
  readonly ingress?: List<StoredClusterRule>;
  readonly egress?: List<StoredClusterRule>;
}
