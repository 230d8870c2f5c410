/**
 * Selectors that select nothing: of the policy itself, and of its peers. A label that nobody has is named as such, with
 * those that may have been meant.
 *
 * Says nothing where nothing is known: see inventory.ts.
 */
import { compileSelector } from '../../netpol/compile-selector.ts';
import { EVERYTHING } from '../../netpol/cube.ts';
import type { Namespace, Pod } from '../../netpol/model.ts';
import type { Selector } from '../../netpol/rules.ts';
import type { StoredNetworkPolicySpec, StoredPeer, StoredSelector } from '../../netpol/stored.ts';
import type { Draft, Path } from './finding.ts';
import type { Inventory } from './inventory.ts';
import { peersOf, rulesIn, type PlacedRule } from './lint-spec.ts';
import { listed, PEERS_OF } from './text.ts';

/** A selector of which nothing is selected. */
interface Miss {
  /** The selector in its peer. */
  readonly field: 'podSelector' | 'namespaceSelector';
  readonly isUnknownLabel: boolean;
  readonly message: string;
  readonly similar: readonly string[];
}

export interface SelectorLint {
  lint(namespace: string, spec: StoredNetworkPolicySpec): Draft[];
  /** What a peer asks for and nobody is; `undefined` for one that matches, or of which nothing is known. */
  missOf(namespace: string, peer: StoredPeer): Miss | undefined;
}

/** Remembers what it found of each peer that names its namespaces: policies of many namespaces have the same ones. */
export function createSelectorLint(inventory: Inventory): SelectorLint {
  const ofPeers = new Map<string, Miss | undefined>();

  function missOf(namespace: string, { podSelector, namespaceSelector, ipBlock }: StoredPeer): Miss | undefined {
    if (ipBlock !== null && ipBlock !== undefined) return undefined;
    if (namespaceSelector === null || namespaceSelector === undefined) return ownMiss(inventory, namespace, compileSelector(podSelector));
    if (!inventory.isWhole) return undefined;
    const key = JSON.stringify([namespaceSelector, podSelector]);
    if (!ofPeers.has(key)) ofPeers.set(key, otherMiss(inventory, namespaceSelector, podSelector));
    return ofPeers.get(key);
  }

  return {
    missOf,
    lint: (namespace, spec) => [
      ...subjectDrafts(ownMiss(inventory, namespace, compileSelector(spec.podSelector))),
      ...rulesIn(spec).flatMap((placed) => peersOf(placed).flatMap((peer, index) => peerDrafts(missOf(namespace, peer ?? {}), placed, index))),
    ],
  };
}

/** Pods of one namespace. */
function ownMiss(inventory: Inventory, namespace: string, selector: Selector): Miss | undefined {
  if (selector.cube === EVERYTHING || inventory.podsIn(namespace).length === 0) return undefined;
  return podMiss(inventory, selector, { pods: inventory.podsOf(namespace).matching(selector), where: `of namespace ${namespace}` });
}

function otherMiss(inventory: Inventory, namespaceSelector: StoredSelector, podSelector: StoredSelector | null | undefined): Miss | undefined {
  const [namespaces, pods] = [compileSelector(namespaceSelector), compileSelector(podSelector)];
  const found = [...inventory.namespaces.matching(namespaces)];
  if (found.length === 0) return namespaceMiss(inventory, namespaces);
  if (pods.cube === EVERYTHING || found.every(({ name }) => inventory.podsIn(name).length === 0)) return undefined;
  return podMiss(inventory, pods, { pods: inThese(inventory, namespaces, pods), where: `of ${namespacesText(found)}` });
}

function* inThese(inventory: Inventory, namespaces: Selector, pods: Selector): Iterable<Pod> {
  for (const pod of inventory.pods.matching(pods)) if (namespaces.matches(inventory.namespace(pod.namespace).labels)) yield pod;
}

function namespaceMiss({ namespaces }: Inventory, { cube }: Selector): Miss {
  const unknown = cube === undefined ? undefined : namespaces.unknownIn(cube);
  return {
    field: 'namespaceSelector', isUnknownLabel: unknown !== undefined, similar: unknown?.similar ?? [],
    message: unknown === undefined ? 'no namespace is selected by its namespaceSelector' : `no namespace has the label ${unknown.text}`,
  };
}

/** Policies do not see pods with hostNetwork: to select these alone is to select nothing. */
function podMiss(inventory: Inventory, { cube }: Selector, selected: { readonly pods: Iterable<Pod>; readonly where: string }): Miss | undefined {
  let hasHost = false;
  for (const { hostNetwork } of selected.pods) {
    if (!hostNetwork) return undefined;
    hasHost = true;
  }
  const miss = { field: 'podSelector', isUnknownLabel: false, similar: [] } as const;
  if (hasHost) return { ...miss, message: `only pods ${selected.where} with hostNetwork are selected by its podSelector, and policies do not see these` };
  const unknown = cube === undefined ? undefined : inventory.pods.unknownIn(cube);
  if (unknown === undefined) return { ...miss, message: `no pod ${selected.where} is selected by its podSelector` };
  return { ...miss, isUnknownLabel: true, similar: unknown.similar, message: `no pod has the label ${unknown.text}` };
}

function subjectDrafts(miss: Miss | undefined): Draft[] {
  return miss === undefined ? [] : [draftOf(miss, 'selects-nothing', ['spec', 'podSelector'], 'the policy does nothing')];
}

function peerDrafts(miss: Miss | undefined, { direction, path }: PlacedRule, index: number): Draft[] {
  if (miss === undefined) return [];
  return [{ ...draftOf(miss, 'peer-matches-nothing', [...path, PEERS_OF[direction], index, miss.field], 'the peer lets nobody through'), direction }];
}

function draftOf({ isUnknownLabel, message, similar }: Miss, otherwise: 'selects-nothing' | 'peer-matches-nothing', path: Path, effect: string): Draft {
  return {
    id: isUnknownLabel ? 'unknown-label' : otherwise, level: 'WARN', path, message: `${message}, so ${effect}`,
    fix: similar.length === 0 ? 'correct the selector, or remove it if what it was for is gone' : `correct the selector; there is ${listed(similar)}`,
  };
}

function namespacesText(found: readonly Namespace[]): string {
  return found.length === 1 ? `namespace ${found[0]?.name}` : `the ${found.length} namespaces that namespaceSelector selects`;
}
