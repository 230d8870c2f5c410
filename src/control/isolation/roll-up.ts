/**
 * Classes of namespaces, from the classes of their pods: the weakest counts, and where there is none, that of a pod without labels.
 *
 * Asks about each class that pods of a namespace have, and not about each pod; what defeats a class is asked once, until a
 * policy or a label of the namespace changes.
 */
import type { Direction } from '../../api/network-policy.ts';
import type { PodClass, PodClassName } from '../../netpol/classify.ts';
import type { Classifier } from '../../netpol/classifier.ts';
import type { DefeatingPolicy } from '../../netpol/defeating-policies.ts';
import { CLASSES } from '../../netpol/effective.ts';
import type { PolicyRef } from '../../netpol/model.ts';
import { isIsolated, weakestOf, type NamespaceClassName } from '../../netpol/namespace-class.ts';
import type { NamespaceEffect, DirectionEffect } from '../../plan/effect.ts';

export interface NamespaceRollUp {
  readonly classes: Readonly<Record<Direction, NamespaceClassName>>;
  readonly effect: NamespaceEffect;
}

export interface RollUps {
  /** As it is now; `undefined` for a namespace that the classifier does not know. */
  of(namespace: string): NamespaceRollUp | undefined;
  /** Something that pods of the namespace do not say themselves is another: policies, or whom they are about. */
  touched(namespace: string): void;
}

/** Policies, or rules of one, in a text. */
const NAMED = 3;

type Defeat = Pick<DirectionEffect, 'through'> & { readonly defeat: string };
/** `undefined` where no policy of others has a part in it. */
type Defeats = WeakMap<PodClass, Defeat | undefined>;

export function createRollUps(classifier: Pick<Classifier, 'classesIn' | 'classOfPlain' | 'defeating'>, isGenerated: (ref: PolicyRef) => boolean): RollUps {
  const defeats = new Map<string, Record<Direction, Defeats>>();

  /** One pod for each class that pods of the namespace have (those of one class have the same policies), or the plain pod, which has no name, where none counts. */
  function askedIn(namespace: string, direction: Direction): { readonly podClass: PodClass; readonly pod: string | undefined }[] {
    const found = classifier.classesIn(namespace, direction).map(({ podClass, pod: { name } }) => ({ podClass, pod: name }));
    if (weakestOf(found.map(({ podClass }) => podClass.class)) !== undefined) return found;
    const podClass = classifier.classOfPlain(namespace, direction);
    return podClass === undefined ? [] : [{ podClass, pod: undefined }];
  }

  /** The weakest, then the first by its text: the same however pods come and go. */
  function defeatIn(namespace: string, direction: Direction, asked: ReturnType<typeof askedIn>): Defeat | undefined {
    for (const name of CLASSES.filter(isWeak)) {
      const found = asked.filter(({ podClass }) => podClass.class === name).flatMap(({ podClass, pod }) => defeatOf(namespace, direction, { podClass, pod }) ?? []);
      if (found.length > 0) return found.sort((a, b) => (a.defeat < b.defeat ? -1 : 1))[0];
    }
    return undefined;
  }

  function defeatOf(namespace: string, direction: Direction, { podClass, pod }: ReturnType<typeof askedIn>[number]): Defeat | undefined {
    const known = defeats.get(namespace) ?? { Ingress: new WeakMap(), Egress: new WeakMap() };
    defeats.set(namespace, known);
    if (known[direction].has(podClass)) return known[direction].get(podClass);
    const policies = classifier.defeating(namespace, pod, direction);
    const ofOthers = policies.filter(({ ref }) => !isGenerated(ref)).map(({ ref }) => ref);
    const defeat = ofOthers.length === 0 ? undefined : { defeat: `${reach(podClass.class)} through ${named(policies)}`, ...throughOwn(ofOthers) };
    known[direction].set(podClass, defeat);
    return defeat;
  }

  function found(namespace: string, direction: Direction): { readonly name: NamespaceClassName; readonly effect: DirectionEffect } | undefined {
    const asked = askedIn(namespace, direction);
    if (asked.length === 0) return undefined;
    const name = weakestOf(asked.map(({ podClass }) => podClass.class)) ?? 'unknown';
    if (isIsolated(name)) return { name, effect: ISOLATED };
    return { name, effect: {
      isolated: false, defeat: undefined, ...(isWeak(name) && defeatIn(namespace, direction, asked)),
      unknownBy: name === 'unknown' ? opaqueIn(asked.map(({ podClass }) => podClass)) : undefined,
    } };
  }

  return {
    of(namespace) {
      const [Ingress, Egress] = [found(namespace, 'Ingress'), found(namespace, 'Egress')];
      if (Ingress === undefined || Egress === undefined) return undefined;
      const isIsolatedInBoth = Ingress.effect === ISOLATED && Egress.effect === ISOLATED;
      return { classes: { Ingress: Ingress.name, Egress: Egress.name }, effect: isIsolatedInBoth ? ISOLATED_IN_BOTH : { Ingress: Ingress.effect, Egress: Egress.effect } };
    },
    touched: (namespace) => { defeats.delete(namespace); },
  };
}

/** Nearly all namespaces share these. */
const ISOLATED: DirectionEffect = { isolated: true, defeat: undefined, unknownBy: undefined };
const ISOLATED_IN_BOTH: NamespaceEffect = { Ingress: ISOLATED, Egress: ISOLATED };

function opaqueIn(classes: readonly PodClass[]): string {
  const refs = new Set(classes.flatMap(({ opaque }) => opaque).map(({ kind, name }) => `${kind} ${name}`));
  return few([...refs].sort(), ', ');
}

function throughOwn(refs: readonly PolicyRef[]): Pick<DirectionEffect, 'through'> {
  return refs.every(({ kind }) => kind === 'NetworkPolicy') ? { through: refs.map(({ name }) => name) } : {};
}

/** Open, or as good as. */
function isWeak(name: PodClassName): boolean {
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
