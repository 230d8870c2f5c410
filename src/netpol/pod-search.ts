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

interface Home { readonly namespace: Namespace; readonly pods: Pod[] }
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
    const found = (yield* someOf(homes.get(namespace)?.pods ?? [], ({ labels }) => selector.matches(labels))) ? SOMEBODY : NO_POD;
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
    homes.set(namespace.name, { namespace: withName(namespace), pods: [] });
  }
  for (const pod of pods) {
    yield;
    if (pod.hostNetwork || pod.terminal) continue;
    const known = homes.get(pod.namespace);
    if (known === undefined) homes.set(pod.namespace, { namespace: withName({ name: pod.namespace, labels: new Map() }), pods: [pod] });
    else known.pods.push(pod);
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

function* missingIn(homes: readonly Home[], { namespace: selector, pods: ofPods }: Wanted): Steps<Found['missing']> {
  let missing: Found['missing'] = 'no namespace';
  for (const { namespace, pods } of homes) {
    yield;
    if (!selector.matches(namespace.labels)) continue;
    if (yield* someOf(pods, ({ labels }) => ofPods.matches(labels))) return undefined;
    missing = 'no pod';
  }
  return missing;
}

function* missingAmong(pods: readonly Placed[], { namespace, pods: ofPods }: Wanted, homes: readonly Home[]): Steps<Found['missing']> {
  if (yield* someOf(pods, ({ home, pod }) => ofPods.matches(pod.labels) && namespace.matches(home.namespace.labels))) return undefined;
  return (yield* someOf(homes, (home) => namespace.matches(home.namespace.labels))) ? 'no pod' : 'no namespace';
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
