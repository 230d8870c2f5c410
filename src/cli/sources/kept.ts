/**
 * What of an object goes into a snapshot: all but some parts that are large and say nothing about isolation. The same
 * for a cluster and for files, so that both say the same.
 */
import type { KubeObject } from '../../analyze/snapshot.ts';
import type { KindName } from '../../kube/kinds.ts';
import type { ObjectMeta } from '../../kube/objects.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Whose managers say whether the operator wrote an object. */
const MANAGED: ReadonlySet<KindName> = new Set(['NetworkPolicy', 'NamespacePolicyBaseline']);

/** `kind` is absent for one that is not known. */
export function kept(kind: KindName | undefined, object: KubeObject): KubeObject {
  const metadata = keptMetadata(kind, object.metadata);
  const drop = kind === undefined ? undefined : DROPPED[kind];
  return drop === undefined ? { ...object, metadata } : drop({ ...object, metadata });
}

function keptMetadata(kind: KindName | undefined, { managedFields, ...metadata }: ObjectMeta): ObjectMeta {
  const { annotations } = metadata;
  const owned = kind !== undefined && MANAGED.has(kind) && managedFields !== undefined ? { managedFields } : {};
  if (annotations === undefined || annotations === null || !Object.hasOwn(annotations, LAST_APPLIED)) return { ...metadata, ...owned };
  return { ...metadata, annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== LAST_APPLIED)), ...owned };
}

/** With the types that manifest-shape.ts and the API server hold them to; what is not as expected stays. */
const DROPPED: Readonly<Partial<Record<KindName, (object: KubeObject) => KubeObject>>> = {
  Pod: (object) => without(object, 'status', 'conditions', 'containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'),
  Node: (object) => without(object, 'status', 'conditions', 'images', 'volumesAttached', 'volumesInUse', 'nodeInfo'),
  CustomResourceDefinition: (object) => {
    const spec = object['spec'];
    if (!isMapping(spec) || !Array.isArray(spec['versions'])) return object;
    return { ...object, spec: { ...spec, versions: spec['versions'].map((version: unknown) => (isMapping(version) ? omit(version, 'schema') : version)) } };
  },
};

type Mapping = Readonly<Record<string, unknown>>;
const isMapping = (value: unknown): value is Mapping => typeof value === 'object' && value !== null && !Array.isArray(value);
const omit = (value: Mapping, ...fields: readonly string[]): Mapping => Object.fromEntries(Object.entries(value).filter(([key]) => !fields.includes(key)));

function without(object: KubeObject, field: string, ...fields: readonly string[]): KubeObject {
  const value = object[field];
  return isMapping(value) ? { ...object, [field]: omit(value, ...fields) } : object;
}
