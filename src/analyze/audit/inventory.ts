/**
 * What is there for selectors to select, and how far that can be relied on.
 *
 * A namespace of which no pod is known says nothing about selectors. Other namespaces are known only where the whole cluster
 * is: `kube-system` is in every cluster, and in no folder of manifests by accident.
 */
import type { Namespace, Pod } from '../../netpol/model.ts';
import { withName } from '../../netpol/world.ts';
import { indexLabels, type LabelIndex } from './label-index.ts';

export interface Inventory {
  /** All namespaces are known, not only those of a folder of manifests. */
  readonly isWhole: boolean;
  /** A namespace without pods has none: some are known, and they are not only what manifests happen to declare. */
  readonly knowsPods: boolean;
  readonly namespaces: LabelIndex<Namespace>;
  /** Of all namespaces. */
  readonly pods: LabelIndex<Pod>;
  /** With finished ones: a selector that selects these is not stale. */
  podsIn(namespace: string): readonly Pod[];
  podsOf(namespace: string): LabelIndex<Pod>;
  namespace(name: string): Namespace;
}

const WHOLE = 'kube-system';

export function takeInventory(namespaces: readonly Namespace[], pods: readonly Pod[], holdsItsPods: boolean): Inventory {
  const named = namespaces.map(withName);
  const byName = new Map(named.map((namespace) => [namespace.name, namespace]));
  const inNamespace = Map.groupBy(pods, ({ namespace }) => namespace);
  const indexes = new Map<string, LabelIndex<Pod>>();
  return {
    isWhole: byName.has(WHOLE),
    knowsPods: holdsItsPods && pods.length > 0,
    namespaces: indexLabels(named),
    pods: indexLabels(pods),
    podsIn: (namespace) => inNamespace.get(namespace) ?? [],
    podsOf(namespace) {
      const known = indexes.get(namespace);
      if (known !== undefined) return known;
      const index = indexLabels(inNamespace.get(namespace) ?? []);
      indexes.set(namespace, index);
      return index;
    },
    namespace: (name) => byName.get(name) ?? withName({ name, labels: new Map() }),
  };
}
