/**
 * What the operator keeps of an API object: records, parsed once from the wire, small and frozen in shape.
 *
 * Promises: labels are Maps (a key may be `constructor`), absent is `undefined`, managedFields are dropped.
 * Must not: hold the parsed JSON, or a string of it that is not needed.
 */
import {
  areOurLabels, BASELINE_LABEL, CONFIRM_ANNOTATION, DESCRIPTION_ANNOTATION, FIELD_MANAGER, ISOLATED_FOR_ANNOTATION, MANAGED_BY_LABEL,
  PART_OF_LABEL, STATUS_FIELD_MANAGER, TEMPLATE_HASH_ANNOTATION, TEMPLATE_LABEL,
} from '../api/names.ts';
import type { Direction, NetworkPolicySpec } from '../api/network-policy.ts';
import { baselineSpec, baselineStatus, type BaselineSpec, type BaselineStatus } from '../api/v1alpha1.ts';
import { shortHash, stableJson } from '../api/hash.ts';
import { problemIn } from '../api/schema.ts';
import type { InternedSpec, OwnLabels, PolicyInterner } from './policy-interner.ts';
import { FINALIZER_LIMIT, keptMetadata, keptText, keptTypes, SPEC_LIMIT } from './policy-bounds.ts';

/** The part of `metav1.ObjectMeta` that is read or written. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: unknown[];
  managedFields?: { manager?: string; operation?: string; subresource?: string; time?: string }[];
}

export interface WireObject { apiVersion?: string; kind?: string; metadata: ObjectMeta }
export interface WireNamespace extends WireObject { status?: { phase?: string } }
export interface WireNetworkPolicy extends WireObject { spec?: NetworkPolicySpec }
export interface WireBaseline extends WireObject { spec?: unknown; status?: unknown }

/** Labels or annotations; a Map, since any name that JavaScript objects inherit is a valid label key. */
export type StringMap = ReadonlyMap<string, string>;
export const NO_STRINGS: StringMap = new Map();

