/**
 * What is known of a cluster at one moment, whether its API server or a folder of manifests told it. All that the
 * commands say is computed from this value, so that both say the same.
 */
import type { KindName } from '../kube/kinds.ts';
import type { ObjectMeta } from '../kube/objects.ts';

/** As it stands on the wire or in the manifest; fields beside `metadata` are read with care. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** Where in a file an object stands. */
export interface Origin {
  readonly file: string;
  /** Of the first line of the object, counted from 1. */
  readonly line: number;
  /** Line of a field, by its path in the object, for example `['spec', 'ingress', 0]`; of the nearest field around it that is there. */
  lineOf(path: readonly (string | number)[]): number;
}

export interface Sourced {
  readonly object: KubeObject;
  /** Absent where it comes from an API server. */
  readonly origin: Origin | undefined;
}

/** Objects that may exist and could not be read. What depends on them is unknown. */
export interface Unread {
  readonly kind: KindName;
  /** For people: what the API server said, and what would help. */
  readonly why: string;
}

export interface Snapshot {
  readonly source: 'cluster' | 'files';
  /** The server's address, or the files as they were named. */
  readonly from: string;
  /** By kind; objects sorted by namespace and name. A kind that was not asked for is absent. */
  readonly objects: ReadonlyMap<KindName, readonly Sourced[]>;
  /** With a pod template, of kinds that are not known; only from files, and sorted. */
  readonly templated?: readonly Sourced[];
  readonly unread: readonly Unread[];
}

/** Empty where the kind was not read, or is not served. */
export function objectsOf(snapshot: Snapshot, kind: KindName): readonly Sourced[] {
  return snapshot.objects.get(kind) ?? [];
}
