/**
 * Does a rule match a connection? Three-valued: `maybe` is a question that the CNI answers, named by a code.
 *
 * A rule needs a port that matches and a peer that matches.
 */
import { contains, LAST, subtract } from './address.ts';
import type { Code, Family, Options, Pod, Protocol } from './model.ts';
import { matchNamespace, type Match } from './namespace-match.ts';
import type { Peer, PortMatch, Rule } from './rules.ts';
import type { Side } from './side.ts';

/** A rule of one policy against a connection, seen from the governed pod. */
export interface Question {
  /** Namespace of the policy; `undefined` for cluster scope, where every peer names its own. */
  readonly ownNamespace: string | undefined;
  readonly peer: Side;
  /** Of the destination: where names of ports are looked up. */
  readonly destination: Side;
  readonly protocol: Protocol | 'ICMP';
  readonly port: number;
  readonly options: Options;
  /** That the connection is of; absent where it is not known, or may be of any. */
  readonly family?: Family | undefined;
  /** Filled with the questions that came up. */
  readonly codes: Set<Code>;
}

/** Indices are undefined where the rule takes any. */
export interface RuleMatch { readonly match: 'yes' | 'maybe'; readonly peer: number | undefined; readonly port: number | undefined }

export function matchRule({ peers, ports }: Rule, question: Question): RuleMatch | undefined {
  const port = ports === 'any' ? undefined : ports.find((entry) => portMatches(entry, question));
  if (ports !== 'any' && port === undefined) return undefined;
  if (port?.kind === 'range' && port.isEndPort) question.codes.add('end-port');
  const found = peers === 'any' ? { match: 'yes' as const, peer: undefined } : bestPeer(peers, question);
  return found === undefined ? undefined : { ...found, port: port?.index };
}

/** The first that matches for sure, else the first that may. */
function bestPeer(peers: readonly Peer[], question: Question): Omit<RuleMatch, 'port'> | undefined {
  let best: Omit<RuleMatch, 'port'> | undefined;
  const isCovered = coverEveryAddress(peers, question);
  for (const peer of peers) {
    const match = isCovered && peer.kind === 'block' ? 'yes' : matchPeer(peer, question);
    if (match === 'yes') return { match, peer: peer.index };
    if (match === 'maybe') best ??= { match, peer: peer.index };
  }
  return best;
}

/** Whichever address the pod will get, of this family or of any, a block of the rule has it. */
function coverEveryAddress(peers: readonly Peer[], { peer: side, options, family }: Question): boolean {
  if (side.kind !== 'pod' || side.pod.ips.length > 0) return false;
  const blocks = peers.flatMap((peer) => (peer.kind === 'block' && (peer.matchesPods === 'always' || options.ipBlockMatchesPods === 'yes') ? [peer.block] : []));
  const families = family === undefined ? (['IPv4', 'IPv6'] as const) : [family];
  return families.every((each) => subtract([{ from: 0n, to: LAST[each] }], blocks.filter((block) => block.family === each).flatMap(({ ranges }) => ranges)).length === 0);
}

function portMatches(entry: PortMatch, { protocol, port, destination }: Question): boolean {
  if (protocol === 'ICMP') return false;
  if (entry.kind === 'range') return entry.protocol === protocol && entry.first <= port && port <= entry.last;
  if (entry.protocol !== undefined && entry.protocol !== protocol) return false;
  return destination.kind === 'pod' && hasPort(destination.pod, entry.name, { protocol, port });
}

/** Numbers differ per pod: the name counts on the destination, with its protocol. */
function hasPort(pod: Pod, name: string, { protocol, port }: { readonly protocol: Protocol; readonly port: number }): boolean {
  return pod.ports.some((declared) => declared.name === name && declared.containerPort === port && declared.protocol === protocol);
}

function matchPeer(peer: Peer, question: Question): Match {
  const side = question.peer;
  switch (peer.kind) {
    case 'pods': return matchPods(peer, question);
    case 'block': return matchBlock(peer, question);
    case 'nodes': return matchNode(peer, question);
    case 'domain names': return side.kind === 'external' ? asked(question, 'domain-names') : 'no';
  }
}

/** Selectors never select a hostNetwork pod, on most CNIs: an answer that depends on it says so. */
function matchPods({ namespace, pod }: Extract<Peer, { kind: 'pods' }>, question: Question): Match {
  const { peer: side, ownNamespace } = question;
  if (side.kind === 'service') return asked(question, 'service-vip');
  if (side.kind === 'node' && side.pod !== undefined) question.codes.add('host-network');
  if (side.kind !== 'pod') return 'no';
  if (!pod.matches(side.pod.labels)) return 'no';
  if (namespace === undefined) return side.namespace.name === ownNamespace ? 'yes' : 'no';
  const match = matchNamespace(namespace, side.namespace);
  return match === 'maybe' ? asked(question, 'namespace-labels') : match;
}

function matchBlock({ block, matchesPods }: Extract<Peer, { kind: 'block' }>, question: Question): Match {
  const { peer: side, options } = question;
  if (side.kind === 'service') return asked(question, 'service-vip');
  if (side.kind === 'pod' && matchesPods === 'by option' && options.ipBlockMatchesPods === 'no') return 'no';
  if (side.address === undefined) return asked(question, 'startup');
  if (!contains(block, side.address)) return 'no';
  if (side.kind === 'external' || matchesPods === 'always') return 'yes';
  if (side.kind === 'pod') return options.ipBlockMatchesPods === 'yes' ? 'yes' : asked(question, 'cidr-vs-pod');
  return options.ipBlockMatchesPods === 'yes' ? 'yes' : asked(question, 'node-traffic');
}

function matchNode({ node: selector }: Extract<Peer, { kind: 'nodes' }>, question: Question): Match {
  const { peer: side } = question;
  if (side.kind !== 'node') return 'no';
  if (side.node === undefined) return asked(question, 'host-network');
  return selector.matches(side.node.labels) ? 'yes' : 'no';
}

function asked({ codes }: Question, code: Code): Match {
  codes.add(code);
  return 'maybe';
}
