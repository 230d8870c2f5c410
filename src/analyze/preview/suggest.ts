/**
 * Policies for the baseline that keep what it would cut: entries of `spec.policies`, ready to paste.
 *
 * Promises: as many as a baseline takes, names that nobody uses, and for each need which of them keep it. Whether they
 * do is not decided here: the caller plans and evaluates once more with them.
 */
import { DIRECTIONS, type NetworkPolicySpec, type Peer, type Port } from '../../api/network-policy.ts';
import type { PolicyTemplate } from '../../api/v1alpha1.ts';
import { stableJson } from '../../api/hash.ts';
import { NAMESPACE_NAME_LABEL } from '../../netpol/model.ts';
import { becauseText, type Need } from '../needs/need.ts';
import type { Blocked } from '../needs/outcome.ts';
import { namespacesSelector } from './selectors.ts';
import { WIDTHS, wishFor, type Width, type Wish } from './wishes.ts';

export interface CutNeed { readonly need: Need; readonly sides: readonly Blocked[] }

export interface SuggestionInput {
  readonly cuts: readonly CutNeed[];
  /** Names that templates and foreign policies have. */
  readonly taken: ReadonlySet<string>;
  /** Templates that the baseline still takes. */
  readonly room: number;
  /** Namespaces in which the baseline enforces anything. */
  readonly enforced: ReadonlySet<string>;
}

export interface Suggestions {
  readonly policies: readonly PolicyTemplate[];
  /** Names of the policies that a need takes; none for one that no baseline can keep. */
  readonly keepers: ReadonlyMap<Need, readonly string[]>;
  /** Needs for whose policies there is no room in one baseline. */
  readonly withoutRoom: readonly Need[];
}

/** As the CRD has them. */
const MOST_NAMESPACES = 32;
const MOST_PEERS = 64;
const MOST_PORTS = 32;
const MOST_RULES = 32;
const LONGEST_NAME = 63;
const LONGEST_DESCRIPTION = 256;

export function suggestionsFor(input: SuggestionInput): Suggestions {
  const all = WIDTHS.map((width) => draftsOf(input, width));
  const drafts = all.find(({ length }) => length <= input.room) ?? all.at(-1) ?? [];
  const taken = new Set(input.taken);
  const chosen = drafts.slice(0, input.room).map((draft) => ({ draft, policy: policyOf(draft, input.enforced, uniqueName(draft.name, taken)) }));
  const withoutRoom = new Set(drafts.slice(input.room).flatMap(({ wishes }) => wishes.map(({ need }) => need)));
  const keepers = new Map<Need, string[]>();
  for (const { draft, policy } of chosen) {
    for (const need of new Set(draft.wishes.map((wish) => wish.need))) keepers.set(need, [...keepers.get(need) ?? [], policy.name]);
  }
  return { policies: chosen.map(({ policy }) => policy), keepers, withoutRoom: [...withoutRoom] };
}

/** Of one policy. */
interface Draft { readonly name: string; readonly wishes: readonly Wish[] }

/** In the order of the needs, which is that of their weight. */
function draftsOf({ cuts }: SuggestionInput, width: Width): Draft[] {
  const wishes = cuts.flatMap(({ need, sides }) => sides.flatMap(({ direction }) => wishFor(need, direction, width) ?? []));
  const groups = [...Map.groupBy(wishes, ({ group, podSelector }) => `${group} ${stableJson(podSelector)}`).values()];
  // Both directions of one thing, about the same pods of the same namespaces, are one policy.
  return [...Map.groupBy(groups, (group) => `${group[0]?.name} ${stableJson(group[0]?.podSelector)} ${namespacesIn(group).join()}`).values()]
    .map((same) => ({ name: same[0]?.[0]?.name ?? '', wishes: same.flat() }));
}

function namespacesIn(wishes: readonly Wish[]): string[] {
  return [...new Set(wishes.map(({ namespace }) => namespace))].sort();
}

function uniqueName(wanted: string, taken: Set<string>): string {
  const base = wanted.slice(0, LONGEST_NAME).replace(/-+$/, '');
  let name = base;
  for (let number = 2; taken.has(name); number += 1) name = `${base.slice(0, LONGEST_NAME - `-${number}`.length)}-${number}`;
  taken.add(name);
  return name;
}

function policyOf({ wishes }: Draft, enforced: ReadonlySet<string>, name: string): PolicyTemplate {
  const namespaces = namespacesIn(wishes);
  const everywhere = namespaces.length > MOST_NAMESPACES || (enforced.size > 1 && [...enforced].every((each) => namespaces.includes(each)));
  return {
    name,
    description: descriptionOf(wishes),
    ...(everywhere ? {} : { namespaceSelector: namespacesSelector(namespaces) }),
    networkPolicy: specOf(wishes),
  };
}

function descriptionOf(wishes: readonly Wish[]): string {
  const reasons = [...new Set(wishes.map(({ need }) => becauseText(need.because)))];
  const text = `needed by ${reasons[0] ?? '?'}${reasons.length > 1 ? `, and ${reasons.length - 1} more` : ''}`;
  return text.length <= LONGEST_DESCRIPTION ? text : `${text.slice(0, LONGEST_DESCRIPTION - 1)}…`;
}

function specOf(wishes: readonly Wish[]): NetworkPolicySpec {
  const of = (direction: Wish['direction']): Wish[] => wishes.filter((wish) => wish.direction === direction);
  const ingress = rulesOf(of('Ingress')).map(({ peers, ports }) => ({ from: peers, ...ports }));
  const egress = rulesOf(of('Egress')).map(({ peers, ports }) => ({ to: peers, ...ports }));
  return {
    podSelector: wishes[0]?.podSelector ?? {},
    policyTypes: DIRECTIONS.filter((direction) => of(direction).length > 0),
    ...(ingress.length > 0 ? { ingress } : {}),
    ...(egress.length > 0 ? { egress } : {}),
  };
}

/** Namespaces as a whole: one peer for all of them; for more than a selector takes, every namespace. */
function joinedNamespaces(peers: readonly Peer[]): Peer[] {
  const names = peers.flatMap((peer) => wholeNamespace(peer) ?? []);
  if (names.length < 2) return [...peers];
  const joined: Peer = { namespaceSelector: names.length > MOST_NAMESPACES ? {} : namespacesSelector(names) };
  return [...peers.filter((peer) => wholeNamespace(peer) === undefined), joined];
}

function wholeNamespace({ namespaceSelector, podSelector }: Peer): string | undefined {
  return podSelector === undefined ? namespaceSelector?.matchLabels?.[NAMESPACE_NAME_LABEL] : undefined;
}

interface RuleParts { readonly peers: Peer[]; readonly ports: { readonly ports?: Port[] } }

function rulesOf(wishes: readonly Wish[]): RuleParts[] {
  const peers = joinedNamespaces([...new Map(wishes.flatMap((wish) => wish.peers).map((peer) => [stableJson(peer), peer])).values()]);
  const numbers = new Map(wishes.flatMap(({ port }) => (port === undefined ? [] : [[`${port.protocol}/${port.port}`, port] as const])));
  const isAnyPort = wishes.some(({ port }) => port === undefined) || numbers.size > MOST_PORTS;
  const ports = [...numbers.values()].sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1)).map(({ protocol, port }): Port => ({ protocol, port }));
  const count = Math.min(Math.ceil(peers.length / MOST_PEERS), MOST_RULES);
  return Array.from({ length: count }, (_, index) => ({ peers: peers.slice(index * MOST_PEERS, (index + 1) * MOST_PEERS), ports: isAnyPort ? {} : { ports } }));
}
