/** From members and targets to connections: one for each pair, piece of a set of addresses, and address family. */
import type { Direction } from '../../api/network-policy.ts';
import { byFamily } from '../../netpol/evaluate.ts';
import type { Connection, Endpoint } from '../../netpol/model.ts';
import type { Rule } from '../../netpol/rules.ts';
import { familiesOf } from '../../netpol/side.ts';
import { piecesOf, rangeText, type AddressSet } from './address-space.ts';
import type { Cluster } from './cluster.ts';
import { isTaken, type Member } from './members.ts';
import type { Target } from './targets.ts';

/** One end of a connection that is asked about. */
export interface Party {
  readonly endpoint: Endpoint;
  /** As it would be typed; of a set of addresses all of it if rules make no difference, else one of them. */
  readonly text: string;
  /** For example `Deployment web`. */
  readonly workload: string | undefined;
  /** Addresses that this one stands for. */
  readonly ranges: readonly string[];
  /** The same as a value, with what was asked for. */
  readonly set?: AddressSet & { readonly text: string };
}

export interface Pair { readonly from: Party; readonly to: Party; readonly connection: Connection }

/** Where rules may tell addresses apart: those of the pods on the other side, and those for the cluster. */
export function rulesAbout(cluster: Cluster, members: readonly Member[], direction: Direction): Rule[] {
  const namespaces = new Set(members.flatMap((member) => (member.kind === 'pod' ? [member.pod.namespace] : [])));
  if (namespaces.size === 0) return [];
  const own = [...namespaces].flatMap((namespace) => cluster.world.policiesIn(namespace).flatMap(({ compiled }) => compiled.rules[direction]));
  return [...own, ...cluster.world.clusterPolicies.flatMap(({ compiled }) => compiled.rules[direction])];
}

/** A set of addresses becomes as many parties as `rules` tell pieces apart. */
export function partiesOf(cluster: Cluster, member: Member, rules: readonly Rule[]): Party[] {
  switch (member.kind) {
    case 'pod': return [{ endpoint: { pod: member.pod }, text: member.text, workload: member.workload === undefined ? undefined : `${member.workload.kind} ${member.workload.name}`, ranges: [] }];
    case 'address': return [{ endpoint: { ip: member.ip }, text: member.ip, workload: undefined, ranges: [] }];
    case 'set': return piecesOf(member.set, rules, isTaken(cluster)).map(({ example, ranges, family }, _, { length }) => (
      { endpoint: { ip: example }, text: length === 1 ? member.text : example, workload: undefined, ranges: ranges.map((range) => rangeText(range, family)), set: { family, ranges, text: member.text } }));
  }
}

/** One for each address family that both have; nothing where they have none in common. */
export function pairsOf({ world }: Cluster, from: Party, to: Party, { port, protocol, throughService }: Omit<Target, 'to'>): Pair[] {
  const connection: Connection = { from: from.endpoint, to: to.endpoint, port, protocol, throughService };
  const [here, there] = [familiesOf(world, from.endpoint), familiesOf(world, to.endpoint)];
  if (here.size > 0 && there.size > 0 && ![...here].some((family) => there.has(family))) return [];
  return byFamily(world, connection).map((each) => ({ from, to, connection: each }));
}

/** A pod with itself: nobody asks about it who asks about a group. */
export function isSelf({ from, to }: Pick<Pair, 'from' | 'to'>): boolean {
  if (!('pod' in from.endpoint) || !('pod' in to.endpoint)) return false;
  return from.endpoint.pod.namespace === to.endpoint.pod.namespace && from.endpoint.pod.name === to.endpoint.pod.name;
}
