/**
 * Workloads and the pods that they ask for: which workload a pod belongs to, and the pod that stands for a workload
 * of which no pod is known, as in a folder of manifests.
 *
 * Must not: guess addresses. A pod that does not exist has none.
 */
import type { KindName } from '../kube/kinds.ts';
import type { ObjectMeta } from '../kube/objects.ts';
import { objectsOf, type KubeObject, type Snapshot, type Sourced } from './snapshot.ts';

export const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'] as const satisfies readonly KindName[];
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** `kind` is a workload of ours, or whatever a pod says that it belongs to, such as `Workflow`. */
export interface WorkloadRef { readonly kind: string; readonly name: string }

/** Of a Pod: itself. Fields of `spec` are read with care. */
export interface PodTemplate {
  readonly metadata: Pick<ObjectMeta, 'labels' | 'annotations'>;
  readonly spec: Readonly<Record<string, unknown>>;
}

interface WorkloadSpec {
  readonly template?: Partial<PodTemplate> | null;
  readonly jobTemplate?: { readonly spec?: WorkloadSpec | null } | null;
  readonly replicas?: number | null;
}

/** `undefined` where the object has none; without null fields. */
export function podTemplateOf({ kind, metadata, spec }: KubeObject): PodTemplate | undefined {
  if (kind === 'Pod') return { metadata, spec: withoutNulls(spec ?? {}) as PodTemplate['spec'] };
  const { template, jobTemplate } = (spec ?? {}) as WorkloadSpec;
  const found = kind === 'CronJob' ? jobTemplate?.spec?.template : template;
  if (found === null || found === undefined) return undefined;
  return { metadata: withoutNulls(found.metadata ?? {}) as PodTemplate['metadata'], spec: withoutNulls(found.spec ?? {}) as PodTemplate['spec'] };
}

/** As the API server reads it: a field that is null is absent, an entry that is null is empty. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => (each === null ? {} : withoutNulls(each)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null && each !== undefined).map(([key, each]) => [key, withoutNulls(each)]));
}

/** Who belongs to whom, over a snapshot. */
export interface Owners {
  /** The workload that people know: a Deployment rather than its ReplicaSet, a CronJob rather than its Job. */
  workloadOf(object: KubeObject): WorkloadRef | undefined;
}

export function ownersIn(snapshot: Snapshot): Owners {
  const known = new Map<string, KubeObject>();
  for (const kind of WORKLOAD_KINDS) for (const { object } of objectsOf(snapshot, kind)) known.set(keyOf(kind, object.metadata), object);
  return {
    workloadOf(object) {
      const owner = controllerOf(object.metadata);
      if (owner === undefined) return undefined;
      const { namespace } = object.metadata;
      const at = known.get(keyOf(owner.kind, { name: owner.name, namespace }));
      return (at === undefined ? undefined : controllerOf(at.metadata)) ?? byName(owner, object) ?? owner;
    },
  };
}

const keyOf = (kind: string, { namespace = '', name }: Pick<ObjectMeta, 'name'> & { namespace?: string | undefined }): string => `${kind}/${namespace}/${name}`;

interface OwnerReference { readonly kind?: unknown; readonly name?: unknown; readonly controller?: unknown }

function controllerOf({ ownerReferences }: ObjectMeta): WorkloadRef | undefined {
  const references = Array.isArray(ownerReferences) ? ownerReferences as (OwnerReference | null)[] : [];
  const { kind, name } = references.find((each) => each?.controller === true) ?? {};
  return typeof kind === 'string' && typeof name === 'string' ? { kind, name } : undefined;
}

/** Minutes since the epoch, which end the name of a Job that a CronJob made: from 2021 to 2084. */
const [FIRST_MINUTE, LAST_MINUTE] = [27_000_000, 60_000_000];

