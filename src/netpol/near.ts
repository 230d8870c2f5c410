/**
 * Why no rule allowed a connection: the rules of the policies that isolate the pod, with what each of them missed.
 *
 * For people who look for the rule that was meant to match; nearest first.
 */
import type { Direction } from '../api/network-policy.ts';
import { contains, type Address } from './address.ts';
import { LAST_PORT } from './compile-network-policy.ts';
import { holds, type Constraint, type Cube } from './cube.ts';
import { askedOf, byFamily, type Asked } from './evaluate.ts';
import { matchRule, type Question } from './match.ts';
import { NAMESPACE_NAME_LABEL, type Connection, type Namespace, type PolicyRef, type Protocol } from './model.ts';
import type { Peer, PortMatch, Rule } from './rules.ts';
import { compareRefs, type World } from './world.ts';

/** One thing that is not as the rule wants it. */
export type Miss =
  /** A label of the peer's namespace or of the peer; `found` is absent where it has no such label. */
  | { readonly kind: 'namespace label' | 'pod label'; readonly key: string; readonly wanted: Constraint; readonly found: string | undefined }
  /** Whether its namespace has the label is not known: no manifest declares it. */
  | { readonly kind: 'namespace label not known'; readonly key: string; readonly wanted: Constraint }
  /** A podSelector alone means the policy's own namespace. */
  | { readonly kind: 'other namespace'; readonly wanted: string; readonly found: string }
  /** Selectors select pods, and the peer is an address outside, a node or a hostNetwork pod. */
  | { readonly kind: 'no pod' }
  /** The address lies in no range of the block; `except`: in one that is taken out; `family`: it is of another one. */
  | { readonly kind: 'address' | 'except' | 'family' }
  /** The peer has none yet; or it is that of a Service, and what policies see of it is undefined. */
  | { readonly kind: 'no address' | 'service address' }
  /** It is in the range, and blocks do not match pods here, or may not; of nodes the network decides. */
  | { readonly kind: 'block and pod' | 'block and node' }
  | { readonly kind: 'port'; readonly wanted: string; readonly found: number }
  | { readonly kind: 'protocol'; readonly wanted: Protocol; readonly found: Protocol | 'ICMP' }
  /** No port of the destination that is called so is this one; `numbers` are those of the same protocol. */
  | { readonly kind: 'port name'; readonly name: string; readonly numbers: readonly number[]; readonly found: number }
  /** A selector that contradicts itself, or entries that cannot be read. */
  | { readonly kind: 'matches nothing' };

/** Indices are positions in the stored lists; absent where the rule takes any, or has none that can be read. */
export interface NearMiss {
  readonly policy: PolicyRef;
  readonly rule: number;
  readonly peer: number | undefined;
  readonly port: number | undefined;
  /** Of the peer and the port that came nearest; at least one. */
  readonly misses: readonly Miss[];
}

/** Empty unless a NetworkPolicy isolates the governed pod. Where the connection is of two families, those of the first that is not surely allowed. */
export function nearestRules(world: World, connection: Connection, direction: Direction): NearMiss[] {
  for (const each of byFamily(world, connection)) {
    const asked = askedOf(world, each, direction);
    const found = 'verdict' in asked ? undefined : nearMissesOf(asked, direction);
    if (found !== undefined) return found;
  }
  return [];
}

/** `undefined` where a rule allows for sure. */
function nearMissesOf({ applying, question }: Asked, direction: Direction): NearMiss[] | undefined {
  const rules = applying.isolating.flatMap(({ ref, compiled }) => compiled.rules[direction].map((rule) => ({ ref, rule })));
  if (rules.some(({ rule }) => matchRule(rule, question)?.match === 'yes')) return undefined;
  const found = rules.map(({ ref, rule }) => ({ policy: ref, ...nearMiss(rule, question) }));
  return found.sort((a, b) => distance(a.misses) - distance(b.misses) || compareRefs(a.policy, b.policy) || a.rule - b.rule);
}

/** What of an entry of a list stands in the way; nothing if it matches. */
interface Entry { readonly index: number | undefined; readonly misses: readonly Miss[] }

function nearMiss(rule: Rule, question: Question): Omit<NearMiss, 'policy'> {
  const port = nearestOf(rule.ports, (entry) => missesOfPort(entry, question), ({ misses }) => gapOf(misses));
  const peer = nearestOf(rule.peers, (entry) => missesOfPeer(entry, question));
  return { rule: rule.index, peer: peer.index, port: port.index, misses: [...peer.misses, ...port.misses] };
}

function nearestOf<T extends { readonly index: number }>(entries: 'any' | readonly T[], missesOf: (entry: T) => Miss[], gap: (entry: Entry) => number = () => 0): Entry {
  if (entries === 'any') return { index: undefined, misses: [] };
  const [nearest = { index: undefined, misses: [{ kind: 'matches nothing' } as const] }] = entries.map((entry) => ({ index: entry.index, misses: missesOf(entry) })).sort((a, b) => distance(a.misses) - distance(b.misses) || gap(a) - gap(b));
  return nearest;
}

/** How far from what was meant: a label of a pod is changed more easily than where it is. */
const DISTANCES: Readonly<Record<Miss['kind'], number>> = {
  'block and pod': 1, 'block and node': 1, 'no address': 1, 'service address': 1, 'namespace label not known': 1, 'port name': 2, port: 2, 'pod label': 2, protocol: 3, except: 3, 'namespace label': 3, 'other namespace': 3, family: 4, address: 4, 'no pod': 5, 'matches nothing': 6,
};

