/**
 * Pods by class: how many there are in the cluster, and which classes each namespace has, kept by change.
 *
 * Pods of one namespace and class (one object) have policies of the same specs, so one of them speaks for all.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { isEqualClass, type PodClass, type PodClassName } from './classify.ts';
import type { ClassGroup, NamespaceEntry, PodEntry } from './namespace-entries.ts';

export interface ClassGroups {
  /** Gives the pod another class, and says what it had before where that says something else. */
  settle(entry: PodEntry, direction: Direction, after: PodClass | undefined): { readonly before: PodClass | undefined } | undefined;
  counts(direction: Direction): ReadonlyMap<PodClassName, number>;
}

export function createClassGroups(): ClassGroups {
  const counts = { Ingress: new Map<PodClassName, number>(), Egress: new Map<PodClassName, number>() };
  return {
    settle(entry, direction, after) {
      const before = entry.classes[direction];
      if (before === after) return undefined;
      entry.classes[direction] = after;
      if (before !== undefined) leave(entry, direction, before);
      if (after !== undefined) join(entry, direction, after);
      if (isEqualClass(before, after)) return undefined;
      add(counts[direction], before?.class, -1);
      add(counts[direction], after?.class, 1);
      return { before };
    },
    counts: (direction) => counts[direction],
  };
}

const NO_GROUPS: ReadonlyMap<PodClass, ClassGroup> = new Map();

export function groupsIn({ groups }: Pick<NamespaceEntry, 'groups'>, direction: Direction): ReadonlyMap<PodClass, ClassGroup> {
  return groups?.[direction] ?? NO_GROUPS;
}

function join(entry: PodEntry, direction: Direction, podClass: PodClass): void {
  entry.home.groups ??= { Ingress: new Map(), Egress: new Map() };
  const groups = entry.home.groups[direction];
  const known = groups.get(podClass);
  if (known === undefined) groups.set(podClass, { pods: 1, example: entry });
  else known.pods += 1;
}

function leave(entry: PodEntry, direction: Direction, podClass: PodClass): void {
  const { home } = entry;
  const groups = home.groups?.[direction];
  const group = groups?.get(podClass);
  if (groups === undefined || group === undefined) return;
  group.pods -= 1;
  if (group.pods === 0) groups.delete(podClass);
  else if (group.example === entry) group.example = otherOf(home, direction, podClass) ?? group.example;
  if (DIRECTIONS.every((each) => home.groups?.[each].size === 0)) home.groups = undefined;
}

/** Pods mostly go in the order in which they came: the first that is asked is nearly always one. */
function otherOf({ pods }: NamespaceEntry, direction: Direction, podClass: PodClass): PodEntry | undefined {
  for (const entry of pods.values()) if (entry.classes[direction] === podClass) return entry;
  return undefined;
}

function add(counts: Map<PodClassName, number>, name: PodClassName | undefined, by: number): void {
  if (name === undefined) return;
  const left = (counts.get(name) ?? 0) + by;
  if (left === 0) counts.delete(name);
  else counts.set(name, left);
}
