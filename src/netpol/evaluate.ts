/**
 * Is a connection allowed? Both directions are decided separately, each with its decider; never a guess.
 *
 * Coverage, explain, preview and tests of connectivity ask this one function. Replies are always allowed.
 */
import type { Direction } from '../api/network-policy.ts';
import { addressKey } from './address.ts';
import { bothOf, type Answer, type DirectionAnswer, type Outcome, type Verdict } from './answer.ts';
import type { Code, Connection, Endpoint, Namespace, Pod, PolicyRef } from './model.ts';
import type { Question } from './match.ts';
import { matchNamespace } from './namespace-match.ts';
import { familiesOf, sideOf, type Side } from './side.ts';
import { outcomesOf, type Applying } from './tiers.ts';
import { matchSubject, type NamedOpaquePolicy, type World } from './world.ts';

export function evaluate(world: World, connection: Connection): Answer {
  const [first = evaluateIn(world, connection), ...others] = byFamily(world, connection).map((each) => evaluateIn(world, each));
  return others.reduce(merged, first);
}

/** The connection in each family that it can have; as it is where the sides have none in common, or no addresses yet. */
export function byFamily(world: World, connection: Connection): readonly Connection[] {
  if (connection.family !== undefined) return [connection];
  const there = familiesOf(world, connection.to);
  const families = [...familiesOf(world, connection.from)].filter((family) => there.has(family));
  return families.length === 0 ? [connection] : families.map((family) => ({ ...connection, family }));
}

/** Of two families: `unknown` where they differ. */
function merged(a: Answer, b: Answer): Answer {
  const [egress, ingress] = [mergedDirection(a.egress, b.egress), mergedDirection(a.ingress, b.ingress)];
  const verdict = a.verdict === b.verdict ? a.verdict : 'unknown';
  return { verdict, egress, ingress };
}

function mergedDirection(a: DirectionAnswer, b: DirectionAnswer): DirectionAnswer {
  if (a.verdict === b.verdict) return { ...a, codes: sorted([...a.codes, ...b.codes]) };
  return { ...a, verdict: 'unknown', outcomes: [...a.outcomes, ...b.outcomes], codes: sorted([...a.codes, ...b.codes, 'ip-family']) };
}

function sorted(codes: Iterable<Code>): Code[] {
  return [...new Set(codes)].sort();
}

function evaluateIn(world: World, connection: Connection): Answer {
  const egress = directionAnswer(world, connection, 'Egress');
  const ingress = directionAnswer(world, connection, 'Ingress');
  return { verdict: bothOf(egress.verdict, ingress.verdict), egress, ingress };
}

/** Policies have a say: about whom, which, and what is asked of each of their rules. */
export interface Asked {
  readonly governed: Extract<Side, { readonly kind: 'pod' }>;
  readonly applying: Applying;
  readonly question: Question;
  /** The pod reaches itself through a Service. */
  readonly isHairpin: boolean;
}

/** One direction in one family; an outcome where policies have no say. */
export function askedOf(world: World, connection: Connection, direction: Direction): Asked | Outcome {
  const [from, to] = [sideOf(world, connection.from, connection.family), sideOf(world, connection.to, connection.family)];
  const [governed, peer] = direction === 'Egress' ? [from, to] : [to, from];
  if (governed.kind !== 'pod') return { verdict: 'allowed', reason: { kind: 'not governed' } };
  const isSelf = isSameOf(from, to);
  if (isSelf && connection.throughService !== true) return { verdict: 'allowed', reason: { kind: 'self' } };
  if (direction === 'Ingress' && isOwnNode(governed.pod, peer)) return { verdict: 'allowed', reason: { kind: 'own node' } };
  return {
    governed,
    applying: applyingTo(world, governed, direction),
    question: {
      ownNamespace: governed.namespace.name, peer, destination: to, protocol: connection.protocol, port: connection.port, options: world.options, family: connection.family,
      codes: new Set(),
    },
    isHairpin: isSelf,
  };
}

