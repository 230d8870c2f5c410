/** From members and targets to connections: one for each pair, piece of a set of addresses, and address family. */
import type { Direction } from '../../api/network-policy.ts';
import type { Connection, Endpoint, Family } from '../../netpol/model.ts';
import type { Rule } from '../../netpol/rules.ts';
import { familiesOf } from '../../netpol/side.ts';
import { piecesOf, rangeText } from './address-space.ts';
import type { Cluster } from './cluster.ts';
import { isTaken, type Member } from './members.ts';
import type { Target } from './targets.ts';

/** One end of a connection that is asked about. */
export interface Party {
  readonly endpoint: Endpoint;
  /** As it would be typed; of a set of addresses one of them. */
  readonly text: string;
  /** For example `Deployment web`. */
  readonly workload: string | undefined;
  /** Addresses that this one stands for. */
  readonly ranges: readonly string[];
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
    case 'set': return piecesOf(member.set, rules, isTaken(cluster)).map(({ example, ranges, family }) => (
      { endpoint: { ip: example }, text: example, workload: undefined, ranges: ranges.map((range) => rangeText(range, family)) }));
  }
}

/** Nothing where both sides have addresses, and none of the same family. */
export function pairsOf(cluster: Cluster, from: Party, to: Party, { port, protocol, throughService }: Omit<Target, 'to'>): Pair[] {
  const connection: Connection = { from: from.endpoint, to: to.endpoint, port, protocol, throughService };
  const [here, there] = [familiesOf(cluster.world, from.endpoint), familiesOf(cluster.world, to.endpoint)];
  if (here.size === 0 && there.size === 0) return [{ from, to, connection }];
  const families: Family[] = here.size === 0 ? [...there] : there.size === 0 ? [...here] : [...here].filter((family) => there.has(family));
  return families.map((family) => ({ from, to, connection: { ...connection, family } }));
}