function distance(misses: readonly Miss[]): number {
  return misses.reduce((sum, { kind }) => sum + DISTANCES[kind], 0);
}

/** How far the number is from the port that is wanted: of two entries the closer one was meant. */
function gapOf(misses: readonly Miss[]): number {
  return Math.max(0, ...misses.map((miss) => {
    if (miss.kind === 'port') return Math.min(...miss.wanted.split('-').map((end) => Math.abs(Number(end) - miss.found)));
    return miss.kind === 'port name' ? Math.min(...miss.numbers.map((number) => Math.abs(number - miss.found)), LAST_PORT) : 0;
  }));
}

function missesOfPort(entry: PortMatch, { protocol, port, destination }: Question): Miss[] {
  const ofProtocol: Miss[] = protocol === 'ICMP' || (entry.protocol ?? protocol) !== protocol ? [{ kind: 'protocol', wanted: entry.protocol ?? 'TCP', found: protocol }] : [];
  if (protocol === 'ICMP') return ofProtocol;
  if (entry.kind === 'range') {
    if (entry.first <= port && port <= entry.last) return ofProtocol;
    return [...ofProtocol, { kind: 'port', wanted: entry.first === entry.last ? String(entry.first) : `${entry.first}-${entry.last}`, found: port }];
  }
  const declared = destination.kind === 'pod' ? destination.pod.ports.filter((each) => each.name === entry.name && each.protocol === protocol) : [];
  if (declared.some(({ containerPort }) => containerPort === port)) return ofProtocol;
  return [...ofProtocol, { kind: 'port name', name: entry.name, numbers: declared.map(({ containerPort }) => containerPort), found: port }];
}

function missesOfPeer(peer: Peer, question: Question): Miss[] {
  switch (peer.kind) {
    case 'pods': return missesOfPods(peer, question);
    case 'block': return missesOfBlock(peer, question);
    case 'nodes': case 'domain names': return [{ kind: 'matches nothing' }]; // in no NetworkPolicy
  }
}

function missesOfPods({ namespace, pod }: Extract<Peer, { kind: 'pods' }>, { peer: side, ownNamespace = '' }: Question): Miss[] {
  if (side.kind === 'service') return [{ kind: 'service address' }];
  if (side.kind !== 'pod') return [{ kind: 'no pod' }];
  if (pod.cube === undefined || (namespace !== undefined && namespace.cube === undefined)) return [{ kind: 'matches nothing' }];
  const here = side.namespace.name;
  const ofNamespace: Miss[] = namespace?.cube === undefined
    ? (here === ownNamespace ? [] : [{ kind: 'other namespace', wanted: ownNamespace, found: here }])
    : missesOfNamespace(namespace.cube, side.namespace);
  return [...ofNamespace, ...missesOfLabels('pod label', pod.cube, side.pod.labels)];
}

/** Of labels that are not known only those are missed that are not there for sure. */
function missesOfNamespace(cube: Cube, { labels, labelsUnknown }: Namespace): Miss[] {
  const missed = missesOfLabels('namespace label', cube, labels);
  if (labelsUnknown !== true) return missed;
  const unknown = [...cube].filter(([key]) => key !== NAMESPACE_NAME_LABEL).map(([key, wanted]): Miss => ({ kind: 'namespace label not known', key, wanted }));
  return [...missed.filter((miss) => miss.kind === 'namespace label' && miss.key === NAMESPACE_NAME_LABEL), ...unknown];
}

function missesOfLabels(kind: 'namespace label' | 'pod label', cube: Cube, labels: ReadonlyMap<string, string>): Miss[] {
  return [...cube].filter(([key, wanted]) => !holds(wanted, labels.get(key))).map(([key, wanted]) => ({ kind, key, wanted, found: labels.get(key) }));
}

function missesOfBlock({ block }: Extract<Peer, { kind: 'block' }>, { peer: side, options }: Question): Miss[] {
  const { address } = side;
  if (side.kind === 'service') return [{ kind: 'service address' }];
  if (address === undefined) return [{ kind: 'no address' }];
  if (!contains(block, address)) return [{ kind: whyOutside(block, address) }];
  if (side.kind === 'external' || options.ipBlockMatchesPods === 'yes') return [];
  return [{ kind: side.kind === 'pod' ? 'block and pod' : 'block and node' }];
}

function whyOutside({ family, excepted }: Extract<Peer, { kind: 'block' }>['block'], address: Address): 'family' | 'except' | 'address' {
  if (family !== address.family) return 'family';
  return contains({ family, ranges: excepted }, address) ? 'except' : 'address';
}

/** As kubectl has it: `team=blue`, `tier in (api,web)`, `env notin (dev)`, `team` and `!team` for keys that must be there or not. */
export function wantedText(key: string, { values, negated, absent }: Constraint): string {
  const list = [...values].sort();
  if (list.length === 0) return absent && !negated ? `!${key}` : key;
  if (negated) return `${absent ? '' : `${key},`}${key} notin (${list.join(',')})`;
  return list.length === 1 ? `${key}=${list[0]}` : `${key} in (${list.join(',')})`;
}
