/** What rules say by name, so that equal policies can share a class unless a name makes the difference. */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { NAMESPACE_NAME_LABEL } from './model.ts';
import type { Mentions, Peer, Rule, RulesByDirection } from './rules.ts';

export function mentionsOf(rules: RulesByDirection): Readonly<Record<Direction, Mentions>> {
  const [ingress, egress] = DIRECTIONS.map((direction) => mentioned(rules[direction])) as [Mentions, Mentions];
  return { Ingress: ingress, Egress: egress };
}

function mentioned(rules: readonly Rule[]): Mentions {
  const ports = rules.flatMap((rule) => (rule.ports === 'any' ? [] : rule.ports));
  const peers = rules.flatMap((rule) => (rule.peers === 'any' ? [] : rule.peers));
  return {
    namespaces: new Set(peers.flatMap(namesIn)),
    portNames: [...new Set(ports.flatMap((port) => (port.kind === 'named' ? [port.name] : [])))].sort(),
  };
}

function namesIn(peer: Peer): string[] {
  return peer.kind === 'pods' ? [...peer.namespace?.cube?.get(NAMESPACE_NAME_LABEL)?.values ?? []] : [];
}
