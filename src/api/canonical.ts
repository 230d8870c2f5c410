/**
 * The canonical form of a NetworkPolicySpec, in which two specs are compared literally.
 *
 * Three normalisations and no more: a missing list equals an empty one, protocol TCP is filled in, and
 * `policyTypes` is a set. Order of rules, peers and ports counts, and `{}` differs from absent.
 * A field that this program does not know is kept, so that it shows as a difference.
 * `wireSpec` is what is sent: nothing in it depends on defaulting.
 */
import { shortHash, stableJson } from './hash.ts';
import type { EgressRule, IngressRule, LabelSelector, NetworkPolicySpec, Peer, Port } from './network-policy.ts';

/** A canonical spec with its hash; equal specs share one object, so identity is equality where interned. */
export interface HashedSpec {
  readonly hash: string;
  readonly spec: NetworkPolicySpec;
}

export function hashedSpec(spec: NetworkPolicySpec): HashedSpec {
  const canonical = wireSpec(spec);
  return { hash: shortHash(stableJson(canonical)), spec: canonical };
}

/** Spells out every list and protocol on which the meaning of a policy depends. */
export function wireSpec({ podSelector, policyTypes, ingress, egress, ...unknown }: NetworkPolicySpec): NetworkPolicySpec {
  return {
    ...unknown,
    podSelector: selector(podSelector),
    policyTypes: [...new Set(policyTypes ?? [])].sort().reverse(), // Ingress before Egress, as people write it
    ingress: (ingress ?? []).map(ingressRule),
    egress: (egress ?? []).map(egressRule),
  };
}

function ingressRule({ from, ports: list, ...unknown }: IngressRule): IngressRule {
  return { ...unknown, ...(from?.length ? { from: from.map(peer) } : {}), ...ports(list) };
}

function egressRule({ to, ports: list, ...unknown }: EgressRule): EgressRule {
  return { ...unknown, ...(to?.length ? { to: to.map(peer) } : {}), ...ports(list) };
}

function ports(list: readonly Port[] | undefined): { ports?: Port[] } {
  if (!list?.length) return {};
  return { ports: list.map(({ protocol, ...rest }) => ({ protocol: protocol ?? 'TCP', ...rest })) };
}

function peer({ podSelector, namespaceSelector, ipBlock: block, ...unknown }: Peer): Peer {
  return {
    ...unknown,
    ...(podSelector === undefined ? {} : { podSelector: selector(podSelector) }),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector: selector(namespaceSelector) }),
    ...(block === undefined ? {} : { ipBlock: ipBlock(block) }),
  };
}

function ipBlock({ except, ...rest }: NonNullable<Peer['ipBlock']>): NonNullable<Peer['ipBlock']> {
  return { ...rest, ...(except?.length ? { except: [...except] } : {}) };
}

function selector(from: LabelSelector | undefined): LabelSelector {
  const { matchLabels, matchExpressions, ...unknown } = from ?? {};
  const labels = Object.entries(matchLabels ?? {});
  return {
    ...unknown,
    ...(labels.length > 0 ? { matchLabels: Object.fromEntries(labels) } : {}),
    ...(matchExpressions?.length ? { matchExpressions: matchExpressions.map(expression) } : {}),
  };
}

function expression({ values, ...rest }: Expression): Expression {
  return { ...rest, ...(values?.length ? { values: [...values] } : {}) };
}
type Expression = NonNullable<LabelSelector['matchExpressions']>[number];
