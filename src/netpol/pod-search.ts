/**
 * Is there a pod with these labels in a namespace with those? Asked many times, answered together.
 *
 * Looks only at owners of a label that is asked for by value, where one is. What asks for none nearly always finds a
 * pod at once. Nobody is missing where all pods are asked for, or where there are none at all: what a selector is for may be
 * yet to come. A finished pod is one, so that a Job is not missing between two runs; one of the host's network is none, since
 * policies do not see it.
 */
import { ANY, compileSelector } from './compile-selector.ts';
import { EVERYTHING, type Cube } from './cube.ts';
import type { Namespace, Pod } from './model.ts';
import type { Selector } from './rules.ts';
import type { Steps } from './steps.ts';
import type { StoredSelector } from './stored.ts';
import { withName } from './world.ts';

/** Pods of one namespace, or of those that a selector selects. */
export interface Target { readonly namespace: string | StoredSelector; readonly pods: StoredSelector }

/** What is missing; `undefined` where a pod was found. Not to be read before the search has run. */
export interface Found { readonly missing: 'no namespace' | 'no pod' | undefined }

export interface PodSearch {
  ask(target: Target): Steps<Found>;
  run(): Steps<void>;
}

interface Home {
  readonly namespace: Namespace;
  /** Those that policies see. */
  readonly pods: Pod[];
  isEmpty: boolean;
}
interface Placed { readonly home: Home; readonly pod: Pod }
interface Wanted { readonly namespace: Selector; readonly pods: Selector; missing: Found['missing'] }
type Index<T> = ReadonlyMap<string, ReadonlyMap<string, readonly T[]>>;

/** Found at once. */
export const SOMEBODY: Found = { missing: undefined };
const NO_POD: Found = { missing: 'no pod' };

export function* podSearch(namespaces: Iterable<Namespace>, pods: Iterable<Pod>): Steps<PodSearch> {
  const homes = yield* homesOf(namespaces, pods);
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
  function* within(namespace: string, stored: StoredSelector, text: string): Steps<Found> {
    const key = `${namespace} ${text}`;
    const known = answered.get(key);
    if (known !== undefined) return known;
    const selector = selectorOf(stored, text);
    const home = homes.get(namespace);
    const isThere = isForAll(selector) || home === undefined || home.isEmpty || (yield* someOf(home.pods, ({ labels }) => selector.matches(labels)));
    const found = isThere ? SOMEBODY : NO_POD;
    answered.set(key, found);
    return found;
  }

  return {
    * ask(target) {
      yield;
      const text = JSON.stringify(target.pods);
      if (typeof target.namespace !== 'string') return somewhere(target.namespace, target, text);
      return yield* within(target.namespace, target.pods, text);
    },
    * run() {
      const all = [...homes.values()];
      const byNamespaceLabel = yield* indexed(all, ({ namespace }) => namespace.labels, yield* keysOf(wanted.values(), ({ namespace }) => namespace));
      const byPodLabel = yield* indexed(placedIn(all), ({ pod }) => pod.labels, yield* keysOf(wanted.values(), (each) => each.pods));
      for (const each of wanted.values()) {
        yield;
        const [here, there] = [candidates(byNamespaceLabel, each.namespace), candidates(byPodLabel, each.pods)];
        each.missing = yield* there !== undefined && there.length < (here ?? all).length ? missingAmong(there, each, here ?? all) : missingIn(here ?? all, each);
      }
    },
  };
}

function* homesOf(namespaces: Iterable<Namespace>, pods: Iterable<Pod>): Steps<Map<string, Home>> {
  const homes = new Map<string, Home>();
  for (const namespace of namespaces) {
    yield;
    homes.set(namespace.name, { namespace: withName(namespace), pods: [], isEmpty: true });
  }
  for (const pod of pods) {
    yield;
    const home = homes.get(pod.namespace) ?? { namespace: withName({ name: pod.namespace, labels: new Map() }), pods: [], isEmpty: true };
    homes.set(pod.namespace, home);
    home.isEmpty = false;
    if (!pod.hostNetwork) home.pods.push(pod);
  }
  return homes;
}

function* placedIn(homes: readonly Home[]): Iterable<Placed> {
  for (const home of homes) for (const pod of home.pods) yield { home, pod };
}

function* someOf<T>(items: readonly T[], isIt: (item: T) => boolean): Steps<boolean> {
  for (const item of items) {
    yield;
    if (isIt(item)) return true;
  }
  return false;
}

function isForAll({ cube }: Selector): boolean {
  return cube === EVERYTHING;
}

function* missingIn(homes: readonly Home[], { namespace: selector, pods: ofPods }: Wanted): Steps<Found['missing']> {
  let missing: Found['missing'] = 'no namespace';
  for (const { namespace, pods, isEmpty } of homes) {
    yield;
    if (!selector.matches(namespace.labels)) continue;
    if (isForAll(ofPods) || (yield* someOf(pods, ({ labels }) => ofPods.matches(labels)))) return undefined;
    if (!isEmpty) missing = 'no pod';
    else if (missing === 'no namespace') missing = undefined;
  }
  return missing;
}

function* missingAmong(pods: readonly Placed[], { namespace, pods: ofPods }: Wanted, homes: readonly Home[]): Steps<Found['missing']> {
  if (yield* someOf(pods, ({ home, pod }) => ofPods.matches(pod.labels) && namespace.matches(home.namespace.labels))) return undefined;
  if (yield* someOf(homes, (home) => !home.isEmpty && namespace.matches(home.namespace.labels))) return 'no pod';
  return (yield* someOf(homes, (home) => namespace.matches(home.namespace.labels))) ? undefined : 'no namespace';
}

/** Keys by which owners can be looked up. */
function* keysOf(all: Iterable<Wanted>, selectorOf: (wanted: Wanted) => Selector): Steps<ReadonlySet<string>> {
  const keys = new Set<string>();
  for (const wanted of all) {
    yield;
    for (const [key] of listedIn(selectorOf(wanted).cube ?? new Map())) keys.add(key);
  }
  return keys;
}

function listedIn(cube: Cube): [string, ReadonlySet<string>][] {
  return [...cube].filter(([, { negated, absent }]) => !negated && !absent).map(([key, { values }]) => [key, values]);
}

function* indexed<T>(owners: Iterable<T>, labelsOf: (owner: T) => Pod['labels'], keys: ReadonlySet<string>): Steps<Index<T>> {
  const index = new Map([...keys].map((key) => [key, new Map<string, T[]>()]));
  for (const owner of owners) {
    yield;
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
  const found = listedIn(cube).map(([key, values]) => [...values].map((value) => index.get(key)?.get(value) ?? []));
  const sized = found.map((lists) => ({ lists, size: lists.reduce((sum, { length }) => sum + length, 0) }));
  return sized.sort((a, b) => a.size - b.size)[0]?.lists.flat();
}
