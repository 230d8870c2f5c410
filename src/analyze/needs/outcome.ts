/**
 * Is a need met? Asked of pods that stand for all that are alike, since pods of one workload differ in little.
 *
 * Promises: a need is denied if one of these connections is; `unknown` where none is denied and one is not known.
 */
import type { Direction } from '../../api/network-policy.ts';
import type { DirectionAnswer, Verdict } from '../../netpol/answer.ts';
import { evaluate } from '../../netpol/evaluate.ts';
import type { Code, Connection, Endpoint, Pod, PolicyRef } from '../../netpol/model.ts';
import type { World } from '../../netpol/world.ts';
import type { Need, Party } from './need.ts';

/** Pods of one party that are looked at: the first with each set of labels. Addresses are all looked at, up to the latter. */
const EXAMPLES = 4;
const ADDRESSES = 16;

/** One connection of a need under both sets of policies. */
export interface Comparison { readonly connection: Connection; readonly before: Verdict; readonly after: Verdict }

export function connectionsOf(need: Need): Connection[] {
  const targets = examplesOf(need.to);
  const { protocol, port } = need;
  const pairs = examplesOf(need.from).flatMap((from) => targets.map((to) => ({ from, to })));
  const apart = pairs.filter(({ from, to }) => !('pod' in from && 'pod' in to && from.pod === to.pod));
  return (apart.length > 0 ? apart : pairs).map(({ from, to }) => ({ from, to, protocol, port, throughService: need.to.kind === 'pods' && need.to.throughService === true }));
}

function examplesOf(party: Party): Endpoint[] {
  if (party.kind === 'addresses') return party.ips.slice(0, ADDRESSES).map((ip) => ({ ip }));
  if (party.pods.length === 1) return party.pods.map((pod) => ({ pod }));
  const alike = Map.groupBy(party.pods, alikeness);
  return [...alike.values()].flatMap(([first]) => (first === undefined ? [] : [{ pod: first }])).slice(0, EXAMPLES);
}

/** What policies tell pods apart by, but for their addresses. Labels that are equal are one object. */
function alikeness({ labels, hostNetwork }: Pod): string {
  return `${hostNetwork} ${[...labels].map(([key, value]) => `${key}=${value}`).sort().join(',')}`;
}

export function compared(need: Need, before: World, after: World): Comparison[] {
  return connectionsOf(need).map((connection) => ({ connection, before: evaluate(before, connection).verdict, after: evaluate(after, connection).verdict }));
}

export function verdictOn(need: Need, world: World): Verdict {
  const verdicts = connectionsOf(need).map((connection) => evaluate(world, connection).verdict);
  if (verdicts.includes('denied')) return 'denied';
  return verdicts.includes('unknown') ? 'unknown' : 'allowed';
}

/** Why it is not known. */
export interface Doubts { /** Policies of kinds that are not evaluated; sorted. */ readonly policies: readonly PolicyRef[]; readonly codes: readonly Code[] }

export function doubtsAbout(need: Need, world: World): Doubts {
  const unknown = connectionsOf(need).flatMap((connection) => {
    const { egress, ingress } = evaluate(world, connection);
    return [egress, ingress].filter(({ verdict }) => verdict === 'unknown');
  });
  return { policies: distinct(unknown.flatMap(({ opaque }) => opaque)), codes: [...new Set(unknown.flatMap(({ codes }) => codes))].sort() };
}

/** The sides that deny at least one of these connections, with the policies that do. */
export interface Blocked { readonly direction: Direction; /** Sorted. */ readonly by: readonly PolicyRef[] }

export function blockedSides(connections: readonly Connection[], world: World): Blocked[] {
  const answers = connections.map((connection) => evaluate(world, connection));
  const sides: readonly (readonly [Direction, readonly DirectionAnswer[]])[] = [['Egress', answers.map(({ egress }) => egress)], ['Ingress', answers.map(({ ingress }) => ingress)]];
  return sides.flatMap(([direction, found]) => {
    const denying = found.filter(({ verdict }) => verdict === 'denied');
    return denying.length === 0 ? [] : [{ direction, by: distinct(denying.flatMap(decidersOf)) }];
  });
}

/** The rule that denies, or the policies that isolate. */
function decidersOf({ outcomes, isolating }: DirectionAnswer): readonly PolicyRef[] {
  const [first] = outcomes;
  if (first?.reason.kind !== 'rule') return isolating;
  const { kind, namespace, name } = first.reason.decider;
  return [{ kind, namespace, name }];
}

function distinct(refs: readonly PolicyRef[]): PolicyRef[] {
  return [...new Map(refs.map((ref) => [`${ref.kind} ${ref.namespace ?? ''}/${ref.name}`, ref])).entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
}
