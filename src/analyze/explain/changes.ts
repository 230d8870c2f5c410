/** The changes that would allow what was asked for: for all of a set of addresses, and of other ends for the example. */
import type { Endpoint } from '../../netpol/model.ts';
import { lastingLabels } from '../../netpol/lasting-labels.ts';
import { smallestChange, type Change } from '../../netpol/smallest-change.ts';
import type { Cluster } from './cluster.ts';
import type { Pair } from './pairs.ts';
import { forWholeSet, type WholeSet } from './whole-set.ts';

type Pairs = readonly [Pair, ...Pair[]];

export interface Changes {
  readonly changes: readonly Change[];
  /** Pairs of ends, each once, that need other changes: pods of other workloads, say. */
  readonly left: number;
}

export function changesFor(cluster: Cluster, pairs: readonly Pair[]): Changes {
  const hasSet = ({ from, to }: Pair): boolean => (from.set ?? to.set) !== undefined;
  const [inSet, others] = [pairs.filter(hasSet), pairs.filter((pair) => !hasSet(pair))];
  const found = [others, inSet].flatMap(([first, ...more]) => (first === undefined ? [] : changesForAll(cluster, [first, ...more])));
  return { changes: [...new Map(found.map((change) => [JSON.stringify(change), change])).values()], left: leftOf(cluster, others) };
}

function changesForAll(cluster: Cluster, pairs: Pairs): Change[] {
  const [{ from, to, connection }] = pairs;
  const changes = smallestChange(cluster.world, connection);
  const isTaken: WholeSet['isTaken'] = ({ namespace, name }) => cluster.world.policiesIn(namespace).some(({ ref }) => ref.name === name);
  return ([['from', from], ['to', to]] as const).reduce<Change[]>((found, [end, { endpoint, set }]) => {
    const sets = pairs.flatMap((pair) => pair[end].set ?? []);
    return set === undefined || 'pod' in endpoint ? found : found.map((change) => forWholeSet(change, { text: set.text, example: endpoint.ip, sets, isTaken }));
  }, changes);
}

/** Of pairs that are alike to policies one is asked. */
function leftOf({ world }: Cluster, [first, ...more]: readonly Pair[]): number {
  if (first === undefined) return 0;
  const known = new Map<string, string>();
  const changesOf = ({ connection }: Pair): string => {
    const key = JSON.stringify([keyOf(connection.from), keyOf(connection.to), connection.family]);
    const found = known.get(key) ?? JSON.stringify(smallestChange(world, connection).map(withoutName));
    known.set(key, found);
    return found;
  };
  const ofFirst = changesOf(first);
  return new Set(more.filter((pair) => changesOf(pair) !== ofFirst).map(({ from, to }) => JSON.stringify([from.text, to.text]))).size;
}

/** Which pod gave its name says nothing. */
function withoutName(change: Change): unknown {
  return change.kind === 'policy' ? { ...change, policy: { ...change.policy, name: '' } } : change;
}

function keyOf(endpoint: Endpoint): unknown {
  if (!('pod' in endpoint)) return endpoint.ip;
  const { pod } = endpoint;
  return pod.ips.length === 0 || pod.hostNetwork ? [pod.namespace, pod.name] : [pod.namespace, [...lastingLabels(pod.labels)]];
}
