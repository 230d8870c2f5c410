/** Policies of other kinds than NetworkPolicy, as the operator keeps them: evaluated ones with their spec, opaque ones with their scope. */
import { CLUSTER_POLICY_KINDS, KINDS, OPAQUE_POLICY_KINDS, peopleCall, resourceOf, type OpaqueKindName } from '../../kube/kinds.ts';
import { identity, type ObjectRecord, type WireObject } from '../../kube/objects.ts';
import type { ClusterPolicy, ClusterPolicyKind, OpaquePolicy } from '../../netpol/model.ts';
import { opaquePolicyOf } from '../../netpol/opaque.ts';
import type { OptionalKind } from '../../watch/served-kinds.ts';

export type OtherKindName = ClusterPolicyKind | OpaqueKindName;

export interface OtherPolicyRecord extends ObjectRecord {
  /** As people call it: in logs, status and metrics. */
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly policy: ClusterPolicy | OpaquePolicy;
}

interface WirePolicy extends WireObject { readonly spec?: ClusterPolicy['spec']; readonly specs?: unknown }

/** Every kind that can have a say, beside NetworkPolicy. */
export const OTHER_KINDS: readonly OptionalKind<OtherKindName, OtherPolicyRecord>[] = [
  ...CLUSTER_POLICY_KINDS.map((kind) => optional(kind, ({ metadata, spec }) => ({ kind, name: metadata.name, spec: spec ?? {} }))),
  ...OPAQUE_POLICY_KINDS.map((kind) => optional(kind, (object) => ({ ...opaquePolicyOf(kind, object), apiKind: peopleCall(kind) }))),
];

function optional(kind: OtherKindName, policyOf: (object: WirePolicy) => OtherPolicyRecord['policy']): OptionalKind<OtherKindName, OtherPolicyRecord> {
  const { namespaced } = KINDS[kind];
  return {
    kind, namespaced, resource: { ...resourceOf(KINDS[kind]), optional: true },
    parse: (object) => ({ ...identity(object.metadata), kind: peopleCall(kind), namespace: namespaced ? object.metadata.namespace : undefined, policy: policyOf(object) }),
  };
}
