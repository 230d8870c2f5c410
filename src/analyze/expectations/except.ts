/** Those that an expectation leaves out: pods by name, addresses by range. */
import { subtract, type Range } from '../../netpol/address.ts';
import type { Family, Pod } from '../../netpol/model.ts';
import type { AddressSet } from '../explain/address-space.ts';
import type { Cluster } from '../explain/cluster.ts';
import { endText, type End } from '../explain/end.ts';
import { membersOf, type Member } from '../explain/members.ts';

export interface Except {
  /** What is left of a member: nothing, itself, or a smaller set. */
  leftOf(member: Member): Member[];
  /** Of those that mean nobody: more is looked at then, not less. */
  readonly notes: readonly string[];
}

/** A Service is refused when the file is read. */
export function exceptOf(cluster: Cluster, ends: readonly End[]): Except {
  const read = ends.flatMap((end) => (end.kind === 'service' ? [] : [{ end, found: membersOf(cluster, end) }]));
  const members = read.flatMap(({ found }) => ('problem' in found ? [] : found.members));
  const notes = read.flatMap(({ end, found }) => ('problem' in found ? [`except ${endText(end)} leaves nobody out: ${found.problem}`] : []));
  const pods = new Set(members.flatMap((member) => (member.kind === 'pod' ? [podId(member.pod)] : [])));
  const addresses = new Set(members.flatMap((member) => (member.kind === 'address' ? [member.ip] : [])));
  const ranges = (family: Family): Range[] => [...sets(members), ...ends.flatMap((end) => (end.kind === 'address' ? [{ family: end.address.family, ranges: [{ from: end.address.bits, to: end.address.bits }] }] : []))]
    .flatMap((set) => (set.family === family ? set.ranges : []));
  return {
    notes,
    leftOf(member) {
      if (member.kind === 'pod') return pods.has(podId(member.pod)) ? [] : [member];
      if (member.kind === 'address') return addresses.has(member.ip) ? [] : [member];
      const left = subtract(member.set.ranges, ranges(member.set.family));
      return left.length === 0 ? [] : [{ ...member, set: { family: member.set.family, ranges: left } }];
    },
  };
}

function sets(members: readonly Member[]): AddressSet[] {
  return members.flatMap((member) => (member.kind === 'set' ? [member.set] : []));
}

function podId({ namespace, name }: Pod): string {
  return `${namespace}/${name}`;
}