function directionAnswer(world: World, connection: Connection, direction: Direction): DirectionAnswer {
  const asked = askedOf(world, connection, direction);
  if ('verdict' in asked) return certain(asked, asked.reason.kind === 'not governed' && isHostNetwork(direction === 'Egress' ? connection.from : connection.to) ? ['host-network'] : []);
  const { governed, applying, question } = asked;
  const outcomes = outcomesOf(applying, question, asked.isHairpin);
  const isPoliced = outcomes.some(({ reason }) => reason.kind !== 'default') || applying.clusterPolicies.length > 0;
  const opaque = opaqueFor(world, governed, direction);
  return {
    verdict: opaque.length > 0 ? 'unknown' : verdictOf(outcomes),
    outcomes,
    isolating: applying.isolating.map(({ ref }) => ref),
    opaque,
    codes: sorted([...question.codes, ...(isPoliced ? generalCodes(connection, asked) : [])]),
  };
}

function isHostNetwork(endpoint: Endpoint): boolean {
  return 'pod' in endpoint && endpoint.pod.hostNetwork;
}

function certain(outcome: Outcome, codes: readonly Code[] = []): DirectionAnswer {
  return { verdict: outcome.verdict, outcomes: [outcome], isolating: [], opaque: [], codes };
}

function verdictOf(outcomes: readonly Outcome[]): Verdict {
  const [first, ...others] = outcomes;
  return first !== undefined && others.every(({ verdict }) => verdict === first.verdict) ? first.verdict : 'unknown';
}

/** What is so on every CNI of this kind of traffic only by and large. */
function generalCodes({ protocol }: Connection, { governed, question: { peer } }: Asked): Code[] {
  const codes: Code[] = [];
  if (isStarting(governed.pod)) codes.push('startup');
  if (protocol === 'SCTP') codes.push('sctp');
  if (protocol === 'ICMP') codes.push('icmp');
  if (peer.kind === 'node') codes.push('node-traffic');
  if (peer.kind === 'node' && peer.pod !== undefined) codes.push('host-network');
  if (peer.kind === 'service') codes.push('service-vip');
  return codes;
}

/** On a node, and without an address yet: a network may let it talk before policies are in place, or not at all until then. */
function isStarting({ node, ips }: Pod): boolean {
  return node !== undefined && ips.length === 0;
}

function isSameOf(from: Side, to: Side): boolean {
  if (from.kind !== 'pod' || to.kind !== 'pod') return false;
  if (from.pod.namespace === to.pod.namespace && from.pod.name === to.pod.name) return true;
  return from.address !== undefined && to.address !== undefined && addressKey(from.address) === addressKey(to.address);
}

function isOwnNode(pod: Pod, peer: Side): boolean {
  return peer.kind === 'node' && peer.name !== undefined && peer.name === pod.node;
}

/** The policies that have a say about a pod in a direction. */
export function applyingTo(world: World, { pod, namespace }: { readonly pod: Pod; readonly namespace: Namespace }, direction: Direction): Applying {
  return {
    direction,
    clusterPolicies: world.clusterPolicies.filter(({ compiled }) => compiled.rules[direction].length > 0).flatMap((named) => {
      const match = matchSubject(named.compiled, namespace, pod);
      return match === 'no' ? [] : [match === 'yes' ? named : { ...named, isUncertain: true }];
    }),
    isolating: world.policiesIn(pod.namespace).filter(({ compiled }) => compiled.isolates[direction] && compiled.selector.matches(pod.labels)),
  };
}

function opaqueFor(world: World, { pod, namespace }: { readonly pod: Pod; readonly namespace: Namespace }, direction: Direction): PolicyRef[] {
  return world.opaque.filter((named) => concerns(named, { pod, namespace }, direction)).map(({ ref }) => ref);
}

/** Whether a policy that is not evaluated may have a say about the pod. */
export function concerns({ ref, scopes }: NamedOpaquePolicy, { pod, namespace }: { readonly pod: Pod; readonly namespace: Namespace }, direction: Direction): boolean {
  if (ref.namespace !== undefined && ref.namespace !== namespace.name) return false;
  return scopes.some((scope) => scope.directions.includes(direction) && matchNamespace(scope.namespace, namespace) !== 'no' && scope.pod.matches(pod.labels));
}
