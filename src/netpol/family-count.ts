/** Which address families the pods of a cluster use: a family that none uses does not count for a class. */
import type { Family, Pod } from './model.ts';

export interface FamilyCount {
  add(pod: Pod): void;
  remove(pod: Pod): void;
  /** What was given while no pod has an address. */
  list(): readonly Family[];
  /** Whether the list is another than at the last call. */
  changed(): boolean;
}

export function createFamilyCount(beforeAddresses: readonly Family[] = ['IPv4']): FamilyCount {
  const counts: Record<Family, number> = { IPv4: 0, IPv6: 0 };
  const listed = (): readonly Family[] => (counts.IPv4 + counts.IPv6 === 0 ? beforeAddresses : listOf(counts));
  let last: readonly Family[] = listed();
  const count = ({ ips, hostNetwork, terminal }: Pod, by: number): void => {
    if (hostNetwork || terminal) return;
    for (const ip of ips) counts[ip.includes(':') ? 'IPv6' : 'IPv4'] += by;
  };
  return {
    add: (pod) => count(pod, 1),
    remove: (pod) => count(pod, -1),
    list: listed,
    changed() {
      const now = listed();
      const isOther = now.join() !== last.join();
      last = now;
      return isOther;
    },
  };
}

function listOf({ IPv4, IPv6 }: Record<Family, number>): readonly Family[] {
  if (IPv6 === 0) return ['IPv4'];
  return IPv4 === 0 ? ['IPv6'] : ['IPv4', 'IPv6'];
}
