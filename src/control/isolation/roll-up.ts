/**
 * Classes of namespaces, from the classes of their pods: the weakest counts, and where there is none, that of a pod without labels.
 *
 * Counts are kept by change; a namespace is looked at again only when something in it changed. Holds nothing of a
 * namespace that is gone.
 */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import type { PodClass, PodClassName } from '../../netpol/classify.ts';
import type { ClassChange, Classifier, DefeatingPolicy } from '../../netpol/classifier.ts';
import { CLASSES } from '../../netpol/effective.ts';
import type { PolicyRef } from '../../netpol/model.ts';
import { isIsolated, weakestOf, type NamespaceClassName } from '../../netpol/namespace-class.ts';
import type { NamespaceEffect, DirectionEffect } from '../../plan/effect.ts';

export interface NamespaceRollUp {
  readonly classes: Readonly<Record<Direction, NamespaceClassName>>;
  readonly effect: NamespaceEffect;
}

export interface RollUps {
  /** Takes note of what a flush found. */
  note(changes: readonly ClassChange[]): void;
  /** As it is now; `undefined` for a namespace that the classifier does not know. */
  of(namespace: string): NamespaceRollUp | undefined;
  readonly size: number;
}

/** Policies, or rules of one, in a text. */
const NAMED = 3;

type Counts = Record<Direction, Map<PodClassName, number>>;

export function createRollUps(classifier: Pick<Classifier, 'classOf' | 'classOfPlain' | 'defeating' | 'podsIn'>, isGenerated: (ref: PolicyRef) => boolean): RollUps {
  const counts = new Map<string, Counts>();

  function countsOf(namespace: string): Counts {
    const known = counts.get(namespace);
    if (known !== undefined) return known;
    const fresh: Counts = { Ingress: new Map(), Egress: new Map() };
    counts.set(namespace, fresh);
    return fresh;
  }

  function classIn(namespace: string, direction: Direction): NamespaceClassName | undefined {
    const ofPods = weakestOf(counts.get(namespace)?.[direction].keys() ?? []);
    return ofPods ?? weakestOf([classifier.classOfPlain(namespace, direction)?.class ?? 'not-coverable']);
  }

  /** One pod for each weak class that pods of the namespace have (those of one class have the same policies), or the plain pod where none counts; `undefined` stands for that. */
  function weakPods(namespace: string, direction: Direction): ReadonlyMap<PodClass, string | undefined> {
    const found = new Map<PodClass, string | undefined>();
    const take = (podClass: PodClass | undefined, name: string | undefined): void => {
      if (podClass !== undefined && isWeak(podClass.class) && !found.has(podClass)) found.set(podClass, name);
    };
    if (weakestOf(counts.get(namespace)?.[direction].keys() ?? []) === undefined) take(classifier.classOfPlain(namespace, direction), undefined);
    else for (const { name } of classifier.podsIn(namespace)) take(classifier.classOf(namespace, name, direction), name);
    return found;
  }

  /** The weakest, then the first by its text: the same however pods come and go. */
  function defeatIn(namespace: string, direction: Direction): string | undefined {
    const found = [...weakPods(namespace, direction)].flatMap(([podClass, pod]) => {
      const policies = classifier.defeating(namespace, pod, direction);
      return policies.some(({ ref }) => !isGenerated(ref)) ? [{ rank: rank(podClass.class), text: `${reach(podClass.class)} through ${named(policies)}` }] : [];
    });
    return found.sort((a, b) => a.rank - b.rank || (a.text < b.text ? -1 : 1))[0]?.text;
  }

  function effectIn(namespace: string, direction: Direction, name: NamespaceClassName): DirectionEffect {
    return { isolated: isIsolated(name), defeat: isWeak(name) ? defeatIn(namespace, direction) : undefined, unknownBy: name === 'unknown' ? opaqueIn(namespace, direction) : undefined };
  }

  function opaqueIn(namespace: string, direction: Direction): string {
    const classes = [classifier.classOfPlain(namespace, direction), ...classifier.podsIn(namespace).map(({ name }) => classifier.classOf(namespace, name, direction))];
    const refs = new Set(classes.flatMap((found) => found?.opaque ?? []).map(({ kind, name }) => `${kind} ${name}`));
    return few([...refs].sort(), ', ');
  }

  return {
    note(changes) {
      for (const { pod, direction, before, after } of changes) {
        const ofNamespace = countsOf(pod.namespace);
        add(ofNamespace[direction], before?.class, -1);
        add(ofNamespace[direction], after?.class, 1);
        if (DIRECTIONS.every((each) => ofNamespace[each].size === 0)) counts.delete(pod.namespace);
      }
    },
    of(namespace) {
      const [Ingress, Egress] = [classIn(namespace, 'Ingress'), classIn(namespace, 'Egress')];
      if (Ingress === undefined || Egress === undefined) return undefined;
      return {
        classes: { Ingress, Egress },
        effect: { Ingress: effectIn(namespace, 'Ingress', Ingress), Egress: effectIn(namespace, 'Egress', Egress) },
      };
    },
    get size() { return counts.size; },
  };
}

/** Open, or as good as. */
export function isWeak(name: PodClassName): boolean {
  return rank(name) >= 0 && !isIsolated(name);
}

/** Weakest first; negative for what is no effective class. */
function rank(name: PodClassName): number {
  return CLASSES.findIndex((each) => each === name);
}

function reach(name: PodClassName): string {
  const whom = name === 'allow-any-external' ? 'every address outside the cluster' : name === 'allow-cluster' ? 'every pod of the cluster' : 'everybody';
  return `open to ${whom} (${name})`;
}

/** `NetworkPolicy a (rule 0) and AdminNetworkPolicy b (rules 1 and 2)`; in their own namespace, which need not be said. */
function named(policies: readonly DefeatingPolicy[]): string {
  const texts = policies.map(({ ref, rules }) => `${ref.kind} ${ref.name} (${rules.length === 1 ? 'rule' : 'rules'} ${few(rules.map(String), ' and ')})`).sort();
  return few(texts, ' and ');
}

function few(texts: readonly string[], separator: string): string {
  const more = texts.length - NAMED;
  return more > 0 ? `${texts.slice(0, NAMED).join(separator)} and ${more} more` : texts.join(separator);
}

function add(counts: Map<PodClassName, number>, name: PodClassName | undefined, by: number): void {
  if (name === undefined) return;
  const left = (counts.get(name) ?? 0) + by;
  if (left === 0) counts.delete(name);
  else counts.set(name, left);
}
