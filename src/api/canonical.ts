/**
 * The canonical form of a NetworkPolicySpec, in which two specs are compared literally.
 *
 * Three normalisations and no more: a missing list equals an empty one, protocol TCP is filled in, and
 * `policyTypes` is a set. Order of rules, peers and ports counts, and `{}` differs from absent.
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
export function wireSpec(spec: NetworkPolicySpec): NetworkPolicySpec {
  return {
    podSelector: selector(spec.podSelector),
    policyTypes: [...new Set(spec.policyTypes ?? [])].sort().reverse(), // Ingress before Egress, as people write it
    ingress: (spec.ingress ?? []).map(ingressRule),
    egress: (spec.egress ?? []).map(egressRule),
  };
}

function ingressRule(rule: IngressRule): IngressRule {
  return { ...(rule.from?.length ? { from: rule.from.map(peer) } : {}), ...ports(rule.ports) };
}

function egressRule(rule: EgressRule): EgressRule {
  return { ...(rule.to?.length ? { to: rule.to.map(peer) } : {}), ...ports(rule.ports) };
}

function ports(list: readonly Port[] | undefined): { ports?: Port[] } {
  if (!list?.length) return {};
  return {
    ports: list.map((entry) => ({
      protocol: entry.protocol ?? 'TCP',
      ...(entry.port === undefined ? {} : { port: entry.port }),
      ...(entry.endPort === undefined ? {} : { endPort: entry.endPort }),
    })),
  };
}

function peer(from: Peer): Peer {
  return {
    ...(from.podSelector === undefined ? {} : { podSelector: selector(from.podSelector) }),
    ...(from.namespaceSelector === undefined ? {} : { namespaceSelector: selector(from.namespaceSelector) }),
    ...(from.ipBlock === undefined ? {} : { ipBlock: ipBlock(from.ipBlock) }),
  };
}

function ipBlock(block: NonNullable<Peer['ipBlock']>): NonNullable<Peer['ipBlock']> {
  return { cidr: block.cidr, ...(block.except?.length ? { except: [...block.except] } : {}) };
}

function selector(from: LabelSelector | undefined): LabelSelector {
  const labels = Object.entries(from?.matchLabels ?? {});
  return {
    ...(labels.length > 0 ? { matchLabels: Object.fromEntries(labels) } : {}),
    ...(from?.matchExpressions?.length
      ? { matchExpressions: from.matchExpressions.map((e) => ({ key: e.key, operator: e.operator, ...(e.values?.length ? { values: [...e.values] } : {}) })) }
      : {}),
  };
}
