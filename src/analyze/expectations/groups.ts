/** The ends of an expectation as groups that no policy tells apart, and what has to be asked between two of them. */
import type { Direction } from '../../api/network-policy.ts';
import type { Rule } from '../../netpol/rules.ts';
import type { Cluster } from '../explain/cluster.ts';
import type { Member } from '../explain/members.ts';
import { pairsOf, partiesOf, rulesAbout, type Pair } from '../explain/pairs.ts';
import type { Target } from '../explain/targets.ts';
import { classKey, portCells, type Distinctions } from './classes.ts';
import type { Ends } from './parties.ts';

/** At least one member; several only where they are pods. */
export type Group = readonly [Member, ...Member[]];
export type AskedPort = Omit<Target, 'to'>;
export interface TargetGroup { readonly group: Group; readonly ports: AskedPort | 'every port' }
export interface Groups { readonly sources: readonly Group[]; readonly targets: readonly TargetGroup[] }

export function groupsOf({ sources, targets, onEveryPort }: Ends, distinctions: Distinctions): Groups {
  // A pod's own node is always let in, so where nodes ask, the node of a pod makes a difference.
  const withNode = sources.some((source) => source.kind !== 'pod' || source.pod.hostNetwork);
  const keyOf = (member: Member): string => (member.kind === 'pod' ? classKey(member.pod, distinctions, withNode) : textOf(member));
  const byPort = [...Map.groupBy(targets, ({ port, protocol, throughService }) => `${port}/${protocol}/${throughService}`).values()];
  const known = byPort.flatMap((alike) => {
    const [first] = alike;
    return first === undefined ? [] : grouped(alike.map(({ to }) => to), keyOf).map((group) => ({ group, ports: { port: first.port, protocol: first.protocol, throughService: first.throughService } }));
  });
  return { sources: grouped(sources, keyOf), targets: [...known, ...grouped(onEveryPort, keyOf).map((group) => ({ group, ports: 'every port' as const }))] };
}

function grouped(members: readonly Member[], keyOf: (member: Member) => string): Group[] {
  return [...Map.groupBy(members, keyOf).values()].flatMap(([first, ...others]) => (first === undefined ? [] : [[first, ...others] as const]));
}

function textOf(member: Exclude<Member, { readonly kind: 'pod' }>): string {
  return member.kind === 'address' ? member.ip : `${member.text}/${member.set.family}`;
}

/** Between two groups: how many pairs there are, and the questions whose answers hold for each of them. */
export interface Between { readonly count: number; readonly questions: readonly Pair[] }

export interface Asker { between(source: Group, target: TargetGroup): Between }

/** `withSelf`: a pod and itself, which is left out otherwise. Keeps the rules of each namespace. */
export function createAsker(cluster: Cluster, withSelf: boolean): Asker {
  const known = new Map<string, readonly Rule[]>();
  const rulesOf = (member: Member, direction: Direction): readonly Rule[] => {
    if (member.kind !== 'pod') return [];
    const key = `${direction}/${member.pod.namespace}`;
    const rules = known.get(key) ?? rulesAbout(cluster, [member], direction);
    known.set(key, rules);
    return rules;
  };
  return {
    between(source, { group, ports }) {
      const chosen = withSelf ? [source[0], group[0]] as const : others(source, group);
      if (chosen === undefined) return { count: 0, questions: [] };
      const [from, to] = chosen;
      const [egress, ingress] = [rulesOf(from, 'Egress'), rulesOf(to, 'Ingress')];
      const asked: readonly AskedPort[] = ports === 'every port' ? portCells([...egress, ...ingress], to.kind === 'pod' ? to.pod.ports : []).map((cell) => ({ ...cell, throughService: false })) : [ports];
      const ends = partiesOf(cluster, to, egress);
      const questions = partiesOf(cluster, from, ingress).flatMap((one) => ends.flatMap((other) => asked.flatMap((port) => pairsOf(cluster, one, other, port))));
      const count = withSelf ? 1 : source.length * group.length - shared(source, group);
      return { count: questions.length === 0 ? 0 : count, questions };
    },
  };
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

/** Whether all there is on both sides is the same pod: then it and itself is what is meant. */
export function isOnePod({ sources, targets }: Groups): boolean {
  const [first] = sources[0] ?? [];
  return first !== undefined && [...sources, ...targets.map(({ group }) => group)].every((group) => group.every((member) => isSame(member, first)));
}

/** Pods in both groups. */
function shared(source: Group, group: Group): number {
  const [first, second] = [source[0], group[0]];
  if (first.kind !== 'pod' || second.kind !== 'pod' || first.pod.namespace !== second.pod.namespace) return 0;
  const names = new Set(source.flatMap((member) => (member.kind === 'pod' ? member.pod.name : [])));
  return group.filter((member) => member.kind === 'pod' && names.has(member.pod.name)).length;
}
