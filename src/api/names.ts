/**
 * Every name by which the product is known in a cluster: labels, annotations, field managers and
 * object names. Users select on these, so none is spelled a second time anywhere else.
 */

export const PRODUCT = 'namespace-policy-baseline';

export const API_GROUP = 'netbaseline.io';
export const API_VERSION = 'v1alpha1';
export const KIND = 'NamespacePolicyBaseline';
export const PLURAL = 'namespacepolicybaselines';

export const FIELD_MANAGER = PRODUCT;
export const STATUS_FIELD_MANAGER = `${PRODUCT}-status`;
export const REPORTING_CONTROLLER = `${API_GROUP}/${PRODUCT}`;
export const DEFAULT_OPERATOR_NAMESPACE = `${PRODUCT}-system`;
export const LEASE_NAME = PRODUCT;

export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const PART_OF_LABEL = 'app.kubernetes.io/part-of';
export const BASELINE_LABEL = `${API_GROUP}/baseline`;
export const TEMPLATE_LABEL = `${API_GROUP}/template`;

/** Whether labels make a policy ours; part-of is not asked for, so that a policy without it is put right and not foreign. */
export function areOurLabels(own: { readonly managedBy: string | undefined; readonly baseline: string | undefined; readonly template: string | undefined }): boolean {
  return own.managedBy === PRODUCT && own.baseline !== undefined && own.template !== undefined;
}

/** Hash of the canonical spec as it was rendered: tells what we wrote from what somebody made of it. */
export const TEMPLATE_HASH_ANNOTATION = `${API_GROUP}/template-hash`;
export const DESCRIPTION_ANNOTATION = `${API_GROUP}/description`;
/**
 * Only on a default-deny that covers more than its labelled baseline asks for: which baseline asks for
 * which direction (`Egress=team-b`), so that after a restart a removal is counted against the right one.
 */
export const ISOLATED_FOR_ANNOTATION = `${API_GROUP}/isolated-for`;
/** On a baseline, set by its owner: lets the removals through that `status.held` names. */
export const CONFIRM_ANNOTATION = `${API_GROUP}/confirm`;
/** On a baseline with `deletionPolicy: Delete`, and only then. */
export const CLEANUP_FINALIZER = `${API_GROUP}/cleanup`;

export const DEFAULT_DENY = 'default-deny';
export const ALLOW_DNS = 'allow-dns';

/** Exact names; the operator's own namespace is always added. `default` is not a system namespace. */
export const DEFAULT_SYSTEM_NAMESPACES: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease'];
