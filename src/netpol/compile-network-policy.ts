/**
 * NetworkPolicy v1 to rules, as the API server stores it: policyTypes by the default rule, a null rule as an empty one.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { blockOf } from './address.ts';
import { compileSelector } from './compile-selector.ts';
import { mentionsOf } from './mentions.ts';
import { PROTOCOLS, type Protocol } from './model.ts';
import type { CompiledNetworkPolicy, Peer, PortMatch, Rule } from './rules.ts';
import type { StoredNetworkPolicySpec, StoredPeer, StoredPort, StoredRule } from './stored.ts';

export const LAST_PORT = 65_535;

export function compileNetworkPolicy(spec: StoredNetworkPolicySpec | null | undefined, id: number): CompiledNetworkPolicy {
  const types = policyTypesOf(spec);
  const rulesOf = (direction: Direction, stored: StoredNetworkPolicySpec['ingress']): readonly Rule[] => (types.has(direction) ? (stored ?? []).map((rule, index) => ruleOf(direction, rule, index)) : []);
  const rules = { Ingress: rulesOf('Ingress', spec?.ingress), Egress: rulesOf('Egress', spec?.egress) };
  return {
    id,
    selector: compileSelector(spec?.podSelector),
    isolates: { Ingress: types.has('Ingress'), Egress: types.has('Egress') },
    rules,
    mentions: mentionsOf(rules),
  };
}

/** Absent or empty: Ingress always, Egress only where there is an egress rule. */
export function policyTypesOf(spec: StoredNetworkPolicySpec | null | undefined): ReadonlySet<Direction> {
  const listed = spec?.policyTypes ?? [];
  if (listed.length > 0) return new Set(DIRECTIONS.filter((direction) => listed.includes(direction)));
  return new Set<Direction>((spec?.egress?.length ?? 0) > 0 ? DIRECTIONS : ['Ingress']);
}

/** `to` in an ingress rule is dropped when it is stored, and what remains allows every source. */
function ruleOf(direction: Direction, stored: StoredRule | null | undefined, index: number): Rule {
  const peers = (direction === 'Ingress' ? stored?.from : stored?.to) ?? [];
  const ports = stored?.ports ?? [];
  return {
    index,
    action: 'Allow',
    peers: peers.length === 0 ? 'any' : peers.flatMap((peer, at) => peerOf(peer ?? {}, at)),
    ports: ports.length === 0 ? 'any' : ports.flatMap((port, at) => portOf(port ?? {}, at)),
  };
}

/** Nothing for a peer that cannot be stored: it matches nothing. */
function peerOf({ ipBlock, namespaceSelector, podSelector }: StoredPeer, index: number): Peer[] {
  if (ipBlock !== null && ipBlock !== undefined) {
    const block = blockOf(ipBlock.cidr, ipBlock.except ?? []);
    return block === undefined ? [] : [{ kind: 'block', index, block, matchesPods: 'by option' }];
  }
  if ((namespaceSelector ?? podSelector ?? undefined) === undefined) return [];
  const namespace = namespaceSelector === null || namespaceSelector === undefined ? undefined : compileSelector(namespaceSelector);
  return [{ kind: 'pods', index, namespace, pod: compileSelector(podSelector) }];
}

function portOf({ protocol: stored, port, endPort }: StoredPort, index: number): PortMatch[] {
  const protocol = protocolOf(stored);
  if (protocol === undefined) return [];
  if (typeof port === 'string') return [{ kind: 'named', index, protocol, name: port }];
  if (typeof port !== 'number') return [{ kind: 'range', index, protocol, first: 1, last: LAST_PORT, isEndPort: false }];
  return [{ kind: 'range', index, protocol, first: port, last: endPort ?? port, isEndPort: typeof endPort === 'number' }];
}

/** TCP when absent, `undefined` when it is none that policies know. */
export function protocolOf(stored: string | null | undefined): Protocol | undefined {
  return PROTOCOLS.find((known) => known === (stored ?? 'TCP'));
}
