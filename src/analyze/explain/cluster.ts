/** Everything that ends of connections are looked up in, built once per snapshot. */
import { addressKey, parseAddress, type Address } from '../../netpol/address.ts';
import type { Family, Node, Options } from '../../netpol/model.ts';
import { buildWorld, type World } from '../../netpol/world.ts';
import { catalogOf, type Catalog, type Service } from '../needs/catalog.ts';
import { at, itemsOf, textOf } from '../needs/fields.ts';
import type { Snapshot } from '../snapshot.ts';
import { familiesUsed } from './families.ts';
import { worldInputOf, type SnapshotNamespace, type SnapshotPod, type SnapshotPolicy } from '../world.ts';

export interface Cluster {
  readonly source: Snapshot['source'];
  readonly from: string;
  readonly unread: Snapshot['unread'];
  readonly world: World;
  /** Sorted by namespace and name. */
  readonly pods: readonly SnapshotPod[];
  readonly policies: readonly SnapshotPolicy[];
  readonly nodes: readonly Node[];
  /** Those of the snapshot by name. */
  readonly namespaces: ReadonlyMap<string, SnapshotNamespace>;
  readonly podsByNamespace: ReadonlyMap<string, readonly SnapshotPod[]>;
  readonly catalog: Catalog;
  serviceAt(address: Address): Service | undefined;
  /** In which `internet` is asked for. */
  readonly families: readonly Family[];
}

export function clusterOf(snapshot: Snapshot, options: Options): Cluster {
  const input = worldInputOf(snapshot, options);
  const catalog = catalogOf(snapshot, input.pods);
  const services = new Map(catalog.services.flatMap((service) => addressesOf(service).map((key) => [key, service] as const)));
  const world = buildWorld(input);
  return {
    source: snapshot.source,
    from: snapshot.from,
    unread: snapshot.unread,
    world,
    pods: input.pods,
    policies: input.policies,
    nodes: input.nodes,
    namespaces: new Map(input.namespaces.map((namespace) => [namespace.name, namespace])),
    podsByNamespace: Map.groupBy(input.pods, ({ namespace }) => namespace),
    catalog,
    serviceAt: (address) => services.get(addressKey(address)),
    families: familiesUsed(snapshot, input, world),
  };
}

/** Where a Service answers; keys as `addressKey` makes them. */
function addressesOf({ object }: Service): string[] {
  const texts = [
    at(object, 'spec', 'clusterIP'), ...itemsOf(at(object, 'spec', 'clusterIPs')), ...itemsOf(at(object, 'spec', 'externalIPs')),
    ...itemsOf(at(object, 'status', 'loadBalancer', 'ingress')).map((entry) => at(entry, 'ip')),
  ];
  return texts.flatMap((value) => {
    const address = parseAddress(textOf(value) ?? '');
    return address === undefined ? [] : addressKey(address);
  });
}
