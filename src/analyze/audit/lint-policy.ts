/**
 * All that one policy shows by itself or beside what it selects, the most telling finding of each place.
 *
 * What a baseline generates is the same in every namespace: that it fits nothing here is a note, not a mistake.
 */
import { BASELINE_LABEL, MANAGED_BY_LABEL, PRODUCT } from '../../api/names.ts';
import type { NetworkPolicyObject } from './classes.ts';
import type { Draft, FindingId, Path } from './finding.ts';
import type { Inventory } from './inventory.ts';
import { lintBlocks } from './lint-blocks.ts';
import { dormant, lintDormant } from './lint-dormant.ts';
import type { DnsLint } from './lint-dns.ts';
import { lintPeers } from './lint-peers.ts';
import { lintFields } from './lint-fields.ts';
import type { SelectorLint } from './lint-selectors.ts';
import type { Isolation } from './isolation.ts';
import { lintSpec } from './lint-spec.ts';
import { PEERS_OF, RULES_OF } from './text.ts';

export interface Lints { readonly inventory: Inventory; readonly selectors: SelectorLint; readonly dns: DnsLint }

/** Of what a baseline generates these are not said: its rules are for all namespaces, and for every pod. */
const NOT_OF_GENERATED: ReadonlySet<FindingId> = new Set(['rule-without-ports', 'empty-pod-selector-with-rules', 'named-port-unresolved']);
/** And these are notes. */
const NOTES_OF_GENERATED: ReadonlySet<FindingId> = new Set(['unknown-label', 'selects-nothing', 'peer-matches-nothing', 'opens-later']);
const OF_PEERS: ReadonlySet<FindingId> = new Set(['unknown-label', 'peer-matches-nothing']);

/** `defeats`: what opens its namespace, which is said elsewhere. */
export function lintPolicy(policy: NetworkPolicyObject, { inventory, selectors, dns }: Lints, defeats: Isolation['defeats']): Draft[] {
  const { namespace, spec } = policy;
  const [ofDns, ofPeers] = [dns(namespace, spec), lintPeers(policy, inventory)];
  const explained = [...ofDns.map(({ path }) => path), ...ofPeers.filter(({ id }) => id === 'or-for-and').flatMap(({ path }) => [[...path, 'podSelector'], [...nextTo(path), 'podSelector']])];
  const ofSelectors = selectors.lint(namespace, spec).filter(({ id, path }) => !OF_PEERS.has(id) || !explained.some((place) => isWithin(place, path)))
    .filter((draft) => !OF_PEERS.has(draft.id) || !isHalf(draft, policy, defeats));
  const ofSpec = lintSpec(spec);
  const ofFields = lintFields(spec).filter(({ path }) => !ofSpec.some((other) => other.id === 'empty-from' && isWithin(other.path, path) && isWithin(path, other.path)));
  const found = [...dormant([...ofSpec, ...ofFields], policy, inventory), ...lintDormant(policy, inventory), ...lintBlocks(spec), ...ofPeers, ...ofDns, ...ofSelectors];
  if (!isGenerated(policy)) return found;
  return found.filter(({ id }) => !NOT_OF_GENERATED.has(id)).map((draft) => (NOTES_OF_GENERATED.has(draft.id) ? { ...draft, level: 'INFO' } : draft));
}

/** Selects nobody today, and yet opens together with others: one half of `Exists` and `DoesNotExist`, say. */
function isHalf({ direction, path }: Draft, { name, spec }: NetworkPolicyObject, defeats: Isolation['defeats']): boolean {
  if (direction === undefined) return false;
  const [, , rule, , peer, field] = path;
  const { defeatedBy, alsoBy } = defeats[direction];
  if (![...defeatedBy, ...alsoBy].some(({ policy, rules }) => policy.kind === 'NetworkPolicy' && policy.name === name && rules.some((index) => index === rule))) return false;
  const peers = spec[RULES_OF[direction]]?.[Number(rule)]?.[PEERS_OF[direction]] ?? [];
  const selector = field === 'podSelector' || field === 'namespaceSelector' ? peers[Number(peer)]?.[field] : undefined;
  return peers.length === 1 || (selector?.matchExpressions ?? []).length > 0; // a peer beside it may be what opens
}

/** By its labels, which whoever may edit the namespace can write: that changes the weight of a note, never of an opening. */
function isGenerated({ labels }: NetworkPolicyObject): boolean {
  return labels.get(MANAGED_BY_LABEL) === PRODUCT && labels.has(BASELINE_LABEL);
}

function isWithin(place: Path, inner: Path): boolean {
  return place.every((part, index) => inner[index] === part);
}

/** The next entry of the same list. */
function nextTo(path: Path): Path {
  return [...path.slice(0, -1), Number(path.at(-1)) + 1];
}
