/**
 * Rules for DNS whose peers are neither DNS pods nor other pods that serve names: the classic `name: kube-system`, or pods of
 * the own namespace where those of kube-system were meant.
 */
import { compileSelector } from '../../netpol/compile-selector.ts';
import type { Pod } from '../../netpol/model.ts';
import type { StoredNetworkPolicySpec, StoredPeer } from '../../netpol/stored.ts';
import type { Dns } from './dns.ts';
import { DNS_PORT_NUMBERS, isForDns } from './dns-rule.ts';
import type { Draft } from './finding.ts';
import type { Inventory } from './inventory.ts';
import { peersOf, rulesIn } from './lint-spec.ts';
import type { SelectorLint } from './lint-selectors.ts';

export type DnsLint = (namespace: string, spec: StoredNetworkPolicySpec) => Draft[];

/** Remembers peers that name their namespaces: every namespace has the same ones. */
export function createDnsLint(dns: Dns, inventory: Inventory, selectors: SelectorLint): DnsLint {
  const elsewhere = new Map<string, boolean>();

  function reachesNames(peer: StoredPeer, own: string): boolean {
    if (peer.ipBlock !== null && peer.ipBlock !== undefined) return true;
    if (peer.namespaceSelector === null || peer.namespaceSelector === undefined) return isThere(peer, own);
    const key = JSON.stringify([peer.namespaceSelector, peer.podSelector]);
    const known = elsewhere.get(key) ?? isThere(peer, own);
    elsewhere.set(key, known);
    return known;
  }

  function isThere({ namespaceSelector, podSelector }: StoredPeer, own: string): boolean {
    const isOwn = namespaceSelector === null || namespaceSelector === undefined;
    const [namespaces, pods] = [compileSelector(namespaceSelector), compileSelector(podSelector)];
    const matches = ({ namespace, labels }: Pod): boolean => (isOwn ? namespace === own : namespaces.matches(inventory.namespace(namespace).labels)) && pods.matches(labels);
    if (dns.pods.some(matches)) return true;
    for (const pod of isOwn ? inventory.podsOf(own).matching(pods) : inventory.pods.matching(pods)) {
      if (matches(pod) && pod.ports.some(({ containerPort }) => DNS_PORT_NUMBERS.has(containerPort))) return true;
    }
    return false;
  }

  return (namespace, spec) => rulesIn(spec).filter(isForDns).flatMap((placed): Draft[] => {
    const peers = peersOf(placed).map((peer) => peer ?? {});
    if (peers.length === 0 || peers.some((peer) => reachesNames(peer, namespace))) return [];
    const why = peers.map((peer) => selectors.missOf(namespace, peer)?.message).find((message) => message !== undefined);
    return [{
      id: 'dns-matches-nothing', level: 'WARN', path: placed.path, direction: 'Egress',
      message: `the rule is for DNS, and none of its peers is a DNS pod${why === undefined ? '' : `: ${why}`}`,
      fix: `name the pods of ${dns.name} in one peer: ${dns.peer}`,
    }];
  });
}
