/**
 * Rules that say something else than they seem to: two peers where one was meant, a rule for one application in a policy for
 * all pods, a port by a name that no destination has.
 */
import type { Pod } from '../../netpol/model.ts';
import { compileSelector } from '../../netpol/compile-selector.ts';
import { protocolOf } from '../../netpol/compile-network-policy.ts';
import type { StoredNetworkPolicySpec, StoredPeer, StoredPort, StoredSelector } from '../../netpol/stored.ts';
import { isForDns } from './dns-rule.ts';
import type { Draft } from './finding.ts';
import type { Inventory } from './inventory.ts';
import { peersOf, rulesIn, selectsAll, type PlacedRule } from './lint-spec.ts';
import { PEERS_OF } from './text.ts';

export interface PolicyOfNamespace { readonly namespace: string; readonly spec: StoredNetworkPolicySpec }

export function lintPeers({ namespace, spec }: PolicyOfNamespace, inventory: Inventory): Draft[] {
  const rules = rulesIn(spec);
  const twoForOne = rules.map((placed) => orForAnd(placed, namespace, inventory));
  return [
    ...twoForOne.flat(),
    // Pods that were meant to be those of another namespace say nothing about an application of this one.
    ...(selectsAll(spec.podSelector) ? rules.filter((_placed, index) => twoForOne[index]?.length === 0).flatMap(forOneApplication) : []),
    ...rules.flatMap((placed) => unresolvedPorts(placed, { namespace, spec }, inventory)),
  ];
}

type Shape = 'namespaces' | 'some own pods' | 'other';

/** One peer with only a namespaceSelector beside one with only a podSelector. */
function orForAnd(placed: PlacedRule, namespace: string, inventory: Inventory): Draft[] {
  const peers = peersOf(placed).map((peer) => peer ?? {});
  const shapes = peers.map(shapeOf);
  return peers.flatMap((peer, index): Draft[] => {
    const next = peers[index + 1];
    const pair = [shapes[index], shapes[index + 1]];
    if (next === undefined || !pair.includes('namespaces') || !pair.includes('some own pods')) return [];
    if (isHere(shapes[index] === 'namespaces' ? next : peer, namespace, inventory)) return [];
    return [{
      id: 'or-for-and', level: 'WARN', path: [...placed.path, PEERS_OF[placed.direction], index], direction: placed.direction,
      message: `peers ${index} and ${index + 1} are alternatives: every pod of the selected namespaces, or the selected pods of namespace ${namespace}`,
      fix: 'if pods of those namespaces are meant, put namespaceSelector and podSelector into one peer (one dash)',
    }];
  });
}

function shapeOf({ namespaceSelector, podSelector }: StoredPeer): Shape {
  const [hasNamespaces, hasPods] = [(namespaceSelector ?? undefined) !== undefined, (podSelector ?? undefined) !== undefined];
  if (hasNamespaces && !hasPods) return 'namespaces';
  return hasPods && !hasNamespaces && !selectsAll(podSelector) ? 'some own pods' : 'other';
}

/** Pods that are there in the own namespace may well be meant. */
function isHere({ podSelector }: StoredPeer, own: string, inventory: Inventory): boolean {
  for (const pod of inventory.podsOf(own).matching(compileSelector(podSelector))) return pod !== undefined;
  return false;
}

/**
 * In a policy for every pod: peers by label in the own namespace, or ports for everybody. What speaks of other namespaces,
 * of addresses, of all own pods or of DNS is what namespaces have in common.
 */
function forOneApplication(placed: PlacedRule): Draft[] {
  const { direction, rule, path } = placed;
  const peers = peersOf(placed);
  if (rule === null || rule === undefined || isForDns(placed)) return [];
  const namesOwnPods = peers.some((peer) => shapeOf(peer ?? {}) === 'some own pods');
  const opensPorts = direction === 'Ingress' && peers.length === 0 && (rule.ports ?? []).length > 0;
  if (!namesOwnPods && !opensPorts) return [];
  return [{
    id: 'empty-pod-selector-with-rules', level: 'WARN', path, direction,
    message: 'podSelector is empty, so this rule applies to every pod of the namespace, though it looks like one for a single application',
    fix: 'put the labels of the application into podSelector',
  }];
}

function unresolvedPorts(placed: PlacedRule, policy: PolicyOfNamespace, inventory: Inventory): Draft[] {
  const { direction, rule, path } = placed;
  return (rule?.ports ?? []).flatMap((port, index): Draft[] => {
    if (port === null || port === undefined || typeof port.port !== 'string') return [];
    const found = resolutionOf(port, placed, { policy, inventory });
    if (found === 'resolved' || found === 'unknown') return [];
    const name = `${port.port} (${port.protocol ?? 'TCP'})`;
    const who = direction === 'Ingress' ? 'pod that the policy selects' : 'pod that the rule leads to';
    return [{
      id: 'named-port-unresolved', level: 'WARN', path: [...path, 'ports', index], direction,
      message: found === 'addresses' ? `port ${name} is a name, and addresses have none: it matches nothing` : `no ${who} has a container port named ${name}: it matches nothing`,
      fix: found === 'addresses' ? 'write the number of the port' : 'name the port in the pod, with this protocol, or write its number',
    }];
  });
}

type Resolution = 'resolved' | 'nowhere' | 'addresses' | 'unknown';

function resolutionOf(port: StoredPort, placed: PlacedRule, { policy, inventory }: { readonly policy: PolicyOfNamespace; readonly inventory: Inventory }): Resolution {
  const peers = peersOf(placed);
  if (placed.direction === 'Egress' && peers.length > 0 && peers.every((peer) => (peer?.ipBlock ?? undefined) !== undefined)) return 'addresses';
  let isSomebody = false;
  for (const pod of placed.direction === 'Ingress' ? selectedBy(policy, inventory) : reachedBy(peers, policy.namespace, inventory)) {
    if (pod.terminal) continue;
    isSomebody = true;
    if (pod.ports.some(({ name, protocol }) => name === port.port && protocol === protocolOf(port.protocol))) return 'resolved';
  }
  return isSomebody ? 'nowhere' : 'unknown';
}

function selectedBy({ namespace, spec }: PolicyOfNamespace, inventory: Inventory): Iterable<Pod> {
  return inventory.podsOf(namespace).matching(compileSelector(spec.podSelector));
}

/** Other namespaces only where they are known. */
function* reachedBy(peers: readonly (StoredPeer | null | undefined)[], own: string, inventory: Inventory): Iterable<Pod> {
  if (peers.length === 0 && inventory.isWhole) yield* inventory.pods.matching(compileSelector({}));
  for (const peer of peers) {
    if (peer === null || peer === undefined || (peer.ipBlock ?? undefined) !== undefined) continue;
    const pods = compileSelector(peer.podSelector);
    if (peer.namespaceSelector === null || peer.namespaceSelector === undefined) yield* inventory.podsOf(own).matching(pods);
    else if (inventory.isWhole) yield* matchingElsewhere(inventory, peer.namespaceSelector, pods);
  }
}

function* matchingElsewhere(inventory: Inventory, namespaceSelector: StoredSelector, pods: ReturnType<typeof compileSelector>): Iterable<Pod> {
  const namespaces = compileSelector(namespaceSelector);
  for (const pod of inventory.pods.matching(pods)) if (namespaces.matches(inventory.namespace(pod.namespace).labels)) yield pod;
}
