/** Whom the two ends of an expectation mean: as in `npb explain`, or pods by selectors; without those in `except`. */
import { compileSelector } from '../../netpol/compile-selector.ts';
import type { Cluster } from '../explain/cluster.ts';
import type { Problem } from '../explain/end.ts';
import { governed, membersOf, METADATA_PORT, noNamespace, type Member, type Members } from '../explain/members.ts';
import type { Port } from '../explain/port.ts';
import { memberTargets, targetsOf, type Target, type Targets } from '../explain/targets.ts';
import { listed } from '../explain/words.ts';
import { exceptOf } from './except.ts';
import type { Expectation, Party } from './expectation.ts';

export interface Ends {
  readonly sources: readonly Member[];
  /** Where the port is known. */
  readonly targets: readonly Target[];
  /** Destinations that are asked for on every port. */
  readonly onEveryPort: readonly Member[];
  readonly notes: readonly string[];
  /** Ports of a Service at which nobody answers. */
  readonly dead: readonly string[];
  /** hostNetwork pods that patterns passed over. */
  readonly hostNetwork: readonly string[];
}

export function endsOf(cluster: Cluster, expectation: Expectation): Ends | Problem {
  const sources = partyMembers(cluster, expectation.from);
  if ('problem' in sources) return { ...sources, problem: `from: ${sources.problem}` };
  const destinations = destinationsOf(cluster, expectation);
  if ('problem' in destinations) return { ...destinations, problem: `to: ${destinations.problem}` };
  return {
    ...destinations, sources: sources.members, hostNetwork: [...new Set([...sources.hostNetwork, ...destinations.hostNetwork])], notes: [...new Set([...sources.notes, ...destinations.notes])],
  };
}

type Destinations = Omit<Ends, 'sources'>;

function destinationsOf(cluster: Cluster, { to, ports }: Expectation): Destinations | Problem {
  if (to.kind === 'end' && to.end.kind === 'service') {
    const { end } = to;
    const { leftOf, notes } = exceptOf(cluster, to.except);
    const found = allOf((ports ?? [undefined]).map((port) => targetsOf(cluster, { end, port })));
    return 'problem' in found ? found : { ...found, targets: found.targets.filter((target) => leftOf(target.to).length > 0), notes: [...found.notes, ...notes], onEveryPort: [], hostNetwork: [] };
  }
  const members = partyMembers(cluster, to);
  if ('problem' in members) return members;
  const asked = ports ?? [to.kind === 'end' && to.end.kind === 'metadata' ? METADATA : EVERY_PORT];
  const found = allOf(asked.flatMap((port) => (port.kind === 'any' ? [] : [memberTargets(members, port)])));
  return 'problem' in found ? found : { ...found, onEveryPort: asked.some(({ kind }) => kind === 'any') ? members.members : [], notes: [...members.notes, ...found.notes], hostNetwork: members.hostNetwork };
}

const METADATA: Port = { kind: 'number', port: METADATA_PORT, protocol: 'TCP' };
const EVERY_PORT: Port = { kind: 'any' };

/** A port that is nowhere is a mistake, even where another one is there. */
function allOf(found: readonly (Targets | Problem)[]): Targets | Problem {
  const problem = found.find((each): each is Problem => 'problem' in each);
  if (problem !== undefined) return problem;
  const targets = found.flatMap((each) => ('problem' in each ? [] : each));
  return { targets: targets.flatMap((each) => each.targets), notes: [...new Set(targets.flatMap(({ notes }) => notes))], dead: targets.flatMap(({ dead }) => dead) };
}

/** At least one. */
function partyMembers(cluster: Cluster, party: Party): Members | Problem {
  const all = party.kind === 'end' ? endMembers(cluster, party) : selectedMembers(cluster, party);
  if ('problem' in all) return all;
  const { leftOf, notes } = exceptOf(cluster, party.except);
  const members = all.members.flatMap(leftOf);
  if (members.length > 0) return { members, notes: [...all.notes, ...notes], hostNetwork: all.hostNetwork };
  if (all.members.length > 0) return { problem: 'nobody is left: all are in except', absent: true };
  return { problem: all.hostNetwork.length > 0 ? `matches only pods in the network of their node, which policies do not govern: ${listed(all.hostNetwork)}. Name one to ask about it` : 'matches no pod', absent: true };
}

function endMembers(cluster: Cluster, { end }: Extract<Party, { readonly kind: 'end' }>): Members | Problem {
  return end.kind === 'service' ? { problem: 'a Service is no source' } : membersOf(cluster, end);
}

function selectedMembers(cluster: Cluster, { namespace, namespaceSelector, podSelector }: Extract<Party, { readonly kind: 'selected' }>): Members | Problem {
  if (namespace !== undefined && !cluster.namespaces.has(namespace)) return noNamespace(cluster, namespace);
  const inNamespace = compileSelector(namespaceSelector);
  const isPod = compileSelector(podSelector);
  const names = [...cluster.namespaces.values()].filter(({ name, labels }) => (namespace === undefined || name === namespace) && inNamespace.matches(labels)).map(({ name }) => name);
  if (names.length === 0) return { problem: 'namespaceSelector matches no namespace', absent: true };
  return governed(names.flatMap((name) => cluster.podsByNamespace.get(name) ?? []).filter(({ labels }) => isPod.matches(labels)));
}
