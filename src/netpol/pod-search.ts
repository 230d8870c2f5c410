/**
 * Is there a pod with these labels in a namespace with those? Asked many times, answered together.
 *
 * Looks only at owners of a label that is asked for by value, where one is. What asks for none nearly always finds a
 * pod at once. Pods that are finished or of the host's network are none.
 */
import { ANY, compileSelector } from './compile-selector.ts';
import type { Cube } from './cube.ts';
import type { Namespace, Pod } from './model.ts';
import type { Selector } from './rules.ts';
import type { StoredSelector } from './stored.ts';
import { withName } from './world.ts';

/** Pods of one namespace, or of those that a selector selects. */
export interface Target { readonly namespace: string | StoredSelector; readonly pods: StoredSelector }

/** What is missing; `undefined` where a pod was found. Not to be read before the search has run. */
export interface Found { readonly missing: 'no namespace' | 'no pod' | undefined }

export interface PodSearch {
  ask(target: Target): Found;
  run(): void;
}

interface Home { readonly namespace: Namespace; readonly pods: Pod[] }
interface Placed { readonly home: Home; readonly pod: Pod }
interface Wanted { readonly namespace: Selector; readonly pods: Selector; missing: Found['missing'] }
type Index<T> = ReadonlyMap<string, ReadonlyMap<string, readonly T[]>>;

/** Found at once. */
export const SOMEBODY: Found = { missing: undefined };
const NO_POD: Found = { missing: 'no pod' };

export function createPodSearch(namespaces: readonly Namespace[], pods: readonly Pod[]): PodSearch {
  const homes = homesOf(namespaces, pods);
  const selectors = new Map<string, Selector>();
  const wanted = new Map<string, Wanted>();
  const answered = new Map<string, Found>();

  function selectorOf(stored: StoredSelector, text: string): Selector {
    const known = selectors.get(text);
    if (known !== undefined) return known;
    const fresh = text === '{}' ? ANY : compileSelector(stored);
    selectors.set(text, fresh);
    return fresh;
  }

  function somewhere(namespace: StoredSelector, target: Target, text: string): Found {
    const ofNamespace = JSON.stringify(namespace);
    const key = `${ofNamespace} ${text}`;
    const known = wanted.get(key);
    if (known !== undefined) return known;
    const fresh: Wanted = { namespace: selectorOf(namespace, ofNamespace), pods: selectorOf(target.pods, text), missing: undefined };
    wanted.set(key, fresh);
    return fresh;
  }

  /** Each question once, however many policies ask it. */
  function within(namespace: string, stored: StoredSelector, text: string): Found {
    const key = `${namespace} ${text}`;
    const known = answered.get(key);
    if (known !== undefined) return known;
    const selector = selectorOf(stored, text);
    const found = homes.get(namespace)?.pods.some(({ labels }) => selector.matches(labels)) === true ? SOMEBODY : NO_POD;
    answered.set(key, found);
    return found;
  }

  return {
    ask(target) {
      const text = JSON.stringify(target.pods);
      if (typeof target.namespace !== 'string') return somewhere(target.namespace, target, text);
      return within(target.namespace, target.pods, text);
    },
    run() {
      const all = [...homes.values()];
      const byNamespaceLabel = indexed(all, ({ namespace }) => namespace.labels, keysOf([...wanted.values()].map(({ namespace }) => namespace)));
      const byPodLabel = indexed(all.flatMap((home) => home.pods.map((pod): Placed => ({ home, pod }))), ({ pod }) => pod.labels, keysOf([...wanted.values()].map(({ pods: selector }) => selector)));
      for (const each of wanted.values()) {
        const [here, there] = [candidates(byNamespaceLabel, each.namespace), candidates(byPodLabel, each.pods)];
        each.missing = there !== undefined && there.length < (here ?? all).length ? missingAmong(there, each, here ?? all) : missingIn(here ?? all, each);
      }
    },
  };
}

function homesOf(namespaces: readonly Namespace[], pods: readonly Pod[]): Map<string, Home> {
  const homes = new Map(namespaces.map((namespace) => [namespace.name, { namespace: withName(namespace), pods: [] as Pod[] }]));
  for (const pod of pods) {
    if (pod.hostNetwork || pod.terminal) continue;
    const known = homes.get(pod.namespace);
    if (known === undefined) homes.set(pod.namespace, { namespace: withName({ name: pod.namespace, labels: new Map() }), pods: [pod] });
    else known.pods.push(pod);
  }
  return homes;
}

function missingIn(homes: readonly Home[], { namespace: selector, pods: ofPods }: Wanted): Found['missing'] {
  let missing: Found['missing'] = 'no namespace';
  for (const { namespace, pods } of homes) {
    if (!selector.matches(namespace.labels)) continue;
    if (pods.some(({ labels }) => ofPods.matches(labels))) return undefined;
    missing = 'no pod';
  }
  return missing;
}

function missingAmong(pods: readonly Placed[], { namespace, pods: ofPods }: Wanted, homes: readonly Home[]): Found['missing'] {
  if (pods.some(({ home, pod }) => ofPods.matches(pod.labels) && namespace.matches(home.namespace.labels))) return undefined;
  return homes.some((home) => namespace.matches(home.namespace.labels)) ? 'no pod' : 'no namespace';
}

/** Keys by which owners can be looked up. */
function keysOf(selectors: readonly Selector[]): ReadonlySet<string> {
  return new Set(selectors.flatMap(({ cube = new Map() }) => listedIn(cube).map(([key]) => key)));
}

function listedIn(cube: Cube): [string, ReadonlySet<string>][] {
  return [...cube].filter(([, { negated, absent }]) => !negated && !absent).map(([key, { values }]) => [key, values]);
}

function indexed<T>(owners: readonly T[], labelsOf: (owner: T) => Pod['labels'], keys: ReadonlySet<string>): Index<T> {
  const index = new Map([...keys].map((key) => [key, new Map<string, T[]>()]));
  for (const owner of owners) {
    for (const [key, value] of labelsOf(owner)) {
      const values = index.get(key);
      const known = values?.get(value);
      if (known === undefined) values?.set(value, [owner]);
      else known.push(owner);
    }
  }
  return index;
}

/** The shortest list of owners that holds all that the selector selects; `undefined` where there is none but all of them. */
function candidates<T>(index: Index<T>, { cube }: Selector): readonly T[] | undefined {
  if (cube === undefined) return [];
  const lists = listedIn(cube).map(([key, values]) => [...values].flatMap((value) => index.get(key)?.get(value) ?? []));
  return lists.sort((a, b) => a.length - b.length)[0];
}
