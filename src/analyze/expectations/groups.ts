/** The ends of an expectation as groups that no policy tells apart, and the pairs between them. */
import type { Pod } from '../../netpol/model.ts';
import type { Rule } from '../../netpol/rules.ts';
import type { Cluster } from '../explain/cluster.ts';
import type { Member } from '../explain/members.ts';
import { pairsOf, partiesOf, rulesAbout, type Pair } from '../explain/pairs.ts';
import type { Target } from '../explain/targets.ts';
import { classKey, portCells, type Distinctions } from './classes.ts';
import type { Ends } from './parties.ts';

/** At least one member; several only where they are pods. */
export type Group = readonly [Member, ...Member[]];
export interface TargetGroup { readonly group: Group; readonly target: Omit<Target, 'to'> }
export interface Groups {
  readonly sources: readonly Group[];
  readonly targets: readonly TargetGroup[];
  /** Where addresses have to be told apart: as destinations, and as sources. */
  readonly rules: { readonly egress: readonly Rule[]; readonly ingress: readonly Rule[] };
}

export function groupsOf(cluster: Cluster, { sources, targets, onEveryPort }: Ends, distinctions: Distinctions): Groups {
  const rules = { egress: rulesAbout(cluster, sources, 'Egress'), ingress: rulesAbout(cluster, [...targets.map(({ to }) => to), ...onEveryPort], 'Ingress') };
  // A pod's own node is always let in, so where nodes ask, the node of a pod makes a difference.
  const withNode = sources.some((source) => source.kind !== 'pod' || source.pod.hostNetwork);
  const keyOf = (member: Member): string => (member.kind === 'pod' ? classKey(member.pod, distinctions, withNode) : textOf(member));
  const byPort = [...Map.groupBy(targets, ({ port, protocol, throughService }) => `${port}/${protocol}/${throughService}`).values()];
  const known = byPort.flatMap((alike) => {
    const target = withoutEnd(alike[0]);
    return target === undefined ? [] : grouped(alike.map(({ to }) => to), keyOf).map((group) => ({ group, target }));
  });
  const every = grouped(onEveryPort, keyOf).flatMap((group) => portCells([...rules.egress, ...rules.ingress], declaredBy(group[0])).map((cell) => ({ group, target: { ...cell, throughService: false } })));
  return { sources: grouped(sources, keyOf), targets: [...known, ...every], rules };
}

function withoutEnd(target: Target | undefined): TargetGroup['target'] | undefined {
  return target === undefined ? undefined : { port: target.port, protocol: target.protocol, throughService: target.throughService };
}

function grouped(members: readonly Member[], keyOf: (member: Member) => string): Group[] {
  return [...Map.groupBy(members, keyOf).values()].flatMap(([first, ...others]) => (first === undefined ? [] : [[first, ...others] as const]));
}

function textOf(member: Exclude<Member, { readonly kind: 'pod' }>): string {
  return member.kind === 'address' ? member.ip : `${member.text}/${member.set.family}`;
}

function declaredBy(member: Member): Pod['ports'] {
  return member.kind === 'pod' ? member.pod.ports : [];
}

/** Pairs that stand for all between two groups, with how many they stand for. A pod and itself only with `withSelf`. */
export function pairsBetween(cluster: Cluster, source: Group, { group, target }: TargetGroup, { rules, withSelf }: Pick<Groups, 'rules'> & { readonly withSelf: boolean }): { readonly pairs: readonly Pair[]; readonly count: number } {
  const chosen = withSelf ? [source[0], group[0]] as const : others(source, group);
  if (chosen === undefined) return { pairs: [], count: 0 };
  const [from, to] = chosen;
  const ends = partiesOf(cluster, to, rules.egress);
  const pairs = partiesOf(cluster, from, rules.ingress).flatMap((one) => ends.flatMap((other) => pairsOf(cluster, one, other, target)));
  return { pairs, count: withSelf ? 1 : source.length * group.length - shared(source, group) };
}

/** One of each that are not the same pod; `undefined` where both groups are one pod. */
function others(source: Group, group: Group): readonly [Member, Member] | undefined {
  const [from] = source;
  const to = group.find((member) => !isSame(from, member));
  if (to !== undefined) return [from, to];
  const another = source.find((member) => !isSame(member, group[0]));
  return another === undefined ? undefined : [another, group[0]];
}

function isSame(a: Member, b: Member): boolean {
  return a.kind === 'pod' && b.kind === 'pod' && a.pod.namespace === b.pod.namespace && a.pod.name === b.pod.name;
}

/** Pods in both groups. */
function shared(source: Group, group: Group): number {
  const [first, second] = [source[0], group[0]];
  if (first.kind !== 'pod' || second.kind !== 'pod' || first.pod.namespace !== second.pod.namespace) return 0;
  const names = new Set(source.flatMap((member) => (member.kind === 'pod' ? member.pod.name : [])));
  return group.filter((member) => member.kind === 'pod' && names.has(member.pod.name)).length;
}
