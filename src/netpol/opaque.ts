/**
 * What is known of the scope of policies that are not evaluated: which pods each may be about, and in which direction.
 *
 * Never narrower than the truth: what is not understood concerns everything. So a pod that no scope reaches is certain.
 */
import type { OpaqueKindName } from '../kube/kinds.ts';
import type { OpaquePolicy } from './model.ts';

/** As it stands on the wire or in a manifest; nothing of it is trusted. */
export interface OpaqueObject {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
  readonly spec?: unknown;
  /** CiliumNetworkPolicy and its clusterwide kind may have several. */
  readonly specs?: unknown;
}

/** Always one, with no scopes where it concerns no pod: so an update replaces what was known under the same key. */
export function opaquePolicyOf(kind: OpaqueKindName, { metadata }: OpaqueObject): OpaquePolicy {
  return { kind: 'Opaque', apiKind: kind, namespace: metadata.namespace, name: metadata.name };
}