/** Identity and version of a stored object; what every store needs. */
export interface ObjectRecord {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface NamespaceRecord extends ObjectRecord {
  readonly labels: StringMap;
  /** Annotations of at most 256 characters: enough to name an owner, and bounded against 256 KiB ones. */
  readonly annotations: StringMap;
  readonly terminating: boolean;
  /** Whole seconds, as the API server stores it; milliseconds since the epoch. */
  readonly createdAtMs: number;
}

export interface PolicyRecord extends ObjectRecord {
  readonly namespace: string;
  readonly own: OwnLabels;
  readonly templateHash: string | undefined;
  readonly description: string | undefined;
  readonly isolatedFor: string | undefined;
  /** A managedFields entry of our manager: we wrote it once, whatever became of its labels. */
  readonly writtenByUs: boolean;
  readonly specHash: string;
  /** Directions in which a policy that may be ours isolates; of a foreign one none are known. */
  readonly policyTypes: readonly Direction[];
  /**
   * Kept for what may be ours, unless it is very long; otherwise only the hash is. Nothing is decided by the spec of a
   * foreign policy but whether it equals a planned one.
   */
  readonly spec: NetworkPolicySpec | undefined;
  /** The same, of foreign policies too where the interner keeps them: for who asks what policies mean together. Absent where it is very long. */
  readonly anySpec: NetworkPolicySpec | undefined;
  readonly deleting: boolean;
  readonly ownerReferences: number;
  readonly finalizers: readonly string[];
  /** What a PUT has to carry over; `undefined` where it was not kept, being foreign or long, and a GET must come first. */
  readonly foreign: ForeignMetadata | undefined;
}

/** Labels and annotations that are not ours. */
export interface ForeignMetadata {
  readonly labels: StringMap;
  readonly annotations: StringMap;
}
const NO_FOREIGN_METADATA: ForeignMetadata = { labels: NO_STRINGS, annotations: NO_STRINGS };

export interface BaselineRecord extends ObjectRecord {
  readonly generation: number;
  readonly createdAtMs: number;
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  /** Value of annotation `netbaseline.io/confirm`. */
  readonly confirm: string | undefined;
  /** Absent when the stored object does not parse; `problem` then says why. */
  readonly spec: BaselineSpec | undefined;
  readonly problem: string | undefined;
  /** Of the canonical spec: the same on every cluster, so that it can be committed with the change. */
  readonly specHash: string;
  readonly status: BaselineStatus;
  /** When a replica of ours last wrote the status, to the second; milliseconds since the epoch. Absent before the first time. */
  readonly statusWrittenAtMs: number | undefined;
}

const ANNOTATION_LIMIT = 256;

export function parseNamespace(object: WireNamespace): NamespaceRecord {
  const { metadata } = object;
  return {
    ...identity(metadata),
    labels: stringMap(metadata.labels),
    annotations: stringMap(metadata.annotations, (_key, value) => value.length <= ANNOTATION_LIMIT),
    terminating: metadata.deletionTimestamp !== undefined || object.status?.phase === 'Terminating',
    createdAtMs: Date.parse(metadata.creationTimestamp ?? '') || 0,
  };
}

/** `wasOurs`: this same object (by uid) was known as written by us before, whatever its managedFields say now. */
export function parsePolicy(object: WireNetworkPolicy, intern: PolicyInterner, wasOurs = false): PolicyRecord {
  const { metadata } = object;
  const { labels, annotations } = metadata;
  const writtenByUs = wasOurs || isManagedByUs(metadata);
  const interned = intern.spec(object.spec);
  const labelled = intern.labels(ownLabels(labels));
  const ours = writtenByUs || areOurLabels(labelled);
  return {
    ...identity(metadata),
    namespace: metadata.namespace ?? '',
    own: labelled,
    templateHash: keptText(own(annotations, TEMPLATE_HASH_ANNOTATION)),
    description: keptText(own(annotations, DESCRIPTION_ANNOTATION)),
    isolatedFor: keptText(own(annotations, ISOLATED_FOR_ANNOTATION)),
    writtenByUs,
    specHash: interned.hash,
    deleting: metadata.deletionTimestamp !== undefined,
    ownerReferences: metadata.ownerReferences?.length ?? 0,
    finalizers: metadata.finalizers?.slice(0, FINALIZER_LIMIT) ?? NO_FINALIZERS,
    ...(ours ? keptOf(metadata, interned) : foreignKept(interned, intern)),
  };
}
const NO_FINALIZERS: readonly string[] = [];

type Kept = Pick<PolicyRecord, 'policyTypes' | 'spec' | 'anySpec' | 'foreign'>;
const NOTHING_KEPT: Omit<Kept, 'anySpec'> = { policyTypes: [], spec: undefined, foreign: undefined };

function keptOf({ labels, annotations }: ObjectMeta, interned: InternedSpec): Kept {
  const spec = keptSpec(interned);
  return { policyTypes: keptTypes(interned.spec), spec, anySpec: spec, foreign: keptMetadata(foreignMetadata(labels, annotations)) };
}

const foreignKept = (interned: InternedSpec, { keepsForeign }: PolicyInterner): Kept => ({ ...NOTHING_KEPT, anySpec: keepsForeign ? keptSpec(interned) : undefined });

const keptSpec = ({ spec, characters }: InternedSpec): NetworkPolicySpec | undefined => (characters <= SPEC_LIMIT ? spec : undefined);

function isManagedByUs({ managedFields = [] }: ObjectMeta): boolean {
  return managedFields.some((entry) => entry.manager === FIELD_MANAGER);
}

/** Everything a PUT has to keep of a live policy. */
export function foreignMetadata(labels: ObjectMeta['labels'], annotations: ObjectMeta['annotations']): ForeignMetadata {
  const foreignLabels = stringMap(labels, (key) => !OWN_LABEL_KEYS.has(key));
  const foreignAnnotations = stringMap(annotations, (key) => !OWN_ANNOTATION_KEYS.has(key));
  if (foreignLabels.size === 0 && foreignAnnotations.size === 0) return NO_FOREIGN_METADATA;
  return { labels: foreignLabels, annotations: foreignAnnotations };
}
const OWN_LABEL_KEYS = new Set([MANAGED_BY_LABEL, PART_OF_LABEL, BASELINE_LABEL, TEMPLATE_LABEL]);
const OWN_ANNOTATION_KEYS = new Set([TEMPLATE_HASH_ANNOTATION, DESCRIPTION_ANNOTATION, ISOLATED_FOR_ANNOTATION]);

export function parseBaseline(object: WireBaseline): BaselineRecord {
  const { metadata } = object;
  const parsed = baselineSpec.safeParse(object.spec ?? {});
  const status = baselineStatus.safeParse(object.status ?? {});
  return {
    ...identity(metadata),
    generation: metadata.generation ?? 0,
    createdAtMs: Date.parse(metadata.creationTimestamp ?? '') || 0,
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? NO_FINALIZERS,
    confirm: own(metadata.annotations, CONFIRM_ANNOTATION),
    spec: parsed.data,
    problem: parsed.success ? undefined : problemIn('spec', parsed.error),
    specHash: shortHash(stableJson(parsed.data ?? object.spec ?? {})),
    status: status.data ?? {},
    statusWrittenAtMs: writtenAtMs(metadata, STATUS_FIELD_MANAGER),
  };
}

function writtenAtMs({ managedFields }: ObjectMeta, manager: string): number | undefined {
  const time = managedFields?.find((entry) => entry.manager === manager)?.time;
  return time === undefined ? undefined : Date.parse(time);
}

export function identity(metadata: ObjectMeta): ObjectRecord {
  return { name: metadata.name, uid: metadata.uid ?? '', resourceVersion: metadata.resourceVersion ?? '' };
}

function ownLabels(labels: ObjectMeta['labels']): OwnLabels {
  return {
    managedBy: own(labels, MANAGED_BY_LABEL),
    partOf: own(labels, PART_OF_LABEL),
    baseline: own(labels, BASELINE_LABEL),
    template: own(labels, TEMPLATE_LABEL),
  };
}

/** An own property only: `constructor` is a valid key, and every object inherits one. */
function own(from: Record<string, string> | undefined, key: string): string | undefined {
  return from !== undefined && Object.hasOwn(from, key) ? from[key] : undefined;
}

function stringMap(from: Record<string, string> | undefined, keep: (key: string, value: string) => boolean = () => true): StringMap {
  if (from === undefined) return NO_STRINGS;
  const kept = Object.entries(from).filter(([key, value]) => keep(key, value));
  return kept.length === 0 ? NO_STRINGS : new Map(kept);
}