/** Where the object between is not known, by the way in which controllers make names. */
function byName({ kind, name }: WorkloadRef, { metadata }: KubeObject): WorkloadRef | undefined {
  const hash = kind === 'ReplicaSet' ? metadata.labels?.['pod-template-hash'] : undefined;
  if (hash !== undefined && name.endsWith(`-${hash}`)) return { kind: 'Deployment', name: name.slice(0, -hash.length - 1) };
  const [, cronJob, minute] = (kind === 'Job' ? /^(.+)-(\d{8})$/.exec(name) : undefined) ?? [];
  if (cronJob !== undefined && Number(minute) >= FIRST_MINUTE && Number(minute) <= LAST_MINUTE) return { kind: 'CronJob', name: cronJob };
  return undefined;
}

/** A pod that a workload would have. */
export interface HypotheticalPod {
  /** `deployment/web`: no pod can be called so. */
  readonly name: string;
  readonly namespace: string;
  readonly workload: WorkloadRef;
  readonly template: PodTemplate;
  readonly from: Sourced;
}

/** Every pod there is is in it: it is of a cluster, or a dump of one. Manifests have workloads, and not of every kind that makes pods. */
export function holdsItsPods(snapshot: Snapshot): boolean {
  return snapshot.source === 'cluster' || objectsOf(snapshot, 'Pod').some(({ object }) => object.metadata.uid !== undefined);
}

/**
 * One for each workload of the manifests that wants pods: not for what belongs to another workload here, has pods
 * here, or has finished. One that a manifest scales to nothing is meant to be scaled up; what a cluster has at rest is not. Where the files hold the pods of a cluster, its workloads have theirs.
 */
export function hypotheticalPods(snapshot: Snapshot, owners: Owners): HypotheticalPod[] {
  if (snapshot.source !== 'files') return [];
  const pods = objectsOf(snapshot, 'Pod');
  const isDump = holdsItsPods(snapshot);
  const withPods = new Set(pods.flatMap(({ object }) => [controllerOf(object.metadata), owners.workloadOf(object)].flatMap((owner) =>
    (owner === undefined ? [] : [keyOf(owner.kind, { name: owner.name, namespace: object.metadata.namespace })]))));
  const all: { readonly kind: string; readonly from: Sourced }[] = [
    ...WORKLOAD_KINDS.flatMap((kind) => objectsOf(snapshot, kind).map((from) => ({ kind, from }))),
    ...(snapshot.templated ?? []).map((from) => ({ kind: from.object.kind, from })),
  ];
  const present = new Set(all.map(({ kind, from }) => keyOf(kind, from.object.metadata)));
  return all.flatMap(({ kind, from }) => {
    const { metadata } = from.object;
    const owner = controllerOf(metadata);
    const isOwned = owner !== undefined && present.has(keyOf(owner.kind, { name: owner.name, namespace: metadata.namespace }));
    if (isOwned || withPods.has(keyOf(kind, metadata)) || (isDump && metadata.uid !== undefined) || !wantsPods(from.object)) return [];
    return hypotheticalPod(kind, from, owners);
  });
}

function wantsPods({ kind, metadata, spec, status }: KubeObject): boolean {
  if ((spec as WorkloadSpec | null | undefined)?.replicas === 0) return metadata.uid === undefined;
  if (kind !== 'Job') return true;
  const { conditions } = (status ?? {}) as { conditions?: readonly { type?: string; status?: string }[] | null };
  return !(conditions ?? []).some((each) => (each.type === 'Complete' || each.type === 'Failed') && each.status === 'True');
}

function hypotheticalPod(kind: string, from: Sourced, owners: Owners): HypotheticalPod[] {
  const template = podTemplateOf(from.object);
  if (template === undefined) return [];
  const { name, namespace = '' } = from.object.metadata;
  return [{
    name: `${kind.toLowerCase()}/${name}`, namespace, from,
    workload: owners.workloadOf(from.object) ?? { kind, name },
    template: kind === 'Job' ? { ...template, metadata: { ...template.metadata, labels: { ...jobLabels(name), ...template.metadata.labels } } } : template,
  }];
}

/** Set by the Job controller. */
const jobLabels = (name: string): Record<string, string> => ({ 'job-name': name, 'batch.kubernetes.io/job-name': name });
